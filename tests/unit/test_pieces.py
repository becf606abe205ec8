"""Due moments that are looked up are those that are reckoned, in every zone, at every moment."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.insight.instants import Instant, instant, moment
from services.insight.setwise.pieces import edges, opening_edges, pieces
from shared.deadlines import Calendar, Span, Unit
from shared.deadlines.calendar import Interval

WORKDAY = (Interval(time(9), time(13)), Interval(time(14, 0, 30), time(18)))
WEEK = (*(WORKDAY,) * 5, (), ())
ZONES = ("Asia/Almaty", "America/New_York", "Europe/London", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC")
DAY = timedelta(days=1)
DAY_MICROS = DAY // timedelta(microseconds=1)
spans = (
    st.builds(Span, st.integers(0, 70), st.sampled_from([Unit.DAYS, Unit.WORKING_DAYS]))
    | st.builds(Span, st.integers(0, 6), st.just(Unit.MONTHS))
    | st.builds(Span, st.integers(1, 40 * 3600), st.just(Unit.WORKING_SECONDS))
)


@pytest.mark.parametrize("zone", ZONES)
@settings(max_examples=40, deadline=None)
@given(first=st.dates(date(2023, 1, 1), date(2027, 1, 1)), span=spans, carried=st.booleans(), data=st.data())
def test_a_piece_says_what_the_calendar_reckons(
    zone: str, first: date, span: Span, carried: bool, data: st.DataObject
) -> None:
    calendar = Calendar(ZoneInfo(zone), WEEK, country="KZ")

    def ends(start: Instant) -> Instant:
        return instant(calendar.add(span, moment(start), from_working_day=carried))

    days = [first + number * DAY for number in range(4)]
    cut = edges(days, calendar.zone)
    if span.unit is Unit.WORKING_SECONDS:
        cut = sorted({*cut, *opening_edges(days, calendar, ends)})
    found = list(pieces(days, cut, ends))
    begins = instant(datetime.combine(first, time.min, UTC))
    # Every microsecond of these days is in one piece.
    assert [piece.since for piece in found] == [begins, *(piece.until for piece in found[:-1])]
    assert found[-1].until == begins + 4 * DAY_MICROS
    near = st.tuples(st.sampled_from(cut), st.integers(-2, 2)).map(sum)
    inside = st.integers(begins, begins + 4 * DAY_MICROS - 1)
    for at in data.draw(st.lists(inside | near.filter(lambda at: begins <= at < begins + 4 * DAY_MICROS), min_size=20)):
        piece = found[bisect_right([one.since for one in found], at) - 1]
        assert piece.day == moment(at).date()
        assert (piece.fixed if piece.shift is None else at + piece.shift) == ends(at), moment(at)


def test_without_days_there_is_nothing() -> None:
    assert edges([], UTC) == []
    assert list(pieces([], [], lambda at: at)) == []
