"""Stage 10: what became of the advice. Asked after one month and after three; where extended, also after six.

An answer belongs to the survey whose time it is: in the second month after the last consultation to that of one
month, from then on to that of three. What is answered late counts, late.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.feedback.case import Feedback
from shared.contracts.base import Event
from shared.contracts.feedback import (
    EvaluateImpact,
    ExtendImpact,
    ImpactEvaluated,
    ImpactExtended,
    ImpactSurveyDue,
    ImpactUnreached,
    RecordUnreached,
    Survey,
)
from shared.decider import Given, Refused
from shared.rules import months_after, not_before

OPENS: dict[Survey, int] = {Survey.ONE: 1, Survey.THREE: 2, Survey.SIX: 4}
"""From how many months after the last consultation each survey may be held; it is due by the months it is named for,
the first one by three (DOMAIN.md §2: within 1-3 months, where needed up to 6)."""


@dataclass(frozen=True, slots=True)
class _Owed:
    months: Survey
    survey_id: str | None
    """None: the first one, which every satisfied case owes."""


def evaluate(case: Feedback, found: EvaluateImpact, given: Given[Any]) -> Sequence[Event]:
    """One survey's answer, after 9a or 9b; a further survey may then be due."""
    owed = _owed(case, given, found.months)
    consultation = case.latest
    evaluated = ImpactEvaluated(
        consumer_id=consultation.consumer_id,
        case_id=found.case_id,
        consultation_id=consultation.consultation_id,
        channel=consultation.channel,
        office=consultation.office,
        topic=consultation.topic,
        form=consultation.form,
        consultant=consultation.consultant,
        evaluated_by=found.evaluated_by,
        advice_used=found.advice_used,
        changed=found.changed,
        solved=found.solved,
        note=found.note,
        months=owed.months,
        survey_id=owed.survey_id,
    )
    return [evaluated, *_further(case, owed.months, given.occurred_at)]


def record_unreached(case: Feedback, tried: RecordUnreached, given: Given[Any]) -> Sequence[Event]:
    """A consumer who can't be reached ends this survey; the next one is tried again."""
    owed = _owed(case, given, tried.months)
    unreached = ImpactUnreached(
        consumer_id=case.latest.consumer_id,
        case_id=tried.case_id,
        consultation_id=case.latest.consultation_id,
        months=owed.months,
        survey_id=owed.survey_id,
        attempts=tried.attempts,
    )
    return [unreached, *_further(case, owed.months, given.occurred_at)]


def extend(case: Feedback, longer: ExtendImpact, given: Given[Any]) -> Sequence[Event]:
    """Where needed up to six months: once, with a reason, before they are over."""
    stage_9_at = _after_stage_9(case)
    if case.extended:
        raise Refused("already_extended", "this case's impact is extended to six months; that is the most", "case_id")
    not_before(stage_9_at, given.occurred_at, "stage 9 was recorded")
    if given.occurred_at >= _months(case, Survey.SIX):
        raise Refused(
            "too_late", "six months since the consultation are over; record what is known (EvaluateImpact)", "time"
        )
    extended = ImpactExtended(
        consumer_id=case.latest.consumer_id,
        case_id=longer.case_id,
        extended_by=longer.extended_by,
        reason=longer.reason,
    )
    at_once = case.surveyed and case.next_survey is None
    return [extended, _due(case, Survey.SIX)] if at_once else [extended]


def _owed(case: Feedback, given: Given[Any], meant: Survey | None) -> _Owed:
    """The survey whose answer this is."""
    stage_9_at = _after_stage_9(case)
    further = case.next_survey
    if case.surveyed and further is None:
        raise Refused(
            "already_evaluated",
            "this case's impact is evaluated; to ask again after six months, extend it (ExtendImpact)",
            "case_id",
        )
    opens_at = _months(case, OPENS[Survey.ONE]) if further is None else further.opens_at
    if given.occurred_at < opens_at:
        raise Refused("too_early", f"this impact shows later; evaluate it from {opens_at.isoformat()} on", "time")
    not_before(stage_9_at, given.occurred_at, "stage 9 was recorded")
    if further is not None:
        owed = _Owed(Survey(further.months), further.survey_id)
    else:
        first = given.occurred_at < _months(case, OPENS[Survey.THREE])
        owed = _Owed(Survey.ONE if first else Survey.THREE, None)
    if meant is not None and meant is not owed.months:
        raise Refused(
            "other_survey",
            f"the survey after {owed.months.value} months is owed now; leave months out, or send the time it was held",
            "months",
        )
    return owed


def _after_stage_9(case: Feedback) -> datetime:
    if case.stage_9_at is None:
        raise Refused(
            "stage_9_missing",
            "record success factors or improvement first (stage 9), after effectiveness (stage 8)",
            "case_id",
            early=True,
        )
    return case.stage_9_at


def _further(case: Feedback, done: Survey, at: datetime) -> Sequence[ImpactSurveyDue]:
    """What is owed after a survey: nothing whose time is over."""
    if done is Survey.ONE:
        return [_due(case, Survey.THREE)]
    if done is Survey.THREE and case.extended and at < _months(case, Survey.SIX):
        return [_due(case, Survey.SIX)]
    return []


def _due(case: Feedback, survey: Survey) -> ImpactSurveyDue:
    consultation = case.latest
    return ImpactSurveyDue(
        consumer_id=consultation.consumer_id,
        case_id=consultation.case_id,
        consultation_id=consultation.consultation_id,
        survey_id=f"{consultation.case_id}-impact-{survey.value}",
        months=survey,
        channel=consultation.channel,
        office=consultation.office,
        topic=consultation.topic,
        form=consultation.form,
        consultant=consultation.consultant,
        owner=case.manager,
        opens_at=_months(case, OPENS[survey]),
        due_at=_months(case, survey),
    )


def _months(case: Feedback, months: int) -> datetime:
    return months_after(case.latest.held_at, months)
