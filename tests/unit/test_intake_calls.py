"""Phone calls, scripts and promised call-backs: DOMAIN.md §4 and Table 5."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.intake.callbacks import TRIES
from services.intake.domain import DECIDER
from shared.contracts.intake import (
    AfterCallFinished,
    AnswerCall,
    AskSpecialist,
    CallAnswered,
    CallBackClosed,
    CallBackEnd,
    CallBackHandedOver,
    CallBackMade,
    CallBackPromised,
    CallBackTried,
    CallEnd,
    CallEnded,
    CallerDataFound,
    CallReceived,
    CloseCallBack,
    ConnectSpecialist,
    Consumer,
    ConsumerForgotten,
    ConsumerMerged,
    ConsumerRegistered,
    Contact,
    ContactAdded,
    ContactClaimed,
    ContactKind,
    EndCall,
    FindCallerData,
    FinishAfterCall,
    GiveInformation,
    HandOverCallBack,
    InformationGiven,
    PromiseCallBack,
    PublishScript,
    ReceiveCall,
    ReceiveRequest,
    ScriptPublished,
    SpecialistAsked,
    SpecialistConnected,
    TryCallBack,
)
from shared.contracts.values import Channel, Language

from .given_when_then import NINE, given, refused

RING = ReceiveCall(call_id="L1", office="central", language=Language.KK, operator="o-1")
ANSWER, FIND, INFORM = AnswerCall(call_id="L1"), FindCallerData(call_id="L1"), GiveInformation(call_id="L1")
ASK = AskSpecialist(call_id="L1", specialist="s-1")
CONNECT = ConnectSpecialist(call_id="L1", transferred=True)
END, AFTER = EndCall(call_id="L1", end=CallEnd.ANSWERED), FinishAfterCall(call_id="L1")
STEPS: tuple[Any, ...] = (ANSWER, FIND, INFORM, ASK, CONNECT, END, AFTER)


def after(*steps: Any, elsewhere: Any = None) -> given:
    """The call after these steps, each ten seconds after the one before."""
    happened: list[Any] = []
    for number, step in enumerate((RING, *steps)):
        at = NINE + timedelta(seconds=10 * number)
        outcome = given(DECIDER, tuple(happened), elsewhere or {}).when(step, at=at)
        assert outcome.refusal is None, (step, outcome.refusal)
        happened += [(event, at) for event in outcome.events]
    return given(DECIDER, tuple(happened), elsewhere or {})


LATER = NINE + timedelta(minutes=5)
ENTERED: dict[str, tuple[Any, ...]] = {
    "consumer-p-1": (ConsumerRegistered(consumer_id="p-1", known=[ContactKind.NAME, ContactKind.PHONE]),)
}
"""Somebody in the information base."""


def test_it_rings_and_a_known_number_is_shown_to_the_operator_at_once() -> None:
    given(DECIDER).when(RING).then_one(CallReceived, call_id="L1", known=False, consumer_id="c-L1")
    phone = Contact(kind=ContactKind.PHONE, index="phone.+77015550101")
    registry = {
        "contact-phone.+77015550101": (ContactClaimed(consumer_id="p-1", contact=phone),),
        "consumer-p-1": (
            ConsumerRegistered(consumer_id="p-1", known=[ContactKind.NAME, ContactKind.PHONE]),
            ContactAdded(consumer_id="p-1", contact=phone),
        ),
    }
    ring = RING.model_copy(update={"consumer": Consumer(phone="8 701 555 01 01")})
    given(DECIDER, elsewhere=registry).when(ring).then_one(
        CallReceived, known=True, consumer_id="p-1", to_verify=(ContactKind.NAME, ContactKind.PHONE)
    )


def test_a_call_goes_from_the_ring_to_the_end_of_after_call_work() -> None:
    after().when(ANSWER, at=LATER).then_one(CallAnswered, operator="o-1")
    after(ANSWER).when(FIND, at=LATER).then_one(CallerDataFound, found=False, consumer_id="c-L1")
    known = FIND.model_copy(update={"consumer_id": "p-1"})
    after(ANSWER, elsewhere=ENTERED).when(known, at=LATER).then_one(CallerDataFound, found=True, consumer_id="p-1")
    after(ANSWER, known, elsewhere=ENTERED).when(INFORM, at=LATER).then_one(
        InformationGiven, given_by="o-1", ask_id=None, consumer_id="p-1"
    )
    after(ANSWER, FIND, INFORM).when(END, at=LATER).then_one(CallEnded, end=CallEnd.ANSWERED, answered=True)
    after(ANSWER, FIND, INFORM, END).when(AFTER, at=LATER).then_one(AfterCallFinished, operator="o-1")


def test_only_who_is_in_the_base_is_found_there() -> None:
    """Regression: any id was taken for somebody's whose data were found."""
    known = FIND.model_copy(update={"consumer_id": "p-1"})
    after(ANSWER).when(known, at=LATER).then(refused("unknown_consumer", "consumer_id", later=True))
    gone = {"consumer-p-1": (*ENTERED["consumer-p-1"], ConsumerForgotten(consumer_id="p-1"))}
    after(ANSWER, elsewhere=gone).when(known, at=LATER).then(refused("unknown_consumer", "consumer_id"))
    merged = ConsumerMerged(consumer_id="p-0", into="p-1", merged_by="m-1", reason="one person")
    there = after(ANSWER, elsewhere={**ENTERED, "consumer-p-0": (merged,)})
    former = FIND.model_copy(update={"consumer_id": "p-0"})
    there.when(former, at=LATER).then_one(CallerDataFound, found=True, consumer_id="p-1")


def test_a_specialist_speaks_with_the_caller_or_has_the_answer_passed_on() -> None:
    after(ANSWER, FIND).when(ASK, at=LATER).then_one(SpecialistAsked, specialist="s-1", ask_id="L1-1")
    after(ANSWER, FIND, ASK).when(CONNECT, at=LATER).then_one(SpecialistConnected, transferred=True, ask_id="L1-1")
    after(ANSWER, FIND, ASK, CONNECT).when(INFORM, at=LATER).then_one(InformationGiven, given_by="s-1", ask_id="L1-1")
    passed_on = CONNECT.model_copy(update={"transferred": False})
    after(ANSWER, FIND, ASK, passed_on).when(INFORM, at=LATER).then_one(InformationGiven, given_by="o-1", ask_id="L1-1")
    other = ASK.model_copy(update={"specialist": "s-2"})
    after(ANSWER, FIND, ASK, CONNECT, INFORM).when(other, at=LATER).then_one(SpecialistAsked, ask_id="L1-2")
    hung_up = END.model_copy(update={"end": CallEnd.ABANDONED})
    after(ANSWER, FIND, ASK).when(hung_up, at=LATER).then_one(CallEnded, ask_id="L1-1")


@pytest.mark.parametrize(
    ("before", "step", "code"),
    [
        ((), FIND, "not_answered"),
        ((), INFORM, "not_answered"),
        ((), ASK, "not_answered"),
        ((ANSWER,), INFORM, "data_not_found"),
        ((ANSWER,), CONNECT, "no_specialist"),
        ((ANSWER, FIND, ASK), INFORM, "specialist_not_connected"),
        ((ANSWER,), AFTER, "call_goes_on"),
    ],
)
def test_no_step_is_skipped(before: tuple[Any, ...], step: Any, code: str) -> None:
    after(*before).when(step, at=LATER).then(refused(code, "call_id", early=True))


@pytest.mark.parametrize(
    ("before", "step", "code"),
    [
        ((ANSWER,), ANSWER, "already_answered"),
        ((ANSWER, FIND), FIND, "already_found"),
        ((ANSWER, ASK), ASK, "specialist_asked"),
        ((ANSWER, ASK, CONNECT), CONNECT, "already_connected"),
        ((ANSWER, FIND, INFORM, END, AFTER), AFTER, "nothing_owed"),
        ((END.model_copy(update={"end": CallEnd.ABANDONED}),), AFTER, "nothing_owed"),
    ],
)
def test_no_step_is_made_twice(before: tuple[Any, ...], step: Any, code: str) -> None:
    after(*before).when(step, at=LATER).then(refused(code, "call_id"))


@pytest.mark.parametrize("step", STEPS)
def test_a_step_belongs_to_a_call_that_rang_goes_on_and_comes_after_the_one_before(step: Any) -> None:
    given(DECIDER).when(step).then(refused("unknown_call", "call_id", early=True))
    after(ANSWER).when(step, at=NINE).then(refused("before_previous", "time"))
    if step is not AFTER:
        after(ANSWER, FIND, INFORM, END).when(step, at=LATER).then(refused("call_ended", "call_id"))


def test_a_call_rings_once() -> None:
    after().when(RING, at=LATER).then(refused("call_exists", "call_id"))


@pytest.mark.parametrize(
    ("before", "end", "case_id", "fits"),
    [
        ((), CallEnd.ABANDONED, None, True),
        ((), CallEnd.VOICE_MAIL, None, False),
        ((), CallEnd.CALL_BACK_PROMISED, None, False),
        ((), CallEnd.ANSWERED, None, False),
        ((), CallEnd.REQUEST_TAKEN, "A1", False),
        ((ANSWER,), CallEnd.VOICE_MAIL, "A1", False),
        ((ANSWER,), CallEnd.ANSWERED, None, False),
        ((ANSWER,), CallEnd.REQUEST_TAKEN, None, False),
        ((ANSWER,), CallEnd.REQUEST_TAKEN, "A1", True),
        ((ANSWER, FIND, INFORM), CallEnd.ANSWERED, None, True),
    ],
)
def test_how_a_call_ended_fits_what_happened_in_it(
    before: tuple[Any, ...], end: CallEnd, case_id: str | None, fits: bool
) -> None:
    outcome = after(*before).when(EndCall(call_id="L1", end=end, case_id=case_id), at=LATER)
    if fits:
        outcome.then_one(CallEnded, end=end, answered=ANSWER in before, led_to=case_id)
    else:
        outcome.then(refused("end_does_not_fit", "end"))


def test_a_scripts_answer_is_one_of_those_published() -> None:
    publish = PublishScript(
        script="opening", topic="hours", language=Language.KK, questions=["When?"], answer="From nine to six."
    )
    first = given(DECIDER).when(publish).then_one(ScriptPublished, version=1)
    given(DECIDER, first.events).when(publish).then_one(ScriptPublished, version=2)
    read_out = INFORM.model_copy(update={"script": "opening"})
    after(ANSWER, FIND).when(read_out, at=LATER).then(refused("unknown_script", "script"))
    there = after(ANSWER, FIND, elsewhere={"script-opening": first.events})
    there.when(read_out, at=LATER).then_one(InformationGiven, script="opening")


# ── call-backs ───────────────────────────────────────────────────────────────────────────────────────────────

FIVE = NINE + timedelta(hours=8)
PROMISE = PromiseCallBack(
    call_back_id="B1",
    office="central",
    owner="k-1",
    name="Асель",
    phone="8 701 555 01 01",
    reason="her pension",
    called_at=NINE,
    until=FIVE,
)
PROMISED = CallBackPromised(
    consumer_id="c-B1",
    case_id="B1",
    call_back_id="B1",
    call_id=None,
    channel=PROMISE.channel,
    language=Language.KK,
    office="central",
    topic=None,
    owner="k-1",
    called_at=NINE,
    until=FIVE,
    name="Асель",
    phone="8 701 555 01 01",
    reason="her pension",
)
CALL = TryCallBack(call_back_id="B1", reached=True)
IN_VAIN = TryCallBack(call_back_id="B1", reached=False)
REQUEST = ReceiveRequest(
    case_id="B1",
    channel=Channel.VOICE_MAIL,
    language=Language.KK,
    office="central",
    question="her pension",
    responsible="k-1",
)


@pytest.mark.parametrize(
    ("end", "led_to", "stands"),
    [
        (CallEnd.CALL_BACK_PROMISED, PROMISE, True),
        (CallEnd.VOICE_MAIL, PROMISE, True),
        (CallEnd.VOICE_MAIL, REQUEST, True),
        (CallEnd.CALL_BACK_PROMISED, REQUEST, False),
        (CallEnd.CALL_BACK_PROMISED, None, False),
        (CallEnd.VOICE_MAIL, None, False),
    ],
)
def test_whoever_is_left_waiting_is_owed_something_by_the_end_of_the_call(
    end: CallEnd, led_to: Any, stands: bool
) -> None:
    elsewhere: dict[str, tuple[Any, ...]] = {}
    if led_to is not None:
        stream = DECIDER.stream_of(led_to, "fresh")
        elsewhere[stream] = given(DECIDER).when(led_to).events
    outcome = after(elsewhere=elsewhere).when(EndCall(call_id="L1", end=end, case_id="B1"), at=LATER)
    if stands:
        outcome.then_one(CallEnded, end=end, led_to="B1")
    else:
        outcome.then(refused("unknown_case", "case_id", later=True))


def test_an_absent_employees_call_back_is_promised_with_name_phone_time_and_reason() -> None:
    given(DECIDER).when(PROMISE).then_one(
        CallBackPromised, owner="k-1", until=FIVE, called_at=NINE, reason="her pension"
    )
    given(DECIDER, (PROMISED,)).when(PROMISE).then(refused("call_back_exists", "call_back_id"))
    past = PROMISE.model_copy(update={"until": NINE})
    given(DECIDER).when(past).then(refused("promised_in_the_past", "until"))
    future = PROMISE.model_copy(update={"called_at": FIVE})
    given(DECIDER).when(future).then(refused("called_later", "called_at"))


@pytest.mark.parametrize(("at", "kept"), [(FIVE, True), (FIVE + timedelta(seconds=1), False)])
def test_a_promise_is_kept_or_missed(at: datetime, kept: bool) -> None:
    given(DECIDER, (PROMISED,)).when(CALL, at=at).then_one(CallBackMade, kept=kept, attempt=1)


def test_a_promise_changes_hands_and_stands_as_it_was_made() -> None:
    """Regression: whoever had promised and left owed the call for good."""
    hand = HandOverCallBack(call_back_id="B1", to="k-2", reason="on leave")
    at_noon = NINE + timedelta(hours=3)
    handed = given(DECIDER, (PROMISED,)).when(hand, at=at_noon)
    handed.then_one(CallBackHandedOver, previous="k-1", owner="k-2", office="central", consumer_id="c-B1")
    with_them = given(DECIDER, (PROMISED, *((event, at_noon) for event in handed.events)))
    with_them.when(hand, at=at_noon).then(refused("has_it_already", "to"))
    with_them.when(CALL, at=FIVE).then_one(CallBackMade, kept=True)
    with_them.when(CALL, at=NINE).then(refused("before_previous", "time"))
    back = hand.model_copy(update={"to": "k-1"})
    with_them.when(back, at=FIVE).then_one(CallBackHandedOver, previous="k-2", owner="k-1")


def test_who_is_not_reached_is_tried_again_and_only_then_given_up() -> None:
    tried = [CallBackTried(case_id="B1", call_back_id="B1", attempt=number) for number in range(1, TRIES + 1)]
    give_up = CloseCallBack(call_back_id="B1", end=CallBackEnd.NOT_REACHED)
    given(DECIDER, (PROMISED, tried[0])).when(IN_VAIN, at=FIVE).then_one(CallBackTried, attempt=2)
    given(DECIDER, (PROMISED, *tried[:-1])).when(give_up, at=FIVE).then(refused("too_few_tries", "end"))
    given(DECIDER, (PROMISED, *tried)).when(give_up, at=FIVE).then_one(CallBackClosed, end=CallBackEnd.NOT_REACHED)


@pytest.mark.parametrize("end", [CallBackEnd.CONSUMER_CALLED, CallBackEnd.WITHDRAWN, CallBackEnd.FORGOTTEN])
def test_a_promise_can_end_without_a_call(end: CallBackEnd) -> None:
    close = CloseCallBack(call_back_id="B1", end=end)
    ended = given(DECIDER, (PROMISED,)).when(close, at=FIVE).then_one(CallBackClosed, end=end)
    hand = HandOverCallBack(call_back_id="B1", to="k-2", reason="on leave")
    for more in (CALL, IN_VAIN, hand, close):
        given(DECIDER, (PROMISED, *ended.events)).when(more, at=FIVE).then(refused("call_back_ended", "call_back_id"))
        given(DECIDER).when(more, at=FIVE).then(refused("unknown_call_back", "call_back_id", early=True))
        given(DECIDER, (PROMISED,)).when(more, at=NINE - timedelta(1)).then(refused("before_previous", "time"))
