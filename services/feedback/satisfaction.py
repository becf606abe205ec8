"""Stages 5 and 6: how a consultation went and whether it helped; content (6a), or not and why (6b)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.feedback import causes
from services.feedback.case import Feedback
from shared.contracts.base import Event
from shared.contracts.consult import ConsultHeld
from shared.contracts.feedback import (
    AssessmentDue,
    AssessmentWaived,
    AssessSatisfaction,
    Dissatisfied,
    RecordNotAssessed,
    SatisfactionAssessed,
    Satisfied,
)
from shared.decider import Given, Refused
from shared.rules import not_before, not_in_the_future


def owe_assessment(case: Feedback | None, held: ConsultHeld) -> Sequence[AssessmentDue]:
    """A consultation was held: its assessment is due (stage 5). Told of it twice, it is due once."""
    known = case.consultations if case else 0
    if held.number <= known:
        return []
    if held.number > known + 1:
        raise Refused(
            "unknown_consultation",
            f"consultation {known + 1} of case {held.case_id} is not known here yet; resend this one after it",
            "number",
            later=True,
        )
    return [
        AssessmentDue(
            consumer_id=held.consumer_id,
            case_id=held.case_id,
            consultation_id=held.consultation_id,
            number=held.number,
            channel=held.channel,
            office=held.office,
            topic=held.topic,
            path=held.path,
            form=held.form,
            consultant=held.consultant,
            manager=held.manager,
            started_at=held.started_at,
            held_at=held.ended_at,
            minutes_spent=held.minutes_spent,
            cost=held.cost,
            people=held.people,
        )
    ]


def assess(case: Feedback, said: AssessSatisfaction, given: Given[Any]) -> Sequence[Event]:
    """Stage 5, and with it 6a or 6b: each consultation is assessed once, in its last minutes or after it."""
    _owed(case)
    consultation = case.latest
    not_before(consultation.started_at, given.occurred_at, "the consultation began")
    closed_at = said.closed_at or given.occurred_at
    not_before(given.occurred_at, closed_at, "the assessment", "closed_at")
    not_in_the_future(closed_at, given.now, "closed_at")
    assessed = SatisfactionAssessed(
        consumer_id=consultation.consumer_id,
        case_id=said.case_id,
        consultation_id=consultation.consultation_id,
        number=consultation.number,
        channel=consultation.channel,
        office=consultation.office,
        topic=consultation.topic,
        form=consultation.form,
        consultant=consultation.consultant,
        process=said.process,
        result=said.result,
        satisfied=said.satisfied,
        solved=said.solved,
        owner=case.consultant,
    )
    if said.satisfied:
        return [assessed, _satisfied(case, said, closed_at)]
    return [assessed, _dissatisfied(case, said, closed_at, given)]


def waive(case: Feedback, why: RecordNotAssessed, given: Given[Any]) -> AssessmentWaived:
    """Stage 5 comes to nothing where the consumer would not say, had left, or can't be reached: an end, recorded."""
    _owed(case)
    not_before(case.latest.started_at, given.occurred_at, "the consultation began")
    return AssessmentWaived(
        consumer_id=case.latest.consumer_id,
        case_id=why.case_id,
        consultation_id=case.latest.consultation_id,
        because=why.because,
    )


def _owed(case: Feedback) -> None:
    if case.assessed:
        raise Refused(
            "nothing_to_assess",
            "every consultation of this case is assessed; hold a further one first, where one is due",
            "case_id",
            later=True,
        )


def _satisfied(case: Feedback, said: AssessSatisfaction, closed_at: datetime) -> Satisfied:
    """Stage 6a: wishes and suggestions are noted and the consultation goes into the journal."""
    for field in ("causes", "further_needs", "agreed_follow_up_at"):
        if getattr(said, field):
            raise Refused(
                "causes_without_dissatisfaction",
                f"a satisfied consumer has no {field}; leave it out, or send satisfied=false",
                field,
            )
    consultation = case.latest
    return Satisfied(
        consumer_id=consultation.consumer_id,
        case_id=said.case_id,
        consultation_id=consultation.consultation_id,
        number=consultation.number,
        channel=consultation.channel,
        office=consultation.office,
        topic=consultation.topic,
        form=consultation.form,
        path=consultation.path,
        consultant=consultation.consultant,
        manager=case.manager,
        held_at=consultation.held_at,
        closed_at=closed_at,
        consultations=case.consultations,
        minutes_spent=case.minutes_spent,
        cost=case.cost,
        wishes=said.wishes,
        suggestions=said.suggestions,
    )


def _dissatisfied(case: Feedback, said: AssessSatisfaction, closed_at: datetime, given: Given[Any]) -> Dissatisfied:
    """Stage 6b: the causes and the further needs are found, and the next consultation may be agreed."""
    if not said.causes:
        raise Refused(
            "causes_missing", "find out why the consumer is dissatisfied and name at least one cause", "causes"
        )
    causes.check_named(given, said.causes)
    for field in ("wishes", "suggestions"):
        if getattr(said, field):
            raise Refused(
                "wishes_without_satisfaction", f"put a dissatisfied consumer's {field} into further_needs", field
            )
    if said.agreed_follow_up_at is not None and said.agreed_follow_up_at <= closed_at:
        raise Refused(
            "follow_up_in_the_past",
            "the further consultation must be agreed for a time after the assessment",
            "agreed_follow_up_at",
        )
    consultation = case.latest
    return Dissatisfied(
        consumer_id=consultation.consumer_id,
        case_id=said.case_id,
        consultation_id=consultation.consultation_id,
        number=consultation.number,
        channel=consultation.channel,
        office=consultation.office,
        topic=consultation.topic,
        form=consultation.form,
        consultant=consultation.consultant,
        held_at=consultation.held_at,
        closed_at=closed_at,
        causes=said.causes,
        further_needs=said.further_needs,
        agreed_follow_up_at=said.agreed_follow_up_at,
        owner=case.consultant,
        manager=case.manager,
    )
