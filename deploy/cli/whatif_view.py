"""What another rule makes of history, for people and as JSON."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from heapq import heappush, heappushpop
from types import TracebackType
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from rich import box
from rich.table import Table
from rich.text import Text

from deploy.cli.terminal import terminal
from services.insight.comparison import Difference, Flip, Tally
from services.insight.proposal import Proposal
from services.insight.whatif import WhatIf
from shared.deadlines import Policy


class Spool:
    """The flips, of which there may be millions: the earliest so many in memory, or all of them in a file."""

    def __init__(self, most: int | None) -> None:
        """`most`: keep so many of the earliest; None: keep all, to print them as JSON."""
        self._most = most
        self._earliest: list[tuple[float, int, Flip]] = []
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the spool is left
        self.seen = 0

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._file.close()

    def add(self, flip: Flip) -> None:
        """Take one."""
        self.seen += 1
        if self._most is None:
            self._file.write(orjson.dumps(asdict(flip)) + b"\n")
            return
        entry = (-flip.started_at.timestamp(), -self.seen, flip)
        if len(self._earliest) < self._most:
            heappush(self._earliest, entry)
        elif self._most:
            heappushpop(self._earliest, entry)

    def earliest(self) -> list[Flip]:
        """Those that are kept, the earliest first."""
        return [flip for _, _, flip in sorted(self._earliest, reverse=True, key=lambda entry: entry[:2])]

    def print_json(self, found: WhatIf, proposal: Proposal) -> None:
        """One document, written as it is read back."""
        head = {
            "policies": [_policy_json(policy) for policy in proposal.stated],
            "events": found.events,
            "seconds": found.elapsed_s,
            "indicators": [_difference_json(name, one) for name, one in sorted(found.differences.items())],
        }
        out = sys.stdout
        out.write(orjson.dumps(head, option=orjson.OPT_INDENT_2).decode().removesuffix("\n}"))
        out.write(',\n  "flips": [')
        for number, line in enumerate(self._lines()):
            out.write(f"{',' if number else ''}\n    {line}")
        out.write("\n  ]\n}\n")

    def _lines(self) -> Iterator[str]:
        self._file.seek(0)
        return (line.decode().rstrip("\n") for line in self._file)


def what_if_tables(found: WhatIf, proposal: Proposal, spool: Spool, timezone: str) -> None:
    """Print the rule, what it makes of each indicator, and the first clocks that flip."""
    console, zone = terminal(highlight=False), ZoneInfo(timezone)
    for policy in proposal.stated:
        console.print(Text(f"If {_policy(policy, zone)}:"))
    table = Table("indicator", box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    for name in ("clocks", "", "met", "breached", "overdue", "open", "cancelled", "kept", "better", "worse"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, one in sorted(found.differences.items()):
        table.add_row(Text(name), f"{one.clocks:,}", "now", *_figures(one.before), "", "")
        table.add_row("", "", "then", *_figures(one.after), f"{one.better:,}", f"{one.worse:,}")
    console.print()
    console.print(table)
    if not spool.seen:
        console.print("\nNo clock flips: each is late, or not, as it is judged now.")
        return
    earliest = spool.earliest()
    console.print(f"\nClocks that flip: {spool.seen:,}; the first {len(earliest)} (all of them: --json)\n")
    flips = Table("case", "clock", "started", "done", "due now", "due then", "verdict", box=box.SIMPLE_HEAD)
    for flip in earliest:
        times = (flip.started_at, flip.done_at, flip.due_before, flip.due_after)
        verdict = f"{flip.before} → {flip.after}"
        flips.add_row(*map(Text, (flip.case_id, flip.indicator, *(_at(one, zone) for one in times), verdict)))
    if earliest:
        console.print(flips)


def _figures(tally: Tally) -> tuple[str, ...]:
    counts = (tally.met, tally.breached, tally.overdue, tally.open, tally.cancelled)
    return (*(f"{count:,}" for count in counts), "–" if tally.kept is None else f"{tally.kept:.1%}")


def _policy(policy: Policy, zone: ZoneInfo) -> str:
    norm = "" if policy.norm is None else f", norm {policy.norm}"
    carried = ", from the next working day on" if policy.from_working_day else ""
    since = "" if policy.in_force_from.year == 1 else f", since {_at(policy.in_force_from, zone)}"
    return f"{policy.name} were {policy.limit}{norm}{carried}{since}"


def _at(moment: datetime | None, zone: ZoneInfo) -> str:
    return "–" if moment is None else f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"


def _policy_json(policy: Policy) -> dict[str, Any]:
    since = None if policy.in_force_from.year == 1 else policy.in_force_from
    return {
        "policy": policy.name,
        "limit": str(policy.limit),
        "norm": None if policy.norm is None else str(policy.norm),
        "from_working_day": policy.from_working_day,
        "in_force_from": since,
    }


def _difference_json(name: str, one: Difference) -> dict[str, Any]:
    return {
        "indicator": name,
        "clocks": one.clocks,
        "before": one.before.as_json(),
        "after": one.after.as_json(),
        "better": one.better,
        "worse": one.worse,
    }
