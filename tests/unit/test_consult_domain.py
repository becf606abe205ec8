"""The rules of consult: DOMAIN.md §2 stages 3, 4, 7 and 11."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.consult.domain import DECIDER
from shared.contracts.base import Event
from shared.contracts.consult import ConsultationPlanned, ConsultHeld, NoTopicalIssueFound, TopicalIssueRecorded
from shared.contracts.intake import DetailsCollected
from shared.contracts.values import Form, Path

from .consult_words import (
    ELEVEN,
    ISSUE,
    NO_ISSUE,
    NOON,
    TEN,
    TOMORROW,
    details,
    dissatisfied,
    follow_up,
    held,
    hold,
    opened,
    plan,
    planned,
)
from .given_when_then import NINE, given, refused

# ── stage 3: the branch ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("collected", "path"),
    [
        (details("2a", preparation_needed=False, consultant_has_time=True), Path.AT_ONCE),
        (details("2a", preparation_needed=False, consultant_has_time=False), Path.PREPARED),
        (details("2a", preparation_needed=True, consultant_has_time=True), Path.PREPARED),
        (details("2a", preparation_needed=True, consultant_has_time=False), Path.PREPARED),
        (details("2b", presence_required=False), Path.REMOTE),
        (details("2b", presence_required=True), Path.PRESENT),
    ],
)
def test_collected_details_choose_the_branch(collected: DetailsCollected, path: Path) -> None:
    given(DECIDER).when(collected).then(opened(path))


def test_told_twice_of_the_details_one_consultation_is_open() -> None:
    given(DECIDER, (opened(Path.AT_ONCE),)).when(details()).then_nothing()


# ── stages 3a-b and 3b-b: the plan ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", [Path.PREPARED, Path.PRESENT])
def test_a_consultation_that_needs_it_is_planned_once(path: Path) -> None:
    given(DECIDER, (opened(path),)).when(plan()).then(planned(path))
    given(DECIDER, (opened(path), planned())).when(plan()).then(refused("already_planned", "case_id"))


@pytest.mark.parametrize("path", [Path.AT_ONCE, Path.REMOTE])
def test_what_is_held_at_once_has_no_plan(path: Path) -> None:
    given(DECIDER, (opened(path),)).when(plan()).then(refused("plan_not_needed", "case_id"))


@pytest.mark.parametrize("then", [(), (follow_up(),)])
def test_after_the_first_consultation_nothing_is_planned(then: tuple[Event, ...]) -> None:
    case = given(DECIDER, (opened(Path.PREPARED), planned(), held(Path.PREPARED), *then))
    case.when(plan()).then(refused("plan_not_needed", "case_id"))


def test_a_plan_is_for_later() -> None:
    case = given(DECIDER, (opened(Path.PREPARED),))
    case.when(plan(planned_at=NINE - timedelta(seconds=1))).then(refused("planned_in_the_past", "planned_at"))
    case.when(plan(planned_at=NINE)).then_one(ConsultationPlanned, planned_at=NINE)


def test_who_must_be_present_is_not_planned_for_on_line() -> None:
    given(DECIDER, (opened(Path.PRESENT),)).when(plan(Form.ONLINE)).then(refused("form_not_for_path", "form"))
    given(DECIDER, (opened(Path.PREPARED),)).when(plan(Form.ONLINE)).then(planned(form=Form.ONLINE))


# ── stages 3a-a, 3b-a and 4: the consultation ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("path", "form"), [(Path.AT_ONCE, Form.PHONE), (Path.REMOTE, Form.ONLINE)])
def test_without_a_plan_it_is_held_at_once(path: Path, form: Form) -> None:
    given(DECIDER, (opened(path),)).when(hold(form), at=ELEVEN).then(held(path, form=form))


@pytest.mark.parametrize("path", [Path.PREPARED, Path.PRESENT])
def test_with_a_plan_it_is_held_by_the_plan(path: Path) -> None:
    given(DECIDER, (opened(path),)).when(hold(), at=ELEVEN).then(refused("not_planned", "case_id", early=True))
    given(DECIDER, (opened(path), planned())).when(hold(), at=ELEVEN).then(held(path))


def test_another_consultant_may_hold_it() -> None:
    case = given(DECIDER, (opened(Path.AT_ONCE),))
    case.when(hold(consultant="consultant-9"), at=ELEVEN).then_one(ConsultHeld, consultant="consultant-9")


@pytest.mark.parametrize(
    ("path", "form"), [(Path.AT_ONCE, Form.OFFLINE), (Path.REMOTE, Form.OFFICE), (Path.PRESENT, Form.PHONE)]
)
def test_the_form_is_one_of_the_branch(path: Path, form: Form) -> None:
    plans = (planned(),) if path is Path.PRESENT else ()
    given(DECIDER, (opened(path), *plans)).when(hold(form), at=ELEVEN).then(refused("form_not_for_path", "form"))


def test_it_ends_after_it_begins() -> None:
    case = given(DECIDER, (opened(Path.AT_ONCE),))
    case.when(hold(started_at=ELEVEN), at=TEN).then(refused("ends_before_start", "started_at"))
    case.when(hold(started_at=TEN), at=TEN).then_one(ConsultHeld, started_at=TEN, ended_at=TEN)


def test_the_longest_case_id_still_names_its_consultations() -> None:
    long = "A" * 64
    case = given(DECIDER, (opened(Path.AT_ONCE).model_copy(update={"case_id": long}),))
    message = hold().model_copy(update={"case_id": long})
    case.when(message, at=ELEVEN).then_one(ConsultHeld, consultation_id=f"{long}-1")


# ── stage 7: the follow-up ───────────────────────────────────────────────────────────────────────────────────

HELD = (opened(Path.AT_ONCE), (held(), ELEVEN))


def test_who_is_dissatisfied_is_owed_a_consultation_within_three_days() -> None:
    given(DECIDER, HELD).when(dissatisfied(), at=NOON).then(follow_up(due_at=ELEVEN + timedelta(days=3)))


def test_or_at_the_time_agreed_with_the_consumer() -> None:
    in_a_week = ELEVEN + timedelta(days=7)
    given(DECIDER, HELD).when(dissatisfied(agreed=in_a_week), at=NOON).then(follow_up(due_at=in_a_week, agreed=True))


def test_told_twice_of_the_same_dissatisfaction_one_follow_up_is_owed() -> None:
    given(DECIDER, (*HELD, (follow_up(), NOON))).when(dissatisfied(), at=NOON).then_nothing()
    second = held(number=2, ended_at=TOMORROW)
    given(DECIDER, (*HELD, (follow_up(), NOON), (second, TOMORROW))).when(dissatisfied(), at=NOON).then_nothing()


def test_a_dissatisfaction_that_overtook_its_consultation_waits() -> None:
    case = given(DECIDER, (opened(Path.AT_ONCE),))
    case.when(dissatisfied()).then(refused("unknown_consultation", "number", later=True))


def test_no_further_consultation_before_the_assessment() -> None:
    case = given(DECIDER, HELD)
    case.when(hold(started_at=NOON), at=NOON).then(refused("not_assessed", "case_id", later=True))


def test_the_follow_up_is_number_two_by_the_one_who_owes_it_in_any_form() -> None:
    case = given(DECIDER, (*HELD, (follow_up(), NOON)))
    message = hold(Form.ONLINE, started_at=TOMORROW - timedelta(hours=1))
    second = held(number=2, ended_at=TOMORROW, form=Form.ONLINE, consultant="consultant-2")
    case.when(message, at=TOMORROW).then(second)


def test_after_a_second_dissatisfaction_a_third_is_owed() -> None:
    second = held(number=2, ended_at=TOMORROW)
    case = given(DECIDER, (*HELD, (follow_up(), NOON), (second, TOMORROW)))
    in_time = follow_up(3, due_at=TOMORROW + timedelta(days=3))
    case.when(dissatisfied(2, held_at=TOMORROW), at=TOMORROW).then(in_time)


# ── stage 11 ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_topical_issues_are_what_a_consultation_showed() -> None:
    recorded = TopicalIssueRecorded(
        consumer_id="c-A1",
        case_id="A1",
        issue="queues at the pension fund",
        target_group="pensioners",
        organisation_need=False,
        consultations=["A1-1"],
    )
    given(DECIDER, HELD).when(ISSUE, at=ELEVEN).then(recorded)
    given(DECIDER, (*HELD, (follow_up(), NOON))).when(ISSUE, at=ELEVEN).then(recorded)
    given(DECIDER, (*HELD, recorded)).when(ISSUE, at=NOON).then_one(TopicalIssueRecorded, consultations=[])
    given(DECIDER, (opened(Path.AT_ONCE),)).when(ISSUE, at=ELEVEN).then(refused("not_held", "case_id", early=True))


def test_after_every_consultation_it_is_said_which_issues_it_showed_or_that_it_showed_none() -> None:
    none = NoTopicalIssueFound(consumer_id="c-A1", case_id="A1", consultations=["A1-1"])
    over = refused("nothing_owed", "case_id", early=True)
    given(DECIDER, (opened(Path.AT_ONCE),)).when(NO_ISSUE, at=ELEVEN).then(refused("not_held", "case_id", early=True))
    given(DECIDER, HELD).when(NO_ISSUE, at=ELEVEN).then(none)
    given(DECIDER, (*HELD, none)).when(NO_ISSUE, at=NOON).then(over)
    given(DECIDER, (*HELD, none)).when(ISSUE, at=NOON).then_one(TopicalIssueRecorded, consultations=[])
    second = (held(number=2, ended_at=TOMORROW), TOMORROW)
    further = (*HELD, (follow_up(), NOON), second)
    given(DECIDER, further).when(NO_ISSUE, at=TOMORROW).then_one(NoTopicalIssueFound, consultations=["A1-1", "A1-2"])
    given(DECIDER, (*further, none)).when(NO_ISSUE, at=TOMORROW).then_one(NoTopicalIssueFound, consultations=["A1-2"])
    # Older records owe it to nobody.
    old = (opened(Path.AT_ONCE), (held(issues_owed=False), ELEVEN))
    given(DECIDER, old).when(NO_ISSUE, at=NOON).then(over)
    given(DECIDER, old).when(ISSUE, at=NOON).then_one(TopicalIssueRecorded, consultations=[])


# ── which case, and when ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("message", [plan(), hold(), ISSUE, dissatisfied()])
def test_an_unknown_case_may_yet_become_known(message: Any) -> None:
    given(DECIDER).when(message, at=TEN).then(refused("unknown_case", "case_id", later=True))


@pytest.mark.parametrize(
    ("happened", "message", "ends_at", "field"),
    [
        ((opened(Path.PREPARED),), plan(), NINE - timedelta(seconds=1), "time"),
        ((opened(Path.AT_ONCE),), hold(started_at=NINE - timedelta(seconds=1)), TEN, "started_at"),
        ((opened(Path.PREPARED), (planned(), TEN)), hold(started_at=NINE), ELEVEN, "started_at"),
        ((*HELD, (follow_up(), NOON)), hold(started_at=ELEVEN), TOMORROW, "started_at"),
        (HELD, ISSUE, TEN, "time"),
    ],
)
def test_nothing_happens_before_what_it_follows(happened: Any, message: Any, ends_at: datetime, field: str) -> None:
    given(DECIDER, happened).when(message, at=ends_at).then(refused("before_previous", field))


@pytest.mark.parametrize(
    ("happened", "message"),
    [((opened(Path.PREPARED),), plan()), ((opened(Path.AT_ONCE),), hold()), (HELD, ISSUE)],
)
def test_nothing_happens_in_the_future(happened: Any, message: Any) -> None:
    given(DECIDER, happened).when(message, at=TOMORROW, now=NOON).then(refused("in_the_future", "time"))
