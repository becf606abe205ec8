"""Phone calls, step by step, by the clocks of Table 5; scripts (DOMAIN.md §4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.intake.contacts import in_the_base, looks_up, recognise, record_stream, survivors
from services.intake.state import Call, CallBack, Request, Script, State, Unknown, Written
from shared.contacts import unnamed
from shared.contracts.base import Event, Message
from shared.contracts.intake import (
    AfterCallFinished,
    AnswerCall,
    AskSpecialist,
    CallAnswered,
    CallEnd,
    CallEnded,
    CallerDataFound,
    CallReceived,
    ConnectSpecialist,
    EndCall,
    FindCallerData,
    FinishAfterCall,
    GiveInformation,
    InformationGiven,
    PublishScript,
    ReceiveCall,
    ScriptPublished,
    SpecialistAsked,
    SpecialistConnected,
)
from shared.decider import Blind, Given, Refused
from shared.rules import not_before

Step = AnswerCall | FindCallerData | AskSpecialist | ConnectSpecialist | GiveInformation | EndCall | FinishAfterCall
"""What happens in a call once it has rung."""
_KEPT_FOR_LATER = frozenset({CallEnd.CALL_BACK_PROMISED, CallEnd.VOICE_MAIL})
"""Ends that leave the caller waiting for somebody."""


def needs(message: Message, blind: Blind, known: Mapping[str, State]) -> Iterator[str]:
    """Whose number rings; the script that an answer was read from."""
    match message:
        case ReceiveCall():
            yield from looks_up(message.consumer, blind, known)
        case FindCallerData(consumer_id=str(named)):
            yield record_stream(named)
            yield from survivors(known)
        case GiveInformation(script=str(script)):
            yield f"script-{script}"
        case EndCall(case_id=str(led_to)):
            yield from _cases(led_to) if message.end in _KEPT_FOR_LATER else ()
        case _:
            return


def _cases(led_to: str) -> tuple[str, str]:
    return f"callback-{led_to}", f"case-{led_to}"


def receive(state: State, call: ReceiveCall, given: Given[State]) -> CallReceived:
    """It rings: the wait for an answer begins. Whose number is known is shown to the operator at once."""
    if not isinstance(state, Unknown):
        raise Refused("call_exists", f"call {call.call_id} rang already; give each call an id of its own", "call_id")
    call_id = call.call_id or given.fresh_id
    who = recognise(call.consumer, given, case_id=call_id, otherwise=unnamed(call_id))
    return CallReceived(
        consumer_id=who.consumer_id,
        case_id=call_id,
        call_id=call_id,
        language=call.language,
        office=call.office,
        topic=call.topic,
        operator=call.operator,
        phone=call.consumer.phone,
        known=who.known,
        to_verify=who.to_verify,
    )


def step(state: State, message: Step, given: Given[State]) -> Sequence[Event]:
    """The call goes on; see each rule below. Each step comes after the one before it, and none after the end."""
    if not isinstance(state, Call):
        raise Refused(
            "unknown_call", f"there is no call {message.call_id}; begin it with ReceiveCall", "call_id", early=True
        )
    not_before(state.latest_at, given.occurred_at, "the call's previous step")
    if state.ended and not isinstance(message, FinishAfterCall):
        raise Refused("call_ended", "this call is over; what comes later belongs to another one", "call_id")
    match message:
        case AnswerCall():
            return [answer(state, message)]
        case FindCallerData():
            return [find_data(state, message, given)]
        case AskSpecialist():
            return [ask_specialist(state, message)]
        case ConnectSpecialist():
            return [connect(state, message)]
        case GiveInformation():
            return [inform(state, message, given)]
        case EndCall():
            return [end(state, message, given)]
        case FinishAfterCall():
            return [finish(state, message)]


def answer(call: Call, picked_up: AnswerCall) -> CallAnswered:
    """Somebody picks up, once: within 40 s."""
    if call.answered:
        raise Refused("already_answered", "this call is answered; go on with FindCallerData", "call_id")
    return CallAnswered(**_of(call, picked_up.call_id), operator=picked_up.operator or call.operator)


def find_data(call: Call, found: FindCallerData, given: Given[State]) -> CallerDataFound:
    """Asking for and finding the caller's data: within 45 s. That there are none is an answer, too.

    Who was merged with somebody is found as the one who answers for both.
    """
    _picked_up(call)
    if call.data_found:
        raise Refused("already_found", "the caller's data are found; verify what they say", "call_id")
    facts: dict[str, Any] = _of(call, found.call_id)
    if found.consumer_id is not None:
        facts["consumer_id"] = in_the_base(found.consumer_id, given)
    return CallerDataFound(
        **facts,
        operator=call.operator,
        found=found.consumer_id is not None,
        ask_id=_ask_id(call, found.call_id) if call.specialist is not None else None,
    )


def ask_specialist(call: Call, asked: AskSpecialist) -> SpecialistAsked:
    """A hard question goes to a specialist: connected within 40 s."""
    _picked_up(call)
    if call.specialist is not None:
        raise Refused(
            "specialist_asked", f"{call.specialist} is asked already; wait for that answer, or end the call", "call_id"
        )
    return SpecialistAsked(
        **_of(call, asked.call_id), ask_id=f"{asked.call_id}-{call.asks + 1}", specialist=asked.specialist
    )


def connect(call: Call, connected: ConnectSpecialist) -> SpecialistConnected:
    """The specialist speaks, with the caller or with the operator, who passes the answer on."""
    if call.specialist is None:
        raise Refused(
            "no_specialist", "nobody was asked; ask a specialist first (AskSpecialist)", "call_id", early=True
        )
    if call.connected:
        raise Refused("already_connected", "the specialist speaks already; go on with GiveInformation", "call_id")
    return SpecialistConnected(
        **_of(call, connected.call_id),
        ask_id=_ask_id(call, connected.call_id),
        specialist=call.specialist,
        transferred=connected.transferred,
    )


def inform(call: Call, told: GiveInformation, given: Given[State]) -> InformationGiven:
    """The information is given: within 5 min of the caller's data, or of the specialist's being connected."""
    _picked_up(call)
    if not call.data_found:
        raise Refused(
            "data_not_found",
            "first find the caller's data, or say that there are none (FindCallerData)",
            "call_id",
            early=True,
        )
    if call.specialist is not None and not call.connected:
        raise Refused(
            "specialist_not_connected",
            f"{call.specialist} was asked and has not answered; connect them first (ConnectSpecialist)",
            "call_id",
            early=True,
        )
    if told.script is not None and not isinstance(given.others.get(f"script-{told.script}"), Script):
        raise Refused(
            "unknown_script", f"there is no script {told.script}; publish it (PublishScript) or leave it out", "script"
        )
    by_specialist = call.specialist is not None and call.transferred
    return InformationGiven(
        **_of(call, told.call_id),
        given_by=call.specialist if by_specialist and call.specialist else call.operator,
        ask_id=_ask_id(call, told.call_id) if call.specialist is not None else None,
        script=told.script,
    )


def end(call: Call, over: EndCall, given: Given[State]) -> CallEnded:
    """The call is over; how it ended must fit what happened in it.

    Where the caller was left waiting, somebody owes them something by a time: what is owed stands before the call ends.
    """
    wrong: str | None = None
    match over.end:
        case CallEnd.ANSWERED if not call.informed:
            wrong = "no information was given; send GiveInformation first, or name how it ended else"
        case CallEnd.REQUEST_TAKEN if over.case_id is None:
            wrong = "name the case that came of it in case_id"
        case CallEnd.CALL_BACK_PROMISED if over.case_id is None:
            wrong = "nobody owes the call yet; promise it (PromiseCallBack) and name the call-back in case_id"
        case CallEnd.VOICE_MAIL if call.answered:
            wrong = "a message is left where nobody picks up; name how it ended else"
        case CallEnd.VOICE_MAIL if over.case_id is None:
            wrong = "nobody owes an answer to the message yet; take the request (ReceiveRequest) and name it in case_id"
        case _:
            pass
    if wrong is None and over.end in {CallEnd.ANSWERED, CallEnd.REQUEST_TAKEN} and not call.answered:
        wrong = "nobody has picked up; send AnswerCall first, or name how it ended else"
    if wrong is not None:
        raise Refused("end_does_not_fit", f"the call can't have ended as {over.end}: {wrong}", "end")
    if over.end in _KEPT_FOR_LATER and not _stands(over, given):
        raise Refused(
            "unknown_case",
            f"nothing of the id {over.case_id} is owed to the caller; promise the call-back (PromiseCallBack), or take "
            "what the message says as a request (ReceiveRequest), under that id",
            "case_id",
            later=True,
        )
    return CallEnded(
        **_of(call, over.call_id),
        operator=call.operator,
        end=over.end,
        answered=call.answered,
        ask_id=_ask_id(call, over.call_id) if call.specialist is not None else None,
        led_to=over.case_id,
    )


def _stands(over: EndCall, given: Given[State]) -> bool:
    """A message may be followed up by a request or by a call-back; a promised call-back only by that one."""
    call_back, case = (given.others.get(stream) for stream in _cases(over.case_id or ""))
    taken = over.end is CallEnd.VOICE_MAIL and isinstance(case, Request | Written)
    return taken or isinstance(call_back, CallBack)


def finish(call: Call, done: FinishAfterCall) -> AfterCallFinished:
    """After-call work is done: within 5 min of the call's end."""
    if not call.ended:
        raise Refused("call_goes_on", "end the call first (EndCall)", "call_id", early=True)
    if not call.after_call_owed:
        raise Refused("nothing_owed", "no after-call work is owed: it is done, or nobody had picked up", "call_id")
    return AfterCallFinished(**_of(call, done.call_id), operator=call.operator)


def publish_script(state: State, script: PublishScript) -> ScriptPublished:
    """A set list of questions with their typical answer; each publication is the next version."""
    version = state.version + 1 if isinstance(state, Script) else 1
    return ScriptPublished(
        script=script.script,
        version=version,
        topic=script.topic,
        language=script.language,
        questions=script.questions,
        answer=script.answer,
    )


def _of(call: Call, call_id: str) -> dict[str, Any]:
    return {
        "consumer_id": call.consumer_id,
        "case_id": call_id,
        "call_id": call_id,
        "office": call.office,
        "topic": call.topic,
    }


def _ask_id(call: Call, call_id: str) -> str:
    return f"{call_id}-{call.asks}"


def _picked_up(call: Call) -> None:
    if not call.answered:
        raise Refused("not_answered", "nobody has picked up yet; send AnswerCall first", "call_id", early=True)


def evolve(state: State, event: Event, occurred_at: datetime) -> State:
    """The call, or the script, after `event`."""
    match event, state:
        case CallReceived(), _:
            return Call(event.consumer_id, event.office, event.topic, event.operator, occurred_at)
        case ScriptPublished(), _:
            return Script(event.version)
        case _, Call():
            return replace(_after(state, event), latest_at=occurred_at)
        case _:
            return state


def _after(call: Call, event: Event) -> Call:
    match event:
        case CallAnswered():
            return replace(call, answered=True, operator=event.operator)
        case CallerDataFound():
            return replace(call, data_found=True, consumer_id=event.consumer_id)
        case SpecialistAsked():
            return replace(call, specialist=event.specialist, asks=call.asks + 1, connected=False)
        case SpecialistConnected():
            return replace(call, connected=True, transferred=event.transferred)
        case InformationGiven():
            return replace(call, informed=True, specialist=None, connected=False, transferred=False)
        case CallEnded():
            return replace(call, ended=True, specialist=None, after_call_owed=event.answered)
        case AfterCallFinished():
            return replace(call, after_call_owed=False)
        case _:
            return call
