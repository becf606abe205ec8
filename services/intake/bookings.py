"""Bookings of in-person appointments (DOMAIN.md §4): a person's day is one stream, so a slot can't be given twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from itertools import pairwise
from typing import Any
from zlib import crc32

from services.intake.contacts import looks_up, recognise
from services.intake.state import Agenda, Appointment, State
from shared.contacts import unnamed
from shared.contracts.base import Event, Message
from shared.contracts.intake import (
    AgendaOpened,
    AgendaSlot,
    AppointmentBegun,
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentMissed,
    AppointmentMoved,
    AppointmentTakenOver,
    BeginAppointment,
    BookAppointment,
    CancelAppointment,
    MoveOvertaken,
    OpenAgenda,
    Place,
    RecordMissedAppointment,
    RescheduleAppointment,
)
from shared.decider import Blind, Given, Refused

Rules = (
    OpenAgenda | BookAppointment | RescheduleAppointment | CancelAppointment | BeginAppointment
    | RecordMissedAppointment | AppointmentTakenOver | MoveOvertaken
)  # fmt: skip
"""What is decided on an agenda."""


def agenda_stream(who: str, day: date) -> str:
    """The stream of a person's day."""
    return f"agenda-{who}-{day.isoformat()}"


def stream_of(message: Rules) -> str:
    """The day that a message is about: for a move, the new one; what frees the old one follows."""
    match message:
        case AppointmentTakenOver():
            return agenda_stream(message.old.who, message.old.day)
        case MoveOvertaken():
            return agenda_stream(message.place.who, message.place.day)
        case _:
            return agenda_stream(message.who, message.day)


def needs(message: Message, blind: Blind, known: Mapping[str, State]) -> Iterator[str]:
    """Who is booked for; where an appointment is moved from."""
    match message:
        case BookAppointment():
            yield from looks_up(message.consumer, blind, known)
        case RescheduleAppointment() if (message.old.who, message.old.day) != (message.who, message.day):
            yield agenda_stream(message.old.who, message.old.day)
        case _:
            return


def decide(state: State, message: Rules, given: Given[State]) -> Sequence[Event]:
    """What happens on an agenda; see each rule below."""
    match message:
        case OpenAgenda():
            return open_agenda(state, message)
        case BookAppointment():
            return book(_agenda(state, message.who, message.day), message, given)
        case RescheduleAppointment():
            return reschedule(_agenda(state, message.who, message.day), message, given)
        case CancelAppointment():
            booked = _live(state, message.booking_id)
            return [AppointmentCancelled(**_of(booked, message.booking_id), slot=booked.slot, reason=message.reason)]
        case BeginAppointment():
            return [begun(_agenda(state, message.who, message.day), message, given)]
        case RecordMissedAppointment():
            return [missed(_live(state, message.booking_id), message, given)]
        case AppointmentTakenOver():
            return free(state, message)
        case MoveOvertaken():
            return give_back(state, message)


def open_agenda(state: State, opened: OpenAgenda) -> Sequence[Event]:
    """Slots to be booked; sent again, more of them. They don't overlap."""
    agenda = state if isinstance(state, Agenda) else Agenda(opened.office, opened.utc_offset_minutes)
    if (agenda.office, agenda.utc_offset_minutes) != (opened.office, opened.utc_offset_minutes):
        raise Refused(
            "other_office", f"{opened.who} is at {agenda.office} on that day; a day is spent at one office", "office"
        )
    new = [one for one in opened.slots if agenda.slots.get(one.slot) != one.minutes]
    spans = sorted((_minute(slot), minutes) for slot, minutes in [*agenda.slots.items(), *_lengths(new)])
    for (begin, minutes), (following, _) in pairwise(spans):
        if begin + minutes > following:
            raise Refused(
                "slots_overlap", f"the slot at {_clock(following)} begins before the one before it ends", "slots"
            )
    if not new:
        return []
    facts: dict[str, Any] = {"who": opened.who, "day": opened.day, "office": opened.office}
    return [AgendaOpened(**facts, utc_offset_minutes=opened.utc_offset_minutes, slots=new)]


def book(agenda: Agenda, wanted: BookAppointment, given: Given[State]) -> Sequence[Event]:
    """Give a free slot that is still to come to a consumer."""
    booking_id = wanted.booking_id or given.fresh_id
    if booking_id in agenda.bookings:
        raise Refused(
            "booking_exists",
            f"booking {booking_id} is on this agenda; give each booking an id of its own",
            "booking_id",
        )
    starts_at = _free(agenda, wanted.day, wanted.slot, given)
    who = recognise(wanted.consumer, given, case_id=booking_id, otherwise=unnamed(booking_id))
    booked = AppointmentBooked(
        consumer_id=who.consumer_id,
        case_id=wanted.for_case or booking_id,
        booking_id=booking_id,
        appointment_id=_appointment_id(booking_id, agenda, wanted.who, wanted.day),
        who=wanted.who,
        day=wanted.day,
        slot=wanted.slot,
        starts_at=starts_at,
        minutes=agenda.slots[wanted.slot],
        channel=wanted.channel,
        language=wanted.language,
        office=agenda.office,
        topic=wanted.topic,
        for_case=wanted.for_case,
        known=who.known,
        to_verify=who.to_verify,
        name=wanted.consumer.name,
        phone=wanted.consumer.phone,
        email=wanted.consumer.email,
    )
    return [booked, *([who.learnt] if who.learnt else [])]


def reschedule(agenda: Agenda, wanted: RescheduleAppointment, given: Given[State]) -> Sequence[Event]:
    """Another slot for the same appointment. It is taken first, so that the consumer never has none."""
    old, same_day = wanted.old, (wanted.old.who, wanted.old.day) == (wanted.who, wanted.day)
    before = _live(agenda if same_day else given.others.get(agenda_stream(old.who, old.day)), wanted.booking_id)
    if before.slot != old.slot:
        raise Refused("moved_already", f"this appointment is at {before.slot} by now; move it from there", "old.slot")
    if not same_day and wanted.booking_id in agenda.bookings and agenda.bookings[wanted.booking_id].live:
        raise Refused("booking_exists", "this appointment is on that agenda already; move it from there", "booking_id")
    starts_at = _free(agenda, wanted.day, wanted.slot, given)
    new = Place(who=wanted.who, day=wanted.day, slot=wanted.slot)
    facts: dict[str, Any] = {
        "consumer_id": before.consumer_id,
        "case_id": before.case_id,
        "booking_id": wanted.booking_id,
    }
    booked = AppointmentBooked(
        **facts,
        appointment_id=_appointment_id(wanted.booking_id, agenda, wanted.who, wanted.day),
        **new.model_dump(),
        starts_at=starts_at,
        minutes=agenda.slots[wanted.slot],
        channel=before.channel,
        language=before.language,
        office=agenda.office,
        topic=before.topic,
        for_case=before.for_case,
        moved=before.moved + 1,
    )
    if same_day:
        return [AppointmentMoved(**_of(before, wanted.booking_id), slot=before.slot, new=new), booked]
    return [booked, AppointmentTakenOver(**facts, old=old, new=new)]


def free(state: State, taken_over: AppointmentTakenOver) -> Sequence[Event]:
    """The old slot is free again; unless the appointment was moved or ended meanwhile: then that holds."""
    before = state.bookings.get(taken_over.booking_id) if isinstance(state, Agenda) else None
    if before is None or before.gone_to == taken_over.new:
        return []
    if before.live and before.slot == taken_over.old.slot:
        return [AppointmentMoved(**_of(before, taken_over.booking_id), slot=before.slot, new=taken_over.new)]
    return [
        MoveOvertaken(
            consumer_id=taken_over.consumer_id,
            case_id=taken_over.case_id,
            booking_id=taken_over.booking_id,
            place=taken_over.new,
        )
    ]


def give_back(state: State, overtaken: MoveOvertaken) -> Sequence[Event]:
    """The place that a later move took is free again."""
    booked = state.bookings.get(overtaken.booking_id) if isinstance(state, Agenda) else None
    if booked is None or not booked.live or booked.slot != overtaken.place.slot:
        return []
    facts = _of(booked, overtaken.booking_id)
    return [AppointmentCancelled(**facts, slot=booked.slot, reason="moved or ended by somebody else meanwhile")]


def begun(agenda: Agenda, beginning: BeginAppointment, given: Given[State]) -> AppointmentBegun:
    """An appointment begins on its day, early or late: who came on another one was not served by it."""
    booked = _live(agenda, beginning.booking_id)
    if given.occurred_at.astimezone(_zone(agenda)).date() != beginning.day:
        raise Refused(
            "not_its_day",
            f"this appointment is on {beginning.day}; move it (RescheduleAppointment), or say when it began (time)",
            "time",
        )
    return AppointmentBegun(**_of(booked, beginning.booking_id))


def missed(booked: Appointment, record: RecordMissedAppointment, given: Given[State]) -> AppointmentMissed:
    """Nobody has missed what is still to come."""
    if given.occurred_at < booked.starts_at:
        raise Refused(
            "too_early", f"the appointment begins at {booked.starts_at.isoformat()}; wait until then", "booking_id"
        )
    return AppointmentMissed(**_of(booked, record.booking_id))


def _agenda(state: State, who: str, day: date) -> Agenda:
    if not isinstance(state, Agenda):
        raise Refused(
            "no_agenda", f"{who} can't be booked on {day}; open the agenda first (OpenAgenda)", "day", early=True
        )
    return state


def _live(state: State | None, booking_id: str) -> Appointment:
    booked = state.bookings.get(booking_id) if isinstance(state, Agenda) else None
    if booked is None:
        raise Refused(
            "unknown_booking",
            f"there is no booking {booking_id} on that day; check who and day",
            "booking_id",
            early=True,
        )
    if not booked.live:
        raise Refused(
            "booking_ended", "this appointment was moved, cancelled, held or missed; book another one", "booking_id"
        )
    return booked


def _free(agenda: Agenda, day: date, slot: str, given: Given[State]) -> datetime:
    if slot not in agenda.slots:
        raise Refused(
            "no_such_slot", f"there is no slot at {slot}; there are: {', '.join(sorted(agenda.slots))}", "slot"
        )
    taken = {one.slot for one in agenda.bookings.values() if one.holds}
    if slot in taken:
        free_ones = ", ".join(sorted(agenda.slots.keys() - taken)) or "none on this day"
        raise Refused("slot_taken", f"the slot at {slot} is taken; free are: {free_ones}", "slot")
    starts_at = datetime.combine(day, time.fromisoformat(slot), _zone(agenda)).astimezone(UTC)
    if starts_at <= given.occurred_at:
        raise Refused("slot_past", f"{slot} on {day} is over; take a slot that is still to come", "slot")
    return starts_at


def _zone(agenda: Agenda) -> timezone:
    return timezone(timedelta(minutes=agenda.utc_offset_minutes))


def _of(booked: Appointment, booking_id: str) -> dict[str, Any]:
    return {
        "consumer_id": booked.consumer_id,
        "case_id": booked.case_id,
        "booking_id": booking_id,
        "appointment_id": booked.appointment_id,
    }


def _appointment_id(booking_id: str, agenda: Agenda, who: str, day: date) -> str:
    """No other place has it: no other agenda this mark, and no other place of this agenda this number."""
    return f"{booking_id}-{crc32(agenda_stream(who, day).encode()):08x}-{agenda.booked}"


def _lengths(slots: Sequence[AgendaSlot]) -> list[tuple[str, int]]:
    return [(one.slot, one.minutes) for one in slots]


def _minute(slot: str) -> int:
    hour, minute = slot.split(":")
    return int(hour) * 60 + int(minute)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def evolve(state: State, event: Event) -> State:
    """The agenda after `event`."""
    match event, state:
        case AgendaOpened(), _:
            agenda = state if isinstance(state, Agenda) else Agenda(event.office, event.utc_offset_minutes)
            return replace(agenda, slots=dict(agenda.slots) | dict(_lengths(event.slots)))
        case AppointmentBooked(), Agenda():
            booked = Appointment(
                appointment_id=event.appointment_id,
                case_id=event.case_id,
                consumer_id=event.consumer_id,
                slot=event.slot,
                starts_at=event.starts_at,
                channel=event.channel,
                language=event.language,
                topic=event.topic,
                for_case=event.for_case,
                moved=event.moved,
            )
            bookings = dict(state.bookings) | {event.booking_id: booked}
            return replace(state, bookings=bookings, booked=state.booked + 1)
        case AppointmentMoved(), Agenda():
            return _ended(state, event.booking_id, holds=False, gone_to=event.new)
        case AppointmentCancelled(), Agenda():
            return _ended(state, event.booking_id, holds=False)
        case ((AppointmentBegun() | AppointmentMissed()), Agenda()):
            return _ended(state, event.booking_id, holds=True)
        case _:
            return state


def _ended(agenda: Agenda, booking_id: str, *, holds: bool, gone_to: Place | None = None) -> Agenda:
    ended = replace(agenda.bookings[booking_id], live=False, holds=holds, gone_to=gone_to)
    return replace(agenda, bookings=dict(agenda.bookings) | {booking_id: ended})
