"""From when until when each clock runs, in a table beside the facts of `sla` (ADR 23).

Facts remember nothing: which clocks ran at a moment could only be told by reading all that ever ran. Here a clock has
one row, under an index by how long it ran, so that a moment is answered by what ran then. The live runner keeps it in
the transaction that writes the facts; what stood in a table before is filled in beside, a little at a time. Where it
is not whole yet, questions read all facts, and find the same.

A clock's row begins with the earliest of its facts, and ends with the earliest that ends it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from services.insight.indicators.plan import CANCEL, LAPSE, STOP
from services.insight.instants import Connection, Instant, Pool, log_connection
from shared.process import obey_cancellation
from shared.troubles import STORE_TROUBLES

if TYPE_CHECKING:
    from services.insight.projection import Projection, Row

log = logging.getLogger(__name__)

_LOOK_S = 1.0
_TRY_S = 0.2
_CHUNK = 10_000
_PATIENCE_S = 600.0
"""Years of history are gone through."""
_LOCK = "hashtextextended('tereze lives', 0)"
_ENDS = (STOP, LAPSE, CANCEL)
_LONG, _RUNS = 31, 32
_COLUMNS = f"""clock_id text PRIMARY KEY, began timestamptz NOT NULL, ended timestamptz, length smallint NOT NULL
    GENERATED ALWAYS AS (CASE WHEN ended IS NULL THEN {_RUNS}
        ELSE least({_LONG}, ceil(ln(greatest(date_part('epoch', ended - began), 1)) / ln(2::float8))) END) STORED"""
"""`length`: it ran for at most 2 to that power of seconds."""
_ADD = """
INSERT INTO read.{lives} AS l (clock_id, began, ended)
SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::timestamptz[])
ON CONFLICT (clock_id) DO UPDATE SET began = least(l.began, excluded.began), ended = least(l.ended, excluded.ended)
WHERE l.began > excluded.began OR l.ended > excluded.ended OR l.ended IS NULL AND excluded.ended IS NOT NULL
"""
_EVERY = f"""
SELECT clock_id, min(at), min(at) FILTER (WHERE op IN {_ENDS}) FROM read.{{table}} GROUP BY clock_id ORDER BY clock_id
"""  # noqa: S608 - our own words
# Of those that ran for up to an hour, who began more than an hour before can't run any more; and so for each length.
# OFFSET 0: index by index, whatever the planner expects of so many.
ROWS = f"""
SELECT {{columns}} FROM generate_series(0, {_RUNS}) AS length
CROSS JOIN LATERAL (
    SELECT l.clock_id AS of FROM read.{{lives}} l
    WHERE l.length = length.length AND l.began <= $1 AND (l.ended >= $2 OR l.ended IS NULL)
      AND l.began >= CASE WHEN length.length >= {_LONG} THEN '-infinity'
                          ELSE $2::timestamptz - make_interval(secs => 2.0 ^ length.length + 1) END
    OFFSET 0
) alive
CROSS JOIN LATERAL (
    SELECT * FROM read.{{table}} f WHERE f.clock_id = alive.of AND f.at <= $1 OFFSET 0
) r
"""  # noqa: S608 - our own names
"""The facts until $1 of the clocks that had begun by then and were not ended before $2."""
_FIRST = f"""
SELECT min(first.began) FROM generate_series(0, {_RUNS}) AS length CROSS JOIN LATERAL (
    SELECT began FROM read.{{lives}} l WHERE l.length = length.length ORDER BY began LIMIT 1
) first
"""  # noqa: S608 - our own names
Life = tuple[str, Instant, Instant | None]


async def whole(connection: Connection, projection: Projection) -> str | None:
    """The table, in the schema `read`, of the lives of a projection's clocks; None: it is not there, or not whole."""
    of = await connection.fetchval(
        "SELECT of FROM read.lives WHERE of = to_regclass($1)::oid AND whole", f"read.{projection.table}"
    )
    return None if of is None else _table(of)


async def first(connection: Connection, lives: str) -> Instant | None:
    """When the first clock began; None: there is none. Use a `log_connection`."""
    return await connection.fetchval(_FIRST.format(lives=lives))


async def note(connection: Connection, projection: Projection, rows: Sequence[Row]) -> None:
    """Take over what rows of the live table say. Call it in the transaction that writes them, its checkpoint locked."""
    if not projection.clocks or not rows:
        return
    of = await connection.fetchval(
        "SELECT of FROM read.lives WHERE of = to_regclass($1)::oid", f"read.{projection.table}"
    )
    if of is not None:
        await _add(connection, _table(of), _lives(projection, rows))


async def keep(pool: Pool, projection: Projection) -> None:
    """Fill in the lives of whatever table is live, until cancelled. A lost database is waited for."""
    while True:
        obey_cancellation()
        try:
            async with pool.acquire() as connection:
                missing = await connection.fetchval(
                    "SELECT to_regclass($1) IS NOT NULL AND NOT EXISTS"
                    " (SELECT FROM read.lives WHERE of = to_regclass($1)::oid AND whole)",
                    f"read.{projection.table}",
                )
            if missing:
                await fill(pool, projection)
        except STORE_TROUBLES as trouble:
            log.warning("the lives of clocks wait for the database: %s", type(trouble).__name__)
        await asyncio.sleep(_LOOK_S)


async def fill(pool: Pool, projection: Projection) -> None:
    """Make the lives of the live table's clocks whole, while it is written and read. It takes two connections.

    No transaction that writes is long: it would hold every reader of the log back (ADR 2).
    """
    async with log_connection(pool) as reader, log_connection(pool) as writer, undisturbed(writer):
        of = await _begin(writer, projection)
        if of is None:
            return
        lives, table = _table(of), f"read.{projection.table}"
        await _index(writer, f"{lives}_clock", f"{table} USING hash (clock_id)")
        async with reader.transaction(readonly=True, isolation="repeatable_read"):
            await reader.execute("SET LOCAL work_mem = '64MB'; SET LOCAL jit = off")
            every = await reader.cursor(_EVERY.format(table=projection.table), timeout=_PATIENCE_S)
            while chunk := await every.fetch(_CHUNK, timeout=_PATIENCE_S):
                obey_cancellation()
                await _add(writer, lives, [(row[0], row[1], row[2]) for row in chunk])
        await _index(writer, f"{lives}_began", f"read.{lives} (length, began)")
        await writer.execute(f"ANALYZE read.{lives}")
        await writer.execute("UPDATE read.lives SET whole = true WHERE of = $1", of)
    log.info("the lives of the clocks of %s are whole", projection.table)


@asynccontextmanager
async def undisturbed(connection: Connection) -> AsyncGenerator[None]:
    """Let nobody fill in lives meanwhile: who drops the live table, and who makes an index of it, wait for each other.

    Asked again and again, since whoever waits in the database holds up the making of an index.
    """
    while not await connection.fetchval(f"SELECT pg_try_advisory_lock({_LOCK})"):  # noqa: ASYNC110
        await asyncio.sleep(_TRY_S)
    try:
        yield
    finally:
        await connection.execute(f"SELECT pg_advisory_unlock({_LOCK})")


async def _begin(connection: Connection, projection: Projection) -> int | None:
    """Have the runner note lives from here on, and clear away those of tables that are gone; None: nothing is live."""
    async with connection.transaction():
        # Who writes rows has locked the checkpoint: what they wrote is seen below, or they see this entry.
        name, version = projection.name, projection.version
        of: int | None = await connection.fetchval(
            "SELECT to_regclass($3)::oid FROM read.projection WHERE name = $1 AND version = $2 AND status = 'live'"
            " FOR UPDATE",
            *(name, version, f"read.{projection.table}"),
        )
        if of is None:
            return None
        await connection.execute(f"CREATE TABLE IF NOT EXISTS read.{_table(of)} ({_COLUMNS})")
        await connection.execute("INSERT INTO read.lives (of) VALUES ($1) ON CONFLICT DO NOTHING", of)
        gone = await connection.fetch(
            "DELETE FROM read.lives WHERE NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = of) RETURNING of"
        )
        for row in gone:
            await connection.execute(f"DROP TABLE IF EXISTS read.{_table(row['of'])}")
    return of


async def _index(connection: Connection, name: str, on: str) -> None:
    """Make an index while its table is written; what is left of one that was broken off is cleared away."""
    valid: bool | None = await connection.fetchval(
        "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1)", f"read.{name}"
    )
    if valid is False:
        await connection.execute(f"DROP INDEX CONCURRENTLY read.{name}", timeout=_PATIENCE_S)
    if not valid:
        await connection.execute(f"CREATE INDEX CONCURRENTLY {name} ON {on}", timeout=_PATIENCE_S)


def _lives(projection: Projection, rows: Iterable[Row]) -> list[Life]:
    op, clock_id, at = (projection.column_names.index(name) for name in ("op", "clock_id", "at"))
    found: dict[str, tuple[Instant, Instant | None]] = {}
    for row in rows:
        moment: Instant = row[at]
        began, ended = found.get(row[clock_id], (moment, None))
        if row[op] in _ENDS:
            ended = moment if ended is None else min(ended, moment)
        found[row[clock_id]] = min(began, moment), ended
    return [(name, *life) for name, life in found.items()]


async def _add(connection: Connection, lives: str, some: Iterable[Life]) -> None:
    # In one order, or two that write would wait for each other.
    columns = [list(column) for column in zip(*sorted(some), strict=True)]
    await connection.execute(_ADD.format(lives=lives), *columns)


def _table(of: int) -> str:
    return f"lives_{of}"
