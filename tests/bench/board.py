"""The board while work comes in: how soon it shows what was accepted, and what many open ones cost projections."""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_right
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg

from deploy.launcher import System
from services.insight.views import projections
from shared.bus.connection import connect
from shared.settings import Settings
from tests.bench.boards import Board, board, clocks_open
from tests.bench.load import Load
from tests.bench.report import Report, Target, ratio

RATE = 500
"""Submissions a second, each of which is shown."""
EVENTS_RATE = 1_000
BOARDS = 200
WARM_UP_S = 3.0
_LOOK_EVERY_S = 0.1
COMPARED = (
    f"A whole system and `tereze board`, on the same cores as publisher and viewers. First {RATE} submissions a second"
    ", open loop: from when each was due to be sent until the live stream of an open board (server-sent events) "
    "counts it among the clocks that run. Then "
    f"{EVENTS_RATE:,} a second, an event each, in turn with no board open and with {BOARDS}: how many events behind "
    "the log the projection `sla` is, looked at ten times a second, and how many it takes in."
)


async def measure(folder: Path, *, rounds: int, seconds: float) -> Report:
    """Both, on a system of its own in `folder`; each part of a round takes so many seconds."""
    system = System(folder)
    await system.start()
    try:
        async with board(folder) as seen:
            report = Report("The board while work comes in", COMPARED)
            await _shown(report, system, seen, seconds)
            await _crowded(report, system, seen, rounds, seconds)
            return report
    finally:
        await system.stop()


@asynccontextmanager
async def _load(system: System) -> AsyncGenerator[Load]:
    publisher = await connect(system.url_for("adapter"), "adapter")
    observer = await connect(system.url_for("insight"), "insight")
    load = Load(f"b{uuid4().hex[:10]}", publisher, observer)
    try:
        await load.observe()
        yield load
        await load.stop()
    finally:
        await publisher.close()
        await observer.close()


async def _shown(report: Report, system: System, seen: Board, seconds: float) -> None:
    """How long it takes until a board shows what was accepted. Nothing else happens, so the count of clocks tells."""
    counts: list[int] = []
    moments: list[float] = []

    async def look() -> None:
        async for at, piece in seen.changes():
            count = clocks_open(piece)
            if count is not None:
                counts.append(count)
                moments.append(at)

    looking = asyncio.create_task(look())
    try:
        while not counts:  # noqa: ASYNC110 - another process's answer
            await asyncio.sleep(0.05)
        async with _load(system) as load:
            await load.offer(RATE, WARM_UP_S)
            since = time.monotonic()
            await load.offer(RATE, seconds)
            until = time.monotonic()
            await load.drained()
            sent, before = len(load.flow.due_at), counts[0]
            while counts[-1] < before + sent:
                if time.monotonic() > until + 30:
                    raise AssertionError(f"the board shows {counts[-1] - before} of {sent}")
                await asyncio.sleep(0.05)
            due_at = load.flow.due_at
    finally:
        looking.cancel()
        await asyncio.wait([looking])
    # The first look that counts so many shows the last of them.
    latencies = sorted(
        moments[bisect_right(counts, before + number)] - due
        for number, due in enumerate(due_at)
        if since <= due < until
    )
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        report.add(f"accepted, and on the board: {name}", "ms", 1000 * latencies[int(share * (len(latencies) - 1))])
    report.targets.append(Target("on the board, p99", report.figures[-1].median, "ms", most=200))
    report.facts["clocks that the board counts at the end"] = counts[-1]


async def _crowded(report: Report, system: System, seen: Board, rounds: int, seconds: float) -> None:
    """The projection with none and with many boards open, in turn."""
    rates: dict[int, list[float]] = {0: [], BOARDS: []}
    behind: dict[int, list[int]] = {0: [], BOARDS: []}
    told: list[float] = []
    used: list[float] = []
    for _ in range(rounds):
        for boards, seen_a_second in rates.items():
            async with _opened(seen, boards) as sent, _load(system) as load:
                await load.offer(EVENTS_RATE, WARM_UP_S)
                before, cpu, following = sent[0], seen.cpu_seconds(), asyncio.create_task(_follow(system, seconds))
                await load.offer(EVENTS_RATE, seconds)
                rate, late = await following
                seen_a_second.append(rate)
                behind[boards] += late
                if boards:
                    told.append((sent[0] - before) / boards / seconds)
                    used.append((seen.cpu_seconds() - cpu) / seconds)
                await load.drained()
    alone, crowded = (report.add(f"sla, {boards} boards open", "events/s", *rates[boards]) for boards in rates)
    for boards, late in behind.items():
        late.sort()
        for name, share in (("p50", 0.5), ("p99", 0.99)):
            report.add(
                f"sla behind the log, {boards} boards open: {name}", "events", late[int(share * (len(late) - 1))]
            )
    report.add(f"each of {BOARDS} boards is told", "times/s", *told)
    report.add(f"the board's process, {BOARDS} open", "cores", *used)
    report.targets.append(Target(f"sla with {BOARDS} boards ÷ with none", ratio(crowded, alone), "×", least=0.95))


@asynccontextmanager
async def _opened(seen: Board, boards: int) -> AsyncGenerator[list[int]]:
    """So many boards are open meanwhile; how many changes all of them were sent so far."""
    sent = [0]

    async def look() -> None:
        async for _ in seen.changes():
            sent[0] += 1

    looking = [asyncio.create_task(look()) for _ in range(boards)]
    try:
        yield sent
        for one in looking:
            if one.done():
                one.result()
    finally:
        for one in looking:
            one.cancel()
        if looking:
            await asyncio.wait(looking)


async def _follow(system: System, seconds: float) -> tuple[float, list[int]]:
    """Events a second that the projection took in, and by how many it was behind the log at each look."""
    connection = await asyncpg.connect(system.dsn_for("admin"))
    try:
        began, before = time.monotonic(), await connection.fetchval(_SEEN)
        behind: list[int] = []
        while time.monotonic() < began + seconds:
            behind.append(await connection.fetchval(_BEHIND))
            await asyncio.sleep(_LOOK_EVERY_S)
        return (await connection.fetchval(_SEEN) - before) / (time.monotonic() - began), behind
    finally:
        await connection.close()


(_SLA,) = projections(Settings().timezone, ["sla"])
_EVENTS = f"""
SELECT count(*) FROM store.event e JOIN read.projection p ON p.name = 'sla' AND p.status = 'live'
WHERE (e.xid, e.position) {{where}} (p.xid, p.position) AND e.type = ANY('{{{{{",".join(_SLA.types)}}}}}'::text[])
"""
_SEEN, _BEHIND = _EVENTS.format(where="<="), _EVENTS.format(where=">")
