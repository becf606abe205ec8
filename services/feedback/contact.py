"""What a complainant is told and asked besides: how things stand, that it takes longer, how it was handled."""

from __future__ import annotations

from typing import Any

from services.feedback.complaint import Complaint
from services.feedback.complaints import unanswered
from shared.contracts.complaints import (
    AssessComplaintHandling,
    ComplainantUnreached,
    ComplaintExtended,
    ComplaintHandlingAssessed,
    ComplaintStatusTold,
    ExtendComplaint,
    RecordComplainantUnreached,
    TellComplaintStatus,
)
from shared.decider import Given, Refused
from shared.regimes import RULES
from shared.rules import not_in_the_future


def tell_status(complaint: Complaint, told: TellComplaintStatus) -> ComplaintStatusTold:
    """On request at any time, even after the end; unasked when it is time to. Each telling puts off the next."""
    owed = complaint.status_id
    if not told.on_request and owed is None:
        raise Refused(
            "nothing_to_tell", "no status is due: the decision is told, or the complaint is closed", "on_request"
        )
    following = None if owed is None else complaint.telling(complaint.tellings + 1)
    return ComplaintStatusTold(
        **complaint.facts(),
        status=complaint.status,
        on_request=told.on_request,
        told_by=told.told_by,
        status_id=owed,
        next_status_id=following,
    )


def extend(complaint: Complaint, longer: ExtendComplaint, given: Given[Any]) -> ComplaintExtended:
    """Once, where the regime allows it, before the answer, with the reason told to the complainant."""
    unanswered(complaint)
    if complaint.depth is None:
        raise Refused(
            "not_assessed",
            "assess the complaint first (AssessComplaint): it settles the regime, which says how long may be added",
            "case_id",
            early=True,
        )
    regime = complaint.regime
    rules = RULES[regime]
    if rules.extension is None:
        raise Refused("no_extension", f"the regime {regime} knows no extension; answer in time", "case_id")
    if complaint.extended:
        raise Refused("already_extended", "the answer was put off once; that is all there is", "case_id")
    if longer.days is not None and longer.days > rules.surely_days:
        raise Refused(
            "extension_too_long",
            f"the regime {regime} allows {rules.extension} at most; name fewer days, or none for all of it",
            "days",
        )
    if complaint.reachable and longer.notified_at is None:
        raise Refused("notice_missing", "tell the complainant that it takes longer, and say when", "notified_at")
    if longer.notified_at is not None:
        not_in_the_future(longer.notified_at, given.now, "notified_at")
    return ComplaintExtended(
        **complaint.facts(), days=longer.days, reason=longer.reason, notified_at=longer.notified_at
    )


def assess_handling(complaint: Complaint, said: AssessComplaintHandling) -> ComplaintHandlingAssessed:
    """How content the complainant is with the process itself, after the end and once."""
    _handling_owed(complaint)
    return ComplaintHandlingAssessed(
        **complaint.facts(),
        ease=said.ease,
        speed=said.speed,
        courtesy=said.courtesy,
        fairness=said.fairness,
        said=said.said,
    )


def unreached(complaint: Complaint, tried: RecordComplainantUnreached) -> ComplainantUnreached:
    """Who can't be asked about the process is recorded as that: the end."""
    _handling_owed(complaint)
    return ComplainantUnreached(**complaint.facts(), attempts=tried.attempts)


def _handling_owed(complaint: Complaint) -> None:
    if complaint.closed_at is None:
        raise Refused(
            "still_open",
            "the complainant is asked about the process once it is over; close it first",
            "case_id",
            early=True,
        )
    if complaint.handling_known:
        raise Refused("already_assessed", "how the process was is known for this complaint", "case_id")
