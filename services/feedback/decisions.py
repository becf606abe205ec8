"""Complaints from the response to the end: decided, told, accepted or taken further, closed (DOMAIN.md §5, §9).

A rejected decision leaves the complaint open: it ends when a later decision is accepted, when every recourse that was
offered is used up or not wanted, or when the complainant takes it back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta, tzinfo
from typing import Any

from services.feedback import causes
from services.feedback.complaint import Complaint
from services.feedback.complaints import impartial, in_other_hands, not_of, not_waiting, unanswered
from services.feedback.days import end_of
from shared.contracts.base import Event
from shared.contracts.complaints import (
    CarryOutRemedy,
    CloseComplaint,
    Closed,
    CommunicateDecision,
    ComplaintClosed,
    ComplaintDecided,
    ComplaintEscalated,
    ComplaintForwarded,
    ComplaintStatus,
    ComplaintWithdrawn,
    DecideComplaint,
    DecisionAccepted,
    DecisionCommunicated,
    DecisionRejected,
    EscalateComplaint,
    ForwardComplaint,
    Justified,
    RecordComplainantsReply,
    RecordRecourseOutcome,
    Recourse,
    RecourseEnded,
    RecourseOutcome,
    RemedyCarriedOut,
    WithdrawComplaint,
)
from shared.contracts.quality import ActionDue, ActionOrigin
from shared.contracts.values import Channel
from shared.decider import Given, Refused
from shared.regimes import RULES

_THERE = frozenset({Channel.WALK_IN, Channel.PHONE})
"""Who is there, or on the line, is told without being looked for."""
REPLY_WITHIN = timedelta(days=30)
"""So long a complainant may think about the decision; who is silent then is taken to have nothing against it."""


def decide_on(complaint: Complaint, response: DecideComplaint, given: Given[Any], zone: tzinfo) -> Sequence[Event]:
    """The response. A justified complaint's cause is removed: by actions across departments, or it is gone already."""
    if complaint.status is not ComplaintStatus.INVESTIGATED:
        raise Refused(
            "not_investigated",
            "a complaint is decided once it is investigated, and once only until it is taken further",
            "case_id",
            early=complaint.decided is None,
        )
    not_waiting(complaint)
    impartial(complaint, response.decided_by, "decided_by")
    in_other_hands(complaint, response.decided_by, "decided_by")
    found = response.causes or list(complaint.causes)
    causes.check_named(given, response.causes)
    _cause_is_removed(response, found)
    for step in response.actions:
        end_of(step.due, given.occurred_at, zone, "actions")
        if step.owner == complaint.responsible:
            raise Refused(
                "own_work",
                f"{step.owner} answers for the complaint and checks its actions; name another owner",
                "actions",
            )
    if response.remedy is not None and response.remedy_due is None:
        raise Refused("remedy_due_missing", "say by which day the complainant gets it", "remedy_due")
    remedy_due = None if response.remedy is None else response.remedy_due
    received = complaint.received
    decided = ComplaintDecided(
        **complaint.facts(),
        decided_by=response.decided_by,
        justified=response.justified,
        causes=found,
        actions=len(response.actions),
        no_action_because=response.no_action_because,
        remedy_due_at=None if remedy_due is None else end_of(remedy_due, given.occurred_at, zone, "remedy_due"),
        response=response.response,
        remedy=response.remedy,
    )
    owed = [
        ActionDue(
            case_id=received.case_id,
            action_id=f"{received.case_id}-a{number}",
            origin=ActionOrigin.COMPLAINT,
            action=step.action,
            department=step.department,
            owner=step.owner,
            due=step.due,
            causes=found,
            verifier=complaint.responsible,
            office=received.office,
            topic=received.topic,
            channel=received.channel,
        )
        for number, step in enumerate(response.actions, start=complaint.actions + 1)
    ]
    return [decided, *owed]


def _cause_is_removed(response: DecideComplaint, found: Sequence[str]) -> None:
    if response.justified is Justified.NO:
        return
    if not found:
        raise Refused("causes_missing", "a justified complaint has a cause; name at least one", "causes")
    if not response.actions and response.no_action_because is None:
        raise Refused(
            "cause_not_removed",
            "a justified complaint leads to its cause being removed: name actions, or why none is needed",
            "actions",
        )


def communicate(complaint: Complaint, told: CommunicateDecision, given: Given[Any]) -> DecisionCommunicated:
    """The decision and every recourse there is, to a complainant who can be told, not by whom it is about.

    Who left no contact details may come back, or phone, with the number of their complaint.
    """
    decided = complaint.decided
    if complaint.status is not ComplaintStatus.DECIDED or decided is None:
        raise Refused("not_decided", "there is no decision to tell; decide the complaint first", "case_id", early=True)
    impartial(complaint, told.communicated_by, "communicated_by")
    if not complaint.reachable and told.channel not in _THERE:
        raise Refused(
            "nobody_to_tell",
            "neither this complaint nor the information base has contact details of the complainant; where they are "
            f"known, enter them (RegisterConsumer, as {complaint.received.consumer_id}), else close (CloseComplaint)",
            "case_id",
        )
    return DecisionCommunicated(
        **complaint.facts(),
        communicated_by=told.communicated_by,
        by_channel=told.channel,
        recourse=told.recourse,
        justified=decided.justified,
        reply_until=given.occurred_at + REPLY_WITHIN,
        status_id=complaint.status_id,
        text=told.text,
    )


def reply(complaint: Complaint, said: RecordComplainantsReply) -> DecisionAccepted | DecisionRejected:
    """Accepted, or not: then the complaint stays open and further recourse is offered. A refusal may be taken back."""
    communicated, decided = complaint.communicated, complaint.decided
    rejected = complaint.status is ComplaintStatus.REJECTED
    known = complaint.status is ComplaintStatus.COMMUNICATED or (rejected and said.accepted)
    if communicated is None or decided is None or not known:
        code = "already_rejected" if rejected else "not_communicated"
        raise Refused(
            code,
            "the complainant has not accepted; record the recourse taken (EscalateComplaint)"
            if rejected
            else "tell the complainant the decision first (CommunicateDecision); one reply is recorded to each",
            "case_id",
            early=complaint.decided is not None,
        )
    if said.accepted:
        return DecisionAccepted(**complaint.facts(), remedy_due_at=decided.remedy_due_at, said=said.said)
    return DecisionRejected(**complaint.facts(), recourse=communicated.recourse, said=said.said)


def carry_out(complaint: Complaint, done: CarryOutRemedy) -> RemedyCarriedOut:
    """What was promised and accepted is done: by anybody, for an apology is due from whom the complaint is about."""
    if not complaint.remedy_owed:
        raise Refused(
            "no_remedy_owed", "no remedy was accepted, or it is carried out; close next", "case_id", early=True
        )
    return RemedyCarriedOut(**complaint.facts(), carried_out_by=done.carried_out_by)


def escalate(complaint: Complaint, taken: EscalateComplaint) -> ComplaintEscalated:
    """A recourse that was offered; an internal review begins another round in other hands."""
    if complaint.status is not ComplaintStatus.REJECTED:
        raise Refused(
            "not_rejected", "a complaint is taken further once its decision is rejected", "case_id", early=True
        )
    if taken.to not in complaint.recourse:
        left = ", ".join(sorted(complaint.recourse)) or "none"
        raise Refused("not_offered", f"{taken.to} was not offered, or is used; open are: {left}", "to")
    internal = taken.to is Recourse.INTERNAL_REVIEW
    if internal:
        if taken.responsible is None:
            raise Refused("responsible_missing", "name who answers for the review", "responsible")
        impartial(complaint, taken.responsible, "responsible")
        not_of(complaint.handled_by | complaint.handling, taken.responsible, "responsible")
    elif taken.responsible is not None:
        raise Refused("responsible_stays", "outside, the responsible person stays; leave it out", "responsible")
    facts: dict[str, Any] = complaint.facts() | {"responsible": taken.responsible or complaint.responsible}
    if internal:
        facts["round_id"] = f"{complaint.received.case_id}-r{complaint.round + 1}"
    status_id = complaint.telling(complaint.tellings + 1)
    return ComplaintEscalated(
        **facts, to=taken.to, internal=internal, from_round=complaint.round_id, status_id=status_id
    )


def end_recourse(complaint: Complaint, came: RecordRecourseOutcome) -> RecourseEnded:
    """What another body decided; or that the complainant pursues none of what is still open."""
    not_pursued = came.outcome is RecourseOutcome.NOT_PURSUED
    waiting = complaint.status is ComplaintStatus.UNDER_RECOURSE
    unused = complaint.status is ComplaintStatus.REJECTED and bool(complaint.recourse)
    if not (waiting or (unused and not_pursued)):
        raise Refused(
            "no_recourse",
            "no recourse is under way; record the one taken first (EscalateComplaint)",
            "case_id",
            early=True,
        )
    facts = complaint.facts()
    overturned = came.outcome is RecourseOutcome.OVERTURNED
    if overturned:
        responsible = came.responsible or complaint.responsible
        impartial(complaint, responsible, "responsible")
        not_of(complaint.handled_by | complaint.handling, responsible, "responsible")
        facts |= {"responsible": responsible, "round_id": f"{complaint.received.case_id}-r{complaint.round + 1}"}
    ended = [complaint.under] if complaint.under is not None else []
    dropped = sorted(complaint.recourse) if not_pursued else []
    telling = complaint.status_id
    return RecourseEnded(
        **facts,
        recourse=[*ended, *dropped],
        outcome=came.outcome,
        from_round=complaint.round_id,
        status_id=None if overturned else telling,
        telling_id=telling if overturned else None,
    )


def close(complaint: Complaint, wanted: CloseComplaint, given: Given[Any]) -> ComplaintClosed:
    """The end, for a reason that the complaint's own history gives, not by whom it is about."""
    impartial(complaint, wanted.closed_by, "closed_by")
    return _closed(complaint, _reason_to_close(complaint, given), wanted.closed_by)


def _reason_to_close(complaint: Complaint, given: Given[Any]) -> Closed:
    match complaint.status:
        case ComplaintStatus.ACCEPTED:
            if complaint.remedy_owed:
                raise Refused(
                    "remedy_owed", "carry out what was promised first (CarryOutRemedy)", "case_id", early=True
                )
            return Closed.ACCEPTED
        case ComplaintStatus.COMMUNICATED if complaint.communicated is not None:
            until = complaint.communicated.reply_until
            if given.occurred_at < until:
                raise Refused(
                    "reply_awaited",
                    f"the complainant may reply until {until.isoformat()}; record the reply, or close after that",
                    "time",
                )
            return Closed.NO_REPLY
        case ComplaintStatus.REJECTED:
            if complaint.recourse:
                raise Refused(
                    "decision_rejected",
                    "a rejected decision leaves the complaint open while there is recourse: "
                    f"{', '.join(sorted(complaint.recourse))}; record what the complainant does",
                    "case_id",
                )
            return Closed.RECOURSE_EXHAUSTED
        case ComplaintStatus.DECIDED if not complaint.reachable:
            return Closed.NOBODY_TO_TELL
        case _:
            raise Refused("not_decided", "a complaint is closed after its decision is told", "case_id", early=True)


def withdraw(complaint: Complaint, said: WithdrawComplaint) -> Sequence[Event]:
    """The complainant may take it back at any time; what was ordered to remove a cause goes on."""
    withdrawn = ComplaintWithdrawn(**complaint.facts(), said=said.said)
    return [withdrawn, _closed(complaint, Closed.WITHDRAWN, None)]


def forward(complaint: Complaint, sent: ForwardComplaint) -> Sequence[Event]:
    """Another body's business, before any answer; the complainant is told where the regime asks for it."""
    unanswered(complaint)
    if RULES[complaint.regime].forward_notice and complaint.reachable and not sent.notified:
        raise Refused("notice_missing", "tell the complainant where it is sent, then send notified=true", "notified")
    forwarded = ComplaintForwarded(**complaint.facts(), to=sent.to, reason=sent.reason, notified=sent.notified)
    return [forwarded, _closed(complaint, Closed.FORWARDED, None)]


def _closed(complaint: Complaint, because: Closed, closed_by: str | None) -> ComplaintClosed:
    return ComplaintClosed(
        **complaint.facts(),
        because=because,
        closed_by=closed_by,
        status_id=complaint.status_id,
        under=complaint.under,
        ask_id=complaint.ask_id,
    )
