"""What a benchmark found: figures, and targets that they meet or miss; as a table and as JSON."""

from __future__ import annotations

import os
import platform
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

_PACKAGES = ("asyncpg", "eventsourcing", "faststream", "nats-py", "psycopg", "pydantic", "uvloop")


@dataclass(frozen=True, slots=True)
class Figure:
    """Something measured: the median of its rounds, or the one value of a long run."""

    name: str
    unit: str
    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.rounds)


@dataclass(frozen=True, slots=True)
class Target:
    """A bound that a value must keep: at least `least`, or at most `most`."""

    name: str
    value: float
    unit: str
    least: float | None = None
    most: float | None = None

    @property
    def met(self) -> bool:
        return (self.least is None or self.value >= self.least) and (self.most is None or self.value <= self.most)

    @property
    def bound(self) -> str:
        return f"≥ {self.least:,.10g}" if self.least is not None else f"≤ {self.most:,.10g}"


@dataclass(slots=True)
class Report:
    """One benchmark's findings."""

    title: str
    compared: str
    """What is compared with what, in a sentence or two."""
    figures: list[Figure] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    load: tuple[float, float] = (0.0, 0.0)
    """The machine's one-minute load average before and after."""

    def add(self, name: str, unit: str, *rounds: float) -> Figure:
        figure = Figure(name, unit, rounds)
        self.figures.append(figure)
        return figure


def ratio(of: Figure, to: Figure) -> float:
    """The median of the rounds' ratios: each round compares neighbours in time."""
    return statistics.median(one / other for one, other in zip(of.rounds, to.rounds, strict=True))


def machine() -> dict[str, Any]:
    """Where it was measured."""
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "cpu": _cpu(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "packages": {name: version(name) for name in _PACKAGES},
    }


def _cpu() -> str:
    try:
        with open("/proc/cpuinfo") as lines:  # noqa: PTH123 - no path of ours
            return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def as_data(reports: Sequence[Report]) -> dict[str, Any]:
    """All findings as JSON-ready data."""
    return {
        "machine": machine(),
        "met": all(target.met for report in reports for target in report.targets),
        "benchmarks": [
            {
                "title": report.title,
                "compared": report.compared,
                "load_average": report.load,
                "figures": [
                    {"name": one.name, "unit": one.unit, "median": one.median, "rounds": one.rounds}
                    for one in report.figures
                ],
                "targets": [
                    {
                        "name": one.name,
                        "value": one.value,
                        "unit": one.unit,
                        "at_least": one.least,
                        "at_most": one.most,
                        "met": one.met,
                    }
                    for one in report.targets
                ],
                "facts": report.facts,
            }
            for report in reports
        ],
    }


def show(report: Report, console: Console) -> None:
    """Print one benchmark's findings for people."""
    console.print(f"\n[bold]{report.title}[/bold]  (load {report.load[0]:.1f} before, {report.load[1]:.1f} after)")
    console.print(report.compared, style="dim")
    figures = Table(box=None, pad_edge=False)
    for heading in ("figure", "median", "least", "most", "unit"):
        figures.add_column(heading, justify="left" if heading in {"figure", "unit"} else "right")
    for one in report.figures:
        figures.add_row(one.name, _number(one.median), _number(min(one.rounds)), _number(max(one.rounds)), one.unit)
    console.print(figures)
    for name, fact in report.facts.items():
        console.print(f"  {name}: {fact}", style="dim", soft_wrap=True)
    for target in report.targets:
        verdict = "[green]met[/green]" if target.met else "[red]MISSED[/red]"
        console.print(f"  {verdict}  {target.name}: {_number(target.value)} {target.unit} (target {target.bound})")


def show_machine(console: Console) -> None:
    """Print where it was measured."""
    facts = machine()
    packages = ", ".join(f"{name} {number}" for name, number in facts.pop("packages").items())
    console.print(", ".join(f"{name} {fact}" for name, fact in facts.items()), soft_wrap=True)
    console.print(packages, soft_wrap=True)


def complain(message: str) -> None:
    """Say something that is not a finding."""
    print(message, file=sys.stderr)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.1f}" if abs(value) >= 10 else f"{value:,.2f}"
