"""What the projections answer: deadlines and effectiveness, as they stand or as they stood (DOMAIN.md §8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import asyncpg

from services.insight.instants import Connection
from services.insight.policies import POLICIES
from services.insight.views import projections

_END_OF_TIME = datetime.max.replace(tzinfo=UTC)


class NotBuiltError(LookupError):
    """The projection's table is not there."""


class SlaGroup(StrEnum):
    """What `sla` may be told apart by, besides indicator and channel."""

    OFFICE = "office"
    TOPIC = "topic"


class EffectivenessGroup(StrEnum):
    """What `effectiveness` may be told apart by."""

    ALL = "all"
    CONSULTANT = "consultant"
    TOPIC = "topic"
    FORM = "form"
    OFFICE = "office"
    CHANNEL = "channel"


@dataclass(frozen=True, slots=True)
class SlaRow:
    """One indicator on one channel. Times are seconds, over what is done; None: nothing is done yet."""

    indicator: str
    channel: str
    group: str | None
    """The office or topic, where told apart."""
    total: int
    open: int
    overdue: int
    """Of the open: past due."""
    met: int
    below_norm: int
    """Of the met: quicker than the norm, where the limit is a range."""
    breached: int
    """Done too late."""
    average_s: float | None
    p50_s: float | None
    p95_s: float | None
    limit_s: int
    """The limit of the policy in force; a day as 24 hours, a month as 30 days."""


# The earliest stop counts, so that no later one changes a verdict.
_SLA = """
WITH stopped AS (
    SELECT clock_id, min(at) AS at FROM read.{table} WHERE op = 'stop' AND at <= $1 GROUP BY clock_id
), clock AS (
    SELECT s.indicator, s.channel, s.office, s.topic, s.due_at, s.norm_due_at, e.at AS done_at,
           date_part('epoch', CASE WHEN e.at < s.at THEN interval '0' ELSE e.at - s.at END) AS taken_s
    FROM read.{table} s LEFT JOIN stopped e USING (clock_id)
    WHERE s.op = 'start' AND s.at <= $1
)
SELECT indicator, channel, {group} AS "group", count(*) AS total,
       count(*) FILTER (WHERE done_at IS NULL) AS open,
       count(*) FILTER (WHERE done_at IS NULL AND due_at < $2) AS overdue,
       count(*) FILTER (WHERE done_at <= due_at) AS met,
       count(*) FILTER (WHERE done_at <= due_at AND done_at < norm_due_at) AS below_norm,
       count(*) FILTER (WHERE done_at > due_at) AS breached,
       avg(taken_s) AS average_s, percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY taken_s) AS percentiles
FROM clock
WHERE ($3::text IS NULL OR office = $3) AND ($4::text IS NULL OR topic = $4) AND ($5::text IS NULL OR channel = $5)
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""


async def sla(
    connection: Connection,
    *,
    now: datetime,
    as_of: datetime | None = None,
    office: str | None = None,
    topic: str | None = None,
    channel: str | None = None,
    by: SlaGroup | None = None,
) -> list[SlaRow]:
    """How each indicator's limit is kept: with `as_of`, by what had occurred until that moment.

    Raises:
        NotBuiltError: the projection is not built.
    """
    rows = await _fetch(
        connection,
        "sla",
        _SLA.replace("{group}", by.value if by else "NULL::text"),
        as_of or _END_OF_TIME,
        as_of or now,
        office,
        topic,
        channel,
    )
    return [
        SlaRow(
            indicator=row["indicator"],
            channel=row["channel"],
            group=row["group"],
            total=row["total"],
            open=row["open"],
            overdue=row["overdue"],
            met=row["met"],
            below_norm=row["below_norm"],
            breached=row["breached"],
            average_s=row["average_s"],
            p50_s=row["percentiles"][0] if row["percentiles"] else None,
            p95_s=row["percentiles"][1] if row["percentiles"] else None,
            limit_s=POLICIES.in_force(row["indicator"], as_of or now).limit.nominal_s,
        )
        for row in rows
    ]


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
    connection: Connection, *, by: EffectivenessGroup = EffectivenessGroup.ALL, as_of: datetime | None = None
) -> list[EffectivenessRow]:
    """Resources against satisfaction and degree solved, told apart as `by` says; no rows: nothing was held yet.

    Raises:
        NotBuiltError: the projection is not built.
    """
    group = "NULL::text" if by is EffectivenessGroup.ALL else by.value
    rows = await _fetch(connection, "effectiveness", _EFFECTIVENESS.replace("{group}", group), as_of or _END_OF_TIME)
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


async def causes(connection: Connection, *, as_of: datetime | None = None) -> list[CauseRow]:
    """Causes of dissatisfaction, the most frequent first.

    Raises:
        NotBuiltError: the projection is not built.
    """
    return [CauseRow(**dict(row)) for row in await _fetch(connection, "effectiveness", _CAUSES, as_of or _END_OF_TIME)]


async def _fetch(connection: Connection, name: str, statement: str, *arguments: object) -> Sequence[asyncpg.Record]:
    (projection,) = projections("UTC", [name])
    try:
        async with connection.transaction(readonly=True):
            # Hundreds of thousands of clocks are joined and sorted in memory rather than on disk.
            await connection.execute("SET LOCAL work_mem = '64MB'; SET LOCAL jit = off")
            return await connection.fetch(statement.replace("{table}", projection.table), *arguments)
    except asyncpg.UndefinedTableError as error:
        raise NotBuiltError(f"projection {name} is not built yet; build it with: tereze rebuild {name}") from error
