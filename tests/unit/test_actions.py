"""Actions that remove a cause, followed to their end (DOMAIN.md §2 stage 9b, §5, §7)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from services.feedback.domain import DECIDER
from shared.contracts.base import Command
from shared.contracts.quality import (
    ActionCompleted,
    ActionDropped,
    ActionDue,
    ActionMoved,
    ActionOrdered,
    ActionOrigin,
    ActionReopened,
    ActionVerified,
    CompleteAction,
    DropAction,
    MoveAction,
    OrderAction,
    VerifyAction,
)

from .complaint_words import after
from .given_when_then import NINE, Outcome, at, given, refused

LATER = NINE + timedelta(days=2)
END_OF_MARCH = at("2026-04-01 00:00")


def order(**more: Any) -> OrderAction:
    facts: dict[str, Any] = {
        "action_id": "Z1",
        "action": "print samples in three languages",
        "department": "front_office",
        "owner": "k-2",
        "due": date(2026, 3, 31),
        "causes": ["no_sample_form"],
        "verifier": "m-1",
    }
    return OrderAction(**facts | more)


DONE = CompleteAction(action_id="Z1", done="they lie at every counter")
GONE = VerifyAction(action_id="Z1", verified_by="m-1", cause_gone=True, finding="no complaint for a month")
NOT_GONE = VerifyAction(
    action_id="Z1", verified_by="m-1", cause_gone=False, finding="not in Russian", due=date(2026, 4, 30)
)
DROP = DropAction(action_id="Z1", reason="the form is abolished")


def when(past: tuple[Command, ...], command: Command) -> Outcome:
    return given(DECIDER, after(*past)).when(command, at=LATER)


def asked(verifier: str | None) -> ActionDue:
    return ActionDue(
        case_id="A1",
        action_id="A1-a1",
        origin=ActionOrigin.IMPROVEMENT,
        action="train",
        department=None,
        owner="k-2",
        due=date(2026, 3, 31),
        causes=["no_sample_form"],
        verifier=verifier,
        office="central",
        topic=None,
        channel=None,
    )


def test_an_ordered_action_has_a_department_an_owner_and_a_deadline() -> None:
    given(DECIDER).when(order()).then_one(
        ActionOrdered,
        action_id="Z1",
        case_id="Z1",
        term_id="Z1-t1",
        department="front_office",
        owner="k-2",
        due_at=END_OF_MARCH,
        verifier="m-1",
        origin=ActionOrigin.REVIEW,
    )
    given(DECIDER).when(order(action_id=None, about="X1")).then_one(ActionOrdered, action_id="fresh", case_id="X1")
    when((order(),), order()).then(refused("already_exists", "action_id"))
    given(DECIDER).when(order(verifier="k-2")).then(refused("own_work", "verifier"))
    given(DECIDER).when(order(due=date(2026, 3, 1))).then(refused("due_in_the_past", "due"))
    given(DECIDER).when(order(causes=["the_moon"])).then(refused("unknown_cause", "causes"))


def test_an_action_that_came_with_a_decision_is_taken_on_once() -> None:
    outcome = given(DECIDER).when(asked("m-1"))
    outcome.then_one(ActionOrdered, action_id="A1-a1", case_id="A1", due_at=END_OF_MARCH, verifier="m-1")
    given(DECIDER, outcome.events).when(asked("m-1")).then_nothing()


def test_an_improvement_ends_with_the_deed() -> None:
    taken_on = given(DECIDER).when(asked(None)).events
    done = CompleteAction(action_id="A1-a1", done="trained on Friday")
    outcome = given(DECIDER, taken_on).when(done).then_one(ActionCompleted, verifier=None, done="trained on Friday")
    given(DECIDER, (*taken_on, *outcome.events)).when(done).then(refused("action_ended", "action_id"))


def test_a_corrective_action_ends_when_somebody_else_found_the_cause_gone() -> None:
    when((order(),), DONE).then_one(ActionCompleted, term_id="Z1-t1", check_id="Z1-c1", verifier="m-1")
    when((order(), DONE), GONE).then_one(ActionVerified, check_id="Z1-c1", verified_by="m-1")
    when((order(), DONE, GONE), DROP).then(refused("action_ended", "action_id"))
    when((order(),), GONE).then(refused("not_done", "action_id"))
    own = GONE.model_copy(update={"verified_by": "k-2"})
    when((order(), DONE), own).then(refused("own_work", "verified_by"))
    when((order(), DONE), DONE).then(refused("already_done", "action_id"))


def test_where_the_cause_is_not_gone_the_action_goes_on() -> None:
    when((order(), DONE), NOT_GONE).then_one(
        ActionReopened, term_id="Z1-t2", owner="k-2", due_at=at("2026-05-01 00:00"), finding="not in Russian"
    )
    when((order(), DONE), NOT_GONE.model_copy(update={"due": None})).then(refused("due_missing", "due"))
    when((order(), DONE, NOT_GONE), DONE).then_one(ActionCompleted, term_id="Z1-t2", check_id="Z1-c2")
    when((order(), DONE, NOT_GONE, DONE), GONE).then_one(ActionVerified, check_id="Z1-c2")


def test_an_action_is_dropped_with_a_reason() -> None:
    when((order(),), DROP).then_one(ActionDropped, reason="the form is abolished", term_id="Z1-t1")
    when((order(), DONE), DROP).then(refused("already_done", "action_id"))
    when((order(), DROP), DONE).then(refused("action_ended", "action_id"))


def test_an_action_moves_to_another_owner_or_day_with_a_reason() -> None:
    moved = MoveAction(action_id="Z1", owner="k-3", due=date(2026, 4, 30), reason="k-2 is on leave")
    when((order(),), moved).then_one(ActionMoved, owner="k-3", due_at=at("2026-05-01 00:00"), term_id="Z1-t1")
    when((order(),), moved.model_copy(update={"due": None})).then_one(ActionMoved, due_at=END_OF_MARCH)
    when((order(), moved), DONE).then_one(ActionCompleted, owner="k-3")
    when((order(),), MoveAction(action_id="Z1", reason="?")).then(refused("nothing_moves", "due"))
    when((order(),), moved.model_copy(update={"owner": "m-1"})).then(refused("own_work", "owner"))
    when((order(), DONE), moved).then(refused("already_done", "action_id"))


@pytest.mark.parametrize("command", [DONE, GONE, DROP], ids=lambda command: type(command).__name__)
def test_an_unknown_action_may_yet_become_known(command: Command) -> None:
    given(DECIDER).when(command).then(refused("unknown_action", "action_id", later=True))


def test_nothing_happens_to_it_before_the_order() -> None:
    case = given(DECIDER, after(order()))
    case.when(DONE, at=NINE - timedelta(hours=1)).then(refused("before_previous", "time"))


def test_another_one_checks_it_but_never_its_owner_and_only_where_it_is_checked() -> None:
    to_m_2 = MoveAction(action_id="Z1", verifier="m-2", reason="on leave")
    when((order(),), to_m_2).then_one(ActionMoved, verifier="m-2", check_id=None, owner="k-2", due_at=END_OF_MARCH)
    when((order(), DONE), to_m_2).then_one(ActionMoved, verifier="m-2", check_id="Z1-c1")
    when((order(), to_m_2), DONE).then_one(ActionCompleted, verifier="m-2")
    own = to_m_2.model_copy(update={"verifier": "k-2"})
    when((order(), DONE), own).then(refused("own_work", "verifier"))
    when((order(), DONE), to_m_2.model_copy(update={"owner": "k-3"})).then(refused("already_done", "action_id"))
    ends_with_the_deed = given(DECIDER).when(asked(None)).events
    unchecked = MoveAction(action_id="A1-a1", verifier="m-2", reason="on leave")
    given(DECIDER, ends_with_the_deed).when(unchecked).then(refused("nothing_to_check", "verifier"))
