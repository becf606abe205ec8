"""Gathers what concurrent callers submit into groups: one is written while the next one gathers (ADR 0003)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

LIMIT = 500
WRITERS = 2


class GroupCommit(Generic[T, R]):
    """Makes few calls of many: `GroupCommit(store.append)` gives each caller of `submit` its own `Appended`.

    At most `writers` groups are in flight; what comes meanwhile forms the next one. Two keep both sides busy: one group
    is prepared while the server writes the other. `commit` answers a group in its order; what it raises, all of the
    group's callers are told. Callers that wait at the same time have no order among them.
    """

    def __init__(
        self, commit: Callable[[Sequence[T]], Awaitable[Sequence[R]]], *, limit: int = LIMIT, writers: int = WRITERS
    ) -> None:
        self._commit = commit
        self._limit = limit
        self._writers = writers
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy = 0

    async def submit(self, item: T) -> R:
        """Write `item` with whatever else is waiting, and return its result.

        A caller that is cancelled gets no answer, but its item may be written all the same.
        """
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        if len(self._tasks) < self._writers:
            task = asyncio.create_task(self._write())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await answer

    async def _write(self) -> None:
        while self._waiting:
            # What waits is shared with the writers that have nothing to do either.
            share = -(-len(self._waiting) // (self._writers - self._busy))
            size = min(share, self._limit)
            group, self._waiting = self._waiting[:size], self._waiting[size:]
            self._busy += 1
            try:
                await self._write_group(group)
            finally:
                self._busy -= 1
            # Whoever was just answered and has more to write joins the next group: else groups stay small.
            await asyncio.sleep(0)

    async def _write_group(self, group: Sequence[tuple[T, asyncio.Future[R]]]) -> None:
        try:
            results = await self._commit([item for item, _ in group])
            for (_, answer), result in zip(group, results, strict=True):
                if not answer.done():
                    answer.set_result(result)
        except Exception as error:
            for _, answer in group:
                if not answer.done():
                    answer.set_exception(error)
        except BaseException:
            for _, answer in group:
                answer.cancel()
            raise
