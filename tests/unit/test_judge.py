"""What came of clocks that were paused, moved, cancelled or put under another policy (DOMAIN.md §2, §9, §10)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.insight.judge import Judged, Operation, Pause, Start, judge
from shared.deadlines import Calendar, Calendars, Interval, Policies, Policy, days, hours, minutes, working_days

ZONE = ZoneInfo("Asia/Almaty")
DAY = (Interval(time(9), time(13)), Interval(time(14), time(18)))
CALENDAR = Calendar(ZONE, [DAY] * 5 + [()] * 2, days={date(2026, 3, 9): ()})
EVER = datetime(1990, 1, 1, tzinfo=UTC)
POLICIES = Policies(
    [
        Policy("answer", 1, EVER, days(10)),
        Policy("answer.administrative", 1, EVER, working_days(15), None, True),
        Policy("answer.public_services", 1, EVER, working_days(5), None, True),
        Policy("talk", 1, EVER, hours(2), minutes(20)),
    ]
)


def at(text: str) -> datetime:
    """A local time in March 2026: day, hour and minute. The 2nd is a Monday."""
    return datetime.strptime(f"2026-03-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=ZONE)


def judged(
    indicator: str, start: str, *operations: Operation, now: str = "31 12:00", variant: str | None = None
) -> Judged:
    name = indicator if variant is None else f"{indicator}.{variant}"
    policy = POLICIES.in_force(name, at(start))
    carried = policy.from_working_day
    due = CALENDAR.add(policy.limit, at(start), from_working_day=carried)
    norm = None if policy.norm is None else CALENDAR.add(policy.norm, at(start), from_working_day=carried)
    begun = Start(indicator, variant, "Centre 1", at(start), due, norm)
    return judge(begun, operations, now=at(now), policies=POLICIES, calendars=Calendars(CALENDAR))


def pause(text: str) -> Operation:
    return Operation("pause", at(text))


def resume(text: str) -> Operation:
    return Operation("resume", at(text))


def stop(text: str) -> Operation:
    return Operation("stop", at(text))


def cancel(text: str) -> Operation:
    return Operation("cancel", at(text))


def test_a_pause_moves_the_due_moment_by_its_length() -> None:
    found = judged("answer", "02 10:00", pause("04 10:00"), resume("06 16:00"), stop("14 15:00"))
    assert (found.due_at, found.verdict) == (at("14 16:00"), "met")
    assert found.pauses == (Pause(at("04 10:00"), at("06 16:00")),)
    assert found.paused == timedelta(days=2, hours=6)


def test_without_the_pause_the_same_answer_would_be_late() -> None:
    assert judged("answer", "02 10:00", stop("14 15:00")).verdict == "breached"


def test_while_it_waits_for_the_consumer_it_is_paused_and_never_overdue() -> None:
    found = judged("answer", "02 10:00", pause("04 10:00"))
    assert (found.verdict, found.due_at - at("31 12:00")) == ("paused", timedelta(days=8))
    assert found.pauses == (Pause(at("04 10:00"), None),)


def test_what_was_overdue_before_the_pause_stays_so() -> None:
    assert judged("answer", "02 10:00", pause("13 10:00")).verdict == "overdue"
    assert judged("answer", "02 10:00", pause("13 10:00"), resume("20 10:00"), stop("20 11:00")).verdict == "breached"


def test_a_wait_that_begins_at_the_due_moment_itself_is_in_time() -> None:
    """Regression: whoever did not come to what was due at an agreed time left the centre late for good."""
    assert judged("answer", "02 10:00", pause("12 10:00")).verdict == "paused"
    later = Operation("move", at("12 11:00"), due_at=at("13 10:00"))
    found = judged("answer", "02 10:00", pause("12 10:00"), resume("12 11:00"), later, stop("13 10:00"))
    assert (found.due_at, found.verdict) == (at("13 10:00"), "met")
    assert judged("answer", "02 10:00", pause("12 10:01")).verdict == "overdue"


def test_under_working_days_a_pause_counts_working_time_only() -> None:
    # Monday the 9th is closed, so the fifth working day after Monday the 2nd is Tuesday the 10th.
    assert judged("answer", "02 10:00", variant="public_services").due_at == at("10 18:00")
    over_the_weekend = judged(
        "answer", "02 10:00", pause("06 18:00"), resume("10 09:00"), stop("10 12:00"), variant="public_services"
    )
    assert over_the_weekend.due_at == at("10 18:00")
    two_hours = judged(
        "answer", "02 10:00", pause("04 16:00"), resume("04 18:00"), stop("11 11:00"), variant="public_services"
    )
    assert (two_hours.due_at, two_hours.verdict) == (at("11 11:00"), "met")


def test_several_pauses_add_up_and_a_second_pause_within_one_changes_nothing() -> None:
    found = judged(
        "answer",
        "02 10:00",
        pause("03 10:00"),
        pause("03 12:00"),
        resume("04 10:00"),
        pause("05 10:00"),
        stop("06 10:00"),
    )
    assert (found.due_at, found.paused) == (at("14 10:00"), timedelta(days=2))


def test_the_norm_is_paused_too() -> None:
    found = judged("talk", "02 10:00", pause("02 10:05"), resume("02 10:35"), stop("02 10:45"))
    assert (found.norm_due_at, found.norm, found.verdict) == (at("02 10:50"), "below", "met")


@pytest.mark.parametrize(
    ("ended", "norm"), [("02 10:10", "below"), ("02 10:20", "in"), ("02 12:00", "in"), ("02 12:01", "over")]
)
def test_a_range_tells_below_in_and_over_apart(ended: str, norm: str) -> None:
    assert judged("talk", "02 10:00", stop(ended)).norm == norm


def test_an_extension_moves_the_due_moment_and_later_pauses_move_it_on() -> None:
    extended = Operation("move", at("11 10:00"), due_at=at("22 18:00"))
    assert judged("answer", "02 10:00", extended, stop("22 17:00")).verdict == "met"
    assert judged("answer", "02 10:00", extended, pause("12 10:00"), resume("13 10:00")).due_at == at("23 18:00")
    by_days = Operation("move", at("11 10:00"), span=days(10).code)
    assert judged("answer", "02 10:00", by_days).due_at == at("22 10:00")


def test_an_extension_during_a_pause_contains_what_was_waited_so_far() -> None:
    extended = Operation("move", at("06 10:00"), due_at=at("20 10:00"))
    found = judged("answer", "02 10:00", pause("04 10:00"), extended, resume("08 10:00"))
    assert (found.due_at, found.paused) == (at("22 10:00"), timedelta(days=4))


def test_what_is_late_already_is_not_mended_by_a_later_extension() -> None:
    too_late = Operation("move", at("13 10:00"), due_at=at("30 10:00"))
    assert judged("answer", "02 10:00", too_late, stop("14 10:00")).verdict == "breached"


def test_another_regime_judges_from_the_start_on_and_keeps_the_pauses() -> None:
    classified = Operation("vary", at("06 10:00"), variant="public_services")
    found = judged("answer", "02 10:00", pause("03 10:00"), resume("03 12:00"), classified)
    assert (found.variant, found.due_at) == ("public_services", at("11 11:00"))


@pytest.mark.parametrize(
    ("recorded", "owner", "due"), [(4, "k2", "12 10:00"), (5, "k9", "22 18:00"), (6, "k9", "22 18:00")]
)
def test_what_was_recorded_before_what_started_the_clock_was_of_something_else(
    recorded: int, owner: str, due: str
) -> None:
    """Regression: whoever had a case before its next step began owed that step, and an earlier new time moved it."""
    operations = (
        Operation("pass", at("02 09:00"), owner="k9", event=recorded),
        Operation("move", at("02 09:00"), due_at=at("22 18:00"), event=recorded),
    )
    # What begins at a time agreed for later is passed on before it, and counts: places in the log tell, not times.
    begun = Start("answer", None, "Centre 1", at("02 10:00"), at("12 10:00"), None, "k2", event=5)
    found = judge(begun, operations, now=at("03 10:00"), policies=POLICIES, calendars=Calendars(CALENDAR))
    assert (found.owner, found.due_at) == (owner, at(due))


def test_a_cancelled_clock_is_judged_by_nobody() -> None:
    found = judged("answer", "02 10:00", cancel("20 10:00"), stop("21 10:00"))
    assert (found.verdict, found.done_at, found.norm) == ("cancelled", None, None)


def test_nothing_is_late_once_it_is_done() -> None:
    late = Operation("move", at("05 10:00"), due_at=at("03 10:00"))
    assert judged("answer", "02 10:00", stop("04 10:00"), late, cancel("06 10:00"), pause("07 10:00")).verdict == "met"


def test_what_is_not_done_is_open_until_due_and_then_overdue() -> None:
    assert judged("answer", "02 10:00", now="12 10:00").verdict == "open"
    assert judged("answer", "02 10:00", now="12 10:01").verdict == "overdue"


_TIMES = st.integers(0, 20 * 24 * 60).map(lambda passed: at("02 09:00") + timedelta(minutes=passed))


@given(
    st.lists(
        st.builds(Operation, st.sampled_from(["pause", "resume", "stop", "cancel"]), _TIMES)
        | st.builds(lambda when, to: Operation("move", when, due_at=to), _TIMES, _TIMES),
        max_size=8,
    ),
    st.randoms(use_true_random=False),
    st.sampled_from([None, "public_services"]),
)
def test_the_order_in_which_operations_reach_us_changes_no_verdict(
    operations: list[Operation], random: st.random.Random, variant: str | None
) -> None:
    shuffled = list({(one.op in {"stop", "cancel"}, one.at): one for one in operations}.values())
    first = judged("answer", "02 10:00", *shuffled, variant=variant)
    random.shuffle(shuffled)
    assert judged("answer", "02 10:00", *shuffled, variant=variant) == first


@given(_TIMES, _TIMES, st.sampled_from([None, "public_services", "administrative"]))
def test_a_pause_moves_due_by_its_time_of_the_policys_kind(one: datetime, other: datetime, variant: str | None) -> None:
    since, until = sorted((one, other))
    plain = judged("answer", "02 10:00", variant=variant)
    if since < at("02 10:00"):
        since = at("02 10:00")
        until = max(since, until)
    found = judged("answer", "02 10:00", Operation("pause", since), Operation("resume", until), variant=variant)
    if since >= plain.due_at:
        assert found.due_at == plain.due_at, "it was due before it was paused"
    elif variant is None:
        assert found.due_at - plain.due_at == until - since
    else:
        assert CALENDAR.worked(plain.due_at, found.due_at) == CALENDAR.worked(since, until)
