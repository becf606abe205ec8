"""Rebuilds a projection from the log into a table beside the live one, then puts it in its place."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from services.insight import ledger, lives, sampled
from services.insight.filling import fill
from services.insight.folding import PAGE, PoisonError, fold_page
from services.insight.instants import Connection, Pool, log_connection
from services.insight.ledger import NOTHING, Built, Status
from services.insight.pages import read_page
from services.insight.progress import Filled, Progress, Report, silent
from services.insight.projection import Projection
from services.insight.sampled import SampleError


class IncompleteError(Exception):
    """A built table does not hold what was written into it."""


class BusyError(Exception):
    """Somebody else rebuilds or verifies this projection now."""


async def rebuild(
    pool: Pool, projection: Projection, report: Report = silent, *, anew: bool = False, page: int | None = None
) -> Progress:
    """Rebuild into the live table's place; readers see the old one until then.

    Who is stopped, or dies, leaves the table that is being built, and the next rebuild goes on with it, unless
    `anew`: after a fold was mended without another version.

    Raises:
        PoisonError: an event can't be folded; the live table stays as it is, and nothing is left of the new one.
        IncompleteError: the new table does not hold as many rows as were written into it; it is dropped.
        SampleError: it holds others than the folds make, of a sample of events; it is dropped.
        BusyError: another rebuild of this projection runs.
    """
    async with exclusive(pool, projection) as writer:
        begun = await _begin(writer, projection, anew=anew)
        try:
            filled = await _build(pool, writer, projection, begun, report, page)
            await sampled.compare(writer, projection, filled.built)
            await _swap(pool, writer, projection, filled)
        except (PoisonError, IncompleteError, SampleError):
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


async def _build(
    pool: Pool, writer: Connection, projection: Projection, begun: Built, report: Report, page: int | None
) -> Filled:
    async def mark(connection: Connection, built: Built, total: int) -> None:
        await ledger.mark(connection, projection, built, total)

    table = ledger.table_of(projection, Status.BUILDING)
    return await fill(pool, writer, projection, table, report, begun=begun, mark=mark, page=page)


async def _swap(pool: Pool, writer: Connection, projection: Projection, filled: Filled) -> None:
    """Put the new table in the live one's place, not behind it: the live runner goes on from where it is."""
    reached, written = filled.built.upto, filled.built.rows
    async with log_connection(pool) as reader, lives.undisturbed(writer), writer.transaction():
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
