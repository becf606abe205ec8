"""Why a deadline stands as it does, in the page: the same arithmetic as `tereze explain`, in three languages."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.insight.board.case_why import why
from services.insight.board.texts import LANGUAGES, texts
from services.insight.case_log import Clock, Told
from services.insight.explain import Explanation, explained
from services.insight.judge import Operation, Start
from shared.deadlines import Calendar, Calendars, Interval, Policies, Policy, Span, seconds, working_days

ZONE = ZoneInfo("Asia/Almaty")
DAY = (Interval(time(9), time(13)), Interval(time(14), time(18)))
CALENDAR = Calendar(ZONE, [DAY] * 5 + [(), ()], days={datetime(2026, 3, 11, tzinfo=UTC).date(): ()})
EVER = datetime(1, 1, 1, tzinfo=UTC)
FRIDAY = datetime(2026, 3, 6, 10, tzinfo=ZONE)
MINUTE = timedelta(minutes=1)


def judged(limit: Span, in_force: datetime, operations: tuple[Operation, ...], now: datetime) -> Explanation:
    policies = Policies([Policy("mail_answer", 1, in_force, limit, seconds(20) if limit.amount == 40 else None)])
    norm = FRIDAY + timedelta(seconds=20) if limit.amount == 40 else None
    clock = Clock(
        Start("mail_answer", None, "north", FRIDAY, CALENDAR.add(limit, FRIDAY), norm, "o1"), operations, "c", 1
    )
    types = ("WrittenRequestReceived", "ClarificationAsked", "ClarificationReceived", "WrittenRequestAnswered")
    events = [Told(n, "intake", name, {}, FRIDAY, FRIDAY, "/desk") for n, name in enumerate(types, 1)]
    return explained("c1", clock, events, now, policies, Calendars(CALENDAR))


def letter(in_force: datetime) -> Explanation:
    """Due in two working days, paused for an hour and a half of one of them, and over it a day that is closed."""
    asked = datetime(2026, 3, 10, 12, tzinfo=ZONE)
    operations = (
        Operation("pause", asked, event=2),
        Operation("resume", asked + 150 * MINUTE, event=3),
        Operation("stop", datetime(2026, 3, 12, 10, tzinfo=ZONE), event=4),
    )
    return judged(working_days(2), in_force, operations, datetime(2026, 3, 13, 12, tzinfo=ZONE))


def test_whoever_doubts_a_verdict_can_count_along() -> None:
    found = why(letter(EVER), texts("en", ZONE))
    assert found.facts == [
        ("Policy", "mail_answer, version 1, in force since ever"),
        ("Limit", "2 working days"),
        ("Calendar", "the centre’s hours, Asia/Almaty"),
        ("Owner", "o1"),
        ("Waited for the consumer", "2 hrs 30 mins"),
    ]
    start, pause, stop = found.steps
    assert start.what == ["Started 6 Mar 2026, 10:00", "Written request received (event 1)"]
    assert start.counted == [
        "2 working days",
        "Fri 6 Mar: the day of the start",
        "Sat 7 Mar – Sun 8 Mar: closed",
        "Mon 9 Mar – Tue 10 Mar: days 1–2, 09:00–13:00, 14:00–18:00",
    ]
    assert start.due == ["10 Mar 2026, 18:00"]
    assert pause.what == [
        "Paused 10 Mar 2026, 12:00",
        "Clarification asked (event 2)",
        "until 10 Mar 2026, 14:30",
        "Clarification received (event 3)",
    ]
    assert pause.counted == [
        "+ 1 hr 30 mins of working time",
        "Tue 10 Mar: 12:00–13:00, 14:00–14:30 = 1 hr 30 mins",
        "so much on from 10 Mar 2026, 18:00:",
        "Tue 10 Mar: outside opening hours",
        "Wed 11 Mar: closed",
        "Thu 12 Mar: 09:00–10:30 = 1 hr 30 mins",
    ]
    assert pause.due == ["12 Mar 2026, 10:30"]
    assert (stop.what[0], stop.counted, stop.due) == ("Done 12 Mar 2026, 10:00", [], [])
    assert found.said == "Met: done 30 mins before it was due on 12 Mar 2026, 10:30."
    assert not found.runs


def test_seconds_are_told_where_they_decide() -> None:
    done = (Operation("stop", FRIDAY + timedelta(seconds=30), event=4),)
    found = why(judged(seconds(40), datetime(2025, 1, 1, tzinfo=UTC), done, FRIDAY + MINUTE), texts("en", ZONE))
    assert found.facts[0] == ("Policy", "mail_answer, version 1, in force since 1 Jan 2025, 05:00")
    assert found.facts[1] == ("Limit", "40 secs; norm 20 secs")
    assert found.steps[0].due == ["6 Mar 2026, 10:00:40", "norm 6 Mar 2026, 10:00:20"]
    assert found.said == "Met: done 10 secs before it was due on 6 Mar 2026, 10:00:40 (in the norm)."


@pytest.mark.parametrize(
    ("operations", "minutes", "said"),
    [
        ((), 10, "Open: not done by 6 Mar 2026, 10:10"),
        ((Operation("pause", FRIDAY + MINUTE),), 10, "Paused: on 6 Mar 2026, 10:10 the centre waits for the consumer"),
        ((), 60 * 24 * 9, "Overdue: not done by 15 Mar 2026, 10:00, 4 days 16 hrs after"),
        ((Operation("cancel", FRIDAY + MINUTE),), 10, "Called off 6 Mar 2026, 10:01, due 10 Mar 2026, 18:00"),
        ((Operation("stop", FRIDAY + 7 * 1440 * MINUTE),), 60 * 24 * 9, "Breached: done 2 days 16 hrs after"),
    ],
)
def test_every_verdict_has_its_sentence(operations: tuple[Operation, ...], minutes: int, said: str) -> None:
    one = judged(working_days(2), EVER, operations, FRIDAY + minutes * MINUTE)
    assert why(one, texts("en", ZONE)).said.startswith(said)
    told = {why(one, texts(language, ZONE)).said for language in LANGUAGES}
    assert len(told) == len(LANGUAGES), "each language has its own"
