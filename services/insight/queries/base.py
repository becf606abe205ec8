"""How the projections' tables are read."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import asyncpg

from services.insight.instants import Connection
from services.insight.queries.asof import END_OF_TIME, AsOf
from services.insight.views import projections
from shared.settings import Settings

__all__ = ["END_OF_TIME", "NotBuiltError", "fetch", "reading"]


class NotBuiltError(LookupError):
    """The projection's table is not there."""


@asynccontextmanager
async def reading(connection: Connection) -> AsyncGenerator[None]:
    """One snapshot for all statements of an answer."""
    async with connection.transaction(readonly=True, isolation="repeatable_read"):
        # Hundreds of thousands of clocks are joined and sorted in memory rather than on disk.
        await connection.execute("SET LOCAL work_mem = '64MB'; SET LOCAL jit = off")
        yield


async def fetch(
    connection: Connection,
    name: str,
    statement: str,
    *arguments: object,
    seen: AsOf | None = None,
    timeout: float | None = None,
) -> Sequence[asyncpg.Record]:
    """The answer of a statement over a projection's `read.{table}`: of what was known, if `seen`. Call it `reading`.

    `timeout`: in seconds; None: the connection's own.

    Raises:
        NotBuiltError: the projection is not built.
    """
    (projection,) = projections(Settings().timezone, [name])
    try:
        table = f"read.{projection.table}"
        known = table if seen is None else seen.known_of(table)
        return await connection.fetch(statement.replace("read.{table}", known), *arguments, timeout=timeout)
    except asyncpg.UndefinedTableError as error:
        raise NotBuiltError(
            f"projection {name} is not built yet; build it with: tereze rebuild {name} "
            "(and where the system runs with a TEREZE_CENTRE_FILE, set the same one here)"
        ) from error
