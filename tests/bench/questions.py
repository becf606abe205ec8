"""Questions to years of history: the board and a case as they stood, and what if the rule were another."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import asyncpg

from deploy.launcher import System
from services.insight import lives, queries, whatif
from services.insight.projection import Projection
from services.insight.proposal import parse
from services.insight.rebuild import rebuild
from services.insight.views import projections
from shared.centre import centre
from shared.process import connect_pool
from shared.settings import Settings
from tests.bench import years
from tests.bench.boards import Board, board
from tests.bench.report import Report, Target, complain

SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""At which moments the board is asked for: parts of the time that the history spans."""
CASES = 100
PROPOSAL = """
[[limits]]
policy = "mail_answer.*"
limit = "5 working days"
[[limits]]
policy = "follow_up"
limit = "2 days"
"""
COMPARED = (
    "Years of lives of cases that come to their end, 120 or so begun each day, put into the store by COPY; `sla` built "
    "from them and the lives of its clocks filled in; then a system that runs, and `tereze board`. The board: its "
    "first page as it stood at moments not asked for before, over HTTP, drawn and whole. A case: its page as it stood. "
    "What if: mail to be answered within 5 working days, a further consultation to be held within 2; `tereze what-if`."
)


async def measure(folder: Path, *, rounds: int, events: int) -> Report:
    """Ask, of a store of so many events in `folder`, which is made there where it is not yet."""
    report = Report(f"Questions to {events:,} events", COMPARED)
    (sla,) = projections(Settings().timezone, ["sla"])
    system = System(folder)
    await system.start(())
    try:
        report.facts |= await _prepare(system, sla, events)
    finally:
        await system.stop()
    await system.start(("insight", "relay"))
    try:
        async with board(folder) as seen:
            await _ask(report, system, sla, seen, rounds)
        return report
    finally:
        await system.stop()


async def _prepare(system: System, sla: Projection, events: int) -> dict[str, Any]:
    """Fill the store, and build what is asked. AssertionError: it holds another number of events."""
    connection = await asyncpg.connect(system.dsn_for("admin"))
    pool = await connect_pool(system.dsn_for("insight"), "bench-questions", size=4)
    try:
        have: int = await connection.fetchval("SELECT count(*) FROM store.event")
        if have < events:
            complain(f"putting {events - have:,} events into the store ...")
            await years.fill(connection, years.settled(sla), have, events)
            # What was put in is history: the relay has nothing to publish of it.
            await connection.execute(
                "UPDATE ops.relay SET (xid, position) = (SELECT xid, position FROM store.event"
                " ORDER BY xid DESC, position DESC LIMIT 1)"
            )
        elif have > events:
            raise AssertionError(f"the store in {system.home.path} holds {have:,} events, not {events:,}")
        began = time.perf_counter()
        if await connection.fetchval("SELECT to_regclass($1)", f"read.{sla.table}") is None:
            await rebuild(pool, sla)
        built = time.perf_counter()
        if await lives.whole(connection, sla) is None:
            await lives.fill(pool, sla)
            complain(f"sla built in {built - began:.1f} s, lives filled in {time.perf_counter() - built:.1f} s")
        # What was copied in at once was never seen to by autovacuum.
        await connection.execute(f"VACUUM read.{sla.table}")
        return {"rows of sla": await connection.fetchval(f"SELECT count(*) FROM read.{sla.table}")}
    finally:
        await asyncio.gather(pool.close(), connection.close())


async def _ask(report: Report, system: System, sla: Projection, seen: Board, rounds: int) -> None:
    pool = await connect_pool(system.dsn_for("insight"), "bench-questions", size=4)
    try:
        since, until = await _span(pool, sla)
        moments = [since + (until - since) * share for share in SHARES]
        then: list[float] = []
        cases: list[float] = []
        others: list[float] = []
        aggregate: list[float] = []
        running: list[int] = []
        for number in range(rounds):
            for at in moments:
                # Another minute each time: what was asked once is kept.
                asked = at.replace(minute=number % 60, second=0, microsecond=0)
                then.append(await seen.page(f"/?{urlencode({'as_of': asked.isoformat(timespec='minutes')})}"))
            cases += [
                await seen.page(f"/case?{urlencode({'id': one, 'as_of': moments[-1].isoformat(timespec='minutes')})}")
                for one in await _cases(pool, moments[2])
            ]
            others.append(await _what_if(pool, until))
            began = time.perf_counter()
            async with pool.acquire() as connection:
                await queries.sla(connection, now=until, as_of=moments[2])
            aggregate.append(time.perf_counter() - began)
        async with pool.acquire() as connection:
            running = [len(await queries.running_clocks(connection, at)) for at in moments]
    finally:
        await pool.close()
    report.facts["clocks that ran at these moments"] = ", ".join(f"{one:,}" for one in running)
    report.add("the board as it stood", "s", *then)
    cases.sort()
    report.add(f"a case as it stood, {len(cases)} cases: p50", "ms", 1000 * cases[len(cases) // 2])
    p99 = report.add(f"a case as it stood, {len(cases)} cases: p99", "ms", 1000 * cases[int(0.99 * (len(cases) - 1))])
    if_ = report.add("what if", "s", *others)
    report.add("all limits as they were kept by then (`tereze sla --as-of`)", "s", *aggregate)
    report.targets += [
        Target("the board as it stood, the slowest", max(then), "s", most=2),
        Target("a case as it stood, p99", p99.median, "ms", most=50),
        Target("what if", if_.median, "s", most=60),
    ]


async def _span(pool: asyncpg.Pool[asyncpg.Record], sla: Projection) -> tuple[datetime, datetime]:
    row = await pool.fetchrow(f"SELECT min(at), max(at) FROM read.{sla.table} WHERE op = 'start'")
    if row is None:
        raise AssertionError("an aggregate has a row")
    return row[0], row[1]


async def _cases(pool: asyncpg.Pool[asyncpg.Record], by: datetime) -> Sequence[str]:
    """Some cases that had begun by then, from all over the store."""
    rows = await pool.fetch(
        "SELECT DISTINCT correlation_id FROM store.event TABLESAMPLE SYSTEM (1) WHERE occurred_at <= $1", by
    )
    every = max(1, len(rows) // CASES)
    return [row[0] for row in rows[::every]][:CASES]


async def _what_if(pool: asyncpg.Pool[asyncpg.Record], now: datetime) -> float:
    house, began = centre(Settings().timezone), time.perf_counter()
    await whatif.what_if(pool, house, parse(PROPOSAL, house.calendars.zone), now=now, flipped=lambda _flip: None)
    return time.perf_counter() - began
