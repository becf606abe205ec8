"""The management-review pack on paper (ISO 10002): each report with its chart and table, then the rest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from deploy.documents.charts import Bar, Curve, bars, curves
from deploy.documents.pack_words import COLUMNS, CURVES, TITLES, YES_NO
from deploy.documents.paper import Paper, tenge
from services.insight.pack import Pack, Part
from services.insight.reports import Column, Kind, Row
from shared.settings import Settings

_WIDTH_MM = 269
_BESIDE_REPORTS = ("decisions", "closed", "told", "actions", "open_actions", "inspections", "success_factors")
"""Parts of the review that no report answers."""
_CHARTED = 15
_COHORTS = 12
_HOUR_S, _DAY_S = 3_600, 86_400


def draw(found: Pack) -> Paper:
    """The pack. The same pack gives the same bytes."""
    zone = ZoneInfo(Settings().timezone)
    paper = Paper(f"ISO 10002 · {found.position}", landscape=True)
    # Else the document would bear the time of its printing.
    paper.set_creation_date(found.now)
    _head(paper, found, zone)
    for part in found.parts:
        if part.rows:
            _part(paper, part)
    for name in _BESIDE_REPORTS:
        rows: Sequence[Row] = getattr(found.review, name)
        if rows:
            paper.heading(TITLES[name], 11)
            _table(paper, _heads(rows), rows, zone)
    paper.signature("Басшылық талдауын жүргізген / Анализ руководства провёл")
    return paper


def _head(paper: Paper, found: Pack, zone: tzinfo) -> None:
    paper.heading("БАСШЫЛЫҚ ТАРАПЫНАН ТАЛДАУ / АНАЛИЗ СО СТОРОНЫ РУКОВОДСТВА (ISO 10002)")
    begin = "…" if found.begin is None else f"{found.begin.astimezone(zone):%Y-%m-%d %H:%M}"
    paper.words(
        f"Кезең / Период: {begin} – {found.now.astimezone(zone):%Y-%m-%d %H:%M:%S}. "
        f"Журнал орны / Позиция журнала: {found.position} (оқиға / событий: {found.events}).\n"
        "Уақыт / Время: [күн / дней] сс:мм:сс / чч:мм:сс.",
        9,
    )
    paper.ln(3)


def _part(paper: Paper, part: Part) -> None:
    by = ", ".join(COLUMNS[name] for name in part.by)
    if paper.will_page_break(40):
        paper.add_page()
    paper.heading(f"{TITLES[part.report.name]}{f': {by}' if by else ''}", 11)
    heads = part.report.heads(part.by)
    _charts(paper, part, heads)
    _table(paper, [head for head in heads if not head.detail], part.rows, ZoneInfo(Settings().timezone))


def _charts(paper: Paper, part: Part, heads: Sequence[Column]) -> None:
    report, rows = part.report, part.rows
    labels = [" · ".join(str(row[head.name] or "–") for head in heads if head.kind is Kind.TEXT) for row in rows]
    if report.curves:
        latest = list(zip(labels, rows, strict=True))[-_COHORTS:]
        ticks = [name.split("_")[1] for name in report.curves[0][1]]
        charts = [
            (CURVES[what], [Curve(label, [row[name] for name in names]) for label, row in latest])
            for what, names in report.curves
        ]
        curves(paper, charts, [f"{tick} ай / мес." for tick in ticks])
        return
    column = next(one for one in report.columns if one.name == report.bar)
    values = [row[column.name] or 0 for row in rows]
    top = 1.0 if column.kind is Kind.SHARE else max(values)
    pareto = any(one.name == "cumulative" for one in report.columns)
    # Of a Pareto the bars are shares, so that the line over them has the same scale.
    bars(
        paper,
        [
            Bar(
                label,
                row["share"] if pareto else max(value, 0) / top if top else 0,
                _said(column.kind, row[column.name]),
                row["cumulative"] if pareto else None,
            )
            for label, value, row in list(zip(labels, values, rows, strict=True))[:_CHARTED]
        ],
    )


def _heads(rows: Sequence[Row]) -> list[Column]:
    """The columns of a part of the review: by their names and what stands in the first row."""

    def kind(name: str, value: Any) -> Kind:
        match value:
            case bool() | str() | datetime() | None:
                return Kind.TEXT
            case float():
                return Kind.SECONDS if name.endswith("_s") else Kind.NUMBER
            case _:
                return Kind.COUNT

    return [Column(name, kind(name, value)) for name, value in rows[0].items()]


def _table(paper: Paper, heads: Sequence[Column], rows: Sequence[Row], zone: tzinfo) -> None:
    texts = [head.kind is Kind.TEXT for head in heads]
    # What is a text gets twice the room of a figure.
    unit = _WIDTH_MM // (2 * sum(texts) + len(texts) - sum(texts))
    widths = [unit * (2 if text else 1) for text in texts]
    cells = [[_said(head.kind, row[head.name], zone) for head in heads] for row in rows]
    right = [place for place, text in enumerate(texts) if not text]
    paper.grid([COLUMNS[head.name] for head in heads], cells, widths, right)


def _said(kind: Kind, value: Any, zone: tzinfo | None = None) -> str:
    match kind, value:
        case _, None:
            return "–"
        case Kind.TEXT, bool():
            return YES_NO[value]
        case Kind.TEXT, datetime():
            return f"{value.astimezone(zone):%Y-%m-%d}"
        case Kind.SHARE, _:
            return f"{value:.0%}"
        case Kind.SECONDS, _:
            return _lasting(value)
        case Kind.TIYN, _:
            return tenge(round(value))
        case Kind.NUMBER, _:
            return f"{value:.2f}"
        case _:
            return str(value)


def _lasting(seconds: float) -> str:
    """A length of time in figures that both languages share: `3 02:15:40` is three days and some hours."""
    days, rest = divmod(round(seconds), _DAY_S)
    return (f"{days} " if days else "") + f"{rest // _HOUR_S:02}:{rest % _HOUR_S // 60:02}:{rest % 60:02}"
