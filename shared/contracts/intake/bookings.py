"""Bookings of in-person appointments: an agenda is one person's day, its slots are booked once each (DOMAIN.md §4)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.contracts.base import AboutNobody, CalendarDay, Command, Event, Id, LongId, Sealed, Short
from shared.contracts.values import Channel, Language

from .common import Consumer, ContactKind, InIntake

Slot = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
"""When it begins, in the office's local time: `09:30`."""


class AgendaSlot(BaseModel):
    """A stretch of the day that one consumer can be given."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    slot: Slot
    minutes: Annotated[int, Field(ge=5, le=480)]


class Place(BaseModel):
    """Which slot of whose day."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    who: Id
    day: CalendarDay
    slot: Slot


class OpenAgenda(InIntake, Command):
    """The consultant (or the office's desk) can be booked on that day; sent again, it adds slots."""

    who: Id
    day: CalendarDay
    office: Short
    utc_offset_minutes: Annotated[int, Field(ge=-720, le=840)] = 300
    """Of the office's local time on that day."""
    slots: Annotated[list[AgendaSlot], Field(min_length=1, max_length=60)]


class BookAppointment(InIntake, Command):
    """Give a slot to a consumer."""

    booking_id: Id | None = None
    who: Id
    day: CalendarDay
    slot: Slot
    channel: Channel
    language: Language
    topic: Short | None = None
    consumer: Consumer = Consumer()
    for_case: Id | None = None
    """The case that it belongs to."""


class RescheduleAppointment(InIntake, Command):
    """Move an appointment to another slot, of the same day or person or of others. The old slot is free again."""

    booking_id: Id
    old: Place
    who: Id
    day: CalendarDay
    slot: Slot


class CancelAppointment(InIntake, Command):
    """The consumer does not come, or can't be received; the slot is free again."""

    booking_id: Id
    who: Id
    day: CalendarDay
    reason: AboutNobody


class BeginAppointment(InIntake, Command):
    """The consumer is there and is received."""

    booking_id: Id
    who: Id
    day: CalendarDay


class RecordMissedAppointment(InIntake, Command):
    """The time has come and the consumer has not."""

    booking_id: Id
    who: Id
    day: CalendarDay


class AgendaOpened(InIntake, Event):
    """These slots can be booked."""

    who: Id
    day: CalendarDay
    office: str
    utc_offset_minutes: int
    slots: list[AgendaSlot]


class AppointmentBooked(InIntake, Event):
    """The slot is taken; `who` receives the consumer then."""

    case_id: LongId
    booking_id: Id
    appointment_id: LongId
    """Made of the booking's id, the agenda and how many were booked there before: each place has a clock of its own,
    also where one booking's id stands on two agendas."""
    who: Id
    day: CalendarDay
    slot: Slot
    starts_at: datetime
    minutes: int
    channel: Channel
    language: Language
    office: str
    topic: str | None
    for_case: Id | None = None
    known: bool = False
    to_verify: tuple[ContactKind, ...] = ()
    moved: int = 0
    """How often it was rescheduled."""
    name: Sealed | None = None
    phone: Sealed | None = None
    email: Sealed | None = None


class AppointmentTakenOver(InIntake, Event):
    """A rescheduled appointment has its new slot; the old one is to be freed."""

    case_id: LongId
    booking_id: Id
    old: Place
    new: Place


class AppointmentMoved(InIntake, Event):
    """The appointment is elsewhere now; this slot is free again."""

    case_id: LongId
    booking_id: Id
    appointment_id: LongId
    slot: Slot
    new: Place


class MoveOvertaken(InIntake, Event):
    """Somebody else moved or ended the appointment meanwhile: that holds, and this later place is given back."""

    case_id: LongId
    booking_id: Id
    place: Place


class AppointmentCancelled(InIntake, Event):
    """The appointment does not take place; its slot is free again."""

    case_id: LongId
    booking_id: Id
    appointment_id: LongId
    slot: Slot
    reason: str


class AppointmentBegun(InIntake, Event):
    """The consumer is received."""

    case_id: LongId
    booking_id: Id
    appointment_id: LongId


class AppointmentMissed(InIntake, Event):
    """The consumer did not come."""

    case_id: LongId
    booking_id: Id
    appointment_id: LongId


COMMANDS: tuple[type[Command], ...] = (
    OpenAgenda,
    BookAppointment,
    RescheduleAppointment,
    CancelAppointment,
    BeginAppointment,
    RecordMissedAppointment,
)
EVENTS: tuple[type[Event], ...] = (
    AgendaOpened,
    AppointmentBooked,
    AppointmentTakenOver,
    AppointmentMoved,
    MoveOvertaken,
    AppointmentCancelled,
    AppointmentBegun,
    AppointmentMissed,
)
