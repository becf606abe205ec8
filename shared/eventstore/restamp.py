"""After a dump was restored: give the log numbers that this cluster understands (ADR 0002)."""

from __future__ import annotations

from typing import TypeAlias

import asyncpg

from .model import Cursor

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

CURSOR_TABLES = ("ops.relay", "ops.notify", "ops.watch", "read.projection")
"""Where readers keep their cursors, in columns `xid` and `position`."""

# Events between two readers' cursors make a band, and the band's number becomes their xid. So each reader has
# before and after it exactly the events it had, whatever order they stand in within a band.
_MARK = """
CREATE TEMPORARY TABLE mark (xid xid8, position bigint, band bigint, new_position bigint) ON COMMIT DROP
"""
_BANDS = """
UPDATE mark SET band = (SELECT count(*) FROM mark m WHERE (m.xid, m.position) < (mark.xid, mark.position))
"""
_EVENTS = """
UPDATE store.event e
SET xid = (SELECT count(*) FROM mark m WHERE (m.xid, m.position) < (e.xid, e.position))::text::xid8
"""
_SEEN = """
UPDATE mark
SET new_position = coalesce((SELECT max(e.position) FROM store.event e WHERE e.xid <= mark.band::text::xid8), 0)
"""


async def restamp(connection: Connection) -> None:
    """Renumber a restored log and its readers' cursors, in one transaction, as the owner of the tables.

    Every reader then goes on where it was, and what is appended from now on comes after all that is
    there. Nothing may write or read the log meanwhile: run it before the services are started.
    """
    async with connection.transaction():
        await connection.execute(_MARK)
        cursors = {Cursor(*row) for table in CURSOR_TABLES for row in await connection.fetch(_select(table))}
        await connection.executemany("INSERT INTO mark (xid, position) VALUES ($1, $2)", cursors)
        for statement in (_BANDS, _EVENTS, _SEEN):
            await connection.execute(statement)
        for table in CURSOR_TABLES:
            await connection.execute(_renumber(table))


def _select(table: str) -> str:
    return f"SELECT xid, position FROM {table}"  # noqa: S608 - one of the constants above


def _renumber(table: str) -> str:
    return f"""UPDATE {table} t SET xid = m.band::text::xid8, position = m.new_position
               FROM mark m WHERE (m.xid, m.position) = (t.xid, t.position)"""  # noqa: S608 - one of the constants above
