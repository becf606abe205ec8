"""One case over all services: what happened when, and which deadlines were met or missed (`tereze case`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from services.insight.instants import Connection, instant, moment
from services.insight.projection import Projection, Row, Seen
from services.insight.views.sla import START
from shared.contracts import EVENTS, personal_fields
from shared.roles import source_and_role

SEALED = "[sealed]"


class UnknownCaseError(LookupError):
    """There is no event of this case."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One event; what is personal is shown as sealed."""

    position: int
    at: datetime
    recorded_at: datetime
    service: str
    type: str
    actor: str
    """The source that submitted it, or the service that reacted."""
    data: dict[str, Any]
    role: str | None = None
    """In which role it was submitted; None: a reaction, or of before roles were stated."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """One clock of the case."""

    indicator: str
    owner: str | None
    started_at: datetime
    due_at: datetime
    done_at: datetime | None
    verdict: str
    """met, breached (done too late), open, or overdue (open and past due)."""
    by_s: float
    """Seconds between the due moment and when it was done (or now): to spare if positive, too late if negative."""
    policy_version: int
    event: int
    """The position of the event that ended it, or, while it is open, of the one that began it."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """A case, whole."""

    case_id: str
    entries: list[Entry]
    deadlines: list[Deadline]


async def timeline(connection: Connection, case_id: str, *, sla: Projection, now: datetime) -> Timeline:
    """A case's events in the order of their time, and its deadlines. Read from the log, so it is never behind.

    Raises:
        UnknownCaseError: no such case.
    """
    records = await connection.fetch(
        """SELECT position, context, type, data::text AS data, occurred_at, recorded_at, actor
           FROM store.event WHERE correlation_id = $1 ORDER BY occurred_at, position""",
        case_id,
    )
    if not records:
        raise UnknownCaseError(f"no case {case_id!r}; case ids are in the answers to submissions and in `tereze trace`")
    entries: list[Entry] = []
    rows: list[Row] = []
    for record in records:
        data: dict[str, Any] = orjson.loads(record["data"])
        type_name, at, recorded_at = record["type"], record["occurred_at"], record["recorded_at"]
        if type_name in sla.folds:
            rows.extend(sla.rows(Seen(record["position"], type_name, instant(at), instant(recorded_at), data)))
        source, role = source_and_role(record["actor"])
        entries.append(
            Entry(
                record["position"],
                at,
                recorded_at,
                record["context"],
                type_name,
                source,
                _without_persons(type_name, data),
                role,
            )
        )
    return Timeline(case_id, entries, _deadlines(sla, rows, now))


def _without_persons(type_name: str, data: dict[str, Any]) -> dict[str, Any]:
    """What an event says, in its contract's order; all is personal where the contract is not known."""
    model = EVENTS.get(type_name)
    personal = tuple(data) if model is None else personal_fields(model)
    order = list(data) if model is None else [name for name in model.model_fields if name in data]
    return {
        name: SEALED if name in personal else data[name]
        for name in order
        if data[name] is not None and name != "case_id"
    }


def _deadlines(sla: Projection, rows: Sequence[Row], now: datetime) -> list[Deadline]:
    operations = [dict(zip(sla.column_names, row, strict=True)) for row in rows]
    stops: dict[str, dict[str, Any]] = {}
    for operation in operations:
        if operation["op"] != START:
            first = stops.setdefault(operation["clock_id"], operation)
            if operation["at"] < first["at"]:
                stops[operation["clock_id"]] = operation
    found = [
        _deadline(operation, stops.get(operation["clock_id"]), now)
        for operation in operations
        if operation["op"] == START
    ]
    return sorted(found, key=lambda deadline: (deadline.started_at, deadline.event))


def _deadline(start: dict[str, Any], stop: dict[str, Any] | None, now: datetime) -> Deadline:
    due_at, done_at = moment(start["due_at"]), None if stop is None else moment(stop["at"])
    by_s = (due_at - (done_at or now)).total_seconds()
    words = ("open", "overdue") if stop is None else ("met", "breached")
    return Deadline(
        indicator=start["indicator"],
        owner=start["owner"],
        started_at=moment(start["at"]),
        due_at=due_at,
        done_at=done_at,
        verdict=words[by_s < 0],
        by_s=by_s,
        policy_version=start["policy_version"],
        event=start["position"] if stop is None else stop["position"],
    )
