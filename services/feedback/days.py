"""Calendar days of the centre, and the moments they end."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, tzinfo

from shared.decider import Refused

_FURTHEST = timedelta(days=3 * 366)


def day_of(moment: datetime, zone: tzinfo) -> date:
    """The centre's date at a moment."""
    try:
        return moment.astimezone(zone).date()
    except OverflowError:  # the first or last hours of the calendar
        return moment.date()


def end_of(due: date, decided_at: datetime, zone: tzinfo, field: str) -> datetime:
    """When the day `due` is over: the deadline of what was decided at `decided_at`.

    Raises:
        Refused: `due_in_the_past`, or `due_too_far` for more than three years on.
    """
    today = day_of(decided_at, zone)
    if due < today:
        raise Refused(
            "due_in_the_past", f"{due} is over; name the day by which it will be done, from {today} on", field
        )
    if due > today + _FURTHEST:
        raise Refused("due_too_far", f"{due} is more than three years away; name a nearer day", field)
    return datetime.combine(due + timedelta(days=1), time.min, zone)
