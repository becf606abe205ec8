"""The relay: reads the log in its order and publishes every event, at least once, to `TEREZE_EVENTS`.

The store is the outbox. The cursor moves only past events that JetStream has acknowledged; after a crash
some are published again under the same message id, which JetStream drops, and consumers' inboxes too.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging

import asyncpg
import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from opentelemetry.trace import SpanKind

from shared.bus import names
from shared.bus.connection import connect
from shared.bus.publisher import BatchPublisher, Outgoing
from shared.eventstore.log import Log
from shared.eventstore.model import Cursor, RecordedEvent
from shared.lag import tell_lag
from shared.process import close_pool, connect_pool, end, obey_cancellation, run_process, until_told_to_stop
from shared.settings import Settings
from shared.telemetry import Telemetry, setup
from shared.telemetry.logs import configure_logging
from shared.telemetry.names import CASE_ID, DESTINATION, MESSAGE_ID, POSITION, SYSTEM, SYSTEM_NATS

log = logging.getLogger(__name__)

PAGE = 1_000
POLL_S = 0.25
"""A wake-up may get lost; the log is looked at this often anyway."""
ACK_S = 5.0
"""So long the acknowledgements of a page may take; then it is sent again."""
TROUBLES = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    nats.errors.Error,
    nats.js.errors.Error,
    OSError,
    TimeoutError,
)


def headers_of(event: RecordedEvent, traceparent: str | None) -> dict[str, str]:
    """An event's CloudEvents attributes."""
    headers = {
        names.SPEC: "1.0",
        names.ID: f"e{event.position}",
        names.SOURCE: f"{names.RESERVED_SOURCE}/{event.context}",
        names.TYPE: event.type,
        names.TIME: event.occurred_at.isoformat(),
        names.SCHEMA: names.schema_urn(event.context, event.type, event.schema_version),
        names.SUBJECT: event.correlation_id,
        names.POSITION: str(event.position),
        names.MSG_ID: f"e{event.position}",
        "content-type": "application/json",
    }
    if traceparent is not None:
        headers[names.TRACEPARENT] = traceparent
    return headers


class Relay:
    """Moves events from the store to the bus until stopped."""

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

    async def cursors(self) -> dict[str, Cursor]:
        """How far it has come, under its name."""
        return {"relay": await self._cursor()}

    async def run(self) -> None:
        """Relay for ever; cancel to stop. Troubles of either server are waited out, never fatal."""

        async def woken(_: Msg) -> None:
            self._grown.set()

        await self._client.subscribe(names.WAKE, cb=woken)
        await self._publisher.start()
        wait = POLL_S
        while True:
            try:
                cursor = await self._cursor()
                while True:
                    obey_cancellation()
                    cursor = await self._relay_page(cursor)
                    wait = POLL_S
            except TROUBLES as trouble:
                obey_cancellation()
                log.warning("the relay waits %.1f s: %s: %s", wait, type(trouble).__name__, trouble)
                await asyncio.sleep(wait)
                wait = min(wait * 2, 5.0)

    async def _cursor(self) -> Cursor:
        row = await self._pool.fetchrow("SELECT xid::text::bigint AS xid, position FROM ops.relay")
        if row is None:
            raise RuntimeError("ops.relay is empty; start Tereze once with `tereze up` to migrate the database")
        return Cursor(row["xid"], row["position"])

    async def _relay_page(self, cursor: Cursor) -> Cursor:
        self._grown.clear()
        page = await self._log.read(cursor, self._page)
        if not page.events:
            # Not wait_for: until Python 3.12 it can swallow the cancellation that stops the relay.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_S):
                    await self._grown.wait()
            return cursor
        await self._publisher.publish([self._outgoing(event) for event in page.events], timeout_s=ACK_S)
        await self._pool.execute(
            "UPDATE ops.relay SET xid = $1::text::xid8, position = $2, updated_at = now()",
            str(page.after.xid),
            page.after.position,
        )
        return page.after

    def _outgoing(self, event: RecordedEvent) -> Outgoing:
        subject = names.event_subject(event.context, event.type)
        span = self._telemetry.begin(f"publish {event.type}", kind=SpanKind.PRODUCER, traceparent=event.traceparent)
        headers = headers_of(event, span.traceparent)
        if not span.sampled:
            return Outgoing(subject, event.data, headers)
        span.set(SYSTEM, SYSTEM_NATS)
        span.set(DESTINATION, subject)
        span.set(MESSAGE_ID, f"e{event.position}")
        span.set(CASE_ID, event.correlation_id)
        span.set(POSITION, event.position)

        def settled(acknowledged: bool) -> None:
            if not acknowledged:
                span.fail("not_acknowledged")
            span.end()

        return Outgoing(subject, event.data, headers, settled)


async def main() -> None:
    """Relay until told to stop: `python -m shared.bus.relay`."""
    settings = Settings()
    telemetry = setup("relay", settings.home)
    # A cursor lost with a crash of the database costs some publishing again, and no event.
    pool = await connect_pool(settings.database_url, "tereze-relay", session={"synchronous_commit": "off"})
    client = await connect(settings.nats_url, "relay")
    relay = Relay(pool, client, telemetry)
    relaying = asyncio.create_task(relay.run())
    telling = asyncio.create_task(tell_lag(Log(pool), telemetry.metrics, relay.cursors))
    await until_told_to_stop()
    await end(telling, relaying)
    with contextlib.suppress(nats.errors.Error):  # there is nothing to drain into while the server is away
        await client.drain()
    await close_pool(pool)
    telemetry.shutdown()


if __name__ == "__main__":
    configure_logging("relay")
    run_process(main())
