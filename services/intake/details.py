"""Stage 2: what is collected of a request, or clarified first, and who manages the case from then on (DOMAIN.md §2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from services.intake import clarifying, reaching, routing
from services.intake.contacts import record_of
from services.intake.state import Request, State
from shared.contracts.base import Event
from shared.contracts.intake import (
    AskClarification,
    ClarificationAsked,
    ClarificationEnded,
    ClarificationReceived,
    CollectDetails,
    DetailsCollected,
    EndClarification,
    EndRequest,
    ReceiveClarification,
)
from shared.contracts.values import Channel
from shared.decider import Blind, Given, Refused
from shared.rules import not_before

PRESENT = frozenset({Channel.WALK_IN, Channel.PHONE, Channel.VOICE_MAIL})
"""The consumer came or phoned: details are collected by stage 2a."""
_THERE = PRESENT - {Channel.VOICE_MAIL}
"""Who is there is asked at once. Who left a message is not: they are phoned or written to, as who wrote is."""


def needs(message: CollectDetails | EndRequest, blind: Blind, known: Mapping[str, State]) -> Iterator[str]:
    """The case, which names them: its office, whose manager is asked for, and whoever may have been entered since."""
    yield from reaching.needs(message, blind, known)
    request = known.get(f"case-{message.case_id}")
    if isinstance(request, Request):
        yield routing.office_stream(request.office)


def still_open(request: Request) -> None:
    """After the end comes nothing more."""
    if request.ended:
        raise Refused("closed", "this request has ended; open a new case for anything further", "case_id")


def collect_details(request: Request, details: CollectDetails, given: Given[State]) -> list[Event]:
    """Stage 2: 2a where the consumer came or phoned, 2b where the request came in writing; once."""
    still_open(request)
    if request.details_collected:
        raise Refused("already_collected", "this case's details are collected; go on with its consultation", "case_id")
    if request.responsible == request.office:
        raise Refused(
            "nobody_responsible",
            f"the request lies with {request.office}; say who answers for it first (HandOverCase)",
            "case_id",
            early=True,
        )
    _somebody(request, details, given)
    not_before(request.latest_at, given.occurred_at, "the request's last step")
    collected = DetailsCollected(
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
        manager=_manager_of(request, details, given),
        anonymous_because=details.anonymous_because,
    )
    return [*no_longer_awaited(request, details.case_id), collected]


def _somebody(request: Request, details: CollectDetails, given: Given[State]) -> None:
    """2a registers the consumer. Who is known is shown with what to verify; who is not is entered, or it is said why.

    A centre advises whoever walks in: that somebody will not say who they are is no reason to send them away, but it
    is recorded, since their later stages reach nobody.
    """
    who = reaching.whose(request, details.case_id)
    record = record_of(who, given.others)
    # Only a record that is in the base can answer for another one.
    entered = request.identified or record.registered or record.into is not None
    if not entered and details.anonymous_because is None:
        raise Refused(
            "unregistered",
            f"nobody is registered for this request; enter the consumer (RegisterConsumer, as {who}), or say in "
            "anonymous_because why they stay unknown",
            "anonymous_because",
            early=True,
        )


def _manager_of(request: Request, details: CollectDetails, given: Given[State]) -> str:
    """Who agrees the case's costs: the office's manager, however the responsible was chosen or has changed."""
    manager = routing.manager_now(request, given)
    if None not in (manager, details.manager) and details.manager != manager:
        raise Refused(
            "not_the_manager",
            f"the manager of {request.office} is {manager}, by its routing; name them, or leave it out",
            "manager",
        )
    return manager or details.manager or request.responsible


def clarify(
    request: Request, step: AskClarification | ReceiveClarification | EndClarification, given: Given[State]
) -> Event:
    """Who wrote (2b), or left a message, is written back to or phoned; until they answer, the centre is not at fault.

    Raises:
        Refused: `closed`, `with_consult`, `consumer_present`, `before_previous`, `no_contact_details`, and those of
            `clarifying`.
    """
    still_open(request)
    if request.details_collected:
        raise Refused(
            "with_consult",
            "this case's details are collected; its consultation waits for the consumer instead (AwaitConsumer)",
            "case_id",
        )
    if request.channel in _THERE:
        raise Refused(
            "consumer_present",
            f"who comes by {request.channel} is asked at once (2a); collect the details (CollectDetails)",
            "case_id",
        )
    not_before(request.latest_at, given.occurred_at, "the request's last step")
    match step:
        case AskClarification():
            _has_contacts(request, step.case_id, given)
            clarifying.may_ask(request, step, given)
            return ClarificationAsked(
                consumer_id=request.consumer_id,
                case_id=step.case_id,
                channel=request.channel,
                office=request.office,
                topic=request.topic,
                responsible=request.responsible,
                missing=step.missing,
                by=step.by,
                until=step.until,
                number=request.asked + 1,
                question=step.question,
            )
        case ReceiveClarification():
            clarifying.was_asked(request)
            return ClarificationReceived(
                consumer_id=request.consumer_id,
                case_id=step.case_id,
                clarification=step.clarification,
                number=request.asked,
            )
        case EndClarification():
            clarifying.is_over(request, given)
            return ClarificationEnded(consumer_id=request.consumer_id, case_id=step.case_id, number=request.asked)


def _has_contacts(request: Request, case_id: str, given: Given[State]) -> None:
    """Nobody can be asked of whom neither the request nor the information base knows a phone, a mail or an address."""
    if not reaching.is_reachable(request, case_id, given):
        who = reaching.whose(request, case_id)
        raise Refused(
            "no_contact_details",
            f"nobody can be asked without contact details; enter them (RegisterConsumer, as {who}), collect what is "
            "known (CollectDetails), or end the request (EndRequest)",
            "case_id",
            early=True,
        )


def no_longer_awaited(request: Request, case_id: str) -> list[Event]:
    """What else ends with stage 2, or with the request: the wait for the consumer's answer."""
    if request.waits_until is None:
        return []
    return [ClarificationEnded(consumer_id=request.consumer_id, case_id=case_id, number=request.asked)]
