"""How a written request ends, or is put off: answer, extension, refusal, forwarding (DOMAIN.md §4, §9)."""

from __future__ import annotations

from services.intake import reaching
from services.intake.mail import closing, in_work, last_step, still_open
from services.intake.state import State, Written
from shared.contracts.base import Event
from shared.contracts.intake import (
    AnswerExtended,
    AnswerWrittenRequest,
    DeclineWrittenRequest,
    ExtendAnswer,
    ExtensionNoticeGiven,
    ForwardMisdirected,
    MisdirectedForwarded,
    NotifyOfExtension,
    WrittenRequestAnswered,
    WrittenRequestDeclined,
)
from shared.contracts.values import DeclineGround
from shared.deadlines import Unit
from shared.decider import Given, Refused
from shared.regimes import RULES
from shared.rules import not_before


def answer(written: Written, reply: AnswerWrittenRequest, given: Given[State]) -> list[Event]:
    """Once it is checked, an answer is signed by the responsible official and names the executor's contact (§4).

    Backfilled history is taken as it is: who signed ten years ago is not always known.
    """
    still_open(written)
    _is_registered(written)
    if not written.history:
        _may_be_answered(written, reply, given)
        _has_what_an_answer_needs(reply)
    not_before(written.latest_at, given.occurred_at, last_step(written))
    answered = WrittenRequestAnswered(
        consumer_id=written.consumer_id,
        case_id=reply.case_id,
        answer=reply.answer,
        signed_by=reply.signed_by,
        executor_contact=reply.executor_contact,
        ground=reply.ground,
        forwarded=written.forwarded,
    )
    before, after = closing(written, reply.case_id)
    return [*before, answered, *after]


def decline(written: Written, refusal: DeclineWrittenRequest, given: Given[State]) -> list[Event]:
    """No action, with notice of the ground; or not considered at all, for want of contact details (§4).

    Only under a regime that knows this refusal; under another the ground goes into an answer (§9).
    """
    still_open(written)
    _is_registered(written)
    not_considered = refusal.ground is DeclineGround.NO_CONTACT_DETAILS
    reachable = reaching.is_reachable(written, refusal.case_id, given)
    if not RULES[written.regime].allows_refusal(refusal.ground):
        raise Refused(
            "ground_not_allowed",
            f"under the regime {written.regime} nothing is refused for {refusal.ground}; answer the request and "
            "record this ground in the answer (AnswerWrittenRequest, ground)",
            "ground",
        )
    if not_considered and reachable:
        raise Refused(
            "has_contact_details",
            "whoever wrote this can be reached, so the request must be considered; answer it, or name another ground",
            "ground",
        )
    if refusal.notified and not reachable:
        raise Refused(
            "notice_impossible",
            "without contact details nobody can have been told; decline with ground no_contact_details, notified=false",
            "notified",
        )
    if not (refusal.notified or not_considered):
        raise Refused(
            "notice_missing", "tell the consumer the ground first, then decline with notified=true", "notified"
        )
    not_before(written.latest_at, given.occurred_at, last_step(written))
    declined = WrittenRequestDeclined(
        consumer_id=written.consumer_id,
        case_id=refusal.case_id,
        ground=refusal.ground,
        notified=refusal.notified,
        forwarded=written.forwarded,
    )
    before, after = closing(written, refusal.case_id)
    return [*before, declined, *after]


def forward_misdirected(written: Written, sent: ForwardMisdirected, given: Given[State]) -> list[Event]:
    """Another body's business is sent on to it; where the regime asks for it, the consumer is told where."""
    still_open(written)
    _is_registered(written)
    reachable = reaching.is_reachable(written, sent.case_id, given)
    if RULES[written.regime].forward_notice and reachable and not sent.notified:
        raise Refused(
            "notice_missing", "tell the consumer where it was sent first, then forward with notified=true", "notified"
        )
    if sent.notified and not reachable:
        raise Refused("notice_impossible", "without contact details nobody can have been told", "notified")
    not_before(written.latest_at, given.occurred_at, last_step(written))
    forwarded = MisdirectedForwarded(
        consumer_id=written.consumer_id,
        case_id=sent.case_id,
        channel=written.channel,
        office=written.office,
        topic=written.topic,
        responsible=written.responsible or written.office,
        regime=written.regime,
        body=sent.body,
        notified=sent.notified,
        received_at=written.received_at,
        forwarded=written.forwarded,
    )
    before, after = closing(written, sent.case_id)
    return [*before, forwarded, *after]


def extend(written: Written, put_off: ExtendAnswer, given: Given[State]) -> AnswerExtended:
    """The answer is put off once, with a reason, by no more than the regime allows, and the consumer is told."""
    in_work(written, given)
    rules = RULES[written.regime]
    longest = rules.extension
    if longest is None:
        raise Refused(
            "no_extension", f"under the regime {written.regime} no answer is put off; answer in time", "case_id"
        )
    if written.extension is not None:
        raise Refused("already_extended", "the answer was put off once, which is all there is; answer now", "case_id")
    if put_off.days is not None and put_off.days > rules.surely_days:
        raise Refused(
            "extension_too_long",
            f"under the regime {written.regime} an answer is put off by {longest} at most; "
            "name fewer days, or none for all of it",
            "days",
        )
    if not put_off.notified and rules.extension_notice is None:
        raise Refused("notice_missing", "tell the consumer first, then extend with notified=true", "notified")
    if put_off.notified and not reaching.is_reachable(written, put_off.case_id, given):
        raise Refused("notice_impossible", "without contact details nobody can have been told", "notified")
    return AnswerExtended(
        consumer_id=written.consumer_id,
        case_id=put_off.case_id,
        channel=written.channel,
        office=written.office,
        topic=written.topic,
        responsible=written.responsible or written.office,
        regime=written.regime,
        days=longest.amount if put_off.days is None and longest.unit is Unit.DAYS else put_off.days,
        months=longest.amount if put_off.days is None and longest.unit is Unit.MONTHS else None,
        reason=put_off.reason,
        notified=put_off.notified,
        forwarded=written.forwarded,
    )


def notify_of_extension(written: Written, told: NotifyOfExtension, given: Given[State]) -> ExtensionNoticeGiven:
    """The notice that an extension owed is given."""
    in_work(written, given)
    extension = written.extension
    if extension is None or not written.notice_owed:
        raise Refused("nothing_owed", "no notice is owed: nothing was put off, or it was told", "case_id", early=True)
    return ExtensionNoticeGiven(
        consumer_id=written.consumer_id,
        case_id=told.case_id,
        days=extension.days,
        months=extension.months,
        reason=extension.reason,
    )


def _is_registered(written: Written) -> None:
    """Every written request is registered, whatever becomes of it (§4); older records are taken as they are."""
    if not (written.registered or written.history):
        raise Refused("not_registered", "register the request first (RegisterWrittenRequest)", "case_id", early=True)


def _may_be_answered(written: Written, reply: AnswerWrittenRequest, given: Given[State]) -> None:
    if not reaching.is_reachable(written, reply.case_id, given):
        raise Refused(
            "no_contact_details",
            "a request without contact details gets no answer; where they are known, enter them (RegisterConsumer, as "
            f"{reaching.whose(written, reply.case_id)}), else decline it with ground no_contact_details",
            "case_id",
        )
    # On a ground of §4 nothing is answered in substance: there completeness matters no more than to a refusal.
    if reply.ground is None and not written.checked:
        raise Refused(
            "unchecked",
            "nobody has checked whether the request says all that an answer needs; do so first (CheckCompleteness), or "
            "ask the consumer (AskClarification)",
            "case_id",
            early=True,
        )
    if written.missing:
        raise Refused(
            "incomplete",
            f"the request lacks: {', '.join(written.missing)}; ask the consumer first (AskClarification), or, where it "
            "was found elsewhere, check it again (CheckCompleteness)",
            "case_id",
            early=True,
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
