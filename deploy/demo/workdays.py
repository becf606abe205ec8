"""The account's own calendar: which days the made-up centre works on, and when so many of them are over."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo

import holidays

_OPENS, _CLOSES = time(9), time(18, 30)
_OPEN_FOR = timedelta(hours=9, minutes=30)
_SATURDAY = 5


class Workdays:
    """Kazakhstan's working days, in the centre's time zone. Results are in UTC."""

    def __init__(self, zone: tzinfo | None) -> None:
        self._zone = zone
        self._free = holidays.country_holidays("KZ")

    def later(self, at: datetime, count: int) -> datetime:
        """When the centre closes on the last of so many working days after that of `at`."""
        day = at.astimezone(self._zone).date()
        while count:
            day += timedelta(days=1)
            count -= self._works(day)
        return datetime.combine(day, _CLOSES, self._zone).astimezone(UTC)

    def counted_from(self, at: datetime) -> datetime:
        """The same moment, or, of a day on which the centre is closed, the next opening."""
        day = at.astimezone(self._zone).date()
        if self._works(day):
            return at
        while not self._works(day):
            day += timedelta(days=1)
        return datetime.combine(day, _OPENS, self._zone).astimezone(UTC)

    def worked(self, since: datetime, until: datetime) -> timedelta:
        """How long the centre was open between two moments."""
        since, until = since.astimezone(self._zone), until.astimezone(self._zone)
        total, day = timedelta(), since.date()
        while day <= until.date():
            if self._works(day):
                opens, closes = (datetime.combine(day, clock, self._zone) for clock in (_OPENS, _CLOSES))
                total += max(timedelta(), min(until, closes) - max(since, opens))
            day += timedelta(days=1)
        return total

    def open_for(self, since: datetime, length: timedelta) -> datetime:
        """When the centre was open for so long after a moment."""
        begins = since.astimezone(self._zone)
        while True:
            opens, closes = (datetime.combine(begins.date(), clock, self._zone) for clock in (_OPENS, _CLOSES))
            begins = max(begins, opens)
            left = max(timedelta(), closes - begins) if self._works(begins.date()) else timedelta()
            if left >= length:
                return (begins + length).astimezone(UTC)
            length -= left
            begins = datetime.combine(begins.date() + timedelta(days=1), _OPENS, self._zone)

    def moved(self, closing: datetime, by: timedelta) -> datetime:
        """A limit at the close of a working day, so much working time later."""
        days, rest = divmod(by, _OPEN_FOR)
        if not rest:
            return self.later(closing, days)
        day = self.later(closing, days + 1).astimezone(self._zone).date()
        return (datetime.combine(day, _OPENS, self._zone) + rest).astimezone(UTC)

    def after(self, day: date) -> date:
        """The first working day after a day."""
        following = day + timedelta(days=1)
        while not self._works(following):
            following += timedelta(days=1)
        return following

    def _works(self, day: date) -> bool:
        if day in self._free:
            return False
        return day.weekday() < _SATURDAY or day in self._free.weekend_workdays
