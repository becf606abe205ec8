"""When it goes otherwise: new times, waiting, no-show, cancellation, hand-over (DOMAIN.md §2)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.consult.domain import DECIDER
from shared.contracts.consult import (
    AwaitConsumer,
    CancelConsultation,
    CaseEnded,
    ConsultationCancelled,
    ConsultationHandedOver,
    ConsultationPlanned,
    ConsultationRescheduled,
    ConsultationResumed,
    ConsultHeld,
    ContactDue,
    HandOverConsultation,
    NoShowRecorded,
    PlanProposed,
    RecordNoShow,
    ResumeConsultation,
)
from shared.contracts.values import CancelGround, ContactGround, Form, Party, Path, Role

from .consult_words import (
    ABOUT,
    ELEVEN,
    ISSUE,
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

STANDS = (opened(Path.PREPARED), planned())
REMOTE = (opened(Path.REMOTE),)
FURTHER = (opened(Path.AT_ONCE), (held(), ELEVEN), (follow_up(), NOON))
QUARTER = timedelta(minutes=15)
DAY = timedelta(days=1)
BACK = ResumeConsultation(case_id="A1")
NO_SHOW = RecordNoShow(case_id="A1", minutes_spent=15, cost=300)
ANYTHING = [
    reschedule(TOMORROW),
    AwaitConsumer(case_id="A1", ground=ContactGround.UNREACHABLE),
    BACK,
    NO_SHOW,
    CancelConsultation(case_id="A1", ground=CancelGround.CONSUMER_WITHDREW),
    HandOverConsultation(case_id="A1", consultant="consultant-2", reason="ill"),
]


def cancel(ground: CancelGround, **more: Any) -> CancelConsultation:
    return CancelConsultation(case_id="A1", ground=ground, **more)


def wait(ground: ContactGround = ContactGround.FURTHER_INFORMATION, **more: Any) -> AwaitConsumer:
    return AwaitConsumer(case_id="A1", ground=ground, **more)


def absent(times: int = 1, planned_at: datetime = TOMORROW) -> NoShowRecorded:
    return NoShowRecorded(
        **ABOUT,
        consultation_id="A1-1",
        number=1,
        consultant="consultant-1",
        planned_at=planned_at,
        times=times,
        minutes_spent=15,
        cost=300,
    )


def called_off(ground: CancelGround, by: Party, **more: Any) -> ConsultationCancelled:
    facts: dict[str, Any] = {
        "consultation_id": "A1-1",
        "number": 1,
        "consultant": "consultant-1",
        "approved_by": None,
        "planned_at": TOMORROW,
    }
    return ConsultationCancelled(**ABOUT | facts | {"ground": ground, "by": by} | more)


# ── a new time ───────────────────────────────────────────────────────────────────────────────────────────────


def test_at_the_consumer_s_wish_the_clock_moves_with_the_time() -> None:
    friday = TOMORROW + 3 * DAY
    given(DECIDER, STANDS).when(reschedule(friday), at=TEN).then(
        rescheduled(planned_at=friday, due_at=friday + QUARTER, previous_at=TOMORROW)
    )


def test_at_the_centre_s_it_stays_also_if_the_consumer_then_asks_too() -> None:
    friday = TOMORROW + 3 * DAY
    by_centre = reschedule(friday, by=Party.CENTRE)
    given(DECIDER, STANDS).when(by_centre, at=TEN).then_one(ConsultationRescheduled, due_at=None)
    put_off = rescheduled(by=Party.CENTRE, planned_at=friday, previous_at=TOMORROW, due_at=None)
    case = given(DECIDER, (*STANDS, (put_off, TEN)))
    case.when(reschedule(friday + DAY), at=ELEVEN).then_one(ConsultationRescheduled, due_at=None)


def test_a_further_consultation_has_a_new_chance() -> None:
    put_off = rescheduled(by=Party.CENTRE, due_at=None)
    case = given(DECIDER, (*STANDS, (put_off, NINE), (held(), ELEVEN), (follow_up(), NOON)))
    friday = TOMORROW + 3 * DAY
    case.when(reschedule(friday), at=NOON).then_one(ConsultationRescheduled, number=2, due_at=friday)


def test_the_time_of_a_further_consultation_is_agreed_with_the_consumer_also_after_the_assessment() -> None:
    friday = TOMORROW + 3 * DAY
    given(DECIDER, FURTHER).when(reschedule(friday), at=NOON).then_one(
        ConsultationRescheduled, consultation_id="A1-2", previous_at=None, due_at=friday
    )
    # Proposing a time within the three days is no fault of the centre's: nothing agreed was changed.
    offered = rescheduled(2, by=Party.CENTRE, previous_at=None, due_at=None)
    case = given(DECIDER, (*FURTHER, (offered, NOON)))
    case.when(reschedule(friday), at=NOON).then_one(ConsultationRescheduled, due_at=friday)


def test_a_remote_consultation_is_timed_to_its_end() -> None:
    given(DECIDER, REMOTE).when(reschedule(TOMORROW), at=TEN).then_one(
        ConsultationRescheduled, due_at=TOMORROW + timedelta(hours=2)
    )


def test_the_form_may_change_with_the_time() -> None:
    case = given(DECIDER, (opened(Path.PRESENT), planned(Path.PRESENT)))
    case.when(reschedule(TOMORROW, form=Form.ONLINE), at=TEN).then(refused("form_not_for_path", "form"))
    case.when(reschedule(TOMORROW, form=Form.PREMISES, place="at home"), at=TEN).then_one(
        ConsultationRescheduled, form=Form.PREMISES, place="at home"
    )
    moved = given(DECIDER, (*STANDS, (rescheduled(form=Form.PHONE), TEN)))
    moved.when(hold(started_at=ELEVEN), at=NOON).then(refused("form_not_as_agreed", "form_because"))
    moved.when(hold(Form.PHONE, started_at=ELEVEN), at=NOON).then_one(ConsultHeld, form=Form.PHONE)


def test_a_further_consultation_takes_any_form_and_says_why() -> None:
    case = given(DECIDER, FURTHER)
    case.when(hold(Form.PREMISES, started_at=TOMORROW, form_because="complexity"), at=TOMORROW).then_one(
        ConsultHeld, form=Form.PREMISES, form_because="complexity"
    )


def test_a_new_time_is_not_over_already() -> None:
    given(DECIDER, STANDS).when(reschedule(TEN), at=ELEVEN).then(refused("planned_in_the_past", "planned_at"))


def test_without_a_plan_there_is_no_time_to_change() -> None:
    given(DECIDER, (opened(Path.PREPARED),)).when(reschedule(TOMORROW), at=TEN).then(refused("not_planned", "case_id"))


@pytest.mark.parametrize("message", [reschedule(TOMORROW), wait()])
def test_what_is_held_at_once_is_not_put_off_without_a_plan(message: Any) -> None:
    given(DECIDER, (opened(Path.AT_ONCE),)).when(message, at=TEN).then(refused("held_at_once", "case_id"))


# ── waiting for the consumer ─────────────────────────────────────────────────────────────────────────────────


def test_who_waits_for_the_consumer_gets_in_touch_again_in_three_days_or_as_agreed() -> None:
    case = given(DECIDER, REMOTE)
    case.when(wait(), at=TEN).then(awaited(due_at=TEN + 3 * DAY))
    case.when(wait(contact_by=TOMORROW), at=TEN).then_one(ContactDue, due_at=TOMORROW, paused=True)
    case.when(wait(contact_by=TEN), at=TEN).then(refused("contact_in_the_past", "contact_by"))
    case.when(wait(ContactGround.NO_SHOW), at=TEN).then(refused("ground_not_for_waiting", "ground"))


def test_nothing_goes_on_until_the_consumer_is_back() -> None:
    waiting = given(DECIDER, (*REMOTE, (awaited(), TEN)))
    message = hold(Form.ONLINE, started_at=ELEVEN)
    waiting.when(message, at=NOON).then(refused("consumer_awaited", "case_id", early=True))
    back = ConsultationResumed(consumer_id="c-A1", case_id="A1", contact_id="A1-c1", consultation_id="A1-1", number=1)
    waiting.when(BACK, at=ELEVEN).then(back)
    resumed = given(DECIDER, (*REMOTE, (awaited(), TEN), (back, ELEVEN)))
    resumed.when(message, at=NOON).then_one(ConsultHeld, number=1)
    resumed.when(BACK, at=NOON).then(refused("not_awaited", "case_id", early=True))


def test_who_had_an_agreed_time_agrees_a_new_one() -> None:
    waiting = given(DECIDER, (*STANDS, (awaited(), TEN)))
    waiting.when(BACK, at=ELEVEN).then(refused("no_time_agreed", "case_id"))
    waiting.when(hold(started_at=ELEVEN), at=NOON).then(refused("no_time_agreed", "case_id", early=True))
    waiting.when(reschedule(TOMORROW), at=ELEVEN).then_one(
        ConsultationRescheduled, contact_id="A1-c1", due_at=TOMORROW + QUARTER
    )


def test_before_the_plan_the_contact_is_had_with_the_plan() -> None:
    waiting = given(DECIDER, (opened(Path.PREPARED), (awaited(), TEN)))
    waiting.when(plan(), at=ELEVEN).then_one(ConsultationPlanned, contact_id="A1-c1")
    waiting.when(plan(material_costs=1), at=ELEVEN).then_one(PlanProposed, contact_id="A1-c1")
    waiting.when(BACK, at=ELEVEN).then_one(ConsultationResumed, contact_id="A1-c1")


def test_a_contact_in_vain_is_followed_by_another() -> None:
    waiting = given(DECIDER, (*REMOTE, (awaited(), TEN)))
    waiting.when(wait(ContactGround.UNREACHABLE), at=NOON).then(
        awaited(2, ground=ContactGround.UNREACHABLE, due_at=NOON + 3 * DAY, previous_contact_id="A1-c1")
    )


def test_while_the_manager_thinks_nobody_waits_for_the_consumer() -> None:
    proposed = PlanProposed(
        **ABOUT,
        proposal_id="A1-p1",
        consultant="consultant-1",
        manager="manager-1",
        due_at=TOMORROW,
        planned_at=TOMORROW,
        place="room 4",
        form=Form.OFFICE,
        expected_result="a draft",
        material_costs=1,
    )
    case = given(DECIDER, (opened(Path.PREPARED), (proposed, NINE)))
    case.when(wait(), at=TEN).then(refused("plan_proposed", "case_id"))
    case.when(cancel(CancelGround.CONSUMER_WITHDREW), at=TEN).then_one(CaseEnded, proposal_id="A1-p1")


# ── no-show ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_who_does_not_come_is_offered_a_new_time_within_two_days_and_the_clock_waits() -> None:
    given(DECIDER, STANDS).when(NO_SHOW, at=TOMORROW).then(
        absent(), awaited(ground=ContactGround.NO_SHOW, due_at=TOMORROW + 2 * DAY)
    )


def test_what_was_spent_in_vain_counts_among_the_resources() -> None:
    contact = awaited(ground=ContactGround.NO_SHOW)
    again = rescheduled(planned_at=TOMORROW + DAY, contact_id="A1-c1")
    case = given(DECIDER, (*STANDS, (absent(), TOMORROW), (contact, TOMORROW), (again, TOMORROW)))
    case.when(hold(started_at=TOMORROW + DAY), at=TOMORROW + DAY).then_one(
        ConsultHeld, minutes_spent=65, cost=12_300, minutes_before=15, cost_before=300
    )


def test_nobody_is_late_before_the_agreed_time_nor_without_one() -> None:
    given(DECIDER, STANDS).when(NO_SHOW, at=TOMORROW - timedelta(seconds=1)).then(refused("too_early", "time"))
    given(DECIDER, REMOTE).when(NO_SHOW, at=TEN).then(refused("no_time_agreed", "case_id"))
    given(DECIDER, FURTHER).when(NO_SHOW, at=NOON).then(refused("no_time_agreed", "case_id"))


def test_a_further_consultation_can_be_missed_where_its_time_was_agreed() -> None:
    case = given(DECIDER, (opened(Path.AT_ONCE), (held(), ELEVEN), (follow_up(due_at=TOMORROW, agreed=True), NOON)))
    case.when(NO_SHOW, at=TOMORROW).then_one(NoShowRecorded, consultation_id="A1-2", number=2)


def test_costs_that_no_contract_can_say_are_refused() -> None:
    dear = RecordNoShow(case_id="A1", cost=10**13)
    case = given(DECIDER, (*STANDS, (absent(), TOMORROW), (rescheduled(planned_at=TOMORROW), TOMORROW)))
    case.when(dear, at=TOMORROW).then(refused("cost_too_high", "cost"))


# ── cancellation ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("happened", "number", "agreed_at"),
    [
        ((opened(Path.PREPARED),), 1, None),
        (STANDS, 1, TOMORROW),
        ((opened(Path.AT_ONCE),), 1, None),
        (FURTHER, 2, None),
    ],
)
def test_who_withdraws_ends_the_case(happened: Any, number: int, agreed_at: datetime | None) -> None:
    outcome = given(DECIDER, happened).when(cancel(CancelGround.CONSUMER_WITHDREW, reason="solved"), at=NOON)
    this: dict[str, Any] = {"number": number, "consultation_id": f"A1-{number}"}
    if number == 2:
        this["consultant"] = "consultant-2"
    outcome.then(
        called_off(CancelGround.CONSUMER_WITHDREW, Party.CONSUMER, reason="solved", planned_at=agreed_at, **this),
        ended(held=number - 1, **this),
    )


def test_the_case_that_the_centre_could_not_hold_is_still_owed_and_its_clock_runs_on() -> None:
    unable = cancel(CancelGround.CENTRE_UNABLE, reason="no electricity")
    contact = awaited(ground=ContactGround.CENTRE_UNABLE, due_at=TEN + 2 * DAY, paused=False)
    off = called_off(CancelGround.CENTRE_UNABLE, Party.CENTRE, reason="no electricity")
    given(DECIDER, STANDS).when(unable, at=TEN).then(off, contact)
    case = given(DECIDER, (*STANDS, (off, TEN), (contact, TEN)))
    case.when(reschedule(TOMORROW + DAY), at=ELEVEN).then_one(ConsultationRescheduled, due_at=None, contact_id="A1-c1")
    case.when(unable, at=ELEVEN).then(refused("no_time_agreed", "case_id"))
    given(DECIDER, (opened(Path.PREPARED),)).when(unable, at=TEN).then(refused("no_time_agreed", "case_id"))
    absent_now = cancel(CancelGround.CONSUMER_ABSENT)
    case.when(absent_now, at=TEN + 9 * DAY).then(refused("not_absent_yet", "ground"))


@pytest.mark.parametrize("ground", [CancelGround.DUPLICATE_REQUEST, CancelGround.OUT_OF_REMIT])
def test_only_the_manager_ends_a_case_that_the_consumer_did_not_withdraw(ground: CancelGround) -> None:
    case = given(DECIDER, STANDS)
    case.when(cancel(ground), at=TEN).then(refused("approval_missing", "approved_by"))
    case.when(cancel(ground, approved_by="consultant-1"), at=TEN).then(refused("approval_missing", "approved_by"))
    case.when(cancel(ground, approved_by="manager-1"), at=TEN).then(
        called_off(ground, Party.CENTRE, approved_by="manager-1"), ended(ground=ground)
    )


def test_who_never_comes_is_absent_after_the_second_time_or_once_the_contact_is_over() -> None:
    gone = cancel(CancelGround.CONSUMER_ABSENT)
    once = (*STANDS, (absent(), TOMORROW), (awaited(ground=ContactGround.NO_SHOW, due_at=TOMORROW + 2 * DAY), TOMORROW))
    case = given(DECIDER, once)
    case.when(gone, at=TOMORROW + DAY).then(refused("not_absent_yet", "ground"))
    case.when(gone, at=TOMORROW + 2 * DAY).then(
        called_off(CancelGround.CONSUMER_ABSENT, Party.CENTRE, planned_at=None),
        ended(ground=CancelGround.CONSUMER_ABSENT, minutes_in_vain=15, cost_in_vain=300, contact_id="A1-c1"),
    )
    at_noon = TOMORROW + DAY
    twice = given(
        DECIDER,
        (
            *once,
            (rescheduled(planned_at=at_noon, contact_id="A1-c1"), TOMORROW),
            (absent(2, at_noon), at_noon),
            (awaited(2, ground=ContactGround.NO_SHOW, due_at=at_noon + 2 * DAY), at_noon),
        ),
    )
    twice.when(gone, at=at_noon).then_one(CaseEnded, minutes_in_vain=30, contact_id="A1-c2")
    given(DECIDER, STANDS).when(gone, at=TEN).then(refused("not_absent_yet", "ground"))


def test_nothing_follows_once_the_case_has_ended_but_the_issues_it_showed() -> None:
    case = given(DECIDER, (*FURTHER, (ended(number=2, held=1), NOON)))
    for message in [*ANYTHING, hold(started_at=NOON)]:
        if not isinstance(message, HandOverConsultation):
            case.when(message, at=TOMORROW).then(refused("case_ended", "case_id"))
    assert case.when(ISSUE, at=TOMORROW).events


def test_the_issues_that_an_ended_case_showed_change_hands_until_they_are_registered() -> None:
    case = given(DECIDER, (*FURTHER, (ended(number=2, held=1), NOON)))
    passes = HandOverConsultation(case_id="A1", consultant="consultant-3", reason="ill")
    case.when(passes, at=TOMORROW).then_one(ConsultationHandedOver, issues_of=["A1-1"])
    case.when(passes, at=TEN).then(refused("before_previous", "time"))
    done = given(DECIDER, (*case.happened, *case.when(ISSUE, at=TOMORROW).events))
    done.when(passes, at=TOMORROW).then(refused("case_ended", "case_id"))


def test_before_the_assessment_nothing_is_changed() -> None:
    case = given(DECIDER, (opened(Path.AT_ONCE), (held(), ELEVEN)))
    for message in ANYTHING:
        case.when(message, at=NOON).then(refused("not_assessed", "case_id", later=True))


def test_no_change_is_older_than_what_it_changes() -> None:
    case = given(DECIDER, (opened(Path.PREPARED), (planned(), TEN)))
    for message in ANYTHING:
        case.when(message, at=NINE).then(refused("before_previous", "time"))


# ── hand-over ────────────────────────────────────────────────────────────────────────────────────────────────


def test_another_consultant_takes_over_what_is_owed() -> None:
    message = HandOverConsultation(case_id="A1", consultant="consultant-2", reason="ill")
    handed = ConsultationHandedOver(
        consumer_id="c-A1",
        case_id="A1",
        consultation_id="A1-1",
        number=1,
        previous_consultant="consultant-1",
        consultant="consultant-2",
        reason="ill",
        contact_id=None,
    )
    given(DECIDER, STANDS).when(message, at=TEN).then(handed)
    case = given(DECIDER, (*STANDS, (handed, TEN)))
    case.when(message, at=ELEVEN).then(refused("same_consultant", "consultant"))
    case.when(hold(started_at=ELEVEN), at=NOON).then_one(ConsultHeld, consultant="consultant-2")
    case.when(wait(), at=ELEVEN).then_one(ContactDue, owner="consultant-2")
    waiting = given(DECIDER, (*REMOTE, (awaited(), TEN)))
    waiting.when(message, at=ELEVEN).then_one(ConsultationHandedOver, contact_id="A1-c1")


def test_another_manager_takes_over_the_case_its_costs_and_what_follows_it() -> None:
    """Regression: from the details to the first consultation a case kept a manager who had left."""
    message = HandOverConsultation(case_id="A1", manager="manager-2", reason="left")
    [handed] = given(DECIDER, STANDS).when(message, at=TEN, role=Role.MANAGER).events
    assert isinstance(handed, ConsultationHandedOver)
    assert (handed.manager, handed.previous_manager, handed.proposal_id) == ("manager-2", "manager-1", None)
    assert (handed.consultant, handed.previous_consultant) == ("consultant-1", "consultant-1")
    case = given(DECIDER, (*STANDS, (handed, TEN)))
    case.when(message, at=ELEVEN, role=Role.MANAGER).then(refused("same_manager", "manager"))
    case.when(hold(started_at=ELEVEN), at=NOON).then_one(ConsultHeld, consultant="consultant-1", manager="manager-2")
    off = CancelConsultation(case_id="A1", ground=CancelGround.OUT_OF_REMIT, approved_by="manager-1")
    case.when(off, at=ELEVEN).then(refused("approval_missing", "approved_by"))
    by_the_new = off.model_copy(update={"approved_by": "manager-2"})
    case.when(by_the_new, at=ELEVEN).then_one(CaseEnded, manager="manager-2")
    # Whoever owes them still does: it is only another manager.
    held_once = given(DECIDER, FURTHER)
    held_once.when(message, at=TOMORROW, role=Role.MANAGER).then_one(ConsultationHandedOver, issues_of=[])
    both = message.model_copy(update={"consultant": "consultant-2"})
    given(DECIDER, STANDS).when(both, at=TEN, role=Role.MANAGER).then_one(
        ConsultationHandedOver, consultant="consultant-2", manager="manager-2"
    )


def test_only_a_manager_hands_a_case_to_another_manager() -> None:
    """Else whoever consults could choose who agrees the costs."""
    message = HandOverConsultation(case_id="A1", manager="consultant-1", reason="left")
    case = given(DECIDER, STANDS)
    case.when(message, at=TEN, role=Role.CONSULTANT).then(refused("manager_decides", "manager"))
    nobody = message.model_copy(update={"manager": None})
    case.when(nobody, at=TEN, role=Role.MANAGER).then(refused("nobody_named", "consultant"))


# ── who took part ────────────────────────────────────────────────────────────────────────────────────────────


def test_people_counts_everybody_who_is_named() -> None:
    case = given(DECIDER, STANDS)
    several: dict[str, Any] = {"participants": ["officer-1", "specialist-1"]}
    case.when(hold(people=2, **several), at=ELEVEN).then(refused("fewer_people_than_named", "people"))
    case.when(hold(people=3, **several), at=ELEVEN).then_one(ConsultHeld, people=3, **several)


def test_materials_and_place_are_kept() -> None:
    case = given(DECIDER, REMOTE)
    given_out = hold(Form.OFFLINE, materials=["a sample form"], place="by post")
    case.when(given_out, at=ELEVEN).then_one(ConsultHeld, materials=["a sample form"], place="by post")
