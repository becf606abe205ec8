"""Processes that are not our children: whether they still run, and waiting for their end."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress

import psutil


def runs(process: psutil.Process) -> bool:
    """Whether it still runs. A zombie does not: in a container without an init nobody may ever reap it."""
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def wait_gone(processes: Iterable[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Wait until all have ended; return those that still run when `seconds` are over."""
    deadline = time.monotonic() + seconds
    left = [process for process in processes if runs(process)]
    while left and time.monotonic() < deadline:
        time.sleep(0.02)
        left = [process for process in left if runs(process)]
    return left


def end(processes: Iterable[psutil.Process], grace: float) -> None:
    """SIGTERM, and SIGKILL for those that still run after `grace` seconds."""
    listed = list(processes)
    for process in listed:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    stubborn = wait_gone(listed, grace)
    for process in stubborn:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    wait_gone(stubborn, grace)
