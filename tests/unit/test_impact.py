"""Stage 10: surveys after one, three and, where extended, six months; and ends without an answer (stages 5 and 10)."""

from __future__ import annotations

from typing import Any

import pytest

from services.feedback.domain import DECIDER
from shared.contracts.base import Command, Event
from shared.contracts.feedback import (
    AssessmentWaived,
    ExtendImpact,
    ImpactEvaluated,
    ImpactExtended,
    ImpactSurveyDue,
    ImpactUnreached,
    NotAssessed,
    RecordNotAssessed,
    RecordUnreached,
    Survey,
)

from .given_when_then import at, given, refused
from .test_feedback_domain import CONTENT, DONE, HELD, IMPACT, NEXT_WEEK, NOON, TEN, assess, evaluate, held

# The consultation ended on 2 March at 11.
ONE_MONTH, TWO_MONTHS, THREE_MONTHS = at("2026-04-02 11:00"), at("2026-05-02 11:00"), at("2026-06-02 11:00")
FOUR_MONTHS, SIX_MONTHS = at("2026-07-02 11:00"), at("2026-09-02 11:00")
UNREACHED = RecordUnreached(case_id="A1", attempts=3)
EXTEND = ExtendImpact(case_id="A1", extended_by="manager-1", reason="the court sits in August")


def done(past: tuple[Any, ...], command: Command, when: Any) -> tuple[Any, ...]:
    """The past and what this command adds to it."""
    outcome = given(DECIDER, past).when(command, at=when)
    assert outcome.refusal is None, outcome.refusal
    return (*past, *((event, when) for event in outcome.events))


AFTER_ONE = done(DONE, IMPACT, ONE_MONTH)
AFTER_THREE = done(AFTER_ONE, IMPACT, TWO_MONTHS)
AFTER_SIX = done(done(AFTER_THREE, EXTEND, THREE_MONTHS), IMPACT, SIX_MONTHS)


def test_after_one_month_and_again_after_three() -> None:
    first = given(DECIDER, DONE).when(IMPACT, at=ONE_MONTH)
    first.then_one(ImpactEvaluated, months=1, survey_id=None)
    first.then_one(ImpactSurveyDue, months=3, owner="manager-1", opens_at=TWO_MONTHS, due_at=THREE_MONTHS)
    second = given(DECIDER, AFTER_ONE).when(IMPACT, at=TWO_MONTHS)
    second.then_one(ImpactEvaluated, months=3, survey_id="A1-impact-3")
    assert len(second.events) == 1
    given(DECIDER, AFTER_THREE).when(IMPACT, at=SIX_MONTHS).then(refused("already_evaluated", "case_id"))


def test_each_survey_is_a_record_of_its_own() -> None:
    months = [event.months for event, _ in AFTER_SIX[len(DONE) :] if isinstance(event, ImpactEvaluated)]
    assert months == [1, 3, 6]


def test_a_survey_is_not_held_before_its_time() -> None:
    early = given(DECIDER, AFTER_ONE).when(IMPACT, at=at("2026-05-02 10:59"))
    assert TWO_MONTHS.isoformat() in str(early.then(refused("too_early", "time")).refusal)
    extended = done(AFTER_THREE, EXTEND, THREE_MONTHS)
    given(DECIDER, extended).when(IMPACT, at=at("2026-07-02 10:59")).then(refused("too_early", "time"))
    given(DECIDER, extended).when(IMPACT, at=FOUR_MONTHS).then_one(ImpactEvaluated, months=6)


def test_an_answer_from_the_third_month_on_is_the_one_after_three_months() -> None:
    outcome = given(DECIDER, DONE).when(IMPACT, at=TWO_MONTHS)
    outcome.then_one(ImpactEvaluated, months=3)
    assert len(outcome.events) == 1


def test_a_survey_that_says_which_it_is_must_be_that() -> None:
    meant = IMPACT.model_copy(update={"months": Survey.THREE})
    given(DECIDER, DONE).when(meant, at=ONE_MONTH).then(refused("other_survey", "months"))
    given(DECIDER, AFTER_ONE).when(meant, at=TWO_MONTHS).then_one(ImpactEvaluated, months=3)


def test_a_consumer_who_can_not_be_reached_is_an_end() -> None:
    first = given(DECIDER, DONE).when(UNREACHED, at=ONE_MONTH)
    first.then_one(ImpactUnreached, months=1, attempts=3)
    first.then_one(ImpactSurveyDue, months=3)
    last = given(DECIDER, done(DONE, UNREACHED, ONE_MONTH)).when(UNREACHED, at=TWO_MONTHS)
    last.then_one(ImpactUnreached, months=3, survey_id="A1-impact-3")
    over = given(DECIDER, done(AFTER_ONE, UNREACHED, TWO_MONTHS))
    over.when(IMPACT, at=SIX_MONTHS).then(refused("already_evaluated", "case_id"))
    given(DECIDER, DONE).when(UNREACHED, at=NEXT_WEEK).then(refused("too_early", "time"))
    given(DECIDER, CONTENT).when(UNREACHED, at=ONE_MONTH).then(refused("stage_9_missing", "case_id", early=True))


def test_an_extension_asks_once_more_by_six_months() -> None:
    outcome = given(DECIDER, AFTER_THREE).when(EXTEND, at=THREE_MONTHS)
    outcome.then_one(ImpactExtended, reason="the court sits in August", extended_by="manager-1")
    outcome.then_one(ImpactSurveyDue, months=6, opens_at=FOUR_MONTHS, due_at=SIX_MONTHS)


@pytest.mark.parametrize("past", [DONE, AFTER_ONE])
def test_extended_early_the_sixth_month_follows_the_third(past: tuple[Event, ...]) -> None:
    extended = done(past, EXTEND, ONE_MONTH)
    assert isinstance(extended[-1][0], ImpactExtended)
    outcome = given(DECIDER, extended).when(IMPACT, at=TWO_MONTHS)
    outcome.then_one(ImpactEvaluated, months=3)
    outcome.then_one(ImpactSurveyDue, months=6)
    too_late = given(DECIDER, extended).when(IMPACT, at=SIX_MONTHS)
    assert len(too_late.events) == 1


def test_six_months_are_the_most() -> None:
    given(DECIDER, AFTER_THREE).when(EXTEND, at=SIX_MONTHS).then(refused("too_late", "time"))
    extended = done(AFTER_THREE, EXTEND, THREE_MONTHS)
    given(DECIDER, extended).when(EXTEND, at=FOUR_MONTHS).then(refused("already_extended", "case_id"))
    given(DECIDER, CONTENT).when(EXTEND, at=ONE_MONTH).then(refused("stage_9_missing", "case_id", early=True))


# ── stage 5 without an answer ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("why", NotAssessed)
def test_a_consultation_nobody_could_assess_is_an_end(why: NotAssessed) -> None:
    waive = RecordNotAssessed(case_id="A1", because=why)
    case = given(DECIDER, HELD)
    outcome = case.when(waive, at=NOON).then_one(AssessmentWaived, consultation_id="A1-1", because=why)
    after = given(DECIDER, (*HELD, *outcome.events))
    after.when(assess(), at=NOON).then(refused("nothing_to_assess", "case_id", later=True))
    after.when(evaluate(), at=NEXT_WEEK).then(refused("not_satisfied_yet", "case_id", later=True))
    assert after.when(held(2, NEXT_WEEK), at=NEXT_WEEK).refusal is None
    given(DECIDER, CONTENT).when(waive, at=NEXT_WEEK).then(refused("nothing_to_assess", "case_id", later=True))
    case.when(waive, at=at("2026-03-02 09:59")).then(refused("before_previous", "time"))
    assert at("2026-03-02 10:00") == TEN
