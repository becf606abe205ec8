"""The published language of intake: requests, by any channel (DOMAIN.md §2 stages 1–2, §3, §4)."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from .base import Command, Event, Id, LongId, PersonalText, Sealed, Short, When
from .values import Channel, DeclineGround, Form, Language


class _Intake:
    context: ClassVar[str] = "intake"


class Consumer(BaseModel):
    """Who asks, as far as the channel knows. Without any contact a written request is not considered (§4)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    consumer_id: LongId | None = None
    name: PersonalText | None = None
    phone: PersonalText | None = None
    email: PersonalText | None = None
    address: PersonalText | None = None


class ReceiveRequest(_Intake, Command):
    """Stage 1: a request arrives in person, by phone, by e-mail or on the web."""

    case_id: Id | None = None
    channel: Channel
    language: Language
    office: Short
    topic: Short | None = None
    question: PersonalText
    consumer: Consumer = Consumer()
    responsible: Id
    """Who was told of the request: the manager, or the consultant responsible for this kind of consultation."""


class CollectDetails(_Intake, Command):
    """Stage 2a / 2b: the consumer is registered and the basics are collected."""

    case_id: Id
    expected_result: PersonalText
    form: Form
    preferred_at: When | None = None
    place: PersonalText | None = None
    """Where it would be held; on the consumer's premises that may be a home."""
    preparation_needed: bool
    consultant_has_time: bool
    presence_required: bool
    consultant: Id
    topic: Short | None = None


class ReceiveWrittenRequest(_Intake, Command):
    """A written request: post, e-mail, web or complaints book (§4). `history` marks a backfilled one."""

    case_id: Id | None = None
    channel: Channel
    language: Language
    office: Short
    topic: Short | None = None
    question: PersonalText | None = None
    consumer: Consumer = Consumer()
    history: bool = False


class RegisterWrittenRequest(_Intake, Command):
    """Register, classify, pass to who answers; at most a day (Table 5)."""

    case_id: Id
    registration_number: Short
    topic: Short
    responsible: Id


class AnswerWrittenRequest(_Intake, Command):
    """The answer: signed by the responsible official, with the executor's contact details (§4)."""

    case_id: Id
    answer: PersonalText | None = None
    signed_by: PersonalText | None = None
    executor_contact: PersonalText | None = None


class DeclineWrittenRequest(_Intake, Command):
    """No action, with the ground told to the consumer; or not considered, for want of contacts (§4)."""

    case_id: Id
    ground: DeclineGround
    notified: bool


class RequestReceived(_Intake, Event):
    """Stage 1 is done."""

    case_id: Id
    channel: Channel
    language: Language
    office: str
    topic: str | None
    responsible: Id
    question: Sealed
    name: Sealed | None = None
    phone: Sealed | None = None
    email: Sealed | None = None
    address: Sealed | None = None


class DetailsCollected(_Intake, Event):
    """Stage 2 is done: `stage` says whether by 2a (present or phone) or 2b (in writing)."""

    case_id: Id
    channel: Channel
    language: Language
    office: str
    topic: str | None
    stage: str
    expected_result: Sealed
    form: Form
    preferred_at: datetime | None
    place: Sealed | None
    preparation_needed: bool
    consultant_has_time: bool
    presence_required: bool
    consultant: Id
    manager: Id


class WrittenRequestReceived(_Intake, Event):
    """A written request is in; its answer is due in ten days (Table 5)."""

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


class WrittenRequestRegistered(_Intake, Event):
    """Registered, classified and passed on."""

    case_id: Id
    registration_number: str
    topic: str
    responsible: Id


class WrittenRequestAnswered(_Intake, Event):
    """Answered in substance."""

    case_id: Id
    answer: Sealed | None = None
    signed_by: Sealed | None = None
    executor_contact: Sealed | None = None


class WrittenRequestDeclined(_Intake, Event):
    """Closed without an answer in substance, on a named ground."""

    case_id: Id
    ground: DeclineGround
    notified: bool


COMMANDS: tuple[type[Command], ...] = (
    ReceiveRequest,
    CollectDetails,
    ReceiveWrittenRequest,
    RegisterWrittenRequest,
    AnswerWrittenRequest,
    DeclineWrittenRequest,
)
EVENTS: tuple[type[Event], ...] = (
    RequestReceived,
    DetailsCollected,
    WrittenRequestReceived,
    WrittenRequestRegistered,
    WrittenRequestAnswered,
    WrittenRequestDeclined,
)
