"""Complaints' clocks that start from the receipt, as `tereze case` reckons them (DOMAIN.md §9)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from shared.contracts.complaints import ExtendComplaint, ForwardComplaint

from .case_clocks import clocks
from .case_world import World
from .complaint_words import receive
from .given_when_then import at

MONDAY = at("2026-06-01 09:00")
DAY = timedelta(days=1)
SENT_ON = ForwardComplaint(case_id="X1", to="city transport", reason="a bus", notified=True)


@pytest.mark.parametrize(("after", "verdict"), [(3 * DAY, "met"), (4 * DAY, "breached")])
def test_what_is_another_bodys_business_is_sent_on_within_three_working_days_of_its_receipt(
    after: timedelta, verdict: str
) -> None:
    world = World(MONDAY + 30 * DAY)
    world.submit(receive(case_type="appeal"), MONDAY)
    world.submit(SENT_ON, MONDAY + after)
    found = {one.indicator: one for one in clocks(world)}
    assert (found["complaint_misdirected"].verdict, found["complaint_misdirected"].owner) == (verdict, "m-1")
    assert found["complaint_answer"].verdict == "cancelled"


def test_where_no_regime_limits_it_sending_on_has_no_clock() -> None:
    world = World(MONDAY + 30 * DAY)
    world.submit(receive(case_type="parking"), MONDAY)
    world.submit(SENT_ON, MONDAY + 9 * DAY)
    assert "complaint_misdirected" not in {one.indicator for one in clocks(world)}


def test_two_months_more_are_months_of_the_calendar() -> None:
    world = World(MONDAY + 30 * DAY)
    world.submit(receive(case_type="appeal"), MONDAY)
    world.submit(ExtendComplaint(case_id="X1", reason="an expert is needed", notified_at=MONDAY), MONDAY + DAY)
    due = {one.indicator: one.due_at for one in clocks(world)}["complaint_answer"]
    assert due.date() == date(2026, 8, 22)
