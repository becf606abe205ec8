"""Counting as a person would, day by day with a calendar beside: what an explanation shows.

Slow, and on purpose another way than `shared.deadlines` reckons: that both end at the same moment is tested.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count

from shared.deadlines import Calendar, Span, Unit, add

_NOTHING = timedelta()
_DAY = timedelta(days=1)
START_DAY = "the day of the start"
OUTSIDE = "outside opening hours"


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a count."""

    day: date
    counted: tuple[tuple[datetime, datetime], ...] = ()
    """The opening intervals, or parts of them, that count (UTC)."""
    number: int | None = None
    """Where days are counted: which one this is."""
    why_not: str | None = None
    """Why nothing of it counts: closed, a holiday's name, the day of the start."""

    @property
    def worked(self) -> timedelta:
        """How much of it counts."""
        return sum((until - since for since, until in self.counted), _NOTHING)


@dataclass(frozen=True, slots=True)
class Count:
    """A span, counted."""

    counted_from: datetime
    """Later than the start where that was on a closed day and the policy says so."""
    ends_at: datetime
    days: tuple[Day, ...] = ()
    """None where the wall clock or the calendar's dates say it all."""


def counted(calendar: Calendar, span: Span, start: datetime, *, from_working_day: bool = False) -> Count:
    """When a span that begins at `start` ends, and every day on the way there."""
    begins, carried = _first_opening(calendar, start) if from_working_day else (start, ())
    if span.unit is Unit.WORKING_SECONDS:
        ends, days = worked_on(calendar, begins, timedelta(seconds=span.amount))
    elif span.unit is Unit.WORKING_DAYS and span.amount:
        ends, days = _working_days(calendar, begins, span.amount)
    elif span.unit is Unit.WORKING_DAYS:
        ends, days = begins, ()
    else:
        ends, days = add(span, begins, calendar.zone), ()
    return Count(begins.astimezone(UTC), ends.astimezone(UTC), carried + days)


def worked_on(calendar: Calendar, start: datetime, amount: timedelta) -> tuple[datetime, tuple[Day, ...]]:
    """The first moment at which the centre was open for so long since `start`, and the days on the way."""
    left, days, ends = amount, list[Day](), start
    for day in _days_from(calendar, start):
        if not left:
            break
        taken: list[tuple[datetime, datetime]] = []
        for opens, closes in _open(calendar, day):
            since = max(opens, start)
            if left and since < closes:
                ends = min(closes, since + left)
                taken.append((since, ends))
                left -= ends - since
        days.append(_day(calendar, day, taken))
    return ends.astimezone(UTC), tuple(days)


def open_between(calendar: Calendar, since: datetime, until: datetime) -> tuple[Day, ...]:
    """The days from one moment to another, with what of them is working time."""
    days: list[Day] = []
    for day in _days_from(calendar, since):
        if datetime.combine(day, time.min, calendar.zone) >= until:
            break
        parts = ((max(opens, since), min(closes, until)) for opens, closes in _open(calendar, day))
        days.append(_day(calendar, day, [(opens, closes) for opens, closes in parts if opens < closes]))
    return tuple(days)


def total(days: tuple[Day, ...]) -> timedelta:
    """How much of some days counts."""
    return sum((day.worked for day in days), _NOTHING)


def _first_opening(calendar: Calendar, start: datetime) -> tuple[datetime, tuple[Day, ...]]:
    """`start` itself on a working day; else the next opening, after these closed days."""
    skipped: list[Day] = []
    for day in _days_from(calendar, start):
        if calendar.is_open_on(day):
            return (next(_open(calendar, day))[0] if skipped else start), tuple(skipped)
        skipped.append(Day(day, why_not=calendar.closed_because(day)))
    raise AssertionError("a calendar has a working day")


def _working_days(calendar: Calendar, start: datetime, amount: int) -> tuple[datetime, tuple[Day, ...]]:
    """The closing time of the last of so many working days after that of the start."""
    # What comes on a closed day is counted as if it came on the next working day.
    _, skipped = _first_opening(calendar, start)
    days, reached, ends = list(skipped), 0, start
    first = start.astimezone(calendar.zone).date() + _DAY * len(skipped)
    for day in _dates(first):
        if reached == amount:
            break
        opened = tuple(_open(calendar, day))
        if day == first:
            days.append(Day(day, why_not=START_DAY))
        elif opened:
            reached, ends = reached + 1, opened[-1][1]
            days.append(Day(day, opened, number=reached))
        else:
            days.append(Day(day, why_not=calendar.closed_because(day)))
    return ends, tuple(days)


def _day(calendar: Calendar, day: date, taken: list[tuple[datetime, datetime]]) -> Day:
    return Day(day, tuple(taken), why_not=None if taken else calendar.closed_because(day) or OUTSIDE)


def _days_from(calendar: Calendar, start: datetime) -> Iterator[date]:
    return _dates(start.astimezone(calendar.zone).date())


def _dates(first: date) -> Iterator[date]:
    return (first + timedelta(days=number) for number in count())


def _open(calendar: Calendar, day: date) -> Iterator[tuple[datetime, datetime]]:
    """A day's opening intervals as moments."""
    for interval in calendar.hours(day):
        opens, closes = (datetime.combine(day, at, calendar.zone).astimezone(UTC) for at in interval)
        yield opens, closes
