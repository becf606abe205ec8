"""Which rule each step of a complaint meets: ISO 10002, step by step (DOMAIN.md §5, §9)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

from services.feedback import complaints, contact, decisions
from services.feedback.complaint import Complaint
from shared.contracts.base import Event
from shared.contracts.complaints import (
    AskComplainant,
    AssessComplaint,
    AssessComplaintHandling,
    AssignComplaint,
    CarryOutRemedy,
    CloseComplaint,
    CommunicateDecision,
    DecideComplaint,
    EscalateComplaint,
    ExtendComplaint,
    ForwardComplaint,
    InvestigateComplaint,
    RecordComplainantsAnswer,
    RecordComplainantsReply,
    RecordComplainantUnreached,
    RecordRecourseOutcome,
    TakeImmediateAction,
    TellComplaintStatus,
    WithdrawComplaint,
)
from shared.decider import Given, Refused
from shared.regimes import CaseTypes
from shared.rules import not_before

OfComplaint = (
    AssignComplaint
    | AssessComplaint
    | TakeImmediateAction
    | AskComplainant
    | RecordComplainantsAnswer
    | InvestigateComplaint
    | DecideComplaint
    | ExtendComplaint
    | ForwardComplaint
    | CommunicateDecision
    | RecordComplainantsReply
    | CarryOutRemedy
    | EscalateComplaint
    | RecordRecourseOutcome
    | CloseComplaint
    | WithdrawComplaint
    | TellComplaintStatus
    | AssessComplaintHandling
    | RecordComplainantUnreached
)
"""What can be done to a complaint."""
AFTER_THE_END = (TellComplaintStatus, AssessComplaintHandling, RecordComplainantUnreached)
"""What may still be done about a closed complaint; besides, somebody else may take over asking how it was handled."""


def decide(
    state: object, message: OfComplaint, given: Given[Any], zone: tzinfo, case_types: CaseTypes
) -> Sequence[Event]:
    """ISO 10002, step by step; none is skipped, and none is taken after the end."""
    if not isinstance(state, Complaint):
        raise Refused(
            "unknown_complaint",
            f"there is no complaint {message.case_id}; take it in first (ReceiveComplaint)",
            "case_id",
            early=True,
        )
    asking = isinstance(message, AssignComplaint) and not state.handling_known
    if state.closed_at is not None and not asking and not isinstance(message, AFTER_THE_END):
        raise Refused("closed", "this complaint is closed; take anything further in as a new one", "case_id")
    not_before(state.latest_at, given.occurred_at, "the step before")
    match message:
        case AssignComplaint():
            return [complaints.assign(state, message)]
        case AssessComplaint():
            return complaints.assess(state, message, given, case_types)
        case TakeImmediateAction():
            return [complaints.take_immediate_action(state, message)]
        case AskComplainant():
            return [complaints.ask(state, message, given)]
        case RecordComplainantsAnswer():
            return [complaints.answered(state, message, given)]
        case InvestigateComplaint():
            return [complaints.investigate(state, message, given)]
        case DecideComplaint():
            return decisions.decide_on(state, message, given, zone)
        case ExtendComplaint():
            return [contact.extend(state, message, given)]
        case ForwardComplaint():
            return decisions.forward(state, message)
        case CommunicateDecision():
            return [decisions.communicate(state, message, given)]
        case RecordComplainantsReply():
            return [decisions.reply(state, message)]
        case CarryOutRemedy():
            return [decisions.carry_out(state, message)]
        case EscalateComplaint():
            return [decisions.escalate(state, message)]
        case RecordRecourseOutcome():
            return [decisions.end_recourse(state, message)]
        case CloseComplaint():
            return [decisions.close(state, message, given)]
        case WithdrawComplaint():
            return decisions.withdraw(state, message)
        case TellComplaintStatus():
            return [contact.tell_status(state, message)]
        case AssessComplaintHandling():
            return [contact.assess_handling(state, message)]
        case RecordComplainantUnreached():
            return [contact.unreached(state, message)]
