"""Publishing to JetStream by the batch, each message acknowledged.

nats-py's `publish_async` starts a task for every message, which lets the client send each in a packet of its own: half
of a publisher's time, and much of the server's. Here a batch goes out together, and the acknowledgements come
to one subject per batch and place, so that one that comes late is known for what it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import nats.errors
import nats.js.errors
import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg

TOGETHER = 100
"""So many go into one write; then the client may send and read."""

Settled = Callable[[bool], None]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message for a stream. `settled` is told once whether it was acknowledged."""

    subject: str
    data: bytes
    headers: Mapping[str, str]
    settled: Settled | None = None


class BatchPublisher:
    """Publishes one batch at a time."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._inbox = client.new_inbox()
        self._number = 0
        self._waiting: dict[int, Settled | None] = {}
        self._refusal: Exception | None = None
        self._all_told = asyncio.Event()

    async def start(self) -> None:
        """Subscribe to the acknowledgements."""
        await self._client.subscribe(f"{self._inbox}.*.*", cb=self._told)

    async def publish(self, batch: Sequence[Outgoing], *, timeout_s: float) -> None:
        """Publish all in their order and wait for every acknowledgement.

        Where it raises, some may be stored and some not: publish all again under the same `Nats-Msg-Id`.

        Raises:
            nats.errors.Error: not connected; a message can't be sent.
            nats.js.errors.Error: the stream refused one.
            TimeoutError: some were not acknowledged in time.
        """
        if not batch:
            return
        if not self._client.is_connected:
            # Else they would gather in the client's buffer, again and again, until it is full.
            raise nats.errors.ConnectionReconnectingError
        self._number += 1
        self._waiting = {place: one.settled for place, one in enumerate(batch)}
        self._refusal = None
        self._all_told.clear()
        try:
            for place, one in enumerate(batch):
                reply = f"{self._inbox}.{self._number}.{place}"
                await self._client.publish(one.subject, one.data, reply, dict(one.headers))
                if place % TOGETHER == TOGETHER - 1:
                    await asyncio.sleep(0)
            async with asyncio.timeout(timeout_s):
                await self._all_told.wait()
        except TimeoutError:
            late = len(self._waiting)
            raise TimeoutError(f"{late} of {len(batch)} messages were not acknowledged") from None
        finally:
            for settled in self._waiting.values():
                if settled is not None:
                    settled(False)
            self._waiting = {}
        if self._refusal is not None:
            raise self._refusal

    async def _told(self, msg: Msg) -> None:
        number, _, place = msg.subject[len(self._inbox) + 1 :].partition(".")
        if int(number) != self._number or int(place) not in self._waiting:
            return
        refusal = _refusal(msg)
        settled = self._waiting.pop(int(place))
        if settled is not None:
            settled(refusal is None)
        self._refusal = self._refusal or refusal
        if not self._waiting:
            self._all_told.set()


def _refusal(msg: Msg) -> Exception | None:
    if not msg.data:
        return nats.js.errors.NoStreamResponseError()
    if b'"error"' not in msg.data:
        return None
    try:
        nats.js.errors.APIError.from_error(orjson.loads(msg.data)["error"])  # raises what fits the code
    except nats.js.errors.Error as error:
        return error
