"""The published language of consult: plan, hold, follow up, topical issues (DOMAIN.md §2 stages 3, 4, 7, 11)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import Field

from .base import AboutNobody, Command, Event, Id, LongId, PersonalText, Sealed, Tiyn, When
from .values import Channel, Form, Path

Minutes = Annotated[int, Field(ge=0, le=100_000)]


class _Consult:
    context: ClassVar[str] = "consult"


class PlanConsultation(_Consult, Command):
    """Stages 3a-b and 3b-b: the plan-assignment. Material costs need the manager's agreement before it stands."""

    case_id: Id
    planned_at: When
    place: PersonalText
    """Where it is held; on the consumer's premises that may be a home."""
    form: Form
    expected_result: PersonalText
    further_information: PersonalText | None = None
    material_costs: Tiyn = 0
    agreed_by_manager: Id | None = None


class HoldConsultation(_Consult, Command):
    """Stages 3a-a, 3b-a, 4 and 7: a consultation was held; the CloudEvents `time` is its end."""

    case_id: Id
    started_at: When
    form: Form
    consultant: Id | None = None
    minutes_spent: Minutes
    cost: Tiyn = 0
    people: Annotated[int, Field(ge=1, le=100)] = 1


class RecordTopicalIssue(_Consult, Command):
    """Stage 11: an issue topical for the target group, or a need of the organisation's own.

    Kept readable for analysis: its words name no person.
    """

    case_id: Id
    issue: AboutNobody
    target_group: AboutNobody
    organisation_need: bool = False


class ConsultationOpened(_Consult, Event):
    """A collected request became a consultation; `path` is its branch of stage 3."""

    case_id: Id
    channel: Channel
    office: str
    topic: str | None
    path: Path
    consultant: Id
    manager: Id


class ConsultationPlanned(_Consult, Event):
    """The plan-assignment stands."""

    case_id: Id
    planned_at: datetime
    place: Sealed
    form: Form
    expected_result: Sealed
    further_information: Sealed | None = None
    material_costs: Tiyn
    agreed_by_manager: Id | None


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
    cost: Tiyn
    people: int


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


class TopicalIssueRecorded(_Consult, Event):
    """Stage 11 is done for one issue."""

    case_id: Id
    issue: str
    target_group: str
    organisation_need: bool


COMMANDS: tuple[type[Command], ...] = (PlanConsultation, HoldConsultation, RecordTopicalIssue)
EVENTS: tuple[type[Event], ...] = (
    ConsultationOpened,
    ConsultationPlanned,
    ConsultHeld,
    FollowUpDue,
    TopicalIssueRecorded,
)
