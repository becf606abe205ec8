"""Limits of stages 3, 4, 7 and 11 (DOMAIN.md §2)."""

from __future__ import annotations

from services.insight.policies.base import first
from shared.deadlines import Policy, days, hours, minutes

POLICIES: tuple[Policy, ...] = (
    first("consult_at_once", hours(2), minutes(20)),  # 3a-a
    first("plan_visit", minutes(20), minutes(15)),  # 3a-b
    first("consult_remote", days(7), days(2)),  # 3b-a
    first("plan_remote", days(2)),  # 3b-b
    # 3a-a becomes 3a-b, 3b-a becomes 3b-b
    first("plan_required", days(2)),
    first("plan_required.3a-b", minutes(20), minutes(15)),
    first("plan_required.3b-b", days(2)),
    # The source times how long a consultation takes and when further ones begin. These are the centre's own limits; but
    # for the first, the event says when it is due.
    first("begin_at_once", hours(2)),  # 3a-a: held within what stage 3a-a may take
    first("begin_planned", minutes(15)),  # 4: after the agreed time
    first("begin_costed", minutes(15)),
    first("costs_agreement", days(1)),  # 3a-b, 3b-b: the manager's word
    first("preparation", days(1)),  # 4: ready when it begins
    first("contact", days(2)),  # a new time, once one has fallen through; as agreed with who is waited for
    first("consult_planned", hours(2), minutes(20)),  # 4
    first("follow_up", days(3)),  # 7; the event says when it is due, agreed dates included
    # The source says "at the end" and sets no limit: this is the centre's own.
    first("topical_issues", days(1)),  # 11
)
