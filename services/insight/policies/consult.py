"""Limits of stages 3, 4 and 7 (DOMAIN.md §2)."""

from __future__ import annotations

from services.insight.policies.base import first
from shared.deadlines import Policy, days, hours, minutes

POLICIES: tuple[Policy, ...] = (
    first("consult_at_once", hours(2), minutes(20)),  # 3a-a
    first("plan_visit", minutes(20), minutes(15)),  # 3a-b
    first("consult_remote", days(7), days(2)),  # 3b-a
    first("plan_remote", days(2)),  # 3b-b
    first("consult_planned", hours(2), minutes(20)),  # 4
    first("follow_up", days(3)),  # 7; the event says when it is due, agreed dates included
)
