"""`sla`: clock operations. A start says what is due when; a stop says that it was done.

The query joins them: stopped by its due moment is met, later is breached, not stopped is open.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.insight.indicators import INDICATORS, Indicator, On
from services.insight.policies import POLICIES
from services.insight.projection import Fold, Projection, Row, Seen
from shared.deadlines import Policies, due_at, norm_due_at

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
    starts: defaultdict[str, list[Indicator]] = defaultdict(list)
    stops: defaultdict[str, dict[tuple[str, On], None]] = defaultdict(dict)
    for indicator in INDICATORS:
        starts[indicator.start.event.type_name()].append(indicator)
        for stop in indicator.stops:
            # Indicators that share a clock name the same stops: one row stops the clock for all of them.
            stops[stop.event.type_name()][indicator.clock, stop] = None
    folds = {
        name: _fold(tuple(starts[name]), tuple(stops[name]), zone, policies)
        for name in sorted(starts.keys() | stops.keys())
    }
    return Projection(name="sla", version=1, columns=COLUMNS, folds=folds)


def _fold(starts: tuple[Indicator, ...], stops: tuple[tuple[str, On], ...], zone: ZoneInfo, policies: Policies) -> Fold:
    def fold(event: Seen) -> Iterable[Row]:
        data = event.data
        rows: list[Row] = []
        for indicator in starts:
            if indicator.start.when is None or indicator.start.when(data):
                rows.append(_start(indicator, event, len(rows), zone, policies))
        for clock, on in stops:
            if on.when is None or on.when(data):
                rows.append(
                    (
                        event.position,
                        len(rows),
                        STOP,
                        f"{clock}:{data[on.key]}",
                        _at(on, event),
                        data["case_id"],
                        *_NOTHING,
                        event.recorded_at,
                    )
                )
        return rows

    return fold


_NOTHING = (None,) * 8


def _start(indicator: Indicator, event: Seen, seq: int, zone: ZoneInfo, policies: Policies) -> Row:
    on, data = indicator.start, event.data
    at = _at(on, event)
    policy = policies.in_force(indicator.name, at)
    if on.due is None:
        due, norm = due_at(policy, at, zone), norm_due_at(policy, at, zone)
    else:
        due, norm = _moment(data[on.due]), None
    return (
        event.position,
        seq,
        START,
        f"{indicator.clock}:{data[on.key]}",
        at,
        data["case_id"],
        indicator.name,
        data.get("channel"),
        data.get("office"),
        data.get("topic"),
        None if on.owner is None else data[on.owner],
        due,
        norm,
        policy.version,
        event.recorded_at,
    )


def _at(on: On, event: Seen) -> datetime:
    return event.occurred_at if on.at is None else _moment(event.data[on.at])


def _moment(value: Any) -> datetime:
    return datetime.fromisoformat(value).astimezone(UTC)
