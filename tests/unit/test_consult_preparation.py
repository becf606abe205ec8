"""Preparing a consultation: each task has an owner, a time and an end (DOMAIN.md §2, stage 4)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.consult.domain import DECIDER
from shared.contracts.consult import (
    AddPreparationTask,
    AwaitConsumer,
    CancelConsultation,
    CompletePreparation,
    ConsultHeld,
    HandOverConsultation,
    PreparationTask,
    PreparationTaskDue,
    PreparationTaskEnded,
    PreparationTaskMoved,
    RecordNoShow,
)
from shared.contracts.values import CancelGround, ContactGround, Path, Preparation, TaskEnd

from .consult_words import (
    ABOUT,
    ELEVEN,
    NOON,
    TEN,
    TOMORROW,
    ended,
    follow_up,
    held,
    hold,
    opened,
    plan,
    planned,
    reschedule,
)
from .given_when_then import NINE, given, refused

STANDS = (opened(Path.PREPARED), planned())
COPIES = PreparationTask(kind=Preparation.COPIES, what="ten sample forms")


def task(number: int = 1, owner: str = "consultant-1", due_at: datetime = TOMORROW, **more: Any) -> PreparationTaskDue:
    facts: dict[str, Any] = {"kind": Preparation.COPIES, "what": "ten sample forms", "number": 1} | more
    return PreparationTaskDue(**ABOUT, task_id=f"A1-t{number}", owner=owner, due_at=due_at, **facts)


def over(number: int = 1, end: TaskEnd = TaskEnd.DONE, minutes: int = 0, cost: int = 0) -> PreparationTaskEnded:
    return PreparationTaskEnded(
        consumer_id="c-A1", case_id="A1", task_id=f"A1-t{number}", end=end, minutes_spent=minutes, cost=cost
    )


def complete(number: int = 1, **more: int) -> CompletePreparation:
    return CompletePreparation(case_id="A1", task_id=f"A1-t{number}", **more)


def add(**more: Any) -> AddPreparationTask:
    return AddPreparationTask(case_id="A1", task=PreparationTask(**{"kind": Preparation.ROOM} | more))


# ── who, until when ──────────────────────────────────────────────────────────────────────────────────────────


def test_the_information_officer_prepares_and_where_there_is_none_the_consultant() -> None:
    case = given(DECIDER, (opened(Path.PREPARED),))
    case.when(plan(preparation=[COPIES])).then(planned(), task())
    with_officer = plan(preparation=[COPIES], information_officer="officer-1")
    case.when(with_officer).then(planned(information_officer="officer-1"), task(owner="officer-1"))


def test_or_whoever_is_named() -> None:
    named = COPIES.model_copy(update={"owner": "officer-2", "due_at": NOON})
    case = given(DECIDER, (opened(Path.PREPARED),))
    message = plan(preparation=[named], information_officer="officer-1")
    case.when(message).then_one(PreparationTaskDue, owner="officer-2", due_at=NOON)


def test_later_tasks_fall_to_the_same_officer_and_have_ids_of_their_own() -> None:
    case = given(DECIDER, (opened(Path.PREPARED), planned(information_officer="officer-1"), task(), over()))
    case.when(add(), at=TEN).then(task(2, owner="officer-1", kind=Preparation.ROOM, what=None))


def test_what_prepares_a_consultation_is_ready_when_it_begins() -> None:
    case = given(DECIDER, STANDS)
    late, past = TOMORROW + timedelta(seconds=1), TEN - timedelta(seconds=1)
    case.when(add(due_at=late), at=TEN).then(refused("due_after_consultation", "due_at"))
    case.when(add(due_at=past), at=TEN).then(refused("due_in_the_past", "due_at"))
    case.when(add(due_at=TEN), at=TEN).then_one(PreparationTaskDue, due_at=TEN)


def test_materials_for_a_remote_or_a_further_consultation_are_prepared_by_a_time_that_is_said() -> None:
    remote = given(DECIDER, (opened(Path.REMOTE),))
    remote.when(add(), at=TEN).then(refused("due_missing", "due_at"))
    remote.when(add(due_at=TOMORROW), at=TEN).then_one(PreparationTaskDue, number=1)
    further = given(DECIDER, (opened(Path.AT_ONCE), (held(), ELEVEN), (follow_up(), NOON)))
    further.when(add(due_at=TOMORROW), at=NOON).then_one(PreparationTaskDue, number=2)


@pytest.mark.parametrize(
    "happened",
    [(opened(Path.PREPARED),), (opened(Path.AT_ONCE), (held(), ELEVEN)), (opened(Path.REMOTE), (ended(), TEN))],
)
def test_nothing_is_prepared_where_no_consultation_is_coming(happened: Any) -> None:
    given(DECIDER, happened).when(add(due_at=TOMORROW), at=NOON).then(
        refused("nothing_to_prepare", "case_id", early=True)
    )


# ── its end ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_task_is_done_once_and_counts_among_the_consultation_s_resources() -> None:
    case = given(DECIDER, (*STANDS, task()))
    case.when(complete(minutes_spent=20, cost=500), at=TEN).then(over(minutes=20, cost=500))
    done = given(DECIDER, (*STANDS, task(), over(minutes=20, cost=500)))
    done.when(complete(), at=TEN).then(refused("no_such_task", "task_id", early=True))
    done.when(hold(), at=ELEVEN).then(
        held(Path.PREPARED).model_copy(
            update={"minutes_spent": 70, "cost": 12_500, "minutes_before": 20, "cost_before": 500}
        )
    )


def test_what_was_spent_before_one_consultation_does_not_count_for_the_next() -> None:
    case = given(DECIDER, (*STANDS, task(), over(minutes=20, cost=500), (held(), ELEVEN), (follow_up(), NOON)))
    case.when(hold(started_at=TOMORROW), at=TOMORROW).then_one(ConsultHeld, minutes_spent=50, cost=12_000)


def test_no_task_is_done_before_it_was_set() -> None:
    case = given(DECIDER, (*STANDS, (task(), TEN)))
    case.when(complete(), at=NINE).then(refused("before_previous", "time"))


def test_what_is_not_ready_when_it_is_held_has_lapsed() -> None:
    case = given(DECIDER, (*STANDS, task(), task(2), over()))
    case.when(hold(), at=ELEVEN).then(held(Path.PREPARED), over(2, TaskEnd.LAPSED))


def test_a_task_moves_with_its_consultation_but_not_into_the_past() -> None:
    case = given(DECIDER, (*STANDS, task(due_at=NOON), task(2)))
    moved = [one for one in case.when(reschedule(TOMORROW - timedelta(hours=6)), at=TEN).events if is_move(one)]
    assert [(one.task_id, one.due_at) for one in moved] == [("A1-t1", TEN), ("A1-t2", TOMORROW - timedelta(hours=6))]
    later = [one for one in case.when(reschedule(TOMORROW + timedelta(days=1)), at=TEN).events if is_move(one)]
    assert [one.due_at for one in later] == [NOON + timedelta(days=1), TOMORROW + timedelta(days=1)]


def test_what_was_due_before_a_time_was_agreed_is_ready_when_the_consultation_begins() -> None:
    """Regression: it stayed due a day after the consultation that it prepares."""
    further = (opened(Path.AT_ONCE), (held(), ELEVEN), (follow_up(), NOON))
    case = given(
        DECIDER, (*further, (task(due_at=TOMORROW + timedelta(days=1)), NOON), (task(2, due_at=TOMORROW), NOON))
    )
    agreed = TOMORROW + timedelta(hours=1)
    moved = [one for one in case.when(reschedule(agreed), at=NOON).events if is_move(one)]
    assert [(one.task_id, one.due_at) for one in moved] == [("A1-t1", agreed), ("A1-t2", TOMORROW)]


def is_move(event: Any) -> bool:
    return isinstance(event, PreparationTaskMoved)


def test_a_new_time_may_need_new_preparation() -> None:
    case = given(DECIDER, STANDS)
    case.when(reschedule(TOMORROW, preparation=[COPIES]), at=TEN).then_one(PreparationTaskDue, due_at=TOMORROW)


@pytest.mark.parametrize(
    ("message", "at", "end"),
    [
        (CancelConsultation(case_id="A1", ground=CancelGround.CONSUMER_WITHDREW), TEN, TaskEnd.CALLED_OFF),
        (CancelConsultation(case_id="A1", ground=CancelGround.CENTRE_UNABLE), TEN, TaskEnd.CALLED_OFF),
        (AwaitConsumer(case_id="A1", ground=ContactGround.ASKED_TO_WAIT), TEN, TaskEnd.CALLED_OFF),
        (RecordNoShow(case_id="A1"), TOMORROW, TaskEnd.LAPSED),
    ],
)
def test_it_ends_with_its_consultation(message: Any, at: datetime, end: TaskEnd) -> None:
    given(DECIDER, (*STANDS, task())).when(message, at=at).then_one(PreparationTaskEnded, task_id="A1-t1", end=end)


def test_what_the_consultant_was_to_prepare_falls_to_whoever_takes_over() -> None:
    case = given(DECIDER, (*STANDS, task(), task(2, owner="officer-1")))
    passed = HandOverConsultation(case_id="A1", consultant="consultant-2", reason="speaks English")
    [_, moved] = case.when(passed, at=TEN).events
    assert moved == PreparationTaskMoved(
        consumer_id="c-A1", case_id="A1", task_id="A1-t1", owner="consultant-2", due_at=TOMORROW
    )
