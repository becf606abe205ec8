"""Tables for people: deadlines, effectiveness, live against rebuilt."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, TypeAlias

import orjson
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from deploy.cli.lengths import brief
from deploy.cli.terminal import terminal
from services.insight.queries import CauseRow, EffectivenessGroup, EffectivenessRow, SlaGroup, SlaRow

_WIDEST_GROUP = 24
_NEAR = 0.5
_FEW = 10
_LISTS = {"office": "tereze sla --by office", "topic": "tereze sla --by topic", "channel": "tereze sla"}
_ROOM = 10_000
_SELDOM = ("paused", "cancelled")
"""Columns that are shown only where there is something in them."""


def print_json(value: Any) -> None:
    """Print one JSON document."""
    print(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


def sla_table(rows: Sequence[SlaRow], group: SlaGroup | None) -> None:
    """Print the limits and how they are kept."""
    if not rows:
        print("No deadlines yet: nothing was received. Submit something with: tereze send --help")
        return
    console = terminal()
    widest_first = (_sla_wide(rows, group, "below_norm", *_SELDOM), _sla_wide(rows, group))
    console.print(next((table for table in widest_first if _fits(console, table)), _sla_narrow(rows, group)))


def nothing_matches(asked: Mapping[str, str], known: Mapping[str, Sequence[str]], *, past: bool) -> str:
    """Why no clock was found: what none has, and what comes near it; or that no clock has all that was asked for."""
    for name, value in asked.items():
        if value in known[name]:
            continue
        if not known[name]:
            return f"No {name} has clocks yet."
        near = get_close_matches(value, known[name], cutoff=_NEAR)
        some = near or known[name][:_FEW]
        more = "" if len(some) == len(known[name]) else f"; all of them: {_LISTS[name]}"
        return f"No {name} {value} has clocks. {'Near it' if near else 'There are'}: {', '.join(some)}{more}"
    all_asked = " and ".join(f"{name} {value}" for name, value in asked.items())
    return f"No clock had {all_asked} by then." if past else f"No clock has {all_asked} together."


def _sla_wide(rows: Sequence[SlaRow], group: SlaGroup | None, *more: str) -> Table:
    """One line a row, with all that is asked of a limit."""
    table = _table("Deadlines", ("indicator", "limit", "channel", *([group.value] if group else [])))
    seldom = _seldom(rows, *(more or _SELDOM))
    for name in ("total", "met", "breached", "open", "overdue", *seldom, "kept", "average", "p50", "p95"):
        table.add_column(name.replace("_", " "), justify="right", no_wrap=True)
    for row in rows:
        labels = (row.indicator, f"≤ {brief(row.limit_s)}", row.channel or "–", *([row.group or "–"] if group else []))
        table.add_row(*map(Text, labels), *_sla_figures(row, seldom, wide=True))
    return table


def _sla_narrow(rows: Sequence[SlaRow], group: SlaGroup | None) -> Table:
    """Indicator, channel and group below each other; fits in 80 columns."""
    table = _table("Deadlines", ("indicator",), padding=0)
    seldom = _seldom(rows, *_SELDOM)
    for name in ("total", "met", "breached", "open", "overdue", *seldom, "kept", "average", "p95"):
        table.add_column(name, justify="right", no_wrap=True)
    before: tuple[str, ...] = ()
    for row in rows:
        channel = row.channel or "–"
        above = (f"[bold]{escape(row.indicator)} ≤ {brief(row.limit_s)}[/]", *([escape(channel)] if group else []))
        for depth, label in enumerate(above):
            if before[: depth + 1] != above[: depth + 1]:
                table.add_row("  " * depth + label)
        before = above
        last = row.group or "–" if group else channel
        table.add_row(Text("  " * len(above) + last), *_sla_figures(row, seldom, wide=False))
    return table


def _table(title: str | None, labels: Sequence[str], padding: int = 1) -> Table:
    """A table whose labels give way to its figures where there is no room for both."""
    table = Table(title=title, box=box.SIMPLE_HEAD, show_edge=False, padding=(0, padding, 0, 0))
    for label in labels:
        table.add_column(label, overflow="fold", max_width=_WIDEST_GROUP)
    return table


def _fits(console: Console, table: Table) -> bool:
    # Measured as if there were room for all: else no table is ever wider than the console.
    return console.measure(table, options=console.options.update(max_width=_ROOM)).maximum <= console.width


def _seldom(rows: Sequence[SlaRow], *names: str) -> tuple[str, ...]:
    return tuple(name for name in names if any(getattr(row, name) for row in rows))


def _sla_figures(row: SlaRow, seldom: Sequence[str], *, wide: bool) -> tuple[str, ...]:
    return (
        f"{row.total:,}",
        f"{row.met:,}",
        f"[red]{row.breached:,}[/]" if row.breached else "0",
        f"{row.open:,}",
        f"[red]{row.overdue:,}[/]" if row.overdue else "0",
        *(f"{getattr(row, name):,}" for name in seldom),
        "–" if row.kept is None else f"{row.kept:.0%}",
        brief(row.average_s),
        *([brief(row.p50_s)] if wide else []),
        brief(row.p95_s),
    )


def effectiveness_tables(
    rows: Sequence[EffectivenessRow], causes: Sequence[CauseRow], group: EffectivenessGroup
) -> None:
    """Print resources against what came of them, and the causes of dissatisfaction."""
    if not rows:
        print("No consultation was held yet.")
        return
    console = terminal()
    # Beside each other where the terminal is wide enough; else what it cost, and below it what came of it.
    tables = [_effectiveness(rows, group, _COST + _OUTCOME, padding=1)]
    if not _fits(console, tables[0]):
        tables = [_effectiveness(rows, group, figures, padding=0) for figures in (_COST, _OUTCOME)]
    console.print("[bold]Effectiveness[/]\n")
    for table in tables:
        console.print(table)
        console.print()
    if causes:
        ranked = _table(None, ("cause of dissatisfaction",))
        for name in ("named", "cases"):
            ranked.add_column(name, justify="right")
        for cause in causes:
            ranked.add_row(Text(cause.cause), f"{cause.named:,}", f"{cause.cases:,}")
        console.print(ranked)


def _effectiveness(
    rows: Sequence[EffectivenessRow], group: EffectivenessGroup, figures: _Figures, *, padding: int
) -> Table:
    table = _table(None, ("" if group is EffectivenessGroup.ALL else group.value,), padding)
    for name, _ in figures:
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        label = "all" if group is EffectivenessGroup.ALL else row.group or "–"
        table.add_row(Text(label), *(figure(row) for _, figure in figures))
    return table


def differences_table(results: Sequence[dict[str, Any]]) -> None:
    """Print what a comparison of live and rebuilt found."""
    table = Table("projection", "events", "rows", "differences", title="Live against rebuilt")
    for result in results:
        count = result["differences"]
        table.add_row(
            Text(result["projection"]),
            f"{result['events']:,}",
            f"{result['rows']:,}",
            f"[red]{count:,}[/]" if count else "[green]none[/]",
        )
    console = terminal()
    console.print(table)
    for result in results:
        for difference in result["first"]:
            console.print(Text.assemble((str(difference["stands"]), "red"), f" {difference['row']}"))


_Figures: TypeAlias = tuple[tuple[str, Callable[[EffectivenessRow], str]], ...]
_COST: _Figures = (
    ("consultations", lambda row: f"{row.consultations:,}"),
    ("further", lambda row: f"{row.follow_ups:,}"),
    ("hours", lambda row: f"{row.minutes / 60:,.1f}"),
    ("cost, tenge", lambda row: f"{row.cost / 100:,.2f}"),
)
_OUTCOME: _Figures = (
    ("satisfied", lambda row: _share(row.satisfied_share)),
    ("process/\nresult", lambda row: f"{_mean(row.average_process)}/{_mean(row.average_result)}"),
    ("solved\nyes/half/no", lambda row: f"{row.solved_yes:,}/{row.solved_half:,}/{row.solved_no:,}"),
    ("at first\ncontact", lambda row: _share(row.first_contact_share)),
    ("effective\nyes/no", lambda row: f"{row.effective:,}/{row.not_effective:,}"),
    ("degree\nsolved", lambda row: "–" if row.average_degree_solved is None else f"{row.average_degree_solved:.0f}%"),
    ("advice\nused", lambda row: f"{row.impact_used:,}/{row.impact_evaluated:,}"),
)


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


def _mean(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"
