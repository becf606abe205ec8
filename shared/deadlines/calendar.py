"""A centre's calendar: when it is open, and what is due when on working time (DOMAIN.md §2, §9).

Counting by bisection over each year's opening intervals, so that six months cost no more than a minute.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache, lru_cache
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from .due import add
from .policy import Span, Unit

if TYPE_CHECKING:
    from holidays import HolidayBase

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DAY = timedelta(days=1)
CLOSED = "closed"
"""Why a day does not count that is no holiday."""


class Interval(NamedTuple):
    """Open from one local time to another of the same day."""

    opens: time
    closes: time


Hours = tuple[Interval, ...]
"""A day's opening intervals, in their order; none: closed."""


class _Year(NamedTuple):
    """A year's opening intervals in microseconds since 2000."""

    days: list[date]
    """On which it is open at all."""
    opens: list[int]
    closes: list[int]
    before: list[int]
    """How much of the year was worked before each interval."""
    total: int


class Calendar:
    """One office's opening intervals, in its time zone. Results are in UTC."""

    def __init__(
        self,
        zone: tzinfo,
        weekly: Sequence[Hours],
        *,
        country: str | None = None,
        days: Mapping[date, Hours] | None = None,
    ) -> None:
        """`weekly` from Monday to Sunday; `country` (ISO 3166) gives the public holidays; `days` overrule both.

        Raises:
            ValueError: not seven days, intervals out of order, never open, or no such country.
        """
        if len(weekly) != 7:
            raise ValueError(f"a week has 7 days, not {len(weekly)}; give an empty one where it is closed")
        for hours in (*weekly, *(days or {}).values()):
            _in_order(hours)
        if not any(weekly):
            raise ValueError("never open; give opening hours for at least one day of the week")
        self.zone = zone
        self._weekly = tuple(weekly)
        self._days = dict(days or {})
        self._holidays = None if country is None else _holidays(country)
        self._year = lru_cache(maxsize=None)(self._compiled)

    def hours(self, day: date) -> Hours:
        """When it is open that day."""
        if day in self._days:
            return self._days[day]
        known, usual = self._holidays, self._weekly[day.weekday()]
        if known is None:
            return usual
        if day in known:
            return ()
        if not usual and day in known.weekend_workdays:
            # A free weekend day worked for a day off elsewhere in the week keeps an ordinary day's hours.
            return next(hours for hours in self._weekly if hours)
        return usual

    def is_open_on(self, day: date) -> bool:
        """Whether it is a working day."""
        return bool(self.hours(day))

    def closed_because(self, day: date) -> str | None:
        """Why it is closed that day: the holiday's name in the country's language, "closed" otherwise; None: open."""
        if self.is_open_on(day):
            return None
        holiday = None if self._holidays is None or day in self._days else self._holidays.get(day)
        return holiday or CLOSED

    def working_day_after(self, day: date) -> date:
        """The first working day after a day."""
        following = day + _DAY
        while not self.is_open_on(following):
            following += _DAY
        return following

    def add(self, span: Span, start: datetime, *, from_working_day: bool = False) -> datetime:
        """When a span that begins at `start` ends.

        Working days end when the centre closes on the last of them; the day of the start is not counted.
        `from_working_day`: what comes on a day on which it is closed counts from the next opening (§9).
        """
        if from_working_day:
            start = self.counted_from(start)
        if span.unit is Unit.WORKING_SECONDS:
            return self.later(start, timedelta(seconds=span.amount))
        if span.unit is Unit.WORKING_DAYS:
            return self._days_later(start, span.amount) if span.amount else start.astimezone(UTC)
        return add(span, start, self.zone)

    def counted_from(self, start: datetime) -> datetime:
        """`start` itself on a working day, else the first opening of the next one."""
        day = start.astimezone(self.zone).date()
        if self.is_open_on(day):
            return start.astimezone(UTC)
        following = self.working_day_after(day)
        return self._moment(following, self.hours(following)[0].opens)

    def worked(self, start: datetime, end: datetime) -> timedelta:
        """How long it was open between two moments; nothing where the end is the earlier one."""
        if end <= start:
            return timedelta()
        first, last = (moment.astimezone(self.zone).year for moment in (start, end))
        whole = sum(self._year(year).total for year in range(first, last))
        return (
            whole + _worked(self._year(last), _micros(end)) - _worked(self._year(first), _micros(start))
        ) * _MICROSECOND

    def later(self, start: datetime, worked: timedelta) -> datetime:
        """The first moment at which it was open for so long since `start`; for nothing, `start` itself."""
        if not worked:
            return start.astimezone(UTC)
        number = start.astimezone(self.zone).year
        year = self._year(number)
        left = _worked(year, _micros(start)) + worked // _MICROSECOND
        while left > year.total:
            left -= year.total
            number += 1
            year = self._year(number)
        index = bisect_left(year.before, left) - 1
        return _EPOCH + timedelta(microseconds=year.opens[index] + left - year.before[index])

    def _days_later(self, start: datetime, amount: int) -> datetime:
        number = self.counted_from(start).astimezone(self.zone).date()
        year = self._year(number.year)
        # The day itself is at this index: it is a working day.
        index = bisect_left(year.days, number) + amount
        which = number.year
        while index >= len(year.days):
            index -= len(year.days)
            which += 1
            year = self._year(which)
        day = year.days[index]
        return self._moment(day, self.hours(day)[-1].closes)

    def _compiled(self, number: int) -> _Year:
        year = _Year([], [], [], [], 0)
        total = 0
        for day in _days_of(number):
            if hours := self.hours(day):
                year.days.append(day)
            for interval in hours:
                opens, closes = (_micros(self._moment(day, at)) for at in interval)
                year.opens.append(opens)
                year.closes.append(closes)
                year.before.append(total)
                total += closes - opens
        return year._replace(total=total)

    def _moment(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at, self.zone).astimezone(UTC)


class Calendars:
    """The calendars of a centre's offices; an office that has none of its own keeps the centre's."""

    def __init__(self, default: Calendar, offices: Mapping[str, Calendar] | None = None) -> None:
        self.default = default
        self._offices = dict(offices or {})

    @property
    def zone(self) -> tzinfo:
        """The centre's time zone."""
        return self.default.zone

    @property
    def own(self) -> Mapping[str, Calendar]:
        """Of the offices that have calendars of their own."""
        return MappingProxyType(self._offices)

    def of(self, office: str | None) -> Calendar:
        """An office's calendar."""
        return self.default if office is None else self._offices.get(office, self.default)


@cache
def _holidays(country: str) -> HolidayBase:
    # Imported here: a tenth of a second and 6 MB, which who only names limits does not need.
    from holidays import country_holidays

    try:
        return country_holidays(country)
    except NotImplementedError:
        raise ValueError(f"no holidays are known of country {country!r}; give its ISO code, e.g. KZ") from None


def _worked(year: _Year, at: int) -> int:
    """How much of the year was worked until then."""
    index = bisect_right(year.opens, at) - 1
    return 0 if index < 0 else year.before[index] + min(at, year.closes[index]) - year.opens[index]


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _days_of(year: int) -> Iterator[date]:
    day = date(year, 1, 1)
    while day.year == year:
        yield day
        day += _DAY


def _in_order(hours: Hours) -> None:
    edges = [edge for interval in hours for edge in interval]
    if any(later <= earlier for earlier, later in pairwise(edges)):
        said = ", ".join(f"{opens:%H:%M}-{closes:%H:%M}" for opens, closes in hours)
        raise ValueError(f"opening hours {said} are not in order; begin with the earliest, without overlap")
