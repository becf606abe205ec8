"""Fills a table by sets: two connections fold stretches of the log in turn, and commit in the log's order."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from time import monotonic
from typing import NamedTuple

from services.insight.folding import PAGE, UNWRITABLE, PoisonError, blame, write_page
from services.insight.instants import Connection, Pool, log_connection
from services.insight.ledger import Built
from services.insight.pages import read_page
from services.insight.progress import Filled, Mark, Progress, Report
from services.insight.projection import Projection
from services.insight.setwise import Setwise
from shared.eventstore.model import Cursor

STRETCH = 20_000
"""So many events are folded in one transaction: who reads the log may wait for that (ADR 0002)."""
_EPOCH = date(1970, 1, 1)
_WITHIN = "(xid, position) > ($1::xid8, $2::bigint) AND (xid, position) <= ($3::xid8, $4::bigint)"
# The size is written out: see `services.insight.pages`.
_TAKE = f"""
SELECT xid, position FROM store.event WHERE {_WITHIN} AND xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY {{order}} LIMIT 1
"""  # noqa: S608 - our own
_FULL = "xid, position OFFSET {size:d} - 1"
_REST = "xid DESC, position DESC"
# By type, which is many times faster than to look each one up among those that are wanted.
_TYPES = f"SELECT type, count(*) AS events FROM store.event WHERE {_WITHIN} GROUP BY type"  # noqa: S608 - our own
_DAYS = """
SELECT floor(date_part('epoch', occurred_at) / 86400)::integer AS day, count(*) AS events FROM store.event
WHERE type = ANY($1::text[]) AND (xid, position) <= ($2::xid8, $3::bigint) GROUP BY day ORDER BY day
"""


class _Stretch(NamedTuple):
    number: int
    after: Cursor
    upto: Cursor


@dataclass(slots=True)
class _Building:
    """What all connections share: what is left of the log, and how far the table has come."""

    projection: Projection
    table: str
    upto: Cursor
    size: int
    taken: Cursor
    """Up to here the log is shared out."""
    built: Built
    stretches: int = 0
    over: bool = False
    taking: asyncio.Lock = field(default_factory=asyncio.Lock)
    done: int = 0
    moved: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def take(self, connection: Connection) -> _Stretch | None:
        """The next stretch of the log; None: there is none left."""
        async with self.taking:
            if self.over:
                return None
            bounds = (*self.taken, *self.upto)
            row = await connection.fetchrow(_TAKE.format(order=_FULL.format(size=self.size)), *bounds)
            if row is None:
                self.over = True
                row = await connection.fetchrow(_TAKE.format(order=_REST), *bounds)
            if row is None:
                return None
            stretch = _Stretch(self.stretches, self.taken, Cursor(row["xid"], row["position"]))
            self.stretches, self.taken = self.stretches + 1, stretch.upto
            return stretch

    async def turn(self, stretch: _Stretch) -> None:
        """Wait until all before it is committed."""
        async with self.moved:
            await self.moved.wait_for(lambda: self.done == stretch.number)

    async def next(self) -> None:
        """What was to be committed is."""
        async with self.moved:
            self.done += 1
            self.moved.notify_all()


async def fill_by_sets(
    pool: Pool,
    writer: Connection,
    projection: Projection,
    setwise: Setwise,
    table: str,
    report: Report,
    upto: Cursor,
    begun: Built,
    mark: Mark | None,
    size: int | None,
) -> Filled:
    """Fold the log into a table, stretch by stretch. See `services.insight.filling.fill`."""
    began = monotonic()
    building = _Building(projection, table, upto, size or STRETCH, begun.upto, begun)
    days, total = await _survey(pool, projection, upto)
    prepare = setwise.lay_out(days)

    async def work(connection: Connection) -> None:
        # Of two cursors the planner believes one alone: it would read half the log for each stretch.
        await connection.execute("SET enable_seqscan = off; SET plan_cache_mode = force_custom_plan; SET jit = off")
        await prepare(connection)
        while (stretch := await building.take(connection)) is not None:
            async with connection.transaction():
                # After a crash of the server the last stretches are gone, and the mark with them: nothing is lost.
                await connection.execute("SET LOCAL synchronous_commit = off")
                made = await _fold(connection, building, setwise, stretch)
                built = building.built
                built = Built(stretch.upto, built.events + made.events, built.rows + made.rows)
                if mark is not None:
                    await mark(connection, built, max(total, built.events))
            building.built = built
            await building.next()
            report(Progress(built.events, max(total, built.events), monotonic() - began, before=begun.events))

    async with log_connection(pool) as other:
        try:
            async with asyncio.TaskGroup() as group:
                for connection in (writer, other):
                    group.create_task(work(connection))
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
    built = building.built
    return Filled(Progress(built.events, built.events, monotonic() - began, before=begun.events), built)


class _Made(NamedTuple):
    events: int
    rows: int


async def _fold(connection: Connection, building: _Building, setwise: Setwise, stretch: _Stretch) -> _Made:
    """Write the rows of a stretch, and wait for its turn to be committed."""
    found = await connection.fetch(_TYPES, *stretch.after, *stretch.upto)
    events = {row["type"]: row["events"] for row in found if row["type"] in building.projection.folds}
    rest = [name for name in events if name not in setwise.types]
    try:
        async with connection.transaction():
            rows = await setwise.insert(connection, building.table, stretch.after, stretch.upto)
    except UNWRITABLE:
        # The folds say which event it is that can't be folded.
        rows, rest = 0, list(events)
    try:
        rows += await _fold_by_pages(connection, building, stretch, rest) if rest else 0
    except PoisonError:
        await building.turn(stretch)  # so that the first such event is named
        raise
    await building.turn(stretch)
    return _Made(sum(events.values()), rows)


async def _fold_by_pages(connection: Connection, building: _Building, stretch: _Stretch, types: Sequence[str]) -> int:
    projection, rows, after = building.projection, 0, stretch.after
    while True:
        page = await read_page(
            connection, after, PAGE, types=types, without=projection.unread_fields, upto=stretch.upto
        )
        if not page.events:
            return rows
        try:
            async with connection.transaction():
                rows += await write_page(connection, projection, building.table, page)
        except UNWRITABLE as error:
            await blame(connection, projection, building.table, page, error)
        after = page.seen


async def _survey(pool: Pool, projection: Projection, upto: Cursor) -> tuple[list[date], int]:
    """On which days (UTC) events of its types occurred, up to a cursor, and how many."""
    rows = await pool.fetch(_DAYS, list(projection.types), *upto)
    return [_EPOCH + timedelta(days=row["day"]) for row in rows], sum(row["events"] for row in rows)
