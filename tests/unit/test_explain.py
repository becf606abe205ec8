"""An explanation counts as a person would, and ends where the judge does (DOMAIN.md §9, §10)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.cli.explain_view import explanations
from services.insight.arithmetic import counted, open_between, total, worked_on
from services.insight.case_log import Clock, Told
from services.insight.explain import Explanation, explained
from services.insight.judge import Operation, Start
from shared.deadlines import (
    Calendar,
    Calendars,
    Interval,
    Policies,
    Policy,
    Span,
    days,
    hours,
    minutes,
    months,
    working_days,
    working_hours,
)

ZONE = ZoneInfo("Asia/Almaty")
DAY = (Interval(time(9), time(13)), Interval(time(14), time(18)))
ALMATY = Calendar(ZONE, [DAY] * 5 + [(), ()], country="KZ")
BERLIN = Calendar(
    ZoneInfo("Europe/Berlin"),
    [(), DAY, (), (Interval(time(7), time(7, 30)), Interval(time(12), time(20, 15))), (), DAY[:1], DAY[1:]],
    country="DE",
    days={date(2026, 12, 25): (Interval(time(10), time(11)),)},
)
CALENDARS = st.sampled_from([ALMATY, BERLIN, Calendar(UTC, [(Interval(time(0), time.max),)] * 7)])
MOMENTS = st.datetimes(
    datetime.fromisoformat("2025-12-01"), datetime.fromisoformat("2026-12-31"), timezones=st.just(UTC)
)
SPANS = st.one_of(
    st.integers(0, 40).map(working_days),
    st.integers(0, 200).map(working_hours),
    st.integers(0, 5_000).map(minutes),
    st.integers(0, 60).map(days),
    st.integers(0, 6).map(months),
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@given(CALENDARS, SPANS, MOMENTS, st.booleans())
def test_counting_by_days_ends_where_the_engine_does(calendar: Calendar, span: Span, start: datetime, on: bool) -> None:
    found = counted(calendar, span, start, from_working_day=on)
    assert found.ends_at == calendar.add(span, start, from_working_day=on)
    numbered = [day.number for day in found.days if day.number is not None]
    assert numbered == list(range(1, len(numbered) + 1))
    assert all(bool(day.counted) != bool(day.why_not) for day in found.days), "each day counts, or is said why not"


@given(CALENDARS, MOMENTS, st.timedeltas(timedelta(0), timedelta(days=60)))
def test_working_time_is_added_up_as_the_engine_does(calendar: Calendar, since: datetime, length: timedelta) -> None:
    assert total(open_between(calendar, since, since + length)) == calendar.worked(since, since + length)
    ends, passed = worked_on(calendar, since, length / 3)
    assert ends == calendar.later(since, length / 3)
    assert total(passed) == length / 3


EVER = datetime(1990, 1, 1, tzinfo=UTC)
LIMITS = {
    "answer": Policy("answer", 1, EVER, days(10), days(2)),
    "answer.law": Policy("answer.law", 3, EVER, working_days(5), None, True),
    "answer.desk": Policy("answer.desk", 1, EVER, working_hours(12), working_hours(3)),
    "answer.phone": Policy("answer.phone", 1, EVER, hours(30)),
}
POLICIES = Policies(LIMITS.values())
VARIANTS = (None, "law", "desk", "phone")
T0 = at("2026-03-07 10:00")
TIMES = st.integers(0, 30 * 24 * 2).map(lambda halves: T0 + timedelta(minutes=30 * halves))
OPERATIONS = st.lists(
    st.one_of(
        st.builds(Operation, st.sampled_from(["pause", "resume", "resume", "stop", "lapse", "cancel"]), TIMES),
        st.builds(lambda when, to: Operation("move", when, due_at=to), TIMES, TIMES),
        st.builds(lambda when, by: Operation("move", when, span=by.code), TIMES, SPANS),
        st.builds(lambda when, which: Operation("vary", when, variant=which), TIMES, st.sampled_from(VARIANTS)),
    ),
    max_size=9,
)


def explain(variant: str | None, *operations: Operation, now: datetime, calendar: Calendar = ALMATY) -> Explanation:
    policy = LIMITS["answer" if variant is None else f"answer.{variant}"]
    due, norm = (
        None if span is None else calendar.add(span, T0, from_working_day=policy.from_working_day)
        for span in (policy.limit, policy.norm)
    )
    assert due is not None
    clock = Clock(Start("answer", variant, "Centre 1", T0, due, norm, "o1"), operations, "answer:c1", 1)
    told = [Told(number, "", name, {}, T0, T0, "") for number, name in ((1, "Received"), (2, "Asked"), (3, "Given"))]
    return explained("c1", clock, told, now, POLICIES, Calendars(calendar))


@settings(max_examples=300)
@given(st.sampled_from(VARIANTS), OPERATIONS, TIMES, CALENDARS)
def test_the_arithmetic_ends_at_the_due_moment_the_judge_says(
    variant: str | None, operations: list[Operation], now: datetime, calendar: Calendar
) -> None:
    found = explain(variant, *operations, now=now, calendar=calendar)
    assert found.steps[-1].due_at == found.due_at
    assert found.steps[-1].norm_due_at == found.norm_due_at
    ended = found.done_at or found.cancelled_at
    assert (found.steps[-1].what in {"stop", "lapse", "cancel"}) == (ended is not None)
    assert found.by_s == (found.steps[-1].due_at - (ended or now)).total_seconds()


def test_a_pause_under_working_days_is_told_step_by_step(capsys: pytest.CaptureFixture[str]) -> None:
    # The 7th is a Saturday; Monday the 9th is off for Women's Day, a Sunday.
    found = explain(
        "law",
        Operation("pause", at("2026-03-12 16:00"), event=2),
        Operation("resume", at("2026-03-13 10:00"), event=3),
        Operation("stop", at("2026-03-18 11:00"), event=4),
        now=at("2026-03-31 12:00"),
    )
    assert [(step.what, step.due_at) for step in found.steps] == [
        ("start", at("2026-03-17 18:00")),
        ("pause", at("2026-03-18 12:00")),
        ("stop", at("2026-03-18 12:00")),
    ]
    explanations([found], "Asia/Almaty")
    told = capsys.readouterr().out
    for line in (
        "answer.law, version 3, in force since",
        "5 working days",
        "counts from 2026-03-10 09:00",
        "Sat 7 Mar: closed",
        "Sat 14 Mar – Sun 15 Mar: closed",
        "Tue 10 Mar: the day of the start",
        "Wed 11 Mar – Fri 13 Mar: days 1–3, 09:00–13:00, 14:00–18:00",
        "Mon 16 Mar – Tue 17 Mar: days 4–5",
        "+ 3 h of working time",
        "Thu 12 Mar: 16:00–18:00 = 2 h",
        "Fri 13 Mar: 09:00–10:00 = 1 h",
        "Asked (2)",
        "Given (3)",
        "Wed 18 Mar: 09:00–12:00 = 3 h",
        "Met: done 1 h before it was due 2026-03-18 12:00.",
    ):
        assert line in told, told


def test_what_came_too_late_is_said_to_move_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    late = Operation("move", at("2026-04-20 10:00"), span=days(5).code)
    found = explain("phone", late, now=at("2026-04-21 10:00"))
    assert (found.verdict, found.steps[-1].counts) == ("overdue", False)
    explanations([found], "Asia/Almaty")
    assert "it was late already: moves nothing" in capsys.readouterr().out


def test_foreign_markup_is_shown_and_not_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    start = Start("[/x]", None, "[/x]", T0, T0, None, "[/x]")
    policies = Policies([Policy("[/x]", 1, EVER, minutes(0))])
    clock = Clock(start, (), "[/x]", 1)
    explanations([explained("[/x]", clock, [], T0, policies, Calendars(ALMATY))], "Asia/Almaty")
    assert capsys.readouterr().out.count("[/x]") >= 3
