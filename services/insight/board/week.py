"""When in the week obligations arise: what a manager plans shifts by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo

from services.insight.board.filters import Filters
from services.insight.instants import Connection
from services.insight.queries.base import END_OF_TIME, fetch, reading

_WEEK = """
SELECT extract(isodow FROM at AT TIME ZONE $1)::int AS day, extract(hour FROM at AT TIME ZONE $1)::int AS hour,
       count(*) AS started
FROM read.{table}
WHERE op = 'start' AND at <= $2 AND ($3::text IS NULL OR office = $3) AND ($4::text IS NULL OR channel = $4)
  AND ($5::text IS NULL OR topic = $5) AND ($6::text IS NULL OR indicator = $6)
GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Week:
    """How many obligations arose, by weekday (0 is Monday) and hour of the centre's time."""

    started: dict[tuple[int, int], int]

    @property
    def most(self) -> int:
        """Of the busiest hour."""
        return max(self.started.values(), default=0)

    @property
    def hours(self) -> range:
        """From the first to the last in which anything arose."""
        hours = [hour for _, hour in self.started]
        return range(min(hours), max(hours) + 1) if hours else range(0)


async def week(connection: Connection, zone: tzinfo, filters: Filters) -> Week:
    """The week, over all history until the filters' moment.

    Raises:
        NotBuiltError: the projection is not built.
    """
    async with reading(connection):
        rows = await fetch(
            connection,
            "sla",
            _WEEK,
            *(str(zone), filters.as_of or END_OF_TIME),
            *(filters.office, filters.channel, filters.topic, filters.indicator),
        )
    return Week({(row["day"] - 1, row["hour"]): row["started"] for row in rows})
