"""The first page: what is due, by stage and by owner, and what is late."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from heapq import nlargest, nsmallest

from services.insight.board.clocks import DAY, Clocks, Standing
from services.insight.board.filters import NAMES, Filters
from services.insight.instants import Instant, instant

SHOWN = 30
"""So many of each list are shown; the counts are of all."""
_HOUR = DAY // 24


class Tier(StrEnum):
    """How much time is left."""

    LATE = "late"
    HOUR = "hour"
    DAY = "day"
    LATER = "later"
    PAUSED = "paused"
    """The centre waits for the consumer."""


TIERS = tuple(Tier)


@dataclass(slots=True)
class Line:
    """How many clocks of a stage, or of an owner, have how much time left; and what ended within a day."""

    key: str | None
    open: dict[Tier, int] = field(default_factory=lambda: dict.fromkeys(TIERS, 0))
    met: int = 0
    breached: int = 0

    @property
    def total(self) -> int:
        return sum(self.open.values())


@dataclass(frozen=True, slots=True)
class Now:
    """What the page shows. Lists are the first `SHOWN`."""

    at: Instant
    all: Line
    stages: list[Line]
    """One line an indicator that has clocks, in the order of the stages."""
    owners: list[Line]
    """The one with most that is late first."""
    late: list[Standing]
    """Still owed and past due; the latest first."""
    due: list[Standing]
    """The next to fall due first."""
    breached: list[Standing]
    """Done too late within the last day; the last one first."""


def tier(one: Standing, now: Instant) -> Tier:
    """How much time is left."""
    if one.due_at < now and not one.waiting:
        return Tier.LATE
    if one.waiting:
        return Tier.PAUSED
    left = one.due_at - now
    return Tier.HOUR if left <= _HOUR else Tier.DAY if left <= DAY else Tier.LATER


def summarise(clocks: Clocks, filters: Filters, now: datetime, order: Mapping[str, int]) -> Now:
    """What is due at `now`, of the clocks that the filters ask for; `order` ranks the indicators."""
    at = instant(now)
    whole = Line(None)
    stages: defaultdict[str | None, Line] = defaultdict(lambda: Line(None))
    owners: defaultdict[str | None, Line] = defaultdict(lambda: Line(None))
    late: list[Standing] = []
    due: list[Standing] = []
    breached: list[Standing] = []
    for one in clocks.running():
        if not filters.fits(one):
            continue
        left = tier(one, at)
        for line in (whole, stages[one.indicator], owners[one.owner]):
            line.open[left] += 1
        if left is Tier.LATE:
            late.append(one)
        elif left is not Tier.PAUSED:
            due.append(one)
    for one in clocks.ended(now):
        if one.done_at is None or not filters.fits(one):
            continue
        for line in (whole, stages[one.indicator], owners[one.owner]):
            line.met += not one.breached
            line.breached += one.breached
        if one.breached:
            breached.append(one)
    return Now(
        at,
        whole,
        sorted(_named(stages), key=lambda line: (order.get(line.key or "", len(order)), line.key or "")),
        sorted(_named(owners), key=lambda line: (-line.open[Tier.LATE], -line.total, line.key or "\uffff")),
        nsmallest(SHOWN, late, key=lambda one: one.due_at),
        nsmallest(SHOWN, due, key=lambda one: one.due_at),
        nlargest(SHOWN, breached, key=lambda one: one.done_at or 0),
    )


def _named(lines: Mapping[str | None, Line]) -> Iterable[Line]:
    for key, line in lines.items():
        line.key = key
    return lines.values()


def values(clocks: Clocks, now: datetime) -> dict[str, list[str]]:
    """What may be asked for: each filter's values, of all clocks."""
    found: dict[str, set[str]] = {name: set() for name in NAMES}
    for one in (*clocks.running(), *clocks.ended(now)):
        for name in NAMES:
            if value := getattr(one, name):
                found[name].add(value)
    return {name: sorted(some) for name, some in found.items()}
