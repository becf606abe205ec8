"""What a row of the table of indicators can say: pauses, moves, regimes, durations, lists, old events (ADR 0005)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.insight.indicators import Indicator, On
from services.insight.indicators.conditions import no, yes
from services.insight.instants import instant, moment
from services.insight.projection import Seen
from services.insight.views.sla import projection
from shared.centre import centre
from shared.contracts.consult import ConsultationPlanned, ConsultHeld
from shared.contracts.feedback import ImprovementRecorded
from shared.contracts.intake import (
    DetailsCollected,
    RequestReceived,
    WrittenRequestAnswered,
    WrittenRequestDeclined,
    WrittenRequestReceived,
    WrittenRequestRegistered,
)
from shared.deadlines import Policies, Policy, Span, days, seconds, working_days

EVER = datetime(1990, 1, 1, tzinfo=UTC)
T0 = datetime(2026, 3, 7, 5, 0, tzinfo=UTC)
"""A Saturday, 10:00 in Almaty; the next working day is Tuesday the 10th."""
STOPS = (On(event=WrittenRequestAnswered),)


def rows(indicator: Indicator, type_name: str, at: datetime = T0, **data: Any) -> list[dict[str, Any]]:
    """What one event writes, without what is empty."""
    policies = Policies(
        [
            Policy(indicator.name, 1, EVER, days(10)),
            Policy(f"{indicator.name}.administrative", 1, EVER, working_days(15), None, True),
            Policy(f"{indicator.name}.claim", 1, EVER, days(10), None, True),
        ]
    )
    sla = projection(centre("Asia/Almaty"), policies, [indicator])
    seen = Seen(1, type_name, instant(at), instant(at), {"case_id": "c1", **data})
    found = [dict(zip(sla.column_names, row, strict=True)) for row in sla.rows(seen)]
    times = {"at", "due_at", "norm_due_at"}
    left_out = {"position", "seq", "recorded_at", "policy_version"}
    return [
        {
            name: moment(value) if name in times else value
            for name, value in row.items()
            if value is not None and name not in left_out
        }
        for row in found
    ]


def local(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+05:00")


ANSWER = Indicator(
    name="answer",
    stage="Table 5",
    clock="answer",
    start=On(event=WrittenRequestReceived),
    stops=STOPS,
    pauses=(On(event=DetailsCollected, when=yes("asked")),),
    resumes=(On(event=DetailsCollected, when=no("asked")),),
    moves=(On(event=ConsultationPlanned, due="until"), On(event=ConsultHeld, by=lambda data: days(data["more"]))),
    cancels=(On(event=WrittenRequestDeclined),),
    variant="regime",
    varies=(On(event=WrittenRequestRegistered),),
)


@pytest.mark.parametrize(
    ("regime", "due"),
    [
        ({}, "2026-03-17 10:00"),
        ({"regime": None}, "2026-03-17 10:00"),
        ({"regime": "claim"}, "2026-03-20 09:00"),
        ({"regime": "administrative"}, "2026-04-03 18:30"),
    ],
)
def test_a_field_of_the_event_chooses_the_policy(regime: dict[str, Any], due: str) -> None:
    (row,) = rows(ANSWER, "WrittenRequestReceived", channel="post", **regime)
    assert row["due_at"] == local(due)
    assert row.get("variant") == regime.get("regime")


def test_pauses_moves_cancels_and_another_regime_are_operations_on_the_same_clock() -> None:
    common = {"clock_id": "answer:c1", "at": T0, "case_id": "c1"}
    until = T0 + timedelta(days=3)
    assert rows(ANSWER, "DetailsCollected", asked=True) == [{"op": "pause", **common}]
    assert rows(ANSWER, "DetailsCollected", asked=False) == [{"op": "resume", **common}]
    assert rows(ANSWER, "ConsultationPlanned", until=until.isoformat()) == [{"op": "move", **common, "due_at": until}]
    (moved,) = rows(ANSWER, "ConsultHeld", more=5)
    assert Span.parse(moved["span"]) == days(5)
    assert rows(ANSWER, "WrittenRequestDeclined") == [{"op": "cancel", **common}]
    assert rows(ANSWER, "WrittenRequestRegistered", regime="claim") == [{"op": "vary", **common, "variant": "claim"}]
    assert rows(ANSWER, "WrittenRequestRegistered") == [], "it says nothing of a regime"
    assert rows(ANSWER, "WrittenRequestAnswered") == [{"op": "stop", **common}]


WAITING = Indicator(
    name="phone_waiting",
    stage="Table 5",
    clock="phone_waiting",
    start=On(event=RequestReceived, key="call_id", at="answered_at", minus="waited_s"),
    stops=(On(event=RequestReceived, key="call_id", at="answered_at"),),
)


def test_a_clock_may_be_read_from_an_instant_and_a_duration() -> None:
    start, stop = rows(WAITING, "RequestReceived", call_id="7", answered_at=T0.isoformat(), waited_s=41.5)
    assert (start["clock_id"], start["at"], stop["at"]) == ("phone_waiting:7", T0 - timedelta(seconds=41.5), T0)


def test_plus_is_after_it() -> None:
    after_call = Indicator(
        name="after_call",
        stage="Table 5",
        clock="after_call",
        start=On(event=RequestReceived, key="call_id"),
        stops=(On(event=RequestReceived, key="call_id", plus="after_call_s"),),
    )
    start, stop = rows(after_call, "RequestReceived", call_id="7", after_call_s=300)
    assert stop["at"] - start["at"] == timedelta(minutes=5)


def test_where_an_old_event_lacks_the_field_nothing_happens() -> None:
    assert rows(WAITING, "RequestReceived", call_id="7") == []
    assert [row["op"] for row in rows(WAITING, "RequestReceived", call_id="7", answered_at=T0.isoformat())] == ["stop"]


CALL_BACK = Indicator(
    name="call_back",
    stage="§4",
    clock="call_back",
    start=On(event=RequestReceived, key=("case_id", "number"), due="promised_at", office="facility"),
    stops=STOPS,
)


def test_an_event_may_say_when_it_is_due_else_the_policy_does() -> None:
    promised = T0 + timedelta(hours=3)
    (row,) = rows(CALL_BACK, "RequestReceived", number=2, promised_at=promised.isoformat(), facility="F1")
    assert (row["clock_id"], row["due_at"], row["office"]) == ("call_back:c1/2", promised, "F1")
    (row,) = rows(CALL_BACK, "RequestReceived", number=2)
    assert row["due_at"] == T0 + timedelta(days=10)


def test_each_item_of_a_list_may_start_a_clock_with_an_owner_and_a_day_of_its_own() -> None:
    actions = Indicator(
        name="improvement",
        stage="9b",
        clock="improvement",
        start=On(event=ImprovementRecorded, each="actions", key=("case_id", "index"), owner="owner", due="due"),
        stops=STOPS,
    )
    said = [{"owner": "m1", "due": "2026-04-01"}, {"owner": "m2", "due": "2026-05-01"}]
    found = rows(actions, "ImprovementRecorded", owner="nobody", actions=said)
    assert [(row["clock_id"], row["owner"]) for row in found] == [
        ("improvement:c1/1", "m1"),
        ("improvement:c1/2", "m2"),
    ]
    assert found[0]["due_at"] == local("2026-04-01 23:59:59.999999"), "a day ends at midnight"
    assert rows(actions, "ImprovementRecorded") == []


def test_preset_moments_may_be_a_list_of_their_own() -> None:
    told = Indicator(
        name="status_told",
        stage="§9",
        clock="status_told",
        start=On(event=RequestReceived, each="status_at", key=("case_id", "item"), due="item"),
        stops=STOPS,
    )
    moments = [(T0 + timedelta(days=n)).isoformat() for n in (5, 10)]
    found = rows(told, "RequestReceived", status_at=moments)
    assert [row["due_at"] - T0 for row in found] == [timedelta(days=5), timedelta(days=10)]


def test_what_belongs_to_no_case_is_known_by_its_key() -> None:
    day = Indicator(
        name="short",
        stage="§6",
        clock="day",
        start=On(event=RequestReceived, key="day", case="protocol_id", channel="payment"),
        stops=STOPS,
    )
    (row,) = rows(day, "RequestReceived", day="F1-2026-03-07", payment="cash")
    assert (row["case_id"], row["channel"]) == ("F1-2026-03-07", "cash")


def test_many_seconds_are_exact() -> None:
    (row,) = rows(
        Indicator(name="n", stage="", clock="n", start=On(event=RequestReceived, plus="s"), stops=STOPS),
        "RequestReceived",
        s=seconds(40).amount,
    )
    assert row["at"] == T0 + timedelta(seconds=40)
