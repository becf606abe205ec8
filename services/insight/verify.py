"""Compares a live projection, row for row, with what the log makes of it now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from services.insight import ledger
from services.insight.filling import fill
from services.insight.instants import Pool
from services.insight.progress import Report, silent
from services.insight.projection import Projection
from services.insight.rebuild import exclusive

_SHOWN = 10

# Both directions, duplicates counted. What the live table got since the checkpoint is left out, by position:
# one statement sees one snapshot, and nothing has to wait for it.
_COMPARE = """
WITH since AS MATERIALIZED (SELECT position FROM store.event WHERE (xid, position) > ($1::xid8, $2::bigint)),
live AS MATERIALIZED (SELECT * FROM read.{live} WHERE position NOT IN (SELECT position FROM since)),
missing AS (SELECT * FROM read.{check} EXCEPT ALL SELECT * FROM live),
wrong AS (SELECT * FROM live EXCEPT ALL SELECT * FROM read.{check})
SELECT (SELECT count(*) FROM live) AS rows,
       (SELECT count(*) FROM missing) + (SELECT count(*) FROM wrong) AS differences,
       (SELECT json_agg(d) FROM (
           SELECT 'rebuilt only' AS stands, to_jsonb(m) AS row, m.position, m.seq FROM missing m
           UNION ALL SELECT 'live only', to_jsonb(w), w.position, w.seq FROM wrong w
           ORDER BY position, seq, stands LIMIT {shown}) d)::text AS first
"""


class NotBuiltError(Exception):
    """There is no live table of this projection's version."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a comparison found."""

    projection: str
    events: int
    rows: int
    differences: int
    first: list[dict[str, Any]]
    """The first differences: `stands` ("live only" or "rebuilt only") and the `row`."""


async def verify(pool: Pool, projection: Projection, report: Report = silent) -> Verdict:
    """Fold the log anew up to the live checkpoint, and compare. The live table is only read.

    Raises:
        NotBuiltError: nothing is live.
        PoisonError: an event can't be folded.
        BusyError: another rebuild of this projection runs.
    """
    check = f"{projection.table}_check"
    async with exclusive(pool, projection) as writer:
        upto = await ledger.checkpoint(writer, projection)
        if upto is None:
            raise NotBuiltError(
                f"projection {projection.name} version {projection.version} is not built; "
                f"build it with: tereze rebuild {projection.name}"
            )
        await writer.execute(f"DROP TABLE IF EXISTS read.{check}")
        await writer.execute(projection.create_table(check))
        try:
            filled = await fill(pool, writer, projection, check, report, upto)
            row = await writer.fetchrow(
                _COMPARE.format(live=projection.table, check=check, shown=_SHOWN), *upto, timeout=600
            )
        finally:
            await writer.execute(f"DROP TABLE IF EXISTS read.{check}")
    if row is None:
        raise AssertionError("a SELECT without FROM has a row")
    first: list[dict[str, Any]] = orjson.loads(row["first"] or "[]")
    return Verdict(projection.name, filled.progress.done, row["rows"], row["differences"], first)
