"""When a span ends, as a table: over each piece of time it ends at one moment, or is equally long.

A day, a month or a working day later is the same everywhere between two midnights, but for the hours that the zone's
clocks skip or show twice. So a due moment is looked up, instead of being reckoned for each event.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from typing import NamedTuple

from services.insight.instants import Instant, instant, moment
from shared.deadlines import Calendar

_DAY = timedelta(days=1)
_FURTHEST = timedelta(days=400)
"""Beyond a day, the clocks' changes of so long matter to what ends later."""


class Piece(NamedTuple):
    """From `since` to before `until`, all on one day in UTC."""

    day: date
    since: Instant
    until: Instant
    shift: int | None
    """What begins here ends so many microseconds later; or ..."""
    fixed: Instant | None
    """... at this moment."""


def edges(days: Sequence[date], zone: tzinfo) -> list[Instant]:
    """Where, on these days (UTC, in order), an answer may change: at local midnights, and when clocks change."""
    if not days:
        return []
    times = {time.min, *_changing_times(days[0] - 2 * _DAY, days[-1] + _FURTHEST, zone)}
    found: set[Instant] = set()
    for day in days:
        found |= {instant(datetime.combine(one, time.min, UTC)) for one in (day, day + _DAY)}
        for local in (day - _DAY, day, day + _DAY):
            for at in times:
                wall = datetime.combine(local, at, zone)
                found |= {instant(wall), instant(wall.replace(fold=1))}
    return sorted(found)


def opening_edges(days: Sequence[date], calendar: Calendar, ends: Callable[[Instant], Instant]) -> set[Instant]:
    """Where an answer in working time may change: when it opens and closes, and where what begins ends at a closing."""
    found: set[Instant] = set()
    for local in sorted({day + more * _DAY for day in days for more in (-1, 0, 1)}):
        for opens, closes in _opening(calendar, local):
            found |= {opens, closes}
            at = opens
            while (left := _left_open(calendar, ends(at))) is not None and at + left + 1 < closes:
                at += left + 1
                found.add(at)
    return found


def _left_open(calendar: Calendar, at: Instant) -> int | None:
    """How long it stays open at a moment within its hours, the closing included."""
    day = moment(at).astimezone(calendar.zone).date()
    return next((closes - at for opens, closes in _opening(calendar, day) if opens < at <= closes), None)


def _opening(calendar: Calendar, day: date) -> list[tuple[Instant, Instant]]:
    hours = calendar.hours(day)
    opening = ((datetime.combine(day, at, calendar.zone) for at in interval) for interval in hours)
    return [(instant(opens), instant(closes)) for opens, closes in opening]


def pieces(days: Sequence[date], at: Sequence[Instant], ends: Callable[[Instant], Instant]) -> Iterator[Piece]:
    """The pieces of these days between the edges `at`; `ends` says when what begins at an instant ends.

    Where that is neither at one moment nor equally long after, there is no piece.
    """
    for day in days:
        begins, over = (instant(datetime.combine(one, time.min, UTC)) for one in (day, day + _DAY))
        cuts = [begins, *at[bisect_right(at, begins) : bisect_right(at, over - 1)], over]
        for since, until in pairwise(cuts):
            first, middle, last = ends(since), ends((since + until) // 2), ends(until - 1)
            if first == middle == last:
                yield Piece(day, since, until, None, first)
            elif first - since == middle - (since + until) // 2 == last - (until - 1):
                yield Piece(day, since, until, first - since, None)


def _changing_times(first: date, last: date, zone: tzinfo) -> Iterator[time]:
    """The local times of day at which the zone's clocks change, before and after."""
    noons = [datetime.combine(first, time(12), UTC) + number * _DAY for number in range((last - first).days + 1)]
    for before, after in pairwise(noons):
        if before.astimezone(zone).utcoffset() == after.astimezone(zone).utcoffset():
            continue
        low, high = instant(before), instant(after)
        offset = before.astimezone(zone).utcoffset()
        while high - low > 1:
            middle = (low + high) // 2
            if moment(middle).astimezone(zone).utcoffset() == offset:
                low = middle
            else:
                high = middle
        change = moment(high)
        for shown in (offset, change.astimezone(zone).utcoffset()):
            if shown is not None:
                yield (change.replace(tzinfo=None) + shown).time()
