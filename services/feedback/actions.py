"""Actions: what removes a cause, across departments, from the order to the deed, and to the check that it is gone.

Those of stage 9b end with the deed; those of complaints, inspections and reviews when somebody other than the owner
has found the cause gone. One that is dropped says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Any

from services.feedback import causes
from services.feedback.days import end_of
from shared.contracts.base import Event
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
from shared.decider import Given, Refused
from shared.rules import not_before


@dataclass(frozen=True, slots=True)
class Action:
    """An action that was ordered."""

    ordered: ActionOrdered
    owner: str
    verifier: str | None
    due_at: datetime
    latest_at: datetime
    term: int = 1
    to_check: bool = False
    """Done, and whether the cause is gone is not known yet."""
    ended: bool = False

    @property
    def term_id(self) -> str:
        return f"{self.ordered.action_id}-t{self.term}"

    @property
    def check_id(self) -> str:
        return f"{self.ordered.action_id}-c{self.term}"


def take_on(asked: ActionDue, given: Given[Any], zone: tzinfo) -> ActionOrdered:
    """An action that came with stage 9b, a decision or an inspection is followed from now on."""
    return ActionOrdered(
        case_id=asked.case_id,
        action_id=asked.action_id,
        term_id=f"{asked.action_id}-t1",
        origin=asked.origin,
        action=asked.action,
        department=asked.department,
        owner=asked.owner,
        due_at=end_of(asked.due, given.occurred_at, zone, "due"),
        causes=asked.causes,
        verifier=asked.verifier,
        office=asked.office,
        topic=asked.topic,
        channel=asked.channel,
    )


def order(wanted: OrderAction, given: Given[Any], zone: tzinfo) -> ActionOrdered:
    """The manager's own order, e.g. from a management review."""
    action_id = wanted.action_id or given.fresh_id
    causes.check_named(given, wanted.causes)
    _another_checks(wanted.verifier, wanted.owner, "verifier")
    return ActionOrdered(
        case_id=wanted.about or action_id,
        action_id=action_id,
        term_id=f"{action_id}-t1",
        origin=ActionOrigin.REVIEW,
        action=wanted.action,
        department=wanted.department,
        owner=wanted.owner,
        due_at=end_of(wanted.due, given.occurred_at, zone, "due"),
        causes=wanted.causes,
        verifier=wanted.verifier,
        office=None,
        topic=None,
        channel=None,
    )


def decide(action: Action, message: Any, given: Given[Any], zone: tzinfo) -> Sequence[Event]:
    """What may be done about an action that stands."""
    if action.ended:
        raise Refused("action_ended", "this action has ended; order another one where the cause is back", "action_id")
    not_before(action.latest_at, given.occurred_at, "the step before")
    match message:
        case MoveAction():
            return [_move(action, message, given, zone)]
        case CompleteAction():
            return [_complete(action, message)]
        case DropAction():
            return [_drop(action, message)]
        case VerifyAction():
            return [_verify(action, message, given, zone)]
        case _:
            raise Refused("unknown_type", f"an action knows no {message.type_name()}; see `tereze contract`")


def _move(action: Action, wanted: MoveAction, given: Given[Any], zone: tzinfo) -> ActionMoved:
    if wanted.owner is None and wanted.due is None and wanted.verifier is None:
        raise Refused("nothing_moves", "name the new owner, the new day, or who checks it", "due")
    if wanted.owner is not None or wanted.due is not None:
        _still_to_do(action)
    if wanted.verifier is not None and action.verifier is None:
        raise Refused("nothing_to_check", "this action ends with the deed; leave the verifier out", "verifier")
    owner, verifier = wanted.owner or action.owner, wanted.verifier or action.verifier
    if verifier is not None:
        _another_checks(verifier, owner, "owner" if wanted.verifier is None else "verifier")
    due_at = action.due_at if wanted.due is None else end_of(wanted.due, given.occurred_at, zone, "due")
    return ActionMoved(
        case_id=action.ordered.case_id,
        action_id=action.ordered.action_id,
        term_id=action.term_id,
        department=action.ordered.department,
        owner=owner,
        due_at=due_at,
        reason=wanted.reason,
        verifier=wanted.verifier,
        check_id=action.check_id if action.to_check else None,
    )


def _complete(action: Action, deed: CompleteAction) -> ActionCompleted:
    _still_to_do(action)
    ordered = action.ordered
    return ActionCompleted(
        case_id=ordered.case_id,
        action_id=ordered.action_id,
        term_id=action.term_id,
        check_id=action.check_id,
        department=ordered.department,
        owner=action.owner,
        verifier=action.verifier,
        done=deed.done,
        office=ordered.office,
        topic=ordered.topic,
        channel=ordered.channel,
    )


def _drop(action: Action, why: DropAction) -> ActionDropped:
    _still_to_do(action)
    return ActionDropped(
        case_id=action.ordered.case_id,
        action_id=action.ordered.action_id,
        term_id=action.term_id,
        department=action.ordered.department,
        reason=why.reason,
    )


def _verify(action: Action, found: VerifyAction, given: Given[Any], zone: tzinfo) -> ActionVerified | ActionReopened:
    """Whether the cause is gone; where it is not, the owner owes more."""
    if not action.to_check:
        raise Refused(
            "not_done", "whether the cause is gone shows once the action is done (CompleteAction)", "action_id"
        )
    _another_checks(found.verified_by, action.owner, "verified_by")
    ordered = action.ordered
    if found.cause_gone:
        return ActionVerified(
            case_id=ordered.case_id,
            action_id=ordered.action_id,
            check_id=action.check_id,
            department=ordered.department,
            verified_by=found.verified_by,
            finding=found.finding,
        )
    if found.due is None:
        raise Refused("due_missing", "the cause is not gone: name the day by which the action goes on", "due")
    return ActionReopened(
        case_id=ordered.case_id,
        action_id=ordered.action_id,
        check_id=action.check_id,
        term_id=f"{ordered.action_id}-t{action.term + 1}",
        department=ordered.department,
        owner=action.owner,
        due_at=end_of(found.due, given.occurred_at, zone, "due"),
        verified_by=found.verified_by,
        finding=found.finding,
        office=ordered.office,
        topic=ordered.topic,
        channel=ordered.channel,
    )


def _still_to_do(action: Action) -> None:
    if action.to_check:
        raise Refused("already_done", "the action is done; verify it next (VerifyAction)", "action_id")


def _another_checks(verifier: str, owner: str, field: str) -> None:
    if verifier == owner:
        raise Refused("own_work", "nobody checks their own work; name somebody else", field)


def evolve(action: Action | None, event: Event, occurred_at: datetime) -> Action | None:
    """The action after `event`."""
    match event, action:
        case ActionOrdered(), _:
            return Action(event, event.owner, event.verifier, event.due_at, occurred_at)
        case ActionMoved(), Action():
            verifier = event.verifier or action.verifier
            return replace(action, owner=event.owner, verifier=verifier, due_at=event.due_at, latest_at=occurred_at)
        case ActionCompleted(), Action():
            check = event.verifier is not None
            return replace(action, to_check=check, ended=not check, latest_at=occurred_at)
        case ActionReopened(), Action():
            return replace(action, term=action.term + 1, due_at=event.due_at, to_check=False, latest_at=occurred_at)
        case ((ActionDropped() | ActionVerified()), Action()):
            return replace(action, ended=True, latest_at=occurred_at)
        case _:
            return action
