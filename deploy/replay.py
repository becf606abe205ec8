"""Replays history for consumers under test: the log's events once more, under a subject of their own.

They go out in the log's order, which every consumer relies on, and as they lie in the store: what is sealed stays so.
The spacing is that of the times at which they happened, divided by the speed; what was told later than it happened
goes out where the log has it, without a wait.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex
from time import monotonic

import asyncpg
from nats.aio.client import Client

from shared.bus import names
from shared.bus.publisher import BatchPublisher, Outgoing
from shared.bus.relay import headers_of
from shared.eventstore.log import Log
from shared.eventstore.model import Cursor, RecordedEvent

PAGE = 1_000
TOGETHER = 500
"""So many at most are published at once, however late they are."""
_ACK_S = 10.0
_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")
Report = Callable[[int], None]
"""Told how many events went out."""


@dataclass(frozen=True, slots=True)
class Span:
    """What is replayed: what happened from `begin` on and before `end`; None: without that limit."""

    begin: datetime | None = None
    end: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """Whether it is a moment within."""
        return (self.begin is None or self.begin <= at) and (self.end is None or at < self.end)


@dataclass(slots=True)
class Replayed:
    """What went out."""

    events: int = 0
    position: int = 0
    """The last one's."""
    whole: bool = False
    """False: it was stopped before the end."""


def is_name(name: str) -> bool:
    """Whether a replay may be called so: one token of a subject."""
    return _NAME.fullmatch(name) is not None


async def count(pool: asyncpg.Pool[asyncpg.Record], span: Span) -> int:
    """How many events lie within."""
    return await pool.fetchval(
        """SELECT count(*) FROM store.event
           WHERE ($1::timestamptz IS NULL OR occurred_at >= $1) AND ($2::timestamptz IS NULL OR occurred_at < $2)""",
        span.begin,
        span.end,
    )


class Replay:
    """One replay, under `tereze.replay.<name>.<context>.<Type>`."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], client: Client, name: str, *, speed: float) -> None:
        self._log = Log(pool)
        self._publisher = BatchPublisher(client)
        self._name = name
        self._speed = speed
        # The events' own ids are the same in every replay; the stream must not take the second for the first.
        self._run = token_hex(4)
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """End it after what is going out just now."""
        self._stopped.set()

    async def run(self, span: Span, report: Report) -> Replayed:
        """Replay up to the log's end as it is now, or until `stop`.

        Raises:
            nats.js.errors.Error, TimeoutError: the stream did not take something; what it took stays there.
        """
        await self._publisher.start()
        done = Replayed()
        upto = await self._log.head()
        due: list[RecordedEvent] = []
        pace = _Pace(self._speed)
        async with contextlib.aclosing(self._within(span, upto)) as events:
            async for event in events:
                wait = pace.wait(event.occurred_at)
                if due and (wait > 0 or len(due) == TOGETHER):
                    await self._publish(due, done, report)
                    due = []
                    wait = pace.wait(event.occurred_at)
                if wait > 0:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(wait):
                            await self._stopped.wait()
                if self._stopped.is_set():
                    return done
                due.append(event)
        if due:
            await self._publish(due, done, report)
        done.whole = True
        return done

    async def _within(self, span: Span, upto: Cursor) -> AsyncGenerator[RecordedEvent]:
        after = Cursor()
        while after < upto and (page := await self._log.read(after, PAGE)).events:
            for event in page.events:
                if event.cursor <= upto and span.holds(event.occurred_at):
                    yield event
            after = page.after

    async def _publish(self, events: list[RecordedEvent], done: Replayed, report: Report) -> None:
        await self._publisher.publish([self._outgoing(event) for event in events], timeout_s=_ACK_S)
        done.events += len(events)
        done.position = events[-1].position
        report(done.events)

    def _outgoing(self, event: RecordedEvent) -> Outgoing:
        # Without its trace: what a consumer under test does is no part of what once happened.
        headers = headers_of(event, None) | {names.MSG_ID: f"{self._run}/e{event.position}"}
        return Outgoing(names.replay_subject(self._name, event.context, event.type), event.data, headers)


class _Pace:
    """When what goes out: the first at once, each other one as long after it as it happened, divided by the speed."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._first: datetime | None = None
        self._began = 0.0

    def wait(self, at: datetime) -> float:
        """Seconds until something that happened then is due; not above 0: now."""
        if self._first is None:
            self._first, self._began = at, monotonic()
        return self._began + (at - self._first).total_seconds() / self._speed - monotonic()
