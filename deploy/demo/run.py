"""The demonstration from start to end: start a system, play, compare, show, stop."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Coroutine
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from signal import SIGTERM
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from deploy.demo import folder as data
from deploy.demo import show
from deploy.demo.branches import never
from deploy.demo.days import Protocol
from deploy.demo.desk import PREFIX
from deploy.demo.figures import Figures, differences, look, settled
from deploy.demo.ledger import Ledger, reckon
from deploy.demo.play import Player
from deploy.demo.rest import at_rest
from deploy.demo.script import Script, write
from deploy.launcher import System
from deploy.problem import Problem
from deploy.roles import database_role
from deploy.run import run_detached
from services.insight.timeline import Timeline, timeline
from services.insight.views import projections
from shared.clock import MovableClock
from shared.contracts.intake import ReceiveRequest, ReceiveWrittenRequest
from shared.settings import Settings


@dataclass(frozen=True, slots=True)
class Played:
    """What came of it."""

    ledger: Ledger
    figures: Figures
    shown: Timeline
    wrong: list[str]
    """Answers and figures that are not what was played."""


def demonstrate(home: Path, *, cases: int, seed: int, keep: bool) -> bool:
    """Run the whole demonstration in `<home>/demo` and print what came of it; return whether the figures agree."""
    console = Console(highlight=False)
    folder = data.folder_in(home)
    data.make_anew(folder)
    # It plays with time and invents people: never on servers that others use.
    for name in ("TEREZE_NATS_URL", "TEREZE_DATABASE_URL"):
        os.environ.pop(name, None)
    timezone = Settings().timezone
    script = write(ends=datetime.now(ZoneInfo(timezone)), cases=cases, seed=seed)
    began = time.monotonic()
    try:
        played = asyncio.run(_stoppable(_whole(folder, script, console, timezone)))
    except asyncio.CancelledError:
        raise Problem("The demonstration was told to stop, and did. Begin anew with: tereze demo") from None
    show.tables(console, played.figures, played.shown, script.begins.tzinfo)
    show.verdict(console, played.wrong, checked=_count(played.ledger))
    if keep:
        run_detached(folder, movable_clock=True)
    console.print(f"The whole took {time.monotonic() - began:.0f} s.")
    facility, _, day = min(played.ledger.days.protocols).rpartition(".")
    show.how_to_go_on(console, folder, script.shown, f"{facility} {day}", kept=keep)
    return not played.wrong


async def _stoppable(work: Coroutine[Any, Any, Played]) -> Played:
    """Stop the system also when told to end by SIGTERM, not only by Ctrl-C."""
    task = asyncio.ensure_future(work)
    asyncio.get_running_loop().add_signal_handler(SIGTERM, task.cancel)
    return await task


async def _whole(folder: Path, script: Script, console: Console, timezone: str) -> Played:
    system = System(folder, movable_clock=True)
    clock = MovableClock(system.home.clock)
    clock.set(script.begins)
    with console.status(f"Starting Tereze in {folder} …"):
        await system.start()
    try:
        return await play_and_compare(system, script, clock, console, timezone)
    finally:
        with console.status("Stopping …"):
            await system.stop()


async def play_and_compare(
    system: System, script: Script, clock: MovableClock, console: Console, timezone: str
) -> Played:
    """Play on a running, empty system, and hold its figures against an account kept beside it."""
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    )
    with bar:
        task = bar.add_task("playing", total=len(script.steps))

        def told(now: datetime, done: int) -> None:
            bar.update(task, advance=done, description=f"{now:%a %d %b %Y}")

        player = Player(script, system.url_for("adapter"), clock, told, partial(at_rest, system))
        await player.play()
        # Back to the present, so that whoever goes on can send what happens now.
        clock.set(datetime.now(UTC))
        now = clock.now()
        told(now.astimezone(script.begins.tzinfo), 0)
    ledger = reckon(script, now)
    connection = await asyncpg.connect(system.dsn_for("admin"))
    try:
        complete = await settled(connection, sum(ledger.events.values()))
        figures = await look(connection, now)
        await connection.execute(f"SET ROLE {database_role('insight')}")
        (sla,) = projections(timezone, ["sla"])
        shown = await timeline(connection, script.shown, sla=sla, now=now)
    finally:
        await connection.close()
    late = [] if complete else ["the store or the projections did not come to rest within 30 s"]
    return Played(
        ledger,
        figures,
        shown,
        [*player.wrong, *late, *differences(ledger, figures), *never(figures.branches, _cases(script))],
    )


def _cases(script: Script) -> int:
    opens = ReceiveRequest | ReceiveWrittenRequest
    return len(
        {one.thread for one in script.steps if isinstance(one.command, opens) and not one.thread.startswith(PREFIX)}
    )


def _count(ledger: Ledger) -> int:
    rows = sum(len(fields(row)) for row in (*ledger.sla.values(), *ledger.worth.values()))
    days = ledger.days
    lines = len(fields(Protocol)) * len(days.protocols) + 2 * (len(days.sold) + len(days.numbers))
    return rows + lines + 2 * len(ledger.causes) + len(ledger.branches) + len(ledger.events) + len(ledger.refused)
