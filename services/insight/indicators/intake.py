"""What intake owes: stages 2a and 2b, mail, the telephone, call-backs, appointments (DOMAIN.md §2, §4 Table 5, §9)."""

from __future__ import annotations

from typing import Any

from services.insight.indicators.base import Indicator, On
from shared.contracts.base import Event
from shared.contracts.intake import (
    AfterCallFinished,
    AnswerExtended,
    AppointmentBegun,
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentMissed,
    AppointmentMoved,
    CallAnswered,
    CallBackClosed,
    CallBackEnd,
    CallBackMade,
    CallBackPromised,
    CallEnded,
    CallerDataFound,
    CallReceived,
    CaseHandedOver,
    ClarificationAsked,
    ClarificationEnded,
    ClarificationReceived,
    DetailsCollected,
    ExtensionNoticeGiven,
    InformationGiven,
    MisdirectedForwarded,
    RequestEnded,
    RequestReceived,
    SpecialistAsked,
    SpecialistConnected,
    WrittenRequestAnswered,
    WrittenRequestDeclined,
    WrittenRequestForwarded,
    WrittenRequestReceived,
    WrittenRequestRegistered,
)
from shared.contracts.values import Channel
from shared.deadlines import Span, days, months
from shared.regimes import RULES

_FORWARDING = ("case_id", "forwarded")
_PRESENT = frozenset({Channel.WALK_IN, Channel.PHONE, Channel.VOICE_MAIL})
_FORWARDED_IN_TIME = frozenset(regime for regime, rules in RULES.items() if rules.forward is not None)


def _present(data: dict[str, Any]) -> bool:
    return data["channel"] in _PRESENT


def _in_writing(data: dict[str, Any]) -> bool:
    return data["channel"] not in _PRESENT


def _voice_mail(data: dict[str, Any]) -> str | None:
    return "voice_mail" if data["channel"] == Channel.VOICE_MAIL else None


def _taken_over(data: dict[str, Any]) -> str | None:
    return "taken_over" if data["history"] else None


def _not_history(data: dict[str, Any]) -> bool:
    return not data["history"]


def _reclassified(data: dict[str, Any]) -> bool:
    return bool(data.get("reclassified"))


def _notice_owed(data: dict[str, Any]) -> bool:
    return not data["notified"]


def _has_limit(data: dict[str, Any]) -> bool:
    return data["regime"] in _FORWARDED_IN_TIME


def _picked_up(data: dict[str, Any]) -> bool:
    return bool(data["answered"])


def _asked(data: dict[str, Any]) -> bool:
    return data.get("ask_id") is not None


def _not_reached(data: dict[str, Any]) -> bool:
    return data["end"] == CallBackEnd.NOT_REACHED


def _not_wanted(data: dict[str, Any]) -> bool:
    return data["end"] != CallBackEnd.NOT_REACHED


def _with_specialist(data: dict[str, Any]) -> bool:
    return bool(data.get("forwarded"))


def _from_specialist(data: dict[str, Any]) -> bool:
    return bool(data["replaced"])


def _passed_on_first(data: dict[str, Any]) -> bool:
    return data["replaced"] is None and not data.get("history")


def _of_specialist(event: type[Event]) -> On:
    return On(event=event, key=_FORWARDING, when=_with_specialist)


def _registered_with_another(data: dict[str, Any]) -> bool:
    return data.get("previous") != data["responsible"]


def _waits(data: dict[str, Any]) -> bool:
    return data.get("asked") is not None


def _put_off(data: dict[str, Any]) -> Span:
    """So many days; or so many months, which are all that the regime allows."""
    asked = data.get("months")
    return days(data["days"]) if asked is None else months(asked)


_HANDED_OVER = On(event=CaseHandedOver, owner="responsible")
_TO_SPECIALIST = On(event=WrittenRequestForwarded, owner="specialist")
_COLLECTED = (On(event=DetailsCollected),)
_NONE_TO_COLLECT = (On(event=RequestEnded),)
_ANSWERED, _DECLINED = On(event=WrittenRequestAnswered), On(event=WrittenRequestDeclined)
_SENT_ON = On(event=MisdirectedForwarded)
_WAITS = (On(event=ClarificationAsked),)
_GOES_ON = (On(event=ClarificationReceived), On(event=ClarificationEnded))
_EXTENDED = (On(event=AnswerExtended, by=_put_off),)
# What a call that is over has not come to will not be done any more: nobody was answered by hanging up.
_CALL_ENDED = On(event=CallEnded)
_ASK_ENDED = On(event=CallEnded, key="ask_id", when=_asked)

_REQUESTS: tuple[Indicator, ...] = (
    Indicator(
        name="details_visit",
        stage="2a",
        clock="details",
        start=On(event=RequestReceived, when=_present, owner="responsible"),
        stops=_COLLECTED,
        pauses=_WAITS,
        resumes=_GOES_ON,
        passes=(_HANDED_OVER,),
        cancels=_NONE_TO_COLLECT,
        # Who left a message is not there to be asked: what is said at night is heard at the next opening.
        exception=_voice_mail,
    ),
    Indicator(
        name="details_email",
        stage="2b",
        clock="details",
        start=On(event=RequestReceived, when=_in_writing, owner="responsible"),
        stops=_COLLECTED,
        pauses=_WAITS,
        resumes=_GOES_ON,
        passes=(_HANDED_OVER,),
        cancels=_NONE_TO_COLLECT,
    ),
)

_MAIL: tuple[Indicator, ...] = (
    Indicator(
        name="mail_register",
        stage="Table 5",
        clock="mail_register",
        start=On(event=WrittenRequestReceived, when=_not_history, owner="responsible"),
        stops=(On(event=WrittenRequestRegistered), _DECLINED, _SENT_ON),
        passes=(_HANDED_OVER,),
    ),
    Indicator(
        name="mail_pass",
        stage="Table 5",
        clock="mail_pass",
        # That a specialist is needed is known only once one has it: the day runs from the receipt none the less.
        start=On(event=WrittenRequestForwarded, at="received_at", when=_passed_on_first, owner="previous"),
        stops=(On(event=WrittenRequestForwarded, when=_passed_on_first),),
        pauses=_WAITS,
        resumes=_GOES_ON,
    ),
    Indicator(
        name="mail_answer",
        stage="Table 5",
        clock="mail_answer",
        start=On(event=WrittenRequestReceived, owner="responsible"),
        stops=(_ANSWERED, _DECLINED),
        pauses=_WAITS,
        resumes=_GOES_ON,
        moves=_EXTENDED,
        passes=(
            On(event=WrittenRequestRegistered, owner="responsible", when=_registered_with_another),
            _TO_SPECIALIST,
            _HANDED_OVER,
        ),
        cancels=(_SENT_ON,),
        variant="regime",
        exception=_taken_over,
        varies=(On(event=WrittenRequestRegistered, when=_reclassified),),
    ),
    Indicator(
        name="mail_specialist",
        stage="Table 5",
        clock="mail_specialist",
        start=On(event=WrittenRequestForwarded, key=_FORWARDING, owner="specialist"),
        stops=(_of_specialist(WrittenRequestAnswered), _of_specialist(WrittenRequestDeclined)),
        pauses=(_of_specialist(ClarificationAsked),),
        resumes=(_of_specialist(ClarificationReceived), _of_specialist(ClarificationEnded)),
        moves=(On(event=AnswerExtended, key=_FORWARDING, when=_with_specialist, by=_put_off),),
        passes=(On(event=CaseHandedOver, key=_FORWARDING, when=_with_specialist, owner="responsible"),),
        cancels=(
            _of_specialist(MisdirectedForwarded),
            # Handed on to another specialist: what the former one owed is over.
            On(event=WrittenRequestForwarded, key=("case_id", "replaced"), when=_from_specialist),
        ),
    ),
    Indicator(
        name="clarification",
        stage="§4",
        clock="clarification",
        # What is agreed with the consumer goes on when they answer, or soon after the agreed time.
        start=On(event=ClarificationAsked, key=("case_id", "number"), at="until", owner="responsible"),
        stops=(
            On(event=ClarificationReceived, key=("case_id", "number")),
            On(event=ClarificationEnded, key=("case_id", "number")),
        ),
        passes=(
            On(event=WrittenRequestForwarded, key=("case_id", "asked"), when=_waits, owner="specialist"),
            On(event=CaseHandedOver, key=("case_id", "asked"), when=_waits, owner="responsible"),
        ),
    ),
    Indicator(
        name="misdirected",
        stage="§9",
        clock="misdirected",
        start=On(event=MisdirectedForwarded, at="received_at", when=_has_limit, owner="responsible"),
        stops=(On(event=MisdirectedForwarded, when=_has_limit),),
        variant="regime",
    ),
    Indicator(
        name="extension_notice",
        stage="§9",
        clock="extension_notice",
        start=On(event=AnswerExtended, when=_notice_owed, owner="responsible"),
        # Who has the answer need not be told any more that it comes later.
        stops=(On(event=ExtensionNoticeGiven), _ANSWERED, _DECLINED, _SENT_ON),
        passes=(_TO_SPECIALIST, _HANDED_OVER),
        variant="regime",
    ),
)

_PHONE: tuple[Indicator, ...] = (
    Indicator(
        name="call_waiting",
        stage="Table 5",
        clock="call_waiting",
        start=On(event=CallReceived, key="call_id", owner="operator"),
        stops=(On(event=CallAnswered, key="call_id"),),
        lapses=(_CALL_ENDED,),
    ),
    Indicator(
        name="call_data",
        stage="Table 5",
        clock="call_data",
        start=On(event=CallAnswered, key="call_id", owner="operator"),
        stops=(On(event=CallerDataFound, key="call_id"),),
        lapses=(_CALL_ENDED,),
    ),
    Indicator(
        name="call_information",
        stage="Table 5",
        clock="call_information",
        start=On(event=CallerDataFound, key="call_id", owner="operator"),
        stops=(On(event=InformationGiven, key="call_id"), On(event=SpecialistAsked, key="call_id")),
        lapses=(_CALL_ENDED,),
    ),
    Indicator(
        name="after_call",
        stage="Table 5",
        clock="after_call",
        start=On(event=CallEnded, key="call_id", when=_picked_up, owner="operator"),
        stops=(On(event=AfterCallFinished, key="call_id"),),
    ),
    Indicator(
        name="specialist_connect",
        stage="Table 5",
        clock="specialist_connect",
        start=On(event=SpecialistAsked, key="ask_id", owner="specialist"),
        stops=(On(event=SpecialistConnected, key="ask_id"),),
        lapses=(_ASK_ENDED,),
    ),
    Indicator(
        name="specialist_information",
        stage="Table 5",
        clock="specialist_information",
        start=On(event=SpecialistConnected, key="ask_id", owner="specialist"),
        stops=(On(event=InformationGiven, key="ask_id", when=_asked),),
        lapses=(_ASK_ENDED,),
    ),
    Indicator(
        name="call_back",
        stage="§4",
        clock="call_back",
        start=On(event=CallBackPromised, key="call_back_id", owner="owner", due="until"),
        stops=(
            On(event=CallBackMade, key="call_back_id"),
            On(event=CallBackClosed, key="call_back_id", when=_not_reached),
        ),
        cancels=(On(event=CallBackClosed, key="call_back_id", when=_not_wanted),),
    ),
)

_APPOINTMENTS: tuple[Indicator, ...] = (
    Indicator(
        name="appointment",
        stage="§4",
        clock="appointment",
        start=On(event=AppointmentBooked, key="appointment_id", at="starts_at", owner="who"),
        stops=(On(event=AppointmentBegun, key="appointment_id"),),
        cancels=(
            On(event=AppointmentMoved, key="appointment_id"),
            On(event=AppointmentCancelled, key="appointment_id"),
            On(event=AppointmentMissed, key="appointment_id"),
        ),
    ),
)

INDICATORS: tuple[Indicator, ...] = (*_REQUESTS, *_MAIL, *_PHONE, *_APPOINTMENTS)
