"""Follows the log once for all boards, and wakes them: however many are open, the database is asked once a tick."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Generator, Sequence
from datetime import datetime

from services.insight.board.clocks import Clocks, Row
from services.insight.board.health import Part
from services.insight.board.load import first, load
from services.insight.instants import Connection, Pool, log_connection
from services.insight.pages import read_page
from services.insight.projection import Projection, Seen
from services.insight.queries import NotBuiltError
from shared.clock import Clock
from shared.deadlines import Calendars
from shared.eventstore.model import Cursor
from shared.process import obey_cancellation
from shared.troubles import STORE_TROUBLES

log = logging.getLogger(__name__)

TICK_S = 0.05
"""So often at most the log is looked at while somebody looks at a board."""
_IDLE_TICK_S = 1.0
_LONGEST_TICK_S = 2.0
_SHARE = 4
"""Drawing boards may take one part in so many of the time: with many of them each is told less often."""
_REFRESH_S = 1.0
"""Time passes without events, too: what was due in an hour becomes late."""
_HEALTH_S = 3.0
_PAGE = 2_000
_AGAIN_S = 1.0


class Hub:
    """The clocks as they stand, kept up to date; `version` counts the changes.

    `health` is asked every few seconds while somebody looks, and its last answer is kept.
    """

    def __init__(
        self,
        pool: Pool,
        projection: Projection,
        calendars: Calendars,
        clock: Clock,
        health: Callable[[], Awaitable[Sequence[Part]]],
    ) -> None:
        self._pool, self._projection, self._calendars, self._clock = pool, projection, calendars, clock
        self._ask_health = health
        self._woken = asyncio.Event()
        self._looking = 0
        self._drawing_s = 0.0
        self.version = 0
        self.clocks: Clocks | None = None
        """None: the read side is not ready yet, or the database is away."""
        self.health: Sequence[Part] | None = None
        self.first: datetime | None = None
        """When the first clock began."""

    def now(self) -> datetime:
        """The system's time."""
        return self._clock.now()

    @contextlib.contextmanager
    def drawing(self) -> Generator[None]:
        """Count what is done meanwhile as drawing."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self._drawing_s += time.perf_counter() - began

    @contextlib.contextmanager
    def looking(self) -> Generator[None]:
        """Somebody looks at a board meanwhile."""
        self._looking += 1
        try:
            yield
        finally:
            self._looking -= 1

    async def after(self, version: int, patience_s: float) -> int | None:
        """Wait for a version beyond this one; None: there was none in time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                while self.version == version:
                    await self._woken.wait()
            return self.version
        return None

    async def run(self) -> None:
        """Follow for ever; cancel to stop. A lost database is waited for."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow())
            group.create_task(self._watch_health())

    async def _follow(self) -> None:
        while True:
            obey_cancellation()
            try:
                async with log_connection(self._pool) as connection:
                    self.clocks, cursor = await load(
                        connection, self._projection, self._calendars, now=self.now(), as_of=None
                    )
                    self.first = await first(connection, self._projection)
                    self._tell()
                    await self._keep_up(connection, self.clocks, cursor)
            except NotBuiltError:
                pass
            except STORE_TROUBLES as trouble:
                log.warning("the boards wait for the database: %s", type(trouble).__name__)
            self.clocks = None
            self._tell()
            await asyncio.sleep(_AGAIN_S)

    async def _keep_up(self, connection: Connection, clocks: Clocks, cursor: Cursor) -> None:
        told = time.monotonic()
        while True:
            obey_cancellation()
            page = await read_page(
                connection, cursor, _PAGE, types=self._projection.types, without=self._projection.unread_fields
            )
            cursor = page.seen
            if page.events:
                clocks.take((row for event in page.events for row in self._rows(event)), self.now())
            if page.events or time.monotonic() - told > _REFRESH_S:
                told = time.monotonic()
                self._tell()
            if len(page.events) < _PAGE:
                await asyncio.sleep(self._pause())

    def _rows(self, event: Seen) -> list[Row]:
        try:
            return [Row._make(row) for row in self._projection.rows(event)]
        except Exception:
            # The projection sets such an event aside in read.poison, and says so.
            return []

    def _pause(self) -> float:
        spent, self._drawing_s = self._drawing_s, 0.0
        shortest = TICK_S if self._looking else _IDLE_TICK_S
        return min(max(shortest, spent * _SHARE), _LONGEST_TICK_S)

    def _tell(self) -> None:
        self.version += 1
        self._woken.set()
        self._woken = asyncio.Event()

    async def _watch_health(self) -> None:
        while True:
            if self._looking or self.health is None:
                self.health = await self._ask_health()
            await asyncio.sleep(_HEALTH_S)
