"""Fills a table with what a projection makes of the log: by sets where the database can, else page by page."""

from __future__ import annotations

from contextlib import aclosing
from time import monotonic

from services.insight.folding import PAGE, UNWRITABLE, blame, count, pages, write_page
from services.insight.instants import Connection, Pool
from services.insight.ledger import NOTHING, Built
from services.insight.pages import END
from services.insight.progress import Filled, Mark, Progress, Report
from services.insight.projection import Projection
from services.insight.stretches import fill_by_sets
from shared.eventstore.model import Cursor


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
    page: int | None = None,
) -> Filled:
    """Fold the log into a table, at most `page` events in a transaction.

    `begun` is what stands in the table already; `mark` notes each transaction's end within it. `pool` needs one
    connection more.

    Raises:
        PoisonError: an event can't be folded.
    """
    if projection.setwise is not None:
        return await fill_by_sets(pool, writer, projection, projection.setwise, table, report, upto, begun, mark, page)
    return await _fill_by_pages(pool, writer, projection, table, report, upto, begun, mark, page or PAGE)


async def _fill_by_pages(
    pool: Pool,
    writer: Connection,
    projection: Projection,
    table: str,
    report: Report,
    upto: Cursor,
    begun: Built,
    mark: Mark | None,
    page: int,
) -> Filled:
    """The next page is read while one is folded and written."""
    began, built = monotonic(), begun
    total = await count(pool, projection, upto)
    async with aclosing(pages(pool, projection, built.upto, upto, page)) as every:
        async for found in every:
            try:
                async with writer.transaction():
                    # After a crash of the server the last pages are gone, and the mark with them: nothing is lost.
                    await writer.execute("SET LOCAL synchronous_commit = off")
                    rows = await write_page(writer, projection, table, found)
                    built = Built(found.cursor(-1), built.events + len(found.events), built.rows + rows)
                    if mark is not None:
                        await mark(writer, built, max(total, built.events))
            except UNWRITABLE as error:
                await blame(writer, projection, table, found, error)
            report(Progress(built.events, max(total, built.events), monotonic() - began, before=begun.events))
    return Filled(Progress(built.events, built.events, monotonic() - began, before=begun.events), built)
