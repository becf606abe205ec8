"""From where history is looked at: what of it is known, and which moment is now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.insight.instants import Connection
from services.insight.projection import Projection


class UnknownPositionError(LookupError):
    """The log does not reach that position, or the projections do not yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standpoint:
    """What a question is asked of: the facts of a stretch of time, of the log's events up to a position."""

    now: datetime
    """The moment by which what is open is judged."""
    since: datetime | None = None
    """Facts of before do not count."""
    until: datetime | None = None
    """Facts of after do not count."""
    position: int | None = None
    """Facts of events beyond it in the log do not count; None: all do."""

    def table(self, projection: Projection, *, whole: bool = False) -> str:
        """What stands for a projection's table in a statement: its facts that count; `whole`: those before as well."""
        cuts = [
            *([] if self.position is None else [f"position <= {self.position:d}"]),
            *([] if self.since is None or whole else [f"at >= '{self.since.isoformat()}'"]),
            *([] if self.until is None else [f"at <= '{self.until.isoformat()}'"]),
        ]
        table = f"read.{projection.table}"
        return f"(SELECT * FROM {table} WHERE {' AND '.join(cuts)})" if cuts else table  # noqa: S608


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
    SELECT coalesce((SELECT position - 1 FROM unseen), max(position), 0) AS position FROM store.event
)
SELECT (SELECT position FROM known) AS known, count(*) AS events, max(occurred_at) AS at
FROM store.event WHERE position <= coalesce($4, (SELECT position FROM known))
"""


async def reached(connection: Connection, projections: Sequence[Projection], position: int | None = None) -> Reached:
    """The log up to a position, or as far as all these projections have seen it.

    What is asked of a position stays the same, whatever is added to the log afterwards.

    Raises:
        UnknownPositionError: not everything up to there is seen yet.
    """
    read = [(one.name, one.version, name) for one in projections for name in one.types]
    row = await connection.fetchrow(_REACHED, *(list(column) for column in zip(*read, strict=True)), position)
    if row is None:
        raise AssertionError("a SELECT without FROM has a row")
    if position is not None and position > row["known"]:
        raise UnknownPositionError(
            f"position {position} is not reached: the projections have seen all events up to {row['known']}; "
            "give that or a lower one, or wait a moment"
        )
    return Reached(row["known"] if position is None else position, row["events"], row["at"])
