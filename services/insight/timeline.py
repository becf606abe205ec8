"""One case over all services: what happened when, and which deadlines were met or missed (`tereze case`)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.insight.case_log import Clock, Told, UnknownCaseError, clocks_of, events_of, not_yet
from services.insight.indicators import policy_name
from services.insight.indicators.plan import CANCEL, LAPSE, STOP
from services.insight.instants import Connection
from services.insight.judge import Pause, judge
from services.insight.persons import Person, persons
from services.insight.policies import POLICIES
from services.insight.projection import Projection
from services.insight.queries.asof import AsOf
from shared.centre import centre
from shared.contracts import EVENTS, personal_fields
from shared.eventstore.vault import FORGOTTEN
from shared.roles import source_and_role

__all__ = ["SEALED", "Deadline", "Entry", "Timeline", "UnknownCaseError", "deadlines", "timeline"]

SEALED = "[sealed]"


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


async def timeline(
    connection: Connection, case_id: str, *, sla: Projection, now: datetime, as_of: AsOf | datetime | None = None
) -> Timeline:
    """A case's events in the order of their time, and its deadlines. Read from the log, so it is never behind.

    The actions that it gave rise to are followed under ids of their own, and shown with it. With `as_of`, as it stood
    then (`AsOf`); whose it is, and who was forgotten, is said as it is today.

    Raises:
        UnknownCaseError: no such case, or none by then.
    """
    asked = AsOf.of(as_of, now)
    events = await events_of(connection, case_id)
    whose = await persons(connection, [told.data["consumer_id"] for told in events if told.data.get("consumer_id")])
    forgotten = {one.consumer_id for one in whose if one.forgotten_at is not None}
    shown = [told for told in events if asked.counts(told.occurred_at, told.recorded_at, told.position)]
    if not shown:
        raise UnknownCaseError(not_yet(case_id, events))
    entries = [_entry(told, FORGOTTEN if told.data.get("consumer_id") in forgotten else SEALED) for told in shown]
    return Timeline(case_id, entries, deadlines(clocks_of(sla, events, asked), asked.at), whose)


def deadlines(clocks: Iterable[Clock], now: datetime) -> list[Deadline]:
    """How clocks stand at `now`, in the order of their beginning."""
    return sorted((_deadline(clock, now) for clock in clocks), key=lambda one: (one.started_at, one.event))


def _entry(told: Told, hidden: str) -> Entry:
    source, role = source_and_role(told.actor)
    data = _without_persons(told.type, told.data, hidden)
    return Entry(told.position, told.occurred_at, told.recorded_at, told.context, told.type, source, data, role)


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


def _deadline(clock: Clock, now: datetime) -> Deadline:
    start, others = clock.start, clock.operations
    judged = judge(start, others, now=now, policies=POLICIES, calendars=centre().calendars)
    ended_at = judged.done_at or judged.cancelled_at
    ends = [one.event for one in others if one.op in {STOP, LAPSE, CANCEL} and one.at == ended_at]
    return Deadline(
        indicator=start.indicator,
        owner=judged.owner,
        started_at=start.at,
        due_at=judged.due_at,
        done_at=judged.done_at,
        verdict=judged.verdict,
        by_s=(judged.due_at - (ended_at or now)).total_seconds(),
        policy_version=judged.policy_version,
        event=min(ends, default=clock.event),
        norm=judged.norm,
        policy=policy_name(start.indicator, judged.variant),
        pauses=judged.pauses,
        paused_s=judged.paused.total_seconds(),
        first_due_at=None if judged.due_at == start.due_at else start.due_at,
        cancelled_at=judged.cancelled_at,
    )
