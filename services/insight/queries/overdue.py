"""What is late now and what is about to be: the clocks that run, judged one by one (DOMAIN.md §8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.insight.clocks import FACTS, Clock, Fact, Rules, clocks_of
from services.insight.indicators import policy_name
from services.insight.instants import Connection
from services.insight.judge import Verdict
from services.insight.queries.base import END_OF_TIME, fetch, reading

# One pass over the view, when it is asked for: most clocks that ever ran have ended.
_RUNNING = f"""
WITH ended AS (
    SELECT DISTINCT clock_id FROM read.{{table}} WHERE op IN ('stop', 'lapse', 'cancel') AND at <= $1
)
SELECT {", ".join(FACTS)} FROM read.{{table}} r
WHERE at <= $1 AND NOT EXISTS (SELECT FROM ended WHERE ended.clock_id = r.clock_id)
ORDER BY position, seq
"""  # noqa: S608 - columns of ours
_PATIENCE_S = 600.0
"""Years of history are gone through."""


class Due(StrEnum):
    """How near its due moment a clock is that runs."""

    OVERDUE = "overdue"
    APPROACHING = "approaching"


@dataclass(frozen=True, slots=True)
class DueClock:
    """A clock that is overdue or approaches its due moment."""

    due: Due
    owner: str | None
    indicator: str
    policy: str
    case_id: str
    channel: str | None
    office: str | None
    topic: str | None
    started_at: datetime
    due_at: datetime
    by_s: float
    """Seconds that are left, or, below zero, since it was due."""


async def running_clocks(connection: Connection, as_of: datetime | None = None) -> list[Clock]:
    """Every clock that was started and not ended: by what had occurred until `as_of`, or by all. Call it `reading`.

    Raises:
        NotBuiltError: the projection is not built.
    """
    rows = await fetch(connection, "sla", _RUNNING, as_of or END_OF_TIME, timeout=_PATIENCE_S)
    return clocks_of(Fact(*row) for row in rows)


async def overdue(
    connection: Connection,
    *,
    now: datetime,
    as_of: datetime | None = None,
    office: str | None = None,
    owner: str | None = None,
) -> list[DueClock]:
    """What is overdue, the latest first, then what approaches its due moment, the nearest first.

    Raises:
        NotBuiltError: the projection is not built.
    """
    async with reading(connection):
        clocks = await running_clocks(connection, as_of)
    found = due_clocks(clocks, as_of or now, Rules.of_settings())
    return [one for one in found if office in {None, one.office} and owner in {None, one.owner}]


def due_clocks(clocks: Sequence[Clock], now: datetime, rules: Rules) -> list[DueClock]:
    """Those of the clocks that are overdue or near it, by their due moments. One that waits is not near it."""
    found: list[DueClock] = []
    for clock in clocks:
        standing = rules.stand(clock, now)
        judged, fact = standing.judged, clock.fact
        if judged.verdict is Verdict.OVERDUE:
            due = Due.OVERDUE
        elif judged.verdict is Verdict.OPEN and standing.approaching_at < now:
            due = Due.APPROACHING
        else:
            continue
        found.append(
            DueClock(
                due=due,
                owner=judged.owner,
                indicator=clock.indicator,
                policy=policy_name(clock.indicator, judged.variant),
                case_id=fact.case_id,
                channel=fact.channel,
                office=fact.office,
                topic=fact.topic,
                started_at=judged.started_at,
                due_at=judged.due_at,
                by_s=(judged.due_at - now).total_seconds(),
            )
        )
    return sorted(found, key=lambda one: (one.due_at, one.case_id, one.indicator))
