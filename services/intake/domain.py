"""The rules of intake: how a request comes in (DOMAIN.md §2 stages 1-2) and how a written one is settled (§4).

A case begins in one of two ways and stays that way: as a *request* for a consultation, which intake hands
over to consult once the details are collected, or as a *written request*, which intake sees to its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from shared.contracts import intake
from shared.contracts.base import Event, Message
from shared.contracts.intake import (
    AnswerWrittenRequest,
    CollectDetails,
    Consumer,
    DeclineWrittenRequest,
    DetailsCollected,
    ReceiveRequest,
    ReceiveWrittenRequest,
    RegisterWrittenRequest,
    RequestReceived,
    WrittenRequestAnswered,
    WrittenRequestDeclined,
    WrittenRequestReceived,
    WrittenRequestRegistered,
)
from shared.contracts.values import Channel, Context, DeclineGround, Language
from shared.decider import Decider, Given, Refused
from shared.rules import not_before, not_in_the_future

PRESENT = frozenset({Channel.WALK_IN, Channel.PHONE, Channel.VOICE_MAIL})
"""The consumer came or phoned: details are collected by stage 2a."""
REMOTE = frozenset({Channel.EMAIL, Channel.WEB})
"""The request came in writing, and a consultation is asked for: stage 2b."""
WRITTEN = frozenset({Channel.EMAIL, Channel.WEB, Channel.POST, Channel.COMPLAINTS_BOOK})
"""Channels a written request can come by (§4)."""


# ── what is known of a case ──────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Unknown:
    """No such case yet."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request for a consultation."""

    consumer_id: str | None
    channel: Channel
    language: Language
    office: str
    topic: str | None
    responsible: str
    received_at: datetime
    details_collected: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """A written request; `latest_at` is when the last thing happened to it."""

    consumer_id: str | None
    history: bool
    has_contacts: bool
    latest_at: datetime
    registered: bool = False
    closed: bool = False


Case = Unknown | Request | Written


# ── what may be done ─────────────────────────────────────────────────────────────────────────────────────────


def decide(case: Case, message: Message, given: Given[Case]) -> Sequence[Event]:
    """What happens when `message` arrives in a case; see each rule below.

    Raises:
        Refused: `case_exists`, `unknown_case`, `wrong_kind`, and the codes of the rules below.
    """
    not_in_the_future(given.occurred_at, given.now)
    match message, case:
        case ReceiveRequest(), Unknown():
            return [receive(message, given)]
        case ReceiveWrittenRequest(), Unknown():
            return [receive_written(message, given)]
        case ((ReceiveRequest() | ReceiveWrittenRequest()), _):
            raise Refused(
                "case_exists",
                f"case {message.case_id} is open already; leave case_id out to get a new one, or go on with that case",
                "case_id",
            )
        case CollectDetails(), Request():
            return [collect_details(case, message, given)]
        case RegisterWrittenRequest(), Written():
            return [register(case, message, given)]
        case AnswerWrittenRequest(), Written():
            return [answer(case, message, given)]
        case DeclineWrittenRequest(), Written():
            return [decline(case, message, given)]
        case ((CollectDetails() | RegisterWrittenRequest() | AnswerWrittenRequest() | DeclineWrittenRequest()), _):
            raise _not_this_case(case, message.case_id)
        case _:
            raise Refused("unknown_type", f"intake has no rule for {message.type_name()}; see `tereze contract`")


def receive(request: ReceiveRequest, given: Given[Case]) -> RequestReceived:
    """Stage 1: take the request, by any channel that can lead to a consultation; paper cannot."""
    if request.channel not in PRESENT | REMOTE:
        raise Refused(
            "channel_is_written",
            f"what comes by {request.channel} is a written request; send ReceiveWrittenRequest instead",
            "channel",
        )
    case_id = request.case_id or given.fresh_id
    return RequestReceived(
        consumer_id=_consumer_id(request.consumer, case_id),
        case_id=case_id,
        channel=request.channel,
        language=request.language,
        office=request.office,
        topic=request.topic,
        responsible=request.responsible,
        question=request.question,
        name=request.consumer.name,
        phone=request.consumer.phone,
        email=request.consumer.email,
        address=request.consumer.address,
    )


def collect_details(request: Request, details: CollectDetails, given: Given[Case]) -> DetailsCollected:
    """Stage 2: 2a where the consumer came or phoned, 2b where the request came in writing; once."""
    if request.details_collected:
        raise Refused("already_collected", "this case's details are collected; go on with its consultation", "case_id")
    not_before(request.received_at, given.occurred_at, "the request was received")
    return DetailsCollected(
        consumer_id=request.consumer_id,
        case_id=details.case_id,
        channel=request.channel,
        language=request.language,
        office=request.office,
        topic=details.topic or request.topic,
        stage="2a" if request.channel in PRESENT else "2b",
        expected_result=details.expected_result,
        form=details.form,
        preferred_at=details.preferred_at,
        place=details.place,
        preparation_needed=details.preparation_needed,
        consultant_has_time=details.consultant_has_time,
        presence_required=details.presence_required,
        consultant=details.consultant,
        manager=request.responsible,
    )


def receive_written(request: ReceiveWrittenRequest, given: Given[Case]) -> WrittenRequestReceived:
    """A written request is taken in whatever it lacks; whether it can be answered shows later (§4)."""
    if request.channel not in WRITTEN:
        raise Refused(
            "channel_is_not_written",
            f"nothing written comes by {request.channel}; send ReceiveRequest instead",
            "channel",
        )
    case_id = request.case_id or given.fresh_id
    consumer = request.consumer
    return WrittenRequestReceived(
        consumer_id=_consumer_id(consumer, case_id),
        case_id=case_id,
        channel=request.channel,
        language=request.language,
        office=request.office,
        topic=request.topic,
        history=request.history,
        has_contacts=any(contact and contact.strip() for contact in (consumer.phone, consumer.email, consumer.address)),
        question=request.question,
        name=consumer.name,
        phone=consumer.phone,
        email=consumer.email,
        address=consumer.address,
    )


def register(written: Written, registration: RegisterWrittenRequest, given: Given[Case]) -> WrittenRequestRegistered:
    """Every written request is registered, once (§4)."""
    _still_open(written)
    if written.registered:
        raise Refused("already_registered", "this request is registered; answer or decline it", "case_id")
    not_before(written.latest_at, given.occurred_at, "the request was received")
    return WrittenRequestRegistered(
        consumer_id=written.consumer_id,
        case_id=registration.case_id,
        registration_number=registration.registration_number,
        topic=registration.topic,
        responsible=registration.responsible,
    )


def answer(written: Written, reply: AnswerWrittenRequest, given: Given[Case]) -> WrittenRequestAnswered:
    """An answer is signed by the responsible official and names the executor's contact (§4).

    Backfilled history is taken as it is: who signed ten years ago is not always known.
    """
    _still_open(written)
    if not written.history:
        _may_be_answered(written)
        _has_what_an_answer_needs(reply)
    not_before(written.latest_at, given.occurred_at, _last_step(written))
    return WrittenRequestAnswered(
        consumer_id=written.consumer_id,
        case_id=reply.case_id,
        answer=reply.answer,
        signed_by=reply.signed_by,
        executor_contact=reply.executor_contact,
    )


def decline(written: Written, refusal: DeclineWrittenRequest, given: Given[Case]) -> WrittenRequestDeclined:
    """No action, with notice of the ground; or not considered at all, for want of contact details (§4)."""
    _still_open(written)
    not_considered = refusal.ground is DeclineGround.NO_CONTACT_DETAILS
    if not_considered and written.has_contacts:
        raise Refused(
            "has_contact_details",
            "this request has contact details, so it must be considered; answer it, or name another ground",
            "ground",
        )
    if refusal.notified and not written.has_contacts:
        raise Refused(
            "notice_impossible",
            "without contact details nobody can have been told; decline with ground no_contact_details, notified=false",
            "notified",
        )
    if not (refusal.notified or not_considered):
        raise Refused(
            "notice_missing", "tell the consumer the ground first, then decline with notified=true", "notified"
        )
    not_before(written.latest_at, given.occurred_at, _last_step(written))
    return WrittenRequestDeclined(
        consumer_id=written.consumer_id, case_id=refusal.case_id, ground=refusal.ground, notified=refusal.notified
    )


def _still_open(written: Written) -> None:
    if written.closed:
        raise Refused("closed", "this request is answered or declined; open a new case for anything further", "case_id")


def _may_be_answered(written: Written) -> None:
    if not written.registered:
        raise Refused("not_registered", "register the request first (RegisterWrittenRequest)", "case_id", early=True)
    if not written.has_contacts:
        raise Refused(
            "no_contact_details",
            "a request without contact details gets no answer; decline it with ground no_contact_details",
            "case_id",
        )


def _has_what_an_answer_needs(reply: AnswerWrittenRequest) -> None:
    needed = (
        ("answer", reply.answer, "write the answer"),
        ("signed_by", reply.signed_by, "name the responsible official who signed it"),
        ("executor_contact", reply.executor_contact, "give the executor's contact details"),
    )
    for field, value, remedy in needed:
        if not (value and value.strip()):
            raise Refused(f"{field}_missing", f"an answer needs {field}; {remedy}", field)


def _last_step(written: Written) -> str:
    return "the request was registered" if written.registered else "the request was received"


def _consumer_id(consumer: Consumer, case_id: str) -> str:
    """A consumer known by no id of their own is known by the case."""
    return consumer.consumer_id or f"c-{case_id}"


def _not_this_case(case: Case, case_id: str) -> Refused:
    match case:
        case Unknown():
            return Refused(
                "unknown_case", f"there is no case {case_id}; open it with ReceiveRequest first", "case_id", early=True
            )
        case Request():
            return Refused(
                "wrong_kind", f"case {case_id} is a request for a consultation, not a written request", "case_id"
            )
        case Written():
            return Refused(
                "wrong_kind",
                f"case {case_id} is a written request: register it, then answer or decline it",
                "case_id",
            )


# ── what then is known ───────────────────────────────────────────────────────────────────────────────────────


def evolve(case: Case, event: Event, occurred_at: datetime) -> Case:
    """The case after `event`."""
    match event, case:
        case RequestReceived(), _:
            return Request(
                consumer_id=event.consumer_id,
                channel=event.channel,
                language=event.language,
                office=event.office,
                topic=event.topic,
                responsible=event.responsible,
                received_at=occurred_at,
            )
        case DetailsCollected(), Request():
            return replace(case, details_collected=True)
        case WrittenRequestReceived(), _:
            return Written(
                consumer_id=event.consumer_id,
                history=event.history,
                has_contacts=event.has_contacts,
                latest_at=occurred_at,
            )
        case WrittenRequestRegistered(), Written():
            return replace(case, registered=True, latest_at=occurred_at)
        case ((WrittenRequestAnswered() | WrittenRequestDeclined()), Written()):
            return replace(case, closed=True, latest_at=occurred_at)
        case _:
            return case


def stream_of(message: Message, fresh_id: str) -> str:
    """A case is a stream; a message that names none opens a new one."""
    return f"case-{getattr(message, 'case_id', None) or fresh_id}"


DECIDER: Decider[Case] = Decider(
    context=Context.INTAKE,
    commands=intake.COMMANDS,
    opens=frozenset({ReceiveRequest, ReceiveWrittenRequest}),
    initial=Unknown,
    stream_of=stream_of,
    decide=decide,
    evolve=evolve,
)
