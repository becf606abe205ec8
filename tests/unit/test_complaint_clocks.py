"""Complaints' clocks that start from the receipt, as `tereze case` reckons them (DOMAIN.md §9)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from shared.contracts.base import Message
from shared.contracts.complaints import (
    AskComplainant,
    AssignComplaint,
    ExtendComplaint,
    ForwardComplaint,
    RecordComplainantsAnswer,
)

from .case_clocks import clocks
from .case_world import World
from .complaint_words import ACCEPT, CLOSE, REJECT, REVIEW, TELL, assess, investigate, receive, respond
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


@pytest.mark.parametrize(
    ("step", "verdict"),
    [
        (None, "overdue"),
        (RecordComplainantsAnswer(case_id="X1"), "met"),
        (SENT_ON, "cancelled"),
    ],
)
def test_once_the_complainant_s_time_is_over_it_goes_on_by_the_next_working_day(
    step: Message | None, verdict: str
) -> None:
    """Regression: a question that was never answered stopped every clock of its complaint for good."""
    world = World(MONDAY + 400 * DAY)
    world.submit(receive(case_type="parking"), MONDAY)
    # Wednesday noon, and so by the end of Thursday
    asked = AskComplainant(case_id="X1", asked_by="m-1", question="which day?", until=at("2026-06-03 12:00"))
    world.submit(asked, MONDAY + DAY)
    world.submit(AssignComplaint(case_id="X1", responsible="m-5", reason="on leave"), MONDAY + DAY)
    if step is not None:
        world.submit(step, at("2026-06-04 17:00"))
    found = {one.indicator: one for one in clocks(world)}
    assert found["complaint_clarification"].due_at == at("2026-06-04 18:30")
    assert (found["complaint_clarification"].verdict, found["complaint_clarification"].owner) == (verdict, "m-5")


def test_two_months_more_are_months_of_the_calendar() -> None:
    world = World(MONDAY + 30 * DAY)
    world.submit(receive(case_type="appeal"), MONDAY)
    world.submit(assess(), MONDAY + DAY)
    world.submit(ExtendComplaint(case_id="X1", reason="an expert is needed", notified_at=MONDAY), MONDAY + DAY)
    due = {one.indicator: one.due_at for one in clocks(world)}["complaint_answer"]
    assert due.date() == date(2026, 8, 22)


def test_under_its_own_regime_the_answer_was_due_from_the_receipt_on_without_what_was_waited_for_the_complainant() -> (
    None
):
    world = World(MONDAY + 30 * DAY)
    world.submit(receive(case_type="service_complaint"), MONDAY)
    world.submit(AskComplainant(case_id="X1", asked_by="m-1", question="?", until=MONDAY + 6 * DAY), MONDAY + DAY)
    world.submit(RecordComplainantsAnswer(case_id="X1", answer="Monday"), MONDAY + 2 * DAY)
    due = {one.indicator: one for one in clocks(world)}["complaint_answer"].due_at
    wrong = assess(case_type="parking", reclassified_because="not about a public service")
    world.submit(wrong, MONDAY + 3 * DAY)
    answer = {one.indicator: one for one in clocks(world)}["complaint_answer"]
    assert due < answer.due_at == MONDAY + 11 * DAY
    assert answer.paused_s == DAY.total_seconds()


def test_who_took_a_complaint_over_once_does_not_owe_what_begins_when_another_has_it() -> None:
    """Regression: of a complaint that was assigned, then reviewed by another, the last step was the assignee's."""
    world = World(MONDAY + 30 * DAY)
    decided = (assess(), investigate(), respond(actions=[], no_action_because="shut"), TELL)
    again = (investigate(investigator="m-7"), respond(decided_by="m-7", actions=[], no_action_because="shut"), TELL)
    assigned = AssignComplaint(case_id="X1", responsible="m-5", reason="on leave")
    for command in (receive(), assigned, *decided, REJECT, REVIEW, *again, ACCEPT, CLOSE):
        world.submit(command, MONDAY)
    [owed] = [one for one in clocks(world) if one.indicator == "complaint_handling"]
    assert (owed.runs, owed.owner) == (True, "m-2")
