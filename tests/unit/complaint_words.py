"""Commands of a complaint's life, as examples; and how a complaint comes to stand after some of them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from services.feedback.domain import DECIDER
from shared.contracts.base import Command, Event
from shared.contracts.complaints import (
    AskComplainant,
    AssessComplaint,
    AssessComplaintHandling,
    CarryOutRemedy,
    CloseComplaint,
    CommunicateDecision,
    DecideComplaint,
    EscalateComplaint,
    InvestigateComplaint,
    Justified,
    Level,
    ReceiveComplaint,
    RecordComplainantsReply,
    Recourse,
)
from shared.contracts.intake import Consumer
from shared.contracts.quality import CorrectiveAction
from shared.contracts.values import Channel, Language
from shared.decider import Given

from .given_when_then import NINE, blind

ANN = Consumer(name="Ann", phone="+7 700 000 00 01")
RECOURSE = [Recourse.INTERNAL_REVIEW, Recourse.COURT]
STEP = CorrectiveAction(action="print samples", department="front_office", owner="k-2", due=date(2026, 3, 20))


def receive(**more: Any) -> ReceiveComplaint:
    facts: dict[str, Any] = {
        "case_id": "X1",
        "channel": Channel.WEB,
        "language": Language.RU,
        "office": "central",
        "complaint": "two hours in the queue",
        "remedy_sought": "an apology",
        "consumer": ANN,
        "received_by": "o-1",
        "responsible": "m-1",
    }
    return ReceiveComplaint(**facts | more)


def assess(level: Level = Level.LOW, *, at_once: bool = False, **more: Any) -> AssessComplaint:
    facts: dict[str, Any] = {
        "assessed_by": "m-1",
        "severity": level,
        "safety": Level.LOW,
        "complexity": Level.LOW,
        "impact": Level.LOW,
        "immediate_action_needed": at_once,
        "causes": ["long_wait"],
    }
    return AssessComplaint(case_id="X1", **facts | more)


def investigate(**more: Any) -> InvestigateComplaint:
    facts: dict[str, Any] = {"investigator": "m-1", "findings": "one window was shut"}
    return InvestigateComplaint(case_id="X1", **facts | more)


def respond(justified: Justified = Justified.YES, **more: Any) -> DecideComplaint:
    facts: dict[str, Any] = {"case_id": "X1", "decided_by": "m-1", "response": "you are right", "actions": [STEP]}
    return DecideComplaint(justified=justified, **facts | more)


ASK = AskComplainant(case_id="X1", asked_by="m-1", question="on which day?")
TELL = CommunicateDecision(case_id="X1", communicated_by="m-1", channel=Channel.WEB, recourse=RECOURSE)
ACCEPT = RecordComplainantsReply(case_id="X1", accepted=True)
REJECT = RecordComplainantsReply(case_id="X1", accepted=False, said="not enough")
REVIEW = EscalateComplaint(case_id="X1", to=Recourse.INTERNAL_REVIEW, responsible="m-2")
TO_COURT = EscalateComplaint(case_id="X1", to=Recourse.COURT)
CLOSE = CloseComplaint(case_id="X1", closed_by="m-1")
CARRY_OUT = CarryOutRemedy(case_id="X1", carried_out_by="k-2")
HANDLING = AssessComplaintHandling(case_id="X1", ease=4, speed=2, courtesy=5, fairness=4)

RECEIVED = (receive(),)
ASSESSED = (*RECEIVED, assess())
INVESTIGATED = (*ASSESSED, investigate())
DECIDED = (*INVESTIGATED, respond())
TOLD = (*DECIDED, TELL)
ACCEPTED = (*TOLD, ACCEPT)
REJECTED = (*TOLD, REJECT)
CLOSED = (*ACCEPTED, CLOSE)


def after(*commands: Command, begin: datetime = NINE, elsewhere: Any = None) -> tuple[tuple[Event, datetime], ...]:
    """What happened on one stream when these were submitted, an hour after each other."""
    state: Any = DECIDER.initial()
    happened: list[tuple[Event, datetime]] = []
    for hours, command in enumerate(commands):
        at = begin + timedelta(hours=hours)
        facts = Given(occurred_at=at, now=at, fresh_id="fresh", others=elsewhere or {}, blind=blind)
        for event in DECIDER.decide(state, command, facts):
            state = DECIDER.evolve(state, event, at)
            happened.append((event, at))
    return tuple(happened)
