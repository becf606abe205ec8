"""The published language of feedback, second part: causes, corrective actions, quality inspections (DOMAIN.md §5)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from .base import AboutNobody, CalendarDay, Code, Command, Event, Id, LongId, Short
from .values import Channel

Attempts = Annotated[int, Field(ge=1, le=100, description="how often somebody was tried to be reached, in vain")]


class _Feedback:
    context: ClassVar[str] = "feedback"


class Remedy(StrEnum):
    """The steps that stage 9b names (§2)."""

    TRAINING = "training"
    INFORMATION = "information"
    """More information and resources."""
    NEEDS_ASSESSMENT = "needs_assessment"
    OTHER = "other"


class ActionOrigin(StrEnum):
    """What an action is the answer to."""

    IMPROVEMENT = "improvement"
    """Stage 9b: a consultation that was not effective."""
    COMPLAINT = "complaint"
    INSPECTION = "inspection"
    REVIEW = "review"
    """The manager's own: a management review, a pattern in the figures."""


class CorrectiveAction(BaseModel):
    """What removes a cause, in which department, who answers for it and until when. It names no consumer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: AboutNobody
    department: Code
    owner: Id
    due: CalendarDay


class AddCause(_Feedback, Command):
    """One more cause of dissatisfaction, by a manager; its words in the centre's three languages."""

    code: Code
    kk: AboutNobody
    ru: AboutNobody
    en: AboutNobody


class RetireCause(_Feedback, Command):
    """This cause may be named no more; where it was named, it stays."""

    code: Code
    reason: AboutNobody


class OrderAction(_Feedback, Command):
    """A corrective action by the manager's own order; those of 9b, decisions and inspections come with these."""

    action_id: Id | None = None
    action: AboutNobody
    department: Code
    owner: Id
    due: CalendarDay
    causes: list[Code] = Field(default_factory=list[str], max_length=20)
    about: Id | None = None
    """The case, complaint or inspection that shows the need, if one does."""
    verifier: Id


class MoveAction(_Feedback, Command):
    """Another owner, another day, or another one who checks it, with the reason."""

    action_id: LongId
    owner: Id | None = None
    due: CalendarDay | None = None
    verifier: Id | None = None
    """Also once it is done, and only the check is owed."""
    reason: AboutNobody


class CompleteAction(_Feedback, Command):
    """The owner has done it."""

    action_id: LongId
    done: AboutNobody
    """What was done."""


class DropAction(_Feedback, Command):
    """It will not be done, and why."""

    action_id: LongId
    reason: AboutNobody


class VerifyAction(_Feedback, Command):
    """Whether the cause is gone, by somebody other than the owner; if not, the action goes on until `due`."""

    action_id: LongId
    verified_by: Id
    cause_gone: bool
    finding: AboutNobody
    due: CalendarDay | None = None


class Mark(StrEnum):
    """How a point of a checklist was met."""

    MET = "met"
    PARTLY = "partly"
    NOT_MET = "not_met"
    NOT_APPLICABLE = "not_applicable"


class Marked(BaseModel):
    """One point of a checklist, as it was found."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    point: Code
    mark: Mark
    remark: AboutNobody | None = None


class RecordInspection(_Feedback, Command):
    """A quality inspection of one employee at work, by a checklist (§5)."""

    inspection_id: Id | None = None
    checklist: Code
    employee: Id
    facility: Short
    inspector: Id
    channel: Channel | None = None
    marks: Annotated[list[Marked], Field(min_length=1, max_length=100)]
    actions: list[CorrectiveAction] = Field(default_factory=list[CorrectiveAction], max_length=20)


class CauseAdded(_Feedback, Event):
    """The catalogue of causes has one more."""

    code: str
    kk: str
    ru: str
    en: str


class CauseRetired(_Feedback, Event):
    """A cause that may be named no more."""

    code: str
    reason: str


class ActionDue(_Feedback, Event):
    """Stage 9b, a complaint's decision or an inspection asks for an action; it is followed as `action_id`."""

    case_id: Id
    """The case, complaint or inspection it answers."""
    action_id: LongId
    origin: ActionOrigin
    action: str
    department: str | None
    owner: Id
    due: CalendarDay
    causes: list[str]
    verifier: Id | None
    office: str | None
    topic: str | None
    channel: Channel | None


class ActionOrdered(_Feedback, Event):
    """An action stands: `owner` owes it until `due_at`. With a `verifier`, its effect is checked afterwards."""

    case_id: LongId
    """The case, complaint or inspection it answers; the action itself where there is none."""
    action_id: LongId
    term_id: LongId
    """What is owed until `due_at`: an action that comes back has another term."""
    origin: ActionOrigin
    action: str
    department: str | None
    owner: Id
    due_at: datetime
    causes: list[str]
    verifier: Id | None
    office: str | None
    topic: str | None
    channel: Channel | None


class ActionMoved(_Feedback, Event):
    """The action has another owner, another day, or another one who checks it."""

    case_id: LongId
    action_id: LongId
    term_id: LongId
    department: str | None
    owner: Id
    due_at: datetime
    reason: str
    verifier: Id | None = None
    """Who checks it from now on; None: as before."""
    check_id: LongId | None = None
    """The check that is owed."""


class ActionCompleted(_Feedback, Event):
    """Done; where a verifier is named, whether the cause is gone is now to be checked."""

    case_id: LongId
    action_id: LongId
    term_id: LongId
    check_id: LongId
    """The check that follows it: an action that comes back has another one."""
    department: str | None
    owner: Id
    verifier: Id | None
    done: str
    office: str | None
    topic: str | None
    channel: Channel | None


class ActionDropped(_Feedback, Event):
    """The end without deed."""

    case_id: LongId
    action_id: LongId
    term_id: LongId
    department: str | None
    reason: str


class ActionVerified(_Feedback, Event):
    """The cause is gone: the end."""

    case_id: LongId
    action_id: LongId
    check_id: LongId
    department: str | None
    verified_by: Id
    finding: str


class ActionReopened(_Feedback, Event):
    """The cause is not gone: the owner owes more, until `due_at`, as `term_id`."""

    case_id: LongId
    action_id: LongId
    check_id: LongId
    term_id: LongId
    department: str | None
    owner: Id
    due_at: datetime
    verified_by: Id
    finding: str
    office: str | None
    topic: str | None
    channel: Channel | None


class InspectionRecorded(_Feedback, Event):
    """A quality inspection, with its score in percent of what could be reached."""

    case_id: Id
    """The inspection's own id."""
    checklist: str
    employee: Id
    facility: str
    inspector: Id
    channel: Channel | None
    marks: list[Marked]
    score: Annotated[int, Field(ge=0, le=100)]


COMMANDS: tuple[type[Command], ...] = (
    AddCause,
    RetireCause,
    OrderAction,
    MoveAction,
    CompleteAction,
    DropAction,
    VerifyAction,
    RecordInspection,
)
EVENTS: tuple[type[Event], ...] = (
    CauseAdded,
    CauseRetired,
    ActionDue,
    ActionOrdered,
    ActionMoved,
    ActionCompleted,
    ActionDropped,
    ActionVerified,
    ActionReopened,
    InspectionRecorded,
)
