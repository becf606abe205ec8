"""Which events start and stop which clocks, and when they are due (DOMAIN.md §2 and Table 5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.insight.indicators import INDICATORS, Indicator, On
from services.insight.instants import instant, moment, shifter
from services.insight.policies import POLICIES
from services.insight.projection import Seen
from services.insight.views.sla import projection
from shared.centre import centre
from shared.contracts import EVENTS
from shared.deadlines import Span, Unit, add, days, months

ZONE = ZoneInfo("Asia/Almaty")
SLA = projection(centre("Asia/Almaty"))
T0 = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
PLACE = {"channel": "phone", "office": "Centre 1", "topic": "housing"}
RECORDED = T0 + timedelta(days=400)


@dataclass(frozen=True)
class Operation:
    op: str
    clock: str
    indicator: str | None = None
    at: timedelta = timedelta()
    """After T0, as is `due`."""
    due: timedelta | None = None
    norm: timedelta | None = None
    owner: str | None = None


def when(type_name: str, at: timedelta = timedelta(), **data: Any) -> list[Operation]:
    """The clock operations of one event, which occurred `at` after T0."""
    rows = SLA.rows(Seen(7, type_name, instant(T0 + at), instant(RECORDED), {"case_id": "c1", **PLACE, **data}))
    found: list[Operation] = []
    numbers = [row[1] for row in rows]
    assert numbers == sorted(set(numbers))
    for values in rows:
        row = dict(zip(SLA.column_names, values, strict=True))
        assert (row["position"], row["case_id"], row["recorded_at"]) == (7, "c1", instant(RECORDED))
        found.append(
            Operation(
                row["op"],
                row["clock_id"],
                row["indicator"],
                moment(row["at"]) - T0,
                moment(row["due_at"]) - T0 if row["due_at"] else None,
                moment(row["norm_due_at"]) - T0 if row["norm_due_at"] else None,
                row["owner"],
            )
        )
    return found


def minutes(n: float) -> timedelta:
    return timedelta(minutes=n)


def iso(after: timedelta) -> str:
    return (T0 + after).isoformat()


@pytest.mark.parametrize("channel", ["walk_in", "phone", "voice_mail"])
def test_2a_details_of_who_comes_or_phones_are_due_in_ten_minutes(channel: str) -> None:
    assert when("RequestReceived", channel=channel, responsible="k1") == [
        Operation("start", "details:c1", "details_visit", due=minutes(10), norm=minutes(5), owner="k1")
    ]


@pytest.mark.parametrize("channel", ["email", "web", "post"])
def test_2b_details_of_who_writes_are_due_in_a_day(channel: str) -> None:
    assert when("RequestReceived", channel=channel, responsible="k1") == [
        Operation("start", "details:c1", "details_email", due=timedelta(days=1), owner="k1")
    ]


def test_details_collected_stop_both() -> None:
    assert when("DetailsCollected", minutes(4), stage="2a") == [Operation("stop", "details:c1", at=minutes(4))]


@pytest.mark.parametrize(
    ("path", "started"),
    [
        ("3a-a", [Operation("start", "begin_at_once:c1", "begin_at_once", due=timedelta(hours=2), owner="k1")]),
        ("3a-b", [Operation("start", "plan:c1", "plan_visit", due=minutes(20), norm=minutes(15), owner="k1")]),
        ("3b-b", [Operation("start", "plan:c1", "plan_remote", due=timedelta(days=2), owner="k1")]),
        (
            "3b-a",
            [
                Operation(
                    "start",
                    "consult_remote:c1",
                    "consult_remote",
                    due=timedelta(days=7),
                    norm=timedelta(days=2),
                    owner="k1",
                )
            ],
        ),
    ],
)
def test_3_what_an_opened_consultation_owes_depends_on_its_path(path: str, started: list[Operation]) -> None:
    assert when("ConsultationOpened", path=path, consultant="k1", manager="m1") == started


def test_3_a_plan_stops_its_clock() -> None:
    assert when("ConsultationPlanned", minutes(9)) == [Operation("stop", "plan:c1", at=minutes(9))]


def held(path: str, number: int) -> list[Operation]:
    return when(
        "ConsultHeld",
        minutes(90),
        consultation_id=f"c1-{number}",
        number=number,
        path=path,
        consultant="k1",
        started_at=iso(minutes(30)),
        ended_at=iso(minutes(90)),
    )


@pytest.mark.parametrize(
    ("path", "number", "indicator"),
    [
        ("3a-a", 1, "consult_at_once"),
        ("3a-b", 1, "consult_planned"),
        ("3b-b", 1, "consult_planned"),
        ("3a-a", 2, "consult_planned"),
        ("3b-a", 2, "consult_planned"),
    ],
)
def test_4_a_consultations_length_is_timed(path: str, number: int, indicator: str) -> None:
    cid = f"c1-{number}"
    operations = held(path, number)
    assert Operation("start", f"consult:{cid}", indicator, minutes(30), minutes(150), minutes(50), "k1") in operations
    assert Operation("stop", f"consult:{cid}", at=minutes(90)) in operations


def test_3b_a_a_remote_consultation_is_timed_from_its_opening_not_by_its_length() -> None:
    operations = held("3b-a", 1)
    assert Operation("stop", "consult_remote:c1", at=minutes(90)) in operations
    assert [operation.indicator for operation in operations if operation.op == "start"] == ["satisfaction"]
    assert not [operation for operation in held("3a-b", 1) if operation.clock.startswith("consult_remote")]


def test_5_satisfaction_is_due_ten_minutes_after_the_end() -> None:
    start = Operation("start", "satisfaction:c1-1", "satisfaction", minutes(90), minutes(100), minutes(95), "k1")
    assert start in held("3a-a", 1)
    assert when("SatisfactionAssessed", minutes(94), consultation_id="c1-1", consultant="k1") == [
        Operation("start", "closing:c1-1", "closing", minutes(94), minutes(104), minutes(99), "k1"),
        Operation("stop", "satisfaction:c1-1", at=minutes(94)),
    ]


def test_6a_8_10_satisfaction_closes_and_owes_effectiveness_and_impact() -> None:
    operations = when(
        "Satisfied",
        minutes(99),
        consultation_id="c1-1",
        manager="m1",
        held_at=iso(minutes(90)),
        closed_at=iso(minutes(98)),
    )
    at = minutes(90)
    month, quarter = timedelta(days=31), timedelta(days=31 + 30 + 31)  # from 2 March
    assert operations == [
        Operation("start", "effectiveness:c1-1", "effectiveness", at, at + month, owner="m1"),
        Operation("start", "impact:c1-1", "impact", at, at + quarter, at + month, "m1"),
        Operation("stop", "closing:c1-1", at=minutes(98)),
    ]


def test_6b_7_dissatisfaction_closes_and_the_follow_up_is_due_when_its_event_says() -> None:
    assert when("Dissatisfied", minutes(99), consultation_id="c1-1", closed_at=iso(minutes(97))) == [
        Operation("stop", "closing:c1-1", at=minutes(97))
    ]
    due = timedelta(days=5)
    assert when("FollowUpDue", minutes(99), consultation_id="c1-2", owner="k1", due_at=iso(due)) == [
        Operation("start", "follow_up:c1-2", "follow_up", minutes(99), due, owner="k1")
    ]


def test_7_a_follow_up_is_in_time_if_it_began_in_time() -> None:
    assert Operation("stop", "follow_up:c1-2", at=minutes(30)) in held("3a-a", 2)
    assert not [operation for operation in held("3a-a", 1) if operation.clock.startswith("follow_up")]


@pytest.mark.parametrize(
    ("event", "clock"), [("EffectivenessEvaluated", "effectiveness"), ("ImpactEvaluated", "impact")]
)
def test_8_10_evaluations_stop_their_clocks(event: str, clock: str) -> None:
    assert when(event, timedelta(days=20), consultation_id="c1-1") == [
        Operation("stop", f"{clock}:c1-1", at=timedelta(days=20))
    ]


def test_table_5_a_written_request_is_to_be_registered_in_a_day_and_answered_in_ten() -> None:
    register = Operation("start", "mail_register:c1", "mail_register", due=timedelta(days=1))
    answer = Operation("start", "mail_answer:c1", "mail_answer", due=timedelta(days=10))
    assert when("WrittenRequestReceived", history=False) == [register, answer]
    assert when("WrittenRequestReceived", history=True) == [answer]
    assert when("WrittenRequestRegistered", responsible="o1", previous="o1") == [Operation("stop", "mail_register:c1")]
    with_another = when("WrittenRequestRegistered", responsible="o1", previous="Centre 1")
    assert with_another[1:] == [Operation("pass", "mail_answer:c1", owner="o1")]
    told = Operation("stop", "extension_notice:c1")
    assert when("WrittenRequestAnswered") == [Operation("stop", "mail_answer:c1"), told]
    assert when("WrittenRequestDeclined") == [
        Operation("stop", "mail_register:c1"),
        Operation("stop", "mail_answer:c1"),
        told,
    ]


@pytest.mark.parametrize("indicator", INDICATORS, ids=lambda indicator: indicator.name)
def test_each_indicator_names_fields_that_its_events_have_and_has_a_policy(indicator: Indicator) -> None:
    for on in indicator.operations:
        fields = set(EVENTS[on.event.type_name()].model_fields)
        keys = {on.key} if isinstance(on.key, str) else set(on.key)
        named = set(filter(None, (on.at, on.plus, on.minus, on.each)))
        if on.each is None:
            # An item's own fields are not looked up here.
            named |= keys | set(filter(None, (on.due, on.owner)))
        assert named <= fields
        assert on.case in fields or keys <= fields
    for on in (indicator.start, *indicator.varies):
        assert indicator.variant is None or indicator.variant in EVENTS[on.event.type_name()].model_fields
    for on in indicator.moves:
        assert (on.due is None) != (on.by is None), "a move says until when, or by how much"
    assert POLICIES.in_force(indicator.name, T0).name == indicator.name


def test_no_two_indicators_bear_one_name_and_no_limit_is_for_nothing() -> None:
    names = {indicator.name for indicator in INDICATORS}
    varied = {one.name for one in INDICATORS if one.variant is not None or one.exception is not None}
    assert len(names) == len(INDICATORS)
    for policy in POLICIES.names:
        name, _, variant = policy.partition(".")
        assert name in (varied if variant else names), f"nothing is judged by {policy}"


def test_every_clock_that_pauses_goes_on_and_every_clock_ends() -> None:
    for indicator in INDICATORS:
        assert bool(indicator.pauses) == bool(indicator.resumes), indicator.name
        assert indicator.stops, indicator.name


def test_indicators_that_share_a_clock_share_all_that_touches_it() -> None:
    touched: dict[str, tuple[On, ...]] = {}
    for indicator in INDICATORS:
        others = indicator.operations[1:]
        assert set(touched.setdefault(indicator.clock, others)) == set(others), indicator.name


@given(
    st.datetimes(datetime.fromisoformat("1973-01-01"), datetime.fromisoformat("2060-01-01"), timezones=st.just(UTC)),
    st.sampled_from(["Asia/Almaty", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns"]),
    st.sampled_from([days(1), days(10), months(1), months(3), Span(45, Unit.SECONDS)]),
)
def test_many_instants_are_shifted_as_the_deadline_engine_shifts_one(start: datetime, zone: str, span: Span) -> None:
    at = instant(start)
    assert moment(at) == start
    assert moment(at + shifter(span, ZoneInfo(zone))(at)) == add(span, start, ZoneInfo(zone))


@pytest.mark.parametrize("at", ["2024-02-19T12:59:59", "2024-02-29T18:59:59.999999", "2024-02-29T19:00:00"])
def test_instants_are_shifted_exactly_around_a_change_of_the_clocks(at: str) -> None:
    # Almaty put its clocks back at 2024-02-29T18:00Z (midnight there).
    start = datetime.fromisoformat(at).replace(tzinfo=UTC)
    shifted = shifter(days(10), ZONE)(instant(start))
    assert moment(instant(start) + shifted) == add(days(10), start, ZONE)
