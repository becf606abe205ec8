"""The account's facts: what one played case says of its consultations, and the events that each step leads to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.demo.steps import Step
from shared.contracts.base import Command
from shared.contracts.complaints import AssessComplaint, DecideComplaint, ReceiveComplaint, RecordComplainantsReply
from shared.contracts.consult import (
    CancelConsultation,
    CompletePreparation,
    DecidePlanCosts,
    HandOverConsultation,
    HoldConsultation,
    PlanConsultation,
    RecordNoShow,
)
from shared.contracts.feedback import (
    AssessSatisfaction,
    EvaluateEffectiveness,
    EvaluateImpact,
    RecordImprovement,
    RecordUnreached,
    Survey,
)
from shared.contracts.intake import (
    BookAppointment,
    CollectDetails,
    Consumer,
    PromiseCallBack,
    ReceiveRequest,
    ReceiveWrittenRequest,
    RegisterConsumer,
    TryCallBack,
)
from shared.contracts.subscriptions import AcceptOrder
from shared.contracts.values import CancelGround

_EVENTS: dict[str, tuple[str, ...]] = {
    "ReceiveRequest": ("RequestReceived",),
    "CollectDetails": ("DetailsCollected", "ConsultationOpened"),
    "EndRequest": ("RequestEnded",),
    "HoldConsultation": ("ConsultHeld", "AssessmentDue"),
    "RequirePlan": ("PlanRequired",),
    "AddPreparationTask": ("PreparationTaskDue",),
    "CompletePreparation": ("PreparationTaskEnded",),
    "RescheduleConsultation": ("ConsultationRescheduled",),
    "AwaitConsumer": ("ContactDue",),
    "ResumeConsultation": ("ConsultationResumed",),
    "RecordNoShow": ("NoShowRecorded", "ContactDue"),
    "HandOverConsultation": ("ConsultationHandedOver",),
    "RecordTopicalIssue": ("TopicalIssueRecorded",),
    "RecordNoTopicalIssue": ("NoTopicalIssueFound",),
    "ReceiveComplaint": ("ComplaintReceived", "ComplaintAcknowledged"),
    "AssignComplaint": ("ComplaintAssigned",),
    "AssessComplaint": ("ComplaintAssessed",),
    "TakeImmediateAction": ("ImmediateActionTaken",),
    "AskComplainant": ("ComplainantAsked",),
    "RecordComplainantsAnswer": ("ComplainantAnswered",),
    "ExtendComplaint": ("ComplaintExtended",),
    "InvestigateComplaint": ("ComplaintInvestigated",),
    "CommunicateDecision": ("DecisionCommunicated",),
    "CarryOutRemedy": ("RemedyCarriedOut",),
    "EscalateComplaint": ("ComplaintEscalated",),
    "RecordRecourseOutcome": ("RecourseEnded",),
    "CloseComplaint": ("ComplaintClosed",),
    "WithdrawComplaint": ("ComplaintWithdrawn", "ComplaintClosed"),
    "ForwardComplaint": ("ComplaintForwarded", "ComplaintClosed"),
    "TellComplaintStatus": ("ComplaintStatusTold",),
    "AssessComplaintHandling": ("ComplaintHandlingAssessed",),
    "RecordComplainantUnreached": ("ComplainantUnreached",),
    "AddCause": ("CauseAdded",),
    "RetireCause": ("CauseRetired",),
    "OrderAction": ("ActionOrdered",),
    "MoveAction": ("ActionMoved",),
    "CompleteAction": ("ActionCompleted",),
    "DropAction": ("ActionDropped",),
    "VerifyAction": ("ActionVerified",),
    "RecordInspection": ("InspectionRecorded",),
    "RecordNotAssessed": ("AssessmentWaived",),
    "EvaluateEffectiveness": ("EffectivenessEvaluated",),
    "RecordSuccessFactors": ("SuccessFactorsRecorded",),
    "HandOverFeedback": ("FeedbackHandedOver",),
    "ExtendImpact": ("ImpactExtended", "ImpactSurveyDue"),
    "ReceiveWrittenRequest": ("WrittenRequestReceived",),
    "RegisterWrittenRequest": ("WrittenRequestRegistered",),
    "AnswerWrittenRequest": ("WrittenRequestAnswered",),
    "DeclineWrittenRequest": ("WrittenRequestDeclined",),
    "CheckCompleteness": ("CompletenessChecked",),
    "AskClarification": ("ClarificationAsked",),
    "ReceiveClarification": ("ClarificationReceived",),
    "EndClarification": ("ClarificationEnded",),
    "ForwardWrittenRequest": ("WrittenRequestForwarded",),
    "ForwardMisdirected": ("MisdirectedForwarded",),
    "ExtendAnswer": ("AnswerExtended",),
    "NotifyOfExtension": ("ExtensionNoticeGiven",),
    "RegisterConsumer": ("ConsumerRegistered",),
    "VerifyConsumer": ("ConsumerVerified",),
    "MergeConsumers": ("ConsumerMerged", "ConsumerAbsorbed"),
    "SetRouting": ("RoutingSet",),
    "HandOverCase": ("CaseHandedOver", "LoadCounted"),  # of a case that the routing gave to somebody
    "ReceiveCall": ("CallReceived",),
    "AnswerCall": ("CallAnswered",),
    "FindCallerData": ("CallerDataFound",),
    "AskSpecialist": ("SpecialistAsked",),
    "ConnectSpecialist": ("SpecialistConnected",),
    "GiveInformation": ("InformationGiven",),
    "EndCall": ("CallEnded",),
    "FinishAfterCall": ("AfterCallFinished",),
    "PromiseCallBack": ("CallBackPromised",),
    "HandOverCallBack": ("CallBackHandedOver",),
    "CloseCallBack": ("CallBackClosed",),
    "OpenAgenda": ("AgendaOpened",),
    "BookAppointment": ("AppointmentBooked",),
    "RescheduleAppointment": ("AppointmentBooked", "AppointmentTakenOver", "AppointmentMoved"),  # to another day
    "BeginAppointment": ("AppointmentBegun",),
    "CancelAppointment": ("AppointmentCancelled",),
    "RecordMissedAppointment": ("AppointmentMissed",),
    "PublishScript": ("ScriptPublished",),
    "PublishCatalogueEntry": ("CatalogueEntryPublished",),
    "SetDeliveryTariff": ("DeliveryTariffSet",),
    "AnnounceCampaign": ("CampaignAnnounced",),
    "SetCutOffs": ("CutOffsSet",),
    "AcceptSubscription": ("SubscriptionAccepted", "DeliveryCardMade"),
    "OpenDay": (),  # forms and refunds open days too: deploy/demo/days.py
    "CountDay": ("DayCounted",),
    "CertifyDay": ("DayCertified",),
    "AnnulSubscription": ("SubscriptionAnnulled", "RefundBooked"),
    "RedirectSubscription": ("SubscriptionRedirected",),
    "ReverseSubscription": ("SubscriptionReversed", "RefundBooked"),
}


def event_types(step: Step) -> tuple[str, ...]:
    """The types of all events that an accepted step leads to, other services' reactions included."""
    if step.leads_to is not None:
        return step.leads_to
    if isinstance(step.command, AssessSatisfaction):
        end = ("Satisfied",) if step.command.satisfied else ("Dissatisfied", "FollowUpDue")
        return ("SatisfactionAssessed", *end)
    match step.command:
        case PlanConsultation(material_costs=costs, agreed_by_manager=agreed, preparation=tasks):
            if costs and not agreed:
                return ("PlanProposed",)
            return ("ConsultationPlanned", *(("PreparationTaskDue",) * len(tasks)))
        case CancelConsultation(ground=ground):
            then = "ContactDue" if ground is CancelGround.CENTRE_UNABLE else "CaseEnded"
            return ("ConsultationCancelled", then)
        case AssessComplaint(case_type=str()):
            return ("ComplaintReclassified", "ComplaintAssessed")
        case DecidePlanCosts(agreed=agreed):
            return ("PlanCostsAgreed" if agreed else "PlanCostsRefused",)
        case DecideComplaint(actions=actions):
            return ("ComplaintDecided", *(("ActionDue", "ActionOrdered") * len(actions)))
        case RecordComplainantsReply(accepted=accepted):
            return ("DecisionAccepted" if accepted else "DecisionRejected",)
        case EvaluateImpact(months=months):
            return ("ImpactEvaluated", *(["ImpactSurveyDue"] if months is Survey.ONE else []))
        case RecordUnreached(months=months):
            return ("ImpactUnreached", *(["ImpactSurveyDue"] if months is Survey.ONE else []))
        case RecordImprovement(actions=actions):
            return ("ImprovementRecorded", *(("ActionDue", "ActionOrdered") * len(actions)))
        case TryCallBack(reached=reached):
            return ("CallBackMade" if reached else "CallBackTried",)
        case AcceptOrder(lines=lines):
            return ("SubscriptionAccepted", "DeliveryCardMade") * len(lines)
        case _:
            pass
    return (*_EVENTS[step.type.type_name()], *_entered(step.command))


def _entered(command: Command | None) -> tuple[str, ...]:
    """Everybody who can be found again is entered into the information base; who is known before, tells by hand."""
    match command:
        case RegisterConsumer(consumer=told):
            return ("ContactAdded", "ContactClaimed") * _found_by(told)
        case ReceiveRequest(consumer=told) | ReceiveWrittenRequest(consumer=told) | BookAppointment(consumer=told):
            found_by = _found_by(told)
        case ReceiveComplaint(consumer=told):
            found_by = _found_by(told)
            return (*("ConsumerRegistered",)[:found_by], *("ContactAdded", "ContactClaimed") * found_by)
        case PromiseCallBack():
            found_by = 1
        case _:
            return ()
    return (*("ContactsLearnt", "ConsumerRegistered")[: 2 * found_by], *("ContactAdded", "ContactClaimed") * found_by)


def _found_by(told: Consumer) -> int:
    return sum(one is not None for one in (told.phone, told.email, told.identifier))


@dataclass(frozen=True, kw_only=True, slots=True)
class EffectivenessFact:
    """One thing that bears on effectiveness, with what it may be told apart by. One of the last four is set."""

    number: int
    consultant: str
    topic: str
    form: str
    office: str
    channel: str
    held: HoldConsultation | None = None
    said: AssessSatisfaction | None = None
    verdict: EvaluateEffectiveness | None = None
    impact: EvaluateImpact | None = None

    def of(self, dimension: str) -> str:
        """Its value in a dimension."""
        return str(getattr(self, dimension))


def consultation_facts(case: Sequence[Step]) -> Iterator[EffectivenessFact]:
    """The facts of one case, from its accepted steps in their order."""
    number, place, before = 0, dict[str, Any](), (0, 0)
    for step in case:
        match step.command:
            case ReceiveRequest() as request:
                place |= {"channel": str(request.channel), "office": request.office, "topic": str(request.topic)}
            case CollectDetails(consultant=consultant):
                place["consultant"] = consultant
            case HandOverConsultation(consultant=str() as consultant):
                place["consultant"] = consultant
            case CompletePreparation(minutes_spent=minutes, cost=cost) | RecordNoShow(minutes_spent=minutes, cost=cost):
                before = before[0] + minutes, before[1] + cost
            case HoldConsultation() as said_held:
                number += 1
                minutes, cost = said_held.minutes_spent + before[0], said_held.cost + before[1]
                held, before = said_held.model_copy(update={"minutes_spent": minutes, "cost": cost}), (0, 0)
                place |= {"form": str(held.form), "consultant": held.consultant or place["consultant"]}
                yield EffectivenessFact(number=number, held=held, **place)
            case AssessSatisfaction() as said:
                yield EffectivenessFact(number=number, said=said, **place)
            case EvaluateEffectiveness() as verdict:
                yield EffectivenessFact(number=number, verdict=verdict, **place)
            case EvaluateImpact() as impact:
                yield EffectivenessFact(number=number, impact=impact, **place)
            case _:
                pass
