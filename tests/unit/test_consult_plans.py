"""The plan-assignment: its costs, and the cases that turn out to need one (DOMAIN.md §2, stages 3a-b and 3b-b)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.consult.domain import DECIDER
from shared.contracts.base import Event
from shared.contracts.consult import (
    ConsultationPlanned,
    ConsultationRescheduled,
    ConsultHeld,
    DecidePlanCosts,
    PlanCostsAgreed,
    PlanCostsRefused,
    PlanProposed,
    PlanRequired,
    PreparationTask,
    PreparationTaskDue,
    RequirePlan,
)
from shared.contracts.values import Form, Party, Path, Preparation, Role

from .consult_words import (
    ABOUT,
    ELEVEN,
    NOON,
    TEN,
    TOMORROW,
    awaited,
    ended,
    follow_up,
    held,
    hold,
    opened,
    plan,
    planned,
    reschedule,
    rescheduled,
)
from .given_when_then import NINE, given, refused

PREPARED = opened(Path.PREPARED)
COPIES = PreparationTask(kind=Preparation.COPIES)


def proposed(number: int = 1, **more: Any) -> PlanProposed:
    facts: dict[str, Any] = {
        "proposal_id": f"A1-p{number}",
        "consultant": "consultant-1",
        "manager": "manager-1",
        "due_at": TEN + timedelta(days=1),
        "planned_at": TOMORROW,
        "place": "room 4",
        "form": Form.OFFICE,
        "expected_result": "a draft",
        "material_costs": 500,
    }
    return PlanProposed(**ABOUT | facts | more)


def decide_costs(agreed: bool, **more: Any) -> DecidePlanCosts:
    return DecidePlanCosts(**{"case_id": "A1", "manager": "manager-1", "agreed": agreed} | more)


AGREED = PlanCostsAgreed(
    **ABOUT,
    proposal_id="A1-p1",
    consultant="consultant-1",
    planned_at=TOMORROW,
    begin_by=TOMORROW + timedelta(minutes=15),
    form=Form.OFFICE,
    material_costs=500,
    agreed_by_manager="manager-1",
)
NO = PlanCostsRefused(
    consumer_id="c-A1",
    case_id="A1",
    proposal_id="A1-p1",
    material_costs=500,
    refused_by="manager-1",
    reason="half as many copies",
)


# ── material costs ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_plan_with_costs_is_proposed_and_the_manager_has_a_day_to_decide() -> None:
    given(DECIDER, (PREPARED,)).when(plan(material_costs=500), at=TEN).then(proposed())


def test_or_until_the_planned_time_if_that_is_sooner() -> None:
    case = given(DECIDER, (PREPARED,))
    case.when(plan(material_costs=500, planned_at=NOON), at=TEN).then_one(PlanProposed, due_at=NOON)


def test_the_plan_stands_once_the_named_manager_agrees() -> None:
    case = given(DECIDER, (PREPARED, (proposed(), TEN)))
    case.when(hold(started_at=TOMORROW), at=TOMORROW).then(refused("costs_not_agreed", "case_id", early=True))
    case.when(plan(), at=ELEVEN).then(refused("plan_proposed", "case_id"))
    case.when(decide_costs(True, manager="manager-2"), at=ELEVEN).then(refused("not_the_manager", "manager"))
    case.when(decide_costs(True), at=ELEVEN).then(AGREED)
    stands = given(DECIDER, (PREPARED, (proposed(), TEN), (AGREED, ELEVEN)))
    stands.when(hold(started_at=TOMORROW), at=TOMORROW).then_one(ConsultHeld, number=1)
    stands.when(decide_costs(True), at=NOON).then(refused("nothing_proposed", "case_id", early=True))


def test_a_refusal_says_why_and_another_plan_is_proposed() -> None:
    case = given(DECIDER, (PREPARED, (proposed(), TEN)))
    case.when(decide_costs(False), at=ELEVEN).then(refused("reason_missing", "reason"))
    case.when(decide_costs(False, reason="half as many copies"), at=ELEVEN).then(NO)
    again = given(DECIDER, (PREPARED, (proposed(), TEN), (NO, ELEVEN)))
    again.when(hold(started_at=TOMORROW), at=TOMORROW).then(refused("not_planned", "case_id", early=True))
    again.when(plan(material_costs=250), at=NOON).then_one(PlanProposed, proposal_id="A1-p2", material_costs=250)
    again.when(plan(), at=NOON).then_one(ConsultationPlanned, material_costs=0)


def test_what_the_manager_agreed_to_beforehand_stands_at_once() -> None:
    agreed: dict[str, Any] = {"material_costs": 1, "agreed_by_manager": "manager-1"}
    case = given(DECIDER, (PREPARED,))
    case.when(plan(**agreed), role=Role.MANAGER).then(planned(**agreed))
    other = plan(material_costs=1, agreed_by_manager="consultant-1")
    case.when(other, role=Role.MANAGER).then(refused("not_the_manager", "agreed_by_manager"))


@pytest.mark.parametrize("role", [Role.CONSULTANT, None])
def test_only_the_manager_s_own_word_makes_costs_stand_at_once(role: Role | None) -> None:
    """Regression: a consultant who wrote the manager's name into the plan had the costs stand by that."""
    said = plan(material_costs=500, agreed_by_manager="manager-1")
    given(DECIDER, (PREPARED,)).when(said, at=TEN, role=role).then(proposed())
    free = plan(agreed_by_manager="manager-1")
    given(DECIDER, (PREPARED,)).when(free, at=TEN, role=role).then_one(
        ConsultationPlanned, material_costs=0, agreed_by_manager=None
    )


def test_costs_are_not_agreed_once_the_planned_time_is_over_but_can_still_be_refused() -> None:
    case = given(DECIDER, (PREPARED, (proposed(), TEN)))
    after = TOMORROW + timedelta(minutes=1)
    case.when(decide_costs(True), at=after).then(refused("planned_in_the_past", "time"))
    case.when(decide_costs(False, reason="too late"), at=after).then_one(PlanCostsRefused, refused_by="manager-1")


def test_what_is_to_be_prepared_by_a_proposed_plan_is_due_once_it_stands() -> None:
    soon = PreparationTask(kind=Preparation.ROOM, due_at=NOON)
    wanted = proposed(preparation=[COPIES, soon], information_officer="officer-1")
    case = given(DECIDER, (PREPARED, (wanted, TEN)))
    outcome = case.when(decide_costs(True), at=NOON + timedelta(hours=1))
    [_, copies, room] = outcome.events
    assert isinstance(copies, PreparationTaskDue)
    assert (copies.owner, copies.due_at) == ("officer-1", TOMORROW)
    assert isinstance(room, PreparationTaskDue)
    assert room.due_at == NOON + timedelta(hours=1), "its own time ran out while the manager thought"


# ── the plan's other parts ───────────────────────────────────────────────────────────────────────────────────


def test_the_order_of_the_consultation_is_part_of_the_plan() -> None:
    given(DECIDER, (PREPARED,)).when(plan(agenda=["papers", "form"])).then_one(
        ConsultationPlanned, agenda=["papers", "form"]
    )


def test_it_is_held_in_the_form_of_the_plan_or_the_reason_is_said() -> None:
    case = given(DECIDER, (PREPARED, planned(form=Form.ONLINE)))
    case.when(hold(Form.PHONE), at=ELEVEN).then(refused("form_not_as_agreed", "form_because"))
    case.when(hold(Form.PHONE, form_because="consumer_wish"), at=ELEVEN).then_one(ConsultHeld, form=Form.PHONE)
    case.when(hold(Form.ONLINE), at=ELEVEN).then_one(ConsultHeld, form=Form.ONLINE)


# ── 3a-a to 3a-b, 3b-a to 3b-b ───────────────────────────────────────────────────────────────────────────────

NEEDS_ARCHIVE = RequirePlan(case_id="A1", reason="the archive must be asked")


@pytest.mark.parametrize(("path", "then"), [(Path.AT_ONCE, Path.PREPARED), (Path.REMOTE, Path.PRESENT)])
def test_what_cannot_be_held_without_a_plan_goes_over_to_one(path: Path, then: Path) -> None:
    required = PlanRequired(
        **ABOUT | {"channel": opened(path).channel},
        previous_path=path,
        path=then,
        consultant="consultant-1",
        reason="the archive must be asked",
    )
    given(DECIDER, (opened(path),)).when(NEEDS_ARCHIVE, at=TEN).then(required)
    over = given(DECIDER, (opened(path), (required, TEN)))
    over.when(hold(started_at=ELEVEN), at=NOON).then(refused("not_planned", "case_id", early=True))
    over.when(plan(), at=ELEVEN).then_one(ConsultationPlanned, form=Form.OFFICE)
    over.when(NEEDS_ARCHIVE, at=ELEVEN).then(refused("plan_not_needed", "case_id"))


@pytest.mark.parametrize(
    "happened",
    [
        (PREPARED,),
        (opened(Path.PRESENT), planned(Path.PRESENT)),
        (opened(Path.AT_ONCE), (held(), ELEVEN)),
        (opened(Path.AT_ONCE), (held(), ELEVEN), (follow_up(), NOON)),
    ],
)
def test_only_a_first_consultation_without_a_plan_goes_over(
    happened: tuple[Event | tuple[Event, datetime], ...],
) -> None:
    given(DECIDER, happened).when(NEEDS_ARCHIVE, at=NOON).then(refused("plan_not_needed", "case_id"))


def test_nor_one_that_waits_for_the_consumer_or_has_ended() -> None:
    waiting = given(DECIDER, (opened(Path.REMOTE), (awaited(), TEN)))
    waiting.when(NEEDS_ARCHIVE, at=ELEVEN).then(refused("consumer_awaited", "case_id", early=True))
    over = given(DECIDER, (opened(Path.REMOTE), (ended(), TEN)))
    over.when(NEEDS_ARCHIVE, at=ELEVEN).then(refused("case_ended", "case_id"))


def test_a_time_agreed_for_a_remote_consultation_does_not_outlive_its_branch() -> None:
    required = PlanRequired(
        **ABOUT, previous_path=Path.REMOTE, path=Path.PRESENT, consultant="consultant-1", reason="papers must be seen"
    )
    case = given(DECIDER, (opened(Path.REMOTE), rescheduled(form=Form.ONLINE), required, planned(Path.PRESENT)))
    case.when(hold(), at=ELEVEN).then_one(ConsultHeld, form=Form.OFFICE)


def test_what_the_centre_put_off_before_there_was_a_plan_does_not_make_the_plan_s_delay_its_fault() -> None:
    """Regression: a consumer's own wish for another time than the planned one left the centre late."""
    put_off = rescheduled(by=Party.CENTRE, previous_at=TOMORROW, due_at=None)
    over = PlanRequired(**ABOUT, previous_path=Path.REMOTE, path=Path.PRESENT, consultant="consultant-1", reason="?")
    case = given(DECIDER, (opened(Path.REMOTE), (put_off, NINE), (over, TEN), (planned(Path.PRESENT), TEN)))
    friday = TOMORROW + timedelta(days=3)
    wish = reschedule(friday)
    case.when(wish, at=ELEVEN).then_one(ConsultationRescheduled, due_at=friday + timedelta(minutes=15))


def test_nothing_is_planned_in_a_case_that_has_ended() -> None:
    given(DECIDER, (PREPARED, (ended(), TEN))).when(plan(), at=ELEVEN).then(refused("case_ended", "case_id"))


def test_costs_are_decided_after_they_are_proposed() -> None:
    given(DECIDER, (PREPARED, (proposed(), TEN))).when(decide_costs(True), at=NINE).then(
        refused("before_previous", "time")
    )
