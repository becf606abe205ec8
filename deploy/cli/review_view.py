"""Tables for people: the management review."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from deploy.cli.lengths import lasting
from deploy.cli.terminal import terminal
from services.insight.review import Review

_TITLES = {
    "complaints": "Complaints",
    "causes": "Causes of decided complaints",
    "decisions": "Found justified",
    "closed": "Why closed",
    "steps": "From receipt to each step",
    "handling": "Satisfaction with the process, 1 to 5",
    "told": "Told how things stand",
    "actions": "Actions",
    "open_actions": "Open actions",
    "inspections": "Quality inspections, percent",
    "impact": "Impact, by months after the consultation",
    "success_factors": "Success factors",
    "topical_issues": "Topical issues",
}


def review_tables(found: Review) -> None:
    """Print what there is, a table for each part."""
    console = terminal()
    shown = 0
    for field in fields(found):
        rows: list[dict[str, Any]] = getattr(found, field.name)
        if rows and any(rows[0].values()):
            console.print(_table(_TITLES[field.name], rows))
            shown += 1
    if not shown:
        print("Nothing to review in this period: no complaint, action, inspection or survey.")


def _table(title: str, rows: list[dict[str, Any]]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, collapse_padding=True)
    for name, value in rows[0].items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        table.add_column(
            name.removesuffix("_s").replace("_", " "), justify="right" if number else "left", overflow="fold"
        )
    for row in rows:
        table.add_row(*(Text(_said(name, value)) for name, value in row.items()))
    return table


def _said(name: str, value: Any) -> str:
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case float() if name.endswith("_s"):
            return lasting(value)
        case float():
            return f"{value:.1f}"
        case datetime():
            return f"{value:%Y-%m-%d}"
        case _:
            return str(value)
