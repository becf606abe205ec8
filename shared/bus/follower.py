"""Following the log to publish what it leads to: the relay publishes events, notify messages to consumers.

The store is the outbox. The cursor, in a table of one row, moves only past what JetStream has acknowledged; after a
crash some is published again under the same message id, which JetStream drops.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence
from time import monotonic

import asyncpg
import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from opentelemetry.trace import SpanKind

from shared.bus import names
from shared.bus.publisher import BatchPublisher, Outgoing, Settled
from shared.eventstore.log import Log
from shared.eventstore.model import Cursor, RecordedEvent
from shared.lag import tell_lag
from shared.process import close_pool, end, obey_cancellation, until_told_to_stop
from shared.telemetry import Telemetry
from shared.telemetry.names import CASE_ID, DESTINATION, MESSAGE_ID, POSITION, SYSTEM, SYSTEM_NATS
from shared.troubles import BUS_TROUBLES, STORE_TROUBLES

log = logging.getLogger(__name__)

PAGE = 1_000
POLL_S = 0.25
"""A wake-up may get lost; the log is looked at this often anyway."""
ACK_S = 5.0
"""So long the acknowledgements of a page may take; then it is sent again."""
_PASS_BY_S = 1.0
"""So often at most the cursor is moved past events that are not published."""
TROUBLES = (*STORE_TROUBLES, *BUS_TROUBLES)


class LogPublisher(ABC):
    """Moves from the store to the bus what `outgoing` makes of the log's events, until stopped."""

    name: str
    """Its process's; its cursor is in `ops.<name>`."""
    types: Sequence[str] | None = None
    """The event types it reads; None: all."""

    def __init__(
        self, pool: asyncpg.Pool[asyncpg.Record], client: Client, telemetry: Telemetry, *, page: int = PAGE
    ) -> None:
        self._pool = pool
        self._log = Log(pool)
        self._client = client
        self._publisher = BatchPublisher(client)
        self._telemetry = telemetry
        self._page = page
        self._grown = asyncio.Event()
        self._pass_by_at = 0.0

    @abstractmethod
    async def outgoing(self, events: Sequence[RecordedEvent]) -> Sequence[Outgoing]:
        """What is published about a page's events. What it raises of `TROUBLES` is waited out."""

    async def cursors(self) -> dict[str, Cursor]:
        """How far it has come, under its name."""
        return {self.name: await self._cursor()}

    async def run(self) -> None:
        """Publish for ever; cancel to stop. Troubles of either server are waited out, never fatal."""

        async def woken(_: Msg) -> None:
            self._grown.set()

        await self._client.subscribe(names.WAKE, cb=woken)
        await self._publisher.start()
        wait = POLL_S
        while True:
            try:
                written = seen = await self._cursor()
                while True:
                    obey_cancellation()
                    written, seen = await self._step(written, seen)
                    wait = POLL_S
            except TROUBLES as trouble:
                obey_cancellation()
                log.warning("%s waits %.1f s: %s: %s", self.name, wait, type(trouble).__name__, trouble)
                await asyncio.sleep(wait)
                wait = min(wait * 2, 5.0)

    def traced(
        self, what: str, event: RecordedEvent, subject: str, message_id: str
    ) -> tuple[str | None, Settled | None]:
        """A span for publishing something about an event: what goes into its headers, and how the span ends."""
        span = self._telemetry.begin(f"publish {what}", kind=SpanKind.PRODUCER, traceparent=event.traceparent)
        if not span.sampled:
            return span.traceparent, None
        span.set(SYSTEM, SYSTEM_NATS)
        span.set(DESTINATION, subject)
        span.set(MESSAGE_ID, message_id)
        span.set(CASE_ID, event.correlation_id)
        span.set(POSITION, event.position)

        def settled(acknowledged: bool) -> None:
            if not acknowledged:
                span.fail("not_acknowledged")
            span.end()

        return span.traceparent, settled

    async def _cursor(self) -> Cursor:
        row = await self._pool.fetchrow(f"SELECT xid::text::bigint AS xid, position FROM ops.{self.name}")  # noqa: S608
        if row is None:
            raise RuntimeError(f"ops.{self.name} is empty; start Tereze once with `tereze up` to migrate the database")
        return Cursor(row["xid"], row["position"])

    async def _step(self, written: Cursor, seen: Cursor) -> tuple[Cursor, Cursor]:
        """Take one page, or wait for one. `seen` may be ahead of `written`: there was nothing of our types."""
        self._grown.clear()
        page = await self._log.read(seen, self._page, types=self.types)
        if page.events:
            await self._publisher.publish(await self.outgoing(page.events), timeout_s=ACK_S)
            await self._write(page.after)
            return page.after, page.after
        if page.after > written and monotonic() >= self._pass_by_at:
            self._pass_by_at = monotonic() + _PASS_BY_S
            await self._write(page.after)
            written = page.after
        # Not wait_for: until Python 3.12 it can swallow the cancellation that ends it.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(POLL_S):
                await self._grown.wait()
        return written, page.after

    async def _write(self, cursor: Cursor) -> None:
        await self._pool.execute(
            f"UPDATE ops.{self.name} SET xid = $1::text::xid8, position = $2, updated_at = now()",  # noqa: S608
            str(cursor.xid),
            cursor.position,
        )


def cloud_event(
    type_name: str, event: RecordedEvent, *, source: str, schema: str, traceparent: str | None
) -> dict[str, str]:
    """The CloudEvents attributes of what is published about an event, once: its id is the event's."""
    headers = {
        names.SPEC: "1.0",
        names.ID: f"e{event.position}",
        names.SOURCE: f"{names.RESERVED_SOURCE}/{source}",
        names.TYPE: type_name,
        names.TIME: event.occurred_at.isoformat(),
        names.SCHEMA: schema,
        names.SUBJECT: event.correlation_id,
        names.MSG_ID: f"e{event.position}",
        "content-type": "application/json",
    }
    return headers if traceparent is None else headers | {names.TRACEPARENT: traceparent}


async def follow(
    publisher: LogPublisher, pool: asyncpg.Pool[asyncpg.Record], client: Client, telemetry: Telemetry
) -> None:
    """The life of a process that publishes, once connected: until it is told to stop."""
    publishing = asyncio.create_task(publisher.run())
    telling = asyncio.create_task(tell_lag(Log(pool), telemetry.metrics, publisher.cursors))
    await until_told_to_stop(publishing, telling)
    await end(telling, publishing)
    with contextlib.suppress(nats.errors.Error):  # there is nothing to drain into while the server is away
        await client.drain()
    await close_pool(pool)
    telemetry.shutdown()
