"""What a launcher that was killed may have left running, and how it is ended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import psutil

from deploy.home import Home
from deploy.processes import end

PROCESSES: dict[str, str] = {
    "intake": "services.intake",
    "consult": "services.consult",
    "feedback": "services.feedback",
    "subscriptions": "services.subscriptions",
    "insight": "services.insight",
    "watch": "services.insight.watch",
    "notify": "services.notify",
    "relay": "shared.bus.relay",
}
"""The processes of a system, besides the servers: name → Python module."""

GRACE = 10.0
"""Seconds between SIGTERM and SIGKILL."""


def stop_leftovers(home: Home) -> int:
    """End every process of this data folder, gently first; return how many there were.

    They are known by module and by the `TEREZE_HOME` in their environment rather than by a written pid:
    a launcher can be killed between starting a process and writing its pid down.
    """
    found = list(_processes(home))
    end(found, GRACE)
    return len(found)


def _processes(home: Home) -> Iterator[psutil.Process]:
    modules = set(PROCESSES.values())
    for process in psutil.process_iter(["cmdline"]):
        command: list[str] = process.info["cmdline"] or []
        with suppress(psutil.Error):
            if modules & set(command) and process.environ().get("TEREZE_HOME") == str(home.path):
                yield process
