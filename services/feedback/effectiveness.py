"""Stages 8 and 9: resources against satisfaction and degree solved; why it went well, or what is done about it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

from services.feedback import causes
from services.feedback.case import Feedback
from services.feedback.days import end_of
from shared.contracts.base import Event
from shared.contracts.feedback import (
    EffectivenessEvaluated,
    EvaluateEffectiveness,
    ImprovementRecorded,
    RecordImprovement,
    RecordSuccessFactors,
    SuccessFactorsRecorded,
)
from shared.contracts.quality import ActionDue, ActionOrigin
from shared.decider import Given, Refused
from shared.rules import not_before


def evaluate(case: Feedback, verdict: EvaluateEffectiveness, given: Given[Any]) -> EffectivenessEvaluated:
    """Stage 8, after 6a and once: the resources of all consultations against satisfaction and degree solved."""
    if case.evaluated_at is not None:
        raise Refused("already_evaluated", "this case's effectiveness is evaluated; go on with stage 9", "case_id")
    if case.satisfied_at is None:
        raise Refused(
            "not_satisfied_yet",
            "effectiveness is evaluated once the consumer is satisfied; assess or follow up first",
            "case_id",
            later=True,
        )
    not_before(case.satisfied_at, given.occurred_at, "the consultation was closed")
    consultation, scores = case.latest, case.scores
    return EffectivenessEvaluated(
        consumer_id=consultation.consumer_id,
        case_id=verdict.case_id,
        consultation_id=consultation.consultation_id,
        channel=consultation.channel,
        office=consultation.office,
        topic=consultation.topic,
        form=consultation.form,
        consultant=consultation.consultant,
        evaluated_by=verdict.evaluated_by,
        effective=verdict.effective,
        degree_solved=verdict.degree_solved,
        consultations=case.consultations,
        minutes_spent=case.minutes_spent,
        cost=case.cost,
        process=None if scores is None else scores.process,
        result=None if scores is None else scores.result,
        solved=None if scores is None else scores.solved,
        grounds=verdict.grounds,
        manager=case.manager,
    )


def record_success_factors(case: Feedback, found: RecordSuccessFactors, given: Given[Any]) -> SuccessFactorsRecorded:
    """Stage 9a: why an effective consultation went well, once."""
    _stage_9_is_due(case, given)
    if not case.effective:
        raise Refused("not_effective", "this case was not effective; send RecordImprovement instead", "case_id")
    return SuccessFactorsRecorded(
        consumer_id=case.latest.consumer_id, case_id=found.case_id, factors=found.factors, topic=case.latest.topic
    )


def record_improvement(case: Feedback, found: RecordImprovement, given: Given[Any], zone: tzinfo) -> Sequence[Event]:
    """Stage 9b: why a consultation was not effective, and who does what about it until when, once.

    Each action is followed to its end by itself, as `<case>-a<number>`.
    """
    _stage_9_is_due(case, given)
    if case.effective:
        raise Refused("effective", "this case was effective; send RecordSuccessFactors instead", "case_id")
    causes.check_named(given, found.causes)
    for step in found.actions:
        end_of(step.due, given.occurred_at, zone, "actions")
    consultation = case.latest
    recorded = ImprovementRecorded(
        consumer_id=consultation.consumer_id, case_id=found.case_id, causes=found.causes, actions=found.actions
    )
    owed = [
        ActionDue(
            case_id=found.case_id,
            action_id=f"{found.case_id}-a{number}",
            origin=ActionOrigin.IMPROVEMENT,
            action=step.action,
            department=step.department,
            owner=step.owner,
            due=step.due,
            causes=found.causes,
            verifier=None,
            office=consultation.office,
            topic=consultation.topic,
            channel=consultation.channel,
        )
        for number, step in enumerate(found.actions, start=1)
    ]
    return [recorded, *owed]


def _stage_9_is_due(case: Feedback, given: Given[Any]) -> None:
    if case.evaluated_at is None:
        raise Refused("not_evaluated", "evaluate effectiveness first (EvaluateEffectiveness)", "case_id", early=True)
    if case.stage_9_at is not None:
        raise Refused("already_recorded", "stage 9 of this case is recorded; stage 10 comes next", "case_id")
    not_before(case.evaluated_at, given.occurred_at, "effectiveness was evaluated")
