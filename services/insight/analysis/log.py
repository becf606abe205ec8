"""The log as frames of events, up to a position: the same events for the same position, whatever is added later."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import asyncpg
import orjson
import polars as pl

from services.insight.analysis.disclosure import OPEN_TYPES, withheld_by_type
from services.insight.analysis.stages import stage_of
from services.insight.instants import Connection, Instant
from services.insight.positions import settled
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


class Order(StrEnum):
    """In which order events are read."""

    LOG = "xid, position"
    """The store's own (ADR 0002)."""
    CASE = "correlation_id, position"
    """Case by case, each in the order in which it was recorded."""


@dataclass(frozen=True, slots=True)
class Cut:
    """How much of history is meant: the events up to a settled position; of them perhaps those of a past moment."""

    position: int
    """0: nothing has happened yet."""
    happened_by: datetime | None = None
    recorded_by: datetime | None = None

    @property
    def known(self) -> str:
        """SQL: what of the log is known; when it happened is another question."""
        recorded = "" if self.recorded_by is None else f" AND recorded_at <= '{self.recorded_by.isoformat()}'"
        return f"position <= {self.position:d}{recorded}"

    @property
    def happened(self) -> str:
        """SQL: what of the log is known and had happened."""
        return (
            self.known
            if self.happened_by is None
            else f"{self.known} AND occurred_at <= '{self.happened_by.isoformat()}'"
        )


# What is withheld is left out in the database, by type: the same name may be a person's words in one event and a
# code in another.
_PAGE = """
SELECT array_agg(xid) AS xid, array_agg(position) AS position, array_agg(context) AS context, array_agg(type) AS type,
       array_agg(correlation_id) AS case_id, array_agg(occurred_at) AS occurred_at,
       array_agg(recorded_at) AS recorded_at, array_agg(actor) AS actor,
       array_agg(schema_version) AS schema_version, array_agg(data) AS data
FROM (
    SELECT xid, position, context, type, correlation_id, occurred_at, recorded_at, actor, schema_version,
           (data - ARRAY(SELECT jsonb_array_elements_text($4::jsonb -> type)))::text AS data
    FROM store.event
    WHERE {beyond} AND {counts} AND type = ANY($3::text[])
    ORDER BY {order} LIMIT {limit:d}
) page
"""
_BEYOND = {
    Order.LOG: "(xid, position) > ($1::xid8, $2::bigint)",
    Order.CASE: "(correlation_id, position) > ($1::text, $2::bigint)",
}


async def cut_at(connection: Connection, at: int | datetime | None = None, *, as_known: bool = False) -> Cut:
    """History up to a position, or all there is now; or what of it had happened by a moment, or was recorded by then.

    Raises:
        UnknownPositionError: the log does not reach so far, or it is not settled.
    """
    if not isinstance(at, datetime):
        return Cut(await settled(connection, at))
    position = await settled(connection)
    return Cut(position, recorded_by=at) if as_known else Cut(position, happened_by=at)


async def count(connection: Connection, cut: Cut, types: Sequence[str]) -> int:
    """How many events of these types are known."""
    return await connection.fetchval(
        f"SELECT count(*) FROM store.event WHERE {cut.known} AND type = ANY($1::text[])",  # noqa: S608
        list(types),
    )


async def pages(
    connection: Connection,
    cut: Cut,
    *,
    types: Sequence[str] = OPEN_TYPES,
    order: Order = Order.LOG,
    limit: int = PAGE,
) -> AsyncGenerator[pl.DataFrame]:
    """The events that count as frames of `SCHEMA`, page by page. Use a `log_connection`."""
    statement = _PAGE.format(beyond=_BEYOND[order], counts=cut.happened, order=order.value, limit=limit)
    asked, sealed = [name for name in types if name in OPEN_TYPES], withheld_by_type().decode()
    key: tuple[object, int] = (0, 0) if order is Order.LOG else ("", 0)
    while True:
        row = await connection.fetchrow(statement, *key, asked, sealed)
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
