"""Strays: submissions under no service's subjects (`tereze.in.nowhere.X`). No consumer ever reads them.

The stream is a work queue with a consumer per service, so what lies under no service's subjects stays there until
somebody takes it out. It gets an answer and becomes a dead letter like whatever else is wrong. A consumer of their
own is not possible: its subjects could not be named in advance, and may not overlap the services'.
"""

from __future__ import annotations

import asyncio
import logging
from base64 import b64decode
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Any

import orjson
from nats.aio.msg import Msg

from shared.bus import names
from shared.bus.connection import SturdyClient
from shared.bus.deliveries import Delivery
from shared.contracts import Context
from shared.process import obey_cancellation
from shared.troubles import BUS_TROUBLES

log = logging.getLogger(__name__)

SWEEP_S = 1.0
BATCH = 100
_API_S = 5.0
_ALL = ">"
_CONTEXTS = frozenset(Context)


class StrayDelivery:
    """A message taken from the stream by its number. Settling deletes it; what is not settled is found again."""

    tries = 1
    may_overtake = False
    may_wait_on = False
    patience = 0

    def __init__(self, msg: Msg, sequence: int, time: str, client: SturdyClient) -> None:
        self.msg = msg
        self.subject = msg.subject
        self.sequence = sequence
        self.origin = f"{names.IN_STREAM}:{sequence}:{time}"
        self._client = client

    async def settle(self, answer: bytes | None) -> None:
        address = (self.msg.headers or {}).get(names.ANSWER_TO, "")
        if answer is not None and names.is_answer_subject(address):
            await self._client.publish(address, answer)
        await api(self._client, "STREAM.MSG.DELETE", {"seq": self.sequence, "no_erase": True})

    async def again(self, delay_s: float) -> None:
        """Nothing to do: the next sweep finds it."""


class Sweeper:
    """Hands strays to `handle` in batches, until cancelled."""

    def __init__(self, client: SturdyClient, handle: Callable[[Sequence[Delivery]], Awaitable[None]]) -> None:
        self._client = client
        self._handle = handle

    async def run(self) -> None:
        """Sweep for ever; a lost server is waited for."""
        while True:
            obey_cancellation()
            try:
                await self.sweep()
            except BUS_TROUBLES as trouble:
                log.warning("sweeping waits: %s: %s", type(trouble).__name__, trouble)
            except Exception:
                log.exception("a sweep failed; its messages are found again")
            await asyncio.sleep(SWEEP_S)

    async def sweep(self) -> None:
        """Look through the stream once."""
        batch: list[Delivery] = []
        async for stray in self._strays():
            batch.append(stray)
            if len(batch) >= BATCH:
                await self._handle(batch)
                batch = []
        if batch:
            await self._handle(batch)

    async def _strays(self) -> AsyncGenerator[StrayDelivery, None]:
        info = await api(self._client, "STREAM.INFO", {"subjects_filter": f"{names.IN}.>"})
        subjects: dict[str, int] = info.get("state", {}).get("subjects") or {}
        found: set[int] = set()  # one message may match several patterns
        for pattern in {_pattern(subject) for subject in subjects if is_stray(subject)}:
            async for stray in self._matching(pattern):
                if stray.sequence not in found:
                    found.add(stray.sequence)
                    yield stray
        # The server's index of subjects can lose one with the byte 127 in it: no pattern finds such a message. Once
        # all before it are taken, it is the first.
        async for stray in self._matching(_ALL, while_strays=True):
            if stray.sequence not in found:
                yield stray

    async def _matching(self, pattern: str, *, while_strays: bool = False) -> AsyncGenerator[StrayDelivery, None]:
        sequence = 1
        while found := (await api(self._client, "STREAM.MSG.GET", {"seq": sequence, "next_by_subj": pattern})).get(
            "message"
        ):
            sequence = found["seq"] + 1
            if is_stray(found["subject"]):
                headers = await self._client.headers_of(b64decode(found.get("hdrs", "")))
                msg = Msg(self._client, found["subject"], data=b64decode(found.get("data", "")), headers=headers)
                yield StrayDelivery(msg, found["seq"], found["time"], self._client)
            elif while_strays:
                return


def is_stray(subject: str) -> bool:
    """Whether no service's consumer reads this subject."""
    tokens = subject.split(".")
    return len(tokens) < 4 or tokens[2] not in _CONTEXTS


def _pattern(subject: str) -> str:
    """What finds the subject. Publishers may put a literal `*` or `>` in it, and bytes that JSON shows as U+FFFD."""
    words: list[str] = []
    for word in subject.split("."):
        if word == ">":  # found by no `*`
            return ".".join([*words, word])
        words.append("*" if "\ufffd" in word or not word.isprintable() else word)
    return ".".join(words)


async def api(client: SturdyClient, call: str, body: dict[str, Any]) -> dict[str, Any]:
    """One call of JetStream's interface about the stream of submissions. Its errors come as `error` in the answer."""
    reply = await client.request(f"$JS.API.{call}.{names.IN_STREAM}", orjson.dumps(body), timeout=_API_S)
    return orjson.loads(reply.data)
