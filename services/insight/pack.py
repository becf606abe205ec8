"""The management-review pack (ISO 10002 §8.6): the review and the reports, as they stand at a position of the log.

The same position, period and moment give the same pack, whatever was added to the log since.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from services.insight.instants import Connection
from services.insight.queries.asof import AsOf
from services.insight.queries.base import reading
from services.insight.reports import REPORTS, Asked, Report, Row, answer
from services.insight.review import Review, review
from services.insight.standpoint import Standpoint, reached
from services.insight.views import projections
from shared.settings import Settings

CONTENTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("limits", ()),
    ("trend", ("month",)),
    ("effectiveness", ("consultant",)),
    ("effectiveness", ("topic",)),
    ("effectiveness", ("form",)),
    ("causes", ()),
    ("repeats", ("topic",)),
    ("impact", ()),
    ("cohorts", ()),
    ("issues", ()),
    ("complaints", ("channel",)),
    ("complaint-causes", ()),
    ("complaint-steps", ()),
    ("complaint-process", ()),
    ("subscriptions", ("publication",)),
    ("subscriptions", ("term",)),
    ("subscriptions", ("zone",)),
    ("subscriptions", ("seller",)),
)
"""Its reports in their order, each with what it is told apart by."""


@dataclass(frozen=True, slots=True)
class Part:
    """One report of it."""

    report: Report
    by: tuple[str, ...]
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Pack:
    """All that a management review looks at."""

    position: int
    """The last event of the log that it knows of."""
    events: int
    """How many there are up to it."""
    now: datetime
    """The end of its period, by which what is open is judged."""
    begin: datetime | None
    review: Review
    parts: list[Part]

    def data(self) -> dict[str, Any]:
        """As data."""
        about = {name: getattr(self, name) for name in ("position", "events", "now", "begin")}
        reports = [{"report": part.report.name, "by": part.by, "rows": part.rows} for part in self.parts]
        return about | asdict(self.review) | {"reports": reports}


async def pack(
    connection: Connection,
    as_of: AsOf | None = None,
    *,
    clock: datetime,
    begin: datetime | None = None,
    end: datetime | None = None,
) -> Pack:
    """The pack of a moment of the past, or with all that the projections know, of a period or of all time.

    The period ends, where no end is given or it is not yet reached, at that moment, or at `clock`; of a position, at
    its latest event. Not within a snapshot.

    Raises:
        NotBuiltError: a projection is not built.
        UnknownPositionError: the projections have not seen everything up to the position yet.
    """
    seen = Standpoint(now=clock) if as_of is None else as_of.standpoint()
    position, at = seen.position, seen.now
    there = await reached(connection, projections(Settings().timezone), position)
    async with reading(connection):
        # A whole second, so that it can be written down and given again; the next, so that nothing is cut off.
        now = at if seen.until is not None else at.replace(microsecond=0) + timedelta(seconds=1)
        if end is not None and (position is not None or end < now):
            now = end
        seen = replace(seen, now=now, since=begin, until=now, position=there.position)
        parts = [
            Part(REPORTS[name], by, await answer(connection, REPORTS[name], Asked(seen, by))) for name, by in CONTENTS
        ]
        found = await review(connection, seen, begin=begin, end=now)
    return Pack(there.position, there.events, now, begin, found, parts)
