"""Working time: opening intervals, holidays, what comes on a closed day (DOMAIN.md §2, §9)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.deadlines import (
    Calendar,
    Hours,
    Interval,
    Policy,
    Span,
    Unit,
    days,
    minutes,
    months,
    seconds,
    working_days,
    working_hours,
)

ZONE = ZoneInfo("Asia/Almaty")
DAY: Hours = (Interval(time(9), time(13)), Interval(time(14), time(18)))
CENTRE = Calendar(ZONE, [DAY] * 5 + [(), ()], country="KZ")
WEEKENDS = Calendar(
    ZoneInfo("Europe/Berlin"),
    [(), DAY, (), (Interval(time(7), time(7, 30)), Interval(time(12), time(20, 15))), (), DAY[:1], DAY[1:]],
    country="DE",
    days={date(2026, 12, 25): (Interval(time(10), time(11)),)},
)
CALENDARS = st.sampled_from([CENTRE, WEEKENDS, Calendar(UTC, [DAY] * 7)])
MOMENTS = st.datetimes(
    datetime.fromisoformat("2020-01-01"), datetime.fromisoformat("2030-01-01"), timezones=st.just(UTC)
)
WORKED = st.timedeltas(timedelta(0), timedelta(days=100))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def test_the_next_working_day_is_no_weekend_no_holiday_and_no_free_day() -> None:
    free = Calendar(ZONE, [DAY] * 5 + [(), ()], country="KZ", days={date(2026, 12, 25): ()})
    for day, following in (("2026-12-11", "2026-12-14"), ("2026-12-15", "2026-12-17"), ("2026-12-24", "2026-12-28")):
        assert free.working_day_after(date.fromisoformat(day)) == date.fromisoformat(following)


@pytest.mark.parametrize(
    ("span", "start", "due"),
    [
        (seconds(40), "2026-03-07 23:00:00", "2026-03-07 23:00:40"),  # the wall clock knows no closing time
        (working_hours(2), "2026-03-02 12:00", "2026-03-02 15:00"),  # over lunch
        (working_hours(2), "2026-03-02 17:30", "2026-03-03 10:30"),  # over night
        (working_hours(1), "2026-03-06 17:00", "2026-03-06 18:00"),  # to the minute, not the next morning
        (working_hours(1), "2026-03-06 17:30", "2026-03-10 09:30"),  # the 9th: Women's Day was a Sunday
        (working_hours(8), "2026-03-07 12:00", "2026-03-10 18:00"),
        (working_days(1), "2026-03-02 10:00", "2026-03-03 18:00"),
        (working_days(3), "2026-03-19 10:00", "2026-03-27 18:00"),  # Nauryz is 21st-23rd, off until the 25th
        (working_days(5), "2026-12-28 10:00", "2027-01-06 18:00"),  # over New Year; the 4th is off for the 2nd
        (working_days(15), "2026-03-02 10:00", "2026-03-27 18:00"),
        (days(10), "2026-03-02 10:00", "2026-03-12 10:00"),
        (months(6), "2026-03-31 10:00", "2026-09-30 10:00"),
    ],
)
def test_spans_by_kazakhstans_calendar(span: Span, start: str, due: str) -> None:
    assert CENTRE.add(span, at(start)) == at(due)


@pytest.mark.parametrize(
    ("start", "counted"),
    [
        ("2026-03-07 12:00", "2026-03-10 09:00"),  # a Saturday; Monday is a day off
        ("2026-05-01 12:00", "2026-05-04 09:00"),  # a holiday on a Friday
        ("2026-03-06 20:00", "2026-03-06 20:00"),  # after closing on a working day is still that day
        ("2026-03-06 12:00", "2026-03-06 12:00"),
    ],
)
def test_what_comes_on_a_closed_day_counts_from_the_next_working_day(start: str, counted: str) -> None:
    assert CENTRE.counted_from(at(start)) == at(counted)
    assert CENTRE.add(days(10), at(start), from_working_day=True) == at(counted) + timedelta(days=10)
    assert CENTRE.add(working_days(1), at(start)) == CENTRE.add(working_days(1), at(counted))


def test_a_saturday_worked_for_a_day_off_is_a_working_day() -> None:
    # In 2025 Friday the 3rd of January was free, and Sunday the 5th was worked for it.
    assert (CENTRE.is_open_on(date(2025, 1, 3)), CENTRE.hours(date(2025, 1, 5))) == (False, DAY)


def test_single_days_overrule_the_week_and_the_holidays() -> None:
    assert WEEKENDS.hours(date(2026, 12, 25)) == (Interval(time(10), time(11)),)
    short = Calendar(ZONE, [DAY] * 5 + [(), ()], country="KZ", days={date(2026, 3, 2): ()})
    assert short.add(working_hours(1), at("2026-03-02 10:00")) == at("2026-03-03 10:00")


def test_a_policy_knows_whether_the_wall_clock_is_enough_for_it() -> None:
    ever = datetime(2000, 1, 1, tzinfo=UTC)
    assert not Policy("call", 1, ever, seconds(40), minutes(1)).needs_calendar
    assert Policy("answer", 1, ever, days(10), None, True).needs_calendar
    assert Policy("answer", 1, ever, working_days(5)).needs_calendar
    assert Policy("answer", 1, ever, days(5), working_hours(4)).needs_calendar


@pytest.mark.parametrize(
    ("weekly", "country", "message"),
    [
        ([DAY] * 6, None, "7 days"),
        ([()] * 7, None, "never open"),
        ([DAY[::-1]] * 7, None, "not in order"),
        ([(Interval(time(9), time(9)),)] * 7, None, "not in order"),
        ([DAY] * 7, "XX", "ISO code"),
    ],
)
def test_a_calendar_that_can_not_be_says_why(weekly: list[Hours], country: str | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Calendar(ZONE, weekly, country=country)


def _open_at(calendar: Calendar, moment: datetime) -> bool:
    local = moment.astimezone(calendar.zone)
    return any(opens <= local.time() <= closes for opens, closes in calendar.hours(local.date()))


def _worked_by_the_minute(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """Another way to count: minute by minute."""
    step, worked = timedelta(minutes=1), timedelta()
    while start < end:
        local = start.astimezone(calendar.zone)
        if any(opens <= local.time() < closes for opens, closes in calendar.hours(local.date())):
            worked += min(step, end - start)
        start += step
    return worked


_MINUTES = MOMENTS.map(lambda moment: moment.replace(second=0, microsecond=0))


@settings(max_examples=20)
@given(CALENDARS, _MINUTES, st.integers(0, 5 * 24 * 60))
def test_working_time_is_what_a_minute_by_minute_count_finds(calendar: Calendar, start: datetime, passed: int) -> None:
    end = start + timedelta(minutes=passed)
    assert calendar.worked(start, end) == _worked_by_the_minute(calendar, start, end)


@given(CALENDARS, MOMENTS, WORKED)
def test_a_span_of_working_time_is_worked_when_it_ends_and_ends_while_open(
    calendar: Calendar, start: datetime, worked: timedelta
) -> None:
    due = calendar.later(start, worked)
    assert calendar.worked(start, due) == worked
    assert not worked or _open_at(calendar, due)


@given(CALENDARS, MOMENTS, st.integers(1, 130))
def test_working_days_end_when_the_centre_closes_and_never_on_a_closed_day(
    calendar: Calendar, start: datetime, amount: int
) -> None:
    due = calendar.add(working_days(amount), start).astimezone(calendar.zone)
    assert due.time() == calendar.hours(due.date())[-1].closes
    first = calendar.counted_from(start).astimezone(calendar.zone).date()
    between = (first + timedelta(days=n) for n in range(1, (due.date() - first).days + 1))
    assert sum(map(calendar.is_open_on, between)) == amount


@given(CALENDARS, MOMENTS, MOMENTS, st.sampled_from(Unit), st.integers(0, 60), st.booleans())
def test_what_begins_later_is_not_due_earlier(
    calendar: Calendar, one: datetime, other: datetime, unit: Unit, amount: int, carried: bool
) -> None:
    earlier, later = sorted((one, other))
    span = Span(amount, unit)
    first, second = (calendar.add(span, start, from_working_day=carried) for start in (earlier, later))
    # Days and months keep the local time of day: where clocks are put back an hour is lived twice, and months differ.
    slack = {Unit.DAYS: timedelta(hours=1), Unit.MONTHS: timedelta(days=3, hours=1)}.get(unit, timedelta())
    assert first <= second + slack
    assert first >= earlier


@given(CALENDARS, MOMENTS, st.sampled_from(Unit), st.integers(0, 60), st.integers(0, 60))
def test_the_longer_span_is_not_due_earlier(
    calendar: Calendar, start: datetime, unit: Unit, one: int, other: int
) -> None:
    shorter, longer = sorted((one, other))
    assert calendar.add(Span(shorter, unit), start) <= calendar.add(Span(longer, unit), start)
