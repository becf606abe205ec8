"""`sla`: clock operations. A start says what is due when; a stop says that it was done.

The query joins them: stopped by its due moment is met, later is breached, not stopped is open.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from services.insight.indicators import INDICATORS, Indicator, On
from services.insight.instants import Instant, instant, moment, shifter
from services.insight.policies import POLICIES
from services.insight.projection import Fold, Projection, Row, Seen
from shared.deadlines import Policies, UnknownPolicyError

START, STOP = "start", "stop"

COLUMNS = (
    ("op", "text NOT NULL"),
    ("clock_id", "text NOT NULL"),
    ("at", "timestamptz NOT NULL"),
    ("case_id", "text NOT NULL"),
    ("indicator", "text"),
    ("channel", "text"),
    ("office", "text"),
    ("topic", "text"),
    ("owner", "text"),
    ("due_at", "timestamptz"),
    ("norm_due_at", "timestamptz"),
    ("policy_version", "integer"),
    ("recorded_at", "timestamptz NOT NULL"),
)


def projection(zone: ZoneInfo, policies: Policies = POLICIES) -> Projection:
    """The projection for a centre in `zone`."""
    starts: defaultdict[str, list[_Timed]] = defaultdict(list)
    stops: defaultdict[str, dict[tuple[str, On], None]] = defaultdict(dict)
    for indicator in INDICATORS:
        starts[indicator.start.event.type_name()].append(_timed(indicator, policies, zone))
        for stop in indicator.stops:
            # Indicators that share a clock name the same stops: one row stops the clock for all of them.
            stops[stop.event.type_name()][indicator.clock, stop] = None
    folds = {name: _fold(tuple(starts[name]), tuple(stops[name])) for name in sorted(starts.keys() | stops.keys())}
    return Projection(name="sla", version=1, columns=COLUMNS, folds=folds)


@dataclass(frozen=True, slots=True)
class _Version:
    """A policy's version, ready for many instants."""

    number: int
    since: Instant
    limit: Callable[[Instant], int]
    norm: Callable[[Instant], int] | None


@dataclass(frozen=True, slots=True)
class _Timed:
    indicator: Indicator
    versions: tuple[_Version, ...]
    """The latest first."""

    def in_force(self, at: Instant) -> _Version:
        for version in self.versions:
            if version.since <= at:
                return version
        raise UnknownPolicyError(
            f"no policy {self.indicator.name!r} was in force at {moment(at).isoformat()}; "
            "add one with an earlier in-force date"
        )


def _timed(indicator: Indicator, policies: Policies, zone: ZoneInfo) -> _Timed:
    return _Timed(
        indicator,
        tuple(
            _Version(
                policy.version,
                instant(policy.in_force_from),
                shifter(policy.limit, zone),
                None if policy.norm is None else shifter(policy.norm, zone),
            )
            for policy in policies.versions(indicator.name)
        ),
    )


def _fold(starts: tuple[_Timed, ...], stops: tuple[tuple[str, On], ...]) -> Fold:
    def fold(event: Seen) -> Iterable[Row]:
        data = event.data
        rows: list[Row] = []
        for timed in starts:
            when = timed.indicator.start.when
            if when is None or when(data):
                rows.append(_start(timed, event, len(rows)))
        for clock, on in stops:
            if on.when is None or on.when(data):
                at = event.occurred_at if on.at is None else instant(data[on.at])
                clock_id = f"{clock}:{data[on.key]}"
                rows.append(
                    (event.position, len(rows), STOP, clock_id, at, data["case_id"], *_NOTHING, event.recorded_at)
                )
        return rows

    return fold


_NOTHING = (None,) * 8


def _start(timed: _Timed, event: Seen, seq: int) -> Row:
    indicator, data = timed.indicator, event.data
    on = indicator.start
    at = event.occurred_at if on.at is None else instant(data[on.at])
    policy = timed.in_force(at)
    if on.due is None:
        due = at + policy.limit(at)
        norm = None if policy.norm is None else at + policy.norm(at)
    else:
        due, norm = instant(data[on.due]), None
    return (
        event.position,
        seq,
        START,
        f"{indicator.clock}:{data[on.key]}",
        at,
        data["case_id"],
        indicator.name,
        data["channel"],
        data["office"],
        data["topic"],
        None if on.owner is None else data[on.owner],
        due,
        norm,
        policy.number,
        event.recorded_at,
    )
