"""A case for people: what happened when, by whom, and which deadlines were met and missed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from deploy.cli.lengths import brief
from deploy.cli.terminal import terminal
from services.insight.persons import Person, Whole
from services.insight.timeline import SEALED, Deadline, Entry, Timeline
from shared.bus.names import RESERVED_SOURCE
from shared.contracts.values import Role
from shared.eventstore.vault import FORGOTTEN

_GAP = 2
_TIME = len("09:30:00")
_WIDEST_WHO = 15
_NARROWEST_DEADLINES = 18
_MARKS = {
    "met": "[green]✓[/]",
    "breached": "[red]✗[/]",
    "open": "[yellow]…[/]",
    "paused": "[yellow]‖[/]",
    "overdue": "[red]✗[/]",
    "cancelled": "[dim]–[/]",
}
_SAID = {
    "met": "early",
    "breached": "late",
    "open": "left",
    "paused": "left",
    "overdue": "late",
}
_MONEY = frozenset({"cost", "material_costs", "price", "amount"})
# Ids that the reader knows by the case's own, and what another line of the case says anyway.
_LEFT_OUT = frozenset({"consumer_id", "consultation_id", "has_contacts", "held_at"})
# Facts that events repeat so that projections need no memory: people are told them once, and of changes.
_STANDING = frozenset(
    {
        *("channel", "language", "office", "topic", "path", "form", "number", "people", "responsible"),
        *("consultant", "manager", "owner", "agreed_by_manager", "started_at"),
        *("minutes_spent", "cost"),
    }
)


class _Widths(NamedTuple):
    what: int
    who: int
    deadlines: int


def case_tables(found: Timeline, timezone: str) -> None:
    """Print a case's events, each with the deadlines it ended, then those that still run."""
    zone, console = ZoneInfo(timezone), terminal(highlight=False)
    ended: defaultdict[int, list[Deadline]] = defaultdict(list)
    for deadline in found.deadlines:
        if not deadline.runs:
            ended[deadline.event].append(deadline)
    widths = _widths(found.entries, ended, console.width)
    told: dict[str, Any] = {}
    day = ""
    console.print(Text(f"Case {found.case_id}", style="bold"), soft_wrap=True)
    for one in found.persons:
        console.print(Text(standing(one, zone)))
    for entry in found.entries:
        at = entry.at.astimezone(zone)
        if day != (day := f"{at:%Y-%m-%d, %A}"):
            console.print(f"\n[bold]{day}[/]")
        console.print(_line(widths, f"{at:%H:%M:%S}", entry, ended[entry.position]))
        if details := "; ".join(_details(entry, told, zone)):
            console.print(Padding(Text(details, style="dim"), (0, 0, 0, _TIME + _GAP), expand=False))
    # As of a moment: a consultation had begun by then, and only the event of its end says so.
    positions = {entry.position for entry in found.entries}
    if told_later := [one for event, some in ended.items() if event not in positions for one in some]:
        console.print("\nEnded by then, as was told later:")
        for deadline in told_later:
            console.print(f"{'':{_TIME + _GAP}}{_verdict(deadline, ' ')}")
    console.print()
    _still_to_do(console, [deadline for deadline in found.deadlines if deadline.runs], zone)


def person_tables(found: Whole, timezone: str) -> None:
    """Print a person's records and cases."""
    zone, console = ZoneInfo(timezone), terminal(highlight=False)
    for one in found.records:
        console.print(Text(standing(one, zone)))
    if not found.cases:
        console.print("No cases.")
        return
    table = Table("case", "began", "with", "under")
    for case in found.cases:
        began = case.at.astimezone(zone).strftime("%Y-%m-%d %H:%M")
        table.add_row(*map(Text, (case.case_id, began, f"{case.service} · {case.type}", case.consumer_id)))
    console.print(table)


def still_named(consumer_id: str) -> str:
    """What forgetting does not reach: rejected messages belong to no consumer's key, and end by time or by hand."""
    return (
        "Messages that were rejected may still name them; delete those, by all that they may be called: "
        f"tereze dead-letters delete --naming {consumer_id} --naming PHONE --naming NAME"
    )


def standing(one: Person, zone: ZoneInfo) -> str:
    """How it stands with a consumer, in words."""
    told = f"Consumer {one.consumer_id}"
    if one.forgotten_at is not None:
        day = f"{one.forgotten_at.astimezone(zone):%Y-%m-%d}"
        return (
            f"{told} was forgotten on {day}: what they said, and what was said of them, can't be read any more. "
            f"{still_named(one.consumer_id)}"
        )
    return f"{told}: merged, {one.into} answers for this record." if one.into is not None else told


def _still_to_do(console: Console, running: Sequence[Deadline], zone: ZoneInfo) -> None:
    if not running:
        console.print("No deadline runs.")
        return
    table = Table("deadline", "owner", "due", "", title="Still to do", title_justify="left")
    for deadline in running:
        due = deadline.due_at.astimezone(zone).strftime("%Y-%m-%d %H:%M")
        state = f"{_MARKS[deadline.verdict]} {_by(deadline)}"
        table.add_row(deadline.indicator, Text(deadline.owner or "–"), due, state)
    console.print(table)


def _widths(entries: Sequence[Entry], ended: Mapping[int, Sequence[Deadline]], console_width: int) -> _Widths:
    what = max(len(_what(entry)) for entry in entries)
    who = min(max(len(_who(entry)) for entry in entries), _WIDEST_WHO)
    left = max(console_width - _TIME - what - who - 3 * _GAP, _NARROWEST_DEADLINES)
    return _Widths(what, who, min(left, max((len(_plain(one)) for some in ended.values() for one in some), default=1)))


def _line(widths: _Widths, time: str, entry: Entry, ended: Sequence[Deadline]) -> Table:
    grid = Table.grid(padding=(0, _GAP, 0, 0), pad_edge=False)
    grid.add_column(width=_TIME)
    grid.add_column(width=widths.what, overflow="fold")
    grid.add_column(width=widths.who, overflow="fold")
    grid.add_column(width=widths.deadlines)
    # In a narrow column each deadline takes two lines, broken where a reader would.
    between = "\n  " if widths.deadlines < max((len(_plain(one)) for one in ended), default=0) else " "
    grid.add_row(time, Text(_what(entry)), Text(_who(entry)), "\n".join(_verdict(one, between) for one in ended))
    return grid


def _what(entry: Entry) -> str:
    return f"{entry.service} · {entry.type}"


def _who(entry: Entry) -> str:
    """A service that reacted by its name; else the channel or desk that sent it, there with the role."""
    source = entry.actor.removeprefix(f"{RESERVED_SOURCE}/")
    return source if entry.role in {None, Role.CHANNEL} else f"{source} {entry.role}"


def _verdict(deadline: Deadline, between: str) -> str:
    return f"{_MARKS[deadline.verdict]} {deadline.indicator}{between}{_by(deadline)}"


def _by(deadline: Deadline) -> str:
    """How early or late, and how long the centre waited for the consumer meanwhile."""
    if deadline.cancelled_at is not None:
        return "cancelled"
    paused = f", paused {brief(deadline.paused_s)}" if deadline.paused_s else ""
    quick = ", below norm" if deadline.norm == "below" and deadline.done_at is not None else ""
    return f"{brief(deadline.by_s)} {_SAID[deadline.verdict]}{quick}{paused}"


def _plain(deadline: Deadline) -> str:
    return Text.from_markup(_verdict(deadline, " ")).plain


def _details(entry: Entry, told: dict[str, Any], zone: ZoneInfo) -> Iterator[str]:
    """What is new in this event; of what is sealed only the names. Adds to `told` what need not be said again."""
    sealed: list[str] = []
    forgotten: list[str] = []
    for name, value in entry.data.items():
        if name in _LEFT_OUT or (name in _STANDING and told.get(name) == value) or _moment(value) == entry.at:
            continue
        if name in _STANDING:
            told[name] = value
        if value == SEALED:
            sealed.append(name)
        elif value == FORGOTTEN:
            forgotten.append(name)
        elif value not in (False, [], 0):
            yield f"{name}: {_said(name, value, zone)}" if value is not True else name
        elif value is False:
            yield f"not {name}"
    if sealed:
        yield f"sealed: {', '.join(sealed)}"
    if forgotten:
        yield f"forgotten: {', '.join(forgotten)}"


def _said(name: str, value: Any, zone: ZoneInfo) -> str:
    if name in _MONEY:
        return f"{value / 100:,.2f} tenge"
    if isinstance(value, dict):
        return " ".join(str(one) for one in value.values())
    if isinstance(value, list):
        return ", ".join(_said("", one, zone) for one in value)
    moment = _moment(value)
    return str(value) if moment is None else f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"


def _moment(value: Any) -> datetime | None:
    """The moment that a text says, if it says one, with its zone."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else None
