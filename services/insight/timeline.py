"""One case over all services: what happened when, and which deadlines were met or missed (`tereze case`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from services.insight.indicators import policy_name
from services.insight.instants import Connection, Instant, instant, moment
from services.insight.judge import Operation, Pause, Start, judge
from services.insight.persons import Person, persons
from services.insight.policies import POLICIES
from services.insight.projection import Projection, Row, Seen
from services.insight.views.sla import CANCEL, LAPSE, START, STOP
from shared.centre import centre
from shared.contracts import EVENTS, personal_fields
from shared.eventstore.vault import FORGOTTEN
from shared.roles import source_and_role

SEALED = "[sealed]"


class UnknownCaseError(LookupError):
    """There is no event of this case."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One event; what is personal is shown as sealed, or as forgotten with its person."""

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
    """A `judge.Verdict`."""
    by_s: float
    """Seconds between the due moment and when it was done (or now): to spare if positive, too late if negative."""
    policy_version: int
    event: int
    """The position of the event that ended it, or, while it is open, of the one that began it."""
    norm: str | None = None
    """A `judge.Norm`, where the limit is a range."""
    policy: str = ""
    pauses: tuple[Pause, ...] = ()
    """When the centre waited for the consumer; each moved the due moment."""
    first_due_at: datetime | None = None
    """When it was due before it was moved; None: it was not."""
    paused_s: float = 0.0
    """How long it waited, all pauses together."""
    cancelled_at: datetime | None = None

    @property
    def runs(self) -> bool:
        """Whether it is still owed."""
        return self.done_at is None and self.cancelled_at is None


@dataclass(frozen=True, slots=True)
class Timeline:
    """A case, whole."""

    case_id: str
    entries: list[Entry]
    deadlines: list[Deadline]
    persons: list[Person] = field(default_factory=list[Person])
    """Whose it is."""


async def timeline(connection: Connection, case_id: str, *, sla: Projection, now: datetime) -> Timeline:
    """A case's events in the order of their time, and its deadlines. Read from the log, so it is never behind.

    The actions that it gave rise to are followed under ids of their own, and shown with it.

    Raises:
        UnknownCaseError: no such case.
    """
    records = await connection.fetch(
        """SELECT position, context, type, data::text AS data, occurred_at, recorded_at, actor
           FROM store.event
           WHERE correlation_id = ANY(array_prepend($1, ARRAY(
               SELECT data ->> 'action_id' FROM store.event WHERE correlation_id = $1 AND type = 'ActionDue'
           )))
           ORDER BY occurred_at, position""",
        case_id,
    )
    if not records:
        raise UnknownCaseError(f"no case {case_id!r}; case ids are in the answers to submissions and in `tereze trace`")
    entries: list[Entry] = []
    rows: list[Row] = []
    said: list[dict[str, Any]] = [orjson.loads(record["data"]) for record in records]
    whose = await persons(connection, [data["consumer_id"] for data in said if data.get("consumer_id")])
    forgotten = {one.consumer_id for one in whose if one.forgotten_at is not None}
    for record, data in zip(records, said, strict=True):
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
                _without_persons(type_name, data, FORGOTTEN if data.get("consumer_id") in forgotten else SEALED),
                role,
            )
        )
    return Timeline(case_id, entries, _deadlines(sla, rows, now), whose)


def _without_persons(type_name: str, data: dict[str, Any], hidden: str) -> dict[str, Any]:
    """What an event says, in its contract's order; all is personal where the contract is not known."""
    model = EVENTS.get(type_name)
    personal = tuple(data) if model is None else personal_fields(model)
    order = list(data) if model is None else [name for name in model.model_fields if name in data]
    return {
        name: hidden if name in personal else data[name]
        for name in order
        if data[name] is not None and name != "case_id"
    }


def _deadlines(sla: Projection, rows: Sequence[Row], now: datetime) -> list[Deadline]:
    starts: list[dict[str, Any]] = []
    others: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        values = dict(zip(sla.column_names, row, strict=True))
        if values["op"] == START:
            starts.append(values)
        else:
            others[values["clock_id"]].append(values)
    found = [_deadline(start, others[start["clock_id"]], now) for start in starts]
    return sorted(found, key=lambda deadline: (deadline.started_at, deadline.event))


def _deadline(row: dict[str, Any], others: Sequence[dict[str, Any]], now: datetime) -> Deadline:
    at, due_at = moment(row["at"]), moment(row["due_at"])
    norm_due_at = _moment(row["norm_due_at"])
    start = Start(row["indicator"], row["variant"], row["office"], at, due_at, norm_due_at, row["owner"])
    operations = [
        Operation(one["op"], moment(one["at"]), _moment(one["due_at"]), one["span"], one["variant"], one["owner"])
        for one in others
    ]
    judged = judge(start, operations, now=now, policies=POLICIES, calendars=centre().calendars)
    ended_at = judged.done_at or judged.cancelled_at
    ends = [one["position"] for one in others if one["op"] in {STOP, LAPSE, CANCEL} and moment(one["at"]) == ended_at]
    return Deadline(
        indicator=row["indicator"],
        owner=judged.owner,
        started_at=at,
        due_at=judged.due_at,
        done_at=judged.done_at,
        verdict=judged.verdict,
        by_s=(judged.due_at - (ended_at or now)).total_seconds(),
        policy_version=judged.policy_version,
        event=min(ends, default=row["position"]),
        norm=judged.norm,
        policy=policy_name(row["indicator"], judged.variant),
        pauses=judged.pauses,
        paused_s=judged.paused.total_seconds(),
        first_due_at=None if judged.due_at == due_at else due_at,
        cancelled_at=judged.cancelled_at,
    )


def _moment(at: Instant | None) -> datetime | None:
    return None if at is None else moment(at)
