"""Promised call-backs: an absent employee owes a call by the promised time (DOMAIN.md §4; seed 001)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from services.intake.contacts import looks_up, recognise
from services.intake.state import CallBack, State, Unknown
from shared.contacts import unnamed
from shared.contracts.base import Event, Message
from shared.contracts.intake import (
    CallBackClosed,
    CallBackEnd,
    CallBackHandedOver,
    CallBackMade,
    CallBackPromised,
    CallBackTried,
    CloseCallBack,
    Consumer,
    HandOverCallBack,
    PromiseCallBack,
    TryCallBack,
)
from shared.decider import Blind, Given, Refused
from shared.rules import not_before

TRIES = 3
"""Nobody is given up before so many calls in vain."""


def needs(message: Message, blind: Blind, known: Mapping[str, State]) -> Iterator[str]:
    """Who is to be called."""
    if isinstance(message, PromiseCallBack):
        yield from looks_up(_caller(message), blind, known)


def promise(state: State, said: PromiseCallBack, given: Given[State]) -> list[Event]:
    """The employee is absent: name, phone, time and reason are taken, and a time is promised."""
    if not isinstance(state, Unknown):
        raise Refused(
            "call_back_exists",
            f"call-back {said.call_back_id} is promised already; give each promise an id of its own",
            "call_back_id",
        )
    if said.called_at > given.occurred_at:
        raise Refused("called_later", "the consumer called before the promise was made; correct called_at", "called_at")
    if said.until <= given.occurred_at:
        raise Refused("promised_in_the_past", "promise a time that is still to come", "until")
    call_back_id = said.call_back_id or given.fresh_id
    who = recognise(_caller(said), given, case_id=call_back_id, otherwise=unnamed(call_back_id))
    promised = CallBackPromised(
        consumer_id=who.consumer_id,
        case_id=call_back_id,
        call_back_id=call_back_id,
        call_id=said.call_id,
        channel=said.channel,
        language=said.language,
        office=said.office,
        topic=said.topic,
        owner=said.owner,
        called_at=said.called_at,
        until=said.until,
        name=said.name,
        phone=said.phone,
        reason=said.reason,
    )
    return [promised, *([who.learnt] if who.learnt else [])]


def attempt(state: State, tried: TryCallBack, given: Given[State]) -> CallBackMade | CallBackTried:
    """The owner called back. Reached, the promise is kept, or was broken by being late; not reached, it stands."""
    promised = _open(state, tried.call_back_id)
    not_before(promised.latest_at, given.occurred_at, "the promise or the call before")
    number = promised.attempts + 1
    if not tried.reached:
        return CallBackTried(
            consumer_id=promised.consumer_id,
            case_id=promised.case_id,
            call_back_id=tried.call_back_id,
            attempt=number,
        )
    return CallBackMade(
        consumer_id=promised.consumer_id,
        case_id=promised.case_id,
        call_back_id=tried.call_back_id,
        attempt=number,
        kept=given.occurred_at <= promised.until,
    )


def hand_over(state: State, handing: HandOverCallBack, given: Given[State]) -> CallBackHandedOver:
    """Who promised is away: somebody else calls, by the time that was promised."""
    promised = _open(state, handing.call_back_id)
    if handing.to == promised.owner:
        raise Refused("has_it_already", f"{handing.to} owes this call already; name somebody else", "to")
    not_before(promised.latest_at, given.occurred_at, "the promise or the call before")
    return CallBackHandedOver(
        consumer_id=promised.consumer_id,
        case_id=promised.case_id,
        call_back_id=handing.call_back_id,
        channel=promised.channel,
        office=promised.office,
        topic=promised.topic,
        previous=promised.owner,
        owner=handing.to,
        reason=handing.reason,
    )


def close(state: State, closing: CloseCallBack, given: Given[State]) -> CallBackClosed:
    """The promise ends without a talk. Who was not reached must have been tried often enough."""
    promised = _open(state, closing.call_back_id)
    not_before(promised.latest_at, given.occurred_at, "the promise or the call before")
    if closing.end is CallBackEnd.NOT_REACHED and promised.attempts < TRIES:
        raise Refused(
            "too_few_tries",
            f"called {promised.attempts} times; try at least {TRIES} times (TryCallBack) before giving up",
            "end",
        )
    return CallBackClosed(
        consumer_id=promised.consumer_id,
        case_id=promised.case_id,
        call_back_id=closing.call_back_id,
        end=closing.end,
    )


def _open(state: State, call_back_id: str) -> CallBack:
    if not isinstance(state, CallBack):
        raise Refused(
            "unknown_call_back",
            f"no call-back {call_back_id} was promised; promise it first (PromiseCallBack)",
            "call_back_id",
            early=True,
        )
    if state.ended:
        raise Refused(
            "call_back_ended", "this promise is kept or closed; make a new one for a new call", "call_back_id"
        )
    return state


def _caller(said: PromiseCallBack) -> Consumer:
    return Consumer(consumer_id=said.consumer_id, name=said.name, phone=said.phone)


def evolve(state: State, event: Event, occurred_at: datetime) -> State:
    """The promise after `event`."""
    match event, state:
        case CallBackPromised(), _:
            return CallBack(
                consumer_id=event.consumer_id,
                case_id=event.case_id,
                channel=event.channel,
                office=event.office,
                topic=event.topic,
                owner=event.owner,
                until=event.until,
                latest_at=occurred_at,
            )
        case CallBackHandedOver(), CallBack():
            return replace(state, owner=event.owner, latest_at=occurred_at)
        case CallBackTried(), CallBack():
            return replace(state, attempts=event.attempt, latest_at=occurred_at)
        case ((CallBackMade() | CallBackClosed()), CallBack()):
            return replace(state, ended=True, latest_at=occurred_at)
        case _:
            return state
