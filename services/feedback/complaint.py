"""What is known of a complaint, and what all its events repeat."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from shared.contracts.base import Event
from shared.contracts.complaints import (
    Acknowledged,
    ComplainantAnswered,
    ComplainantAsked,
    ComplainantUnreached,
    ComplaintAcknowledged,
    ComplaintAssessed,
    ComplaintAssigned,
    ComplaintClosed,
    ComplaintDecided,
    ComplaintEscalated,
    ComplaintExtended,
    ComplaintHandlingAssessed,
    ComplaintInvestigated,
    ComplaintReceived,
    ComplaintReclassified,
    ComplaintStatus,
    ComplaintStatusTold,
    DecisionAccepted,
    DecisionCommunicated,
    DecisionRejected,
    Depth,
    ImmediateActionTaken,
    Recourse,
    RecourseEnded,
    RecourseOutcome,
    RemedyCarriedOut,
)
from shared.contracts.values import Regime

_NOBODY: frozenset[str] = frozenset()
_NO_RECOURSE: frozenset[Recourse] = frozenset()


@dataclass(frozen=True, slots=True)
class Complaint:
    """A complaint that is in. What belongs to one round begins anew with the next."""

    received: ComplaintReceived
    received_at: datetime
    case_type: str
    regime: Regime
    """Whose rules hold; the assessment may have corrected it."""
    responsible: str
    latest_at: datetime
    """When the last step was taken."""
    reachable: bool
    """The complaint gave contact details, or the information base has some of whoever it turned out to be."""
    status: ComplaintStatus = ComplaintStatus.RECEIVED
    round: int = 1
    tellings: int = 1
    """How many times its status was, or is, to be told unasked."""
    telling_owed: bool = True
    depth: Depth | None = None
    immediate_action_owed: bool = False
    waiting: bool = False
    """For what the complainant was asked."""
    asked: ComplainantAsked | None = None
    """What was asked last."""
    questions: int = 0
    extended: bool = False
    concerned: frozenset[str] = _NOBODY
    """Whom it is about: they don't handle it."""
    handling: frozenset[str] = _NOBODY
    """Who investigated and decided in this round."""
    handled_by: frozenset[str] = _NOBODY
    """Who did in earlier rounds: a review is in other hands."""
    causes: tuple[str, ...] = ()
    actions: int = 0
    decided: ComplaintDecided | None = None
    communicated: DecisionCommunicated | None = None
    """The decision that the complainant knows, whatever came of it."""
    recourse: frozenset[Recourse] = _NO_RECOURSE
    """Offered and not taken yet."""
    under: Recourse | None = None
    """The recourse under way at another body."""
    remedy_owed: bool = False
    closed_at: datetime | None = None
    handling_known: bool = False

    @property
    def round_id(self) -> str:
        return f"{self.received.case_id}-r{self.round}"

    @property
    def status_id(self) -> str | None:
        """The telling of the status that is owed."""
        return self.telling(self.tellings) if self.telling_owed else None

    def telling(self, number: int) -> str:
        return f"{self.received.case_id}-s{number}"

    @property
    def ask_id(self) -> str | None:
        """The asking whose answer is awaited."""
        return self.asked.ask_id if self.waiting and self.asked is not None else None

    def facts(self) -> dict[str, Any]:
        """What every event of it repeats."""
        received = self.received
        return {
            "consumer_id": received.consumer_id,
            "case_id": received.case_id,
            "round_id": self.round_id,
            "channel": received.channel,
            "language": received.language,
            "office": received.office,
            "topic": received.topic,
            "regime": self.regime,
            "responsible": self.responsible,
            "received_at": self.received_at,
        }


def begun(received: ComplaintReceived, at: datetime) -> Complaint:
    """A complaint that has just come in."""
    return Complaint(
        received=received,
        received_at=received.received_at,
        case_type=received.case_type,
        regime=received.regime,
        reachable=received.has_contacts,
        responsible=received.responsible,
        latest_at=at,
        concerned=frozenset(received.concerned),
    )


def evolve(complaint: Complaint, event: Event, occurred_at: datetime) -> Complaint:
    """The complaint after `event`."""
    if isinstance(event, ComplaintAcknowledged):
        # Perhaps later, once there was a way to: no step of its handling.
        return replace(complaint, reachable=complaint.reachable or event.how is Acknowledged.MESSAGE)
    changed = replace(complaint, latest_at=max(complaint.latest_at, occurred_at))
    match event:
        case ComplaintAssigned():
            return replace(changed, responsible=event.responsible)
        case ComplaintAssessed():
            return replace(
                changed,
                status=ComplaintStatus.ASSESSED,
                depth=event.depth,
                immediate_action_owed=event.immediate_action_needed,
                causes=tuple(event.causes),
            )
        case ComplaintReclassified():
            return replace(changed, case_type=event.case_type, regime=event.regime)
        case ImmediateActionTaken():
            return replace(changed, immediate_action_owed=False)
        case ComplainantAsked():
            return replace(changed, waiting=True, asked=event, questions=complaint.questions + 1)
        case ComplainantAnswered():
            return replace(changed, waiting=False)
        case ComplaintInvestigated():
            return replace(
                changed,
                status=ComplaintStatus.INVESTIGATED,
                concerned=frozenset(event.concerned),
                handling=complaint.handling | {event.investigator},
                causes=tuple(event.causes),
            )
        case ComplaintDecided():
            return replace(
                changed,
                status=ComplaintStatus.DECIDED,
                decided=event,
                handling=complaint.handling | {event.decided_by},
                actions=complaint.actions + event.actions,
            )
        case ComplaintExtended():
            return replace(changed, extended=True)
        case _:
            return _after_the_decision(changed, event, occurred_at)


def _after_the_decision(complaint: Complaint, event: Event, occurred_at: datetime) -> Complaint:
    match event:
        case DecisionCommunicated():
            return replace(complaint, status=ComplaintStatus.COMMUNICATED, communicated=event, telling_owed=False)
        case DecisionAccepted():
            return replace(complaint, status=ComplaintStatus.ACCEPTED, remedy_owed=event.remedy_due_at is not None)
        case DecisionRejected():
            return replace(complaint, status=ComplaintStatus.REJECTED, recourse=frozenset(event.recourse))
        case RemedyCarriedOut():
            return replace(complaint, remedy_owed=False)
        case ComplaintEscalated():
            taken = replace(
                complaint,
                recourse=complaint.recourse - {event.to},
                tellings=complaint.tellings + 1,
                telling_owed=True,
            )
            if event.internal:
                return another_round(taken, event.responsible)
            return replace(taken, status=ComplaintStatus.UNDER_RECOURSE, under=event.to)
        case RecourseEnded():
            if event.outcome is RecourseOutcome.OVERTURNED:
                return another_round(replace(complaint, under=None), event.responsible)
            return replace(
                complaint,
                status=ComplaintStatus.REJECTED,
                under=None,
                recourse=complaint.recourse - set(event.recourse),
                telling_owed=False,
            )
        case ComplaintClosed():
            return replace(
                complaint, status=ComplaintStatus.CLOSED, closed_at=occurred_at, telling_owed=False, waiting=False
            )
        case ComplaintStatusTold(next_status_id=following):
            more = complaint.tellings + (following is not None)
            return replace(complaint, tellings=more, telling_owed=following is not None)
        case ComplaintHandlingAssessed() | ComplainantUnreached():
            return replace(complaint, handling_known=True)
        case _:
            return complaint


def another_round(complaint: Complaint, responsible: str) -> Complaint:
    """A review begins where the investigation does; the assessment stands."""
    return replace(
        complaint,
        status=ComplaintStatus.ASSESSED,
        round=complaint.round + 1,
        responsible=responsible,
        handling=_NOBODY,
        handled_by=complaint.handled_by | complaint.handling,
        decided=None,
        waiting=False,
    )
