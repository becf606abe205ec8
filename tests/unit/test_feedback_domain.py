"""The rules of feedback: DOMAIN.md §2 stages 5, 6, 8, 9 and 10."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from services.feedback.domain import DECIDER
from shared.contracts.base import Event
from shared.contracts.consult import ConsultHeld
from shared.contracts.feedback import (
    AssessmentDue,
    AssessSatisfaction,
    Dissatisfied,
    EffectivenessEvaluated,
    EvaluateEffectiveness,
    EvaluateImpact,
    FeedbackHandedOver,
    HandOverFeedback,
    ImpactEvaluated,
    ImpactSurveyDue,
    ImprovementAction,
    ImprovementRecorded,
    RecordImprovement,
    RecordSuccessFactors,
    SatisfactionAssessed,
    Satisfied,
    SuccessFactorsRecorded,
)
from shared.contracts.quality import ActionDue, ActionOrigin
from shared.contracts.values import Channel, Form, Path, Solved

from .given_when_then import at, given, refused

TEN = at("2026-03-02 10:00")
ELEVEN = at("2026-03-02 11:00")
NOON = at("2026-03-02 12:00")
TOMORROW = at("2026-03-03 15:00")
NEXT_WEEK = at("2026-03-09 10:00")
A_MONTH_LATER = at("2026-04-02 11:00")

WHO: dict[str, Any] = {"consumer_id": "c-A1", "case_id": "A1", "consultant": "consultant-1"}
WHAT: dict[str, Any] = {"channel": Channel.WALK_IN, "office": "central", "topic": "pensions", "form": Form.OFFICE}
WORK: dict[str, Any] = {"minutes_spent": 50, "cost": 12_000, "people": 2}


def held(number: int = 1, ended_at: datetime = ELEVEN) -> ConsultHeld:
    return ConsultHeld(
        consultation_id=f"A1-{number}",
        number=number,
        path=Path.AT_ONCE,
        manager="manager-1",
        started_at=ended_at - timedelta(hours=1),
        ended_at=ended_at,
        **WHO,
        **WHAT,
        **WORK,
    )


def due(number: int = 1, held_at: datetime = ELEVEN) -> AssessmentDue:
    return AssessmentDue(
        consultation_id=f"A1-{number}",
        number=number,
        path=Path.AT_ONCE,
        manager="manager-1",
        started_at=held_at - timedelta(hours=1),
        held_at=held_at,
        **WHO,
        **WHAT,
        **WORK,
    )


def assess(*, satisfied: bool = True, **more: Any) -> AssessSatisfaction:
    causes = {} if satisfied else {"causes": ["unclear_explanation"]}
    facts: dict[str, Any] = {"process": 4, "result": 5 if satisfied else 2, "solved": Solved.HALF} | causes | more
    return AssessSatisfaction(case_id="A1", satisfied=satisfied, **facts)


def assessed(*, satisfied: bool = True, number: int = 1) -> SatisfactionAssessed:
    return SatisfactionAssessed(
        consultation_id=f"A1-{number}",
        number=number,
        process=4,
        result=5 if satisfied else 2,
        satisfied=satisfied,
        solved=Solved.HALF,
        owner="consultant-1",
        **WHO,
        **WHAT,
    )


def satisfied(number: int = 1, held_at: datetime = ELEVEN, closed_at: datetime = NOON, **more: Any) -> Satisfied:
    return Satisfied(
        consultation_id=f"A1-{number}",
        number=number,
        path=Path.AT_ONCE,
        manager="manager-1",
        held_at=held_at,
        closed_at=closed_at,
        consultations=number,
        minutes_spent=50 * number,
        cost=12_000 * number,
        **WHO,
        **WHAT,
        **more,
    )


def dissatisfied(**more: Any) -> Dissatisfied:
    who = {"owner": "consultant-1", "manager": "manager-1"}
    facts: dict[str, Any] = {"closed_at": NOON, "agreed_follow_up_at": None} | who | more
    return Dissatisfied(
        consultation_id="A1-1", number=1, held_at=ELEVEN, causes=["unclear_explanation"], **WHO, **WHAT, **facts
    )


def evaluate(*, effective: bool = True) -> EvaluateEffectiveness:
    return EvaluateEffectiveness(case_id="A1", evaluated_by="manager-1", degree_solved=80, effective=effective)


def evaluated(*, effective: bool = True, number: int = 1) -> EffectivenessEvaluated:
    return EffectivenessEvaluated(
        consultation_id=f"A1-{number}",
        evaluated_by="manager-1",
        manager="manager-1",
        effective=effective,
        degree_solved=80,
        consultations=number,
        minutes_spent=50 * number,
        cost=12_000 * number,
        process=4,
        result=5,
        solved=Solved.HALF,
        **WHO,
        **WHAT,
    )


FACTORS = RecordSuccessFactors(case_id="A1", factors=["asked first"])
FACTORS_RECORDED = SuccessFactorsRecorded(consumer_id="c-A1", case_id="A1", factors=["asked first"], topic="pensions")
STEPS = [ImprovementAction(action="train", owner="manager-1", due=date(2026, 4, 1))]
IMPROVE = RecordImprovement(case_id="A1", causes=["unclear_explanation"], actions=STEPS)
IMPROVED = ImprovementRecorded(consumer_id="c-A1", case_id="A1", causes=["unclear_explanation"], actions=STEPS)
OWED = ActionDue(
    case_id="A1",
    action_id="A1-a1",
    origin=ActionOrigin.IMPROVEMENT,
    action="train",
    department=None,
    owner="manager-1",
    due=date(2026, 4, 1),
    causes=["unclear_explanation"],
    verifier=None,
    office="central",
    topic="pensions",
    channel=Channel.WALK_IN,
)
IMPACT = EvaluateImpact(
    case_id="A1", evaluated_by="manager-1", advice_used=True, changed=False, solved=Solved.YES, note="pays less"
)
IMPACT_EVALUATED = ImpactEvaluated(
    consultation_id="A1-1",
    evaluated_by="manager-1",
    advice_used=True,
    changed=False,
    solved=Solved.YES,
    note="pays less",
    **WHO,
    **WHAT,
)

ASKED_AGAIN = ImpactSurveyDue(
    consultation_id="A1-1",
    survey_id="A1-impact-3",
    months=3,
    owner="manager-1",
    opens_at=at("2026-05-02 11:00"),
    due_at=at("2026-06-02 11:00"),
    **WHO,
    **WHAT,
)

HELD: tuple[Any, ...] = ((due(), ELEVEN),)
CONTENT = (*HELD, (assessed(), NOON), (satisfied(), NOON))
DISCONTENT = (*HELD, (assessed(satisfied=False), NOON), (dissatisfied(), NOON))
EFFECTIVE = (*CONTENT, (evaluated(), TOMORROW))
INEFFECTIVE = (*CONTENT, (evaluated(effective=False), TOMORROW))


# ── stage 5: the assessment ──────────────────────────────────────────────────────────────────────────────────


def test_a_held_consultation_owes_an_assessment() -> None:
    given(DECIDER).when(held(), at=ELEVEN).then(due())
    given(DECIDER, DISCONTENT).when(held(2, TOMORROW), at=TOMORROW).then(due(2, TOMORROW))


@pytest.mark.parametrize("happened", [HELD, CONTENT, (*DISCONTENT, (due(2, TOMORROW), TOMORROW))])
def test_told_twice_of_a_consultation_one_assessment_is_owed(happened: Any) -> None:
    given(DECIDER, happened).when(held(), at=ELEVEN).then_nothing()


def test_a_consultation_that_overtook_the_one_before_waits() -> None:
    waits = refused("unknown_consultation", "number", later=True)
    given(DECIDER).when(held(2, TOMORROW), at=TOMORROW).then(waits)
    given(DECIDER, HELD).when(held(3, TOMORROW), at=TOMORROW).then(waits)


@pytest.mark.parametrize("happened", [CONTENT, DISCONTENT, EFFECTIVE])
def test_a_consultation_is_assessed_once(happened: Any) -> None:
    case = given(DECIDER, happened)
    case.when(assess(), at=NEXT_WEEK).then(refused("nothing_to_assess", "case_id", later=True))


def test_the_assessment_belongs_to_the_consultations_last_minutes() -> None:
    ten_to_eleven = at("2026-03-02 10:50")
    case = given(DECIDER, HELD)
    case.when(assess(), at=ten_to_eleven).then(assessed(), satisfied(closed_at=ten_to_eleven))
    case.when(assess(), at=TEN - timedelta(seconds=1)).then(refused("before_previous", "time"))


# ── stage 6a and 6b ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_satisfied_consumer_is_asked_for_wishes() -> None:
    case = given(DECIDER, HELD)
    case.when(assess(wishes="longer hours"), at=NOON).then(assessed(), satisfied(wishes="longer hours"))


def test_a_dissatisfied_consumer_is_asked_for_causes_and_needs() -> None:
    more: dict[str, Any] = {"further_needs": "a lawyer", "agreed_follow_up_at": NEXT_WEEK}
    case = given(DECIDER, HELD)
    case.when(assess(satisfied=False, **more), at=NOON).then(assessed(satisfied=False), dissatisfied(**more))


def test_no_dissatisfaction_without_a_cause() -> None:
    given(DECIDER, HELD).when(assess(satisfied=False, causes=[]), at=NOON).then(refused("causes_missing", "causes"))


@pytest.mark.parametrize(
    ("field", "value"),
    [("causes", ["unclear_explanation"]), ("further_needs", "a lawyer"), ("agreed_follow_up_at", NEXT_WEEK)],
)
def test_no_cause_without_dissatisfaction(field: str, value: Any) -> None:
    message = assess(**{field: value})
    given(DECIDER, HELD).when(message, at=NOON).then(refused("causes_without_dissatisfaction", field))


def test_a_dissatisfied_consumers_wishes_are_needs() -> None:
    message = assess(satisfied=False, wishes="longer hours")
    given(DECIDER, HELD).when(message, at=NOON).then(refused("wishes_without_satisfaction", "wishes"))


def test_a_further_consultation_is_agreed_for_later() -> None:
    case = given(DECIDER, HELD)
    same_time = assess(satisfied=False, agreed_follow_up_at=NOON)
    case.when(same_time, at=NOON).then(refused("follow_up_in_the_past", "agreed_follow_up_at"))


def test_stage_6_ends_after_stage_5_and_not_in_the_future() -> None:
    case = given(DECIDER, HELD)
    in_ten_minutes = NOON + timedelta(minutes=10)
    closing = assess(closed_at=in_ten_minutes)
    case.when(closing, at=NOON, now=in_ten_minutes).then(assessed(), satisfied(closed_at=in_ten_minutes))
    case.when(closing, at=NOON, now=NOON).then(refused("in_the_future", "closed_at"))
    case.when(assess(closed_at=ELEVEN), at=NOON).then(refused("before_previous", "closed_at"))


# ── stage 8 ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("effective", [True, False])
def test_effectiveness_is_evaluated_once_after_satisfaction(effective: bool) -> None:
    message = evaluate(effective=effective)
    given(DECIDER, CONTENT).when(message, at=TOMORROW).then(evaluated(effective=effective))
    given(DECIDER, EFFECTIVE).when(message, at=NEXT_WEEK).then(refused("already_evaluated", "case_id"))


@pytest.mark.parametrize("happened", [HELD, DISCONTENT])
def test_no_evaluation_before_satisfaction(happened: Any) -> None:
    case = given(DECIDER, happened)
    case.when(evaluate(), at=TOMORROW).then(refused("not_satisfied_yet", "case_id", later=True))


def test_the_resources_are_those_of_all_consultations() -> None:
    second = (*DISCONTENT, (due(2, TOMORROW), TOMORROW))
    content = satisfied(2, held_at=TOMORROW, closed_at=TOMORROW)
    given(DECIDER, second).when(assess(), at=TOMORROW).then(assessed(number=2), content)
    case = given(DECIDER, (*second, (assessed(number=2), TOMORROW), (content, TOMORROW)))
    case.when(evaluate(), at=NEXT_WEEK).then(evaluated(number=2))


def test_costs_of_many_consultations_may_exceed_any_single_one() -> None:
    dear = due().model_copy(update={"cost": 10**13})
    dear_again = due(2, TOMORROW).model_copy(update={"cost": 10**13})
    case = given(DECIDER, ((dear, ELEVEN), *DISCONTENT[1:], (dear_again, TOMORROW)))
    case.when(assess(), at=TOMORROW).then_one(Satisfied, cost=2 * 10**13)


# ── stage 9 ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_effective_case_has_success_factors() -> None:
    given(DECIDER, EFFECTIVE).when(FACTORS, at=NEXT_WEEK).then(FACTORS_RECORDED)
    given(DECIDER, EFFECTIVE).when(IMPROVE, at=NEXT_WEEK).then(refused("effective", "case_id"))


def test_an_ineffective_case_is_improved_on() -> None:
    given(DECIDER, INEFFECTIVE).when(IMPROVE, at=NEXT_WEEK).then(IMPROVED, OWED)
    given(DECIDER, INEFFECTIVE).when(FACTORS, at=NEXT_WEEK).then(refused("not_effective", "case_id"))


@pytest.mark.parametrize(
    ("happened", "message"),
    [((*EFFECTIVE, FACTORS_RECORDED), FACTORS), ((*INEFFECTIVE, IMPROVED), IMPROVE)],
)
def test_stage_9_is_recorded_once(happened: Any, message: Any) -> None:
    given(DECIDER, happened).when(message, at=NEXT_WEEK).then(refused("already_recorded", "case_id"))


@pytest.mark.parametrize("message", [FACTORS, IMPROVE])
def test_no_stage_9_before_stage_8(message: Any) -> None:
    case = given(DECIDER, CONTENT)
    case.when(message, at=NEXT_WEEK).then(refused("not_evaluated", "case_id", early=True))


# ── stage 10 ─────────────────────────────────────────────────────────────────────────────────────────────────

DONE = (*EFFECTIVE, (FACTORS_RECORDED, NEXT_WEEK))


@pytest.mark.parametrize("happened", [DONE, (*INEFFECTIVE, (IMPROVED, NEXT_WEEK))])
def test_an_impact_shows_a_month_after_the_consultation(happened: Any) -> None:
    case = given(DECIDER, happened)
    outcome = case.when(IMPACT, at=A_MONTH_LATER - timedelta(seconds=1)).then(refused("too_early", "time"))
    assert A_MONTH_LATER.isoformat() in str(outcome.refusal)
    case.when(IMPACT, at=A_MONTH_LATER).then(IMPACT_EVALUATED, ASKED_AGAIN)


def test_an_impact_evaluated_after_half_a_year_is_late_not_refused() -> None:
    late = IMPACT_EVALUATED.model_copy(update={"months": 3})
    given(DECIDER, DONE).when(IMPACT, at=at("2027-03-02 11:00")).then(late)


def test_a_month_after_the_31st_is_the_next_months_last_day() -> None:
    end_of_january = at("2026-01-31 11:00")
    happened = ((due(held_at=end_of_january), end_of_january), *DONE[1:])
    case = given(DECIDER, happened)
    # Stage 9 was recorded on 9 March; only the date the message names is at stake here.
    assert "2026-02-28" in str(case.when(IMPACT, at=at("2026-02-27 11:00")).then(refused("too_early", "time")).refusal)


def test_the_month_counts_from_the_last_consultation() -> None:
    second = (
        *DISCONTENT,
        (due(2, TOMORROW), TOMORROW),
        (satisfied(2, held_at=TOMORROW, closed_at=TOMORROW), TOMORROW),
        (evaluated(number=2), NEXT_WEEK),
        (FACTORS_RECORDED, NEXT_WEEK),
    )
    given(DECIDER, second).when(IMPACT, at=A_MONTH_LATER).then(refused("too_early", "time"))
    given(DECIDER, second).when(IMPACT, at=at("2026-04-03 15:00")).then_one(ImpactEvaluated, consultation_id="A1-2")


@pytest.mark.parametrize("happened", [HELD, CONTENT, EFFECTIVE])
def test_no_stage_10_before_stage_9(happened: Any) -> None:
    case = given(DECIDER, happened)
    case.when(IMPACT, at=A_MONTH_LATER).then(refused("stage_9_missing", "case_id", early=True))


def test_impact_is_evaluated_once() -> None:
    case = given(DECIDER, (*DONE, (IMPACT_EVALUATED, A_MONTH_LATER)))
    case.when(IMPACT, at=A_MONTH_LATER).then(refused("already_evaluated", "case_id"))


# ── which case, and when ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("message", [assess(), evaluate(), FACTORS, IMPROVE, IMPACT])
def test_an_unknown_case_may_yet_become_known(message: Any) -> None:
    given(DECIDER).when(message, at=NOON).then(refused("unknown_case", "case_id", later=True))


@pytest.mark.parametrize(
    ("happened", "message", "previous"),
    [
        (CONTENT, evaluate(), NOON),
        (EFFECTIVE, FACTORS, TOMORROW),
        (INEFFECTIVE, IMPROVE, TOMORROW),
        ((*EFFECTIVE, (FACTORS_RECORDED, at("2026-05-01 10:00"))), IMPACT, at("2026-05-01 10:00")),
    ],
)
def test_nothing_happens_before_what_it_follows(happened: Any, message: Any, previous: datetime) -> None:
    too_soon = previous - timedelta(seconds=1)
    given(DECIDER, happened).when(message, at=too_soon).then(refused("before_previous", "time"))
    assert given(DECIDER, happened).when(message, at=previous).refusal is None


@pytest.mark.parametrize(
    ("happened", "message"),
    [(HELD, assess()), (CONTENT, evaluate()), (EFFECTIVE, FACTORS), (INEFFECTIVE, IMPROVE), (DONE, IMPACT)],
)
def test_nothing_happens_in_the_future(happened: tuple[Event, ...], message: Any) -> None:
    outcome = given(DECIDER, happened).when(message, at=A_MONTH_LATER, now=NEXT_WEEK)
    outcome.then(refused("in_the_future", "time"))


# ── handed over ──────────────────────────────────────────────────────────────────────────────────────────────


def pass_on(**to: str) -> HandOverFeedback:
    return HandOverFeedback(case_id="A1", reason="on leave", **to)


def test_what_is_still_owed_is_handed_over_to_somebody_else() -> None:
    """Regression: from the end of a consultation to the last survey, half a year later, nobody could take over."""
    past = (due(), assessed(), satisfied())
    to_m_2 = FeedbackHandedOver(
        consumer_id="c-A1",
        case_id="A1",
        consultation_id="A1-1",
        office="central",
        topic="pensions",
        channel=Channel.WALK_IN,
        manager="manager-2",
        previous_manager="manager-1",
        reason="on leave",
    )
    given(DECIDER, past).when(pass_on(manager="manager-2")).then(to_m_2)
    given(DECIDER, past).when(pass_on()).then(refused("nobody_named", "manager"))
    given(DECIDER, past).when(pass_on(manager="manager-1")).then(refused("same_person", "manager"))
    given(DECIDER, (*past, to_m_2)).when(pass_on(manager="manager-2")).then(refused("same_person", "manager"))
    given(DECIDER, past).when(pass_on(consultant="consultant-1")).then(refused("same_person", "consultant"))
    given(DECIDER).when(pass_on(manager="manager-2")).then(refused("unknown_case", "case_id", later=True))


def test_who_takes_over_is_not_who_held_it() -> None:
    to_c_2 = given(DECIDER, (due(),)).when(pass_on(consultant="consultant-2")).events
    outcome = given(DECIDER, (due(), *to_c_2)).when(assess(), at=NOON)
    outcome.then_one(SatisfactionAssessed, consultant="consultant-1", owner="consultant-2")
    outcome.then_one(Satisfied, consultant="consultant-1")


def test_a_hand_over_passes_the_issues_of_all_consultations_on() -> None:
    """Regression: the topical issues of the first of two consultations stayed with whoever had left."""
    further = given(DECIDER, (due(), assessed(satisfied=False), dissatisfied(), due(2)))
    to_c_2 = pass_on(consultant="consultant-2")
    further.when(to_c_2).then_one(FeedbackHandedOver, consultation_id="A1-2", issues_of=["A1-1", "A1-2"])
    further.when(pass_on(manager="manager-2")).then_one(FeedbackHandedOver, issues_of=None)


def test_a_further_consultation_that_is_owed_is_consults_to_hand_over() -> None:
    """Regression: the new consultant was named, and the follow-up stayed with the one who had left."""
    left = (due(), assessed(satisfied=False), dissatisfied())
    to_c_2, to_m_2 = pass_on(consultant="consultant-2"), pass_on(manager="manager-2")
    given(DECIDER, left).when(to_c_2).then(refused("follow_up_owed", "consultant"))
    given(DECIDER, left).when(to_m_2).then_one(FeedbackHandedOver, manager="manager-2")
    given(DECIDER, (*left, due(2))).when(to_c_2).then_one(FeedbackHandedOver, consultant="consultant-2")


def test_a_hand_over_holds_until_consult_names_another_manager() -> None:
    to_m_2 = given(DECIDER, (due(),)).when(pass_on(manager="manager-2")).events
    of_m_3 = due(3).model_copy(update={"manager": "manager-3"})
    further = (due(), *to_m_2, assessed(satisfied=False), dissatisfied(), due(2))
    given(DECIDER, further).when(assess(), at=NOON).then_one(Satisfied, manager="manager-2")
    given(DECIDER, (*further, of_m_3)).when(assess(), at=NOON).then_one(Satisfied, manager="manager-3")


@pytest.mark.parametrize("solved", Solved)
def test_half_solved_is_an_answer_of_its_own(solved: Solved) -> None:
    assert set(Solved) == {"yes", "half", "no"}
    given(DECIDER, (due(),)).when(assess(solved=solved), at=NOON).then_one(SatisfactionAssessed, solved=solved)
