"""From where history is looked at: what of it is known, and which moment is now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.insight.instants import Connection
from services.insight.positions import UnknownPositionError, settled
from services.insight.projection import Projection

__all__ = ["Reached", "Standpoint", "UnknownPositionError", "reached"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standpoint:
    """What a question is asked of: the facts of a stretch of time, of the log's events up to a position."""

    now: datetime
    """The moment by which what is open is judged."""
    since: datetime | None = None
    """Facts of before do not count."""
    until: datetime | None = None
    """Facts of after do not count."""
    recorded_by: datetime | None = None
    """Facts that were recorded after do not count, by the store's own clock."""
    position: int | None = None
    """Facts of events beyond it do not count (`services.insight.positions`); None: all do."""

    def table(self, projection: Projection, *, whole: bool = False) -> str:
        """What stands for a projection's table in a statement: its facts that count; `whole`: those before as well."""
        cuts = [
            *([] if self.position is None else [f"position <= {self.position:d}"]),
            *([] if self.recorded_by is None else [_recorded_by(projection, self.recorded_by)]),
            *([] if self.since is None or whole else [f"at >= '{self.since.isoformat()}'"]),
            *([] if self.until is None else [f"at <= '{self.until.isoformat()}'"]),
        ]
        table = f"read.{projection.table}"
        return f"(SELECT * FROM {table} WHERE {' AND '.join(cuts)})" if cuts else table  # noqa: S608


def _recorded_by(projection: Projection, at: datetime) -> str:
    """SQL: what was recorded by then; where a projection does not say it of its facts, the log does."""
    cut = f"recorded_at <= '{at.isoformat()}'"
    if "recorded_at" in projection.column_names:
        return cut
    return f"position IN (SELECT e.position FROM store.event e WHERE e.{cut})"  # noqa: S608


@dataclass(frozen=True, slots=True)
class Reached:
    """A stretch of the log from its beginning."""

    position: int
    events: int
    at: datetime | None
    """When the latest of them occurred; None: there is none."""


# Everything is known up to where the first event stands that some projection reads and has not seen.
_REACHED = """
WITH unseen AS (
    SELECT min(e.position) AS position
    FROM unnest($1::text[], $2::integer[], $3::text[]) AS asked (name, version, type)
    JOIN read.projection p ON p.name = asked.name AND p.version = asked.version AND p.status = 'live'
    JOIN store.event e ON (e.xid, e.position) > (p.xid, p.position) AND e.type = asked.type
), known AS (
    SELECT least((SELECT position - 1 FROM unseen), $4::bigint) AS position
)
SELECT (SELECT position FROM known) AS known, count(*) AS events, max(occurred_at) AS at
FROM store.event WHERE position <= (SELECT position FROM known)
"""


async def reached(connection: Connection, projections: Sequence[Projection], position: int | None = None) -> Reached:
    """The log up to a position, or as far as all these projections have seen it.

    What is asked of a position stays the same, whatever is added to the log afterwards. Call it before a snapshot is
    taken.

    Raises:
        UnknownPositionError: not everything up to there is settled, or seen yet.
    """
    upto = await settled(connection, position)
    read = [(one.name, one.version, name) for one in projections for name in one.types]
    columns = [list(column) for column in zip(*read, strict=True)] or [[], [], []]
    row = await connection.fetchrow(_REACHED, *columns, upto)
    if row is None:
        raise AssertionError("a SELECT without FROM has a row")
    if position is not None and position != row["known"]:
        raise UnknownPositionError(
            f"position {position} is not reached: the projections have seen all events up to {row['known']}; "
            "give that or a lower one, or wait a moment"
        )
    return Reached(row["known"], row["events"], row["at"])
