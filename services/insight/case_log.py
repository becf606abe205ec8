"""A case's clocks, put together from the rows that its events make."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from services.insight.indicators.plan import START
from services.insight.instants import Connection, Instant, instant, moment
from services.insight.judge import Operation, Start
from services.insight.projection import Projection, Seen
from services.insight.queries.asof import AsOf


class UnknownCaseError(LookupError):
    """There is no event of this case, or none by the moment that was asked for."""


@dataclass(frozen=True, slots=True)
class Told:
    """One event of a case, as it stands in the log."""

    position: int
    context: str
    type: str
    data: dict[str, Any]
    """Personal fields are sealed."""
    occurred_at: datetime
    recorded_at: datetime
    actor: str


@dataclass(frozen=True, slots=True)
class Clock:
    """One start with all that touched it."""

    start: Start
    operations: tuple[Operation, ...]
    clock_id: str
    event: int
    """The position of the event that began it."""


async def events_of(connection: Connection, case_id: str) -> list[Told]:
    """A case's events in the order of their time, with those of the actions it gave rise to, or ordered about it.

    Raises:
        UnknownCaseError: no such case.
    """
    records = await connection.fetch(
        """SELECT position, context, type, data::text AS data, occurred_at, recorded_at, actor
           FROM store.event
           WHERE correlation_id = ANY(array_prepend($1, ARRAY(
               SELECT data ->> 'action_id' FROM store.event WHERE correlation_id = $1 AND type = 'ActionDue'
               UNION ALL
               SELECT correlation_id FROM store.event
               WHERE context = 'feedback' AND type = 'ActionOrdered' AND data ->> 'case_id' = $1
           )))
           ORDER BY occurred_at, position""",
        case_id,
    )
    if not records:
        raise UnknownCaseError(f"no case {case_id!r}; case ids are in the answers to submissions and in `tereze trace`")
    return [Told(**{**record, "data": orjson.loads(record["data"])}) for record in records]


def clocks_of(sla: Projection, events: Iterable[Told], as_of: AsOf) -> list[Clock]:
    """The clocks that these events make, by what counts."""
    starts: list[dict[str, Any]] = []
    others: defaultdict[str, list[Operation]] = defaultdict(list)
    for event in events:
        if event.type not in sla.folds:
            continue
        times = instant(event.occurred_at), instant(event.recorded_at)
        for row in sla.rows(Seen(event.position, event.type, *times, event.data)):
            values = dict(zip(sla.column_names, row, strict=True))
            if not as_of.counts(moment(values["at"]), event.recorded_at, event.position):
                continue
            if values["op"] == START:
                starts.append(values)
            else:
                others[values["clock_id"]].append(_operation(values))
    return [
        Clock(_start(values), tuple(others[values["clock_id"]]), values["clock_id"], values["position"])
        for values in starts
    ]


def not_yet(case_id: str, events: Sequence[Told]) -> str:
    """What to tell who asks for a case before it was there."""
    happened, recorded = min(one.occurred_at for one in events), min(one.recorded_at for one in events)
    return (
        f"nothing of case {case_id!r} counts by then: it began on {happened:%Y-%m-%d %H:%M} UTC, which was first "
        f"recorded on {recorded:%Y-%m-%d %H:%M} UTC, at position {min(one.position for one in events)}"
    )


def _start(values: dict[str, Any]) -> Start:
    return Start(
        values["indicator"],
        values["variant"],
        values["office"],
        moment(values["at"]),
        moment(values["due_at"]),
        _moment(values["norm_due_at"]),
        values["owner"],
        values["position"],
    )


def _operation(values: dict[str, Any]) -> Operation:
    due_at, at = _moment(values["due_at"]), moment(values["at"])
    return Operation(
        values["op"], at, due_at, values["span"], values["variant"], values["owner"], event=values["position"]
    )


def _moment(at: Instant | None) -> datetime | None:
    return None if at is None else moment(at)
