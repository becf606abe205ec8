"""A view as it stood at any position: its facts, folded from the log anew, whatever the live table has come to."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import polars as pl

from services.insight.analysis.log import MOMENT, PAGE, Cut, moments_of
from services.insight.folding import fold_page
from services.insight.instants import Connection
from services.insight.pages import read_page
from services.insight.projection import Projection, Row
from shared.eventstore.model import Cursor

_KINDS = {
    "text": pl.String(),
    "smallint": pl.Int16(),
    "integer": pl.Int32(),
    "bigint": pl.Int64(),
    "boolean": pl.Boolean(),
    "timestamptz": MOMENT,
}


def schema_of(projection: Projection) -> pl.Schema:
    """The columns of a frame of its facts, as its table has them."""
    columns = ((name, _KINDS[kind.removesuffix(" NOT NULL")]) for name, kind in projection.columns)
    return pl.Schema({"position": pl.Int64(), "seq": pl.Int16(), **dict(columns)})


async def pages(
    connection: Connection, projection: Projection, cut: Cut, *, limit: int = PAGE
) -> AsyncGenerator[tuple[pl.DataFrame, int]]:
    """The facts that count, page by page, and from how many events each page is. Use a `log_connection`.

    Raises:
        PoisonError: an event can't be folded.
    """
    after, schema = Cursor(), schema_of(projection)
    while True:
        page = await read_page(
            connection, after, limit, types=projection.types, without=projection.unread_fields, settled=cut.known
        )
        if page.events:
            facts = _frame(fold_page(projection, page), schema)
            happened = facts if cut.happened_by is None else facts.filter(pl.col("at") <= cut.happened_by)
            yield happened, len(page.events)
        if len(page.events) < limit:
            return
        after = page.cursor(-1)


def _frame(rows: list[Row], schema: pl.Schema) -> pl.DataFrame:
    columns = zip(*rows, strict=True) if rows else ([] for _ in schema)
    return pl.DataFrame(
        {
            name: moments_of(values) if kind == MOMENT else pl.Series(values, dtype=kind)
            for (name, kind), values in zip(schema.items(), columns, strict=True)
        },
        schema=schema,
    )
