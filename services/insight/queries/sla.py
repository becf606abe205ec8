"""How the limits are kept (DOMAIN.md §8).

Most clocks only start and stop: the database adds them up. The few that were paused, moved, cancelled or put under
another policy are judged by `services.insight.judge` first, and handed to it with what came of them. A clock is its
latest owner's: of whoever had it when it ended, or has it now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import asyncpg

from services.insight.indicators import policy_name
from services.insight.indicators.plan import START
from services.insight.instants import Connection
from services.insight.judge import Operation, Start, judge
from services.insight.policies import POLICIES
from services.insight.queries.asof import AsOf
from services.insight.queries.base import fetch, reading
from shared.centre import centre


class SlaGroup(StrEnum):
    """What `sla` may be told apart by, besides indicator and channel."""

    OFFICE = "office"
    TOPIC = "topic"
    OWNER = "owner"
    """Who answers for it, or did when it ended: the consultant, mostly."""
    POLICY = "policy"


@dataclass(frozen=True, slots=True)
class SlaRow:
    """One indicator on one channel. Times are seconds, over what is done; None: nothing is done yet."""

    indicator: str
    channel: str | None
    """None: what it times came by none."""
    group: str | None
    """The office, topic, owner or policy, where told apart."""
    total: int
    """Open, met, breached and cancelled."""
    open: int
    overdue: int
    """Of the open: past due."""
    met: int
    below_norm: int
    """Of the met: quicker than the norm, where the limit is a range."""
    breached: int
    """Done too late."""
    average_s: float | None
    """From start to end on the wall clock, without the pauses; the percentiles likewise."""
    p50_s: float | None
    p95_s: float | None
    limit_s: int
    """The limit of the policy in force; a day as 24 hours, a month as 30 days."""
    in_norm: int = 0
    """Of the met: within the range."""
    paused: int = 0
    """Of the open: waiting for the consumer now."""
    paused_s: float = 0.0
    """How long all of them together waited for consumers, on the wall clock."""
    cancelled: int = 0
    """Ended without being judged."""
    kept: float | None = None
    """The share met, of 1, of what is judged: met, breached and overdue."""


TOUCHED = """
WITH touched AS (
    SELECT DISTINCT clock_id FROM read.{table} WHERE op NOT IN ('start', 'stop', 'pass') AND at <= $1
)
SELECT position, seq, op, clock_id, at, indicator, variant, office, due_at, norm_due_at, span
FROM read.{table} JOIN touched USING (clock_id) WHERE op <> 'pass' AND at <= $1
"""
"""The operations until $1 of the clocks that need more than a start and a stop: for `judged`."""

# The earliest stop counts, so that no later one changes a verdict.
CLOCKS = """
WITH stopped AS (
    SELECT clock_id, min(at) AS at FROM read.{table} WHERE op = 'stop' AND at <= $1 GROUP BY clock_id
), judged AS (
    SELECT * FROM unnest($2::bigint[], $3::smallint[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[],
                         $7::timestamptz[], $8::boolean[], $9::float8[], $10::text[])
        AS j (position, seq, due_at, norm_due_at, done_at, cancelled_at, paused, paused_s, variant)
), clock AS (
    SELECT s.position, s.seq, s.clock_id, s.indicator, coalesce(j.variant, s.variant) AS variant, s.channel, s.office,
           s.topic, s.owner, coalesce(j.due_at, s.due_at) AS due_at,
           CASE WHEN j.due_at IS NULL THEN s.norm_due_at ELSE j.norm_due_at END AS norm_due_at,
           CASE WHEN j.due_at IS NULL THEN e.at ELSE j.done_at END AS done_at,
           j.cancelled_at, coalesce(j.paused, false) AS paused,
           coalesce(j.paused_s, 0) AS paused_s, s.at
    FROM read.{table} s LEFT JOIN stopped e USING (clock_id) LEFT JOIN judged j USING (position, seq)
    WHERE s.op = 'start' AND s.at <= $1
), passed AS (
    SELECT DISTINCT ON (c.position, c.seq) c.position, c.seq, p.owner AS passed_to
    FROM clock c JOIN read.{table} p USING (clock_id)
    WHERE p.op = 'pass' AND p.position >= c.position AND p.at <= coalesce(c.done_at, c.cancelled_at, $1)
    ORDER BY c.position, c.seq, p.at DESC, p.position DESC
), timed AS (
    SELECT clock.*, {group} AS "group", done_at IS NULL AND cancelled_at IS NULL AS open,
           CASE WHEN done_at IS NOT NULL THEN greatest(date_part('epoch', done_at - at) - paused_s, 0) END AS taken_s
    FROM clock {joined}
)
"""
"""Every clock, and what came of it until $1; $2 to $10 are what `judged` says."""

_SLA = (
    CLOCKS
    + """
SELECT indicator, channel, "group", count(*) AS total,
       count(*) FILTER (WHERE open) AS open,
       count(*) FILTER (WHERE open AND due_at < $11) AS overdue,
       count(*) FILTER (WHERE open AND paused AND due_at >= $11) AS paused,
       count(*) FILTER (WHERE done_at <= due_at) AS met,
       count(*) FILTER (WHERE done_at <= due_at AND done_at < norm_due_at) AS below_norm,
       count(*) FILTER (WHERE done_at <= due_at AND done_at >= norm_due_at) AS in_norm,
       count(*) FILTER (WHERE done_at > due_at) AS breached,
       count(*) FILTER (WHERE cancelled_at IS NOT NULL) AS cancelled, sum(paused_s) AS paused_s,
       avg(taken_s) AS average_s, percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY taken_s) AS percentiles,
       min(variant) AS first_variant, max(variant) AS last_variant, count(variant) AS varied
FROM timed
WHERE ($12::text IS NULL OR office = $12) AND ($13::text IS NULL OR topic = $13)
      AND ($14::text IS NULL OR channel = $14)
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
)
_GROUPS = {
    None: "NULL::text",
    SlaGroup.OFFICE: "office",
    SlaGroup.TOPIC: "topic",
    SlaGroup.OWNER: "coalesce(passed_to, owner)",
    SlaGroup.POLICY: "concat_ws('.', indicator, variant)",
}


async def sla(
    connection: Connection,
    *,
    now: datetime,
    as_of: AsOf | datetime | None = None,
    office: str | None = None,
    topic: str | None = None,
    channel: str | None = None,
    by: SlaGroup | None = None,
) -> list[SlaRow]:
    """How each indicator's limit is kept: with `as_of`, as it stood then (`AsOf`).

    Raises:
        NotBuiltError: the projection is not built.
    """
    asked = AsOf.of(as_of, now)
    until, at = asked.happened_by, asked.at
    async with reading(connection):
        touched = judged(await fetch(connection, "sla", TOUCHED, until, seen=asked), at)
        rows = await fetch(
            connection,
            "sla",
            _SLA.replace("{group}", _GROUPS[by]).replace(
                "{joined}", "LEFT JOIN passed USING (position, seq)" if by is SlaGroup.OWNER else ""
            ),
            until,
            *touched,
            *(at, office, topic, channel),
            seen=asked,
        )
    return [_row(row, at) for row in rows]


async def sla_values(connection: Connection, name: str) -> list[str]:
    """Every office, topic or channel (`name`) that has clocks.

    Raises:
        NotBuiltError: the projection is not built.
    """
    statement = f"SELECT DISTINCT {name} AS value FROM read.{{table}} WHERE op = 'start' AND {name} <> '' ORDER BY 1"  # noqa: S608
    async with reading(connection):
        return [row["value"] for row in await fetch(connection, "sla", statement)]


def judged(records: Sequence[asyncpg.Record], now: datetime) -> list[list[Any]]:
    """What came of each clock that needs more than a start and a stop, by columns, as `CLOCKS` takes them."""
    starts: list[asyncpg.Record] = []
    operations: defaultdict[str, list[Operation]] = defaultdict(list)
    for row in records:
        if row["op"] == START:
            starts.append(row)
        else:
            operations[row["clock_id"]].append(
                Operation(row["op"], row["at"], row["due_at"], row["span"], row["variant"], event=row["position"])
            )
    columns: list[list[Any]] = [[] for _ in range(9)]
    calendars = centre().calendars
    for row in starts:
        start = Start(
            *(row["indicator"], row["variant"], row["office"], row["at"], row["due_at"], row["norm_due_at"]),
            event=row["position"],
        )
        one = judge(start, operations[row["clock_id"]], now=now, policies=POLICIES, calendars=calendars)
        values = (
            *(row["position"], row["seq"], one.due_at, one.norm_due_at, one.done_at),
            *(one.cancelled_at, one.waiting, one.paused.total_seconds(), one.variant),
        )
        for column, value in zip(columns, values, strict=True):
            column.append(value)
    return columns


def _row(row: asyncpg.Record, at: datetime) -> SlaRow:
    judged = row["met"] + row["breached"] + row["overdue"]
    # Where several policies judged, the limit is that of the one without a variant.
    same = row["varied"] == row["total"] and row["first_variant"] == row["last_variant"]
    policy = policy_name(row["indicator"], row["first_variant"] if same else None)
    return SlaRow(
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
        limit_s=POLICIES.in_force(policy, at).limit.nominal_s,
        in_norm=row["in_norm"],
        paused=row["paused"],
        paused_s=row["paused_s"],
        cancelled=row["cancelled"],
        kept=row["met"] / judged if judged else None,
    )
