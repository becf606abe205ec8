"""People and appointments at the desk, as the demonstration tells them: fixed tales of intake (§2 stage 2a, §3, §4).

Who is known already, taken for two, or forgotten; what is answered by a script; what is moved, missed, called off.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from deploy.demo import people, words
from deploy.demo.steps import Tale, in_hours
from shared.contracts.intake import (
    AgendaSlot,
    AnswerCall,
    BeginAppointment,
    BookAppointment,
    CallEnd,
    CancelAppointment,
    Consumer,
    ContactKind,
    EndCall,
    FindCallerData,
    FinishAfterCall,
    ForgetConsumer,
    GiveInformation,
    MergeConsumers,
    OpenAgenda,
    Place,
    PublishScript,
    ReceiveCall,
    RecordMissedAppointment,
    RegisterConsumer,
    RescheduleAppointment,
    VerifyConsumer,
)
from shared.contracts.values import Channel, Language

_OFFICE = "centre-south"
_TOPIC = words.TOPICS[0]
_RU = Language.RU
_DAY, _HOUR, _MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


# ── people ───────────────────────────────────────────────────────────────────────────────────────────────────


def _known(tale: Tale, at: datetime) -> None:
    """Somebody entered once calls, is known by the number, verified, never asked again, books, and does not come."""
    name = tale.thread
    phone = people.person(tale.chance, _RU).consumer(Channel.PHONE).phone or ""
    again = "8" + phone.removeprefix("+7").replace(" ", "")
    consumer = Consumer(consumer_id=f"{name}-who", name="Айгерим", phone=phone)
    tale.by_desk(at, RegisterConsumer(consumer=consumer))
    tale.by_desk(at + _MINUTE, RegisterConsumer(consumer=consumer), "already_known")
    calls = in_hours(at + _DAY)
    slot = in_hours(calls + _DAY).replace(hour=14, minute=30, second=0)
    tale.by_desk(calls - 30 * _MINUTE, _agenda(name, slot))
    ring = ReceiveCall(call_id=name, office=_OFFICE, language=_RU, operator="o-madina", consumer=Consumer(phone=again))
    tale.by_channel(calls, ring)
    tale.by_desk(calls + timedelta(seconds=10), AnswerCall(call_id=name))
    found = FindCallerData(call_id=name, consumer_id=f"{name}-who")
    tale.by_desk(calls + timedelta(seconds=30), found)
    confirmed = VerifyConsumer(consumer_id=f"{name}-who", confirmed=(ContactKind.NAME, ContactKind.PHONE))
    tale.by_desk(calls + _MINUTE, confirmed)
    booking = _booking(name, slot, Consumer(phone=again))
    tale.by_desk(calls + 2 * _MINUTE, booking, leads_to=("AppointmentBooked",))
    ended = EndCall(call_id=name, end=CallEnd.REQUEST_TAKEN, case_id=name)
    tale.by_desk(calls + 3 * _MINUTE, ended)
    tale.by_desk(calls + 5 * _MINUTE, FinishAfterCall(call_id=name))
    another = people.person(tale.chance, _RU).consumer(Channel.PHONE)
    twice = booking.model_copy(update={"booking_id": f"{name}-2", "consumer": another})
    tale.by_desk(calls + 9 * _MINUTE, twice, "slot_taken")
    absent = RecordMissedAppointment(booking_id=name, who=name, day=slot.date())
    tale.by_desk(slot - _HOUR, absent, "too_early")
    tale.by_desk(slot + 20 * _MINUTE, absent)


def _by_script(tale: Tale, at: datetime) -> None:
    """A manager publishes a script; the next caller is answered by it."""
    name, script = tale.thread, "opening_hours"
    published = PublishScript(
        script=script,
        topic=_TOPIC.code,
        language=_RU,
        questions=["Когда вы работаете?", "Работаете ли вы в субботу?"],
        answer="С понедельника по пятницу с 9:00 до 18:30",
    )
    tale.by_desk(at, published)
    calls, seconds = at + _HOUR, timedelta(seconds=1)
    tale.by_channel(calls, ReceiveCall(call_id=name, office=_OFFICE, language=_RU, operator="o-madina"))
    tale.by_desk(calls + 8 * seconds, AnswerCall(call_id=name))
    tale.by_desk(calls + 20 * seconds, FindCallerData(call_id=name))
    told = GiveInformation(call_id=name, script=script)
    tale.by_desk(calls + 40 * seconds, told.model_copy(update={"script": "no_such"}), "unknown_script")
    tale.by_desk(calls + 50 * seconds, told)
    tale.by_desk(calls + 60 * seconds, EndCall(call_id=name, end=CallEnd.ANSWERED))
    tale.by_desk(calls + 90 * seconds, FinishAfterCall(call_id=name))


def _merged_and_forgotten(tale: Tale, at: datetime) -> None:
    """Two records are found to be one person, who is then forgotten under both."""
    kept, other = f"{tale.thread}-a", f"{tale.thread}-b"
    person = people.person(tale.chance, _RU)
    email = person.consumer(Channel.EMAIL).email
    tale.by_desk(
        at,
        RegisterConsumer(
            consumer=Consumer(
                consumer_id=kept,
                name=person.name,
                phone=person.consumer(Channel.PHONE).phone,
                email=email,
            )
        ),
    )
    second = people.person(tale.chance, _RU).consumer(Channel.PHONE)
    tale.by_desk(at + _HOUR, RegisterConsumer(consumer=second.model_copy(update={"consumer_id": other})))
    following = in_hours(at + _DAY)
    # The second one gives an address that the first one has: perhaps they are one.
    tale.by_desk(
        following,
        VerifyConsumer(consumer_id=other, email=email),
        leads_to=("ConsumerVerified", "ContactAdded", "ContactClaimed", "PossibleDuplicateFound"),
    )
    found = in_hours(following + _DAY)
    merging = MergeConsumers(kept=kept, merged=other, merged_by=people.MANAGER, reason="The same person, seen at once")
    tale.by_desk(found, merging)
    names = (ContactKind.NAME,)
    tale.by_desk(found + _MINUTE, VerifyConsumer(consumer_id=other, confirmed=names), "merged_record")
    asked = in_hours(found + _DAY)
    tale.by_desk(
        asked,
        ForgetConsumer(consumer_id=kept),
        leads_to=(
            *("ConsumerForgotten", "ForgettingOwed", "ConsumerForgotten"),
            *("ContactDropped", "ContactReleased") * 4,
        ),
    )
    tale.by_desk(asked + _MINUTE, VerifyConsumer(consumer_id=kept, confirmed=names), "consumer_forgotten")


# ── appointments ─────────────────────────────────────────────────────────────────────────────────────────────


def _rescheduled(tale: Tale, at: datetime) -> None:
    """To another day; the first one's slot is free again."""
    name = tale.thread
    first = in_hours(at + _DAY).replace(hour=11, minute=0, second=0)
    second = in_hours(first + _DAY).replace(hour=15, minute=0, second=0)
    for slot in (first, second):
        tale.by_desk(at, _agenda(name, slot))
    tale.by_desk(at + _MINUTE, _booking(name, first, people.person(tale.chance, _RU).consumer(Channel.PHONE)))
    old = Place(who=name, day=first.date(), slot=f"{first:%H:%M}")
    moved = RescheduleAppointment(booking_id=name, old=old, who=name, day=second.date(), slot=f"{second:%H:%M}")
    tale.by_desk(at + _HOUR, moved)
    tale.by_desk(second + 4 * _MINUTE, BeginAppointment(booking_id=name, who=name, day=second.date()))


def _cancelled(tale: Tale, at: datetime) -> None:
    """By the consumer; somebody else gets the slot at once."""
    name = tale.thread
    slot = in_hours(at + 2 * _DAY).replace(hour=12, minute=0, second=0)
    tale.by_desk(at, _agenda(name, slot))
    first = _booking(name, slot, people.person(tale.chance, _RU).consumer(Channel.PHONE))
    tale.by_desk(at + _MINUTE, first)
    off = CancelAppointment(booking_id=name, who=name, day=slot.date(), reason="Not needed any more")
    tale.by_desk(at + _HOUR, off)
    tale.by_desk(at + _HOUR + _MINUTE, off, "booking_ended")
    somebody = people.person(tale.chance, _RU).consumer(Channel.PHONE)
    tale.by_desk(at + 2 * _HOUR, first.model_copy(update={"booking_id": f"{name}-2", "consumer": somebody}))
    tale.by_desk(slot + 20 * _MINUTE, BeginAppointment(booking_id=f"{name}-2", who=name, day=slot.date()))


def _agenda(who: str, slot: datetime) -> OpenAgenda:
    offset = int((slot.utcoffset() or timedelta()).total_seconds()) // 60
    slots = [AgendaSlot(slot=f"{slot:%H:%M}", minutes=30)]
    return OpenAgenda(who=who, day=slot.date(), office=_OFFICE, utc_offset_minutes=offset, slots=slots)


def _booking(name: str, slot: datetime, consumer: Consumer) -> BookAppointment:
    return BookAppointment(
        booking_id=name,
        who=name,
        day=slot.date(),
        slot=f"{slot:%H:%M}",
        channel=Channel.PHONE,
        language=_RU,
        consumer=consumer,
    )


TALES: dict[str, Callable[[Tale, datetime], None]] = {
    "known": _known,
    "one-person": _merged_and_forgotten,
    "script": _by_script,
    "rescheduled": _rescheduled,
    "cancelled": _cancelled,
}
"""By name. All of them come by phone."""
