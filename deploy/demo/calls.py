"""Phone calls, promised call-backs and appointments, as the demonstration tells them (§4), and their clocks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

from deploy.demo import people, words
from deploy.demo.steps import Chance, Step, Tale, in_hours
from deploy.demo.times import Timed
from shared.contracts.intake import (
    AgendaSlot,
    AnswerCall,
    AskSpecialist,
    BeginAppointment,
    BookAppointment,
    CallBackEnd,
    CallEnd,
    CancelAppointment,
    CloseCallBack,
    ConnectSpecialist,
    EndCall,
    FindCallerData,
    FinishAfterCall,
    GiveInformation,
    HandOverCallBack,
    OpenAgenda,
    PromiseCallBack,
    ReceiveCall,
    RecordMissedAppointment,
    RescheduleAppointment,
    TryCallBack,
)
from shared.contracts.values import Channel

_S = timedelta(seconds=1)
_LIMITS = {
    "call_waiting": 40 * _S,
    "call_data": 45 * _S,
    "call_information": 300 * _S,
    "after_call": 300 * _S,
    "specialist_connect": 40 * _S,
    "specialist_information": 300 * _S,
    "appointment": 900 * _S,
}
"""Table 5; a call-back is due when it was promised."""
_IN_A_CALL = ("call_waiting", "call_data", "call_information", "specialist_connect", "specialist_information")
PLOTS = 11


def call(tale: Tale, at: datetime, plot: int) -> None:
    """Tell the plot of this number, one of `PLOTS`: each branch occurs, in time and late."""
    chance, number = tale.chance, tale.thread
    office = chance.pick(tuple(people.OFFICES))
    language = chance.pick(tuple(people.LANGUAGES))
    caller = people.person(chance, language)
    if plot in {8, 9}:
        _appointment(tale, at, office, caller, late=plot == 9)
        return
    slow = plot in {1, 3}
    tale.by_channel(at, ReceiveCall(call_id=number, office=office, language=language, operator="o-madina"))
    if plot in {4, 10}:
        # Too late to have been answered in time; or so soon that nobody can say.
        tale.by_channel(at + (50 if plot == 4 else 10) * _S, EndCall(call_id=number, end=CallEnd.ABANDONED))
        return
    at += (55 if slow else chance.random.randint(5, 35)) * _S
    tale.by_desk(at, AnswerCall(call_id=number))
    at += (70 if slow else chance.random.randint(10, 40)) * _S
    tale.by_desk(at, FindCallerData(call_id=number))
    if plot in {5, 6, 7}:
        _call_back(tale, at + 50 * _S, office, caller, plot)
        return
    if plot in {2, 3}:
        at += (330 if slow else 60) * _S
        tale.by_desk(at, AskSpecialist(call_id=number, specialist="s-yerlan"))
        at += (70 if slow else 25) * _S
        tale.by_desk(at, ConnectSpecialist(call_id=number, transferred=plot == 2))
    at += (400 if slow else chance.random.randint(60, 280)) * _S
    tale.by_desk(at, GiveInformation(call_id=number))
    at += 10 * _S
    tale.by_desk(at, EndCall(call_id=number, end=CallEnd.ANSWERED))
    tale.by_desk(at + (420 if slow else 200) * _S, FinishAfterCall(call_id=number))


def _call_back(tale: Tale, at: datetime, office: str, caller: people.Person, plot: int) -> None:
    promise = PromiseCallBack(
        call_back_id=tale.thread,
        call_id=tale.thread,
        office=office,
        language=caller.language,
        owner=tale.chance.pick(people.OFFICES[office]),
        name=caller.name,
        phone=caller.consumer(Channel.PHONE).phone or "",
        reason=words.NEEDS[caller.language],
        called_at=at - 60 * _S,
        until=in_hours(at + timedelta(days=1)),
    )
    tale.by_desk(at, promise)
    promised = EndCall(call_id=tale.thread, end=CallEnd.CALL_BACK_PROMISED, case_id=tale.thread)
    tale.by_desk(at + 10 * _S, promised)
    tale.by_desk(at + 90 * _S, FinishAfterCall(call_id=tale.thread))
    first = in_hours(promise.until + timedelta(hours=3)) if plot == 6 else at + timedelta(minutes=20)
    if plot == 5:
        others = tuple(one for one in people.OFFICES[office] if one != promise.owner)
        passed = HandOverCallBack(call_back_id=tale.thread, to=others[0], reason="Is away until the evening")
        tale.by_desk(at + timedelta(minutes=10), passed)
    tries = 3 if plot == 7 else 1
    for number in range(tries):
        tale.by_desk(first + number * timedelta(minutes=5), TryCallBack(call_back_id=tale.thread, reached=tries == 1))
    if tries > 1:
        given_up = CloseCallBack(call_back_id=tale.thread, end=CallBackEnd.NOT_REACHED)
        tale.by_desk(first + tries * timedelta(minutes=5), given_up)


def _appointment(tale: Tale, at: datetime, office: str, caller: people.Person, *, late: bool) -> None:
    day = in_hours(at + timedelta(days=1)).date()
    starts = datetime.combine(day, time(10), at.tzinfo)
    offset = int((starts.utcoffset() or timedelta()).total_seconds()) // 60
    slots = [AgendaSlot(slot="10:00", minutes=30)]
    # Each has a desk of its own; who wants a slot that another one has: deploy/demo/desk_people.py.
    tale.by_desk(at, OpenAgenda(who=tale.thread, day=day, office=office, utc_offset_minutes=offset, slots=slots))
    booking = BookAppointment(
        booking_id=tale.thread,
        who=tale.thread,
        day=day,
        slot="10:00",
        channel=Channel.PHONE,
        language=caller.language,
        consumer=caller.consumer(Channel.PHONE),
    )
    tale.by_desk(at + 60 * _S, booking)
    begins = starts + timedelta(minutes=25 if late else 5)
    tale.by_desk(begins, BeginAppointment(booking_id=tale.thread, who=tale.thread, day=day))


def call_clocks(case: Sequence[Step]) -> list[Timed]:
    """What was timed in a call, a promise or an appointment, from its accepted steps in their order."""
    clocks: list[Timed] = []

    def start(indicator: str, at: datetime, due: datetime | None = None) -> None:
        begun = at.astimezone(UTC)
        ends = (due.astimezone(UTC)) if due else begun + _LIMITS[indicator]
        clocks.append(Timed(indicator, "phone", begun, ends, None, None))

    def stop(at: datetime, *indicators: str) -> None:
        for clock in clocks:
            if clock.open and clock.indicator in indicators:
                clock.done = at.astimezone(UTC)

    def lapse(at: datetime) -> None:
        """What a call has not come to by its end: late where it was due by then, else judged by nobody."""
        for clock in clocks:
            if clock.open and clock.indicator in _IN_A_CALL:
                late = clock.due < at
                clock.done, clock.cancelled = (at.astimezone(UTC) if late else None), not late

    answered = False
    for step in case:
        match step.command:
            case ReceiveCall():
                start("call_waiting", step.at)
            case AnswerCall():
                answered = True
                stop(step.at, "call_waiting")
                start("call_data", step.at)
            case FindCallerData():
                stop(step.at, "call_data")
                start("call_information", step.at)
            case AskSpecialist():
                stop(step.at, "call_information")
                start("specialist_connect", step.at)
            case ConnectSpecialist():
                stop(step.at, "specialist_connect")
                start("specialist_information", step.at)
            case GiveInformation():
                stop(step.at, "call_information", "specialist_information")
            case EndCall():
                lapse(step.at)
                if answered:
                    start("after_call", step.at)
            case FinishAfterCall():
                stop(step.at, "after_call")
            case PromiseCallBack(until=until):
                start("call_back", step.at, until)
            case TryCallBack(reached=True) | CloseCallBack():
                stop(step.at, "call_back")
            case _:
                pass
    return [*clocks, *_appointment_clocks(case)]


def _appointment_clocks(case: Sequence[Step]) -> list[Timed]:
    """One appointment at a time: elsewhere it is another one, and where it was nobody is awaited any more."""
    clocks: list[Timed] = []
    for step in case:
        match step.command:
            case BookAppointment(day=day, slot=slot) | RescheduleAppointment(day=day, slot=slot):
                _call_off(clocks)
                starts = datetime.combine(day, time.fromisoformat(slot), step.at.tzinfo).astimezone(UTC)
                clocks.append(Timed("appointment", "phone", starts, starts + _LIMITS["appointment"], None, None))
            case BeginAppointment():
                clocks[-1].done = step.at.astimezone(UTC)
            case CancelAppointment() | RecordMissedAppointment():
                _call_off(clocks)
            case _:
                pass
    return clocks


def _call_off(clocks: list[Timed]) -> None:
    for clock in clocks:
        clock.cancelled = clock.cancelled or clock.open


def calls(chance: Chance, begins: datetime, count: int) -> list[Step]:
    """The steps of so many calls, from the fortnight's second day on."""
    steps: list[Step] = []
    for number in range(count):
        source, kept = people.SOURCES[Channel.PHONE]
        tale = Tale(f"demo-0call-{number + 1:03}", chance, channel_source=source, kept=kept)
        at = begins + timedelta(days=chance.pick((1, 2, 3, 7, 8, 9))) + chance.minutes(9 * 60, 16 * 60)
        call(tale, at, number % PLOTS)
        steps += tale.steps
    return steps
