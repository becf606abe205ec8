"""Written requests: taken, registered, made complete, answered (DOMAIN.md §4). Their ends: `mail_ends`.

A regime (§9) says until when an answer is due, and what may be done instead; it is chosen by the case's type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from services.intake import clarifying, reaching, routing
from services.intake.contacts import looks_up, recognise
from services.intake.requests import opens
from services.intake.state import State, Written
from shared.contacts import can_be_reached, said, unnamed
from shared.contracts.base import Event, Message
from shared.contracts.intake import (
    AnswerExtended,
    AskClarification,
    CaseAssigned,
    CheckCompleteness,
    ClarificationAsked,
    ClarificationEnded,
    ClarificationReceived,
    CompletenessChecked,
    EndClarification,
    ExtensionNoticeGiven,
    ForwardWrittenRequest,
    MisdirectedForwarded,
    ReceiveClarification,
    ReceiveWrittenRequest,
    RegisterWrittenRequest,
    WrittenRequestAnswered,
    WrittenRequestDeclined,
    WrittenRequestForwarded,
    WrittenRequestReceived,
    WrittenRequestRegistered,
)
from shared.contracts.values import Channel
from shared.decider import Blind, Given, Refused
from shared.regimes import CaseTypes
from shared.rules import not_before

WRITTEN = frozenset({Channel.EMAIL, Channel.WEB, Channel.POST, Channel.COMPLAINTS_BOOK})
"""Channels a written request can come by (§4)."""


def needs(message: Message, blind: Blind, known: Mapping[str, State]) -> Iterator[str]:
    """Who writes, and the office's routing. Backfilled history needs neither: it is taken as it is, and fast."""
    if isinstance(message, ReceiveWrittenRequest) and not message.history:
        yield from looks_up(message.consumer, blind, known)
        yield routing.office_stream(message.office)


def receive(state: State, request: ReceiveWrittenRequest, given: Given[State], case_types: CaseTypes) -> list[Event]:
    """A written request is taken in whatever it lacks; whether it can be answered shows later (§4, §9)."""
    opens(state, request.case_id)
    if request.channel not in WRITTEN:
        raise Refused(
            "channel_is_not_written",
            f"nothing written comes by {request.channel}; send ReceiveRequest instead",
            "channel",
        )
    case_id = request.case_id or given.fresh_id
    consumer = request.consumer
    received = WrittenRequestReceived(
        consumer_id=consumer.consumer_id or unnamed(case_id),
        case_id=case_id,
        channel=request.channel,
        language=request.language,
        office=request.office,
        topic=request.topic,
        history=request.history,
        has_contacts=can_be_reached(said(consumer)),
        question=request.question,
        name=consumer.name,
        phone=consumer.phone,
        email=consumer.email,
        address=consumer.address,
        identifier=consumer.identifier,
        regime=case_types.regime(request.case_type),
        case_type=request.case_type,
    )
    return [received] if request.history else _given_to_somebody(request, received, given)


def _given_to_somebody(
    request: ReceiveWrittenRequest, received: WrittenRequestReceived, given: Given[State]
) -> list[Event]:
    """Who writes is recognised, the routing names the responsible, and the coupon is given at once."""
    case_id = received.case_id
    who = recognise(request.consumer, given, case_id=case_id, otherwise=unnamed(case_id))
    responsible = routing.responsible(request.office, request.topic, request.language, given)
    facts = {
        "consumer_id": who.consumer_id,
        "known": who.known,
        "to_verify": who.to_verify,
        # Whoever is known with a phone may give no more than their number: what the base has is not asked again.
        "has_contacts": received.has_contacts or can_be_reached(who.to_verify),
        "responsible": responsible or request.office,
        "routed": responsible is not None,
        "coupon_number": case_id,
        "received_by": request.received_by or request.office,
    }
    events: list[Event] = [received.model_copy(update=facts)]
    if who.learnt is not None:
        events.append(who.learnt)
    if responsible is not None:
        events.append(CaseAssigned(case_id=case_id, office=request.office, responsible=responsible))
    return events


def register(
    written: Written, registration: RegisterWrittenRequest, given: Given[State], case_types: CaseTypes
) -> list[Event]:
    """Every written request is registered and classified, once, and passed to who answers (§4)."""
    still_open(written)
    if written.registered:
        raise Refused("already_registered", "this request is registered; answer or decline it", "case_id")
    not_before(written.latest_at, given.occurred_at, "the request was received")
    responsible = registration.responsible or written.responsible
    if responsible is None or responsible == written.office:
        raise Refused("nobody_responsible", f"it lies with {written.office}; name who answers", "responsible")
    case_type = registration.case_type or written.case_type
    regime = case_types.regime(case_type) if registration.case_type else written.regime
    registered = WrittenRequestRegistered(
        consumer_id=written.consumer_id,
        case_id=registration.case_id,
        registration_number=registration.registration_number or registration.case_id,
        topic=registration.topic,
        responsible=responsible,
        channel=written.channel,
        office=written.office,
        regime=regime,
        case_type=case_type,
        reclassified=regime is not written.regime,
        received_at=written.received_at,
        previous=written.responsible or written.office,
    )
    if written.routed and responsible != written.responsible:
        return [
            registered,
            CaseAssigned(case_id=registration.case_id, office=written.office, responsible=responsible),
        ]
    return [registered]


def check_completeness(written: Written, check: CheckCompleteness, given: Given[State]) -> CompletenessChecked:
    """Whether the request says all that an answer needs."""
    in_work(written, given)
    return CompletenessChecked(consumer_id=written.consumer_id, case_id=check.case_id, missing=list(check.missing))


def ask_clarification(written: Written, asked: AskClarification, given: Given[State]) -> ClarificationAsked:
    """Data is missing: the consumer is asked by any channel, and it is agreed when the request goes on."""
    in_work(written, given)
    if not reaching.is_reachable(written, asked.case_id, given):
        raise Refused(
            "no_contact_details",
            "nobody can be asked without contact details; where they are known, enter them (RegisterConsumer, as "
            f"{reaching.whose(written, asked.case_id)}), else decline the request with ground no_contact_details",
            "case_id",
        )
    clarifying.may_ask(written, asked, given)
    return ClarificationAsked(
        consumer_id=written.consumer_id,
        case_id=asked.case_id,
        channel=written.channel,
        office=written.office,
        topic=written.topic,
        responsible=written.responsible or written.office,
        missing=asked.missing,
        by=asked.by,
        until=asked.until,
        number=written.asked + 1,
        forwarded=written.forwarded,
        question=asked.question,
    )


def receive_clarification(written: Written, came: ReceiveClarification, given: Given[State]) -> ClarificationReceived:
    """The consumer clarified, in the agreed time or later: it is never lost. The clock runs on."""
    in_work(written, given)
    clarifying.was_asked(written)
    return ClarificationReceived(
        consumer_id=written.consumer_id,
        case_id=came.case_id,
        clarification=came.clarification,
        number=written.asked,
        forwarded=written.forwarded,
    )


def end_clarification(written: Written, ended: EndClarification, given: Given[State]) -> ClarificationEnded:
    """The agreed time is over and nothing came: the request goes on with what is known, and so does the clock."""
    in_work(written, given)
    clarifying.is_over(written, given)
    return _no_longer_awaited(written, ended.case_id)


def forward(written: Written, forwarded: ForwardWrittenRequest, given: Given[State]) -> list[Event]:
    """A hard question: a specialist answers, within limits of their own (Table 5)."""
    in_work(written, given)
    if forwarded.specialist == written.responsible:
        raise Refused("has_it_already", f"{forwarded.specialist} has it already; name a specialist", "specialist")
    sent = WrittenRequestForwarded(
        consumer_id=written.consumer_id,
        case_id=forwarded.case_id,
        channel=written.channel,
        office=written.office,
        topic=written.topic,
        previous=written.responsible or written.office,
        specialist=forwarded.specialist,
        reason=forwarded.reason,
        received_at=written.received_at,
        forwarded=(written.forwarded or 0) + 1,
        replaced=written.forwarded,
        asked=written.asking,
        history=written.history,
    )
    if not written.routed:
        return [sent]
    return [
        sent,
        CaseAssigned(case_id=forwarded.case_id, office=written.office, responsible=forwarded.specialist),
    ]


def _no_longer_awaited(written: Written, case_id: str) -> ClarificationEnded:
    return ClarificationEnded(
        consumer_id=written.consumer_id, case_id=case_id, number=written.asked, forwarded=written.forwarded
    )


def in_work(written: Written, given: Given[State]) -> None:
    """What is done to a request is done after its registration, before its end, and not before its last step."""
    still_open(written)
    if not written.registered:
        raise Refused("not_registered", "register the request first (RegisterWrittenRequest)", "case_id", early=True)
    not_before(written.latest_at, given.occurred_at, last_step(written))


def still_open(written: Written) -> None:
    """After the end comes nothing more."""
    if written.closed:
        raise Refused("closed", "this request is answered or declined; open a new case for anything further", "case_id")


def last_step(written: Written) -> str:
    """The words for what happened last."""
    return "the request's last step" if written.registered else "the request was received"


def evolve(state: State, event: Event, occurred_at: datetime) -> State:
    """The written request after `event`."""
    if isinstance(event, WrittenRequestReceived):
        return Written(
            consumer_id=event.consumer_id,
            channel=event.channel,
            office=event.office,
            topic=event.topic,
            history=event.history,
            has_contacts=event.has_contacts,
            received_at=occurred_at,
            latest_at=occurred_at,
            regime=event.regime,
            case_type=event.case_type,
            responsible=event.responsible,
            routed=event.routed,
        )
    return replace(_after(state, event), latest_at=occurred_at) if isinstance(state, Written) else state


def _after(written: Written, event: Event) -> Written:
    match event:
        case WrittenRequestRegistered():
            return replace(
                written,
                registered=True,
                topic=event.topic,
                responsible=event.responsible,
                regime=event.regime if event.channel else written.regime,
                case_type=event.case_type or written.case_type,
            )
        case CompletenessChecked():
            return replace(written, checked=True, missing=tuple(event.missing))
        case ClarificationAsked():
            return replace(written, asked=event.number, waits_until=event.until, checked=True, missing=())
        case ClarificationReceived() | ClarificationEnded():
            return replace(written, waits_until=None)
        case WrittenRequestForwarded():
            return replace(written, responsible=event.specialist, forwarded=event.forwarded)
        case AnswerExtended():
            return replace(written, extension=event, notice_owed=not event.notified)
        case ExtensionNoticeGiven():
            return replace(written, notice_owed=False)
        case WrittenRequestAnswered() | WrittenRequestDeclined() | MisdirectedForwarded():
            return replace(written, closed=True)
        case _:
            return written


def closing(written: Written, case_id: str) -> tuple[Sequence[Event], Sequence[Event]]:
    """What a request's end also ends, before it: the wait for a clarification; after it: its place in the load."""
    waits = written.waits_until is not None
    before = [_no_longer_awaited(written, case_id)] if waits else []
    return before, routing.released(written.routed, case_id, written.office)
