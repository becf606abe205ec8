"""Quality inspections with checklists (DOMAIN.md §5)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from services.feedback.checklists import CHECKLISTS
from services.feedback.domain import DECIDER, decider
from services.feedback.inspections import score
from shared.contracts.quality import (
    ActionDue,
    ActionOrigin,
    CorrectiveAction,
    InspectionRecorded,
    Mark,
    Marked,
    RecordInspection,
)
from shared.regimes import CASE_TYPES

from .given_when_then import ALMATY, given, refused

COMMON = {
    "greeting",
    "consumers_language",
    "introduction",
    "purpose",
    "help_or_hand_over",
    "further_services",
    "farewell",
}


def all_marked(checklist: str = "counter", mark: Mark = Mark.MET, **others: Mark) -> list[Marked]:
    return [Marked(point=point, mark=others.get(point, mark)) for point in CHECKLISTS[checklist]]


def inspect(**more: Any) -> RecordInspection:
    facts: dict[str, Any] = {
        "inspection_id": "Q1",
        "checklist": "counter",
        "employee": "k-1",
        "facility": "po-north-1",
        "inspector": "m-1",
        "marks": all_marked(),
    }
    return RecordInspection(**facts | more)


def test_every_conversation_has_the_same_seven_points_then_come_conduct_and_phone_manners() -> None:
    assert all(set(points) > COMMON for points in CHECKLISTS.values())
    assert {"eye_contact", "posture"} <= set(CHECKLISTS["counter"])
    assert {"no_interrupting", "hold_announced"} <= set(CHECKLISTS["phone"])


def test_an_inspection_is_scored_by_weight() -> None:
    given(DECIDER).when(inspect()).then_one(InspectionRecorded, score=100, employee="k-1", facility="po-north-1")
    given(DECIDER).when(inspect(marks=all_marked(mark=Mark.NOT_MET))).then_one(InspectionRecorded, score=0)
    given(DECIDER).when(inspect(marks=all_marked(mark=Mark.PARTLY))).then_one(InspectionRecorded, score=50)
    # 16 points of weight; help weighs 3 of them.
    without_help = all_marked(help_or_hand_over=Mark.NOT_MET)
    given(DECIDER).when(inspect(marks=without_help)).then_one(InspectionRecorded, score=round(100 * 13 / 16))
    not_asked = all_marked(help_or_hand_over=Mark.NOT_APPLICABLE, greeting=Mark.NOT_MET)
    given(DECIDER).when(inspect(marks=not_asked)).then_one(InspectionRecorded, score=round(100 * 12 / 13))


@drawn(st.lists(st.sampled_from(Mark), min_size=len(CHECKLISTS["phone"]), max_size=len(CHECKLISTS["phone"])))
def test_a_better_mark_never_lowers_the_score(marks: list[Mark]) -> None:
    points = CHECKLISTS["phone"]
    found = [Marked(point=point, mark=mark) for point, mark in zip(points, marks, strict=True)]
    if all(one.mark is Mark.NOT_APPLICABLE for one in found):
        return
    before = score(points, found)
    assert 0 <= before <= 100
    for index, one in enumerate(found):
        if one.mark in {Mark.NOT_MET, Mark.PARTLY}:
            better = one.model_copy(update={"mark": Mark.MET})
            assert score(points, [*found[:index], better, *found[index + 1 :]]) >= before


def test_every_point_is_marked_once() -> None:
    given(DECIDER).when(inspect(marks=all_marked()[1:])).then(refused("checklist_incomplete", "marks"))
    twice = [*all_marked(), Marked(point="greeting", mark=Mark.MET)]
    given(DECIDER).when(inspect(marks=twice)).then(refused("checklist_incomplete", "marks"))
    odd = [*all_marked(), Marked(point="shoes", mark=Mark.MET)]
    outcome = given(DECIDER).when(inspect(marks=odd)).then(refused("unknown_point", "marks"))
    assert "eye_contact" in str(outcome.refusal)
    nothing = all_marked(mark=Mark.NOT_APPLICABLE)
    given(DECIDER).when(inspect(marks=nothing)).then(refused("nothing_applies", "marks"))
    outcome = given(DECIDER).when(inspect(checklist="shop")).then(refused("unknown_checklist", "checklist"))
    assert "counter, phone" in str(outcome.refusal)


def test_nobody_inspects_their_own_work() -> None:
    given(DECIDER).when(inspect(inspector="k-1")).then(refused("own_work", "inspector"))


def test_what_was_found_leads_to_actions() -> None:
    step = CorrectiveAction(action="practise greetings", department="counter", owner="k-1", due=date(2026, 4, 1))
    outcome = given(DECIDER).when(inspect(actions=[step]))
    outcome.then_one(
        ActionDue, action_id="Q1-a1", origin=ActionOrigin.INSPECTION, verifier="m-1", office="po-north-1", owner="k-1"
    )
    own = step.model_copy(update={"owner": "m-1"})
    given(DECIDER).when(inspect(actions=[own])).then(refused("own_work", "actions"))


def test_an_inspection_is_recorded_once() -> None:
    recorded = given(DECIDER).when(inspect()).events
    given(DECIDER, recorded).when(inspect()).then(refused("already_exists", "inspection_id"))


def test_a_centre_inspects_by_its_own_checklists() -> None:
    """Regression: the checklists were code, the same for every centre."""
    rules = decider(ALMATY, CASE_TYPES, {"tour": {"smile": 3, "farewell": 1}})
    met = [Marked(point="smile", mark=Mark.MET), Marked(point="farewell", mark=Mark.NOT_MET)]
    given(rules).when(inspect(checklist="tour", marks=met)).then_one(InspectionRecorded, checklist="tour", score=75)
    given(rules).when(inspect()).then(refused("unknown_checklist", "checklist"))


@pytest.mark.parametrize("checklist", sorted(CHECKLISTS))
def test_every_shipped_checklist_can_be_filled_in(checklist: str) -> None:
    whole = inspect(checklist=checklist, marks=all_marked(checklist), inspection_id=None)
    given(DECIDER).when(whole).then_one(InspectionRecorded, case_id="fresh", checklist=checklist, score=100)
