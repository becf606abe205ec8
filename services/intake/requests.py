"""Stage 1: how a request comes in, who is responsible for it, and how it ends before stage 2 (DOMAIN.md §2, §3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from services.intake import routing
from services.intake.contacts import looks_up, recognise
from services.intake.details import PRESENT, no_longer_awaited, still_open
from services.intake.state import Request, State, Unknown, Written
from shared.contacts import can_be_reached, unnamed
from shared.contracts.base import Event, Message
from shared.contracts.consult import ConsultationHandedOver
from shared.contracts.feedback import FeedbackHandedOver
from shared.contracts.intake import (
    CaseAssigned,
    CaseHandedOver,
    ClarificationAsked,
    ClarificationEnded,
    ClarificationReceived,
    DetailsCollected,
    EndRequest,
    HandOverCase,
    ReceiveRequest,
    RequestEnded,
    RequestReceived,
)
from shared.contracts.values import CancelGround, Channel
from shared.decider import Blind, Given, Refused
from shared.rules import not_before

REMOTE = frozenset({Channel.EMAIL, Channel.WEB})
"""The request came in writing, and a consultation is asked for: stage 2b."""


def needs(message: Message, blind: Blind, known: Mapping[str, State]) -> Iterator[str]:
    """Who asks; and the office's routing: it names the manager, and, where nobody else does, the responsible."""
    if isinstance(message, ReceiveRequest):
        yield from looks_up(message.consumer, blind, known)
        yield routing.office_stream(message.office)


def receive(state: State, request: ReceiveRequest, given: Given[State]) -> list[Event]:
    """Stage 1: take the request, by any channel that can lead to a consultation; paper cannot."""
    opens(state, request.case_id)
    if request.channel not in PRESENT | REMOTE:
        raise Refused(
            "channel_is_written",
            f"what comes by {request.channel} is a written request; send ReceiveWrittenRequest instead",
            "channel",
        )
    case_id = request.case_id or given.fresh_id
    chosen = None
    if request.responsible is None:
        chosen = routing.responsible(request.office, request.topic, request.language, given)
    who = recognise(request.consumer, given, case_id=case_id, otherwise=unnamed(case_id))
    received = RequestReceived(
        consumer_id=who.consumer_id,
        case_id=case_id,
        channel=request.channel,
        language=request.language,
        office=request.office,
        topic=request.topic,
        # What comes is taken, whoever will have it (§9): where nobody is named, it is the office that owes it.
        responsible=request.responsible or chosen or request.office,
        question=request.question,
        name=request.consumer.name,
        phone=request.consumer.phone,
        email=request.consumer.email,
        address=request.consumer.address,
        identifier=request.consumer.identifier,
        known=who.known,
        to_verify=who.to_verify,
        coupon_number=case_id,
        received_by=request.received_by or request.office,
        routed=chosen is not None,
        manager=routing.manager_of(request.office, given),
        call_id=request.call_id,
    )
    events: list[Event] = [received]
    if who.learnt is not None:
        events.append(who.learnt)
    if chosen is not None:
        events.append(CaseAssigned(case_id=case_id, office=request.office, responsible=chosen))
    return events


def end(request: Request, ending: EndRequest, given: Given[State]) -> list[Event]:
    """A request ends before stage 2 is done: nobody collects details of who withdrew or is not to be found.

    Raises:
        Refused: `closed`, `with_consult`, `not_over`, `approval_missing`, `out_of_order`.
    """
    still_open(request)
    if request.details_collected:
        raise Refused(
            "with_consult",
            "this case's details are collected: its consultation is called off instead (CancelConsultation)",
            "case_id",
        )
    if ending.ground is CancelGround.CENTRE_UNABLE:
        raise Refused(
            "not_over", "what the centre is unable to do now it still owes; hand the case over (HandOverCase)", "ground"
        )
    approves = routing.manager_now(request, given) or request.responsible
    if ending.ground is not CancelGround.CONSUMER_WITHDREW and ending.approved_by != approves:
        raise Refused(
            "approval_missing",
            f"only {approves} may end a case that the consumer did not withdraw; name them in approved_by",
            "approved_by",
        )
    not_before(request.latest_at, given.occurred_at, "the request's last step")
    ended = RequestEnded(
        consumer_id=request.consumer_id,
        case_id=ending.case_id,
        channel=request.channel,
        office=request.office,
        topic=request.topic,
        responsible=request.responsible,
        ground=ending.ground,
        reason=ending.reason,
        approved_by=ending.approved_by,
    )
    return [
        *no_longer_awaited(request, ending.case_id),
        ended,
        *routing.released(request.routed, ending.case_id, request.office),
    ]


def hand_over(case: Request | Written, handing: HandOverCase, given: Given[State]) -> Sequence[Event]:
    """Somebody else becomes responsible, as long as the case is intake's."""
    if isinstance(case, Request):
        still_open(case)
    if isinstance(case, Request) and case.details_collected:
        raise Refused(
            "with_consult",
            "this case's details are collected: its consultation is handed over instead (HandOverConsultation)",
            "case_id",
        )
    if isinstance(case, Written) and case.closed:
        raise Refused("closed", "this request is answered or declined; there is nothing to hand over", "case_id")
    if handing.to == case.responsible:
        raise Refused("has_it_already", f"{handing.to} is responsible already; name somebody else", "to")
    not_before(case.latest_at, given.occurred_at, "the last step")
    return [
        CaseHandedOver(
            consumer_id=case.consumer_id,
            case_id=handing.case_id,
            channel=case.channel,
            office=case.office,
            topic=case.topic,
            previous=case.responsible or case.office,
            responsible=handing.to,
            reason=handing.reason,
            forwarded=case.forwarded if isinstance(case, Written) else None,
            asked=case.asking,
        )
    ]


def handed_over_elsewhere(
    state: State, handed: ConsultationHandedOver | FeedbackHandedOver, given: Given[State]
) -> Sequence[Event]:
    """Consult, or feedback, passed the case to another consultant: it counts to their load, where routing had given it.

    Told late, after a hand-over that came later, or told twice, it changes nothing.
    """
    if not isinstance(state, Request) or not state.routed:
        return []
    # The others: only its manager is another one.
    if handed.consultant is None or handed.consultant in (state.consultant, handed.previous_consultant):
        return []
    if state.consults_since is not None and given.occurred_at < state.consults_since:
        return []
    return [
        CaseAssigned(
            case_id=handed.case_id,
            office=state.office,
            responsible=handed.consultant,
            previous=handed.previous_consultant,
        )
    ]


def opens(state: State, case_id: str | None) -> None:
    """A case is opened once.

    Raises:
        Refused: `case_exists`.
    """
    if not isinstance(state, Unknown):
        raise Refused(
            "case_exists",
            f"case {case_id} is open already; leave case_id out to get a new one, or go on with that case",
            "case_id",
        )


def evolve(state: State, event: Event, occurred_at: datetime) -> State:
    """The request after `event`."""
    match event, state:
        case RequestReceived(), _:
            return Request(
                consumer_id=event.consumer_id,
                channel=event.channel,
                language=event.language,
                office=event.office,
                topic=event.topic,
                responsible=event.responsible,
                received_at=occurred_at,
                latest_at=occurred_at,
                routed=event.routed,
                manager=event.manager,
                identified=event.known or any((event.phone, event.email, event.address, event.identifier)),
                reachable=any((event.phone, event.email, event.address)) or can_be_reached(event.to_verify),
            )
        case DetailsCollected(), Request():
            return replace(state, details_collected=True, consultant=event.consultant, consults_since=occurred_at)
        case CaseAssigned(previous=str()), Request():
            return replace(state, consultant=event.responsible, consults_since=occurred_at)
        case ClarificationAsked(), Request():
            return replace(state, asked=event.number, waits_until=event.until, latest_at=occurred_at)
        case ClarificationReceived() | ClarificationEnded(), Request():
            return replace(state, waits_until=None, latest_at=occurred_at)
        case RequestEnded(), Request():
            return replace(state, ended=True)
        case CaseHandedOver(), Request():
            return replace(state, responsible=event.responsible)
        case CaseHandedOver(), Written():
            return replace(state, responsible=event.responsible, latest_at=occurred_at)
        case _:
            return state
