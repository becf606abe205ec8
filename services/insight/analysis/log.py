"""The log as frames of events, up to a position: the same events for the same position, whatever is added later."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import asyncpg
import orjson
import polars as pl

from services.insight.analysis.disclosure import OPEN_TYPES, withheld_by_type
from services.insight.analysis.stages import stage_of
from services.insight.instants import Connection, Instant
from shared.eventstore.model import Cursor
from shared.roles import source_and_role

PAGE = 10_000
MOMENT = pl.Datetime("us", "UTC")
_SINCE_1970_US = 946_684_800_000_000
"""Instants count from 2000 on, Polars' datetimes from 1970."""
SCHEMA = pl.Schema(
    {
        "position": pl.Int64(),
        "context": pl.String(),
        "type": pl.String(),
        "stage": pl.String(),
        "case_id": pl.String(),
        "occurred_at": MOMENT,
        "recorded_at": MOMENT,
        "source": pl.String(),
        "role": pl.String(),
        "schema_version": pl.Int16(),
        "data": pl.String(),
    }
)
"""The columns of a frame of events; docs/analysis.md says what each of them is."""


class NoSuchPositionError(LookupError):
    """No event stands at a position, or it is not final yet."""


class Order(StrEnum):
    """In which order events are read."""

    LOG = "xid, position"
    """The store's own (ADR 0002)."""
    CASE = "correlation_id, position"
    """Case by case, each in the order in which it was recorded."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much of history is meant: up to an event, inclusive, in the log's order."""

    upto: Cursor
    events: int
    """How many events analysts may have of it."""

    @property
    def position(self) -> int:
        """The last event's; 0: nothing has happened yet."""
        return self.upto.position


# What is final stays as it is: whatever is written later comes behind it in the log's order.
_FINAL = "xid < pg_snapshot_xmin(pg_current_snapshot())"
_AT = f"SELECT xid, {_FINAL} AS final FROM store.event WHERE position = $1"  # noqa: S608
_BEFORE = f"SELECT max(position) FROM store.event WHERE position < $1 AND {_FINAL}"  # noqa: S608
_HEAD = f"SELECT xid, position FROM store.event WHERE {_FINAL} ORDER BY xid DESC, position DESC LIMIT 1"  # noqa: S608
_COUNT = "SELECT count(*) FROM store.event WHERE (xid, position) <= ($1::xid8, $2::bigint) AND type = ANY($3::text[])"
# What is withheld is left out in the database, by type: the same name may be a person's words in one event and a
# code in another.
_PAGE = """
SELECT array_agg(xid) AS xid, array_agg(position) AS position, array_agg(context) AS context, array_agg(type) AS type,
       array_agg(correlation_id) AS case_id, array_agg(occurred_at) AS occurred_at,
       array_agg(recorded_at) AS recorded_at, array_agg(actor) AS actor,
       array_agg(schema_version) AS schema_version, array_agg(data) AS data
FROM (
    SELECT xid, position, context, type, correlation_id, occurred_at, recorded_at, actor, schema_version,
           (data - ARRAY(SELECT jsonb_array_elements_text($6::jsonb -> type)))::text AS data
    FROM store.event
    WHERE {beyond} AND (xid, position) <= ($3::xid8, $4::bigint) AND type = ANY($5::text[])
    ORDER BY {order} LIMIT {limit:d}
) page
"""
_BEYOND = {
    Order.LOG: "(xid, position) > ($1::xid8, $2::bigint)",
    Order.CASE: "(correlation_id, position) > ($1::text, $2::bigint)",
}


async def extent(connection: Connection, at: int | None = None, types: Sequence[str] = OPEN_TYPES) -> Extent:
    """History up to the event at position `at`, or all there is now; of these types only.

    Raises:
        NoSuchPositionError: no event stands there.
    """
    if at is None:
        row = await connection.fetchrow(_HEAD)
        upto = Cursor() if row is None else Cursor(row["xid"], row["position"])
    else:
        upto = await _cursor(connection, at)
    return Extent(upto, await connection.fetchval(_COUNT, *upto, list(types)))


async def _cursor(connection: Connection, at: int) -> Cursor:
    row = await connection.fetchrow(_AT, at)
    if row is None:
        before = await connection.fetchval(_BEFORE, at)
        hint = "the store is empty" if before is None else f"the nearest before it is {before}"
        raise NoSuchPositionError(f"no event stands at position {at}; {hint}")
    if not row["final"]:
        raise NoSuchPositionError(f"the event at position {at} is not final yet; ask again in a moment")
    return Cursor(row["xid"], at)


async def pages(
    connection: Connection,
    upto: Cursor,
    *,
    types: Sequence[str] = OPEN_TYPES,
    order: Order = Order.LOG,
    limit: int = PAGE,
) -> AsyncGenerator[pl.DataFrame]:
    """The events up to a final cursor as frames of `SCHEMA`, page by page. Use a `log_connection`."""
    statement = _PAGE.format(beyond=_BEYOND[order], order=order.value, limit=limit)
    asked, sealed = [name for name in types if name in OPEN_TYPES], withheld_by_type().decode()
    key: tuple[object, int] = (0, 0) if order is Order.LOG else ("", 0)
    while True:
        row = await connection.fetchrow(statement, *key, *upto, asked, sealed)
        if row is None or row["position"] is None:
            return
        yield _frame(row)
        key = (row["xid" if order is Order.LOG else "case_id"][-1], row["position"][-1])


def _frame(row: asyncpg.Record) -> pl.DataFrame:
    stages = [stage_of(name, orjson.loads(data)) for name, data in zip(row["type"], row["data"], strict=True)]
    sources, roles = zip(*map(source_and_role, row["actor"]), strict=True)
    columns = {name: row[name] for name in ("position", "context", "type", "case_id", "schema_version", "data")}
    moments = {name: moments_of(row[name]) for name in ("occurred_at", "recorded_at")}
    return pl.DataFrame({**columns, **moments, "stage": stages, "source": sources, "role": roles}).select(
        pl.col(name).cast(kind) for name, kind in SCHEMA.items()
    )


def moments_of(instants: Sequence[Instant | None]) -> pl.Series:
    """Instants as Polars' datetimes, in UTC."""
    return (pl.Series(instants, dtype=pl.Int64) + _SINCE_1970_US).cast(MOMENT)
