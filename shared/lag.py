"""A reader of the log tells as metrics how far it is behind."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

from shared.eventstore.log import Log
from shared.eventstore.model import Cursor
from shared.telemetry import Metrics
from shared.troubles import STORE_TROUBLES

EVERY_S = 10.0


async def tell_lag(
    log: Log, metrics: Metrics, cursors: Callable[[], Awaitable[Mapping[str, Cursor]]], *, every_s: float = EVERY_S
) -> None:
    """Tell the lag of each reader that `cursors` names, until cancelled; ends at once where nobody is told.

    Run it beside the reader, as a task of its own: one that is stuck is then told of, too. The lag of a dead process is
    told by nobody but `tereze status`: alert on the metric's absence.
    """
    while metrics.enabled:
        # While the store is away nothing is known; what was told last stands.
        with contextlib.suppress(*STORE_TROUBLES):
            for name, cursor in (await cursors()).items():
                events, oldest = await log.behind(cursor)
                age = 0.0 if oldest is None else (datetime.now(UTC) - oldest).total_seconds()
                metrics.lag(name, events, max(age, 0.0))
        await asyncio.sleep(every_s)
