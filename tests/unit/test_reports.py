"""What holds of every report: Pareto, cohorts, their columns, how they are shown, and that a pack is the same twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import pairwise
from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader
from typer.testing import CliRunner

from deploy.cli.report import register
from deploy.cli.report_view import list_of_reports, report_tables
from deploy.documents.charts import Bar, Curve, bars, curves
from deploy.documents.pack import draw
from deploy.documents.pack_words import COLUMNS, CURVES, TITLES
from deploy.documents.paper import Paper
from services.insight.pack import CONTENTS, Pack, Part
from services.insight.reports import REPORTS, Kind, Report, Row
from services.insight.reports.cohorts import AFTER, WHATS, shares
from services.insight.reports.pareto import pareto
from services.insight.review import Review
from services.insight.standpoint import Standpoint
from services.insight.views import projections

NOW = datetime(2026, 7, 15, 9, tzinfo=UTC)
COUNTS = st.lists(st.integers(0, 10_000), max_size=30)
VALUES = {
    Kind.TEXT: "Ұялы / Ёлка",
    Kind.COUNT: 1_234,
    Kind.SHARE: 0.5,
    Kind.SECONDS: 93_784.0,
    Kind.TIYN: 1_234_567,
    Kind.NUMBER: 4.25,
}


@given(COUNTS)
def test_of_a_pareto_the_shares_make_one_and_the_cumulative_ones_rise_to_it(counts: list[int]) -> None:
    rows = pareto([{"cause": str(number), "named": count} for number, count in enumerate(counts)])
    if not sum(counts):
        assert rows == []
        return
    assert sorted(row["named"] for row in rows) == sorted(counts)
    assert sum(row["share"] for row in rows) == pytest.approx(1)
    cumulative = [row["cumulative"] for row in rows]
    assert cumulative == sorted(cumulative)
    assert cumulative[-1] == 1.0
    # The most frequent first: no share is larger than the one before it.
    assert all(one["share"] >= other["share"] for one, other in pairwise(rows))


@st.composite
def cohorts(draw: st.DrawFn) -> Row:
    cases = draw(st.integers(1, 1_000))
    counted = {what: sorted(draw(st.lists(st.integers(0, cases), min_size=3, max_size=3))) for what in WHATS}
    counts = {f"{what}_{months}": counted[what][place] for what in WHATS for place, months in enumerate(AFTER)}
    return {"cohort": f"2026-{draw(st.integers(1, 7)):02}", "cases": cases, **counts}


@given(cohorts())
def test_of_a_cohort_no_share_exceeds_one_or_falls_and_none_is_told_before_its_time(row: Row) -> None:
    told = shares(row, NOW)
    for what in WHATS:
        curve = [told[f"{what}_{months}_share"] for months in AFTER]
        known = [share for share in curve if share is not None]
        assert known == sorted(known)
        assert all(0 <= share <= 1 for share in known)
        # Of a cohort of March, all have had one and three months in the middle of July, and none six.
        gone = 7 - int(row["cohort"][5:]) - 1
        assert [share is not None for share in curve] == [months <= gone for months in AFTER]


@pytest.mark.parametrize("report", REPORTS.values(), ids=lambda one: one.name)
def test_a_report_s_plot_shows_columns_that_it_has(report: Report) -> None:
    names = {column.name for column in report.columns}
    assert {report.bar, *(name for _, points in report.curves for name in points)} <= names
    assert set(report.default) <= set(report.groups)
    assert not names & {*report.keys, *report.groups, *report.filters}
    assert "\n" not in report.question


def test_the_pack_has_every_report_and_a_word_for_everything_in_it() -> None:
    assert {name for name, _ in CONTENTS} == REPORTS.keys()
    for name, by in CONTENTS:
        report = REPORTS[name]
        assert set(by) <= set(report.groups)
        shown = {head.name for head in report.heads(by) if not head.detail}
        assert shown <= COLUMNS.keys()
        assert name in TITLES
        assert {what for what, _ in report.curves} <= CURVES.keys()


def row_of(report: Report, by: tuple[str, ...], **values: Any) -> Row:
    return {head.name: VALUES[head.kind] for head in report.heads(by)} | values


def test_an_answer_is_a_question_a_table_and_a_plot(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [row_of(REPORTS["causes"], (), cause="queue", named=3), row_of(REPORTS["causes"], (), cause="rude", named=1)]
    report_tables(REPORTS["causes"], (), rows)
    out = capsys.readouterr().out
    assert REPORTS["causes"].question in out
    bars = [line.count("█") for line in out.splitlines() if line.startswith(("queue", "rude")) and "█" in line]
    assert bars[0] == 40
    assert 12 <= bars[1] <= 14


def test_of_a_limit_the_share_within_it_and_the_mean_are_told_together(capsys: pytest.CaptureFixture[str]) -> None:
    """§9: of calls neither says enough without the other."""
    limits = REPORTS["limits"]
    report_tables(limits, (), [row_of(limits, (), indicator="call_waiting", kept=0.98, average_s=8.0)])
    [shown, _] = [line.split() for line in capsys.readouterr().out.splitlines() if "call_waiting" in line]
    assert {"98%", "8s"} <= set(shown)


def test_of_curves_each_point_is_a_bar_and_what_is_not_known_a_dash(capsys: pytest.CaptureFixture[str]) -> None:
    known = {f"{what}_{months}_share": 1.0 if months < 6 else None for what in WHATS for months in AFTER}
    report_tables(REPORTS["cohorts"], (), [row_of(REPORTS["cohorts"], (), cohort="2026-03", **known)])
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "impact" in line and "█" in line]
    assert line.count("█") == 2 * 16
    assert line.rstrip().endswith("–")


def test_where_there_is_nothing_to_tell_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    report_tables(REPORTS["issues"], (), [])
    assert "Nothing to tell" in capsys.readouterr().out


def test_the_list_names_every_report_with_its_question(capsys: pytest.CaptureFixture[str]) -> None:
    list_of_reports(REPORTS.values())
    out = capsys.readouterr().out
    assert all(one.name in out and one.question in out for one in REPORTS.values())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("weather",), "there is no report weather; there are: limits, trend"),
        (("causes", "--only", "topic"), "NAME=VALUE"),
        (("limits", "--as-known"), "says of which moment only with --as-of"),
        (("limits", "--as-of", "yesterday"), "is not a time"),
    ],
)
def test_what_can_not_be_asked_is_said(arguments: tuple[str, ...], said: str) -> None:
    app = typer.Typer()
    register(app)
    done = CliRunner().invoke(app, ["report", *arguments], env={"COLUMNS": "200"})
    assert done.exit_code != 0
    assert said in f"{done.output} {done.exception}"


EMPTY = Review(*([] for _ in range(13)))


def pack(position: int = 17) -> Pack:
    parts = [
        Part(REPORTS[name], by, [row_of(REPORTS[name], by, **({"cohort": "2026-03"} if name == "cohorts" else {}))] * 3)
        for name, by in CONTENTS
    ]
    review = replace(
        EMPTY,
        open_actions=[
            {"action_id": "a1", "department": None, "origin": "decision", "action": "Кезекті қысқарту", "owner": "k-1",
             "due_at": NOW, "overdue": True, "to_check": False}
        ],
    )  # fmt: skip
    return Pack(position, 99, NOW, None, review, parts)


def test_the_same_pack_is_the_same_file_byte_for_byte_and_another_position_another() -> None:
    first = bytes(draw(pack()).output())
    assert bytes(draw(pack()).output()) == first
    assert bytes(draw(pack(18)).output()) != first


def test_the_pack_says_everything_in_kazakh_and_russian_letters() -> None:
    paper = draw(pack())
    said = " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(bytes(paper.output()))).pages).split())
    for part in (
        "БАСШЫЛЫҚ ТАРАПЫНАН ТАЛДАУ / АНАЛИЗ СО СТОРОНЫ РУКОВОДСТВА",
        "Позиция журнала: 17 (оқиға / событий: 99)",
        "Кеңестердің тиімділігі / Эффективность консультаций: Кеңесші / Консультант",
        "Ұялы / Ёлка",
        "1 02:03:04",
        "12 345,67",
        "Кезекті қысқарту",
        "иә / да",
    ):
        assert part in said, part
    assert not paper.unprintable


def test_charts_are_drawn_as_lines_and_rectangles_and_not_as_pictures() -> None:
    pages = PdfReader(BytesIO(bytes(draw(pack()).output()))).pages
    assert not any(page.images for page in pages)
    drawn = b"".join(page.get_contents().get_data() for page in pages)  # type: ignore[union-attr]
    assert drawn.count(b" re f") > 50


def test_after_charts_tables_are_drawn_as_before() -> None:
    """Regression: the last bar's colour filled every cell of the next table."""
    plain, drawn = Paper("plain"), Paper("drawn")
    bars(drawn, [Bar("one", 1.0, "1", 1.0)])
    curves(drawn, [("share", [Curve("2026-03", [0.1, 0.5, None])])], ["1", "3", "6"])
    for name in ("fill_color", "draw_color", "line_width"):
        left, before = getattr(drawn, name), getattr(plain, name)
        assert left == (pytest.approx(before, abs=1e-3) if name == "line_width" else before)


def test_a_standpoint_cuts_by_position_and_time_and_what_is_whole_by_position_only() -> None:
    (projection,) = projections("UTC", ["subscriptions"])
    plain = Standpoint(now=NOW)
    assert plain.table(projection) == "read.subscriptions_v1"
    cut = Standpoint(now=NOW, since=NOW - timedelta(days=1), until=NOW, position=7)
    assert "position <= 7" in cut.table(projection)
    assert "at >= '2026-07-14" in cut.table(projection)
    assert "at >=" not in cut.table(projection, whole=True)


def test_no_subscriber_is_in_the_facts_of_what_was_sold() -> None:
    (projection,) = projections("UTC", ["subscriptions"])
    assert {"name", "address", "phone", "email"} <= set(projection.unread_fields)
    assert not {"name", "address", "phone", "email"} & set(projection.column_names)
