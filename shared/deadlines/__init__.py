"""The deadline engine: from 40 seconds to 6 months, by policies that are data (DOMAIN.md §2, §4)."""

from __future__ import annotations

from .calendar import CLOSED, Calendar, Calendars, Hours, Interval
from .due import add, due_at, norm_due_at
from .policy import (
    WORKING,
    Policies,
    Policy,
    Span,
    Unit,
    UnknownPolicyError,
    days,
    hours,
    minutes,
    months,
    seconds,
    working_days,
    working_hours,
    working_minutes,
)

__all__ = [
    "CLOSED",
    "WORKING",
    "Calendar",
    "Calendars",
    "Hours",
    "Interval",
    "Policies",
    "Policy",
    "Span",
    "Unit",
    "UnknownPolicyError",
    "add",
    "days",
    "due_at",
    "hours",
    "minutes",
    "months",
    "norm_due_at",
    "seconds",
    "working_days",
    "working_hours",
    "working_minutes",
]
