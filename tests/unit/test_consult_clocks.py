"""The clocks of what consult owes: when they wait, move and end without a verdict (DOMAIN.md §2)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest

from services.insight.instants import instant, moment
from services.insight.judge import Judged, Operation, Start, Verdict, judge
from services.insight.policies import POLICIES
from services.insight.projection import Seen
from services.insight.views.sla import START, projection
from shared.centre import centre
from shared.contracts.base import Event
from shared.contracts.consult import (
    ConsultationHandedOver,
    ConsultationResumed,
    NoShowRecorded,
    NoTopicalIssueFound,
    PlanCostsAgreed,
    PlanCostsRefused,
    PlanProposed,
    PlanRequired,
    PreparationTaskDue,
    PreparationTaskEnded,
    PreparationTaskMoved,
    TopicalIssueRecorded,
)
from shared.contracts.values import ContactGround, Form, Path, Preparation, TaskEnd

from .consult_words import ABOUT, ELEVEN, NOON, TEN, TOMORROW, awaited, ended, follow_up, held, opened, planned
from .consult_words import rescheduled as new_time
from .given_when_then import NINE

SLA = projection(centre())
DAY, QUARTER = timedelta(days=1), timedelta(minutes=15)
FRIDAY = TOMORROW + 3 * DAY
Happened = tuple[Event, datetime]


def clock(indicator: str, *happened: Happened, now: datetime = FRIDAY + 9 * DAY) -> Judged:
    """How the one clock of this indicator stands after these events."""
    rows: list[dict[str, Any]] = []
    for position, (event, at) in enumerate(happened, start=1):
        seen = Seen(position, event.type_name(), instant(at), instant(at), orjson.loads(event.model_dump_json()))
        if event.type_name() in SLA.folds:
            rows += [dict(zip(SLA.column_names, row, strict=True)) for row in SLA.rows(seen)]
    [start] = [row for row in rows if row["op"] == START and row["indicator"] == indicator]
    assert start["owner"], "somebody must owe it"
    operations = [
        Operation(
            *(row["op"], moment(row["at"]), moment(row["due_at"]) if row["due_at"] else None),
            owner=row["owner"],
            event=row["position"],
        )
        for row in rows
        if row["op"] != START and row["clock_id"] == start["clock_id"]
    ]
    norm = moment(start["norm_due_at"]) if start["norm_due_at"] else None
    at, due_at = moment(start["at"]), moment(start["due_at"])
    begun = Start(
        *(indicator, start["variant"], start["office"], at, due_at, norm, start["owner"]), event=start["position"]
    )
    return judge(begun, operations, now=now, policies=POLICIES, calendars=centre().calendars)


OF_IT: dict[str, Any] = {"consumer_id": "c-A1", "case_id": "A1", "consultations": ["A1-1"]}
PLANNED = ((opened(Path.PREPARED), NINE), (planned(), TEN))


def begun(at: datetime) -> Happened:
    return held(Path.PREPARED, ended_at=at + timedelta(hours=1)), at + timedelta(hours=1)


# ── the agreed time ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("late", "verdict"), [(QUARTER, Verdict.MET), (2 * QUARTER, Verdict.BREACHED)])
def test_nobody_waits_longer_than_a_quarter_of_an_hour_for_an_agreed_consultation(
    late: timedelta, verdict: Verdict
) -> None:
    found = clock("begin_planned", *PLANNED, begun(TOMORROW + late))
    assert (found.due_at, found.verdict) == (TOMORROW + QUARTER, verdict)


def test_put_off_by_the_consumer_it_is_due_then() -> None:
    moved = (new_time(planned_at=FRIDAY, due_at=FRIDAY + QUARTER), NOON)
    found = clock("begin_planned", *PLANNED, moved, begun(FRIDAY))
    assert (found.due_at, found.verdict) == (FRIDAY + QUARTER, Verdict.MET)


def test_a_new_time_from_before_the_plan_was_of_what_was_to_be_held_without_one() -> None:
    """Regression: a remote consultation put off, then planned because presence was needed, was due as first put off."""
    remote = ((opened(Path.REMOTE), NINE), (new_time(planned_at=FRIDAY, due_at=FRIDAY + DAY), NINE))
    over = PlanRequired(**ABOUT, previous_path=Path.REMOTE, path=Path.PRESENT, consultant="consultant-1", reason="?")
    now_planned = (*remote, (over, TEN), (planned(Path.PRESENT), TEN))
    found = clock("begin_planned", *now_planned, now=FRIDAY)
    assert (found.due_at, found.verdict) == (TOMORROW + QUARTER, Verdict.OVERDUE)


def test_put_off_by_the_centre_it_is_late() -> None:
    put_off = (new_time(planned_at=FRIDAY, due_at=None), NOON)
    assert clock("begin_planned", *PLANNED, put_off, begun(FRIDAY)).verdict is Verdict.BREACHED


def test_who_does_not_come_stops_the_clock_at_the_agreed_time_however_late_that_is_written_down() -> None:
    absent = NoShowRecorded(
        **ABOUT,
        consultation_id="A1-1",
        number=1,
        consultant="consultant-1",
        planned_at=TOMORROW,
        times=1,
        minutes_spent=0,
        cost=0,
    )
    noted = TOMORROW + timedelta(hours=1)
    missed = (*PLANNED, (absent, noted), (awaited(ground=ContactGround.NO_SHOW, due_at=noted + 2 * DAY), noted))
    waiting = clock("begin_planned", *missed, now=noted + DAY)
    assert (waiting.verdict, waiting.pauses[0].since) == (Verdict.PAUSED, TOMORROW)
    again = (new_time(planned_at=FRIDAY, due_at=FRIDAY + QUARTER, contact_id="A1-c1"), noted + DAY)
    assert clock("begin_planned", *missed, again, begun(FRIDAY)).verdict is Verdict.MET
    assert clock("contact", *missed, again).verdict is Verdict.MET
    assert clock("contact", *missed).verdict is Verdict.OVERDUE


def test_what_was_waited_for_before_the_plan_does_not_pause_what_is_owed_by_it() -> None:
    """Regression: the plan ended the wait, but not for the clock that it began."""
    waited = ((opened(Path.PREPARED), NINE), (awaited(), TEN), (planned(contact_id="A1-c1"), ELEVEN))
    found = clock("begin_planned", *waited, begun(TOMORROW + 2 * QUARTER))
    assert (found.paused, found.verdict) == (timedelta(), Verdict.BREACHED)


def test_a_case_that_ends_owes_nothing_and_nothing_is_late() -> None:
    over = (ended(contact_id="A1-c1"), NOON)
    for indicator in ("plan_visit", "contact"):
        found = clock(indicator, (opened(Path.PREPARED), NINE), (awaited(), TEN), over)
        assert found.verdict is Verdict.CANCELLED
    assert clock("begin_planned", *PLANNED, over).verdict is Verdict.CANCELLED
    assert clock("begin_at_once", (opened(Path.AT_ONCE), NINE), over).verdict is Verdict.CANCELLED
    assert clock("consult_remote", (opened(Path.REMOTE), NINE), over).verdict is Verdict.CANCELLED
    second = (ended(consultation_id="A1-2", number=2, held=1), TOMORROW)
    assert clock("follow_up", (held(), ELEVEN), (follow_up(), NOON), second).verdict is Verdict.CANCELLED


def test_history_in_which_nobody_promised_when_it_begins_has_no_such_clock() -> None:
    old = planned(begin_by=None, consultant=None, channel=None, office=None, topic=None)
    with pytest.raises(ValueError, match="not enough values"):
        clock("begin_planned", (old, TEN))


# ── 3a-a, 3b-a and over to a plan ────────────────────────────────────────────────────────────────────────────


def test_waiting_for_the_consumer_pauses_the_remote_consultation_and_the_plan() -> None:
    back = ConsultationResumed(consumer_id="c-A1", case_id="A1", contact_id="A1-c1", consultation_id="A1-1", number=1)
    for path, indicator, limit in ((Path.REMOTE, "consult_remote", 7 * DAY), (Path.PRESENT, "plan_remote", 2 * DAY)):
        found = clock(indicator, (opened(path), NINE), (awaited(), TEN), (back, TOMORROW))
        assert found.paused == TOMORROW - TEN
        assert found.due_at == NINE + limit + (TOMORROW - TEN)


@pytest.mark.parametrize(
    ("previous", "path", "indicator", "limit"),
    [
        (Path.AT_ONCE, Path.PREPARED, "begin_at_once", timedelta(minutes=20)),
        (Path.REMOTE, Path.PRESENT, "consult_remote", 2 * DAY),
    ],
)
def test_over_to_a_plan_the_one_clock_ends_and_the_plan_s_begins(
    previous: Path, path: Path, indicator: str, limit: timedelta
) -> None:
    required = PlanRequired(**ABOUT, previous_path=previous, path=path, consultant="consultant-1", reason="archive")
    happened = ((opened(previous), NINE), (required, TEN))
    assert clock(indicator, *happened).verdict is Verdict.CANCELLED
    found = clock("plan_required", *happened, (planned(), TEN + limit))
    assert (found.due_at, found.verdict) == (TEN + limit, Verdict.MET)
    assert clock("begin_planned", *happened, (planned(), TEN + limit), begun(TOMORROW)).verdict is Verdict.MET


# ── costs, tasks, further consultations ──────────────────────────────────────────────────────────────────────


def test_the_manager_owes_a_word_on_the_costs_and_the_plan_s_clock_runs_on_meanwhile() -> None:
    proposed = PlanProposed(
        **ABOUT,
        proposal_id="A1-p1",
        consultant="consultant-1",
        manager="manager-1",
        due_at=NOON,
        planned_at=TOMORROW,
        place="room 4",
        form=Form.OFFICE,
        expected_result="a draft",
        material_costs=500,
    )
    no = PlanCostsRefused(
        consumer_id="c-A1", case_id="A1", proposal_id="A1-p1", material_costs=500, refused_by="manager-1", reason="dear"
    )
    yes = PlanCostsAgreed(
        **ABOUT,
        proposal_id="A1-p1",
        consultant="consultant-1",
        planned_at=TOMORROW,
        begin_by=TOMORROW + QUARTER,
        form=Form.OFFICE,
        material_costs=500,
        agreed_by_manager="manager-1",
    )
    waiting = ((opened(Path.PREPARED), NINE), (proposed, TEN))
    assert clock("costs_agreement", *waiting, (no, ELEVEN)).verdict is Verdict.MET
    assert clock("plan_visit", *waiting, (no, ELEVEN)).verdict is Verdict.OVERDUE
    assert clock("costs_agreement", *waiting, (yes, TOMORROW)).verdict is Verdict.BREACHED
    assert clock("plan_visit", *waiting, (yes, NINE + QUARTER)).verdict is Verdict.MET
    assert clock("begin_costed", *waiting, (yes, ELEVEN), begun(TOMORROW)).verdict is Verdict.MET
    withdrawn = (ended(proposal_id="A1-p1"), ELEVEN)
    assert clock("costs_agreement", *waiting, withdrawn).verdict is Verdict.CANCELLED


@pytest.mark.parametrize(
    ("end", "at", "verdict"),
    [
        (TaskEnd.DONE, NOON, Verdict.MET),
        (TaskEnd.LAPSED, TOMORROW + 2 * DAY, Verdict.BREACHED),
        # The consultation was held sooner than agreed: not ready, but not late either.
        (TaskEnd.LAPSED, NOON, Verdict.CANCELLED),
        (TaskEnd.CALLED_OFF, NOON, Verdict.CANCELLED),
    ],
)
def test_a_preparation_task_moves_with_its_consultation_and_ends(end: TaskEnd, at: datetime, verdict: Verdict) -> None:
    task: dict[str, Any] = {"task_id": "A1-t1", "owner": "officer-1"}
    due = PreparationTaskDue(**ABOUT, **task, number=1, kind=Preparation.ROOM, what=None, due_at=TOMORROW)
    moved = PreparationTaskMoved(consumer_id="c-A1", case_id="A1", **task, due_at=TOMORROW + DAY)
    over = PreparationTaskEnded(consumer_id="c-A1", case_id="A1", task_id="A1-t1", end=end, minutes_spent=0, cost=0)
    found = clock("preparation", (due, TEN), (moved, ELEVEN), (over, at))
    assert (found.verdict, found.due_at) == (verdict, TOMORROW + DAY)


def test_whoever_takes_over_owes_what_was_owed_and_what_is_done_stays_who_did_it() -> None:
    facts: dict[str, Any] = {"previous_consultant": "consultant-1", "consultant": "consultant-2", "reason": "ill"}
    passed = ConsultationHandedOver(
        consumer_id="c-A1", case_id="A1", consultation_id="A1-1", number=1, contact_id="A1-c1", **facts
    )
    for path, indicator in (
        (Path.PREPARED, "plan_visit"),
        (Path.PRESENT, "plan_remote"),
        (Path.REMOTE, "consult_remote"),
        (Path.AT_ONCE, "begin_at_once"),
        (Path.PREPARED, "contact"),
    ):
        assert clock(indicator, (opened(path), NINE), (awaited(), TEN), (passed, ELEVEN)).owner == "consultant-2"
    assert clock("begin_planned", *PLANNED, (passed, ELEVEN)).owner == "consultant-2"
    assert clock("plan_visit", *PLANNED, (passed, ELEVEN)).owner == "consultant-1"
    second = ConsultationHandedOver(
        consumer_id="c-A1", case_id="A1", consultation_id="A1-2", number=2, contact_id=None, **facts
    )
    owed = ((held(), ELEVEN), (follow_up(), NOON), (second, TOMORROW))
    assert clock("follow_up", *owed).owner == "consultant-2"
    assert clock("topical_issues", *owed).owner == "consultant-1"
    with_issues = second.model_copy(update={"issues_of": ["A1-1"]})
    assert clock("topical_issues", *owed[:2], (with_issues, TOMORROW)).owner == "consultant-2"


@pytest.mark.parametrize("issue", [True, False])
def test_what_a_consultation_showed_is_to_be_registered_within_a_day_of_its_end(issue: bool) -> None:
    said = (
        TopicalIssueRecorded(**OF_IT, issue="queues", target_group="pensioners", organisation_need=False)
        if issue
        else NoTopicalIssueFound(**OF_IT)
    )
    ended = (held(), ELEVEN)
    at_once, late = (
        clock("topical_issues", ended, (said, NOON)),
        clock("topical_issues", ended, (said, ELEVEN + 2 * DAY)),
    )
    assert (at_once.owner, at_once.due_at, at_once.verdict) == ("consultant-1", ELEVEN + DAY, Verdict.MET)
    assert late.verdict is Verdict.BREACHED
    of_another = said.model_copy(update={"consultations": ["A1-2"]})
    assert clock("topical_issues", ended, (of_another, NOON)).verdict is Verdict.OVERDUE


def test_a_further_consultation_is_due_in_three_days_or_when_the_consumer_agreed() -> None:
    owed = ((held(), ELEVEN), (follow_up(due_at=ELEVEN + 3 * DAY), NOON))
    assert clock("follow_up", *owed).due_at == ELEVEN + 3 * DAY
    agreed = (new_time(2, planned_at=FRIDAY, due_at=FRIDAY), NOON)
    second = (held(number=2, ended_at=FRIDAY + timedelta(hours=1)), FRIDAY + timedelta(hours=1))
    assert clock("follow_up", *owed, agreed, second).verdict is Verdict.MET
    assert clock("follow_up", *owed, second).verdict is Verdict.BREACHED


def test_who_does_not_come_to_a_follow_up_as_agreed_leaves_nobody_late() -> None:
    """Regression: it was due at the very moment at which the wait for the consumer began, and so was late for good."""
    absent = NoShowRecorded(
        **ABOUT,
        consultation_id="A1-2",
        number=2,
        consultant="consultant-2",
        planned_at=TOMORROW,
        times=1,
        minutes_spent=0,
        cost=0,
    )
    noted = TOMORROW + QUARTER
    waits = awaited(ground=ContactGround.NO_SHOW, consultation_id="A1-2", number=2, due_at=noted + 2 * DAY)
    missed = ((held(), ELEVEN), (follow_up(due_at=TOMORROW, agreed=True), NOON), (absent, noted), (waits, noted))
    assert clock("follow_up", *missed, now=noted + DAY).verdict is Verdict.PAUSED
    again = (new_time(2, planned_at=FRIDAY, due_at=FRIDAY, contact_id="A1-c1"), noted + QUARTER)
    ended_at = FRIDAY + timedelta(hours=1)
    found = clock("follow_up", *missed, again, (held(number=2, ended_at=ended_at), ended_at))
    assert (found.due_at, found.verdict) == (FRIDAY, Verdict.MET)
