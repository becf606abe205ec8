"""One delivered message, whichever way it came: how to answer it, settle it, or have it again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Protocol

from nats.aio.client import Client
from nats.aio.msg import Msg

from shared.bus import names

LONGEST_WAIT = timedelta(hours=1)


class Delivery(Protocol):
    """What the service does with a message, without knowing the way it came."""

    msg: Msg
    may_overtake: bool
    """Whether a message published before it may be delivered after it."""
    patience: int
    """How often it waits for what may be under way, 0.1 s doubling up to 5 s, before it is refused for good."""
    subject: str
    """The submission subject: for a request, the one it would have been published to."""

    @property
    def tries(self) -> int: ...

    @property
    def may_wait_on(self) -> bool:
        """Whether it may wait longer than `patience` for an event that is known to be under way."""
        ...

    @property
    def origin(self) -> str: ...

    async def settle(self, answer: bytes | None) -> None: ...

    async def again(self, delay_s: float) -> None: ...


class StreamDelivery:
    """From a JetStream durable. Settling acknowledges; what is not settled comes again by itself.

    Its patience, 21 seconds, outlasts the time after which what a killed process had in hand is delivered again. For an
    event that is stored and not taken in yet, as when services lag behind after a failure, it waits up to an hour.
    """

    may_overtake = True
    patience = 9

    def __init__(self, msg: Msg, client: Client) -> None:
        self.msg = msg
        self.subject = msg.subject
        self._client = client

    @property
    def tries(self) -> int:
        return self.msg.metadata.num_delivered

    @property
    def may_wait_on(self) -> bool:
        return datetime.now(UTC) - self.msg.metadata.timestamp < LONGEST_WAIT

    @property
    def origin(self) -> str:
        # The time makes it unique even after a stream was deleted and begun anew.
        meta = self.msg.metadata
        return f"{meta.stream}:{meta.sequence.stream}:{meta.timestamp.timestamp():.6f}"

    async def settle(self, answer: bytes | None) -> None:
        if answer is not None and self.msg.headers is not None:
            address = self.msg.headers.get(names.ANSWER_TO)
            if address is not None and names.is_answer_subject(address):
                await self._client.publish(address, answer)
        await self.msg.ack()

    async def again(self, delay_s: float) -> None:
        await self.msg.nak(delay=delay_s)


class AskDelivery:
    """A request over core NATS: whoever asked waits (six seconds at most), and asks again if no answer comes.

    Who waits for each answer before sending the next message never overtakes himself.
    """

    may_overtake = False
    may_wait_on = False
    patience = 6

    def __init__(self, msg: Msg, client: Client, retry: Callable[[AskDelivery], None]) -> None:
        self.msg = msg
        self.subject = names.IN + msg.subject.removeprefix(names.ASK)
        self.tries = 1
        self._client = client
        self._retry = retry

    @property
    def origin(self) -> str:
        # The same request asked again is the same letter.
        identity = blake2b(f"{self.msg.subject} {self.msg.headers}".encode(errors="replace"), digest_size=8)
        identity.update(self.msg.data)
        return f"ask:{identity.hexdigest()}"

    async def settle(self, answer: bytes | None) -> None:
        if answer is not None and names.is_reply_subject(self.msg.reply):
            await self._client.publish(self.msg.reply, answer)

    async def again(self, delay_s: float) -> None:
        self.tries += 1
        asyncio.get_running_loop().call_later(delay_s, self._retry, self)
