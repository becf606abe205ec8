"""When something is due: pure calculation, results in UTC."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime, timedelta, tzinfo

from .policy import WORKING, Policy, Span, Unit


def due_at(policy: Policy, start: datetime, zone: tzinfo) -> datetime:
    """The last moment at which what started at `start` is in time. `zone` is the centre's time zone."""
    return add(policy.limit, start, zone)


def norm_due_at(policy: Policy, start: datetime, zone: tzinfo) -> datetime | None:
    """Until when it is quicker than the norm; None where the policy is no range."""
    return None if policy.norm is None else add(policy.norm, start, zone)


def add(span: Span, start: datetime, zone: tzinfo) -> datetime:
    """`start` (with a zone) plus a span, in UTC.

    Days and months keep the local time of day. Where the clocks skip that time, it is as much later as they
    were put forward; where they show it twice, the first is meant.

    Raises:
        ValueError: a span of working time, which needs a calendar (`Calendar.add`).
    """
    if span.unit in WORKING:
        raise ValueError(f"{span} can't be counted without a calendar; use Calendar.add")
    if span.unit is Unit.SECONDS:
        return start.astimezone(UTC) + timedelta(seconds=span.amount)
    local = start.astimezone(zone)
    later = local + timedelta(days=span.amount) if span.unit is Unit.DAYS else _months_later(local, span.amount)
    # A span of nothing ends where it starts, also in the second of two equal hours.
    return later.replace(fold=local.fold if span.amount == 0 else 0).astimezone(UTC)


def _months_later(local: datetime, amount: int) -> datetime:
    index = local.year * 12 + local.month - 1 + amount
    year, month = index // 12, index % 12 + 1
    return local.replace(year=year, month=month, day=min(local.day, monthrange(year, month)[1]))
