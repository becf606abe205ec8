"""How `tereze up` and `tereze down` run a system: in the foreground, detached, until a signal."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
from rich.console import Console

from deploy.home import Home, find_running
from deploy.launcher import System
from deploy.problem import Problem
from deploy.servers import from_environment, sweep

_PATIENCE = 120.0


def run_attached(home: Path, *, movable_clock: bool) -> None:
    """Run a system until SIGINT or SIGTERM, printing each part that gets ready."""
    asyncio.run(_attached(System(home, movable_clock=movable_clock, servers=from_environment(Home.at(home)))))


async def _attached(system: System) -> None:
    console = Console(highlight=False)
    begun = time.monotonic()
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    console.print(f"Starting Tereze in {system.home.path} ...")
    starting = asyncio.create_task(system.start(on_ready=lambda name: console.print(f"  {name:14} [green]ready")))
    waiting = asyncio.create_task(ended.wait())
    await asyncio.wait((starting, waiting), return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        return
    starting.result()
    console.print(f"Tereze is up after {time.monotonic() - begun:.1f} s. Stop it with Ctrl-C or: tereze down")
    await waiting
    console.print("Stopping ...")
    await system.stop()
    console.print("Stopped; nothing is lost.")


def run_detached(home: Path, *, movable_clock: bool) -> None:
    """Start a system in the background and return when all its parts are ready. Problem: one does not get so."""
    where = Home.at(home)
    where.create()
    if find_running(home):
        raise Problem(f"Tereze already runs in {where.path}. See it with: tereze status")
    log = where.log("launcher")
    with log.open("wb") as output:
        launcher = subprocess.Popen(
            (
                *(sys.executable, "-P", "-m", "deploy.cli.main", "up", "--home", str(where.path)),
                *(["--movable-clock"] if movable_clock else []),
            ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    deadline = time.monotonic() + _PATIENCE
    while True:
        state = find_running(home)
        if state is not None and state.pid == launcher.pid and all(part.ready for part in state.parts()):
            Console(highlight=False).print(f"Tereze is up in {where.path}. Stop it with: tereze down")
            Console(highlight=False).print("See it in a browser with: tereze board")
            return
        if launcher.poll() is not None or time.monotonic() > deadline:
            raise Problem(f"Tereze did not start; see {log}:\n{log.read_text(errors='replace')}")
        with suppress(subprocess.TimeoutExpired):
            launcher.wait(0.1)


def stop_running(home: Path) -> str:
    """Stop the system that runs in a data folder, and what a killed launcher left; say what was done."""
    state = find_running(home)
    if state is not None:
        launcher = psutil.Process(state.pid)
        launcher.terminate()
        try:
            launcher.wait(_PATIENCE)
        except psutil.TimeoutExpired:
            raise Problem(
                f"The launcher (pid {state.pid}) does not stop; see {state.home}/logs, then end it."
            ) from None
        return f"Stopped Tereze in {state.home}."
    where = Home.at(home)
    if where.path.exists() and sweep(where):
        return f"Stopped what a killed launcher had left running in {where.path}."
    return f"No Tereze runs in {where.path}."
