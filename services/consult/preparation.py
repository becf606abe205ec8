"""Preparing a consultation: who makes what ready until when (stage 4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from services.consult.state import Consultation, Next, State
from shared.contracts.consult import (
    AddPreparationTask,
    CompletePreparation,
    PreparationTask,
    PreparationTaskDue,
    PreparationTaskEnded,
    PreparationTaskMoved,
)
from shared.contracts.values import TaskEnd
from shared.decider import Given, Refused
from shared.rules import not_before

MOST_COST = 10**13
"""What one consultation can cost at most, in tiyn: the contract's own bound on money."""


def set_tasks(
    state: Consultation,
    case_id: str,
    tasks: Sequence[PreparationTask],
    given: Given[State],
    *,
    agreed_at: datetime | None,
    officer: str | None = None,
) -> list[PreparationTaskDue]:
    """Each task falls to whoever is named, else to the information officer, and where there is none to the consultant.

    A task is due when the consultation begins (`agreed_at`), or earlier.
    """
    owner = officer or state.information_officer or state.consultant
    return [
        PreparationTaskDue(
            **state.about(case_id),
            task_id=f"{case_id}-t{state.tasks_set + index}",
            number=state.number,
            kind=task.kind,
            what=task.what,
            owner=task.owner or owner,
            due_at=_due_at(task, given.occurred_at, agreed_at),
        )
        for index, task in enumerate(tasks, start=1)
    ]


def _due_at(task: PreparationTask, now: datetime, agreed_at: datetime | None) -> datetime:
    due_at = task.due_at or agreed_at
    if due_at is None:
        raise Refused(
            "due_missing", "no time is agreed for this consultation; say until when the task is to be done", "due_at"
        )
    if due_at < now:
        raise Refused("due_in_the_past", f"{due_at.isoformat()} is over; give the task a later time", "due_at")
    if agreed_at is not None and due_at > agreed_at:
        raise Refused(
            "due_after_consultation",
            f"the consultation begins at {agreed_at.isoformat()}; what prepares it must be ready by then",
            "due_at",
        )
    return due_at


def add_task(state: Consultation, added: AddPreparationTask, given: Given[State]) -> PreparationTaskDue:
    """Before any consultation that is to be held, also a further or a remote one."""
    if state.next is not Next.CONSULTATION:
        raise Refused(
            "nothing_to_prepare",
            "no consultation is coming that could be prepared; plan it or agree a new time first",
            "case_id",
            early=True,
        )
    not_before(state.latest_at, given.occurred_at, "the latest step of this case")
    [due] = set_tasks(state, added.case_id, [added.task], given, agreed_at=state.agreed_at)
    return due


def complete_task(state: Consultation, done: CompletePreparation, given: Given[State]) -> PreparationTaskEnded:
    """It is done, once, before the consultation."""
    for task in state.tasks:
        if task.id == done.task_id:
            break
    else:
        raise Refused(
            "no_such_task",
            "no task of this id is open: it was never set, or is done, or ended with its consultation",
            "task_id",
            early=True,
        )
    not_before(task.since, given.occurred_at, "the task was set")
    not_too_costly(state, done.cost)
    return PreparationTaskEnded(
        consumer_id=state.consumer_id,
        case_id=done.case_id,
        task_id=task.id,
        end=TaskEnd.DONE,
        minutes_spent=done.minutes_spent,
        cost=done.cost,
    )


def end_tasks(state: Consultation, case_id: str, end: TaskEnd) -> Iterator[PreparationTaskEnded]:
    """What is still open ends with its consultation: held (lapsed) or not (called off)."""
    for task in state.tasks:
        yield PreparationTaskEnded(
            consumer_id=state.consumer_id, case_id=case_id, task_id=task.id, end=end, minutes_spent=0, cost=0
        )


def move_tasks(
    state: Consultation, case_id: str, planned_at: datetime, now: datetime
) -> Iterator[PreparationTaskMoved]:
    """What is still open keeps its distance from the consultation, but is due no sooner than now, and no later than
    the consultation begins: where no time had been agreed, it may have been due after that.
    """
    by = timedelta() if state.agreed_at is None else planned_at - state.agreed_at
    for task in state.tasks:
        yield PreparationTaskMoved(
            consumer_id=state.consumer_id,
            case_id=case_id,
            task_id=task.id,
            owner=task.owner,
            due_at=max(now, min(task.due_at + by, planned_at)),
        )


def pass_tasks(state: Consultation, case_id: str, consultant: str) -> Iterator[PreparationTaskMoved]:
    """What the consultant still had to prepare falls to whoever takes over."""
    for task in state.tasks:
        if task.owner == state.consultant:
            yield PreparationTaskMoved(
                consumer_id=state.consumer_id,
                case_id=case_id,
                task_id=task.id,
                owner=consultant,
                due_at=task.due_at,
            )


def not_too_costly(state: Consultation, cost: int) -> None:
    """Refuse costs that add up to more than the contract can say.

    Raises:
        Refused: code `cost_too_high`.
    """
    if state.cost_before + cost > MOST_COST:
        raise Refused(
            "cost_too_high",
            f"with what was spent before, this consultation would cost more than {MOST_COST} tiyn; correct the cost",
            "cost",
        )
