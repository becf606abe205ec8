"""Tables for people: deadlines, effectiveness, a case."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from services.insight.queries import CauseRow, EffectivenessGroup, EffectivenessRow, SlaGroup, SlaRow
from services.insight.timeline import Deadline, Timeline

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
_VERDICTS = {"met": "[green]met[/]", "breached": "[red]breached[/]", "open": "open", "overdue": "[red]overdue[/]"}


def print_json(value: Any) -> None:
    """Print one JSON document."""
    print(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


def lasting(seconds: float | None) -> str:
    """A length of time in its two largest units, e.g. "2 h 5 min"; "–": none."""
    if seconds is None:
        return "–"
    left, parts = round(abs(seconds)), list[str]()
    for size, unit in _UNITS:
        amount, left = divmod(left, size)
        if amount:
            parts.append(f"{amount} {unit}")
    return " ".join(parts[:2]) or "0 s"


def sla_table(rows: Sequence[SlaRow], group: SlaGroup | None) -> None:
    """Print the limits and how they are kept."""
    if not rows:
        print("No deadlines yet: nothing was received. Submit something with: tereze send --help")
        return
    table = Table(title="Deadlines")
    for name in ("indicator", "channel", *([group.value] if group else [])):
        table.add_column(name)
    for name in ("limit", "total", "met", "breached", "open", "overdue", "kept", "average", "p50", "p95"):
        table.add_column(name, justify="right")
    for row in rows:
        judged = row.met + row.breached + row.overdue
        table.add_row(
            row.indicator,
            row.channel or "–",
            *([escape(row.group or "–")] if group else []),
            lasting(row.limit_s),
            f"{row.total:,}",
            f"{row.met:,}",
            f"[red]{row.breached:,}[/]" if row.breached else "0",
            f"{row.open:,}",
            f"[red]{row.overdue:,}[/]" if row.overdue else "0",
            f"{row.met / judged:.0%}" if judged else "–",
            lasting(row.average_s),
            lasting(row.p50_s),
            lasting(row.p95_s),
        )
    Console().print(table)


def effectiveness_tables(
    rows: Sequence[EffectivenessRow], causes: Sequence[CauseRow], group: EffectivenessGroup
) -> None:
    """Print resources against what came of them, and the causes of dissatisfaction."""
    if not rows:
        print("No consultation was held yet.")
        return
    table = Table(title="Effectiveness")
    table.add_column(group.value)
    for name in (
        "consultations",
        "further",
        "hours",
        "cost, tenge",
        "satisfied",
        "process",
        "result",
        "solved yes / half / no",
        "at first contact",
        "effective / not",
        "degree solved",
        "advice used",
    ):
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(
            escape(row.group or "–"),
            f"{row.consultations:,}",
            f"{row.follow_ups:,}",
            f"{row.minutes / 60:,.1f}",
            f"{row.cost / 100:,.2f}",
            _share(row.satisfied_share),
            _mean(row.average_process),
            _mean(row.average_result),
            f"{row.solved_yes:,} / {row.solved_half:,} / {row.solved_no:,}",
            _share(row.first_contact_share),
            f"{row.effective:,} / {row.not_effective:,}",
            "–" if row.average_degree_solved is None else f"{row.average_degree_solved:.0f} %",
            f"{row.impact_used:,} of {row.impact_evaluated:,}",
        )
    console = Console()
    console.print(table)
    if causes:
        ranked = Table("cause of dissatisfaction", "named", "cases", title="Causes")
        for cause in causes:
            ranked.add_row(escape(cause.cause), f"{cause.named:,}", f"{cause.cases:,}")
        console.print(ranked)


def differences_table(results: Sequence[dict[str, Any]]) -> None:
    """Print what a comparison of live and rebuilt found."""
    table = Table("projection", "events", "rows", "differences", title="Live against rebuilt")
    for result in results:
        count = result["differences"]
        table.add_row(
            result["projection"],
            f"{result['events']:,}",
            f"{result['rows']:,}",
            f"[red]{count:,}[/]" if count else "[green]none[/]",
        )
    console = Console()
    console.print(table)
    for result in results:
        for difference in result["first"]:
            console.print(f"[red]{difference['stands']}[/] {escape(str(difference['row']))}", highlight=False)


def case_tables(found: Timeline, timezone: str) -> None:
    """Print a case's events, each with the deadlines it ended, then those that still run."""
    zone = ZoneInfo(timezone)
    table = Table(title=f"Case {found.case_id}")
    for name in ("when", "service", "what", "who", "details", "deadlines"):
        table.add_column(name, overflow="fold")
    ended: dict[int, list[Deadline]] = {}
    for deadline in found.deadlines:
        if deadline.done_at is not None:
            ended.setdefault(deadline.event, []).append(deadline)
    for entry in found.entries:
        table.add_row(
            _local(entry.at, zone),
            entry.service,
            entry.type,
            escape(entry.actor),
            "\n".join(f"{name}: {_short(value)}" for name, value in entry.data.items()),
            "\n".join(_verdict(deadline) for deadline in ended.get(entry.position, ())),
        )
    console = Console()
    console.print(table)
    running = [deadline for deadline in found.deadlines if deadline.done_at is None]
    if running:
        still = Table("deadline", "owner", "due", "", title="Still to do")
        for deadline in running:
            still.add_row(deadline.indicator, deadline.owner or "–", _local(deadline.due_at, zone), _verdict(deadline))
        console.print(still)


def _verdict(deadline: Deadline) -> str:
    how = {"met": "to spare", "breached": "too late", "open": "left", "overdue": "too late"}[deadline.verdict]
    return f"{deadline.indicator}: {_VERDICTS[deadline.verdict]}, {lasting(deadline.by_s)} {how}"


def _local(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def _short(value: Any) -> str:
    return escape(value if isinstance(value, str) else orjson.dumps(value).decode())


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


def _mean(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"
