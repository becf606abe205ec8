"""The rules of consult: how a consultation is prepared, held and followed up (DOMAIN.md §2 stages 3, 4, 7, 11).

`decide` below says which rule answers which message; the rules are beside it: `plans` (3a-b, 3b-b), `preparation` (4),
`holding` (3a-a, 3b-a, 4, 7, 11), `changes` (new times, waiting, no-show, cancellation, hand-over), `turns` (what must
wait for its turn); `state` is what is known.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.consult.changes import await_consumer, cancel, hand_over, record_no_show, reschedule, resume
from services.consult.holding import hold, owe_follow_up, record_no_topical_issue, record_topical_issue
from services.consult.plans import decide_costs, plan, require_plan
from services.consult.preparation import add_task, complete_task
from services.consult.state import Consultation, State, Unknown, evolve
from shared.contracts import consult
from shared.contracts.base import Event, Message
from shared.contracts.consult import (
    AddPreparationTask,
    AwaitConsumer,
    CancelConsultation,
    CompletePreparation,
    ConsultationOpened,
    DecidePlanCosts,
    HandOverConsultation,
    HoldConsultation,
    PlanConsultation,
    RecordNoShow,
    RecordNoTopicalIssue,
    RecordTopicalIssue,
    RequirePlan,
    RescheduleConsultation,
    ResumeConsultation,
)
from shared.contracts.feedback import Dissatisfied
from shared.contracts.intake import DetailsCollected
from shared.contracts.values import Context, Path
from shared.decider import Decider, Given, Refused
from shared.rules import not_in_the_future


def decide(state: State, message: Message, given: Given[State]) -> Sequence[Event]:
    """What happens when `message` arrives; see each rule.

    Raises:
        Refused: `unknown_case` (tried again for a while: the details may be under way), and the rules' codes.
    """
    match message, state:
        case DetailsCollected(), Unknown():
            return [open_consultation(message)]
        case DetailsCollected(), Consultation():
            return []
        case _, Unknown() if isinstance(message, (Dissatisfied, *consult.COMMANDS)):
            case_id = getattr(message, "case_id", "")
            raise Refused(
                "unknown_case",
                f"there is no consultation for case {case_id}; collect its details first (CollectDetails)",
                "case_id",
                later=True,
            )
        case Dissatisfied(), Consultation():
            return owe_follow_up(state, message)
        case _, Consultation() if isinstance(message, consult.COMMANDS):
            not_in_the_future(given.occurred_at, given.now)
            return _next_step(state, message, given)
        case _:
            raise Refused("unknown_type", f"consult has no rule for {message.type_name()}; see `tereze contract`")


def _next_step(state: Consultation, message: Message, given: Given[State]) -> Sequence[Event]:
    match message:
        case RequirePlan():
            return [require_plan(state, message, given)]
        case PlanConsultation():
            return plan(state, message, given)
        case DecidePlanCosts():
            return decide_costs(state, message, given)
        case AddPreparationTask():
            return [add_task(state, message, given)]
        case CompletePreparation():
            return [complete_task(state, message, given)]
        case HoldConsultation():
            return hold(state, message, given)
        case RescheduleConsultation():
            return reschedule(state, message, given)
        case AwaitConsumer():
            return await_consumer(state, message, given)
        case ResumeConsultation():
            return [resume(state, message, given)]
        case RecordNoShow():
            return record_no_show(state, message, given)
        case CancelConsultation():
            return cancel(state, message, given)
        case HandOverConsultation():
            return hand_over(state, message, given)
        case RecordTopicalIssue():
            return [record_topical_issue(state, message, given)]
        case RecordNoTopicalIssue():
            return [record_no_topical_issue(state, message, given)]
        case _:
            raise Refused("unknown_type", f"consult has no rule for {message.type_name()}; see `tereze contract`")


def path_of(details: DetailsCollected) -> Path:
    """Stage 3's branch: by 2a or 2b, then by preparation and time, or by the consumer's presence."""
    if details.stage == "2a":
        at_once = details.consultant_has_time and not details.preparation_needed
        return Path.AT_ONCE if at_once else Path.PREPARED
    return Path.PRESENT if details.presence_required else Path.REMOTE


def open_consultation(details: DetailsCollected) -> ConsultationOpened:
    """Stage 2 is done: the request takes its branch of stage 3."""
    return ConsultationOpened(
        consumer_id=details.consumer_id,
        case_id=details.case_id,
        channel=details.channel,
        office=details.office,
        topic=details.topic,
        path=path_of(details),
        consultant=details.consultant,
        manager=details.manager,
    )


def stream_of(message: Message, fresh_id: str) -> str:
    """One stream for all the consultations of a case."""
    return f"consultation-{getattr(message, 'case_id', None) or fresh_id}"


DECIDER: Decider[State] = Decider(
    context=Context.CONSULT,
    commands=consult.COMMANDS,
    reacts_to=(DetailsCollected, Dissatisfied),
    opens=frozenset({DetailsCollected}),
    initial=Unknown,
    stream_of=stream_of,
    decide=decide,
    evolve=evolve,
)
