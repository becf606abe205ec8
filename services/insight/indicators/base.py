"""What a clock is, as a row of a table: which events start, stop, pause, move, pass on and cancel it.

A service adds an indicator to its own file of this package, and its limit under the same name to its file of
`services.insight.policies`. Nothing else is needed: `tereze sla` and `tereze case` show it.

    # indicators/intake.py
    Indicator(
        name="mail_answer",                                   # its policy's name
        stage="Table 5",
        clock="mail_answer",                                  # clock id: mail_answer:<case_id>
        start=On(event=WrittenRequestReceived),
        stops=(On(event=WrittenRequestAnswered), On(event=WrittenRequestDeclined)),
        pauses=(On(event=ClarificationAsked),),               # the centre waits for the consumer
        resumes=(On(event=ClarificationGiven),),
        moves=(On(event=ConsiderationExtended, due="due_at"),),  # or by=lambda data: days(data["days"])
        passes=(On(event=CaseHandedOver, owner="responsible"),),  # somebody else answers for it from here on
        lapses=(On(event=TaskEnded),),                        # ended undone: breached, if it was due by then
        cancels=(On(event=CaseMerged),),                      # ended without being judged
        variant="regime",                                     # policy mail_answer.<regime>; no field: mail_answer
    )
    # policies/intake.py
    first("mail_answer", days(10)),
    first("mail_answer.administrative", working_days(15), from_working_day=True),

What an event has to say, it says by fields of its own: no clock remembers anything (ADR 0005). A clock's id is its
name and a field (`key`), so a thing that happens again needs a key of its own: `("case_id", "number")`.

- An event that carries its own limit: `start=On(event=CallBackPromised, key="call_id", due="promised_at")`.
- An event that carries instants: `start=On(event=CallEnded, at="rang_at")`, stopped by
  `On(event=CallEnded, at="answered_at")`.
- An event that carries durations, in seconds: `start=On(event=CallEnded, at="answered_at", minus="waited_s")`.
- An event that starts several: `On(event=ImprovementRecorded, each="actions", key=("case_id", "index"), due="due_at")`.
- Old events lack what was added later: where the field of `at`, `minus`, `plus` or `each` is absent or null, nothing
  happens; where that of `due` is, the policy's limit counts.

How the operations are judged: `services.insight.judge`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from services.insight.indicators.conditions import Condition
from shared.contracts.base import Event
from shared.deadlines import Span


@dataclass(frozen=True, kw_only=True, slots=True)
class On:
    """An event that touches a clock. Fields are named; of an item of `each` they come before the event's own."""

    event: type[Event]
    key: str | tuple[str, ...] = "case_id"
    """The field that says whose clock it is; several are joined."""
    at: str | None = None
    """The field that says when; None: when the event occurred."""
    plus: str | None = None
    """The field with how many seconds after that."""
    minus: str | None = None
    """The field with how many seconds before that."""
    when: Condition | None = None
    """Which events of this type are meant; None: all."""
    each: str | None = None
    """A list field: each item is one operation. Its place, from 1, is in `index`; if it is no object, it is `item`."""
    case: str = "case_id"
    """The field that says whose case it is; where there is none, the key's value."""
    owner: str | None = None
    """Of a start, and of a pass: the field that names who answers for it."""
    office: str = "office"
    """Of a start: the field that names where, whose calendar counts. `channel` and `topic` are read likewise."""
    channel: str = "channel"
    topic: str = "topic"
    due: str | None = None
    """Of a start or a move: the field that says when it is due, where the event itself does."""
    by: Callable[[dict[str, Any]], Span] | None = None
    """Of a move: how much later it is due than before."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Indicator:
    """Something that has a limit. Its policy bears its name. Indicators may share a `clock`, and so its operations."""

    name: str
    stage: str
    start: On
    stops: tuple[On, ...]
    clock: str
    pauses: tuple[On, ...] = ()
    """From here the centre waits for the consumer: the clock stands still."""
    resumes: tuple[On, ...] = ()
    """From here it runs again."""
    moves: tuple[On, ...] = ()
    """A new due moment, for a reason that the event gives: `due` says when, or `by` how much later."""
    passes: tuple[On, ...] = ()
    """Somebody else answers for it from here on: handed over, registered with another, escalated."""
    lapses: tuple[On, ...] = ()
    """It will not be done any more: breached where it was due by then, else ended without being judged."""
    cancels: tuple[On, ...] = ()
    """The obligation ended without being judged: an appointment called off, a case merged or withdrawn."""
    variant: str | None = None
    """The field of the start that chooses among policies: `<name>.<its value>`; absent or null: `<name>`."""
    exception: tuple[Condition, str] | None = None
    """Which starts the field does not choose for, and their variant."""
    varies: tuple[On, ...] = ()
    """Events whose `variant` field says that another policy holds, from the start on: a case classified anew."""

    def policy(self, variant: str | None) -> str:
        """The name of the policy that judges it."""
        return policy_name(self.name, variant)

    @property
    def operations(self) -> tuple[On, ...]:
        """All events that touch its clock."""
        return (
            self.start,
            *self.stops,
            *self.pauses,
            *self.resumes,
            *self.moves,
            *self.passes,
            *self.lapses,
            *self.cancels,
            *self.varies,
        )


def policy_name(indicator: str, variant: str | None) -> str:
    """The name of the policy that judges an indicator's clock of this variant."""
    return indicator if variant is None else f"{indicator}.{variant}"
