"""What consultations cost and what came of them, and the causes of dissatisfaction (DOMAIN.md §8)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.insight.instants import Connection
from services.insight.queries.asof import END_OF_TIME, AsOf
from services.insight.queries.base import fetch, reading


class EffectivenessGroup(StrEnum):
    """What `effectiveness` may be told apart by."""

    ALL = "all"
    CONSULTANT = "consultant"
    TOPIC = "topic"
    FORM = "form"
    OFFICE = "office"
    CHANNEL = "channel"


@dataclass(frozen=True, slots=True)
class EffectivenessRow:
    """What consultations cost and what came of them. Shares are of 1; averages are None where nothing was assessed."""

    group: str | None
    consultations: int
    follow_ups: int
    minutes: int
    cost: int
    """In tiyn."""
    assessed: int
    satisfied: int
    dissatisfied: int
    satisfied_share: float | None
    average_process: float | None
    """1 very poor … 5 very good; the result likewise."""
    average_result: float | None
    solved_yes: int
    solved_half: int
    solved_no: int
    cases_assessed: int
    first_contact: int
    """Cases satisfied at their first consultation."""
    first_contact_share: float | None
    evaluated: int
    effective: int
    not_effective: int
    average_degree_solved: float | None
    """Percent."""
    impact_evaluated: int
    impact_used: int
    impact_changed: int
    impact_solved: int


_EFFECTIVENESS = """
SELECT {group} AS "group",
       count(*) FILTER (WHERE kind = 'held') AS consultations,
       count(*) FILTER (WHERE kind = 'held' AND number > 1) AS follow_ups,
       coalesce(sum(minutes) FILTER (WHERE kind = 'held'), 0)::bigint AS minutes,
       coalesce(sum(cost) FILTER (WHERE kind = 'held'), 0)::bigint AS cost,
       count(*) FILTER (WHERE kind = 'assessed') AS assessed,
       count(*) FILTER (WHERE kind = 'assessed' AND satisfied) AS satisfied,
       count(*) FILTER (WHERE kind = 'assessed' AND NOT satisfied) AS dissatisfied,
       avg(satisfied::int) FILTER (WHERE kind = 'assessed')::float8 AS satisfied_share,
       avg(process) FILTER (WHERE kind = 'assessed')::float8 AS average_process,
       avg(result) FILTER (WHERE kind = 'assessed')::float8 AS average_result,
       count(*) FILTER (WHERE kind = 'assessed' AND solved = 'yes') AS solved_yes,
       count(*) FILTER (WHERE kind = 'assessed' AND solved = 'half') AS solved_half,
       count(*) FILTER (WHERE kind = 'assessed' AND solved = 'no') AS solved_no,
       count(DISTINCT case_id) FILTER (WHERE kind = 'assessed') AS cases_assessed,
       count(DISTINCT case_id) FILTER (WHERE kind = 'assessed' AND satisfied AND number = 1) AS first_contact,
       count(DISTINCT case_id) FILTER (WHERE kind = 'assessed' AND satisfied AND number = 1)::float8
           / nullif(count(DISTINCT case_id) FILTER (WHERE kind = 'assessed'), 0) AS first_contact_share,
       count(*) FILTER (WHERE kind = 'effectiveness') AS evaluated,
       count(*) FILTER (WHERE kind = 'effectiveness' AND effective) AS effective,
       count(*) FILTER (WHERE kind = 'effectiveness' AND NOT effective) AS not_effective,
       avg(degree_solved) FILTER (WHERE kind = 'effectiveness')::float8 AS average_degree_solved,
       count(*) FILTER (WHERE kind = 'impact') AS impact_evaluated,
       count(*) FILTER (WHERE kind = 'impact' AND advice_used) AS impact_used,
       count(*) FILTER (WHERE kind = 'impact' AND changed) AS impact_changed,
       count(*) FILTER (WHERE kind = 'impact' AND solved = 'yes') AS impact_solved
FROM read.{table} WHERE at <= $1 GROUP BY 1 ORDER BY 1
"""


async def effectiveness(
    connection: Connection, *, by: EffectivenessGroup = EffectivenessGroup.ALL, as_of: AsOf | datetime | None = None
) -> list[EffectivenessRow]:
    """Resources against satisfaction and degree solved, told apart as `by` says; no rows: nothing was held yet.

    Raises:
        NotBuiltError: the projection is not built.
    """
    group = "NULL::text" if by is EffectivenessGroup.ALL else by.value
    asked, statement = AsOf.of(as_of, END_OF_TIME), _EFFECTIVENESS.replace("{group}", group)
    async with reading(connection):
        rows = await fetch(connection, "effectiveness", statement, asked.happened_by, seen=asked)
    return [EffectivenessRow(**dict(row)) for row in rows]


@dataclass(frozen=True, slots=True)
class CauseRow:
    """One cause of dissatisfaction, and how often it was named."""

    cause: str
    named: int
    cases: int


_CAUSES = """
SELECT cause, count(*) AS named, count(DISTINCT case_id) AS cases
FROM read.{table} WHERE kind = 'cause' AND at <= $1 GROUP BY cause ORDER BY named DESC, cause
"""


async def causes(connection: Connection, *, as_of: AsOf | datetime | None = None) -> list[CauseRow]:
    """Causes of dissatisfaction, the most frequent first.

    Raises:
        NotBuiltError: the projection is not built.
    """
    asked = AsOf.of(as_of, END_OF_TIME)
    async with reading(connection):
        rows = await fetch(connection, "effectiveness", _CAUSES, asked.happened_by, seen=asked)
    return [CauseRow(**dict(row)) for row in rows]
