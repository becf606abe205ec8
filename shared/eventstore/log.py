"""The reader's side of the event store: one log over all contexts, in an order that skips nothing (ADR 0002)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

import asyncpg

from .model import Cursor, Page, RecordedEvent
from .rows import COLUMNS, recorded

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

# The horizon and the rows come from one snapshot, since they are one statement: with two, a transaction
# could end in between, and its events would be skipped.
_FINAL = "xid < pg_snapshot_xmin(pg_current_snapshot())"
_BEYOND = "(xid, position) > ($1::xid8, $2::bigint)"
_PAGE = f"{_BEYOND} AND {_FINAL}"
# A plan made without statistics, or for any cursor, expects so few rows that it sorts the whole rest of the log for
# every page. Without sorting, what is left is to merge the partitions' indexes, which is always right here.
PLAN_IN_ORDER = "SET enable_sort = off"
_TRANSACTIONS = """
SELECT coalesce(max(clock_timestamp() - began), interval '0')
FROM (SELECT xact_start FROM pg_stat_activity WHERE backend_xid IS NOT NULL
      UNION ALL SELECT prepared FROM pg_prepared_xacts) AS writing (began)
"""


def page_statement(limit: int, *, of_types: bool) -> str:
    """One page in the log's order, beyond cursor ($1, $2), perhaps of types $3 only; run it after `PLAN_IN_ORDER`."""
    types = "AND type = ANY($3::text[])" if of_types else ""
    return f"SELECT {COLUMNS} FROM store.event WHERE {_PAGE} {types} ORDER BY xid, position LIMIT {limit:d}"  # noqa: S608


class Log:
    """Reads the events of all contexts. Its role needs to SELECT `store.event` and nothing else."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def read(self, after: Cursor, limit: int, *, types: Sequence[str] | None = None) -> Page:
        """At most `limit` final events beyond `after`, in the log's order; `types` picks some types.

        A reader that goes on from `Page.after` sees every event exactly once.
        """
        if types is None:
            events = await self._page(limit, after)
            return Page(events, events[-1].cursor if events else after)
        # What was final before the reading is final in it: where the page is not full, all up to the
        # head was looked through, and the next reading need not do so again.
        head = await self.head()
        events = await self._page(limit, after, list(types))
        seen = events[-1].cursor if events else after
        return Page(events, seen if len(events) == limit else max(seen, head))

    async def read_case(self, correlation_id: str) -> list[RecordedEvent]:
        """All events of one case, over all contexts, in the order of their positions; the newest may not be final."""
        return recorded(
            await self._pool.fetch(
                f"SELECT {COLUMNS} FROM store.event WHERE correlation_id = $1 ORDER BY position",  # noqa: S608
                correlation_id,
            )
        )

    async def head(self) -> Cursor:
        """The cursor of the last final event."""
        row = await self._pool.fetchrow(
            f"SELECT xid, position FROM store.event WHERE {_FINAL} ORDER BY xid DESC, position DESC LIMIT 1"  # noqa: S608
        )
        return Cursor(row["xid"], row["position"]) if row else Cursor()

    async def behind(self, cursor: Cursor) -> tuple[int, datetime | None]:
        """How many events lie beyond `cursor`, final or not, and when the first of them was recorded."""
        row = await self._pool.fetchrow(
            f"""SELECT (SELECT count(*) FROM store.event WHERE {_BEYOND}) AS events,
                       (SELECT recorded_at FROM store.event WHERE {_BEYOND}
                        ORDER BY xid, position LIMIT 1) AS oldest""",  # noqa: S608
            *cursor,
        )
        if row is None:
            raise AssertionError("a SELECT without FROM has a row")
        return row["events"], row["oldest"]

    async def horizon_age(self) -> timedelta:
        """Age of the oldest write transaction in the cluster: readers can't go beyond it.

        Zero where none runs. Other roles' transactions are seen only with the right `pg_read_all_stats`.
        """
        return await self._pool.fetchval(_TRANSACTIONS)

    async def is_foreign(self) -> bool:
        """Whether events carry numbers of another cluster's transactions: restored from a dump, not yet restamped."""
        return await self._pool.fetchval(
            """SELECT coalesce(max(xid) >= pg_snapshot_xmax(pg_current_snapshot()), false)
               FROM (SELECT xid FROM store.event ORDER BY xid DESC, position DESC LIMIT 1) last"""
        )

    async def _page(self, limit: int, after: Cursor, *types: list[str]) -> list[RecordedEvent]:
        async with self._pool.acquire() as connection:
            await connection.execute(PLAN_IN_ORDER)  # until the pool takes the connection back
            return recorded(await connection.fetch(page_statement(limit, of_types=bool(types)), *after, *types))
