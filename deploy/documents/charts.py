"""Charts on paper, drawn as lines and rectangles: they stay sharp at any size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deploy.documents.paper import Paper

_ROW_MM = 4.6
_LABEL_MM = 70
_FIGURE_MM = 30
_TALL_MM = 46
_WIDE_MM = 82
_BLUE = (44, 95, 138)
_RED = (176, 58, 46)
_GREY = (170, 170, 170)
_TICKS = (0.0, 0.5, 1.0)


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: how long, of 1; what is said beside it; with `reached` also how far all so far come, of 1."""

    label: str
    length: float
    figure: str
    reached: float | None = None


def bars(paper: Paper, rows: Sequence[Bar]) -> None:
    """Horizontal bars below each other; a line over them where they say how far all so far come (Pareto)."""
    left = paper.l_margin + _LABEL_MM
    width = paper.w - paper.r_margin - _FIGURE_MM - left
    line: list[tuple[float, float]] = []
    for row in rows:
        if paper.will_page_break(_ROW_MM):
            _curve(paper, line)
            line = []
            paper.add_page()
        top = paper.get_y()
        paper.place(paper.l_margin, top, _LABEL_MM - 2, row.label, align="R")
        paper.set_fill_color(*_BLUE)
        paper.rect(left, top + 0.6, max(width * row.length, 0.2), _ROW_MM - 1.2, style="F")
        paper.place(left + width + 1, top, _FIGURE_MM - 1, row.figure)
        if row.reached is not None:
            line.append((left + width * row.reached, top + _ROW_MM / 2))
        paper.set_y(top + _ROW_MM)
    _curve(paper, line)
    _reset(paper)
    paper.ln(2)


def _reset(paper: Paper) -> None:
    """Back to what text and tables are drawn with: a table fills its cells with whatever colour was left."""
    paper.set_fill_color(0)
    paper.set_draw_color(0)
    paper.set_line_width(0.2)


def _curve(paper: Paper, points: Sequence[tuple[float, float]]) -> None:
    if not points:
        return
    paper.set_draw_color(*_RED)
    paper.set_line_width(0.4)
    paper.polyline(list(points))
    paper.set_fill_color(*_RED)
    for x, y in points:
        paper.circle(x, y, 0.7, style="F")


@dataclass(frozen=True, slots=True)
class Curve:
    """A line through shares, of 1; it ends where one is None."""

    label: str
    points: Sequence[float | None]


def curves(paper: Paper, charts: Sequence[tuple[str, Sequence[Curve]]], ticks: Sequence[str]) -> None:
    """Charts beside each other, each of shares over the same ticks; the latest curve is the darkest."""
    if paper.will_page_break(_TALL_MM + 12):
        paper.add_page()
    top = paper.get_y() + 5
    for number, (title, lines) in enumerate(charts):
        left = paper.l_margin + 9 + number * (_WIDE_MM + 8)
        paper.place(left, top - 5, _WIDE_MM, title)
        _axes(paper, left, top, ticks)
        for place, one in enumerate(lines, 1):
            shade = 1 - place / len(lines)
            _line(paper, one, (left, top), len(ticks), shade)
    _reset(paper)
    paper.set_y(top + _TALL_MM + 7)


def _axes(paper: Paper, left: float, top: float, ticks: Sequence[str]) -> None:
    width = _WIDE_MM - 16
    paper.set_draw_color(*_GREY)
    for share in _TICKS:
        y = top + _TALL_MM * (1 - share)
        paper.line(left, y, left + width, y)
        paper.place(left - 10, y - 2, 9, f"{share:.0%}", align="R")
    for number, tick in enumerate(ticks):
        x = left + width * (number / max(len(ticks) - 1, 1))
        paper.place(x - 8, top + _TALL_MM + 1, 16, tick, align="C")


def _line(paper: Paper, one: Curve, corner: tuple[float, float], ticks: int, shade: float) -> None:
    left, top = corner
    width = _WIDE_MM - 16
    known: list[tuple[float, float]] = []
    for number, share in enumerate(one.points):
        if share is None:
            break
        known.append((left + width * number / max(ticks - 1, 1), top + _TALL_MM * (1 - share)))
    if not known:
        return
    colour = tuple(round(part + (225 - part) * shade) for part in _BLUE)
    paper.set_draw_color(*colour)
    paper.set_fill_color(*colour)
    paper.set_line_width(0.4)
    if len(known) > 1:
        paper.polyline(known)
    for x, y in known:
        paper.circle(x, y, 0.7, style="F")
    paper.place(known[-1][0] + 1, known[-1][1] - 2, 14, one.label)
