"""What the demonstration prints at its end: tables that fit any terminal, the verdict, and how to go on."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.cli.lengths import lasting
from deploy.demo.branches import BRANCHES
from deploy.demo.figures import Figures
from deploy.demo.press import FACILITIES, TITLES
from services.insight.indicators import INDICATORS
from services.insight.queries import CauseRow, EffectivenessRow, SlaRow
from services.insight.timeline import Deadline, Timeline

_SHOWN = 40
_STORY: dict[str, tuple[str, ...]] = {
    "DetailsCollected": ("stage",),
    "ConsultationOpened": ("path",),
    "ConsultationPlanned": ("planned_at",),
    "ConsultHeld": ("number", "form"),
    "SatisfactionAssessed": ("satisfied", "solved"),
    "Dissatisfied": ("causes",),
    "FollowUpDue": ("due_at",),
    "Satisfied": ("consultations",),
    "EffectivenessEvaluated": ("effective", "degree_solved"),
    "ImpactEvaluated": ("advice_used", "solved"),
}
"""Of each event's details, what makes the story; `tereze case` shows all."""
_COLOURS = {
    "met": "green",
    "breached": "red",
    "open": "default",
    "paused": "default",
    "overdue": "red",
    "cancelled": "default",
}


def tables(console: Console, figures: Figures, shown: Timeline, zone: tzinfo | None) -> None:
    """The deadlines, the effectiveness, one case's life, and what was sold."""
    _deadlines(console, figures.sla)
    for row in figures.worth["all"]:
        _effectiveness(console, row, figures.causes)
    _branches(console, figures.branches)
    _case(console, shown, zone)
    _sold(console, figures.sold)
    _days(console, figures)


def _table(title: str, *columns: str, right: Sequence[str] = ()) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, collapse_padding=True)
    for name in columns:
        table.add_column(name)
    for name in right:
        table.add_column(name, justify="right")
    return table


def _deadlines(console: Console, rows: Sequence[SlaRow]) -> None:
    counts = ("total", "met", "breached", "open", "overdue")
    table = _table("Deadlines, all channels together", "stage", "indicator", right=("limit", *counts, "kept"))
    for indicator in INDICATORS:
        channels = [row for row in rows if row.indicator == indicator.name]
        if not channels:
            continue
        total, met, breached, waiting, overdue = (sum(getattr(row, name) for row in channels) for name in counts)
        judged = met + breached + overdue
        limit = lasting(channels[0].limit_s)
        kept = f"{met / judged:.0%}" if judged else "–"
        table.add_row(
            *(indicator.stage, indicator.name, limit),
            *(f"{total:,}", f"{met:,}", _red(breached), f"{waiting:,}", _red(overdue), kept),
        )
    console.print(table)


def _effectiveness(console: Console, row: EffectivenessRow, causes: Sequence[CauseRow]) -> None:
    table = _table("Effectiveness", "what", "figure")
    table.show_header = False
    table.add_row("consultations", f"{row.consultations:,}, of them {row.follow_ups:,} further ones")
    table.add_row("resources", f"{row.minutes / 60:,.0f} hours, {row.cost / 100:,.2f} tenge")
    table.add_row("satisfied", f"{row.satisfied:,} of {row.assessed:,} assessed ({_share(row.satisfied_share)})")
    table.add_row("at first contact", f"{row.first_contact:,} of {row.cases_assessed:,} cases")
    table.add_row("solved", f"{row.solved_yes:,} yes, {row.solved_half:,} half, {row.solved_no:,} no")
    table.add_row("effective", f"{row.effective:,} of {row.evaluated:,} evaluated")
    table.add_row("degree solved", "–" if row.average_degree_solved is None else f"{row.average_degree_solved:.0f} %")
    table.add_row("advice used", f"{row.impact_used:,} of {row.impact_evaluated:,} asked after a month or more")
    table.add_row("causes", ", ".join(f"{escape(cause.cause)} ({cause.named:,})" for cause in causes) or "–")
    console.print(table)


def _branches(console: Console, branches: Mapping[str, int]) -> None:
    """How often each branch of the stage table was taken."""
    others = sorted(branches.keys() - set(BRANCHES))
    taken = ", ".join(f"{name} ({branches.get(name, 0):,})" for name in (*BRANCHES, *others))
    console.print("[bold]Branches of the stage table taken[/]")
    console.print(textwrap.fill(taken, 76, initial_indent="  ", subsequent_indent="  "), end="\n\n")


def _case(console: Console, found: Timeline, zone: tzinfo | None) -> None:
    title = f"Case {found.case_id}: a missed limit, dissatisfied, satisfied after a follow-up"
    table = _table(title, "when", "what", "deadlines met and missed")
    ended: dict[int, list[Deadline]] = {}
    for deadline in found.deadlines:
        if not deadline.runs:
            ended.setdefault(deadline.event, []).append(deadline)
    for entry in found.entries:
        story = (f"{name} {_said(entry.data[name], zone)}" for name in _STORY.get(entry.type, ()))
        table.add_row(
            _local(entry.at, zone),
            f"{entry.type} [dim]{escape(', '.join(story))}[/]",
            "\n".join(_kept(deadline) for deadline in ended.get(entry.position, ())),
        )
    console.print(table)


def _kept(deadline: Deadline) -> str:
    colour = _COLOURS[deadline.verdict]
    by = f"{lasting(deadline.by_s)} {'too late' if deadline.by_s < 0 else 'to spare'}"
    return f"{deadline.indicator} [{colour}]{deadline.verdict}[/], {by}"


def _said(value: Any, zone: tzinfo | None) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    try:
        return _local(datetime.fromisoformat(value), zone)
    except (TypeError, ValueError):
        return str(value)


def _local(moment: datetime, zone: tzinfo | None) -> str:
    return f"{moment.astimezone(zone):%d %b %H:%M}"


def _sold(console: Console, sold: dict[str, tuple[int, int]]) -> None:
    table = _table("Press subscriptions accepted", "index", "title", right=("forms", "tenge"))
    for index, title in TITLES.items():
        count, tiyn = sold.get(index, (0, 0))
        table.add_row(index, title, f"{count:,}", f"{tiyn / 100:,.2f}")
    table.add_section()
    forms, total = (sum(one[part] for one in sold.values()) for part in (0, 1))
    table.add_row("", "all", f"{forms:,}", f"{total / 100:,.2f}")
    console.print(table)


def _days(console: Console, figures: Figures) -> None:
    table = _table("Post offices' operating days, certified", "facility", right=("days", "forms", "cash", "paid back"))
    for facility in FACILITIES:
        days = [one for name, one in figures.protocols.items() if name.startswith(f"{facility}.")]
        cash, back = (sum(getattr(one, part) for one in days) for part in ("cash", "paid_back"))
        forms = sum(one.forms for one in days)
        table.add_row(facility, f"{len(days)}", f"{forms:,}", f"{cash / 100:,.2f}", f"{back / 100:,.2f}")
    console.print(table)


def _red(count: int) -> str:
    return f"[red]{count:,}[/]" if count else "0"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


def verdict(console: Console, wrong: Sequence[str], *, checked: int) -> None:
    """Whether the figures agree with what was played, and each difference where they do not."""
    if not wrong:
        console.print(f"[green]All {checked:,} figures agree with what was played[/], reckoned independently.")
        return
    console.print(f"[red]{len(wrong)} differences from what was played:[/]")
    for line in wrong[:_SHOWN]:
        console.print(f"  {escape(line)}", soft_wrap=True)
    if len(wrong) > _SHOWN:
        console.print(f"  … and {len(wrong) - _SHOWN} more")


def how_to_go_on(console: Console, folder: Path, case_id: str, day: str, *, kept: bool) -> None:
    """The next commands to type, ready to copy."""
    tereze = _shortest(Path(sys.executable).with_name("tereze"))
    lines = [
        (f"{tereze} case {case_id}", "the case above, whole"),
        (f"{tereze} trace {case_id}", "its way through the services"),
        (f"{tereze} sla --by office", "deadlines by channel and office"),
        (f"{tereze} day {day}", "a post office's extended protocol"),
        (f"{tereze} rebuild --verify", "fold the history anew and compare"),
        (f"{tereze} dead-letters list", "what was refused, and why"),
    ]
    if kept:
        console.print("\n[bold]It is still running.[/] Go on with:")
    else:
        console.print("\n[bold]It is stopped; its history is kept.[/] Go on with:")
        lines.insert(0, (f"{tereze} up --detach", "start it again"))
    lines.append((f"{tereze} down", "stop it"))
    width = max(len(command) for command, _ in lines)
    lines.insert(0, (f"export TEREZE_HOME={_shortest(folder)}", "in this shell"))
    for command, what in lines:
        console.print(f"  {command:<{width}}  # {what}", highlight=False, markup=False, soft_wrap=True)


def _shortest(path: Path) -> str:
    """A path as one would type it here."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
