"""What every process of Tereze does: wait for its servers, say when it is ready, stop when told to."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from pathlib import Path

import asyncpg

log = logging.getLogger(__name__)


async def connect_pool(url: str, name: str, *, size: int = 4) -> asyncpg.Pool[asyncpg.Record]:
    """A pool of PostgreSQL connections; waits, with a message, for a server that is not there yet."""
    wait = 0.2
    while True:
        try:
            return await asyncpg.create_pool(
                url, min_size=1, max_size=size, command_timeout=60, server_settings={"application_name": name}
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
