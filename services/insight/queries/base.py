"""How the projections' tables are read."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import asyncpg

from services.insight.instants import Connection
from services.insight.views import projections
from shared.settings import Settings

END_OF_TIME = datetime.max.replace(tzinfo=UTC)


class NotBuiltError(LookupError):
    """The projection's table is not there."""


@asynccontextmanager
async def reading(connection: Connection) -> AsyncGenerator[None]:
    """One snapshot for all statements of an answer."""
    async with connection.transaction(readonly=True, isolation="repeatable_read"):
        # Hundreds of thousands of clocks are joined and sorted in memory rather than on disk.
        await connection.execute("SET LOCAL work_mem = '64MB'; SET LOCAL jit = off")
        yield


async def fetch(connection: Connection, name: str, statement: str, *arguments: object) -> Sequence[asyncpg.Record]:
    """The answer of a statement over a projection's `{table}`. Call it while `reading`.

    Raises:
        NotBuiltError: the projection is not built.
    """
    (projection,) = projections(Settings().timezone, [name])
    try:
        return await connection.fetch(statement.replace("{table}", projection.table), *arguments)
    except asyncpg.UndefinedTableError as error:
        raise NotBuiltError(
            f"projection {name} is not built yet; build it with: tereze rebuild {name} "
            "(and where the system runs with a TEREZE_CENTRE_FILE, set the same one here)"
        ) from error
