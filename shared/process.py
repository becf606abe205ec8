"""What every process of Tereze does: wait for its servers, say when it is ready, stop when told to."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import asyncpg

log = logging.getLogger(__name__)


# A service asks the same few statements again and again, all of them look-ups by key. Planned for each batch anew,
# the append takes twice as long for one message and a third longer for 16. Plans are made once per connection,
# perhaps while the tables are empty, so a sequential scan must look dear even then.
LOOKUPS = {"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off"}


async def connect_service_pool(url: str, name: str, *, size: int = 4) -> asyncpg.Pool[asyncpg.Record]:
    """A pool for single statements that look up by key and leave nothing behind in their session."""
    return await _connect(url, name, size, LOOKUPS, reset=_leave)


async def connect_pool(url: str, name: str, *, size: int = 4) -> asyncpg.Pool[asyncpg.Record]:
    """A pool of PostgreSQL connections; waits, with a message, for a server that is not there yet."""
    return await _connect(url, name, size, {})


async def _leave(_connection: object) -> None:
    """Nothing to reset: spares a round trip for each statement."""


async def _connect(
    url: str,
    name: str,
    size: int,
    settings: Mapping[str, str],
    reset: Callable[[object], Awaitable[None]] | None = None,
) -> asyncpg.Pool[asyncpg.Record]:
    wait = 0.2
    while True:
        try:
            return await asyncpg.create_pool(
                url,
                min_size=1,
                max_size=size,
                command_timeout=60,
                reset=reset,
                server_settings={"application_name": name, **settings},
            )
        except (OSError, asyncpg.CannotConnectNowError, asyncpg.PostgresConnectionError) as error:
            log.warning("PostgreSQL is not reachable (%s); trying again in %.1f s", type(error).__name__, wait)
            await asyncio.sleep(wait)
            wait = min(wait * 2, 5.0)


async def until_told_to_stop() -> None:
    """Say that the process is ready, then wait for SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    ready = os.environ.get("TEREZE_READY_FILE")
    if ready:
        Path(ready).write_text(str(os.getpid()))
    await stop.wait()


def obey_cancellation() -> None:
    """Raise `CancelledError` where the running task was told to end: for every round of a loop that uses NATS.

    nats-py swallows a cancellation that comes while it flushes, and turns one inside `publish_async` into an error. A
    loop that publishes would miss SIGTERM, go on, and be killed when the grace is over.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
