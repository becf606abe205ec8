"""The published language of feedback: satisfaction, effectiveness, impact (DOMAIN.md §2 stages 5, 6, 8–10).

Complaints, and what keeps quality up, are in modules of their own beside this one.
"""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from . import complaints, quality
from .base import (
    AboutNobody,
    CalendarDay,
    Code,
    Command,
    Event,
    Id,
    LongId,
    PersonalText,
    Sealed,
    Tiyn,
    TiynTotal,
    When,
)
from .quality import Attempts, Remedy
from .values import Channel, Form, Path, Solved

Score = Annotated[int, Field(ge=1, le=5, description="1 very poor … 5 very good")]
Percent = Annotated[int, Field(ge=0, le=100)]


class _Feedback:
    context: ClassVar[str] = "feedback"


class Survey(IntEnum):
    """Months after the last consultation for which its impact is asked (stage 10)."""

    ONE = 1
    THREE = 3
    SIX = 6


class NotAssessed(StrEnum):
    """Why a consultation could not be assessed with the consumer."""

    REFUSED = "refused"
    LEFT = "left"
    UNREACHED = "unreached"


class AssessSatisfaction(_Feedback, Command):
    """Stages 5 and 6: how it went, whether it helped; `closed_at` ends 6a / 6b (default: at once)."""

    case_id: Id
    process: Score
    result: Score
    satisfied: bool
    solved: Solved
    wishes: PersonalText | None = None
    """Of the consultations (6a)."""
    suggestions: PersonalText | None = None
    """For the organisation's work (6a)."""
    causes: list[Code] = Field(default_factory=list[str], max_length=20)
    further_needs: PersonalText | None = None
    agreed_follow_up_at: When | None = None
    closed_at: When | None = None


class RecordNotAssessed(_Feedback, Command):
    """Stage 5 came to nothing: the consumer would not say, had left, or could not be reached."""

    case_id: Id
    because: NotAssessed


class EvaluateEffectiveness(_Feedback, Command):
    """Stage 8: resources spent against satisfaction and the degree to which the problem was solved."""

    case_id: Id
    evaluated_by: Id
    degree_solved: Percent
    effective: bool
    grounds: AboutNobody | None = None
    """What the verdict rests on."""


class RecordSuccessFactors(_Feedback, Command):
    """Stage 9a: for training other consultants, who read it as it stands: its words name no person."""

    case_id: Id
    factors: Annotated[list[AboutNobody], Field(min_length=1, max_length=20)]


class ImprovementAction(BaseModel):
    """One step of stage 9b, with who answers for it and until when.

    About the centre's own work: it names no consumer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: AboutNobody
    owner: Id
    due: CalendarDay
    kind: Remedy = Remedy.OTHER
    department: Code | None = None


class RecordImprovement(_Feedback, Command):
    """Stage 9b: the causes of a consultation that was not effective, and what is done about them."""

    case_id: Id
    causes: Annotated[list[Code], Field(min_length=1, max_length=20)]
    actions: Annotated[list[ImprovementAction], Field(min_length=1, max_length=20)]


class EvaluateImpact(_Feedback, Command):
    """Stage 10: one to three months later, where needed up to six: what became of the advice."""

    case_id: Id
    evaluated_by: Id
    advice_used: bool
    changed: bool
    solved: Solved
    note: PersonalText | None = None
    months: Survey | None = None
    """Which survey it is; default: the one that is owed."""


class ExtendImpact(_Feedback, Command):
    """Stage 10, "where needed up to 6 months": one more survey, and why it is needed."""

    case_id: Id
    extended_by: Id
    reason: AboutNobody


class RecordUnreached(_Feedback, Command):
    """Stage 10 came to nothing this time: the consumer could not be reached."""

    case_id: Id
    attempts: Attempts
    months: Survey | None = None


class HandOverFeedback(_Feedback, Command):
    """People leave, and an impact shows after months: who owes what is still to come of a case's stages 5 to 10.

    `consultant`: the last consultation's assessment and every topical issue still owed; `manager`: all that follows.
    A further consultation is consult's: while one is owed, `HandOverConsultation` passes it on with those issues.
    """

    case_id: Id
    consultant: Id | None = None
    manager: Id | None = None
    reason: AboutNobody


class AssessmentDue(_Feedback, Event):
    """A consultation was held: its assessment with the consumer is due (stage 5). The facts are `ConsultHeld`'s."""

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
    held_at: datetime
    minutes_spent: int
    cost: Tiyn
    people: int


class SatisfactionAssessed(_Feedback, Event):
    """Stage 5 is done."""

    case_id: Id
    consultation_id: LongId
    number: int
    channel: Channel
    office: str
    topic: str | None
    form: Form
    consultant: Id
    process: int
    result: int
    satisfied: bool
    solved: Solved
    owner: Id | None = None
    """Who has the case now: who held the consultation, or took over. Events of before it was said have none."""


class AssessmentWaived(_Feedback, Event):
    """Stage 5 ended without an assessment."""

    case_id: Id
    consultation_id: LongId
    because: NotAssessed


class Satisfied(_Feedback, Event):
    """Stage 6a: the journal entry. Effectiveness is now due within a month, impact within one to three."""

    case_id: Id
    consultation_id: LongId
    number: int
    channel: Channel
    office: str
    topic: str | None
    form: Form
    path: Path
    consultant: Id
    manager: Id
    held_at: datetime
    closed_at: datetime
    consultations: int
    minutes_spent: int
    cost: TiynTotal
    wishes: Sealed | None = None
    suggestions: Sealed | None = None


class Dissatisfied(_Feedback, Event):
    """Stage 6b: the causes and the further needs. A further consultation is due (stage 7)."""

    case_id: Id
    consultation_id: LongId
    number: int
    channel: Channel
    office: str
    topic: str | None
    form: Form
    consultant: Id
    held_at: datetime
    closed_at: datetime
    causes: list[str]
    further_needs: Sealed | None = None
    agreed_follow_up_at: datetime | None
    owner: Id | None = None
    """Who has the case now, and owes the further consultation; of events of before it was said: `consultant`."""
    manager: Id | None = None
    """Who manages the case now, here; of events of before it was said: as consult knows."""


class EffectivenessEvaluated(_Feedback, Event):
    """Stage 8 is done; the resources are those of all the case's consultations."""

    case_id: Id
    consultation_id: LongId
    channel: Channel
    office: str
    topic: str | None
    form: Form
    consultant: Id
    evaluated_by: Id
    effective: bool
    degree_solved: int
    consultations: int
    minutes_spent: int
    cost: TiynTotal
    process: int | None = None
    """The satisfaction that the resources are held against: the scores of the last consultation."""
    result: int | None = None
    solved: Solved | None = None
    grounds: str | None = None
    manager: Id | None = None
    """Who owes stage 9; not known of events of before it was owed."""


class SuccessFactorsRecorded(_Feedback, Event):
    """Stage 9a is done."""

    case_id: Id
    factors: list[str]
    topic: str | None = None


class ImprovementRecorded(_Feedback, Event):
    """Stage 9b is done: every action has an owner and a date."""

    case_id: Id
    causes: list[str]
    actions: list[ImprovementAction]


class ImpactEvaluated(_Feedback, Event):
    """One survey of stage 10 is done."""

    case_id: Id
    consultation_id: LongId
    channel: Channel
    office: str
    topic: str | None
    form: Form
    consultant: Id
    evaluated_by: Id
    advice_used: bool
    changed: bool
    solved: Solved
    note: Sealed | None = None
    months: int = Survey.ONE
    survey_id: LongId | None = None


class ImpactUnreached(_Feedback, Event):
    """One survey of stage 10 ended: the consumer could not be reached."""

    case_id: Id
    consultation_id: LongId
    months: int
    survey_id: LongId | None
    attempts: int


class ImpactSurveyDue(_Feedback, Event):
    """A further survey of stage 10: from `opens_at` on, owed by `owner` until `due_at`."""

    case_id: Id
    consultation_id: LongId
    survey_id: LongId
    months: int
    channel: Channel
    office: str
    topic: str | None
    form: Form
    consultant: Id
    owner: Id
    opens_at: datetime
    due_at: datetime


class ImpactExtended(_Feedback, Event):
    """The impact is asked for once more, up to six months after; why."""

    case_id: Id
    extended_by: Id
    reason: str


class FeedbackHandedOver(_Feedback, Event):
    """What is still to come of stages 5 to 10 is owed by somebody else from now on. None: as before."""

    case_id: Id
    consultation_id: LongId
    """The last consultation."""
    survey_id: LongId | None = None
    """The further survey that is owed."""
    issues_of: list[LongId] | None = None
    """Whose topical issues, where still owed, are the new consultant's: all consultations held. Not said by events of
    before it was: then the last one's only."""
    office: str
    topic: str | None
    channel: Channel
    consultant: Id | None = None
    previous_consultant: Id | None = None
    manager: Id | None = None
    previous_manager: Id | None = None
    reason: str


COMMANDS: tuple[type[Command], ...] = (
    AssessSatisfaction,
    RecordNotAssessed,
    EvaluateEffectiveness,
    RecordSuccessFactors,
    RecordImprovement,
    EvaluateImpact,
    ExtendImpact,
    RecordUnreached,
    HandOverFeedback,
    *complaints.COMMANDS,
    *quality.COMMANDS,
)
EVENTS: tuple[type[Event], ...] = (
    AssessmentDue,
    SatisfactionAssessed,
    AssessmentWaived,
    Satisfied,
    Dissatisfied,
    EffectivenessEvaluated,
    SuccessFactorsRecorded,
    ImprovementRecorded,
    ImpactEvaluated,
    ImpactUnreached,
    ImpactSurveyDue,
    ImpactExtended,
    FeedbackHandedOver,
    *complaints.EVENTS,
    *quality.EVENTS,
)
