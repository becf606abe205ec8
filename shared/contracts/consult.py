"""The published language of consult: plan, prepare, hold, change, follow up (DOMAIN.md §2 stages 3, 4, 7, 11)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from .base import AboutNobody, Command, Event, Id, LongId, PersonalText, Sealed, Tiyn, When
from .values import CancelGround, Channel, ContactGround, Form, FormReason, Party, Path, Preparation, TaskEnd

Minutes = Annotated[int, Field(ge=0, le=100_000)]


class _Consult:
    context: ClassVar[str] = "consult"


# ── what may be submitted ────────────────────────────────────────────────────────────────────────────────────


class PreparationTask(BaseModel):
    """Something to be ready before the consultation: a room, copies, materials … (stage 4)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Preparation
    what: AboutNobody | None = None
    owner: Id | None = None
    """Who does it; default: the information officer, and where there is none the consultant."""
    due_at: When | None = None
    """Default: when the consultation begins."""


Tasks = Annotated[list[PreparationTask], Field(max_length=20)]


class PlanConsultation(_Consult, Command):
    """Stages 3a-b and 3b-b: the plan-assignment, agreed with the consumer.

    With material costs it is proposed, and stands once the case's manager agrees (`DecidePlanCosts`), or at once where
    the manager submits it and says so in `agreed_by_manager`; what anybody else says there the manager still decides.
    """

    case_id: Id
    planned_at: When
    place: PersonalText
    """Where it is held; on the consumer's premises that may be a home."""
    form: Form
    expected_result: PersonalText
    further_information: PersonalText | None = None
    material_costs: Tiyn = 0
    agreed_by_manager: Id | None = None
    agenda: Annotated[list[AboutNobody], Field(max_length=20)] = Field(default_factory=list[str])
    """The order in which the consultation is to go."""
    information_officer: Id | None = None
    """Who prepares it; without one the consultant does."""
    preparation: Tasks = Field(default_factory=list[PreparationTask])


class DecidePlanCosts(_Consult, Command):
    """Stages 3a-b and 3b-b: the case's manager agrees to a proposed plan's material costs, or refuses them."""

    case_id: Id
    manager: Id
    agreed: bool
    reason: AboutNobody | None = None
    """Needed for a refusal: what to propose instead."""


class RequirePlan(_Consult, Command):
    """Stage 3a-a turns out to be 3a-b (no time, or it must be prepared), 3b-a to be 3b-b (presence is needed)."""

    case_id: Id
    reason: AboutNobody


class AddPreparationTask(_Consult, Command):
    """Stage 4: one more thing to be ready before the coming consultation."""

    case_id: Id
    task: PreparationTask


class CompletePreparation(_Consult, Command):
    """Stage 4: a preparation task is done; what it took counts among the consultation's resources."""

    case_id: Id
    task_id: LongId
    minutes_spent: Minutes = 0
    cost: Tiyn = 0


class HoldConsultation(_Consult, Command):
    """Stages 3a-a, 3b-a, 4 and 7: a consultation was held; the CloudEvents `time` is its end."""

    case_id: Id
    started_at: When
    form: Form
    consultant: Id | None = None
    minutes_spent: Minutes
    """Working time of all who took part; that of completed preparation tasks is added to it."""
    cost: Tiyn = 0
    """As for the minutes: that of completed preparation tasks is added to it."""
    people: Annotated[int, Field(ge=1, le=100)] = 1
    participants: Annotated[list[Id], Field(max_length=100)] = Field(default_factory=list[str])
    """Who of the centre took part, besides the consultant."""
    place: PersonalText | None = None
    materials: Annotated[list[AboutNobody], Field(max_length=50)] = Field(default_factory=list[str])
    """What the consumer was given."""
    form_because: FormReason | None = None
    """Why it took another form than the plan's, or than the consultation before it."""


class RescheduleConsultation(_Consult, Command):
    """A new time is agreed with the consumer, at whose wish or the centre's; perhaps a new place or form."""

    case_id: Id
    by: Party
    reason: PersonalText
    planned_at: When
    form: Form | None = None
    place: PersonalText | None = None
    preparation: Tasks = Field(default_factory=list[PreparationTask])


class AwaitConsumer(_Consult, Command):
    """The case waits for the consumer, through no fault of the centre: its clocks pause until the consumer is back."""

    case_id: Id
    ground: ContactGround
    """One of asked_to_wait, further_information, unreachable."""
    contact_by: When | None = None
    """Until when the consultant gets in touch again; default: in three days."""


class ResumeConsultation(_Consult, Command):
    """The consumer is back, and the case goes on without a new time being agreed."""

    case_id: Id


class RecordNoShow(_Consult, Command):
    """The consumer did not come to the agreed time, or did not answer. What was spent in vain is kept."""

    case_id: Id
    minutes_spent: Minutes = 0
    cost: Tiyn = 0


class CancelConsultation(_Consult, Command):
    """The coming consultation is called off, by the consumer or by the centre: `ground` says whether the case ends."""

    case_id: Id
    ground: CancelGround
    reason: PersonalText | None = None
    approved_by: Id | None = None
    """The case's manager, where the centre ends a case that the consumer did not withdraw."""


class HandOverConsultation(_Consult, Command):
    """Another consultant takes over the case, another manager, or both, with everything that each owes in it.

    Only a manager names another manager. What is owed after the last consultation: `HandOverFeedback`.
    """

    case_id: Id
    consultant: Id | None = None
    """Whoever consults from now on; None: nobody else."""
    manager: Id | None = None
    """Who agrees the costs, approves its end and answers for its effectiveness from now on; None: nobody else."""
    reason: AboutNobody


class RecordTopicalIssue(_Consult, Command):
    """Stage 11: an issue topical for the target group, or a need of the organisation's own.

    Kept readable for analysis: its words name no person.
    """

    case_id: Id
    issue: AboutNobody
    target_group: AboutNobody
    organisation_need: bool = False


class RecordNoTopicalIssue(_Consult, Command):
    """Stage 11: what was held so far showed no topical issue that is not recorded."""

    case_id: Id


# ── what happened ────────────────────────────────────────────────────────────────────────────────────────────


class ConsultationOpened(_Consult, Event):
    """A collected request became a consultation; `path` is its branch of stage 3."""

    case_id: Id
    channel: Channel
    office: str
    topic: str | None
    path: Path
    consultant: Id
    manager: Id


class PlanRequired(_Consult, Event):
    """The case goes over to `path`, 3a-b or 3b-b: a plan-assignment is due."""

    case_id: Id
    channel: Channel
    office: str
    topic: str | None
    previous_path: Path
    path: Path
    consultant: Id
    reason: str


class PlanProposed(_Consult, Event):
    """A plan-assignment with material costs waits for `manager`, who is to decide by `due_at`."""

    case_id: Id
    proposal_id: LongId
    channel: Channel
    office: str
    topic: str | None
    consultant: Id
    manager: Id
    due_at: datetime
    planned_at: datetime
    place: Sealed
    form: Form
    expected_result: Sealed
    further_information: Sealed | None = None
    material_costs: Tiyn
    agenda: list[str] = Field(default_factory=list[str])
    information_officer: Id | None = None
    preparation: list[PreparationTask] = Field(default_factory=list[PreparationTask])
    """What becomes due once the plan stands."""
    contact_id: LongId | None = None
    """The contact with the consumer that was due, and is had."""


class PlanCostsAgreed(_Consult, Event):
    """The manager agreed to the costs: the proposed plan-assignment stands."""

    case_id: Id
    proposal_id: LongId
    channel: Channel
    office: str
    topic: str | None
    consultant: Id
    planned_at: datetime
    begin_by: datetime
    form: Form
    material_costs: Tiyn
    agreed_by_manager: Id


class PlanCostsRefused(_Consult, Event):
    """The manager refused the costs: another plan is due, and the plan's clock has never stopped."""

    case_id: Id
    proposal_id: LongId
    material_costs: Tiyn
    refused_by: Id
    reason: str


class ConsultationPlanned(_Consult, Event):
    """The plan-assignment stands. The fields from `channel` on came later: history may not have them."""

    case_id: Id
    planned_at: datetime
    place: Sealed
    form: Form
    expected_result: Sealed
    further_information: Sealed | None = None
    material_costs: Tiyn
    agreed_by_manager: Id | None
    channel: Channel | None = None
    office: str | None = None
    topic: str | None = None
    consultant: Id | None = None
    begin_by: datetime | None = None
    """The consultation must have begun by then."""
    agenda: list[str] = Field(default_factory=list[str])
    information_officer: Id | None = None
    contact_id: LongId | None = None


class PreparationTaskDue(_Consult, Event):
    """`owner` is to have something ready for consultation `number` by `due_at`."""

    case_id: Id
    task_id: LongId
    number: int
    channel: Channel
    office: str
    topic: str | None
    kind: Preparation
    what: str | None
    owner: Id
    due_at: datetime


class PreparationTaskMoved(_Consult, Event):
    """The task follows its consultation to another time, or its case to another consultant."""

    case_id: Id
    task_id: LongId
    owner: Id
    due_at: datetime


class PreparationTaskEnded(_Consult, Event):
    """The task is done, or has lapsed, or was called off with its consultation."""

    case_id: Id
    task_id: LongId
    end: TaskEnd
    minutes_spent: int
    cost: Tiyn


class ConsultHeld(_Consult, Event):
    """A consultation was held; `number` 1 is the first, higher ones are follow-ups (stage 7)."""

    case_id: Id
    consultation_id: LongId
    number: int
    channel: Channel
    office: str
    topic: str | None
    path: Path
    form: Form
    consultant: Id
    manager: Id
    started_at: datetime
    ended_at: datetime
    minutes_spent: int
    """With the preparation's and what was spent when the consumer did not come."""
    cost: Tiyn
    people: int
    participants: list[str] = Field(default_factory=list[str])
    place: Sealed | None = None
    materials: list[str] = Field(default_factory=list[str])
    form_because: FormReason | None = None
    minutes_before: int = 0
    """Of `minutes_spent`, what was spent before it began."""
    cost_before: Tiyn = 0
    issues_owed: bool = False
    """Whether stage 11 is owed for it; records older than that obligation don't say so."""


class FollowUpDue(_Consult, Event):
    """After `Dissatisfied`: consultation `number` is owed by `owner` until `due_at` (stage 7)."""

    case_id: Id
    consultation_id: LongId
    number: int
    channel: Channel
    office: str
    topic: str | None
    owner: Id
    due_at: datetime
    agreed: bool
    manager: Id | None = None
    """Who manages the case from now on; None: as before."""


class ConsultationRescheduled(_Consult, Event):
    """The coming consultation has a new agreed time.

    `due_at` is set where the centre is not at fault: the clock moves there. Else the clock stays where it was.
    """

    case_id: Id
    consultation_id: LongId
    number: int
    by: Party
    reason: Sealed
    previous_at: datetime | None
    planned_at: datetime
    due_at: datetime | None
    form: Form | None
    place: Sealed | None
    contact_id: LongId | None


class ContactDue(_Consult, Event):
    """`owner` is to speak to the consumer by `due_at`; `paused`: the case's clocks wait for the consumer meanwhile."""

    case_id: Id
    contact_id: LongId
    consultation_id: LongId
    number: int
    channel: Channel
    office: str
    topic: str | None
    ground: ContactGround
    owner: Id
    due_at: datetime
    paused: bool
    previous_contact_id: LongId | None
    """The contact that was due before, and was had in vain."""


class ConsultationResumed(_Consult, Event):
    """The consumer is back: the contact that was due is had, and the clocks run again."""

    case_id: Id
    contact_id: LongId
    consultation_id: LongId
    number: int


class NoShowRecorded(_Consult, Event):
    """The consumer did not come to consultation `number`, agreed for `planned_at`."""

    case_id: Id
    consultation_id: LongId
    number: int
    channel: Channel
    office: str
    topic: str | None
    consultant: Id
    planned_at: datetime
    times: int
    """How often in this case, this time included."""
    minutes_spent: int
    cost: Tiyn


class ConsultationCancelled(_Consult, Event):
    """The coming consultation is called off. `CaseEnded` follows, or `ContactDue` where it is still owed."""

    case_id: Id
    consultation_id: LongId
    number: int
    channel: Channel
    office: str
    topic: str | None
    consultant: Id
    by: Party
    ground: CancelGround
    reason: Sealed | None = None
    approved_by: Id | None
    planned_at: datetime | None


class CaseEnded(_Consult, Event):
    """No consultation of this case will follow, and nothing is owed in it by consult any more."""

    case_id: Id
    consultation_id: LongId
    """The one that will not be held."""
    number: int
    channel: Channel
    office: str
    topic: str | None
    consultant: Id
    manager: Id
    ground: CancelGround
    held: int
    """How many consultations were held."""
    minutes_in_vain: int
    """Spent since the last one that was held, on one that will not be."""
    cost_in_vain: Tiyn
    contact_id: LongId | None
    proposal_id: LongId | None


class ConsultationHandedOver(_Consult, Event):
    """`consultant` now owes what `previous_consultant` owed; the same one where only the manager is another."""

    case_id: Id
    consultation_id: LongId
    number: int
    previous_consultant: Id
    consultant: Id
    reason: str
    contact_id: LongId | None
    issues_of: list[LongId] = Field(default_factory=list[str])
    """Consultations whose stage 11 is still owed."""
    manager: Id | None = None
    """The case's manager from now on; None: whoever was."""
    previous_manager: Id | None = None
    proposal_id: LongId | None = None
    """The plan whose costs wait for the manager's word."""


class TopicalIssueRecorded(_Consult, Event):
    """Stage 11 is done for one issue."""

    case_id: Id
    issue: str
    target_group: str
    organisation_need: bool
    consultations: list[LongId] = Field(default_factory=list[str])
    """Those for which it was owed until now; a further issue names none."""


class NoTopicalIssueFound(_Consult, Event):
    """Stage 11 is done: these consultations showed no topical issue."""

    case_id: Id
    consultations: list[LongId]


COMMANDS: tuple[type[Command], ...] = (
    PlanConsultation,
    DecidePlanCosts,
    RequirePlan,
    AddPreparationTask,
    CompletePreparation,
    HoldConsultation,
    RescheduleConsultation,
    AwaitConsumer,
    ResumeConsultation,
    RecordNoShow,
    CancelConsultation,
    HandOverConsultation,
    RecordTopicalIssue,
    RecordNoTopicalIssue,
)
EVENTS: tuple[type[Event], ...] = (
    ConsultationOpened,
    PlanRequired,
    PlanProposed,
    PlanCostsAgreed,
    PlanCostsRefused,
    ConsultationPlanned,
    PreparationTaskDue,
    PreparationTaskMoved,
    PreparationTaskEnded,
    ConsultHeld,
    FollowUpDue,
    ConsultationRescheduled,
    ContactDue,
    ConsultationResumed,
    NoShowRecorded,
    ConsultationCancelled,
    CaseEnded,
    ConsultationHandedOver,
    TopicalIssueRecorded,
    NoTopicalIssueFound,
)
