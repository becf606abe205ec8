"""`sla`: clock operations. A start says what is due when; a stop says that it was done.

The query joins them: stopped by its due moment is met, later is breached, not stopped is open. Where a clock was
also paused, moved, cancelled or put under another policy, `services.insight.judge` says what came of it. A pass
says who answers for it from then on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo
from functools import cache
from operator import itemgetter
from typing import Any

from services.insight.indicators import INDICATORS, Indicator, On
from services.insight.indicators.plan import START, Operation, by_type
from services.insight.instants import Instant, instant, moment, shifter
from services.insight.policies import POLICIES
from services.insight.projection import Fold, Projection, Row, Seen
from services.insight.setwise.clocks import clocks
from shared.centre import Centre
from shared.deadlines import Calendar, Calendars, Policies, Policy, Span, UnknownPolicyError

VERSION = 6

COLUMNS = (
    ("op", "text NOT NULL"),
    ("clock_id", "text NOT NULL"),
    ("at", "timestamptz NOT NULL"),
    ("case_id", "text NOT NULL"),
    ("indicator", "text"),
    ("variant", "text"),
    ("channel", "text"),
    ("office", "text"),
    ("topic", "text"),
    ("owner", "text"),
    ("due_at", "timestamptz"),
    ("norm_due_at", "timestamptz"),
    ("policy_version", "integer"),
    ("span", "text"),
    ("recorded_at", "timestamptz NOT NULL"),
)
_SECOND = 1_000_000
_DATE = len("2026-03-02")


def projection(
    centre: Centre,
    policies: Policies = POLICIES,
    indicators: Iterable[Indicator] = INDICATORS,
    calendars: Mapping[str, Calendars] | None = None,
) -> Projection:
    """The projection for a centre; `calendars` by indicator, where they are not the centre's."""
    own = calendars or {}
    zone = centre.calendars.zone
    plan = by_type(indicators)
    folds = {
        name: _fold(
            (
                *(
                    _start(_Timed(indicator, policies, own.get(indicator.name, centre.calendars)), zone, seq)
                    for seq, indicator in of_type.numbered_starts()
                ),
                *(_operated(operation, zone, seq) for seq, operation in of_type.numbered_operations()),
            )
        )
        for name, of_type in plan.items()
    }
    # Another calendar makes other due moments: as another version, it is built anew.
    version = VERSION if centre.fingerprint == 0 else VERSION * 10**8 + centre.fingerprint % 10**8
    setwise = None if own else clocks(plan, policies, centre.calendars)
    return Projection(name="sla", version=version, columns=COLUMNS, folds=folds, setwise=setwise, clocks=True)


@dataclass(frozen=True, slots=True)
class _Version:
    """A policy's version, ready for many instants."""

    number: int
    since: Instant
    limit: Callable[[Instant], int]
    norm: Callable[[Instant], int] | None


class _Timed:
    """An indicator with its policies, ready for many events."""

    __slots__ = ("_calendars", "_plain", "_policies", "_versions", "indicator")

    def __init__(self, indicator: Indicator, policies: Policies, calendars: Calendars) -> None:
        self.indicator = indicator
        self._policies = policies
        self._calendars = calendars
        self._versions = cache(self._compiled)
        plain = policies.versions(indicator.name)
        self._plain = None if any(policy.needs_calendar for policy in plain) else self._versions(None, None)
        """Its versions where neither variant nor office matters."""

    def in_force(self, at: Instant, variant: str | None, office: str | None) -> _Version:
        versions = self._plain
        if versions is None or variant is not None:
            # Most offices keep the centre's calendar: their versions are the same.
            versions = self._versions(variant, self._calendars.of(office))
        for version in versions:
            if version.since <= at:
                return version
        raise UnknownPolicyError(
            f"no policy {self.indicator.policy(variant)!r} was in force at {moment(at).isoformat()}; "
            "add one with an earlier in-force date"
        )

    def _compiled(self, variant: str | None, calendar: Calendar | None) -> tuple[_Version, ...]:
        """The latest first."""
        used = calendar or self._calendars.default
        return tuple(
            _Version(
                policy.version,
                instant(policy.in_force_from),
                _shift(policy, policy.limit, used),
                None if policy.norm is None else _shift(policy, policy.norm, used),
            )
            for policy in self._policies.versions(self.indicator.policy(variant))
        )


def _shift(policy: Policy, span: Span, calendar: Calendar) -> Callable[[Instant], int]:
    if not policy.needs_calendar:
        return shifter(span, calendar.zone)
    carried = policy.from_working_day
    return lambda at: instant(calendar.add(span, moment(at), from_working_day=carried)) - at


_Make = Callable[[Seen, dict[str, Any], list[Row]], None]
"""Adds the rows that an event, or one item of it, makes."""


def _fold(makers: tuple[_Make, ...]) -> Fold:
    def fold(event: Seen) -> Iterable[Row]:
        data = event.data
        rows: list[Row] = []
        for make in makers:
            make(event, data, rows)
        return rows

    return fold


def _each(on: On, make: _Make) -> _Make:
    """For every item, where the event holds several operations."""
    field = on.each
    if field is None:
        return make

    def every(event: Seen, data: dict[str, Any], rows: list[Row]) -> None:
        items: list[Any] = data.get(field) or []
        for index, item in enumerate(items, 1):
            make(event, {**data, **(item if isinstance(item, dict) else {"item": item}), "index": index}, rows)

    return every


def _time(on: On) -> Callable[[Seen, dict[str, Any]], Instant | None]:
    """When it happened; None: this event does not say, so it did not."""
    field, plus, minus = on.at, on.plus, on.minus

    def said(event: Seen, data: dict[str, Any]) -> Instant | None:
        if field is None:
            return event.occurred_at
        moment_said = data.get(field)
        return None if moment_said is None else instant(moment_said)

    def reckoned(event: Seen, data: dict[str, Any]) -> Instant | None:
        at = said(event, data)
        for name, sign in ((plus, 1), (minus, -1)):
            if at is not None and name is not None:
                seconds = data.get(name)
                at = None if seconds is None else at + sign * round(seconds * _SECOND)
        return at

    return said if plus is None and minus is None else reckoned


def _key(on: On) -> Callable[[dict[str, Any]], Any]:
    names = on.key
    if isinstance(names, str):
        return itemgetter(names)
    return lambda data: "/".join(str(data[name]) for name in names)


def _due(said: str | None, zone: tzinfo) -> Instant | None:
    """A moment, or a day, which ends at midnight."""
    if said is None:
        return None
    if len(said) == _DATE:
        return instant(datetime.combine(date.fromisoformat(said), time.max, zone))
    return instant(said)


def _operated(operation: Operation, zone: tzinfo, seq: int) -> _Make:
    on, op, clock = operation.on, operation.op, operation.clock
    variant, owner = operation.variant, operation.owner
    holds = None if on.when is None else on.when.holds
    case, due, by = on.case, on.due, on.by
    time_of, key_of, each = _time(on), _key(on), on.each is not None

    def make(event: Seen, data: dict[str, Any], rows: list[Row]) -> None:
        if holds is not None and not holds(data):
            return
        at = time_of(event, data)
        if at is None or (variant is not None and data.get(variant) is None):
            return
        key = key_of(data)
        rows.append(
            (
                event.position,
                seq + data.get("index", 0) if each else seq,
                op,
                f"{clock}:{key}",
                at,
                data.get(case) or key,
                None,
                None if variant is None else data[variant],
                None,
                None,
                None,
                None if owner is None else data.get(owner),
                None if due is None else _due(data.get(due), zone),
                None,
                None,
                None if by is None else by(data).code,
                event.recorded_at,
            )
        )

    return _each(on, make)


def _start(timed: _Timed, zone: tzinfo, seq: int) -> _Make:
    indicator, in_force = timed.indicator, timed.in_force
    on, name, clock, variant_field = indicator.start, indicator.name, indicator.clock, indicator.variant
    holds = None if on.when is None else on.when.holds
    case, channel, place, topic = on.case, on.channel, on.office, on.topic
    owner, due_field = on.owner, on.due
    excepted, other = (
        (None, None) if indicator.exception is None else (indicator.exception[0].holds, indicator.exception[1])
    )
    time_of, key_of, each = _time(on), _key(on), on.each is not None

    def make(event: Seen, data: dict[str, Any], rows: list[Row]) -> None:
        if holds is not None and not holds(data):
            return
        at = time_of(event, data)
        if at is None:
            return
        key, office = key_of(data), data.get(place)
        if excepted is not None and excepted(data):
            variant = other
        else:
            variant = None if variant_field is None else data.get(variant_field)
        policy = in_force(at, variant, office)
        norm = None
        due = None if due_field is None else _due(data.get(due_field), zone)
        if due is None:
            due = at + policy.limit(at)
            norm = None if policy.norm is None else at + policy.norm(at)
        rows.append(
            (
                event.position,
                seq + data.get("index", 0) if each else seq,
                START,
                f"{clock}:{key}",
                at,
                data.get(case) or key,
                name,
                variant,
                data.get(channel),
                office,
                data.get(topic),
                None if owner is None else data.get(owner),
                due,
                norm,
                policy.number,
                None,
                event.recorded_at,
            )
        )

    return _each(on, make)
