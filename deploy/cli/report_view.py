"""Tables and plots for people: the reports."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rich import box
from rich.bar import Bar
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from deploy.cli.lengths import brief
from deploy.cli.terminal import terminal
from services.insight.reports import Column, Kind, Report, Row

_BAR = 40
_CURVE = 16
_PLOTTED = 40
_RIGHT = frozenset(Kind) - {Kind.TEXT}


def list_of_reports(reports: Iterable[Report]) -> None:
    """Print what may be asked."""
    table = _table()
    table.add_column("report", no_wrap=True)
    table.add_column("question", overflow="fold")
    table.add_column("by", overflow="fold")
    for one in reports:
        table.add_row(one.name, one.question, ", ".join(one.groups))
    terminal().print(table)


def report_tables(report: Report, by: Sequence[str], rows: Sequence[Row]) -> None:
    """Print an answer: the question, its table, its plot."""
    console = terminal(highlight=False)
    console.print(Text(report.question, style="bold"))
    if not rows:
        console.print("Nothing to tell: no such fact in this stretch of history.")
        return
    heads = report.heads(by)
    shown = [head for head in heads if not head.detail]
    table = _table()
    for head in shown:
        name = head.name.removesuffix("_s").replace("_", " ").replace(" share", "")
        table.add_column(name, justify="right" if head.kind in _RIGHT else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(figure(head, row[head.name])) for head in shown))
    console.print(table)
    labels = [" · ".join(said(row[head.name]) for head in heads if head.kind is Kind.TEXT) or "all" for row in rows]
    console.print(_curves(report, labels, rows) if report.curves else _bars(report, labels, rows))
    if len(rows) > _PLOTTED:
        console.print(f"The plot shows the first {_PLOTTED} of {len(rows):,} rows.")


def figure(column: Column, value: Any) -> str:
    """A value as people read it."""
    if value is None:
        return "–"
    match column.kind:
        case Kind.SHARE:
            return f"{value:.0%}"
        case Kind.SECONDS:
            return brief(value)
        case Kind.TIYN:
            return f"{value / 100:,.2f}"
        case Kind.NUMBER:
            return f"{value:.2f}"
        case Kind.COUNT:
            return f"{value:,}"
        case Kind.TEXT:
            return said(value)


def said(value: Any) -> str:
    """A label; of what has none a dash."""
    return "–" if value is None else str(value)


def _bars(report: Report, labels: Sequence[str], rows: Sequence[Row]) -> Table:
    column = next(one for one in report.columns if one.name == report.bar)
    name = column.name.removesuffix("_s").replace("_", " ")
    plot = _table()
    plot.add_column("", overflow="fold")
    plot.add_column(name, no_wrap=True)
    plot.add_column("", justify="right", no_wrap=True)
    top = scale(column, rows)
    for label, row in list(zip(labels, rows, strict=True))[:_PLOTTED]:
        value = row[column.name]
        plot.add_row(Text(label), _bar(value, top, _BAR), Text(figure(column, value)))
    return plot


def _curves(report: Report, labels: Sequence[str], rows: Sequence[Row]) -> Table:
    """A line for each curve of a row, a bar for each of its points."""
    plot = _table()
    plot.add_column("", overflow="fold")
    plot.add_column("", no_wrap=True)
    for name in report.curves[0][1]:
        plot.add_column(name.removeprefix(f"{report.curves[0][0]}_").removesuffix("_share"), no_wrap=True)
    for label, row in list(zip(labels, rows, strict=True))[:_PLOTTED]:
        for number, (what, names) in enumerate(report.curves):
            plot.add_row(Text("" if number else label), what, *(_bar(row[name], 1.0, _CURVE) for name in names))
    return plot


def scale(column: Column, rows: Sequence[Row]) -> float:
    """The value whose bar is the longest there can be."""
    if column.kind is Kind.SHARE:
        return 1.0
    return max((row[column.name] or 0 for row in rows), default=0)


def _bar(value: float | None, top: float, width: int) -> RenderableType:
    if value is None:
        return Text("–")
    return Bar(top, 0, max(value, 0), width=width, color="cyan") if top > 0 else Text("")


def _table() -> Table:
    return Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
