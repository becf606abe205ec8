"""What is late now and what is about to be: the clocks that run, judged one by one (DOMAIN.md §8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

import asyncpg

from services.insight import lives
from services.insight.clocks import FACTS, Clock, Fact, Rules, clocks_of
from services.insight.indicators import policy_name
from services.insight.instants import Connection
from services.insight.judge import Verdict
from services.insight.queries.asof import AsOf
from services.insight.queries.base import END_OF_TIME, fetch, reading
from services.insight.views import projections
from shared.settings import Settings

_COLUMNS = ", ".join(("position", *FACTS))
# One pass over the view, where the lives of its clocks are not whole: most clocks that ever ran have ended.
_RUNNING = f"""
WITH ended AS (
    SELECT DISTINCT clock_id FROM read.{{table}} WHERE op IN ('stop', 'lapse', 'cancel') AND at <= $1
)
SELECT {_COLUMNS} FROM read.{{table}} r
WHERE at <= $1 AND NOT EXISTS (SELECT FROM ended WHERE ended.clock_id = r.clock_id)
ORDER BY position, seq
"""  # noqa: S608 - columns of ours
_ALIVE = f"{lives.ROWS.replace('{columns}', _COLUMNS)} ORDER BY position, seq"
_OF_CLOCKS = f"SELECT {_COLUMNS} FROM read.{{table}} WHERE clock_id = ANY($1::text[]) ORDER BY position, seq"  # noqa: S608
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


class Placed(NamedTuple):
    """A fact, and the position of its event."""

    position: int
    fact: Fact


async def running_clocks(connection: Connection, as_of: AsOf | datetime | None = None) -> list[Clock]:
    """Every clock that was started and not ended: by what counted at `as_of`, or by all. Call it `reading`.

    Raises:
        NotBuiltError: the projection is not built.
    """
    return clocks_of(placed.fact for placed in await running_facts(connection, as_of))


async def running_facts(connection: Connection, as_of: AsOf | datetime | None = None) -> list[Placed]:
    """What the view holds of these clocks. Call it `reading`.

    Raises:
        NotBuiltError: the projection is not built.
    """
    (projection,) = projections(Settings().timezone, ["sla"])
    asked = AsOf.of(as_of, END_OF_TIME)
    until = asked.happened_by
    # Lives are told of all that is known by now.
    found = await lives.whole(connection, projection) if asked.of_all_known else None
    if found is None:
        rows = await fetch(connection, "sla", _RUNNING, until, seen=asked, timeout=_PATIENCE_S)
    else:
        rows = await fetch(connection, "sla", _ALIVE.replace("{lives}", found), until, until, timeout=_PATIENCE_S)
    return list(map(_placed, rows))


async def facts_of(connection: Connection, clock_ids: Sequence[str]) -> list[Placed]:
    """What the view holds of these clocks. Call it `reading`.

    Raises:
        NotBuiltError: the projection is not built.
    """
    return list(map(_placed, await fetch(connection, "sla", _OF_CLOCKS, clock_ids, timeout=_PATIENCE_S)))


def _placed(row: asyncpg.Record) -> Placed:
    position, *fact = row
    return Placed(position, Fact(*fact))


async def overdue(
    connection: Connection,
    *,
    now: datetime,
    as_of: AsOf | datetime | None = None,
    office: str | None = None,
    owner: str | None = None,
) -> list[DueClock]:
    """What is overdue, the latest first, then what approaches its due moment, the nearest first; `as_of`: as then.

    Raises:
        NotBuiltError: the projection is not built.
    """
    asked = AsOf.of(as_of, now)
    async with reading(connection):
        clocks = await running_clocks(connection, asked)
    found = due_clocks(clocks, asked.at, Rules.of_settings())
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
