"""Gathers what concurrent callers submit into groups: one is written while the next one gathers (ADR 0003)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

LIMIT = 500


class GroupCommit(Generic[T, R]):
    """Makes one call of many: `GroupCommit(store.append)` gives each caller of `submit` its own `Appended`.

    One group is in flight at a time. `commit` answers a group in its order; what it raises, all of the
    group's callers are told.
    """

    def __init__(self, commit: Callable[[Sequence[T]], Awaitable[Sequence[R]]], *, limit: int = LIMIT) -> None:
        self._commit = commit
        self._limit = limit
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def submit(self, item: T) -> R:
        """Write `item` with whatever else is waiting, and return its result.

        A caller that is cancelled gets no answer, but its item may be written all the same.
        """
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        return await answer

    async def _write(self) -> None:
        try:
            while self._waiting:
                group, self._waiting = self._waiting[: self._limit], self._waiting[self._limit :]
                await self._write_group(group)
                # Whoever was just answered and has more to write joins the next group: without this, callers fall
                # into two crowds that take turns, and groups stay half as large.
                await asyncio.sleep(0)
        finally:
            self._writing = None
            for _, answer in self._waiting:
                answer.cancel()
            self._waiting = []

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
