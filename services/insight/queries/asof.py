"""Moments of the past: what counts, as it is known today ("as corrected since"), or as it was known then.

A fact has three coordinates: when it happened, when it was recorded, and its position in the log. A letter of Monday
that is entered on Thursday had happened on Tuesday, and nobody knew: so both questions have a meaning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from services.insight.instants import Connection
from services.insight.projection import Projection
from services.insight.standpoint import Standpoint, reached

END_OF_TIME = datetime.max.replace(tzinfo=UTC)
_LAST_POSITION = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class AsOf:
    """The moment at which clocks are judged, and the last that counts."""

    at: datetime
    happened_by: datetime = END_OF_TIME
    recorded_by: datetime = END_OF_TIME
    """By the store's own clock."""
    position: int = _LAST_POSITION

    @classmethod
    def corrected(cls, at: datetime) -> AsOf:
        """What had happened by then, as it is known today: late entries and corrections included."""
        return cls(at, happened_by=at)

    @classmethod
    def known(cls, at: datetime) -> AsOf:
        """What had been recorded by then; also what it said of the future, such as a booked hour."""
        return cls(at, recorded_by=at)

    @classmethod
    def of(cls, as_of: AsOf | datetime | None, now: datetime) -> AsOf:
        """A plain moment means as corrected since; None: now, and all that is recorded."""
        if as_of is None:
            return cls(now)
        return as_of if isinstance(as_of, AsOf) else cls.corrected(as_of)

    def known_of(self, table: str) -> str:
        """What stands for a table in a statement: its rows that were known; when they happened is another question."""
        cuts = [
            *([] if self.recorded_by == END_OF_TIME else [f"recorded_at <= '{self.recorded_by.isoformat()}'"]),
            *([] if self.position == _LAST_POSITION else [f"position <= {self.position:d}"]),
        ]
        return f"(SELECT * FROM {table} WHERE {' AND '.join(cuts)})" if cuts else table  # noqa: S608

    @property
    def of_all_known(self) -> bool:
        """Whether everything counts that is recorded by now, as far as it had happened."""
        return self.recorded_by == END_OF_TIME and self.position == _LAST_POSITION

    def standpoint(self, since: datetime | None = None) -> Standpoint:
        """The same for the reports, of what happened from `since` on."""
        return Standpoint(
            now=self.at,
            since=since,
            until=None if self.happened_by == END_OF_TIME else self.happened_by,
            recorded_by=None if self.recorded_by == END_OF_TIME else self.recorded_by,
            position=None if self.position == _LAST_POSITION else self.position,
        )

    def counts(self, at: datetime, recorded_at: datetime, position: int) -> bool:
        """Whether a fact with these coordinates counts."""
        return at <= self.happened_by and recorded_at <= self.recorded_by and position <= self.position


async def as_of_position(connection: Connection, position: int, projections: Sequence[Projection] = ()) -> AsOf:
    """What the log held up to a position, judged when the latest of its events happened. Not within a snapshot.

    `projections`: those that are asked, which must have seen all of it; what is read from the log needs none.

    Raises:
        UnknownPositionError: the log or a projection does not reach so far, or it is not settled yet.
    """
    there = await reached(connection, projections, position)
    if there.at is None:
        raise AssertionError("a position that is reached has an event at or before it")
    return AsOf(there.at, position=there.position)
