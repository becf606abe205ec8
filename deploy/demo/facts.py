"""The account's facts: what one played case says of its consultations, and the events that each step leads to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.demo.steps import Step
from shared.contracts.base import Command
from shared.contracts.consult import DecidePlanCosts, HoldConsultation, PlanConsultation
from shared.contracts.feedback import AssessSatisfaction, EvaluateEffectiveness, EvaluateImpact, RecordImprovement
from shared.contracts.intake import CollectDetails, ReceiveRequest, ReceiveWrittenRequest
from shared.contracts.subscriptions import AcceptOrder

_EVENTS: dict[str, tuple[str, ...]] = {
    "ReceiveRequest": ("RequestReceived",),
    "CollectDetails": ("DetailsCollected", "ConsultationOpened"),
    "HoldConsultation": ("ConsultHeld", "AssessmentDue"),
    "RecordTopicalIssue": ("TopicalIssueRecorded",),
    "EvaluateEffectiveness": ("EffectivenessEvaluated",),
    "RecordSuccessFactors": ("SuccessFactorsRecorded",),
    "EvaluateImpact": ("ImpactEvaluated",),
    "ReceiveWrittenRequest": ("WrittenRequestReceived",),
    "RegisterWrittenRequest": ("WrittenRequestRegistered",),
    "AnswerWrittenRequest": ("WrittenRequestAnswered",),
    "DeclineWrittenRequest": ("WrittenRequestDeclined",),
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
    if isinstance(step.command, AssessSatisfaction):
        end = ("Satisfied",) if step.command.satisfied else ("Dissatisfied", "FollowUpDue")
        return ("SatisfactionAssessed", *end)
    match step.command:
        case PlanConsultation(material_costs=costs, agreed_by_manager=agreed):
            return ("ConsultationPlanned" if agreed or not costs else "PlanProposed",)
        case DecidePlanCosts(agreed=agreed):
            return ("PlanCostsAgreed" if agreed else "PlanCostsRefused",)
        case RecordImprovement(actions=actions):
            return ("ImprovementRecorded", *(("ActionDue", "ActionOrdered") * len(actions)))
        case AcceptOrder(lines=lines):
            return ("SubscriptionAccepted", "DeliveryCardMade") * len(lines)
        case _:
            pass
    return (*_EVENTS[step.type.type_name()], *_entered(step.command))


def _entered(command: Command | None) -> tuple[str, ...]:
    """Everybody who can be found again is entered into the information base; in the play nobody is known before."""
    if not isinstance(command, ReceiveRequest | ReceiveWrittenRequest):
        return ()
    told = command.consumer
    found_by = sum(one is not None for one in (told.phone, told.email, told.identifier))
    return (*("ContactsLearnt", "ConsumerRegistered")[: 2 * found_by], *("ContactAdded", "ContactClaimed") * found_by)


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
    number, place = 0, dict[str, Any]()
    for step in case:
        match step.command:
            case ReceiveRequest() as request:
                place |= {"channel": str(request.channel), "office": request.office, "topic": str(request.topic)}
            case CollectDetails(consultant=consultant):
                place["consultant"] = consultant
            case HoldConsultation() as held:
                number += 1
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
