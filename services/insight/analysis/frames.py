"""The Python API for analysts: events, and views as of any position, as Polars frames (`.to_arrow()` for Arrow).

from deploy.analysis import history

centre = history()                            # the running system of TEREZE_HOME
events = centre.events(types=["ConsultHeld"])
clocks = centre.clocks(at=1_000)              # as they stood when the event at position 1000 was the last
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, TypeVar

import asyncpg
import polars as pl

from services.insight.analysis import log, sources
from services.insight.analysis.disclosure import OPEN_TYPES
from services.insight.instants import Connection, log_connection

T = TypeVar("T")


@asynccontextmanager
async def log_of(database_url: str, role: str | None = None) -> AsyncGenerator[Connection]:
    """A connection to read history with, perhaps in another role than the URL's."""
    settings = {"application_name": "tereze-analysis", **({"role": role} if role else {})}
    async with (
        asyncpg.create_pool(
            database_url, min_size=1, max_size=1, command_timeout=600, server_settings=settings
        ) as pool,
        log_connection(pool) as connection,
    ):
        yield connection


class History:
    """One centre's history. Nothing of it is ever personal; each call reads the store anew.

    `at` is a position, and takes the events up to it (`services.insight.positions`): the answer is the same whenever it
    is asked for. A moment takes what had happened by then, as corrected since. Left out, it is all there is now.

    Every call may raise `UnknownPositionError` (the log does not reach so far, or it is not settled), and what the
    database raises.
    """

    def __init__(self, database_url: str, *, role: str | None = None) -> None:
        """The URL's user must be able to read the log: `tereze_insight`, or one that may take that `role`."""
        self._url = database_url
        self._role = role

    def position(self) -> int:
        """The position of the last event that is final; 0: nothing has happened yet."""
        return self._ask(log.cut_at).position

    def events(self, *, at: int | datetime | None = None, types: Sequence[str] | None = None) -> pl.DataFrame:
        """The events, or those of some types, in the log's order; columns: `log.SCHEMA`, explained in docs/analysis.md.

        What an event says is JSON in `data`; `data_of` makes columns of it.
        """
        return self._frame(sources.events(types or OPEN_TYPES), at)

    def clocks(self, *, at: int | datetime | None = None) -> pl.DataFrame:
        """Every clock with its verdict, judged when the latest of these events happened; columns: `clocks.SCHEMA`.

        Raises:
            PoisonError: an event can't be folded.
        """
        return self._frame(sources.source(sources.CLOCKS), at)

    def view(self, name: str, *, at: int | datetime | None = None) -> pl.DataFrame:
        """The facts of a view (`sla`, `effectiveness`, `review`, …) as they stood, in the order of its table.

        Raises:
            UnknownProjectionError: there is no such view.
            PoisonError: an event can't be folded.
        """
        return self._frame(sources.source(name), at)

    def _frame(self, source: sources.Source, at: int | datetime | None) -> pl.DataFrame:
        async def read(connection: Connection) -> pl.DataFrame:
            cut = await log.cut_at(connection, at)
            pages = [page async for page, _ in source.pages(connection, cut)]
            return pl.concat([pl.DataFrame(schema=source.schema), *pages])

        return self._ask(read)

    def _ask(self, work: Callable[[Connection], Coroutine[Any, Any, T]]) -> T:
        async def asked() -> T:
            async with log_of(self._url, self._role) as connection:
                return await work(connection)

        # In a thread of its own: a notebook has an event loop already, in which none can be run.
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, asked()).result()


def data_of(events: pl.DataFrame, *fields: str) -> pl.DataFrame:
    """Frames of events with these fields of what they say as columns of text, null where an event does not say it."""
    return events.with_columns(pl.col("data").str.json_path_match(f"$.{field}").alias(field) for field in fields)
