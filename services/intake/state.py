"""What intake knows, one kind of state for each kind of stream (`domain.stream_of` says which)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from shared.contracts.intake import AnswerExtended, Contact, ContactKind, Place, Route
from shared.contracts.values import Channel, Language, Regime


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing is known by this id."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request for a consultation (`case-<id>`)."""

    consumer_id: str | None
    channel: Channel
    language: Language
    office: str
    topic: str | None
    responsible: str
    received_at: datetime
    latest_at: datetime
    """When the consumer was asked last, or clarified; or when it came in."""
    routed: bool = False
    manager: str | None = None
    """The office's, by the routing that held when the request came in; it may have another since."""
    identified: bool = False
    """The consumer is known to the information base, or told how they are reached or recognised."""
    reachable: bool = False
    """The request, or the base when it came in, has contact details of the consumer."""
    details_collected: bool = False
    ended: bool = False
    asked: int = 0
    """How often the consumer was asked to clarify (2b)."""
    waits_until: datetime | None = None
    consultant: str | None = None
    """Who consults, once the details are collected."""
    consults_since: datetime | None = None

    @property
    def asking(self) -> int | None:
        """The number of the asking whose answer is awaited."""
        return None if self.waits_until is None else self.asked

    @property
    def holder(self) -> str:
        """To whose load it counts."""
        return self.consultant or self.responsible


@dataclass(frozen=True, slots=True)
class Written:
    """A written request (`case-<id>`); `latest_at` is when the last thing happened to it."""

    consumer_id: str | None
    channel: Channel
    office: str
    topic: str | None
    history: bool
    has_contacts: bool
    received_at: datetime
    latest_at: datetime
    regime: Regime
    case_type: str | None
    responsible: str | None
    routed: bool
    registered: bool = False
    asked: int = 0
    """How often the consumer was asked to clarify."""
    forwarded: int | None = None
    """How often it was passed to a specialist; None: it lies with the operator."""
    waits_until: datetime | None = None
    """While the consumer's clarification is awaited: until when, as agreed."""
    checked: bool = False
    """Somebody has seen whether it is complete: they said so, or asked the consumer for what is missing."""
    missing: tuple[str, ...] = ()
    """What was found to be missing, as long as nobody has asked the consumer for it."""
    extension: AnswerExtended | None = None
    notice_owed: bool = False
    closed: bool = False

    @property
    def asking(self) -> int | None:
        """The number of the asking whose answer is awaited."""
        return None if self.waits_until is None else self.asked


@dataclass(frozen=True, slots=True)
class Record:
    """A consumer in the information base (`consumer-<id>`): which data it has, never what they say."""

    known: frozenset[ContactKind] = frozenset()
    contacts: tuple[Contact, ...] = ()
    into: str | None = None
    """The record that answers for this one since they were merged."""
    absorbed: frozenset[str] = frozenset()
    registered: bool = False
    forgotten: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """A contact (`contact-<index>`): whose it is, first come first."""

    owners: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Office:
    """An office's routing (`routing-<office>`), and who holds which open case."""

    routes: tuple[Route, ...] = ()
    manager: str | None = None
    held: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Call:
    """A phone call (`call-<id>`)."""

    consumer_id: str | None
    office: str
    topic: str | None
    operator: str
    latest_at: datetime
    answered: bool = False
    data_found: bool = False
    asks: int = 0
    specialist: str | None = None
    """Who was asked and has not given the information yet."""
    connected: bool = False
    transferred: bool = False
    informed: bool = False
    ended: bool = False
    after_call_owed: bool = False


@dataclass(frozen=True, slots=True)
class CallBack:
    """A promise to call back (`callback-<id>`)."""

    consumer_id: str | None
    case_id: str
    channel: Channel
    office: str
    topic: str | None
    owner: str
    """Who owes the call."""
    until: datetime
    latest_at: datetime
    attempts: int = 0
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Script:
    """A script (`script-<code>`)."""

    version: int = 0


@dataclass(frozen=True, slots=True)
class Appointment:
    """One booking on an agenda; `live` until it is moved, cancelled, begun or missed; `holds`: its slot is taken."""

    appointment_id: str
    case_id: str
    consumer_id: str | None
    slot: str
    starts_at: datetime
    channel: Channel
    language: Language
    topic: str | None
    for_case: str | None
    moved: int
    live: bool = True
    holds: bool = True
    gone_to: Place | None = None


@dataclass(frozen=True, slots=True)
class Agenda:
    """One person's day (`agenda-<who>-<day>`)."""

    office: str
    utc_offset_minutes: int
    slots: Mapping[str, int] = field(default_factory=dict[str, int])
    """Minutes by slot."""
    bookings: Mapping[str, Appointment] = field(default_factory=dict[str, Appointment])
    booked: int = 0
    """How often a slot was given."""


State: TypeAlias = Unknown | Request | Written | Record | Claim | Office | Call | CallBack | Script | Agenda
