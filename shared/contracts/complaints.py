"""The published language of complaints, by ISO 10002 (DOMAIN.md §5, §9). A complaint is a case: its id tracks it.

No message of it holds a price: to complain costs nothing. What the complainant says, and what is found out about
it, is sealed; only ids of employees and the words of the catalogues stay readable.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from .base import (
    AboutNobody,
    CalendarDay,
    Code,
    Command,
    Event,
    Id,
    LongId,
    PersonalLetter,
    PersonalText,
    Sealed,
    Short,
    When,
)
from .intake import Consumer, Contact, ContactKind
from .quality import Attempts, CorrectiveAction
from .values import Channel, Language, Regime

Score = Annotated[int, Field(ge=1, le=5, description="1 very poor … 5 very good")]
_Codes = Annotated[list[Code], Field(max_length=20)]
_Ids = Annotated[list[Id], Field(max_length=20)]


class Level(StrEnum):
    """How much of something a complaint has."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Depth(StrEnum):
    """How deep an investigation goes, in proportion to the complaint."""

    BRIEF = "brief"
    """What was found is written down."""
    THOROUGH = "thorough"
    """Besides, those concerned are heard."""
    FULL = "full"
    """Besides, evidence is named, and somebody other than the responsible person investigates."""


class Justified(StrEnum):
    """What a complaint turned out to be."""

    NO = "no"
    PARTLY = "partly"
    YES = "yes"


class Acknowledged(StrEnum):
    """How the complainant was told that the complaint is in, how it goes on and until when."""

    IN_PERSON = "in_person"
    MESSAGE = "message"
    IMPOSSIBLE = "impossible"
    """There is no contact to tell it to."""


class Recourse(StrEnum):
    """Where a complainant may turn who does not accept the decision."""

    INTERNAL_REVIEW = "internal_review"
    HIGHER_AUTHORITY = "higher_authority"
    OMBUDSMAN = "ombudsman"
    CONSUMER_PROTECTION = "consumer_protection"
    COURT = "court"


class RecourseOutcome(StrEnum):
    """What came of a recourse."""

    UPHELD = "upheld"
    OVERTURNED = "overturned"
    NOT_PURSUED = "not_pursued"
    """The complainant makes no use of it."""


class Closed(StrEnum):
    """Why a complaint is closed."""

    ACCEPTED = "accepted"
    NO_REPLY = "no_reply"
    RECOURSE_EXHAUSTED = "recourse_exhausted"
    NOBODY_TO_TELL = "nobody_to_tell"
    WITHDRAWN = "withdrawn"
    FORWARDED = "forwarded"


class ComplaintStatus(StrEnum):
    """What a complainant is told of how things stand."""

    RECEIVED = "received"
    ASSESSED = "assessed"
    INVESTIGATED = "investigated"
    DECIDED = "decided"
    COMMUNICATED = "communicated"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNDER_RECOURSE = "under_recourse"
    CLOSED = "closed"


class _Feedback:
    context: ClassVar[str] = "feedback"


class _OfComplaint(_Feedback, Command):
    case_id: Id


class ReceiveComplaint(_Feedback, Command):
    """A complaint, on any channel; whatever it lacks, it is taken in. `about` is the case it grew out of, if any."""

    case_id: Id | None = None
    channel: Channel
    language: Language
    office: Short
    topic: Short | None = None
    complaint: PersonalLetter
    remedy_sought: PersonalLetter | None = None
    """What the complainant wants done."""
    consumer: Consumer = Consumer()
    about: Id | None = None
    concerned: _Ids = Field(default_factory=list[str])
    """Employees it is about: they neither investigate nor decide it."""
    case_type: Code = "service_complaint"
    """Which regime's limits hold is settled by it."""
    received_by: Id | None = None
    """Who took it: the coupon names them (default: the office)."""
    responsible: Id | None = None
    """The one person who answers for it, by name. Left out, or where it is about them, the office names somebody."""


class AssignComplaint(_OfComplaint):
    """Somebody else answers for it from now on."""

    responsible: Id
    reason: AboutNobody


class AssessComplaint(_OfComplaint):
    """The initial assessment, on ISO 10002's five criteria."""

    assessed_by: Id
    severity: Level
    safety: Level
    complexity: Level
    impact: Level
    immediate_action_needed: bool
    similar: Annotated[int, Field(ge=0, le=10_000)] = 0
    """How many like it came in the last twelve months (`tereze review`)."""
    causes: _Codes = Field(default_factory=list[str])
    case_type: Code | None = None
    """What it turns out to be, where it was taken in as something else: its regime holds, from the receipt on."""
    reclassified_because: AboutNobody | None = None
    """Why it is of another type; the complainant is told, where another limit holds."""


class TakeImmediateAction(_OfComplaint):
    """What could not wait for the investigation."""

    taken_by: Id
    action: AboutNobody


class AskComplainant(_OfComplaint):
    """Something is missing that only the complainant can say; until then the clock of the answer pauses."""

    asked_by: Id
    question: PersonalText
    until: When | None = None
    """Until when the centre waits; default: a week (the house's: the sources set none)."""


class RecordComplainantsAnswer(_OfComplaint):
    """What the complainant said to it; None: nothing by the time that was given, and it goes on without."""

    answer: PersonalLetter | None = None


class InvestigateComplaint(_OfComplaint):
    """What was found out, as deep as the assessment asks."""

    investigator: Id
    findings: PersonalText
    heard: _Ids = Field(default_factory=list[str])
    """Those concerned who were heard."""
    evidence: list[AboutNobody] = Field(default_factory=list[str], max_length=50)
    """What it rests on: documents, recordings, figures."""
    concerned: _Ids = Field(default_factory=list[str])
    """Employees whom the investigation found concerned, besides those named at first."""
    causes: _Codes = Field(default_factory=list[str])


class DecideComplaint(_OfComplaint):
    """The response. A justified complaint has its causes, and actions that remove them, or why none is needed."""

    decided_by: Id
    justified: Justified
    response: PersonalLetter
    remedy: PersonalText | None = None
    """What the complainant gets."""
    remedy_due: CalendarDay | None = None
    causes: _Codes = Field(default_factory=list[str])
    actions: list[CorrectiveAction] = Field(default_factory=list[CorrectiveAction], max_length=20)
    no_action_because: AboutNobody | None = None


class ExtendComplaint(_OfComplaint):
    """The answer will take longer, where the regime allows it; the complainant is told, and why."""

    days: Annotated[int, Field(ge=1, le=100)] | None = None
    """By how many calendar days; None: by all that the regime allows."""
    reason: AboutNobody
    notified_at: When | None = None


class ForwardComplaint(_OfComplaint):
    """It is another body's business, and was sent on to it."""

    to: Short
    reason: AboutNobody
    notified: bool


class CommunicateDecision(_OfComplaint):
    """The complainant is told the decision, and of every recourse there is."""

    communicated_by: Id
    channel: Channel
    text: PersonalLetter | None = None
    """The decision in the words that go to the complainant as a message; None: it was told otherwise."""
    recourse: Annotated[list[Recourse], Field(min_length=1, max_length=5)]


class RecordComplainantsReply(_OfComplaint):
    """Whether the complainant accepts the decision."""

    accepted: bool
    said: PersonalText | None = None


class CarryOutRemedy(_OfComplaint):
    """The complainant has got what was decided."""

    carried_out_by: Id


class EscalateComplaint(_OfComplaint):
    """The complainant takes a recourse. An internal review begins anew, in other hands."""

    to: Recourse
    responsible: Id | None = None
    """Of an internal review: who answers for it."""


class RecordRecourseOutcome(_OfComplaint):
    """What the recourse came to; not pursued: none of those still open will be."""

    outcome: RecourseOutcome
    responsible: Id | None = None
    """Where the decision was overturned: who answers for the new one; None: as before."""


class CloseComplaint(_OfComplaint):
    """The end: accepted and carried out, unanswered for long enough, or all recourse exhausted."""

    closed_by: Id


class WithdrawComplaint(_OfComplaint):
    """The complainant takes it back."""

    said: PersonalText | None = None


class TellComplaintStatus(_OfComplaint):
    """The complainant is told how things stand: on request, or because it is time to."""

    told_by: Id
    on_request: bool


class AssessComplaintHandling(_OfComplaint):
    """After the end: how content the complainant is with the process itself."""

    ease: Score
    """How easy it was to complain."""
    speed: Score
    courtesy: Score
    fairness: Score
    said: PersonalText | None = None


class RecordComplainantUnreached(_OfComplaint):
    """The complainant could not be asked about the process."""

    attempts: Attempts


class _ComplaintEvent(_Feedback, Event):
    """Facts that every event repeats: each is understood by itself."""

    case_id: Id
    round_id: LongId
    """Which handling of it: a review begins another one."""
    channel: Channel
    language: Language
    office: str
    topic: str | None
    regime: Regime
    responsible: str
    """A person; of one that was taken in without anybody to answer for it, the office."""
    received_at: datetime


class ComplaintReceived(_ComplaintEvent):
    """It is in. The case's id is its tracking number; with `received_by` and the time it makes the coupon."""

    case_type: str
    about: Id | None
    dissatisfied: bool
    """Whether it grew out of a consultation whose consumer was dissatisfied (6b)."""
    concerned: list[str]
    received_by: str
    has_contacts: bool
    status_id: LongId
    complaint: Sealed
    remedy_sought: Sealed | None = None
    name: Sealed | None = None
    phone: Sealed | None = None
    email: Sealed | None = None
    address: Sealed | None = None
    identifier: Sealed | None = None
    contacts: list[Contact] = Field(default_factory=list[Contact])
    """By what the complainant is found: intake enters them into the information base, or finds who they are."""
    known: list[ContactKind] = Field(default_factory=list[ContactKind])
    """All that the complaint says of them."""


class ComplaintAcknowledged(_ComplaintEvent):
    """The complainant is told at once: its number, who took it, the procedure, and the limit of the answer.

    Told `impossible`, it is said once more as soon as the information base has contact details of whoever it is.
    """

    how: Acknowledged
    procedure: list[str]
    limit: int
    limit_unit: str
    received_by: str | None = None


class ComplaintAssigned(_ComplaintEvent):
    """Somebody else answers for it."""

    previous: str
    reason: str
    status_id: LongId | None = None
    """The telling of the status that is owed."""
    under: Recourse | None = None
    """The recourse that is under way at another body."""
    ask_id: LongId | None = None
    """What the complainant is being asked."""


class ComplaintAssessed(_ComplaintEvent):
    """Assessed; `depth` follows from the criteria."""

    assessed_by: Id
    severity: Level
    safety: Level
    complexity: Level
    impact: Level
    immediate_action_needed: bool
    similar: int
    depth: Depth
    causes: list[str]


class ComplaintReclassified(_ComplaintEvent):
    """It is of another type than it was taken in as; `regime` is the one that holds, from the receipt on."""

    previous_case_type: str
    case_type: str
    previous_regime: Regime
    reason: str
    limit: int | None
    """Of the answer, from the receipt; None: as the complainant was told, under the same regime."""
    limit_unit: str | None


class ImmediateActionTaken(_ComplaintEvent):
    """What could not wait is done."""

    taken_by: Id
    action: str


class ComplainantAsked(_ComplaintEvent):
    """The complainant has to say something first, until an hour that they are told: the clock of the answer pauses."""

    asked_by: Id
    question: Sealed | None = None
    ask_id: LongId | None = None
    """Which asking it is; like `until`, not known of events of before it was timed."""
    until: datetime | None = None


class ComplainantAnswered(_ComplaintEvent):
    """It goes on."""

    answered: bool
    answer: Sealed | None = None
    ask_id: LongId | None = None


class ComplaintInvestigated(_ComplaintEvent):
    """Investigated as deep as it was to be."""

    investigator: Id
    depth: Depth
    heard: list[str]
    evidence: list[str]
    concerned: list[str]
    causes: list[str]
    findings: Sealed


class ComplaintDecided(_ComplaintEvent):
    """Decided; the complainant is to be told."""

    decided_by: Id
    justified: Justified
    causes: list[str]
    actions: int
    no_action_because: str | None
    remedy_due_at: datetime | None
    response: Sealed
    remedy: Sealed | None = None


class ComplaintExtended(_ComplaintEvent):
    """The answer is due so many days later; None: by all that the regime allows."""

    days: int | None
    reason: str
    notified_at: datetime | None


class ComplaintForwarded(_ComplaintEvent):
    """Sent on to whose business it is."""

    to: str
    reason: str
    notified: bool


class DecisionCommunicated(_ComplaintEvent):
    """The complainant knows the decision and where to turn next."""

    communicated_by: Id
    by_channel: Channel
    recourse: list[Recourse]
    justified: Justified
    reply_until: datetime
    status_id: LongId | None
    text: Sealed | None = None


class DecisionAccepted(_ComplaintEvent):
    """The complainant accepts; what was promised is owed until `remedy_due_at`."""

    remedy_due_at: datetime | None
    said: Sealed | None = None


class DecisionRejected(_ComplaintEvent):
    """The complainant does not accept: the complaint stays open, and further recourse is offered."""

    recourse: list[Recourse]
    said: Sealed | None = None


class RemedyCarriedOut(_ComplaintEvent):
    """The complainant got what was decided."""

    carried_out_by: Id


class ComplaintEscalated(_ComplaintEvent):
    """A recourse is taken; an internal review is another round, in other hands."""

    to: Recourse
    internal: bool
    from_round: LongId
    """The handling whose decision was rejected."""
    status_id: LongId


class RecourseEnded(_ComplaintEvent):
    """What a recourse came to."""

    recourse: list[Recourse]
    outcome: RecourseOutcome
    from_round: LongId
    status_id: LongId | None
    """The telling of the status that ends with it; overturned, it goes on to be owed, as `telling_id`."""
    telling_id: LongId | None = None


class ComplaintWithdrawn(_ComplaintEvent):
    """Taken back by the complainant."""

    said: Sealed | None = None


class ComplaintClosed(_ComplaintEvent):
    """The end; the complainant is asked how content they are with the process."""

    because: Closed
    closed_by: Id | None
    status_id: LongId | None
    under: Recourse | None = None
    """The recourse at another body that it was withdrawn from."""
    ask_id: LongId | None = None
    """What the complainant was still being asked."""


class ComplaintStatusTold(_ComplaintEvent):
    """The complainant knows how things stand."""

    status: ComplaintStatus
    on_request: bool
    told_by: Id
    status_id: LongId | None
    """The obligation to tell that this ends."""
    next_status_id: LongId | None


class ComplaintHandlingAssessed(_ComplaintEvent):
    """How content the complainant is with the process."""

    ease: int
    speed: int
    courtesy: int
    fairness: int
    said: Sealed | None = None


class ComplainantUnreached(_ComplaintEvent):
    """The complainant could not be asked about the process: the end of it."""

    attempts: int


COMMANDS: tuple[type[Command], ...] = (
    ReceiveComplaint,
    AssignComplaint,
    AssessComplaint,
    TakeImmediateAction,
    AskComplainant,
    RecordComplainantsAnswer,
    InvestigateComplaint,
    DecideComplaint,
    ExtendComplaint,
    ForwardComplaint,
    CommunicateDecision,
    RecordComplainantsReply,
    CarryOutRemedy,
    EscalateComplaint,
    RecordRecourseOutcome,
    CloseComplaint,
    WithdrawComplaint,
    TellComplaintStatus,
    AssessComplaintHandling,
    RecordComplainantUnreached,
)
EVENTS: tuple[type[Event], ...] = (
    ComplaintReceived,
    ComplaintAcknowledged,
    ComplaintAssigned,
    ComplaintAssessed,
    ComplaintReclassified,
    ImmediateActionTaken,
    ComplainantAsked,
    ComplainantAnswered,
    ComplaintInvestigated,
    ComplaintDecided,
    ComplaintExtended,
    ComplaintForwarded,
    DecisionCommunicated,
    DecisionAccepted,
    DecisionRejected,
    RemedyCarriedOut,
    ComplaintEscalated,
    RecourseEnded,
    ComplaintWithdrawn,
    ComplaintClosed,
    ComplaintStatusTold,
    ComplaintHandlingAssessed,
    ComplainantUnreached,
)
