"""The clocks of stages 5 to 10 and of actions: who owes what, and how it changes hands (DOMAIN.md §2, §5)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from services.consult.domain import DECIDER as CONSULT
from services.insight.timeline import Deadline
from shared.contracts.base import Message
from shared.contracts.consult import (
    CancelConsultation,
    CaseEnded,
    ConsultationOpened,
    ConsultHeld,
    FollowUpDue,
    HandOverConsultation,
    HoldConsultation,
)
from shared.contracts.feedback import (
    AssessSatisfaction,
    Dissatisfied,
    EffectivenessEvaluated,
    EvaluateEffectiveness,
    EvaluateImpact,
    ExtendImpact,
    FeedbackHandedOver,
    HandOverFeedback,
    RecordSuccessFactors,
    Survey,
)
from shared.contracts.intake import CollectDetails, ReceiveCall, ReceiveRequest
from shared.contracts.quality import CompleteAction, MoveAction, OrderAction, VerifyAction
from shared.contracts.values import CancelGround, Channel, Form, Language, Solved
from shared.decider import Refused

from .case_clocks import clocks
from .case_world import Happened, World
from .given_when_then import at, given

TEN = at("2026-03-02 10:00")
DAY = timedelta(days=1)
ASKED = ReceiveRequest(
    case_id="A1", channel=Channel.WALK_IN, language=Language.KK, office="central", question="?", responsible="m-1"
)
TOLD = CollectDetails(
    case_id="A1",
    expected_result="a form",
    form=Form.OFFICE,
    preparation_needed=False,
    consultant_has_time=True,
    presence_required=True,
    consultant="k-1",
    anonymous_because="a short question",
)
HELD = HoldConsultation(case_id="A1", started_at=TEN + timedelta(minutes=10), form=Form.OFFICE, minutes_spent=30)
CONTENT = AssessSatisfaction(case_id="A1", process=4, result=5, satisfied=True, solved=Solved.YES)
UNCONTENT = CONTENT.model_copy(update={"satisfied": False, "causes": ["unclear_explanation"]})
OF_CONSULT = (ConsultationOpened, ConsultHeld)
FACTORS = RecordSuccessFactors(case_id="A1", factors=["asked first"])
AFTER_ONE = EvaluateImpact(
    case_id="A1", evaluated_by="m-1", advice_used=True, changed=True, solved=Solved.YES, months=Survey.ONE
)
AFTER_THREE = AFTER_ONE.model_copy(update={"months": Survey.THREE})
SIX = ExtendImpact(case_id="A1", extended_by="m-1", reason="the court sits in autumn")
TO_OTHERS = HandOverFeedback(case_id="A1", consultant="k-2", manager="m-2", reason="both leave the centre")


def effective(*, effective: bool) -> EvaluateEffectiveness:
    return EvaluateEffectiveness(case_id="A1", evaluated_by="m-1", degree_solved=80, effective=effective)


EFFECTIVE = effective(effective=True)
STEPS: tuple[tuple[Message, timedelta], ...] = (
    (ASKED, timedelta()),
    (TOLD, timedelta(minutes=5)),
    (HELD, timedelta(minutes=40)),
    (CONTENT, timedelta(minutes=45)),
    (EFFECTIVE, 3 * DAY),
    (FACTORS, 4 * DAY),
    (AFTER_ONE, 40 * DAY),
)


def world(*steps: tuple[Message, timedelta]) -> World:
    made = World(TEN + 80 * DAY)
    for command, after in steps:
        made.submit(command, TEN + after)
        made.settle()
    return made


def owed(made: World) -> dict[str, Deadline]:
    return {one.indicator: one for one in clocks(made) if one.runs}


@pytest.mark.parametrize(("verdict", "indicator"), [(True, "success_factors"), (False, "improvement")])
def test_stage_9_is_the_manager_s_within_a_week(verdict: bool, indicator: str) -> None:
    """Regression: after the evaluation nobody owed anything until the impact was to show."""
    made = world(*STEPS[:4], (effective(effective=verdict), 3 * DAY))
    assert {"success_factors", "improvement"} & owed(made).keys() == {indicator}
    assert owed(made)[indicator].owner == "m-1"
    assert owed(made)[indicator].due_at == TEN + 10 * DAY


def test_stage_9_ends_with_what_is_recorded() -> None:
    [one] = [one for one in clocks(world(*STEPS[:6])) if one.indicator == "success_factors"]
    assert one.verdict == "met"


def test_of_an_evaluation_from_before_stage_9_was_timed_nothing_is_late() -> None:
    made = world(*STEPS[:5])
    [evaluated] = [one for one in made.log if isinstance(one.event, EffectivenessEvaluated)]
    old = Happened(evaluated.event.model_copy(update={"manager": None}), evaluated.at)
    made.log[made.log.index(evaluated)] = old
    assert "success_factors" not in owed(made)


@pytest.mark.parametrize(
    ("done", "indicators"),
    [
        (3, {"satisfaction": "k-2", "topical_issues": "k-2"}),
        (4, {"topical_issues": "k-2", "effectiveness": "m-2", "impact": "m-2"}),
        (5, {"topical_issues": "k-2", "success_factors": "m-2", "impact": "m-2"}),
        (6, {"topical_issues": "k-2", "impact": "m-2"}),
        (7, {"topical_issues": "k-2", "impact_again": "m-2"}),
    ],
)
def test_whoever_takes_over_owes_all_that_is_still_to_come(done: int, indicators: dict[str, str]) -> None:
    """Regression: satisfaction, effectiveness and the impact stayed with whoever had left."""
    made = world(*STEPS[:done], (TO_OTHERS, STEPS[done - 1][1] + timedelta(minutes=1)))
    assert {name: one.owner for name, one in owed(made).items()} == indicators


def test_after_a_hand_over_whoever_left_owes_nothing_more_of_the_case() -> None:
    """Regression: a dissatisfaction told to the successor made the follow-up, and its closing, the leaver's."""
    left = world(*STEPS[:3], (TO_OTHERS, timedelta(minutes=42)), (UNCONTENT, timedelta(minutes=45)))
    assert {name: one.owner for name, one in owed(left).items()} == {"follow_up": "k-2", "topical_issues": "k-2"}
    [closing] = [one for one in clocks(left) if one.indicator == "closing"]
    assert (closing.owner, closing.verdict) == ("k-2", "met")
    # A dissatisfaction of before it said who has the case is owed by whoever held the consultation.
    [said] = [one.event for one in left.log if isinstance(one.event, Dissatisfied)]
    of_old = given(CONSULT, tuple((one.event, one.at) for one in left.log if isinstance(one.event, OF_CONSULT)))
    of_old.when(said.model_copy(update={"owner": None})).then_one(FollowUpDue, owner="k-1")


def test_the_issues_of_every_consultation_change_hands_by_either_service() -> None:
    """Regression: the issues of the first of two consultations could be passed on by nobody."""
    again = HELD.model_copy(update={"started_at": TEN + DAY})
    steps = (*STEPS[:3], (UNCONTENT, timedelta(minutes=45)), (again, DAY + timedelta(minutes=30)))
    after = DAY + timedelta(minutes=31)
    assert issues(world(*steps)) == ["k-1", "k-1"]
    assert issues(world(*steps, (TO_OTHERS, after))) == ["k-2", "k-2"]
    # And consult's own hand-over reaches what feedback's has passed on.
    to_k_3 = HandOverConsultation(case_id="A1", consultant="k-3", reason="back in spring")
    passed = world(*steps, (TO_OTHERS, after), (UNCONTENT, DAY + timedelta(minutes=35)), (to_k_3, 2 * DAY))
    assert issues(passed) == ["k-3", "k-3"]
    assert owed(passed)["follow_up"].owner == "k-3"


def test_issues_owed_after_the_last_survey_still_change_hands() -> None:
    """Regression: with the impact known, feedback owed nothing and consult was done: they stayed with who had left."""
    passed = HandOverFeedback(case_id="A1", consultant="k-2", reason="leaves the centre")
    made = world(*STEPS, (AFTER_THREE, 70 * DAY), (passed, 71 * DAY))
    assert {name: one.owner for name, one in owed(made).items()} == {"topical_issues": "k-2"}
    with pytest.raises(Refused, match="name the new consultant"):
        made.submit(passed.model_copy(update={"consultant": None, "manager": "m-2"}))


def test_who_manages_the_case_by_a_hand_over_ends_it_where_a_further_consultation_is_owed() -> None:
    """Regression: consult asked for the word of the manager who had left."""
    to_m_2 = HandOverFeedback(case_id="A1", manager="m-2", reason="m-1 leaves the centre")
    made = world(*STEPS[:3], (to_m_2, timedelta(minutes=42)), (UNCONTENT, timedelta(minutes=45)))
    off = CancelConsultation(case_id="A1", ground=CancelGround.OUT_OF_REMIT, reason="a court's", approved_by="m-1")
    with pytest.raises(Refused, match="only m-2"):
        made.submit(off)
    assert any(isinstance(one, CaseEnded) for one in made.submit(off.model_copy(update={"approved_by": "m-2"})))
    # A dissatisfaction of before it said who manages the case leaves it as consult knows.
    [said] = [one.event for one in made.log if isinstance(one.event, Dissatisfied)]
    of_old = given(CONSULT, tuple((one.event, one.at) for one in made.log if isinstance(one.event, OF_CONSULT)))
    [owes] = of_old.when(said.model_copy(update={"manager": None})).events
    opened = tuple((one.event, one.at) for one in made.log if isinstance(one.event, OF_CONSULT))
    again = given(CONSULT, (*opened, (owes, made.now)))
    assert "only m-1" in str(again.when(off.model_copy(update={"approved_by": "m-2"}), at=made.now).refusal)


def test_an_older_hand_over_passed_on_the_issues_of_the_last_consultation() -> None:
    made = world(*STEPS[:3], (TO_OTHERS, timedelta(minutes=42)))
    [passed] = [one for one in made.log if isinstance(one.event, FeedbackHandedOver)]
    old = Happened(passed.event.model_copy(update={"issues_of": None}), passed.at)
    made.log[made.log.index(passed)] = old
    assert issues(made) == ["k-2"]


def issues(made: World) -> list[str | None]:
    return [one.owner for one in clocks(made) if one.indicator == "topical_issues"]


def test_what_begins_after_a_hand_over_is_owed_by_the_new_manager() -> None:
    made = world(*STEPS[:3], (TO_OTHERS, timedelta(minutes=42)), *STEPS[3:])
    by = {one.indicator: one.owner for one in clocks(made)}
    named = ("effectiveness", "success_factors", "impact", "impact_again")
    assert {name: by[name] for name in named} == dict.fromkeys(named, "m-2")


def test_who_managed_a_case_before_its_follow_up_does_not_owe_what_follows_that() -> None:
    """Regression: once feedback had handed a case to one manager, and consult to the next, stage 9 was the former's."""
    taken = HandOverFeedback(case_id="A1", manager="m-2", reason="on leave")
    to_m_3 = HandOverConsultation(case_id="A1", manager="m-3", reason="leaves the centre")
    again = HELD.model_copy(update={"started_at": TEN + DAY})
    half_past = DAY + timedelta(minutes=30)
    steps = (
        *STEPS[:3],
        (taken, timedelta(minutes=41)),
        (UNCONTENT, timedelta(minutes=45)),
        (to_m_3, timedelta(hours=1)),
    )
    by_m_3 = EFFECTIVE.model_copy(update={"evaluated_by": "m-3"})
    made = world(*steps, (again, half_past), (CONTENT, half_past), (by_m_3, 3 * DAY))
    by = {one.indicator: one.owner for one in clocks(made)}
    named = ("effectiveness", "success_factors", "impact")
    assert {name: by[name] for name in named} == dict.fromkeys(named, "m-3")


def test_the_check_of_an_action_changes_hands_also_once_it_is_done() -> None:
    order = OrderAction(
        action_id="Z1",
        action="print samples",
        department="front_office",
        owner="k-1",
        due=date(2026, 3, 31),
        verifier="m-1",
    )
    done = CompleteAction(action_id="Z1", done="printed")
    passed = MoveAction(action_id="Z1", verifier="m-2", reason="on leave")
    checked = VerifyAction(action_id="Z1", verified_by="m-2", cause_gone=False, finding="no", due=date(2026, 4, 30))
    made = world((order, timedelta()), (done, DAY), (passed, 2 * DAY))
    assert {name: one.owner for name, one in owed(made).items()} == {"action_check": "m-2"}
    made = world((order, timedelta()), (done, DAY), (passed, 2 * DAY), (checked, 3 * DAY), (done, 4 * DAY))
    assert {name: one.owner for name, one in owed(made).items()} == {"action_check": "m-2"}
    # Named before the deed, the new one checks it, too.
    made = world((order, timedelta()), (passed, DAY), (done, 2 * DAY))
    assert {name: one.owner for name, one in owed(made).items()} == {"action_check": "m-2"}


def test_one_engine_holds_limits_from_forty_seconds_to_half_a_year() -> None:
    made = world(*STEPS, (AFTER_THREE, 70 * DAY), (SIX, 71 * DAY))
    made.submit(ReceiveCall(call_id="C1", language=Language.KK, office="central", operator="o-1"), TEN)
    [waiting] = [one for one in clocks(made) if one.indicator == "call_waiting"]
    [last] = [one for one in clocks(made) if one.indicator == "impact_again" and one.runs]
    assert waiting.due_at - TEN == timedelta(seconds=40)
    assert last.due_at == at("2026-09-02 10:40")
