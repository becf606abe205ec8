"""Written requests: registered, made complete, answered, extended, declined, sent on (DOMAIN.md §4, §9)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from shared.contracts.base import (
    AboutNobody,
    Code,
    Command,
    Event,
    Id,
    PersonalLetter,
    PersonalText,
    Sealed,
    Short,
    When,
)
from shared.contracts.values import Channel, DeclineGround, Language, Regime

from .common import Consumer, ContactKind, InIntake

Missing = Annotated[list[Code], Field(min_length=1, max_length=20)]


class ReceiveWrittenRequest(InIntake, Command):
    """A written request: post, e-mail, web or complaints book (§4). `history` marks a backfilled one."""

    case_id: Id | None = None
    channel: Channel
    language: Language
    office: Short
    topic: Short | None = None
    question: PersonalLetter | None = None
    consumer: Consumer = Consumer()
    history: bool = False
    case_type: Code | None = None
    """Chooses the regime whose limits hold (§9); default: the centre's own."""
    received_by: Id | None = None
    """Who took it: the coupon names them (default: the office)."""


class RegisterWrittenRequest(InIntake, Command):
    """Register, classify, pass to who answers; at most a day (Table 5).

    Without a number it is registered under its case's id, which no other request can have. `case_type` classifies
    what came without one.
    """

    case_id: Id
    registration_number: Short | None = None
    topic: Short
    responsible: Id | None = None
    """Who answers (default: whom the routing chose)."""
    case_type: Code | None = None


class CheckCompleteness(InIntake, Command):
    """Whether the request says all that an answer needs; `missing` names what it lacks, none: it is complete."""

    case_id: Id
    missing: Annotated[tuple[Code, ...], Field(max_length=20)] = ()


class AskClarification(InIntake, Command):
    """Ask the consumer, by any channel, for what is missing; the answer's clock waits for them meanwhile."""

    case_id: Id
    missing: Missing
    by: Channel
    until: When
    """When, as agreed with the consumer, the request goes on."""
    question: PersonalText | None = None


class ReceiveClarification(InIntake, Command):
    """The consumer clarified; the clock runs on."""

    case_id: Id
    clarification: PersonalLetter


class EndClarification(InIntake, Command):
    """The agreed time is over and nothing came: the request goes on with what is known."""

    case_id: Id


class ForwardWrittenRequest(InIntake, Command):
    """A hard question: a specialist answers instead of the operator."""

    case_id: Id
    specialist: Id
    reason: AboutNobody


class ForwardMisdirected(InIntake, Command):
    """Not this centre's business: the request is sent on to whose it is, and the consumer is told where."""

    case_id: Id
    body: Short
    """The authority or organisation that it was sent to."""
    notified: bool


class ExtendAnswer(InIntake, Command):
    """Put the answer off: once, with a reason, by no more than the regime allows."""

    case_id: Id
    days: Annotated[int, Field(ge=1, le=366)] | None = None
    """By how many calendar days; None: by all that the regime allows."""
    reason: AboutNobody
    notified: bool
    """Whether the consumer was told; some regimes leave a few days for it."""


class NotifyOfExtension(InIntake, Command):
    """The consumer was told of the extension."""

    case_id: Id


class AnswerWrittenRequest(InIntake, Command):
    """The answer: signed by the responsible official, with the executor's contact details (§4)."""

    case_id: Id
    answer: PersonalLetter | None = None
    signed_by: PersonalText | None = None
    executor_contact: PersonalText | None = None
    ground: DeclineGround | None = None
    """Where nothing more can be done: why, under a regime that knows no refusal on this ground."""


class DeclineWrittenRequest(InIntake, Command):
    """No action, with the ground told to the consumer; or not considered, for want of contacts (§4)."""

    case_id: Id
    ground: DeclineGround
    notified: bool


class WrittenRequestReceived(InIntake, Event):
    """A written request is in; its answer is due as its regime says (Table 5, §9)."""

    case_id: Id
    channel: Channel
    language: Language
    office: str
    topic: str | None
    history: bool
    has_contacts: bool
    question: Sealed | None = None
    name: Sealed | None = None
    phone: Sealed | None = None
    email: Sealed | None = None
    address: Sealed | None = None
    identifier: Sealed | None = None
    known: bool = False
    to_verify: tuple[ContactKind, ...] = ()
    regime: Regime = Regime.HOUSE
    case_type: str | None = None
    responsible: str | None = None
    """Whom the routing chose; else the office, which owes the registration. None in what older releases wrote."""
    routed: bool = False
    coupon_number: str | None = None
    """Unique: it is the case's id, under which one stream can begin once. Date and time are the event's."""
    received_by: str | None = None


class WrittenRequestRegistered(InIntake, Event):
    """Registered, classified and passed on."""

    case_id: Id
    registration_number: str
    topic: str
    responsible: Id
    channel: Channel | None = None
    office: str | None = None
    regime: Regime = Regime.HOUSE
    case_type: str | None = None
    reclassified: bool = False
    """Whether another regime holds now than was thought at the receipt."""
    received_at: datetime | None = None
    previous: str | None = None
    """Whose it was until then: whom the routing had chosen, or the office. None in what older releases wrote."""


class CompletenessChecked(InIntake, Event):
    """It is known whether the request says all that an answer needs."""

    case_id: Id
    missing: list[str]


class ClarificationAsked(InIntake, Event):
    """The consumer was asked; until they answer, or `until`, the centre is not at fault."""

    case_id: Id
    channel: Channel
    office: str
    topic: str | None
    responsible: str
    missing: list[str]
    by: Channel
    until: datetime
    number: int
    """Which asking of this request."""
    forwarded: int | None = None
    """With whom the request lies: the number of its forwarding to a specialist; None: with the operator."""
    question: Sealed | None = None


class ClarificationReceived(InIntake, Event):
    """The consumer answered."""

    case_id: Id
    clarification: Sealed
    number: int
    forwarded: int | None = None


class ClarificationEnded(InIntake, Event):
    """The wait is over: the consumer did not answer in the agreed time, or the request ended first."""

    case_id: Id
    number: int
    forwarded: int | None = None


class WrittenRequestForwarded(InIntake, Event):
    """A specialist answers from now on."""

    case_id: Id
    channel: Channel
    office: str
    topic: str | None
    previous: str
    specialist: Id
    reason: str
    received_at: datetime
    forwarded: int
    """The number of this forwarding."""
    replaced: int | None
    """That of the one before, whose specialist has it no longer."""
    asked: int | None = None
    """Where the consumer is waited for: the number of that asking."""
    history: bool = False
    """Taken over from older records: when it was passed on is not the centre's doing."""


class MisdirectedForwarded(InIntake, Event):
    """Sent on to whose business it is; the case is closed here."""

    case_id: Id
    channel: Channel
    office: str
    topic: str | None
    responsible: str
    regime: Regime
    body: str
    notified: bool
    received_at: datetime
    forwarded: int | None = None


class AnswerExtended(InIntake, Event):
    """The answer may be so many calendar days later, or so many months."""

    case_id: Id
    channel: Channel
    office: str
    topic: str | None
    responsible: str
    regime: Regime
    days: int | None
    reason: str
    notified: bool
    forwarded: int | None = None
    months: int | None = None


class ExtensionNoticeGiven(InIntake, Event):
    """The consumer knows of the extension: so many days or months, for this reason."""

    case_id: Id
    days: int | None = None
    reason: str | None = None
    months: int | None = None


class WrittenRequestAnswered(InIntake, Event):
    """Answered in substance, or with the ground why nothing more is done."""

    case_id: Id
    answer: Sealed | None = None
    signed_by: Sealed | None = None
    executor_contact: Sealed | None = None
    ground: DeclineGround | None = None
    forwarded: int | None = None


class WrittenRequestDeclined(InIntake, Event):
    """Closed without an answer in substance, on a named ground."""

    case_id: Id
    ground: DeclineGround
    notified: bool
    forwarded: int | None = None


COMMANDS: tuple[type[Command], ...] = (
    ReceiveWrittenRequest,
    RegisterWrittenRequest,
    CheckCompleteness,
    AskClarification,
    ReceiveClarification,
    EndClarification,
    ForwardWrittenRequest,
    ForwardMisdirected,
    ExtendAnswer,
    NotifyOfExtension,
    AnswerWrittenRequest,
    DeclineWrittenRequest,
)
EVENTS: tuple[type[Event], ...] = (
    WrittenRequestReceived,
    WrittenRequestRegistered,
    CompletenessChecked,
    ClarificationAsked,
    ClarificationReceived,
    ClarificationEnded,
    WrittenRequestForwarded,
    MisdirectedForwarded,
    AnswerExtended,
    ExtensionNoticeGiven,
    WrittenRequestAnswered,
    WrittenRequestDeclined,
)
