"""What "at a position" means, for every question: the events whose positions are not higher, once they are settled.

Positions are drawn while a transaction runs, so a lower one may be committed after a higher one (ADR 0002). A position
is settled once nobody is writing any more who wrote when it was looked up: whoever had drawn a lower one held a
lock on the log by then. From then on the events up to it are the same for ever, also in a store restored from a dump.
"""

from __future__ import annotations

import asyncio

from services.insight.instants import Connection

PATIENCE_S = 2.0
"""A batch is written in milliseconds; what writes longer than this is no batch."""
_LOOK_EVERY_S = 0.005
# Who appends holds this lock on the log or on a part of it, from before the first position is drawn to the end.
_WRITERS = """
SELECT DISTINCT virtualtransaction FROM pg_locks
WHERE locktype = 'relation' AND mode = 'RowExclusiveLock' AND granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND relation IN (SELECT relid FROM pg_partition_tree('store.event'))
"""


class UnknownPositionError(LookupError):
    """The log does not reach that position, it is not settled, or the projections have not seen all up to it."""


async def settled(connection: Connection, position: int | None = None) -> int:
    """That position, or the log's last, once no event can come to stand at it or before it. 0: the log is empty.

    Call it before a snapshot is taken: what it waited for must be seen.

    Raises:
        UnknownPositionError: the log ends before it, or somebody writes on and on.
    """
    last = await connection.fetchval("SELECT max(position) FROM store.event")
    if position is not None and (last is None or not 0 < position <= last):
        holds = "is empty" if last is None else f"ends at position {last}"
        raise UnknownPositionError(
            f"nothing stands at position {position}: the log {holds}; `tereze case … --json` names positions. "
            "A day is written with dashes: 2026-03-02"
        )
    upto = last or 0 if position is None else position
    await _until_written(connection, upto)
    return upto


async def _until_written(connection: Connection, upto: int) -> None:
    wrote = await _writers(connection)
    for _ in range(int(PATIENCE_S / _LOOK_EVERY_S)):
        if not wrote:
            return
        await asyncio.sleep(_LOOK_EVERY_S)
        wrote &= await _writers(connection)
    if wrote:
        raise UnknownPositionError(
            f"position {upto} is not settled yet: a transaction that writes to the log has been running for more than "
            f"{PATIENCE_S:g} s and may still fill in a lower one; ask again in a moment (what holds it: tereze status)"
        )


async def _writers(connection: Connection) -> set[str]:
    return {row["virtualtransaction"] for row in await connection.fetch(_WRITERS)}
