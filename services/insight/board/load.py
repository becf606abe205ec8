"""Reads the clocks that ran at a moment out of the projection `sla`."""

from __future__ import annotations

from datetime import datetime

import asyncpg

from services.insight import lives
from services.insight.board.clocks import DAY, Clocks, Row
from services.insight.instants import Connection, instant, moment
from services.insight.ledger import checkpoint
from services.insight.projection import Projection
from services.insight.queries import NotBuiltError
from services.insight.queries.base import reading
from shared.deadlines import Calendars
from shared.eventstore.model import Cursor

_LAST = (1 << 63) - 1
# The earliest end counts (services.insight.judge). Clocks that ended long ago are nobody's concern any more. This reads
# all that ever ran: for as long as their lives are not whole.
_ALIVE = """
WITH ended AS (
    SELECT clock_id, min(at) AS at FROM read.{table} WHERE op IN ('stop', 'lapse', 'cancel') AND at <= $1 GROUP BY 1
)
SELECT {columns} FROM read.{table} r LEFT JOIN ended e USING (clock_id)
WHERE r.at <= $1 AND (e.at IS NULL OR e.at >= $2)
"""


async def load(
    connection: Connection, projection: Projection, calendars: Calendars, *, now: datetime, as_of: datetime | None
) -> tuple[Clocks, Cursor]:
    """The clocks as they stood at `as_of`, by what had occurred until then, or as they stand; and where in the log.

    Use a `log_connection`.

    Raises:
        NotBuiltError: the projection is not built.
    """
    at = as_of or now
    columns = ", ".join(f"r.{name}" for name in projection.column_names)
    try:
        async with reading(connection):
            cursor = await checkpoint(connection, projection)
            # What is agreed for later is due later: without a moment to stop at, it counts.
            until = _LAST if as_of is None else instant(as_of)
            found = await lives.whole(connection, projection)
            statement = (_ALIVE if found is None else lives.ROWS).format(
                table=projection.table, columns=columns, lives=found
            )
            records = await connection.fetch(statement, until, instant(at) - DAY)
    except asyncpg.UndefinedTableError as error:
        raise NotBuiltError(f"projection {projection.name} is not built yet") from error
    if cursor is None:
        raise NotBuiltError(f"projection {projection.name} is not built yet")
    clocks = Clocks(calendars)
    clocks.take(sorted(Row._make(record) for record in records), at)
    return clocks, cursor


async def first(connection: Connection, projection: Projection) -> datetime | None:
    """When the first clock of all began; None: there is none. Use a `log_connection`."""
    found = await lives.whole(connection, projection)
    if found is None:
        at = await connection.fetchval(f"SELECT min(at) FROM read.{projection.table} WHERE op = 'start'")  # noqa: S608
    else:
        at = await lives.first(connection, found)
    return None if at is None else moment(at)
