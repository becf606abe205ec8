"""An explanation for people: one table a clock, a line for each step from one due moment to the next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby, pairwise
from zoneinfo import ZoneInfo

from rich import box
from rich.table import Table
from rich.text import Text

from deploy.cli.lengths import lasting
from deploy.cli.terminal import terminal
from services.insight.arithmetic import Day
from services.insight.explain import Explanation, Reckoned

_STEPS = {
    "start": "Started",
    "pause": "Paused",
    "move": "Moved",
    "vary": "Another policy",
    "stop": "Done",
    "lapse": "Ended undone",
    "cancel": "Called off",
}
_STYLES = {"met": "green", "breached": "red", "overdue": "red", "open": "yellow", "paused": "yellow"}


def explanations(found: Sequence[Explanation], timezone: str) -> None:
    """Print each clock's explanation."""
    zone, console = ZoneInfo(timezone), terminal(highlight=False)
    for index, one in enumerate(found):
        if index:
            console.print()
        console.print(Text(f"{one.indicator} of case {one.case_id}", style="bold"), soft_wrap=True)
        for name, said in _facts(one, zone):
            console.print(Text(f"{name:<9} {said}"))
        console.print()
        console.print(_table(one, zone))
        console.print(Text.assemble("\n", (_verdict(one, zone), _STYLES.get(one.verdict, ""))))


def _facts(one: Explanation, zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    since = "since ever" if one.in_force_from is None else f"since {_at(one.in_force_from, zone)}"
    yield "Policy", f"{one.policy}, version {one.policy_version}, in force {since}"
    norm = "" if one.norm is None else f"; norm {one.norm}"
    carried = "; what comes on a closed day counts from the next working day" if one.from_working_day else ""
    yield "Limit", f"{one.limit}{norm}{carried}"
    whose = f"{one.office}'s own hours" if one.own_hours else "the centre's hours"
    yield "Calendar", f"{whose}, {one.timezone}"
    if one.owner is not None:
        yield "Owner", one.owner


def _table(one: Explanation, zone: ZoneInfo) -> Table:
    table = Table("step", "counted", "due", box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    dues = [one.started_at, *(step.due_at for step in one.steps)]
    for step, (before, due) in zip(one.steps, pairwise(dues), strict=True):
        moves = step.what in {"start", "vary"} or due != before
        norm = "" if step.norm_due_at is None or not moves else f"\nnorm {_at(step.norm_due_at, zone)}"
        table.add_row(
            Text("\n".join(_said(step, zone))),
            Text("\n".join(_counted(step, before, zone))),
            Text(f"{_at(due, zone)}{norm}" if moves else ""),
        )
    return table


def _said(step: Reckoned, zone: ZoneInfo) -> Iterator[str]:
    yield f"{_STEPS[step.what]} {_at(step.at, zone)}"
    if step.type is not None:
        yield f"{step.type} ({step.event})"
    if step.what == "pause":
        yield "still waits" if step.until is None else f"until {_at(step.until, zone)}"
        if step.until_type is not None:
            yield f"{step.until_type} ({step.until_event})"


def _counted(step: Reckoned, before: datetime, zone: ZoneInfo) -> Iterator[str]:
    if not step.counts:
        yield "it was late already: moves nothing"
    elif step.what == "pause":
        yield f"+ {_exactly(step.adds_s or 0)}{' of working time' if step.working else ''}"
        yield from _days(step.paused_days, zone)
        if step.days:
            yield f"so much on from {_at(before, zone)}:"
    elif step.adds is not None:
        yield f"{'+ ' if step.what == 'move' else ''}{step.adds}"
        if step.counted_from is not None:
            yield f"counts from {_at(step.counted_from, zone)}"
    elif step.what in {"start", "move"}:
        yield "the event says when it is due"
    yield from _days(step.days, zone)


def _days(days: Sequence[Day], zone: ZoneInfo) -> Iterator[str]:
    """In short form: days that follow each other and are alike, on one line."""

    def alike(day: Day) -> tuple[str, str | None, bool]:
        return _hours(day, zone), day.why_not, day.number is None

    for (hours, why_not, unnumbered), group in groupby(days, alike):
        some = list(group)
        first, last = some[0], some[-1]
        span = f"{first.day:%a} {first.day.day} {first.day:%b}"
        if last is not first:
            span += f" – {last.day:%a} {last.day.day} {last.day:%b}"
        if why_not is not None:
            yield f"  {span}: {why_not}"
        elif unnumbered:
            each = _exactly(first.worked.total_seconds())
            yield f"  {span}: {hours} = {f'{len(some)} × ' if last is not first else ''}{each}"
        else:
            numbers = f"day {first.number}" if last is first else f"days {first.number}–{last.number}"
            yield f"  {span}: {numbers}, {hours}"


def _hours(day: Day, zone: ZoneInfo) -> str:
    return ", ".join(f"{_clock(since, zone)}–{_clock(until, zone)}" for since, until in day.counted)


def _clock(moment: datetime, zone: ZoneInfo) -> str:
    local = moment.astimezone(zone)
    return f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"


def _verdict(one: Explanation, zone: ZoneInfo) -> str:
    due = f"due {_at(one.due_at, zone)}"
    by = lasting(one.by_s)
    norm = {"below": ", below its norm", "in": ", within its norm", "over": ""}.get(one.norm_verdict or "", "")
    if one.cancelled_at is not None:
        return f"Cancelled on {_at(one.cancelled_at, zone)}, {due}: not judged."
    now = _at(one.judged_at, zone)
    return {
        "met": f"Met: done {by} before it was {due}{norm}.",
        "breached": f"Breached: {by} after it was {due}.",
        "overdue": f"Overdue: not done by {now}, {by} after it was {due}.",
        "paused": f"Paused: on {now} the centre waits for the consumer, {by} left; {due} if it went on now.",
        "open": f"Open: not done by {now}, {by} left; {due}{norm}.",
    }[one.verdict]


def _exactly(seconds: float) -> str:
    """A length of time with all its units, since it is to be added up."""
    whole, parts = round(seconds), list[str]()
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        amount, whole = divmod(whole, size)
        if amount:
            parts.append(f"{amount} {unit}")
    return " ".join(parts) or "0 s"


def _at(moment: datetime, zone: ZoneInfo) -> str:
    local = moment.astimezone(zone)
    return f"{local:%Y-%m-%d %H:%M:%S}" if local.second else f"{local:%Y-%m-%d %H:%M}"
