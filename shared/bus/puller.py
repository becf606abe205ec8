"""Pulling from a JetStream durable in batches, with the next request already waiting at the server (ADR 0007).

The client library's `fetch` makes one or two requests per call and leaves some of them behind when it times
out; a message delivered to one that nobody reads any more waits for `ack_wait`. Here one request stands
at a time, under a subject of its own, and every message that arrives is taken, whichever request it answers.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic

import nats.errors
import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg

from shared.troubles import BUS_TROUBLES

log = logging.getLogger(__name__)

EXPIRES_S = 5.0
GRACE_S = 1.0
"""A request whose end the server has not told by then was lost with a connection: ask anew."""
FLUSH_S = 2
"""A stop is given ten seconds in all; without a server there is nobody to give the messages back to."""
MAX_BYTES = 16 * 2**20
"""Of one request: a batch of the largest bodies would overrun the client's buffer, which drops what it can't hold."""


class Puller:
    """Hands batches of one durable to `handle`, one at a time, until stopped; the next one arrives meanwhile."""

    def __init__(
        self,
        client: Client,
        *,
        stream: str,
        durable: str,
        inbox: str,
        handle: Callable[[Sequence[Msg]], Awaitable[None]],
        batch: int,
        linger_s: float,
    ) -> None:
        """`inbox` is a subject prefix that this user may subscribe; `linger_s` lets a batch grow."""
        self._client = client
        self._request = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}"
        self._inbox = f"{inbox}.pull.{client.new_inbox().rpartition('.')[2]}"
        self._handle = handle
        self._batch = batch
        self._linger_s = linger_s
        self._number = 0
        self._wanted = 0
        self._until = 0.0
        self._buffer: list[Msg] = []
        self._news = asyncio.Event()
        self._stopping = False

    async def start(self) -> None:
        """Subscribe and begin."""
        self._subscription = await self._client.subscribe(f"{self._inbox}.*", cb=self._arrived)
        self._task = asyncio.create_task(self._run())

    @property
    def working(self) -> asyncio.Task[None]:
        """The task that pulls, once started."""
        return self._task

    async def stop(self) -> None:
        """Finish the batch at hand; give back what was fetched and not begun."""
        self._stopping = True
        self._news.set()
        await self._task
        with contextlib.suppress(nats.errors.Error):
            await self._subscription.unsubscribe()
            for msg in self._buffer:
                await msg.nak()
            await self._client.flush(FLUSH_S)

    async def _arrived(self, msg: Msg) -> None:
        if msg.headers is not None and "Status" in msg.headers and not msg.reply:
            # The request's end: no messages, expired, or the consumer moved. Of an older request: no matter.
            if msg.subject == f"{self._inbox}.{self._number}":
                self._wanted = 0
        else:
            self._buffer.append(msg)
            self._wanted -= 1
        self._news.set()

    async def _run(self) -> None:
        while not self._stopping:
            try:
                await self._ask()
                if not self._buffer:
                    self._news.clear()
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(GRACE_S):
                            await self._news.wait()
                    continue
                if len(self._buffer) < self._batch:
                    await asyncio.sleep(self._linger_s)
                batch, self._buffer = self._buffer[: self._batch], self._buffer[self._batch :]
            except BUS_TROUBLES as trouble:
                log.warning("pulling waits: %s: %s", type(trouble).__name__, trouble)
                await asyncio.sleep(GRACE_S)
                continue
            with contextlib.suppress(*BUS_TROUBLES):  # asked for again in the next round
                # What is asked for now arrives while this batch is handled.
                await self._ask()
            try:
                await self._handle(batch)
            except Exception:
                # Unsettled messages are delivered again; the fault must not stop the others.
                log.exception("a batch of %d failed; it is delivered again", len(batch))
                await asyncio.sleep(GRACE_S)

    async def _ask(self) -> None:
        """Keep one request waiting, unless a whole batch is waiting here already."""
        if (self._wanted > 0 and monotonic() < self._until) or len(self._buffer) >= self._batch:
            return
        self._number += 1
        self._wanted = self._batch
        self._until = monotonic() + EXPIRES_S + GRACE_S
        body = orjson.dumps({"batch": self._batch, "expires": int(EXPIRES_S * 1e9), "max_bytes": MAX_BYTES})
        await self._client.publish(self._request, body, f"{self._inbox}.{self._number}")
