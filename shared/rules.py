"""What the rules of all four services have in common: the order of times."""

from __future__ import annotations

from calendar import monthrange
from datetime import datetime, timedelta

from shared.decider import Refused

CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far a channel's clock may run ahead of ours."""


def not_in_the_future(when: datetime, now: datetime, field: str = "time") -> None:
    """Refuse what claims to have happened later than now.

    Raises:
        Refused: code `in_the_future`.
    """
    if when > now + CLOCK_TOLERANCE:
        raise Refused(
            "in_the_future",
            f"{when.isoformat()} is in the future (it is {now.isoformat(timespec='seconds')}); "
            "send the message once it has happened, with the time and offset at which it did",
            field,
        )


def not_before(previous: datetime, when: datetime, what: str, field: str = "time") -> None:
    """Refuse what claims to have happened before the thing it follows; `what` names that thing.

    Raises:
        Refused: code `before_previous`.
    """
    if when < previous:
        raise Refused(
            "before_previous",
            f"{when.isoformat()} is before {what} ({previous.isoformat()}); correct the time or its offset",
            field,
        )


def months_after(moment: datetime, months: int) -> datetime:
    """The same day and hour `months` calendar months later; the month's last day where it has no such day."""
    index = moment.year * 12 + moment.month - 1 + months
    year, month = index // 12, index % 12 + 1
    return moment.replace(year=year, month=month, day=min(moment.day, monthrange(year, month)[1]))
