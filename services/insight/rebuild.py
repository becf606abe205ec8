"""Rebuilds a projection from the log into a table beside the live one, then puts it in its place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from time import monotonic

import asyncpg

from services.insight import ledger
from services.insight.instants import Connection, Pool, log_connection, uncollected
from services.insight.ledger import NOTHING, Built, Status
from services.insight.pages import END, EventPage, read_page
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


class IncompleteError(Exception):
    """A built table does not hold what was written into it."""


class BusyError(Exception):
    """Somebody else rebuilds or verifies this projection now."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a rebuild has come."""

    done: int
    total: int
    """An estimate until the end."""
    elapsed_s: float
    before: int = 0
    """Of those done, how many an earlier rebuild had done that was stopped."""

    @property
    def rate(self) -> float:
        """Events a second."""
        return (self.done - self.before) / self.elapsed_s if self.elapsed_s else 0.0

    @property
    def eta_s(self) -> float | None:
        """Seconds that are left; None: not known yet."""
        return max(0, self.total - self.done) / self.rate if self.rate else None


Report = Callable[[Progress], None]
Mark = Callable[[Built, int], Awaitable[None]]
"""Notes how far the building has come, of so many events."""


def silent(_progress: Progress) -> None:
    """Report nothing."""


async def rebuild(
    pool: Pool, projection: Projection, report: Report = silent, *, anew: bool = False, page: int = PAGE
) -> Progress:
    """Rebuild into the live table's place; readers see the old one until then.

    Who is stopped, or dies, leaves the table that is being built, and the next rebuild goes on with it, unless
    `anew`: after a fold was mended without another version.

    Raises:
        PoisonError: an event can't be folded; the live table stays as it is, and nothing is left of the new one.
        IncompleteError: the new table does not hold what was written into it; it is dropped.
        BusyError: another rebuild of this projection runs.
    """
    async with exclusive(pool, projection) as writer:
        begun = await _begin(writer, projection, anew=anew)
        try:
            filled = await _build(pool, writer, projection, begun, report, page)
            await _swap(pool, writer, projection, filled)
        except (PoisonError, IncompleteError):
            async with writer.transaction():
                await ledger.drop(writer, projection, Status.BUILDING)
            raise
    return filled.progress


async def _begin(writer: Connection, projection: Projection, *, anew: bool) -> Built:
    """The table to go on with: what was left of an earlier rebuild of this version, or an empty one."""
    async with writer.transaction():
        await ledger.drop_other_buildings(writer, projection)
        left = None if anew else await ledger.go_on_building(writer, projection)
        if left is not None:
            return left
        await ledger.drop(writer, projection, Status.BUILDING)
        await ledger.create(writer, projection, Status.BUILDING)
        return NOTHING


@dataclass(frozen=True, slots=True)
class Filled:
    """What a table holds, and what that took."""

    progress: Progress
    built: Built


async def _build(
    pool: Pool, writer: Connection, projection: Projection, begun: Built, report: Report, page: int
) -> Filled:
    async def mark(built: Built, total: int) -> None:
        await ledger.mark(writer, projection, built, total)

    table = ledger.table_of(projection, Status.BUILDING)
    return await fill(pool, writer, projection, table, report, begun=begun, mark=mark, page=page)


async def fill(
    pool: Pool,
    writer: Connection,
    projection: Projection,
    table: str,
    report: Report,
    upto: Cursor = END,
    *,
    begun: Built = NOTHING,
    mark: Mark | None = None,
    page: int = PAGE,
) -> Filled:
    """Fold the log into a table, page by page: the next page is read while one is folded and written.

    `begun` is what stands in the table already; `mark` notes each page in the transaction that writes its rows.
    """
    began, built = monotonic(), begun
    total = await count(pool, projection, upto)
    async with aclosing(pages(pool, projection, built.upto, upto, page)) as every:
        async for found in every:
            rows = fold_page(projection, found)
            built = Built(found.cursor(-1), built.events + len(found.events), built.rows + len(rows))
            try:
                async with writer.transaction():
                    # After a crash of the server the last pages are gone, and the mark with them: nothing is lost.
                    await writer.execute("SET LOCAL synchronous_commit = off")
                    await ledger.copy(writer, projection, table, rows)
                    if mark is not None:
                        await mark(built, max(total, built.events))
            except UNWRITABLE as error:
                await _name_the_event(writer, projection, table, found, error)
            report(_progress(begun, built, max(total, built.events), began))
    return Filled(_progress(begun, built, built.events, began), built)


def _progress(begun: Built, built: Built, total: int, began: float) -> Progress:
    return Progress(built.events, total, monotonic() - began, before=begun.events)


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


async def _name_the_event(
    writer: Connection, projection: Projection, table: str, page: EventPage, error: Exception
) -> None:
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


async def _swap(pool: Pool, writer: Connection, projection: Projection, filled: Filled) -> None:
    """Put the new table in the live one's place, not behind it: the live runner goes on from where it is."""
    reached, written = filled.built.upto, filled.built.rows
    async with log_connection(pool) as reader, writer.transaction():
        live = await ledger.checkpoint(writer, projection, lock=True)
        while live is not None and reached < live:
            page = await read_page(
                reader, reached, PAGE, types=projection.types, without=projection.unread_fields, upto=live
            )
            if not page.events:
                break
            reached, rows = page.cursor(-1), fold_page(projection, page)
            written += len(rows)
            await ledger.copy(writer, projection, ledger.table_of(projection, Status.BUILDING), rows)
        await _whole(writer, projection, written)
        await ledger.drop(writer, projection, Status.LIVE)
        for version in await ledger.other_live_versions(writer, projection):
            await writer.execute(f"DROP TABLE IF EXISTS read.{projection.name}_v{version}")
        await writer.execute("DELETE FROM read.projection WHERE name = $1 AND status <> 'building'", projection.name)
        await writer.execute("DELETE FROM read.poison WHERE name = $1", projection.name)
        await writer.execute(
            f"ALTER TABLE read.{ledger.table_of(projection, Status.BUILDING)} RENAME TO {projection.table}"
        )
        await writer.execute(
            "UPDATE read.projection SET status = 'live', xid = $3, position = $4, updated_at = now()"
            " WHERE name = $1 AND version = $2",
            projection.name,
            projection.version,
            *reached,
        )
    await writer.execute(f"ANALYZE read.{projection.table}")


async def _whole(writer: Connection, projection: Projection, written: int) -> None:
    """What was put together over restarts must be all there before anybody reads it."""
    table = ledger.table_of(projection, Status.BUILDING)
    found = await writer.fetchval(f"SELECT count(*) FROM read.{table}")  # noqa: S608 - our own name
    if found != written:
        raise IncompleteError(
            f"projection {projection.name}: {written} rows were written, and {found} found; the live table stays. "
            f"Build it from the beginning: tereze rebuild {projection.name} --anew"
        )


@asynccontextmanager
async def exclusive(pool: Pool, projection: Projection) -> AsyncGenerator[Connection, None]:
    """A connection that alone may build this projection; freed also if its process dies.

    Raises:
        BusyError: another one does.
    """
    lock = f"tereze projection {projection.name}"
    async with log_connection(pool) as connection:
        if not await connection.fetchval("SELECT pg_try_advisory_lock(hashtextextended($1, 0))", lock):
            raise BusyError(f"projection {projection.name} is being rebuilt or verified already; wait until it is done")
        try:
            yield connection
        finally:
            await connection.execute("SELECT pg_advisory_unlock(hashtextextended($1, 0))", lock)
