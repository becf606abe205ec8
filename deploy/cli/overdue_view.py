"""Tables for people: what is overdue, and what is about to be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from rich import box
from rich.table import Table
from rich.text import Text

from deploy.cli.lengths import brief
from deploy.cli.terminal import terminal
from services.insight.queries.overdue import Due, DueClock


@dataclass(frozen=True, slots=True)
class Group:
    """What one owner has of one indicator."""

    owner: str | None
    indicator: str
    overdue: int
    approaching: int
    first_due_at: datetime


def groups_of(found: Sequence[DueClock]) -> list[Group]:
    """By owner and indicator, the most overdue first. `found` is in the order of due moments."""
    groups: defaultdict[tuple[str | None, str], list[DueClock]] = defaultdict(list)
    for one in found:
        groups[one.owner, one.indicator].append(one)
    made = [
        Group(
            owner,
            indicator,
            sum(one.due is Due.OVERDUE for one in clocks),
            sum(one.due is Due.APPROACHING for one in clocks),
            clocks[0].due_at,
        )
        for (owner, indicator), clocks in groups.items()
    ]
    return sorted(made, key=lambda one: (-one.overdue, one.first_due_at, one.owner or "", one.indicator))


def overdue_tables(found: Sequence[DueClock], show: int, timezone: str) -> None:
    """Print who owes how much, then the cases whose due moment is or was the first."""
    if not found:
        print("Nothing is overdue, and nothing approaches its due moment.")
        return
    console = terminal()
    groups = _table("Overdue, by who answers for it", "owner", "indicator")
    for name in ("overdue", "approaching"):
        groups.add_column(name, justify="right", no_wrap=True)
    for one in groups_of(found):
        count = f"[red]{one.overdue:,}[/]" if one.overdue else "0"
        groups.add_row(Text(one.owner or "–"), Text(one.indicator), count, f"{one.approaching:,}")
    console.print(groups)
    if not show:
        return
    cases = _table("The first due", "case", "indicator", "owner")
    for name in ("due", "late", "left"):
        cases.add_column(name, justify="right", no_wrap=True)
    zone = ZoneInfo(timezone)
    for one in found[:show]:
        late = one.due is Due.OVERDUE
        cases.add_row(
            *map(Text, (one.case_id, one.indicator, one.owner or "–", f"{one.due_at.astimezone(zone):%Y-%m-%d %H:%M}")),
            Text(brief(one.by_s), style="red") if late else "",
            "" if late else brief(one.by_s),
        )
    console.print(cases)
    if len(found) > show:
        print(f"{len(found) - show:,} more; all of them: tereze overdue --show {len(found)}")


def _table(title: str, *labels: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, collapse_padding=True)
    for label in labels:
        table.add_column(label, overflow="fold")
    return table
