"""Reads the log for projections, by columns: one row a page, of arrays, and one JSON text of all events.

`shared.eventstore.log` gives whole events one by one; here a million are wanted, and of each only what
projections use. Measured, this is twice as fast, and what is personal never leaves the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from services.insight.instants import Connection, uncollected
from services.insight.projection import Seen
from shared.eventstore.model import Cursor

END = Cursor((1 << 63) - 1, (1 << 63) - 1)
"""Beyond every event."""
_LAST_POSITION = END.position

# Horizon and rows come from one snapshot, since they are one statement (ADR 0002). The limit is written out:
# with its size unknown the planner sorts the rest of the log instead of merging the partitions' indexes.
_COLUMNS = """
SELECT pg_snapshot_xmin(pg_current_snapshot()) AS horizon, array_agg(xid) AS xids, array_agg(position) AS positions,
       array_agg(type) AS types, array_agg(occurred_at) AS occurred, array_agg(recorded_at) AS recorded,
       array_agg(traceparent) AS traceparents, '[' || string_agg(data, ',') || ']' AS data
FROM (
    SELECT xid, position, type, occurred_at, recorded_at, {traceparent} AS traceparent,
           (data - $4::text[])::text AS data
    FROM store.event {sample}
    WHERE (xid, position) > ($1::xid8, $2::bigint) AND {final}
      AND (xid, position) <= ($5::xid8, $6::bigint) AND type = ANY($3::text[])
    {order} LIMIT {limit:d}
) page
"""
_FINAL = "xid < pg_snapshot_xmin(pg_current_snapshot())"
_IN_ORDER, _NEWEST = "ORDER BY xid, position", "ORDER BY xid DESC, position DESC"


@dataclass(frozen=True, slots=True)
class EventPage:
    """Consecutive events of the wanted types."""

    events: list[Seen]
    xids: list[int]
    traceparents: list[str | None]
    seen: Cursor
    """Up to here everything was looked through: go on from here."""

    def cursor(self, index: int) -> Cursor:
        """The cursor of one of its events."""
        return Cursor(self.xids[index], self.events[index].position)

    def part(self, start: int, end: int) -> EventPage:
        """Its events from `start` to before `end`."""
        cut = slice(start, end)
        return EventPage(self.events[cut], self.xids[cut], self.traceparents[cut], self.cursor(end - 1))


async def read_page(
    connection: Connection,
    after: Cursor,
    limit: int,
    *,
    types: Sequence[str],
    without: Sequence[str] = (),
    upto: Cursor = END,
    traced: bool = False,
    settled: str = "",
) -> EventPage:
    """At most `limit` final events beyond `after` and not beyond `upto`, `without` these fields.

    Use a `log_connection`. Trace contexts are read only where `traced` asks for them. `settled`: a
    condition in SQL on events that are final whatever the horizon says (`services.insight.positions`).
    """
    traceparent = "traceparent" if traced else "NULL::text"
    statement = _COLUMNS.format(
        limit=limit, traceparent=traceparent, sample="", order=_IN_ORDER, final=settled or _FINAL
    )
    return await _page(connection, statement, after, limit, types, without, upto)


async def read_newest(
    connection: Connection, limit: int, *, types: Sequence[str], without: Sequence[str], upto: Cursor
) -> EventPage:
    """At most `limit` final events up to `upto`, the newest first."""
    statement = _COLUMNS.format(limit=limit, traceparent="NULL::text", sample="", order=_NEWEST, final=_FINAL)
    return await _page(connection, statement, Cursor(), limit, types, without, upto)


async def read_some(
    connection: Connection, percent: float, limit: int, *, types: Sequence[str], without: Sequence[str], upto: Cursor
) -> EventPage:
    """At most `limit` final events up to `upto`, from pages of the store taken at random: so many percent of them."""
    sample = f"TABLESAMPLE SYSTEM ({percent:f})"
    # The pages of a service come one after the other: without an order, the limit would leave out the last ones.
    statement = _COLUMNS.format(
        limit=limit, traceparent="NULL::text", sample=sample, order="ORDER BY random()", final=_FINAL
    )
    return await _page(connection, statement, Cursor(), limit, types, without, upto)


async def _page(
    connection: Connection,
    statement: str,
    after: Cursor,
    limit: int,
    types: Sequence[str],
    without: Sequence[str],
    upto: Cursor,
) -> EventPage:
    row = await connection.fetchrow(statement, *after, list(types), list(without), *upto)
    if row is None:
        raise AssertionError("an aggregate without GROUP BY has a row")
    if row["positions"] is None:
        return EventPage([], [], [], min(upto, _before(row["horizon"])))
    positions: list[int] = row["positions"]
    with uncollected():
        data: list[dict[str, Any]] = orjson.loads(row["data"])
        events = list(map(Seen, positions, row["types"], row["occurred"], row["recorded"], data))
    xids: list[int] = row["xids"]
    full = len(events) == limit
    seen = Cursor(xids[-1], positions[-1]) if full else min(upto, _before(row["horizon"]))
    return EventPage(events, xids, row["traceparents"], seen)


async def last_between(connection: Connection, after: Cursor, upto: Cursor) -> Cursor | None:
    """The last event, of whatever type, beyond `after` and not beyond `upto`; None: there is none."""
    row = await connection.fetchrow(
        """SELECT xid, position FROM store.event
           WHERE (xid, position) > ($1::xid8, $2::bigint) AND (xid, position) <= ($3::xid8, $4::bigint)
           ORDER BY xid DESC, position DESC LIMIT 1""",
        *after,
        *upto,
    )
    return None if row is None else Cursor(row["xid"], row["position"])


def _before(horizon: int) -> Cursor:
    return Cursor(horizon - 1, _LAST_POSITION)
