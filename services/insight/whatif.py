"""What if the rule had been different: all history judged by other policies, beside the live view (ADR 20).

Policies and calendars change only when things are due. So only the events that start the clocks in question are folded
again; what else happened to a clock is read from the live table. Nothing is written but a temporary table, a page a
transaction: a long transaction that writes would hold every reader of the log back (ADR 2).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime
from time import monotonic

import asyncpg

from services.insight import ledger
from services.insight.comparison import Difference, Flip, Rule, Twice, compare
from services.insight.folding import count, fold_page, pages
from services.insight.indicators.plan import START
from services.insight.instants import Connection, Instant, Pool, instant, log_connection, moment
from services.insight.judge import Operation, Start, Verdict
from services.insight.policies import POLICIES
from services.insight.progress import Progress, Report, silent
from services.insight.projection import Projection
from services.insight.proposal import Proposal
from services.insight.queries import NotBuiltError
from services.insight.views.sla import projection
from shared.centre import Centre
from shared.eventstore.model import Cursor


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What was found."""

    differences: dict[str, Difference]
    """By indicator."""
    events: int
    """How many were folded anew."""
    elapsed_s: float


async def what_if(
    pool: Pool,
    centre: Centre,
    proposal: Proposal,
    *,
    now: datetime,
    flipped: Callable[[Flip], None],
    report: Report = silent,
) -> WhatIf:
    """Judge all history by a proposal, and compare it clock by clock with the live view. Each flip goes to `flipped`.

    Raises:
        NotBuiltError: there is no live view.
        PoisonError: an event can't be folded.
    """
    began, live = monotonic(), projection(centre)
    found = {one.name: Difference() for one in proposal.indicators}
    clocks = sorted({one.clock for one in proposal.indicators})
    async with log_connection(pool) as connection:
        upto = await ledger.checkpoint(connection, live)
        if upto is None:
            raise NotBuiltError("projection sla is not built yet; build it with: tereze rebuild sla")
        events = await _fill(pool, connection, _starts(centre, proposal), found.keys(), upto, report)
        # One snapshot of the live table for all that is compared.
        async with connection.transaction(readonly=True, isolation="repeatable_read"):
            await connection.execute("SET LOCAL enable_sort = on; SET LOCAL work_mem = '64MB'; SET LOCAL jit = off")
            await _add_up(connection, live, clocks, now, found)
            async for flip in _flips(connection, live, clocks, now):
                flipped(flip)
            async for clock in _touched(connection, live, clocks):
                indicator = clock.before.indicator
                calendars = proposal.calendars.get(indicator, centre.calendars)
                rules = Rule(POLICIES, centre.calendars), Rule(proposal.policies, calendars)
                if flip := compare(found[indicator], clock, *rules, now):
                    flipped(flip)
    return WhatIf(found, events, monotonic() - began)


def _starts(centre: Centre, proposal: Proposal) -> Projection:
    """The fold of the events that start the clocks in question, by the other rule; rows are numbered as live ones."""
    whole = projection(centre, proposal.policies, calendars=proposal.calendars)
    types = {one.start.event.type_name() for one in proposal.indicators}
    return replace(whole, folds={name: whole.folds[name] for name in types})


async def _fill(
    pool: Pool, connection: Connection, starts: Projection, names: Iterable[str], upto: Cursor, report: Report
) -> int:
    """When everything would be due, into the temporary table; returns how many events were folded."""
    await connection.execute(
        "CREATE TEMP TABLE what_if (position bigint, seq smallint, due_at timestamptz, norm_due_at timestamptz)"
    )
    place = {name: index for index, name in enumerate(starts.column_names)}
    op, indicator, due, norm = (place[name] for name in ("op", "indicator", "due_at", "norm_due_at"))
    wanted, began, done = frozenset(names), monotonic(), 0
    total = await count(pool, starts, upto)
    async with aclosing(pages(pool, starts, Cursor(), upto)) as every:
        async for page in every:
            rows = [
                (row[0], row[1], row[due], row[norm])
                for row in fold_page(starts, page)
                if row[op] == START and row[indicator] in wanted
            ]
            await connection.copy_records_to_table("what_if", records=rows)
            done += len(page.events)
            report(Progress(done, max(total, done), monotonic() - began))
    await connection.execute("ANALYZE what_if")
    return done


# Clocks that only start and stop are compared by the database, the others by the judge. $1: which clocks; $2: now.
_TOUCHED_IDS = """touched AS MATERIALIZED (
    SELECT DISTINCT clock_id FROM read.{table}
    WHERE op NOT IN ('start', 'stop', 'pass') AND split_part(clock_id, ':', 1) = ANY($1::text[])
)"""
_PLAIN = """WITH {touched}, stopped AS (
    SELECT clock_id, min(at) AS done_at FROM read.{table}
    WHERE op = 'stop' AND split_part(clock_id, ':', 1) = ANY($1::text[]) GROUP BY clock_id
), clock AS (
    SELECT s.indicator, s.case_id, s.clock_id, s.at, done_at, coalesce(done_at, $2::timestamptz) AS ended_at,
           s.due_at AS due_before, w.due_at AS due_after, s.norm_due_at AS norm_before, w.norm_due_at AS norm_after
    FROM read.{table} s JOIN what_if w USING (position, seq) LEFT JOIN stopped USING (clock_id)
    WHERE NOT EXISTS (SELECT FROM touched t WHERE t.clock_id = s.clock_id)
)""".replace("{touched}", _TOUCHED_IDS)
_COUNTED = {
    "met": "done_at <= due_{side}",
    "below_norm": "done_at <= due_{side} AND done_at < norm_{side}",
    "breached": "done_at > due_{side}",
    "overdue": "done_at IS NULL AND due_{side} < ended_at",
    "open": "done_at IS NULL AND due_{side} >= ended_at",
}
_COUNTS = ", ".join(
    f"count(*) FILTER (WHERE {condition.format(side=side)}) AS {name}_{side}"
    for side in ("before", "after")
    for name, condition in _COUNTED.items()
)
_ADDED_UP = """{plain} SELECT indicator, count(*) AS clocks, {counts},
       count(*) FILTER (WHERE ended_at > due_before AND ended_at <= due_after) AS better,
       count(*) FILTER (WHERE ended_at <= due_before AND ended_at > due_after) AS worse
FROM clock GROUP BY indicator""".replace("{plain}", _PLAIN).replace("{counts}", _COUNTS)
_FLIPPED = """{plain} SELECT * FROM clock
WHERE (ended_at > due_before) <> (ended_at > due_after) ORDER BY at, clock_id""".replace("{plain}", _PLAIN)
_TOUCHED = """WITH {touched}
SELECT t.*, w.due_at AS due_after, w.norm_due_at AS norm_after, w.position IS NOT NULL AS wanted
FROM read.{table} t JOIN touched USING (clock_id) LEFT JOIN what_if w USING (position, seq)
WHERE op <> 'pass' ORDER BY clock_id, position, seq""".replace("{touched}", _TOUCHED_IDS)


async def _add_up(
    connection: Connection, live: Projection, clocks: Sequence[str], now: datetime, found: dict[str, Difference]
) -> None:
    for row in await connection.fetch(_ADDED_UP.replace("{table}", live.table), clocks, instant(now)):
        one = found[row["indicator"]]
        one.clocks, one.better, one.worse = row["clocks"], row["better"], row["worse"]
        for side, tally in (("before", one.before), ("after", one.after)):
            for name in _COUNTED:
                setattr(tally, name, row[f"{name}_{side}"])


async def _flips(
    connection: Connection, live: Projection, clocks: Sequence[str], now: datetime
) -> AsyncGenerator[Flip, None]:
    """The clocks that only started and stopped, and flip; the earliest first."""
    async for row in connection.cursor(_FLIPPED.replace("{table}", live.table), clocks, instant(now), prefetch=2_000):
        done = row["done_at"] is not None
        late, in_time = (Verdict.BREACHED, Verdict.MET) if done else (Verdict.OVERDUE, Verdict.OPEN)
        was_late = row["ended_at"] > row["due_before"]
        yield Flip(
            row["case_id"],
            row["indicator"],
            row["clock_id"],
            moment(row["at"]),
            _moment(row["done_at"]),
            moment(row["due_before"]),
            moment(row["due_after"]),
            before=late if was_late else in_time,
            after=in_time if was_late else late,
        )


async def _touched(connection: Connection, live: Projection, clocks: Sequence[str]) -> AsyncGenerator[Twice, None]:
    """The clocks that were paused, moved, cancelled or put under another policy."""
    rows: list[asyncpg.Record] = []
    async for row in connection.cursor(_TOUCHED.replace("{table}", live.table), clocks, prefetch=2_000):
        if rows and rows[0]["clock_id"] != row["clock_id"]:
            for clock in _twice(rows):
                yield clock
            rows = []
        rows.append(row)
    for clock in _twice(rows):
        yield clock


def _twice(rows: Sequence[asyncpg.Record]) -> list[Twice]:
    """The starts in question of one clock, with its operations."""
    operations = [
        Operation(
            row["op"], moment(row["at"]), _moment(row["due_at"]), row["span"], row["variant"], event=row["position"]
        )
        for row in rows
        if row["op"] != START
    ]
    return [
        Twice(
            row["case_id"],
            row["clock_id"],
            _start(row, row["due_at"], row["norm_due_at"]),
            _start(row, row["due_after"], row["norm_after"]),
            operations,
        )
        for row in rows
        if row["wanted"]
    ]


def _start(row: asyncpg.Record, due: Instant, norm: Instant | None) -> Start:
    return Start(
        *(row["indicator"], row["variant"], row["office"], moment(row["at"]), moment(due), _moment(norm)),
        event=row["position"],
    )


def _moment(at: Instant | None) -> datetime | None:
    return None if at is None else moment(at)
