"""Moments of the past: what counts, as it is known today ("as corrected since"), or as it was known then.

A fact has three coordinates: when it happened, when it was recorded, and its position in the log. A letter of Monday
that is entered on Thursday had happened on Tuesday, and nobody knew: so both questions have a meaning.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from services.insight.instants import Connection
from services.insight.standpoint import UnknownPositionError

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

    def counts(self, at: datetime, recorded_at: datetime, position: int) -> bool:
        """Whether a fact with these coordinates counts."""
        return at <= self.happened_by and recorded_at <= self.recorded_by and position <= self.position


async def as_of_position(connection: Connection, position: int, *, moved_clock: bool = False) -> AsOf:
    """What the log held up to a position, judged when its last event was recorded.

    `moved_clock`: the system's time is not the store's (a demonstration's), so that event's own time counts.

    Raises:
        UnknownPositionError: before the first event, or beyond the last one.
    """
    last = await connection.fetchval("SELECT max(position) FROM store.event")
    row = await connection.fetchrow(
        "SELECT occurred_at, recorded_at FROM store.event WHERE position <= $1 ORDER BY position DESC LIMIT 1", position
    )
    if last is None or position > last or row is None:
        holds = "is empty" if last is None else f"ends at position {last}"
        raise UnknownPositionError(
            f"nothing stands at position {position}: the log {holds}; `tereze case … --json` names positions. "
            "A day is written with dashes: 2026-03-02"
        )
    return AsOf(row["occurred_at"] if moved_clock else row["recorded_at"], position=position)
