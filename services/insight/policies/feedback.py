"""Limits of stages 5, 6, 8 and 10 (DOMAIN.md §2)."""

from __future__ import annotations

from services.insight.policies.base import first
from shared.deadlines import Policy, minutes, months

POLICIES: tuple[Policy, ...] = (
    first("satisfaction", minutes(10), minutes(5)),  # 5
    first("closing", minutes(10), minutes(5)),  # 6a, 6b
    first("effectiveness", months(1)),  # 8
    # "1–3 months, where needed up to 6": no extension can be recorded yet, so 3 is the limit.
    first("impact", months(3), months(1)),  # 10
)
