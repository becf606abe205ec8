"""What-if: what a file may say, and what the same and a shorter limit make of any clock."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.insight.comparison import Difference, Rule, Twice, compare
from services.insight.judge import Operation, Start
from services.insight.policies import POLICIES
from services.insight.proposal import ProposalError, parse, span
from shared.deadlines import (
    Calendar,
    Calendars,
    Interval,
    Policies,
    Policy,
    Span,
    Unit,
    days,
    hours,
    months,
    seconds,
    working_days,
)

ZONE = ZoneInfo("Asia/Almaty")
CALENDARS = Calendars(Calendar(ZONE, [(Interval(time(9), time(13)), Interval(time(14), time(18)))] * 5 + [(), ()]))
EVER = datetime.min.replace(tzinfo=UTC)
T0 = datetime(2026, 3, 2, 5, tzinfo=UTC)
TIMES = st.integers(0, 20 * 24).map(lambda passed: T0 + timedelta(hours=passed))
OPERATIONS = st.lists(
    st.one_of(
        st.builds(Operation, st.sampled_from(["pause", "resume", "stop", "lapse", "cancel"]), TIMES),
        st.builds(lambda when, to: Operation("move", when, due_at=to), TIMES, TIMES),
        st.builds(lambda when, more: Operation("move", when, span=days(more).code), TIMES, st.integers(0, 9)),
    ),
    max_size=8,
)


def both(limit: Span, other: Span, operations: list[Operation], now: datetime) -> Difference:
    rules = [Rule(Policies([Policy("answer", 1, EVER, one)]), CALENDARS) for one in (limit, other)]
    starts = [Start("answer", None, None, T0, CALENDARS.default.add(one, T0), None) for one in (limit, other)]
    found = Difference()
    flip = compare(found, Twice("c1", "answer:c1", *starts, operations), *rules, now)
    assert (flip is None) == (found.better + found.worse == 0)
    return found


@given(st.integers(0, 12), st.sampled_from([working_days, days, hours]), OPERATIONS, TIMES)
def test_the_same_limit_flips_nothing(
    amount: int, unit: type[Span], operations: list[Operation], now: datetime
) -> None:
    found = both(unit(amount), unit(amount), operations, now)
    assert found.before == found.after
    assert found.better == found.worse == 0


@given(st.integers(0, 12), st.integers(0, 5), st.sampled_from([working_days, days, hours]), OPERATIONS, TIMES)
def test_a_shorter_limit_is_never_met_more(
    amount: int, less: int, unit: type[Span], operations: list[Operation], now: datetime
) -> None:
    now = max(now, *(one.at for one in operations), now)
    found = both(unit(amount + less), unit(amount), operations, now)
    assert found.after.met <= found.before.met
    assert found.better == 0


@given(st.builds(Span, st.integers(0, 90), st.sampled_from(list(Unit))))
def test_a_limit_is_written_as_it_is_shown(one: Span) -> None:
    assert span(str(one)) == one


def test_a_file_states_policies_since_a_day_of_the_centre_and_keeps_what_was_before() -> None:
    found = parse(
        '[[limits]]\npolicy = "mail_answer.*"\nlimit = "5 working days"\nin_force_from = 2026-03-01\n'
        '[[limits]]\npolicy = "call_waiting"\nlimit = "30 s"\nnorm = "20 s"\nfrom_working_day = false',
        ZONE,
    )
    march = datetime(2026, 3, 1, tzinfo=ZONE)
    assert {one.name for one in found.indicators} == {"mail_answer", "call_waiting"}
    assert found.policies.in_force("mail_answer.administrative", march).limit == working_days(5)
    assert found.policies.in_force("mail_answer.house", march).from_working_day, "left out: as now"
    before = march - timedelta(seconds=1)
    for name in ("mail_answer.administrative", "mail_answer"):
        assert found.policies.in_force(name, before) == POLICIES.in_force(name, before)
    phone = found.policies.in_force("call_waiting", before)
    assert (phone.limit, phone.norm, phone.version) == (seconds(30), seconds(20), 2)
    assert found.policies.in_force("impact", before).limit == months(3), "what is not named stays"


WEEKENDS = """
[calendars.all_week]
[calendars.all_week.hours]
saturday = ["10:00-14:00"]
"""
LIMIT = '[[limits]]\npolicy = "mail_answer"\nlimit = "5 working days"\n'


def test_an_indicator_may_be_counted_by_a_calendar_of_its_own() -> None:
    found = parse(f'{LIMIT}calendar = "all_week"\n{WEEKENDS}', ZONE)
    saturday = datetime(2026, 3, 7, 11, tzinfo=ZONE)
    assert found.calendars["mail_answer"].default.is_open_on(saturday.date())
    assert set(found.calendars) == {"mail_answer"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("limits = [", "it is no TOML"),
        ("limits = []", "it states no limits"),
        ('[[limits]]\npolicy = "x"', "limits.1.limit: Field required"),
        (
            '[[limits]]\npolicy = "mail_anser"\nlimit = "2 h"',
            "no policy is called 'mail_anser'; did you mean mail_answer",
        ),
        ('[[limits]]\npolicy = "qqq"\nlimit = "2 h"', "`tereze sla --by policy` names them"),
        ('[[limits]]\npolicy = "mail_answer"\nlimit = "5 dayz"', "limits 1: '5 dayz' is no length of time; write e.g."),
        ('[[limits]]\npolicy = "mail_answer"\nlimit = "-5 days"', "is no length of time"),
        ('[[limits]]\npolicy = "mail_answer"\nlimit = "2 working months"', "is no length of time"),
        ('[[limits]]\npolicy = "mail_answer"\nlimit = "400 months"', "longer than ten years"),
        (f'{LIMIT}norm = "6 days"', "the norm, 6 days, is longer than the limit, 5 working days"),
        (f"{LIMIT}{LIMIT}", "mail_answer since ever is stated twice"),
        (f'{LIMIT}calendar = "x"', r"there is no \[calendars.x\]"),
        (f"{LIMIT}{WEEKENDS}", "calendars.all_week is used by no limit"),
        (f'{LIMIT}calendar = "all_week"\n{WEEKENDS.replace("14:00", "09:00")}', "calendars.all_week: .*not in order"),
        (
            f'{LIMIT}calendar = "all_week"\n{LIMIT}in_force_from = 2026-03-01\n{WEEKENDS}',
            "mail_answer is given several calendars",
        ),
        (f"{LIMIT}in_force_form = 2026-03-01", "limits.1.in_force_form: Extra inputs are not permitted"),
    ],
)
def test_a_file_that_can_not_be_meant_is_refused_with_place_and_reason(text: str, said: str) -> None:
    with pytest.raises(ProposalError, match=said):
        parse(text, ZONE)
