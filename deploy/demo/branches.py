"""The stage table's branches (§2): how often each was played, and how often the store says that it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from deploy.demo.steps import Step
from shared.contracts.base import Command
from shared.contracts.consult import (
    AwaitConsumer,
    CancelConsultation,
    DecidePlanCosts,
    HandOverConsultation,
    HoldConsultation,
    RecordNoShow,
    RecordNoTopicalIssue,
    RecordTopicalIssue,
    RequirePlan,
    RescheduleConsultation,
)
from shared.contracts.feedback import (
    AssessSatisfaction,
    EvaluateEffectiveness,
    EvaluateImpact,
    RecordImprovement,
    RecordSuccessFactors,
)
from shared.contracts.intake import CollectDetails, ReceiveRequest
from shared.contracts.values import CancelGround, Channel, Form, Party

BRANCHES = (
    *("2a", "2b", "3a-a", "3a-b", "3b-a", "3b-b", "over to a plan", "costs agreed", "costs refused"),
    *("4 office", "4 premises", "5", "6a", "6b", "7", "8", "9a", "9b", "10", "11", "11 none"),
    *("waited for", "handed over", "no-show"),
    *("moved by consumer", "moved by centre"),
    *(f"off: {ground.value}" for ground in CancelGround),
)
"""What every demonstration of some length must have in it."""

ENOUGH = 200
"""So many cases have every branch in them."""

STATEMENT = """
SELECT branch AS what, count(*) FROM (
    SELECT CASE type
        WHEN 'DetailsCollected' THEN data->>'stage'
        WHEN 'ConsultationOpened' THEN data->>'path'
        WHEN 'PlanRequired' THEN 'over to a plan'
        WHEN 'PlanCostsAgreed' THEN 'costs agreed'
        WHEN 'PlanCostsRefused' THEN 'costs refused'
        WHEN 'ConsultHeld' THEN CASE
            WHEN (data->>'number')::int > 1 THEN '7'
            WHEN data->>'path' IN ('3a-b', '3b-b') THEN '4 ' || (data->>'form') END
        WHEN 'SatisfactionAssessed' THEN '5'
        WHEN 'Satisfied' THEN '6a'
        WHEN 'Dissatisfied' THEN '6b'
        WHEN 'EffectivenessEvaluated' THEN '8'
        WHEN 'SuccessFactorsRecorded' THEN '9a'
        WHEN 'ImprovementRecorded' THEN '9b'
        WHEN 'ImpactEvaluated' THEN '10'
        WHEN 'TopicalIssueRecorded' THEN '11'
        WHEN 'NoTopicalIssueFound' THEN '11 none'
        WHEN 'ContactDue' THEN CASE data->>'ground' WHEN 'further_information' THEN 'waited for' END
        WHEN 'ConsultationHandedOver' THEN 'handed over'
        WHEN 'NoShowRecorded' THEN 'no-show'
        WHEN 'ConsultationRescheduled' THEN 'moved by ' || (data->>'by')
        WHEN 'ConsultationCancelled' THEN 'off: ' || (data->>'ground')
        END AS branch
    FROM store.event) AS branched
WHERE branch IS NOT NULL GROUP BY 1
"""

_ALWAYS: Mapping[type[Command], str] = {
    EvaluateEffectiveness: "8",
    RecordSuccessFactors: "9a",
    RecordImprovement: "9b",
    EvaluateImpact: "10",
    RecordTopicalIssue: "11",
    RecordNoTopicalIssue: "11 none",
}
"""What is the same branch whatever came before it."""
_PRESENT = frozenset({Channel.WALK_IN, Channel.PHONE, Channel.VOICE_MAIL})


def played(cases: Iterable[Sequence[Step]]) -> dict[str, int]:
    """How often each branch was played, from each case's accepted steps in their order."""
    found: Counter[str] = Counter()
    for case in cases:
        found.update(_of(case))
    return dict(found)


def never(found: dict[str, int], cases: int) -> list[str]:
    """The branches that a demonstration of so many cases has no excuse to leave out, a sentence each."""
    return [f"branch {name} was never played" for name in BRANCHES if cases >= ENOUGH and not found.get(name)]


def _of(case: Sequence[Step]) -> Iterable[str]:
    present, by_plan, held = False, False, 0
    for step in case:
        match step.command:
            case ReceiveRequest(channel=channel):
                present = channel in _PRESENT
            case CollectDetails() as details:
                if present:
                    by_plan = details.preparation_needed or not details.consultant_has_time
                    yield from ("2a", "3a-b" if by_plan else "3a-a")
                else:
                    by_plan = details.presence_required
                    yield from ("2b", "3b-b" if by_plan else "3b-a")
            case RequirePlan():
                by_plan = True
                yield "over to a plan"
            case HoldConsultation(form=form):
                held += 1
                if held > 1:
                    yield "7"
                elif by_plan:
                    yield f"4 {Form(form).value}"
            case AssessSatisfaction(satisfied=satisfied):
                yield from ("5", "6a" if satisfied else "6b")
            case Command() as command if type(command) in _ALWAYS:
                yield _ALWAYS[type(command)]
            case (
                DecidePlanCosts()
                | AwaitConsumer()
                | HandOverConsultation()
                | RecordNoShow()
                | RescheduleConsultation()
                | CancelConsultation()
            ) as change:
                yield _change(change)
            case _:
                pass


def _change(
    change: DecidePlanCosts
    | AwaitConsumer
    | HandOverConsultation
    | RecordNoShow
    | RescheduleConsultation
    | CancelConsultation,
) -> str:
    match change:
        case DecidePlanCosts(agreed=agreed):
            return "costs agreed" if agreed else "costs refused"
        case AwaitConsumer():
            return "waited for"
        case HandOverConsultation():
            return "handed over"
        case RecordNoShow():
            return "no-show"
        case RescheduleConsultation(by=by):
            return f"moved by {Party(by).value}"
        case CancelConsultation(ground=ground):
            return f"off: {CancelGround(ground).value}"
