"""Keeps projections up to date with the log: rows and checkpoint in one transaction, poison set aside."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from time import monotonic, time_ns

from services.insight import ledger
from services.insight.folding import UNWRITABLE, PoisonError
from services.insight.instants import Connection, Pool, log_connection
from services.insight.ledger import Status
from services.insight.pages import EventPage, last_between, read_page
from services.insight.projection import Projection, Row, Seen
from services.insight.rebuild import BusyError, rebuild
from shared.eventstore.model import Cursor
from shared.process import obey_cancellation
from shared.telemetry import SpanKind, Telemetry
from shared.telemetry.names import CASE_ID, EVENT_TYPE, POSITION
from shared.troubles import STORE_TROUBLES

log = logging.getLogger(__name__)

PAGE = 2_000
POLL_S = 0.2
"""A wake-up may get lost; the log is looked at this often anyway."""
_LONGEST_WAIT_S = 5.0
_PASS_BY_S = 1.0
"""So often at most the checkpoint is moved past events that a projection does not read."""


class _MovedError(Exception):
    """Another runner, or a rebuild, has moved the checkpoint: look again where it stands."""


class Runner:
    """Follows the log with several projections at once, until cancelled. Any number of runners may run."""

    def __init__(
        self, pool: Pool, projections: Sequence[Projection], telemetry: Telemetry | None = None, *, page: int = PAGE
    ) -> None:
        """`pool` needs a connection for each projection, and two more for each that is being built."""
        self._pool = pool
        self._telemetry = telemetry
        self._page = page
        self._grown = {projection.name: asyncio.Event() for projection in projections}
        self._opened = {projection.name: asyncio.Event() for projection in projections}
        self._pass_by_at = {projection.name: 0.0 for projection in projections}
        self._projections = tuple(projections)

    def wake(self) -> None:
        """Tell it that the log may have grown."""
        for grown in self._grown.values():
            grown.set()

    async def opened(self) -> None:
        """Wait until each projection has its live table."""
        for opened in self._opened.values():
            await opened.wait()

    async def run(self) -> None:
        """Follow for ever; cancel to stop. A lost database is waited for."""
        async with asyncio.TaskGroup() as group:
            for projection in self._projections:
                group.create_task(self._follow(projection), name=f"projection {projection.name}")

    async def _follow(self, projection: Projection) -> None:
        wait = POLL_S
        while True:
            obey_cancellation()
            try:
                async with log_connection(self._pool) as connection:
                    written = await self._open(connection, projection)
                    self._opened[projection.name].set()
                    seen = written
                    while True:
                        obey_cancellation()
                        written, seen = await self._step(connection, projection, written, seen)
                        wait = POLL_S
            except _MovedError:
                continue
            except Exception as trouble:
                # Whatever it is, the other projections go on, and this one tries again.
                known = isinstance(trouble, (*STORE_TROUBLES, BusyError, PoisonError))
                log.warning("projection %s waits %.1f s: %s", projection.name, wait, _said(trouble), exc_info=not known)
                await asyncio.sleep(wait)
                wait = min(wait * 2, _LONGEST_WAIT_S)

    async def _open(self, connection: Connection, projection: Projection) -> Cursor:
        """Where the live table stands. Made where there is none; rebuilt where an older version is still live."""
        cursor = await ledger.checkpoint(connection, projection)
        if cursor is not None:
            return cursor
        if not await ledger.other_live_versions(connection, projection):
            async with connection.transaction():
                await ledger.create(connection, projection, Status.LIVE)
            return Cursor()
        log.info("projection %s: building version %d", projection.name, projection.version)
        await rebuild(self._pool, projection)
        raise _MovedError

    async def _step(
        self, connection: Connection, projection: Projection, written: Cursor, seen: Cursor
    ) -> tuple[Cursor, Cursor]:
        """Take one page, or wait for one. `seen` may be ahead of `written`: there was nothing of our types."""
        grown = self._grown[projection.name]
        grown.clear()
        page = await read_page(
            connection, seen, self._page, types=projection.types, without=projection.unread_fields, traced=True
        )
        if page.events:
            began = time_ns()
            await self._take(connection, projection, page, written)
            self._trace(projection, page, began)
            return page.cursor(-1), page.seen
        if page.seen > written and monotonic() >= self._pass_by_at[projection.name]:
            self._pass_by_at[projection.name] = monotonic() + _PASS_BY_S
            written = await self._pass_by(connection, projection, written, page.seen)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(grown.wait(), POLL_S)
        return written, page.seen

    async def _pass_by(self, connection: Connection, projection: Projection, written: Cursor, seen: Cursor) -> Cursor:
        """Move the checkpoint to the last event up to `seen`, none of which is ours beyond `written`.

        Else health would count those events as not yet seen, and the next start would look through them again.
        """
        last = await last_between(connection, written, seen)
        if last is None:
            return written
        async with connection.transaction():
            if await ledger.checkpoint(connection, projection, lock=True) != written:
                raise _MovedError
            await ledger.write(connection, projection, [], last)
        return last

    async def _take(self, connection: Connection, projection: Projection, page: EventPage, written: Cursor) -> None:
        """Write a page's rows and move the checkpoint from `written` to the page's last event."""
        rows, poison = _fold(projection, page.events)
        try:
            async with connection.transaction():
                if await ledger.checkpoint(connection, projection, lock=True) != written:
                    raise _MovedError
                await ledger.write(connection, projection, rows, page.cursor(-1))
                await _quarantine(connection, projection, poison)
        except UNWRITABLE as error:
            await self._take_apart(connection, projection, page, written, error)

    async def _take_apart(
        self, connection: Connection, projection: Projection, page: EventPage, written: Cursor, error: Exception
    ) -> None:
        """Some row does not fit its table: halve the page until the event that makes it stands alone."""
        if len(page.events) > 1:
            middle = len(page.events) // 2
            first, second = page.part(0, middle), page.part(middle, len(page.events))
            await self._take(connection, projection, first, written)
            await self._take(connection, projection, second, first.cursor(-1))
            return
        async with connection.transaction():
            if await ledger.checkpoint(connection, projection, lock=True) != written:
                raise _MovedError
            await ledger.write(connection, projection, [], page.cursor(-1))
            await _quarantine(connection, projection, [(page.events[0], _said(error))])

    def _trace(self, projection: Projection, page: EventPage, began: int) -> None:
        if self._telemetry is None:
            return
        for event, traceparent in zip(page.events, page.traceparents, strict=True):
            if traceparent is None:
                continue
            span = self._telemetry.begin(
                f"project {projection.name}", kind=SpanKind.CONSUMER, traceparent=traceparent, start_ns=began
            )
            if span.sampled:
                span.set(CASE_ID, str(event.data.get("case_id", "")))
                span.set(EVENT_TYPE, event.type)
                span.set(POSITION, event.position)
            span.end()


def _fold(projection: Projection, events: Sequence[Seen]) -> tuple[list[Row], list[tuple[Seen, str]]]:
    rows: list[Row] = []
    poison: list[tuple[Seen, str]] = []
    for event in events:
        try:
            rows.extend(projection.rows(event))
        except Exception as error:
            poison.append((event, _said(error)))
    return rows, poison


async def _quarantine(connection: Connection, projection: Projection, poison: Sequence[tuple[Seen, str]]) -> None:
    for event, error in poison:
        log.error(
            "projection %s can't fold %s: it is set aside in read.poison",
            projection.name,
            event.type,
            extra={"position": event.position},
        )
        await connection.execute(
            "INSERT INTO read.poison (name, version, position, error) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
            projection.name,
            projection.version,
            event.position,
            error,
        )


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:500]
