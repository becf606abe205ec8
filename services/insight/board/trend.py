"""How the limits are kept over time: the share met of what began in each week or month, as `tereze report trend`."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from enum import StrEnum

from services.insight.board.filters import Filters
from services.insight.instants import Connection
from services.insight.queries.asof import AsOf
from services.insight.queries.base import fetch, reading
from services.insight.queries.sla import CLOCKS, TOUCHED, judged
from services.insight.reports.limits import JUDGED, MET

PERIODS = 12
"""So many of the latest are shown."""

_TREND = (
    CLOCKS.replace("{group}", "NULL::text").replace("{joined}", "")
    + f"""
SELECT indicator, date_trunc($12, at AT TIME ZONE $13)::date AS period,
       {MET} AS met, {JUDGED} AS judged
FROM timed
WHERE ($14::text IS NULL OR office = $14) AND ($15::text IS NULL OR topic = $15)
      AND ($16::text IS NULL OR channel = $16) AND ($17::text IS NULL OR indicator = $17)
GROUP BY 1, 2
"""  # noqa: S608 - our own words
)


class Period(StrEnum):
    """What time is divided into."""

    WEEK = "week"
    """From Monday."""
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Point:
    """One indicator in one period."""

    met: int
    judged: int
    """Met, breached and overdue."""

    @property
    def share(self) -> float | None:
        """Of 1; None: nothing is judged."""
        return self.met / self.judged if self.judged else None


@dataclass(frozen=True, slots=True)
class Trend:
    """The latest periods in which anything is judged, and each indicator's points in them."""

    periods: list[date]
    """First days."""
    lines: dict[str, dict[date, Point]]

    def whole(self, period: date) -> Point:
        """All indicators together."""
        points = [line[period] for line in self.lines.values() if period in line]
        return Point(sum(one.met for one in points), sum(one.judged for one in points))

    def curve(self, indicator: str, width: int, height: int) -> list[str]:
        """The corners of a line through an indicator's shares, each as SVG writes it; a gap is drawn through."""
        step = width / max(len(self.periods) - 1, 1)
        shares = [(number, self.lines[indicator].get(period)) for number, period in enumerate(self.periods)]
        return [
            f"{number * step:.1f},{height * (1 - point.share):.1f}"
            for number, point in shares
            if point is not None and point.share is not None
        ]


async def trend(connection: Connection, zone: tzinfo, filters: Filters, by: Period, now: datetime) -> Trend:
    """The trend, as it stands or stood at the filters' moment.

    Raises:
        NotBuiltError: the projection is not built.
    """
    asked = AsOf.of(filters.as_of, now)
    async with reading(connection):
        touched = judged(await fetch(connection, "sla", TOUCHED, asked.happened_by, seen=asked), asked.at)
        rows = await fetch(
            *(connection, "sla", _TREND, asked.happened_by, *touched, asked.at, by, str(zone)),
            *(filters.office, filters.topic, filters.channel, filters.indicator),
            seen=asked,
        )
    lines: defaultdict[str, dict[date, Point]] = defaultdict(dict)
    for row in rows:
        if row["judged"]:
            lines[row["indicator"]][row["period"]] = Point(row["met"], row["judged"])
    periods = sorted({period for line in lines.values() for period in line})[-PERIODS:]
    return Trend(periods, {name: line for name, line in lines.items() if set(line) & set(periods)})
