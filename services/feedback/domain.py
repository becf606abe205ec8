"""The rules of feedback: what a consultation was worth, and what is done about it (DOMAIN.md §2 stages 5-10, §5, §9).

Each part has its own page beside this one: `satisfaction` (stages 5, 6), `effectiveness` (8, 9), `impact` (10),
`handing_over`, `complaints`, `complainants`, `decisions` and `contact` (ISO 10002), `actions`, `inspections`, `causes`.
Here stands which message goes to which page. Days, regimes and checklists are the centre's: `decider` makes the rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import partial
from zoneinfo import ZoneInfo

from services.feedback import (
    actions,
    case,
    causes,
    complainants,
    complaint,
    complaint_steps,
    complaints,
    effectiveness,
    handing_over,
    impact,
    inspections,
    satisfaction,
)
from services.feedback.actions import Action
from services.feedback.case import Feedback
from services.feedback.causes import Catalogue
from services.feedback.checklists import CHECKLISTS
from services.feedback.complaint import Complaint
from services.feedback.complaint_steps import OfComplaint
from services.feedback.inspections import Inspection
from shared.centre import Checklists
from shared.contracts import feedback
from shared.contracts.base import Event, Message
from shared.contracts.complaints import ComplaintReceived, ReceiveComplaint
from shared.contracts.consult import ConsultHeld
from shared.contracts.feedback import (
    AssessmentDue,
    AssessSatisfaction,
    EvaluateEffectiveness,
    EvaluateImpact,
    ExtendImpact,
    HandOverFeedback,
    RecordImprovement,
    RecordNotAssessed,
    RecordSuccessFactors,
    RecordUnreached,
)
from shared.contracts.intake import ConsumerAbsorbed, ConsumerRegistered, ConsumerVerified
from shared.contracts.quality import (
    ActionDue,
    ActionOrdered,
    AddCause,
    CauseAdded,
    CauseRetired,
    CompleteAction,
    DropAction,
    InspectionRecorded,
    MoveAction,
    OrderAction,
    RecordInspection,
    RetireCause,
    VerifyAction,
)
from shared.contracts.values import Context
from shared.decider import Decider, Given, Refused
from shared.regimes import CASE_TYPES, CaseTypes
from shared.rules import not_in_the_future


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing is known yet: no consultation, no complaint, no action, no inspection, no change of the catalogue."""


State = Unknown | Feedback | Complaint | Action | Inspection | Catalogue

OfCase = (
    AssessSatisfaction
    | RecordNotAssessed
    | EvaluateEffectiveness
    | RecordSuccessFactors
    | RecordImprovement
    | EvaluateImpact
    | ExtendImpact
    | RecordUnreached
    | HandOverFeedback
)
OfAction = MoveAction | CompleteAction | DropAction | VerifyAction
_ID_FIELD = {"ReceiveComplaint": "case_id", "OrderAction": "action_id", "RecordInspection": "inspection_id"}


def decide(
    state: State,
    message: Message,
    given: Given[State],
    *,
    zone: tzinfo,
    case_types: CaseTypes,
    checklists: Checklists,
) -> Sequence[Event]:
    """What happens when `message` arrives. `zone`, `case_types` and `checklists` are the centre's.

    Raises:
        Refused: `unknown_case`, `unknown_complaint`, `unknown_action` (tried again for a while: what opens them may be
            under way), `…_exists`, and the rules' codes.
    """
    if isinstance(message, ConsultHeld):
        return satisfaction.owe_assessment(state if isinstance(state, Feedback) else None, message)
    if isinstance(message, ActionDue):
        return [actions.take_on(message, given, zone)] if isinstance(state, Unknown) else []
    if isinstance(message, complainants.Learnt):
        return complainants.acknowledge(state, message) if isinstance(state, Complaint) else []
    not_in_the_future(given.occurred_at, given.now)
    match message, state:
        case ReceiveComplaint(), Unknown():
            return complaints.receive(message, given, case_types)
        case OrderAction(), Unknown():
            return [actions.order(message, given, zone)]
        case RecordInspection(), Unknown():
            return inspections.record(message, given, zone, checklists)
        case ((ReceiveComplaint() | OrderAction() | RecordInspection()), _):
            raise Refused(
                "already_exists",
                "this id is taken; leave it out to get a new one, or go on with what is there",
                _ID_FIELD[message.type_name()],
            )
        case AddCause(), (Unknown() | Catalogue()):
            return [causes.add(_catalogue(state), message)]
        case RetireCause(), (Unknown() | Catalogue()):
            return [causes.retire(_catalogue(state), message)]
        case _ if isinstance(message, OfCase):
            return _of_case(zone, state, message, given)
        case _ if isinstance(message, OfComplaint):
            return complaint_steps.decide(state, message, given, zone, case_types)
        case _ if isinstance(message, OfAction):
            return _of_action(zone, state, message, given)
        case _:
            raise Refused("unknown_type", f"feedback has no rule for {message.type_name()}; see `tereze contract`")


def _of_case(zone: tzinfo, state: State, message: OfCase, given: Given[State]) -> Sequence[Event]:
    """Stages 5 to 10."""
    if not isinstance(state, Feedback):
        raise Refused(
            "unknown_case",
            f"no consultation of case {message.case_id} was held yet; hold it first (HoldConsultation)",
            "case_id",
            later=True,
        )
    match message:
        case AssessSatisfaction():
            return satisfaction.assess(state, message, given)
        case RecordNotAssessed():
            return [satisfaction.waive(state, message, given)]
        case EvaluateEffectiveness():
            return [effectiveness.evaluate(state, message, given)]
        case RecordSuccessFactors():
            return [effectiveness.record_success_factors(state, message, given)]
        case RecordImprovement():
            return effectiveness.record_improvement(state, message, given, zone)
        case EvaluateImpact():
            return impact.evaluate(state, message, given)
        case ExtendImpact():
            return impact.extend(state, message, given)
        case RecordUnreached():
            return impact.record_unreached(state, message, given)
        case HandOverFeedback():
            return [handing_over.hand_over(state, message)]


def _of_action(zone: tzinfo, state: State, message: OfAction, given: Given[State]) -> Sequence[Event]:
    if not isinstance(state, Action):
        raise Refused(
            "unknown_action",
            f"there is no action {message.action_id}; order it first (OrderAction)",
            "action_id",
            later=True,
        )
    return actions.decide(state, message, given, zone)


def _catalogue(state: State) -> Catalogue:
    return state if isinstance(state, Catalogue) else Catalogue()


# ── what then is known ───────────────────────────────────────────────────────────────────────────────────────


def evolve(state: State, event: Event, occurred_at: datetime) -> State:
    """The state after `event`."""
    match event, state:
        case AssessmentDue(), Unknown():
            return case.begun(event)
        case ComplaintReceived(), Unknown():
            return complaint.begun(event, occurred_at)
        case ActionOrdered(), Unknown():
            return actions.evolve(None, event, occurred_at) or state
        case InspectionRecorded(), Unknown():
            return Inspection()
        case (CauseAdded() | CauseRetired(), Unknown() | Catalogue()):
            return causes.evolve(_catalogue(state), event)
        case _, Feedback():
            return case.evolve(state, event, occurred_at)
        case _, Complaint():
            return complaint.evolve(state, event, occurred_at)
        case _, Action():
            return actions.evolve(state, event, occurred_at) or state
        case _:
            return state


def stream_of(message: Message, fresh_id: str) -> str:
    """A case, a complaint, an action and an inspection are streams of their own; the catalogue of causes is one."""
    match message:
        case AddCause() | RetireCause():
            return causes.STREAM
        case OrderAction() | MoveAction() | CompleteAction() | DropAction() | VerifyAction() | ActionDue():
            return f"action-{message.action_id or fresh_id}"
        case RecordInspection():
            return f"inspection-{message.inspection_id or fresh_id}"
        case ReceiveComplaint():
            return f"complaint-{message.case_id or fresh_id}"
        case _ if isinstance(message, OfComplaint):
            return f"complaint-{message.case_id}"
        case _ if isinstance(message, complainants.Learnt):
            return complainants.stream_of(message)
        case _:
            return f"feedback-{getattr(message, 'case_id', None) or fresh_id}"


def reads(message: Message) -> tuple[str, ...]:
    """The catalogue, where causes are named; the case that a complaint grew out of."""
    if isinstance(message, ReceiveComplaint):
        return () if message.about is None else (f"feedback-{message.about}",)
    return (causes.STREAM,) if getattr(message, "causes", None) and not isinstance(message, ActionDue) else ()


def whose_keys(message: Message, known: Mapping[str, State]) -> Iterable[str]:
    """Whose a complaint would be: who was forgotten meanwhile begins anew."""
    if not isinstance(message, ReceiveComplaint):
        return ()
    grown_from = known.get(f"feedback-{message.about}")
    return complaints.whose(message, grown_from.latest if isinstance(grown_from, Feedback) else None)


def decider(zone: tzinfo, case_types: CaseTypes, checklists: Checklists) -> Decider[State]:
    """The rules for a centre in time zone `zone`, with its types of case under these regimes, and its checklists."""
    return Decider(
        context=Context.FEEDBACK,
        commands=feedback.COMMANDS,
        reacts_to=(ConsultHeld, ActionDue, ConsumerRegistered, ConsumerVerified, ConsumerAbsorbed),
        opens=frozenset({ReceiveComplaint, OrderAction, RecordInspection}),
        initial=Unknown,
        stream_of=stream_of,
        reads=reads,
        whose_keys=whose_keys,
        decide=partial(decide, zone=zone, case_types=case_types, checklists=checklists),
        evolve=evolve,
    )


DECIDER: Decider[State] = decider(ZoneInfo("Asia/Almaty"), CASE_TYPES, CHECKLISTS)
"""As shipped."""
