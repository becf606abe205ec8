"""`sla`: clock operations. A start says what is due when; a stop says that it was done.

The query joins them: stopped by its due moment is met, later is breached, not stopped is open. Where a clock was
also paused, moved, cancelled or put under another policy, `services.insight.judge` says what came of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo
from functools import cache
from typing import Any

from services.insight.indicators import INDICATORS, Indicator, On
from services.insight.instants import Instant, instant, moment, shifter
from services.insight.policies import POLICIES
from services.insight.projection import Fold, Projection, Row, Seen
from shared.centre import Centre
from shared.deadlines import Calendar, Calendars, Policies, Policy, Span, UnknownPolicyError

VERSION = 2
START, STOP, PAUSE, RESUME, MOVE, CANCEL, VARY = "start", "stop", "pause", "resume", "move", "cancel", "vary"

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
    centre: Centre, policies: Policies = POLICIES, indicators: Iterable[Indicator] = INDICATORS
) -> Projection:
    """The projection for a centre."""
    starts: defaultdict[str, list[_Timed]] = defaultdict(list)
    # Indicators that share a clock name the same operations: one row is for all of them.
    others: defaultdict[str, dict[_Operation, None]] = defaultdict(dict)
    for indicator in indicators:
        starts[indicator.start.event.type_name()].append(_Timed(indicator, policies, centre.calendars))
        for operation in _operations(indicator):
            others[operation.on.event.type_name()][operation] = None
    zone = centre.calendars.zone
    folds = {
        name: _fold(tuple(starts[name]), tuple(others[name]), zone) for name in sorted(starts.keys() | others.keys())
    }
    # Another calendar makes other due moments: as another version, it is built anew.
    version = VERSION if centre.fingerprint == 0 else VERSION * 10**8 + centre.fingerprint % 10**8
    return Projection(name="sla", version=version, columns=COLUMNS, folds=folds)


@dataclass(frozen=True, slots=True)
class _Operation:
    """What an event does to a clock that runs."""

    op: str
    clock: str
    on: On
    variant: str | None = None
    """Of a VARY: the field that says under which variant it is judged now."""


def _operations(indicator: Indicator) -> Iterator[_Operation]:
    clock = indicator.clock
    yield from (_Operation(STOP, clock, on) for on in indicator.stops)
    yield from (_Operation(PAUSE, clock, on) for on in indicator.pauses)
    yield from (_Operation(RESUME, clock, on) for on in indicator.resumes)
    yield from (_Operation(MOVE, clock, on) for on in indicator.moves)
    yield from (_Operation(CANCEL, clock, on) for on in indicator.cancels)
    yield from (_Operation(VARY, clock, on, indicator.variant) for on in indicator.varies)


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


def _fold(starts: tuple[_Timed, ...], operations: tuple[_Operation, ...], zone: tzinfo) -> Fold:
    def fold(event: Seen) -> Iterable[Row]:
        data = event.data
        rows: list[Row] = []
        for timed in starts:
            on = timed.indicator.start
            for view in (data,) if on.each is None else _items(data, on.each):
                if (on.when is None or on.when(view)) and (at := _at(on, event, view)) is not None:
                    rows.append(_start(timed, event, view, at, zone, len(rows)))
        for operation in operations:
            on = operation.on
            for view in (data,) if on.each is None else _items(data, on.each):
                if (
                    (on.when is None or on.when(view))
                    and (at := _at(on, event, view)) is not None
                    and (operation.variant is None or view.get(operation.variant) is not None)
                ):
                    rows.append(_operated(operation, event, view, at, zone, len(rows)))
        return rows

    return fold


def _items(data: dict[str, Any], field: str) -> Iterator[dict[str, Any]]:
    items: list[Any] = data.get(field) or []
    for index, item in enumerate(items, 1):
        yield {**data, **(item if isinstance(item, dict) else {"item": item}), "index": index}


def _at(on: On, event: Seen, data: dict[str, Any]) -> Instant | None:
    """When it happened; None: this event does not say, so it did not."""
    if on.at is None:
        at = event.occurred_at
    elif (said := data.get(on.at)) is None:
        return None
    else:
        at = instant(said)
    if on.plus is not None:
        if (seconds := data.get(on.plus)) is None:
            return None
        at += round(seconds * _SECOND)
    if on.minus is not None:
        if (seconds := data.get(on.minus)) is None:
            return None
        at -= round(seconds * _SECOND)
    return at


def _key(on: On, data: dict[str, Any]) -> Any:
    return data[on.key] if isinstance(on.key, str) else "/".join(str(data[name]) for name in on.key)


def _due(said: str | None, zone: tzinfo) -> Instant | None:
    """A moment, or a day, which ends at midnight."""
    if said is None:
        return None
    if len(said) == _DATE:
        return instant(datetime.combine(date.fromisoformat(said), time.max, zone))
    return instant(said)


def _operated(operation: _Operation, event: Seen, data: dict[str, Any], at: Instant, zone: tzinfo, seq: int) -> Row:
    on = operation.on
    key = _key(on, data)
    due = None if on.due is None else _due(data.get(on.due), zone)
    return (
        event.position,
        seq,
        operation.op,
        f"{operation.clock}:{key}",
        at,
        data.get(on.case) or key,
        None,
        None if operation.variant is None else data.get(operation.variant),
        None,
        None,
        None,
        None,
        due,
        None,
        None,
        None if on.by is None else on.by(data).code,
        event.recorded_at,
    )


def _start(timed: _Timed, event: Seen, data: dict[str, Any], at: Instant, zone: tzinfo, seq: int) -> Row:
    indicator = timed.indicator
    on = indicator.start
    key = _key(on, data)
    office = data.get(on.office)
    variant = None if indicator.variant is None else data.get(indicator.variant)
    policy = timed.in_force(at, variant, office)
    norm = None
    due = None if on.due is None else _due(data.get(on.due), zone)
    if due is None:
        due = at + policy.limit(at)
        norm = None if policy.norm is None else at + policy.norm(at)
    return (
        event.position,
        seq,
        START,
        f"{indicator.clock}:{key}",
        at,
        data.get(on.case) or key,
        indicator.name,
        variant,
        data.get(on.channel),
        office,
        data.get(on.topic),
        None if on.owner is None else data.get(on.owner),
        due,
        norm,
        policy.number,
        None,
        event.recorded_at,
    )
