"""The deadline engine: spans, policies in force, and what the clocks' changes do to them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.deadlines import (
    WORKING,
    Policies,
    Policy,
    Span,
    Unit,
    UnknownPolicyError,
    add,
    days,
    due_at,
    hours,
    minutes,
    months,
    norm_due_at,
)

ALMATY = ZoneInfo("Asia/Almaty")
BERLIN = ZoneInfo("Europe/Berlin")
ZONES = st.sampled_from([ALMATY, BERLIN, ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe"), UTC])
MOMENTS = st.datetimes(
    datetime.fromisoformat("1990-01-01"), datetime.fromisoformat("2060-01-01"), timezones=st.just(UTC)
)


def at(text: str, zone: ZoneInfo = ALMATY) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("span", "start", "due"),
    [
        (minutes(10), "2026-03-02 09:55", "2026-03-02 10:05"),
        (hours(2), "2026-03-02 23:00", "2026-03-03 01:00"),
        (days(10), "2026-02-25 16:30", "2026-03-07 16:30"),
        (months(1), "2026-01-15 09:00", "2026-02-15 09:00"),
        (months(1), "2026-01-31 09:00", "2026-02-28 09:00"),
        (months(1), "2028-01-31 09:00", "2028-02-29 09:00"),
        (months(3), "2026-11-30 09:00", "2027-02-28 09:00"),
    ],
)
def test_spans_in_the_centres_time(span: Span, start: str, due: str) -> None:
    assert add(span, at(start), ALMATY) == at(due)


def test_calendar_days_keep_the_local_time_when_the_clocks_change() -> None:
    # Almaty put its clocks back by an hour on 1 March 2024; Berlin puts them forward on 29 March 2026.
    assert add(days(10), at("2024-02-25 12:00"), ALMATY) == at("2024-03-06 12:00")
    assert add(days(10), at("2024-02-25 12:00"), ALMATY) - at("2024-02-25 12:00").astimezone(UTC) == timedelta(
        days=10, hours=1
    )
    assert add(hours(24), at("2026-03-28 12:00", BERLIN), BERLIN) == at("2026-03-29 13:00", BERLIN)
    assert add(days(1), at("2026-03-28 12:00", BERLIN), BERLIN) == at("2026-03-29 12:00", BERLIN)


def test_a_local_time_that_is_skipped_is_put_forward_and_one_that_is_shown_twice_is_the_first() -> None:
    skipped = add(days(1), at("2026-03-28 02:30", BERLIN), BERLIN)
    twice = add(days(1), at("2026-10-24 02:30", BERLIN), BERLIN)
    assert skipped.astimezone(BERLIN).strftime("%d %H:%M") == "29 03:30"
    assert twice == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@given(MOMENTS, st.integers(0, 10**8), ZONES)
def test_seconds_are_exact_whatever_the_zone_does(start: datetime, amount: int, zone: ZoneInfo) -> None:
    assert add(Span(amount, Unit.SECONDS), start, zone) - start == timedelta(seconds=amount)


@given(MOMENTS, st.integers(1, 400), ZONES)
def test_days_end_at_the_same_local_time_so_many_dates_later(start: datetime, amount: int, zone: ZoneInfo) -> None:
    due = add(days(amount), start, zone)
    wanted = start.astimezone(zone).replace(tzinfo=None) + timedelta(days=amount)
    exists = wanted.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) == wanted
    if exists:
        assert due.astimezone(zone).replace(tzinfo=None) == wanted
    # Kazakhstan's clocks moved by two hours in the winter of 1991.
    assert abs((due - start) - timedelta(days=amount)) <= timedelta(hours=2)


@given(MOMENTS, st.integers(0, 24), ZONES)
def test_months_end_on_the_same_day_or_the_months_last(start: datetime, amount: int, zone: ZoneInfo) -> None:
    local, due = start.astimezone(zone), add(months(amount), start, zone).astimezone(zone)
    assert (due.year * 12 + due.month) - (local.year * 12 + local.month) == amount
    next_day = due.replace(tzinfo=None) + timedelta(days=1)
    assert due.day == local.day or (due.day < local.day and next_day.month != due.month)


@given(MOMENTS, st.sampled_from(sorted(set(Unit) - WORKING)), ZONES)
def test_nothing_is_due_at_once(start: datetime, unit: Unit, zone: ZoneInfo) -> None:
    assert add(Span(0, unit), start, zone) == start


def test_a_range_has_a_norm_and_a_maximum() -> None:
    policy = Policy("consult", 1, at("2020-01-01"), hours(2), minutes(20))
    start = at("2026-03-02 09:00")
    assert due_at(policy, start, ALMATY) == at("2026-03-02 11:00")
    assert norm_due_at(policy, start, ALMATY) == at("2026-03-02 09:20")
    assert norm_due_at(Policy("answer", 1, at("2020-01-01"), days(10)), start, ALMATY) is None


def test_the_version_in_force_at_the_start_judges() -> None:
    old = Policy("answer", 1, at("2020-01-01"), days(15))
    new = Policy("answer", 2, at("2026-01-01"), days(10))
    policies = Policies([new, old])
    assert policies.in_force("answer", at("2025-12-31 23:59")) is old
    assert policies.in_force("answer", at("2026-01-01")) is new
    with pytest.raises(UnknownPolicyError, match="in-force date"):
        policies.in_force("answer", at("2019-12-31"))


def test_a_span_is_not_negative_and_says_what_it_is() -> None:
    with pytest.raises(ValueError, match="negative"):
        days(-1)
    assert [str(span) for span in (minutes(20), hours(2), days(1), days(10), months(3))] == [
        "20 min",
        "2 h",
        "1 day",
        "10 days",
        "3 months",
    ]
