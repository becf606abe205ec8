"""What consult knows of a case, and how each event changes it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto
from typing import Any

from shared.contracts.base import Event
from shared.contracts.consult import (
    CaseEnded,
    ConsultationCancelled,
    ConsultationHandedOver,
    ConsultationOpened,
    ConsultationPlanned,
    ConsultationRescheduled,
    ConsultationResumed,
    ConsultHeld,
    ContactDue,
    FollowUpDue,
    NoShowRecorded,
    NoTopicalIssueFound,
    PlanCostsAgreed,
    PlanCostsRefused,
    PlanProposed,
    PlanRequired,
    PreparationTaskDue,
    PreparationTaskEnded,
    PreparationTaskMoved,
    TopicalIssueRecorded,
)
from shared.contracts.values import Channel, Form, Party, Path


@dataclass(frozen=True, slots=True)
class Unknown:
    """No such case here yet."""


class Next(Enum):
    """What must happen next."""

    PLAN = auto()
    COSTS = auto()
    """The manager's word on the costs of the proposed plan."""
    NEW_TIME = auto()
    """The agreed time has fallen through."""
    CONSULTATION = auto()
    ASSESSMENT = auto()
    NOTHING = auto()
    """The case has ended without a further consultation."""


@dataclass(frozen=True, slots=True)
class Task:
    """Something that is being prepared."""

    id: str
    owner: str
    since: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Contact:
    """The consumer must be spoken to before the case goes on; `paused`: it waits through no fault of the centre."""

    id: str
    due_at: datetime
    paused: bool


@dataclass(frozen=True, slots=True)
class Consultation:
    """A case in the hands of a consultant; `latest_at` is when the last step towards `next` was made."""

    consumer_id: str | None
    channel: Channel
    office: str
    topic: str | None
    path: Path
    consultant: str
    manager: str
    next: Next
    latest_at: datetime
    held: int = 0
    first_ended_at: datetime | None = None
    agreed_at: datetime | None = None
    """When the coming consultation is to begin, where that is agreed."""
    agreed_form: Form | None = None
    proposal: PlanProposed | None = None
    """The latest plan that was proposed; its texts are sealed."""
    proposals: int = 0
    information_officer: str | None = None
    tasks: tuple[Task, ...] = ()
    """What is still to be prepared."""
    tasks_set: int = 0
    contact: Contact | None = None
    contacts: int = 0
    no_shows: int = 0
    centre_at_fault: bool = False
    """The centre itself put off the coming consultation: its clock moves for nobody any more."""
    minutes_before: int = 0
    """Spent so far on the coming consultation; so is `cost_before`, in tiyn."""
    cost_before: int = 0
    issues_owed: tuple[str, ...] = ()
    """Consultations that were held, and of which it is still owed to register the issues they showed (stage 11)."""

    @property
    def number(self) -> int:
        """The coming consultation's."""
        return self.held + 1

    def coming(self, case_id: str) -> str:
        """The coming consultation's id."""
        return f"{case_id}-{self.number}"

    def about(self, case_id: str) -> dict[str, Any]:
        """What every event says that begins an obligation."""
        return {
            "consumer_id": self.consumer_id,
            "case_id": case_id,
            "channel": self.channel,
            "office": self.office,
            "topic": self.topic,
        }


State = Unknown | Consultation


def needs_plan(path: Path) -> bool:
    """3a-b and 3b-b rest on a plan-assignment; 3a-a and 3b-a are held at once."""
    return path in (Path.PREPARED, Path.PRESENT)


def evolve(state: State, event: Event, occurred_at: datetime) -> State:
    """The consultation after `event`."""
    if isinstance(event, ConsultationOpened):
        return Consultation(
            consumer_id=event.consumer_id,
            channel=event.channel,
            office=event.office,
            topic=event.topic,
            path=event.path,
            consultant=event.consultant,
            manager=event.manager,
            next=Next.PLAN if needs_plan(event.path) else Next.CONSULTATION,
            latest_at=occurred_at,
        )
    if isinstance(state, Unknown):
        return state
    match event:
        case PlanRequired() | PlanProposed() | PlanCostsAgreed() | PlanCostsRefused() | ConsultationPlanned():
            return replace(_planning(state, event), latest_at=occurred_at)
        case PreparationTaskDue() | PreparationTaskMoved() | PreparationTaskEnded():
            return _preparing(state, event, occurred_at)
        case ConsultHeld():
            owed = (event.consultation_id,) if event.issues_owed else ()
            return replace(
                state,
                next=Next.ASSESSMENT,
                held=event.number,
                latest_at=event.ended_at,
                first_ended_at=state.first_ended_at or event.ended_at,
                agreed_at=None,
                agreed_form=None,
                centre_at_fault=False,
                minutes_before=0,
                cost_before=0,
                issues_owed=(*state.issues_owed, *owed),
            )
        case FollowUpDue():
            # Stage 5 begins in the consultation's last minutes, so the dissatisfaction may be noted before its end.
            return replace(
                state,
                next=Next.CONSULTATION,
                consultant=event.owner,
                manager=event.manager or state.manager,
                latest_at=max(state.latest_at, occurred_at),
                agreed_at=event.due_at if event.agreed else None,
            )
        case ConsultationRescheduled() | ContactDue() | ConsultationResumed():
            return replace(_waiting(state, event), latest_at=occurred_at)
        case NoShowRecorded():
            return replace(
                state,
                no_shows=event.times,
                minutes_before=state.minutes_before + event.minutes_spent,
                cost_before=state.cost_before + event.cost,
            )
        case ConsultationCancelled(by=Party.CENTRE):
            return replace(state, centre_at_fault=True)
        case CaseEnded():
            return replace(state, next=Next.NOTHING, latest_at=occurred_at, contact=None, agreed_at=None)
        case ConsultationHandedOver():
            return replace(
                state,
                consultant=event.consultant,
                manager=event.manager or state.manager,
                latest_at=occurred_at,
            )
        case TopicalIssueRecorded() | NoTopicalIssueFound():
            left = tuple(which for which in state.issues_owed if which not in event.consultations)
            return replace(state, issues_owed=left)
        case _:
            return state


def _planning(
    state: Consultation,
    event: PlanRequired | PlanProposed | PlanCostsAgreed | PlanCostsRefused | ConsultationPlanned,
) -> Consultation:
    match event:
        case PlanRequired():
            # What the centre put off was the consultation without a plan: of the planned one it is at fault in nothing.
            return replace(
                state, path=event.path, next=Next.PLAN, agreed_at=None, agreed_form=None, centre_at_fault=False
            )
        case PlanProposed():
            return replace(
                state,
                next=Next.COSTS,
                proposal=event,
                proposals=state.proposals + 1,
                information_officer=event.information_officer,
                contact=None,
            )
        case PlanCostsRefused():
            return replace(state, next=Next.PLAN)
        case PlanCostsAgreed():
            return replace(state, next=Next.CONSULTATION, agreed_at=event.planned_at, agreed_form=event.form)
        case ConsultationPlanned():
            return replace(
                state,
                next=Next.CONSULTATION,
                agreed_at=event.planned_at,
                agreed_form=event.form,
                information_officer=event.information_officer,
                contact=None,
            )


def _preparing(
    state: Consultation, event: PreparationTaskDue | PreparationTaskMoved | PreparationTaskEnded, at: datetime
) -> Consultation:
    others = tuple(task for task in state.tasks if task.id != event.task_id)
    match event:
        case PreparationTaskDue():
            task = Task(event.task_id, event.owner, at, event.due_at)
            return replace(state, tasks=(*others, task), tasks_set=state.tasks_set + 1)
        case PreparationTaskMoved():
            moved = (
                replace(task, owner=event.owner, due_at=event.due_at) for task in state.tasks if task not in others
            )
            return replace(state, tasks=(*others, *moved))
        case PreparationTaskEnded():
            return replace(
                state,
                tasks=others,
                minutes_before=state.minutes_before + event.minutes_spent,
                cost_before=state.cost_before + event.cost,
            )


def _waiting(state: Consultation, event: ConsultationRescheduled | ContactDue | ConsultationResumed) -> Consultation:
    match event:
        case ConsultationRescheduled():
            return replace(
                state,
                next=Next.CONSULTATION,
                agreed_at=event.planned_at,
                agreed_form=event.form or state.agreed_form,
                contact=None,
                centre_at_fault=state.centre_at_fault or (event.by is Party.CENTRE and event.previous_at is not None),
            )
        case ContactDue():
            return replace(
                state,
                next=state.next if state.agreed_at is None else Next.NEW_TIME,
                agreed_at=None,
                contact=Contact(event.contact_id, event.due_at, event.paused),
                contacts=state.contacts + 1,
            )
        case ConsultationResumed():
            return replace(state, contact=None)
