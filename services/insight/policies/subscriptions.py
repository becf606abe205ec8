"""Limits of subscriptions (DOMAIN.md §6)."""

from __future__ import annotations

from services.insight.policies.base import first
from shared.deadlines import Policy, days

POLICIES: tuple[Policy, ...] = (
    first("day_certified", days(1)),  # the event says when it is due: at the day's end, whenever it was opened
)
