"""Keeps one program running: starts it, starts it again when it dies, ends it gracefully."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from deploy.home import is_ready
from deploy.leftovers import GRACE
from deploy.problem import Problem

_SHORTEST, _LONGEST = 0.2, 10.0  # seconds to wait before another start
_EARLY_DEATHS = 3
_LOOK = 0.05


class Supervised:
    """One Python module as a process of its own, restarted with growing delays for as long as it is wanted.

    `environment` holds `TEREZE_READY_FILE`, where the process writes its pid once it is ready.
    """

    def __init__(
        self,
        name: str,
        module: str,
        environment: Mapping[str, str],
        log: Path,
        ready: Path,
        changed: Callable[[], None],
    ) -> None:
        self.name = name
        self._module = module
        self._environment = environment
        self._log = log
        self._ready = ready
        self._changed = changed
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._deaths = 0

    @property
    def pid(self) -> int | None:
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    def start(self) -> None:
        """Want it running."""
        if self._task is None:
            self._deaths = 0
            self._task = asyncio.create_task(self._keep())

    async def until_ready(self, patience: float) -> None:
        """Wait until the process says that it is ready. Problem: it keeps dying, or `patience` seconds are over."""
        try:
            async with asyncio.timeout(patience):
                while not is_ready(self._ready, self.pid):
                    if self._deaths >= _EARLY_DEATHS:
                        raise Problem(f"{self.name} dies as soon as it is started; see {self._log}:\n{self._last()}")
                    await asyncio.sleep(_LOOK)
        except TimeoutError:
            raise Problem(
                f"{self.name} was not ready after {patience:.0f} s; see {self._log}:\n{self._last()}"
            ) from None

    async def stop(self) -> None:
        """Let it finish what it has in hand: SIGTERM, and SIGKILL when the grace is over."""
        await self._end(gently=True)

    async def kill(self) -> None:
        """SIGKILL, and stay down until `start`."""
        await self._end(gently=False)

    async def _end(self, *, gently: bool) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        process = self._process
        if process is not None and process.returncode is None:
            with suppress(ProcessLookupError):
                process.terminate() if gently else process.kill()
            try:
                await asyncio.wait_for(process.wait(), GRACE)
            except TimeoutError:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        self._ready.unlink(missing_ok=True)
        self._changed()

    async def _keep(self) -> None:
        delay = _SHORTEST
        while True:
            self._ready.unlink(missing_ok=True)
            with self._log.open("ab") as log:
                self._process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-P", "-m", self._module),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=dict(self._environment),
                    # A session of its own: Ctrl-C in the terminal is for the launcher, which stops all in order.
                    start_new_session=True,
                )
            self._changed()
            await self._process.wait()
            was_ready = self._ready.exists()
            self._deaths = 0 if was_ready else self._deaths + 1
            delay = _SHORTEST if was_ready else min(2 * delay, _LONGEST)
            with self._log.open("a") as log:
                log.write(f"launcher: {self.name} ended with status {self._process.returncode}, again in {delay} s\n")
            self._changed()
            await asyncio.sleep(delay)

    def _last(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-12:]) if self._log.exists() else ""
