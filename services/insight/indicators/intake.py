"""What intake owes: stages 2a and 2b, mail, the telephone, call-backs, appointments (DOMAIN.md §2, §4 Table 5, §9)."""

from __future__ import annotations

from typing import Any

from services.insight.indicators.base import Indicator, On
from services.insight.indicators.conditions import both, differ, lacks, no, none_of, one_of, says, yes
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
    CallBackHandedOver,
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


_WAITED_FOR = one_of("channel", *_PRESENT)
_IN_WRITING = none_of("channel", *_PRESENT)
_NOT_HISTORY = no("history")
_HAS_LIMIT = one_of("regime", *_FORWARDED_IN_TIME)
_ASKED, _NOT_ASKED = says("ask_id"), lacks("ask_id")
_WITH_SPECIALIST = yes("forwarded")
_PASSED_ON_FIRST = both(lacks("replaced"), no("history"))


def _of_specialist(event: type[Event]) -> On:
    return On(event=event, key=_FORWARDING, when=_WITH_SPECIALIST)


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
_ASK_ENDED = On(event=CallEnded, key="ask_id", when=_ASKED)

_REQUESTS: tuple[Indicator, ...] = (
    Indicator(
        name="details_visit",
        stage="2a",
        clock="details",
        start=On(event=RequestReceived, when=_WAITED_FOR, owner="responsible"),
        stops=_COLLECTED,
        pauses=_WAITS,
        resumes=_GOES_ON,
        passes=(_HANDED_OVER,),
        cancels=_NONE_TO_COLLECT,
        # Who left a message is not there to be asked: what is said at night is heard at the next opening.
        exception=(one_of("channel", Channel.VOICE_MAIL), "voice_mail"),
    ),
    Indicator(
        name="details_email",
        stage="2b",
        clock="details",
        start=On(event=RequestReceived, when=_IN_WRITING, owner="responsible"),
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
        start=On(event=WrittenRequestReceived, when=_NOT_HISTORY, owner="responsible"),
        stops=(On(event=WrittenRequestRegistered), _DECLINED, _SENT_ON),
        passes=(_HANDED_OVER,),
    ),
    Indicator(
        name="mail_pass",
        stage="Table 5",
        clock="mail_pass",
        # That a specialist is needed is known only once one has it: the day runs from the receipt none the less.
        start=On(event=WrittenRequestForwarded, at="received_at", when=_PASSED_ON_FIRST, owner="previous"),
        stops=(On(event=WrittenRequestForwarded, when=_PASSED_ON_FIRST),),
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
            On(event=WrittenRequestRegistered, owner="responsible", when=differ("previous", "responsible")),
            _TO_SPECIALIST,
            _HANDED_OVER,
        ),
        cancels=(_SENT_ON,),
        variant="regime",
        exception=(yes("history"), "taken_over"),
        varies=(On(event=WrittenRequestRegistered, when=yes("reclassified")),),
    ),
    Indicator(
        name="mail_specialist",
        stage="Table 5",
        clock="mail_specialist",
        start=On(event=WrittenRequestForwarded, key=_FORWARDING, owner="specialist"),
        stops=(_of_specialist(WrittenRequestAnswered), _of_specialist(WrittenRequestDeclined)),
        pauses=(
            _of_specialist(ClarificationAsked),
            # Passed on while the consumer is waited for: that was asked before there was this forwarding.
            On(event=WrittenRequestForwarded, key=_FORWARDING, when=says("asked")),
        ),
        resumes=(_of_specialist(ClarificationReceived), _of_specialist(ClarificationEnded)),
        moves=(On(event=AnswerExtended, key=_FORWARDING, when=_WITH_SPECIALIST, by=_put_off),),
        passes=(On(event=CaseHandedOver, key=_FORWARDING, when=_WITH_SPECIALIST, owner="responsible"),),
        cancels=(
            _of_specialist(MisdirectedForwarded),
            # Handed on to another specialist: what the former one owed is over.
            On(event=WrittenRequestForwarded, key=("case_id", "replaced"), when=yes("replaced")),
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
            On(event=WrittenRequestForwarded, key=("case_id", "asked"), when=says("asked"), owner="specialist"),
            On(event=CaseHandedOver, key=("case_id", "asked"), when=says("asked"), owner="responsible"),
        ),
    ),
    Indicator(
        name="misdirected",
        stage="§9",
        clock="misdirected",
        start=On(event=MisdirectedForwarded, at="received_at", when=_HAS_LIMIT, owner="responsible"),
        stops=(On(event=MisdirectedForwarded, when=_HAS_LIMIT),),
        variant="regime",
    ),
    Indicator(
        name="extension_notice",
        stage="§9",
        clock="extension_notice",
        start=On(event=AnswerExtended, when=no("notified"), owner="responsible"),
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
        # Where a specialist was asked before the data were found, the operator has nothing to give.
        start=On(event=CallerDataFound, key="call_id", when=_NOT_ASKED, owner="operator"),
        stops=(On(event=InformationGiven, key="call_id"), On(event=SpecialistAsked, key="call_id")),
        lapses=(_CALL_ENDED,),
    ),
    Indicator(
        name="after_call",
        stage="Table 5",
        clock="after_call",
        start=On(event=CallEnded, key="call_id", when=yes("answered"), owner="operator"),
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
        stops=(On(event=InformationGiven, key="ask_id", when=_ASKED),),
        lapses=(_ASK_ENDED,),
    ),
    Indicator(
        name="call_back",
        stage="§4",
        clock="call_back",
        start=On(event=CallBackPromised, key="call_back_id", owner="owner", due="until"),
        stops=(
            On(event=CallBackMade, key="call_back_id"),
            On(event=CallBackClosed, key="call_back_id", when=one_of("end", CallBackEnd.NOT_REACHED)),
        ),
        passes=(On(event=CallBackHandedOver, key="call_back_id", owner="owner"),),
        cancels=(On(event=CallBackClosed, key="call_back_id", when=none_of("end", CallBackEnd.NOT_REACHED)),),
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
