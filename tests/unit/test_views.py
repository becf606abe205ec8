"""Tables for people: readable in a narrow terminal, and no figure cut anywhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deploy.cli.case_view import case_tables, person_tables
from deploy.cli.insight_view import effectiveness_tables, sla_table
from deploy.cli.lengths import brief, lasting
from services.insight.judge import Pause
from services.insight.persons import CaseOf, Person, Whole
from services.insight.queries import CauseRow, EffectivenessGroup, EffectivenessRow, SlaGroup, SlaRow
from services.insight.timeline import SEALED, Deadline, Entry, Timeline
from shared.eventstore.vault import FORGOTTEN

T0 = datetime(2026, 3, 2, 4, 20, tzinfo=UTC)
Printed = Callable[..., str]


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Printed:
    def run(columns: int, view: Callable[..., None], *arguments: Any) -> str:
        monkeypatch.setenv("COLUMNS", str(columns))
        view(*arguments)
        out = capsys.readouterr().out
        assert max(len(line) for line in out.splitlines()) <= columns
        assert "…" not in out, "nothing is cut"
        return out

    return run


def kept(indicator: str, channel: str, group: str | None = None, total: int = 124_184) -> SlaRow:
    return SlaRow(indicator, channel, group, total, 9_128, 8_127, 92_826, 100, 28_125, 1e7, 1e6, 9.9e6, 864_000)


@pytest.mark.parametrize(("seconds", "said"), [(None, "–"), (0, "0 s"), (-7_530, "2 h 5 min"), (86_400, "1 d")])
def test_a_length_is_said_in_its_two_largest_units(seconds: float | None, said: str) -> None:
    assert lasting(seconds) == said


def test_a_length_is_said_briefly_in_columns() -> None:
    assert brief(7_530) == "2h 5m"


@pytest.mark.parametrize("columns", [80, 100, 120, 200])
@pytest.mark.parametrize("by", [None, SlaGroup.OFFICE])
def test_deadlines_fit_and_each_row_has_its_indicator_channel_and_group(
    printed: Printed, columns: int, by: SlaGroup | None
) -> None:
    groups = ["centre-north", "centre-south"] if by else [None]
    rows = [
        kept(indicator, channel, group)
        for indicator in ("consult_planned", "mail_answer")
        for channel in ("complaints_book", "web")
        for group in groups
    ]
    out = printed(columns, sla_table, rows, by)
    assert out.count("124,184") == len(rows)
    assert out.count("28,125") == len(rows)
    assert out.count("114d 14h") == len(rows), "the 95th percentile"
    wide = "p50" in out
    assert wide == ((columns >= 120 and by is None) or columns == 200)
    assert out.count("mail_answer") == (len(rows) // 2 if wide else 1)
    assert out.count("complaints_book") == (len(rows) // 2 if wide else 2)
    assert all(out.count(group) == 4 for group in groups if group)


def test_below_each_other_a_channel_s_groups_stand_under_its_indicator(printed: Printed) -> None:
    rows = [kept("closing", "web", "a"), kept("closing", "web", "b"), kept("mail_answer", "web", "a")]
    out = printed(80, sla_table, rows, SlaGroup.OFFICE)
    labels = [line.split("  124")[0].rstrip() for line in out.splitlines()[3:]]
    assert [label[:12].rstrip() for label in labels] == [
        *("closing ≤ 10", "  web", "    a", "    b"),
        *("mail_answer", "  web", "    a"),
    ]


def worth(group: str | None) -> EffectivenessRow:
    values: dict[str, Any] = {field.name: 234 for field in fields(EffectivenessRow)}
    values |= {"group": group, "minutes": 600_000, "cost": 123_456_789_00, "satisfied_share": 0.631}
    values |= {"average_process": 3.6, "average_result": 3.5, "first_contact_share": 0.5, "average_degree_solved": 73.2}
    return EffectivenessRow(**values)


@pytest.mark.parametrize("columns", [80, 160])
def test_effectiveness_fits(printed: Printed, columns: int) -> None:
    rows = [worth("k-ainur"), worth("k-farida")]
    out = printed(columns, effectiveness_tables, rows, [CauseRow("long_wait", 22, 20)], EffectivenessGroup.CONSULTANT)
    said = ("10,000.0", "123,456,789.00", "63%", "3.6/3.5", "234/234/234", "73%")
    assert all(out.count(figure) == len(rows) for figure in said)
    assert out.count("k-farida") == (2 if columns == 80 else 1)
    assert "long_wait" in out


def entry(
    position: int, type_name: str, at: datetime, actor: str = "/desk", role: str | None = None, **data: Any
) -> Entry:
    service = "feedback" if type_name == "EffectivenessEvaluated" else "intake"
    return Entry(position, at, at, service, type_name, actor, data, role)


def deadline(verdict: str, by_s: float, event: int) -> Deadline:
    done_at = T0 if verdict in {"met", "breached"} else None
    return Deadline("details_visit", "k-1", T0, T0 + timedelta(minutes=10), done_at, verdict, by_s, 1, event)


CASE = Timeline(
    "c-1",
    [
        entry(1, "RequestReceived", T0, channel="phone", consumer_id="c-c-1", question=SEALED, name=SEALED),
        entry(
            *(2, "DetailsCollected", T0 + timedelta(minutes=14), "/tereze/intake"),
            **{"channel": "phone", "stage": "2a", "preparation_needed": True, "presence_required": False},
        ),
        entry(
            *(3, "EffectivenessEvaluated", T0 + timedelta(days=20), "/desk", "manager"),
            **{"cost": 75_050, "due_at": "2026-03-29T00:00:00Z", "causes": ["rude", "late"], "channel": "web"},
        ),
    ],
    [deadline("breached", -242, 2), deadline("met", 86_400, 3), deadline("overdue", -3_600, 1)],
)


@pytest.mark.parametrize("columns", [80, 120])
def test_a_case_tells_each_event_what_is_new_and_the_deadlines_that_it_ended(printed: Printed, columns: int) -> None:
    out = printed(columns, case_tables, CASE, "Asia/Almaty")
    said = " ".join(out.split())
    assert "2026-03-02, Monday 09:20:00 intake · RequestReceived /desk channel: phone; sealed: question, name" in said
    assert "09:34:00 intake · DetailsCollected intake ✗ details_visit 4m 2s late stage: 2a" in said
    assert "stage: 2a; preparation_needed; not presence_required" in said
    assert (
        "2026-03-22, Sunday 09:20:00 feedback · EffectivenessEvaluated /desk manager ✓ details_visit 1d early" in said
    )
    assert "cost: 750.50 tenge; due_at: 2026-03-29 05:00; causes: rude, late; channel: web" in said
    assert "Still to do" in said
    assert "✗ 1h late" in said
    assert "consumer_id" not in said
    assert out.count("channel: phone") == 1, "what is known is not said again"


@pytest.mark.parametrize("columns", [80, 120])
def test_a_case_and_a_person_say_in_words_who_was_merged_and_who_forgotten(printed: Printed, columns: int) -> None:
    first = entry(1, "RequestReceived", T0, consumer_id="c-c-1", question=FORGOTTEN, name=FORGOTTEN)
    records = [Person("p-1", forgotten_at=T0), Person("c-c-1", into="p-1", forgotten_at=T0), Person("c-2", into="p-1")]
    said = " ".join(printed(columns, case_tables, Timeline("c-1", [first], [], records[1:]), "Asia/Almaty").split())
    assert "Consumer c-c-1 was forgotten on 2026-03-02" in said
    assert "can't be read any more" in said
    assert "Messages that were rejected may still name them" in said
    assert "tereze dead-letters delete --naming c-c-1 --naming PHONE" in said
    assert "forgotten: question, name" in said
    assert "sealed" not in said
    assert "Consumer c-2: merged, p-1 answers for this record." in said
    case = CaseOf("c-1", "c-c-1", "feedback", "ComplaintReceived", T0)
    whole = printed(columns, person_tables, Whole("p-1", records, [case]), "Asia/Almaty")
    assert all(word in whole for word in ("p-1 was forgotten", "2026-03-02 09:20", "feedback · ComplaintReceived"))
    assert "No cases." in printed(columns, person_tables, Whole("p-1", records, []), "Asia/Almaty")


@pytest.mark.parametrize("columns", [80, 120, 200])
def test_a_paused_and_a_cancelled_clock_are_seen(printed: Printed, columns: int) -> None:
    none = printed(columns, sla_table, [kept("mail_answer", "post")], None)
    assert "paused" not in none
    assert "cancelled" not in none
    row = replace(kept("mail_answer", "post", total=40), paused=17, cancelled=3)
    out = printed(columns, sla_table, [row], None)
    assert "paused" in out
    assert "17" in out.split()
    assert "cancelled" in out
    assert ("below norm" in out) == (columns == 200), "quicker than the range: where there is room for it"

    waits = replace(deadline("paused", 432_000, 1), pauses=(Pause(T0, None),), paused_s=86_400.0)
    called_off = replace(deadline("cancelled", 0, 2), cancelled_at=T0)
    waited = replace(deadline("met", 60, 3), paused_s=7_200.0, norm="below")
    case = replace(CASE, deadlines=[waits, called_off, waited])
    said = " ".join(printed(columns, case_tables, case, "Asia/Almaty").split())
    assert "✓ details_visit 1m early, below norm, paused 2h" in said
    assert "– details_visit cancelled" in said
    assert "‖ 5d left, paused 1d" in said
