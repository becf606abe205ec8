"""Folds the log page by page, and says which event can't be folded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import NoReturn

import asyncpg

from services.insight import ledger
from services.insight.instants import Connection, Pool, log_connection, uncollected
from services.insight.pages import EventPage, read_page
from services.insight.projection import Projection, Row, Seen
from shared.eventstore.model import Cursor

PAGE = 10_000
UNWRITABLE = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    TypeError,
    ValueError,
    OverflowError,
)
"""What writing raises where a row does not fit its table."""


class PoisonError(Exception):
    """An event that a projection can't fold."""


def fold_page(projection: Projection, page: EventPage) -> list[Row]:
    """The rows of a page's events.

    Raises:
        PoisonError: naming the event that can't be folded.
    """
    folds = projection.folds
    rows: list[Row] = []
    with uncollected():
        for event in page.events:
            try:
                rows.extend(folds[event.type](event))
            except Exception as error:
                raise _poison(projection, event, error) from error
    return rows


def _poison(projection: Projection, event: Seen, error: Exception) -> PoisonError:
    return PoisonError(
        f"projection {projection.name} can't fold the event at position {event.position} ({event.type}): "
        f"{type(error).__name__}: {error}; correct the fold in services/insight/views/{projection.name}.py"
    )


async def write_page(writer: Connection, projection: Projection, table: str, page: EventPage) -> int:
    """Write what a page's events make into a table, how many rows. Call it in a transaction of its own.

    Raises:
        PoisonError: naming the event that can't be folded.
        Exception: one of `UNWRITABLE`: some row does not fit; ask `blame` then.
    """
    rows = fold_page(projection, page)
    await ledger.copy(writer, projection, table, rows)
    return len(rows)


async def blame(writer: Connection, projection: Projection, table: str, page: EventPage, error: Exception) -> NoReturn:
    """Some row of a page does not fit the table: try event by event, to say whose."""
    for event in page.events:
        try:
            async with writer.transaction():
                await ledger.copy(writer, projection, table, projection.rows(event))
        except UNWRITABLE as its_error:
            raise _poison(projection, event, its_error) from its_error
    raise error


async def pages(
    pool: Pool, projection: Projection, after: Cursor, upto: Cursor, page: int = PAGE
) -> AsyncGenerator[EventPage, None]:
    """All pages of the events it reads, the next one always under way."""
    types, without = projection.types, projection.unread_fields
    async with log_connection(pool) as reader:

        def start(cursor: Cursor) -> asyncio.Task[EventPage]:
            return asyncio.create_task(read_page(reader, cursor, page, types=types, without=without, upto=upto))

        under_way = start(after)
        try:
            while (found := await under_way).events:
                under_way = start(found.seen)
                await asyncio.sleep(0)  # lets the query go out before the caller folds
                yield found
        finally:
            under_way.cancel()
            await asyncio.wait([under_way])


async def count(pool: Pool, projection: Projection, upto: Cursor) -> int:
    """How many events of its types there are up to a cursor."""
    return await pool.fetchval(
        "SELECT count(*) FROM store.event WHERE type = ANY($1::text[]) AND (xid, position) <= ($2::xid8, $3::bigint)",
        list(projection.types),
        *upto,
    )
