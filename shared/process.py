"""What every process of Tereze does: wait for its servers, say when it is ready, stop when told to."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from pathlib import Path
from types import MappingProxyType

import asyncpg
import uvloop

from shared.troubles import STORE_TROUBLES

log = logging.getLogger(__name__)

_CANCEL_AGAIN_S = 0.5
_CLOSE_S = 3.0


# A service asks the same few statements again and again, all of them look-ups by key. Planned for each batch anew,
# the append takes twice as long for one message and a third longer for 16. Plans are made once per connection,
# perhaps while the tables are empty, so a sequential scan must look dear even then.
LOOKUPS = {"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off"}
NOTHING: Mapping[str, str] = MappingProxyType({})


async def connect_service_pool(url: str, name: str, *, size: int = 4) -> asyncpg.Pool[asyncpg.Record]:
    """A pool for single statements that look up by key and leave nothing behind in their session."""
    return await connect_pool(url, name, size=size, session=LOOKUPS, reset=_leave)


async def _leave(_connection: object) -> None:
    """Nothing to reset: spares a round trip for each statement."""


async def connect_pool(
    url: str,
    name: str,
    *,
    size: int = 4,
    session: Mapping[str, str] = NOTHING,
    reset: Callable[[object], Awaitable[None]] | None = None,
) -> asyncpg.Pool[asyncpg.Record]:
    """A pool of PostgreSQL connections; waits, with a message, for a server that is not there yet.

    `session` are settings of their sessions. `reset` cleans a connection that comes back; default: all is reset.
    """
    wait = 0.2
    while True:
        try:
            return await asyncpg.create_pool(
                url,
                min_size=1,
                max_size=size,
                command_timeout=60,
                reset=reset,
                server_settings={"application_name": name, **session},
            )
        except (OSError, asyncpg.CannotConnectNowError, asyncpg.PostgresConnectionError) as error:
            log.warning("PostgreSQL is not reachable (%s); trying again in %.1f s", type(error).__name__, wait)
            await asyncio.sleep(wait)
            wait = min(wait * 2, 5.0)


def run_process(main: Coroutine[None, None, None]) -> None:
    """Run a process's `main`. Told to stop while it still waits for its servers, it ends in order too."""

    async def go() -> None:
        running = asyncio.create_task(main)
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, running.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await running

    spare_collector()
    uvloop.run(go())


def spare_collector() -> None:
    """Look for cyclic garbage seldom, and not among the modules.

    Messages and states form no cycles. By default the collector looked through all of them again and again: a sixth of
    a service's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


async def until_told_to_stop(*working: asyncio.Task[None]) -> None:
    """Say that the process is ready, then wait for SIGTERM or SIGINT.

    Raises what one of the `working` tasks died of. A process that lives on without one of its parts looks healthy and
    does nothing; one that ends is started anew.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    ready = os.environ.get("TEREZE_READY_FILE")
    if ready:
        Path(ready).write_text(str(os.getpid()))
    stopping = asyncio.create_task(stop.wait())
    alive = {stopping, *working}
    while not stopping.done():
        ended, alive = await asyncio.wait(alive, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            task.result()


def obey_cancellation() -> None:
    """Raise `CancelledError` where the running task was told to end: for every round of a loop that uses a server.

    nats-py swallows a cancellation that comes while it flushes, and asyncpg's connections one that comes while they
    are being lost. A task group cancels its tasks once and no more, so a loop that missed it would miss SIGTERM, go
    on, and be killed when the grace is over.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def end(*tasks: asyncio.Task[None]) -> None:
    """Cancel tasks until they have ended: libraries swallow a cancellation now and then while a server dies."""
    waiting: set[asyncio.Task[None]] = set(tasks)
    while waiting:
        for task in waiting:
            task.cancel()
        _, waiting = await asyncio.wait(waiting, timeout=_CANCEL_AGAIN_S)


async def close_pool(pool: asyncpg.Pool[asyncpg.Record]) -> None:
    """Close a pool; connections that do not end in time are dropped, as a lost server answers no good-bye."""
    with contextlib.suppress(*STORE_TROUBLES):
        async with asyncio.timeout(_CLOSE_S):
            await pool.close()
