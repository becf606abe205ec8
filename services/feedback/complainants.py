"""Who complained, and how they are reached, may come to light after the complaint did (DOMAIN.md §3, §5, §7).

Intake keeps the one information base: it finds out by a number whom it knows already, by the case that a complaint is
about, or by a later word. What it has learnt counts here, too: who can be told is told, and nothing is closed before.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.feedback.complaint import Complaint
from services.feedback.complaints import PROCEDURE
from shared.contacts import can_be_reached, unnamed
from shared.contracts.complaints import Acknowledged, ComplaintAcknowledged
from shared.contracts.intake import ConsumerAbsorbed, ConsumerRegistered, ConsumerVerified
from shared.regimes import RULES

Learnt = ConsumerRegistered | ConsumerVerified | ConsumerAbsorbed
"""What intake says of which data the information base has of somebody, and of whom else they turned out to be."""


def stream_of(learnt: Learnt) -> str:
    """The complaint that this may be about; of most people there is none."""
    return f"complaint-{_whose(learnt).removeprefix(unnamed(''))}"


def acknowledge(complaint: Complaint, learnt: Learnt) -> Sequence[ComplaintAcknowledged]:
    """Who could not be told that their complaint is in, nor anything else, is told as soon as there is a way to."""
    received = complaint.received
    kinds = learnt.changed if isinstance(learnt, ConsumerVerified) else learnt.known
    done = complaint.reachable or complaint.closed_at is not None
    if done or _whose(learnt) != received.consumer_id or not can_be_reached(kinds):
        return []
    limit = RULES[complaint.regime].answer
    return [
        ComplaintAcknowledged(
            **complaint.facts(),
            received_by=received.received_by,
            how=Acknowledged.MESSAGE,
            procedure=list(PROCEDURE),
            limit=limit.amount,
            limit_unit=limit.unit,
        )
    ]


def _whose(learnt: Learnt) -> str:
    return learnt.other if isinstance(learnt, ConsumerAbsorbed) else learnt.consumer_id or ""
