"""Complaints by ISO 10002 (DOMAIN.md §5, §9), until the investigation: received, acknowledged, assessed, looked into.

How deep an investigation goes, in proportion to the complaint (`depth_of`):

- FULL where severity or safety is high, or something must be done at once;
- THOROUGH where any other criterion is high, or two are medium;
- BRIEF otherwise;
- one step deeper where three or more like it came within twelve months.

Who a complaint is about takes no part in handling it; a review is in other hands than the decision it reviews.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta
from typing import Any

from services.feedback import causes
from services.feedback.case import Feedback
from services.feedback.complaint import Complaint
from shared.contacts import contacts, in_order, said, unnamed
from shared.contracts.base import Event
from shared.contracts.complaints import (
    Acknowledged,
    AskComplainant,
    AssessComplaint,
    AssignComplaint,
    ComplainantAnswered,
    ComplainantAsked,
    ComplaintAcknowledged,
    ComplaintAssessed,
    ComplaintAssigned,
    ComplaintInvestigated,
    ComplaintReceived,
    ComplaintReclassified,
    ComplaintStatus,
    Depth,
    ImmediateActionTaken,
    InvestigateComplaint,
    Level,
    ReceiveComplaint,
    RecordComplainantsAnswer,
    TakeImmediateAction,
)
from shared.contracts.feedback import AssessmentDue
from shared.contracts.values import Channel
from shared.decider import Given, Key, Refused
from shared.regimes import RULES, CaseTypes

PROCEDURE = ("acknowledge", "assess", "investigate", "decide", "communicate", "recourse")
"""The steps that the complainant is told of; each has its words in the message's template."""
ANSWER_WITHIN = timedelta(days=7)
"""So long the complainant is waited for where nothing else is said: the house's, as the sources set no limit."""
FREQUENT = 3
"""So many like it in twelve months make an investigation one step deeper."""
_FACE_TO_FACE = frozenset({Channel.WALK_IN, Channel.PHONE, Channel.COMPLAINTS_BOOK})
_DEEPER = {Depth.BRIEF: Depth.THOROUGH, Depth.THOROUGH: Depth.FULL, Depth.FULL: Depth.FULL}


def receive(wanted: ReceiveComplaint, given: Given[Any], case_types: CaseTypes) -> Sequence[Event]:
    """A complaint is taken in whatever it lacks, and acknowledged at once with its number, the procedure and limits.

    It may grow out of a case, whose consumer, office and topic it then shares. Its regime follows from its type.
    """
    case_id = wanted.case_id or given.fresh_id
    case = given.others.get(f"feedback-{wanted.about}")
    of_case = case.latest if isinstance(case, Feedback) else None
    consumer = wanted.consumer
    ways = (consumer.phone, consumer.email, consumer.address)
    # Who was forgotten begins anew: under their old id the complaint's words would be lost.
    known = next((one for one in whose(wanted, of_case) if given.keys.get(one) is not Key.DELETED), None)
    has_contacts = known is not None or any(way and way.strip() for way in ways)
    regime = case_types.regime(wanted.case_type)
    facts: dict[str, Any] = {
        "consumer_id": known or unnamed(case_id),
        "case_id": case_id,
        "round_id": f"{case_id}-r1",
        "channel": wanted.channel,
        "language": wanted.language,
        "office": wanted.office,
        "topic": wanted.topic or (of_case.topic if of_case else None),
        "regime": regime,
        # Nobody is sent away (§9) for want of a name, or for naming whom it is about: the office names another one.
        "responsible": wanted.office if wanted.responsible in {None, *wanted.concerned} else wanted.responsible,
        "received_at": given.occurred_at,
        "received_by": wanted.received_by or wanted.office,
    }
    received = ComplaintReceived(
        **facts,
        case_type=wanted.case_type,
        about=wanted.about,
        dissatisfied=isinstance(case, Feedback) and case.dissatisfied,
        concerned=wanted.concerned,
        has_contacts=has_contacts,
        status_id=f"{case_id}-s1",
        complaint=wanted.complaint,
        remedy_sought=wanted.remedy_sought,
        name=consumer.name,
        phone=consumer.phone,
        email=consumer.email,
        address=consumer.address,
        identifier=consumer.identifier,
        contacts=contacts(consumer, given.blind),
        known=in_order(said(consumer)),
    )
    limit = RULES[regime].answer
    how = Acknowledged.MESSAGE if has_contacts else Acknowledged.IMPOSSIBLE
    acknowledged = ComplaintAcknowledged(
        **facts,
        how=Acknowledged.IN_PERSON if wanted.channel in _FACE_TO_FACE else how,
        procedure=list(PROCEDURE),
        limit=limit.amount,
        limit_unit=limit.unit,
    )
    return [received, acknowledged]


def whose(wanted: ReceiveComplaint, of_case: AssessmentDue | None) -> Iterator[str]:
    """Under whose id a complaint may be sealed: whom it names, else the consumer of the case that it grew out of."""
    for one in (wanted.consumer.consumer_id, of_case.consumer_id if of_case else None):
        if one is not None:
            yield one


def assign(complaint: Complaint, wanted: AssignComplaint) -> ComplaintAssigned:
    """One responsible person by name, always: another one takes over with the reason."""
    if wanted.responsible == complaint.responsible:
        raise Refused("same_person", f"{wanted.responsible} answers for it already; name somebody else", "responsible")
    impartial(complaint, wanted.responsible, "responsible")
    in_other_hands(complaint, wanted.responsible, "responsible")
    facts: dict[str, Any] = complaint.facts() | {"responsible": wanted.responsible}
    return ComplaintAssigned(
        **facts,
        previous=complaint.responsible,
        reason=wanted.reason,
        status_id=complaint.status_id,
        under=complaint.under,
        ask_id=complaint.ask_id,
    )


def assess(
    complaint: Complaint, found: AssessComplaint, given: Given[Any], case_types: CaseTypes
) -> list[ComplaintReclassified | ComplaintAssessed]:
    """Severity, safety, complexity, impact, whether something must be done at once, and of what type it is; once."""
    if complaint.status is not ComplaintStatus.RECEIVED:
        raise Refused("already_assessed", "this complaint is assessed; investigate it next", "case_id")
    if complaint.responsible == complaint.received.office:
        raise Refused(
            "nobody_responsible",
            f"it lies with {complaint.responsible}; say who answers for it by name first (AssignComplaint)",
            "case_id",
            early=True,
        )
    impartial(complaint, found.assessed_by, "assessed_by")
    causes.check_named(given, found.causes)
    reclassified = _reclassified(complaint, found, case_types)
    facts: dict[str, Any] = complaint.facts() | ({"regime": reclassified.regime} if reclassified else {})
    assessed = ComplaintAssessed(
        **facts,
        assessed_by=found.assessed_by,
        severity=found.severity,
        safety=found.safety,
        complexity=found.complexity,
        impact=found.impact,
        immediate_action_needed=found.immediate_action_needed,
        similar=found.similar,
        depth=depth_of(found),
        causes=found.causes,
    )
    return [reclassified, assessed] if reclassified else [assessed]


def _reclassified(complaint: Complaint, found: AssessComplaint, case_types: CaseTypes) -> ComplaintReclassified | None:
    """It was taken in as something that it is not: its own type's regime holds, from the receipt on (§9)."""
    case_type, reason = found.case_type, found.reclassified_because
    if case_type is None and reason is None:
        return None
    if case_type is None or reason is None:
        raise Refused(
            "reason_missing",
            "another type is named with the reason: send case_type and reclassified_because, or neither",
            "reclassified_because" if reason is None else "case_type",
        )
    if case_type == complaint.case_type:
        raise Refused("same_type", f"it is taken as {case_type} already; leave case_type out", "case_type")
    regime = case_types.regime(case_type)
    limit = RULES[regime].answer if regime is not complaint.regime else None
    facts: dict[str, Any] = complaint.facts() | {"regime": regime}
    return ComplaintReclassified(
        **facts,
        previous_case_type=complaint.case_type,
        case_type=case_type,
        previous_regime=complaint.regime,
        reason=reason,
        limit=limit.amount if limit else None,
        limit_unit=limit.unit if limit else None,
    )


def depth_of(found: AssessComplaint) -> Depth:
    """How deep the investigation goes; the rule is this module's first paragraph."""
    levels = (found.severity, found.safety, found.complexity, found.impact)
    if found.immediate_action_needed or Level.HIGH in {found.severity, found.safety}:
        depth = Depth.FULL
    elif Level.HIGH in levels or levels.count(Level.MEDIUM) >= 2:
        depth = Depth.THOROUGH
    else:
        depth = Depth.BRIEF
    return _DEEPER[depth] if found.similar >= FREQUENT else depth


def take_immediate_action(complaint: Complaint, taken: TakeImmediateAction) -> ImmediateActionTaken:
    """What could not wait, where the assessment found such; once."""
    if not complaint.immediate_action_owed:
        raise Refused(
            "no_immediate_action_owed",
            "the assessment asks for none, or it is taken; investigate next (InvestigateComplaint)",
            "case_id",
            early=complaint.status is ComplaintStatus.RECEIVED,
        )
    return ImmediateActionTaken(**complaint.facts(), taken_by=taken.taken_by, action=taken.action)


def ask(complaint: Complaint, asked: AskComplainant, given: Given[Any]) -> ComplainantAsked:
    """Before the decision, one question at a time, until a time to come: so long the clock of the answer pauses."""
    undecided(complaint)
    impartial(complaint, asked.asked_by, "asked_by")
    if complaint.waiting:
        raise Refused("already_asked", "the complainant is asked already; record what they answer first", "case_id")
    if not complaint.reachable:
        raise Refused(
            "nobody_to_ask",
            "neither this complaint nor the information base has contact details of the complainant; where they are "
            f"known, enter them (RegisterConsumer, as {complaint.received.consumer_id}), else go on with what is known",
            "case_id",
        )
    if asked.until is not None and asked.until <= given.occurred_at:
        raise Refused("agreed_in_the_past", "wait until a time that is still to come", "until")
    return ComplainantAsked(
        **complaint.facts(),
        asked_by=asked.asked_by,
        question=asked.question,
        ask_id=f"{complaint.received.case_id}-q{complaint.questions + 1}",
        until=asked.until or given.occurred_at + ANSWER_WITHIN,
    )


def answered(complaint: Complaint, said: RecordComplainantsAnswer, given: Given[Any]) -> ComplainantAnswered:
    """The clock goes on, with an answer; without one once the time that was given is over, not before."""
    if not complaint.waiting:
        raise Refused("nothing_asked", "the complainant was asked nothing that is open (AskComplainant)", "case_id")
    until = complaint.asked.until if complaint.asked is not None else None
    if said.answer is None and until is not None and given.occurred_at < until:
        raise Refused(
            "too_early", f"the complainant has until {until.isoformat()}; record the answer, or wait until then", "time"
        )
    return ComplainantAnswered(
        **complaint.facts(), answered=said.answer is not None, answer=said.answer, ask_id=complaint.ask_id
    )


def investigate(complaint: Complaint, found: InvestigateComplaint, given: Given[Any]) -> ComplaintInvestigated:
    """As deep as the assessment asks, by somebody whom the complaint is not about.

    Whom it turns out to be about passes it on first: else their own complaint would stay theirs to answer for.
    """
    if complaint.depth is None:
        raise Refused("not_assessed", "assess the complaint first (AssessComplaint)", "case_id", early=True)
    if complaint.status is not ComplaintStatus.ASSESSED:
        raise Refused("already_investigated", "this complaint is investigated; decide it next", "case_id")
    if complaint.immediate_action_owed:
        raise Refused(
            "immediate_action_owed",
            "something could not wait: record that it is done (TakeImmediateAction), then investigate",
            "case_id",
            early=True,
        )
    not_waiting(complaint)
    concerned = complaint.concerned | set(found.concerned)
    if found.investigator in concerned:
        raise _concerned(found.investigator, "investigator")
    if complaint.responsible in concerned:
        raise Refused(
            "not_impartial",
            f"the complaint is about {complaint.responsible}, who answers for it; a manager names somebody else first "
            "(AssignComplaint)",
            "concerned",
            early=True,
        )
    in_other_hands(complaint, found.investigator, "investigator")
    _deep_enough(complaint, complaint.depth, found)
    causes.check_named(given, found.causes)
    return ComplaintInvestigated(
        **complaint.facts(),
        investigator=found.investigator,
        depth=complaint.depth,
        heard=found.heard,
        evidence=found.evidence,
        concerned=sorted(concerned),
        causes=found.causes or list(complaint.causes),
        findings=found.findings,
    )


def _deep_enough(complaint: Complaint, depth: Depth, found: InvestigateComplaint) -> None:
    if depth is not Depth.BRIEF and not found.heard:
        raise Refused("nobody_heard", f"a {depth} investigation hears those concerned; say who was heard", "heard")
    if depth is not Depth.FULL:
        return
    if not found.evidence:
        raise Refused("evidence_missing", "a full investigation says what it rests on; name the evidence", "evidence")
    if found.investigator == complaint.responsible:
        raise Refused(
            "not_independent",
            f"a full investigation is not {complaint.responsible}'s, who answers for the complaint; name somebody else",
            "investigator",
        )


def impartial(complaint: Complaint, person: str, field: str) -> None:
    """Refuse whom the complaint is about."""
    if person in complaint.concerned:
        raise _concerned(person, field)


def in_other_hands(complaint: Complaint, person: str, field: str) -> None:
    """Refuse in a review whoever investigated or decided in an earlier round."""
    not_of(complaint.handled_by, person, field)


def not_of(before: Collection[str], person: str, field: str) -> None:
    """Refuse one of those who handled it before."""
    if person in before:
        raise Refused(
            "not_independent", f"{person} investigated or decided it before; a review is in other hands", field
        )


def not_waiting(complaint: Complaint) -> None:
    """Refuse what needs the complainant's answer while it is awaited: nothing is left asked for good."""
    if complaint.waiting:
        raise Refused("answer_awaited", "record what the complainant answered, or that nothing came, first", "case_id")


def undecided(complaint: Complaint) -> None:
    """Refuse what belongs before the decision."""
    if complaint.status not in {ComplaintStatus.RECEIVED, ComplaintStatus.ASSESSED, ComplaintStatus.INVESTIGATED}:
        raise Refused("already_decided", "this complaint is decided; go on with the decision", "case_id")


def unanswered(complaint: Complaint) -> None:
    """Refuse what belongs before the answer, in a review too: that one follows an answer that was not accepted."""
    undecided(complaint)
    if complaint.communicated is not None:
        raise Refused("already_answered", "this complaint was answered; go on with its review", "case_id")


def _concerned(person: str, field: str) -> Refused:
    return Refused("not_impartial", f"the complaint is about {person}; name somebody whom it is not about", field)
