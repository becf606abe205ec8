"""`python -m tests.bench [append] [submit] [rebuild] [board] [questions]`: measure, print; 1 if a target is missed."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

import uvloop
from rich.console import Console

from shared.process import spare_collector
from tests.bench import append, board, questions, rebuild, submit
from tests.bench.report import Report, as_data, complain, show, show_machine

NAMES = ("append", "submit", "rebuild", "board", "questions")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description="What Tereze must reach, beside what it is compared with. The first three: about eight minutes.",
        epilog="Example: python -m tests.bench append --rounds 7 --json",
    )
    parser.add_argument("only", nargs="*", help=f"which to run: {', '.join(NAMES)}; default all")
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.add_argument("--rounds", type=int, default=5, help="how often each side is measured (default 5)")
    parser.add_argument("--append-seconds", type=float, default=3.0, help="one side, one round (default 3)")
    parser.add_argument("--submit-seconds", type=float, default=30.0, help="each rate of submissions (default 30)")
    parser.add_argument("--events", type=int, default=1_000_000, help="to rebuild from (default 1,000,000)")
    parser.add_argument("--board-seconds", type=float, default=15.0, help="each part of a round (default 15)")
    parser.add_argument("--asked-events", type=int, default=5_000_000, help="to ask questions of (default 5,000,000)")
    parser.add_argument("--store", type=Path, help="where the store of questions is kept, or was; default: nowhere")
    given = parser.parse_args()
    for name in given.only:
        if name not in NAMES:
            parser.error(f"no benchmark is called {name}; there are: {', '.join(NAMES)}")
    return given


async def _run(name: str, given: argparse.Namespace) -> Report:
    folder = Path(tempfile.mkdtemp(prefix="tereze-bench-"))
    before = os.getloadavg()[0]
    try:
        if name == "append":
            report = await append.measure(folder, rounds=given.rounds, seconds=given.append_seconds)
        elif name == "submit":
            report = await submit.measure(folder, seconds=given.submit_seconds)
        elif name == "board":
            report = await board.measure(folder, rounds=given.rounds, seconds=given.board_seconds)
        elif name == "questions":
            report = await questions.measure(given.store or folder, rounds=given.rounds, events=given.asked_events)
        else:
            report = await rebuild.measure(folder, rounds=given.rounds, events=given.events)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    report.load = before, os.getloadavg()[0]
    return report


def main() -> int:
    """Run what was asked for; 1 where a target is missed."""
    given = _arguments()
    spare_collector()  # as every service does
    console = Console(highlight=False)
    if not given.json:
        show_machine(console)
    reports: list[Report] = []
    for name in given.only or NAMES:
        complain(f"measuring: {name} ...")
        reports.append(uvloop.run(_run(name, given)))
        if not given.json:
            show(reports[-1], console)
    found = as_data(reports)
    if given.json:
        print(json.dumps(found, indent=1, ensure_ascii=False))
    return 0 if found["met"] else 1


if __name__ == "__main__":
    sys.exit(main())
