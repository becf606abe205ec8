"""What is timed: a table of indicators, one file a service (DOMAIN.md §2 and Table 5)."""

from __future__ import annotations

from services.insight.indicators import consult, feedback, intake, subscriptions
from services.insight.indicators.base import Condition, Indicator, On, policy_name

__all__ = ["INDICATORS", "Condition", "Indicator", "On", "policy_name"]

INDICATORS: tuple[Indicator, ...] = (
    *intake.INDICATORS,
    *consult.INDICATORS,
    *feedback.INDICATORS,
    *subscriptions.INDICATORS,
)
