"""Stages 1 and 2: a request arrives, its details are collected, and who is responsible for it (DOMAIN.md §2, §3)."""

from __future__ import annotations

from datetime import datetime

from shared.contracts.base import (
    AboutNobody,
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
from shared.contracts.values import CancelGround, Channel, Form, Language

from .common import Consumer, Contact, ContactKind, InIntake


class ReceiveRequest(InIntake, Command):
    """Stage 1: a request arrives in person, by phone, by e-mail or on the web.

    Without a `case_id` a new case is opened under an id of its own.
    """

    case_id: Id | None = None
    channel: Channel
    language: Language
    office: Short
    topic: Short | None = None
    question: PersonalLetter
    consumer: Consumer = Consumer()
    responsible: Id | None = None
    """Who was told of the request: the manager, or the consultant responsible for this kind of consultation.

    Left out, the office's routing decides by topic, language and load; where there is none, it is the office's.
    """
    received_by: Id | None = None
    """Who took it: the coupon names them (default: the office)."""
    call_id: Id | None = None
    """The phone call that it came by."""


class CollectDetails(InIntake, Command):
    """Stage 2a / 2b: the consumer is registered and the basics are collected.

    Nobody's details are collected: who asks has told a contact by now, or `anonymous_because` says why not.
    """

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
    manager: Id | None = None
    """The case's manager, who agrees its costs and answers for its effectiveness, where the office's routing names
    none; default: whoever is responsible."""
    topic: Short | None = None
    anonymous_because: AboutNobody | None = None
    """Why nobody is entered in the information base: who walks in may be advised without saying who they are."""


class HandOverCase(InIntake, Command):
    """Somebody else becomes responsible for a request that intake still holds."""

    case_id: Id
    to: Id
    reason: AboutNobody


class EndRequest(InIntake, Command):
    """No consultation will follow: the consumer withdraws, or the responsible ends the request on another ground."""

    case_id: Id
    ground: CancelGround
    reason: PersonalText | None = None
    approved_by: Id | None = None
    """The case's responsible, where the consumer did not withdraw."""


class RequestReceived(InIntake, Event):
    """Stage 1 is done. `to_verify`: what the information base knows already: verify it, never ask again."""

    case_id: Id
    channel: Channel
    language: Language
    office: str
    topic: str | None
    responsible: str
    """Who was told, or the office, where nobody was named: it owes the hand-over to somebody."""
    question: Sealed
    name: Sealed | None = None
    phone: Sealed | None = None
    email: Sealed | None = None
    address: Sealed | None = None
    identifier: Sealed | None = None
    known: bool = False
    """Whether the consumer turned to the centre before."""
    to_verify: tuple[ContactKind, ...] = ()
    coupon_number: str | None = None
    """Unique: it is the case's id, under which one stream can begin once. Date and time are the event's."""
    received_by: str | None = None
    routed: bool = False
    """Whether the routing chose the responsible."""
    manager: Id | None = None
    """The office's manager, as its routing then named them; None: no routing was set there."""
    call_id: Id | None = None


class DetailsCollected(InIntake, Event):
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
    anonymous_because: str | None = None
    """Why the information base has nobody to this case; None: it has."""


class ContactsLearnt(InIntake, Event):
    """A message gave contacts that the information base did not have: its entry is made or completed."""

    case_id: LongId
    contacts: list[Contact]
    known: list[ContactKind]
    """All that the message said of the consumer."""


class CaseAssigned(InIntake, Event):
    """The routing gave a case to somebody: it counts to their load until it is released, or handed over."""

    case_id: Id
    office: str
    responsible: Id
    previous: Id | None = None
    """Whose consultation it was, where consult handed it over; None: it is the routing's own choice."""


class CaseHandedOver(InIntake, Event):
    """Somebody else is responsible from now on."""

    case_id: Id
    channel: Channel
    office: str
    topic: str | None
    previous: str
    responsible: Id
    reason: str
    forwarded: int | None = None
    """Of a written request that lies with a specialist: the number of that forwarding."""
    asked: int | None = None
    """Of a written request that waits for the consumer: the number of that asking."""


class RequestEnded(InIntake, Event):
    """The case ended before its details were collected; nothing is owed in it any more."""

    case_id: Id
    channel: Channel
    office: str
    topic: str | None
    responsible: Id
    ground: CancelGround
    reason: Sealed | None = None
    approved_by: Id | None = None


class CaseReleased(InIntake, Event):
    """A case that the routing gave to somebody is settled."""

    case_id: Id
    office: str


COMMANDS: tuple[type[Command], ...] = (ReceiveRequest, CollectDetails, HandOverCase, EndRequest)
EVENTS: tuple[type[Event], ...] = (
    RequestReceived,
    DetailsCollected,
    ContactsLearnt,
    CaseAssigned,
    CaseHandedOver,
    RequestEnded,
    CaseReleased,
)
