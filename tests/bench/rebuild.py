"""Rebuild of `sla` from a long log: Tereze beside the library's projection runner; memory as the log grows."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import asyncpg

from deploy.home import Home
from deploy.servers import Servers
from services.insight.views import projections
from shared.settings import Settings
from tests.bench import history, stock, stock_view
from tests.bench.report import Report, Target, ratio

STOCK_EVENTS = 10_000
FLAT = 1.1
COMPARED = (
    "Tereze: `rebuild` of `sla`, from the first statement to the new table in the live one's place and "
    "analysed, in a process of its own. Stock: eventsourcing.projection.ProjectionRunner with a PostgreSQL "
    "view, over the library's own recorder, with the same fold into the same rows; it is given "
    f"{STOCK_EVENTS:,} events, and rates are compared. Events of all types that `sla` reads, as lives of cases "
    "in four contexts, put into the store by COPY. Binary COPY: the same events' position, type, data and times, all "
    "of them sent to a client that drops them."
)


async def measure(folder: Path, *, rounds: int, events: int) -> Report:
    """Grow the log to `events`, noting memory on the way; then both sides in turn, `rounds` times."""
    servers = Servers(Home.at(folder))
    try:
        await servers.start()
        return await _measure(servers, rounds, events)
    finally:
        await servers.stop()


async def _measure(servers: Servers, rounds: int, events: int) -> Report:
    report = Report(f"Rebuild of sla from {events:,} events", COMPARED)
    (sla,) = projections(Settings().timezone, ["sla"])
    lines = history.sample(frozenset(sla.types))
    admin = servers.dsn_for("admin")
    await stock.make_schema(admin)
    environment = stock.environment(admin)
    kept = await asyncio.to_thread(stock_view.fill, environment, lines, STOCK_EVENTS)
    connection = await asyncpg.connect(admin)
    try:
        peaks: list[float] = []
        have = 0
        for want in (events // 10, 3 * events // 10, events):
            await history.grow(connection, lines, have, want)
            have = want
            peaks.append((await _rebuild(servers, want))["peak_mib"])
            report.add(f"Tereze, peak memory at {want:,} events", "MiB", peaks[-1])
        ours: list[float] = []
        theirs: list[float] = []
        copied: list[float] = []
        for number in range(rounds):
            if number:
                await connection.execute("TRUNCATE stock.sla_view, stock.sla_tracking")
                # The library sets an old tracking table aside under this name, and fails where one is there already.
                await connection.execute("DROP TABLE IF EXISTS stock.bkup1_sla_tracking")
            theirs.append(await stock_view.rate(environment, kept))
            copied.append(await _copy_out(connection, sla.types, events))
            done = await _rebuild(servers, events)
            ours.append(done["events"] / done["seconds"])
    finally:
        await connection.close()
    tereze = report.add("Tereze, rebuild", "events/s", *ours)
    library = report.add("stock projection runner", "events/s", *theirs)
    report.add(f"Tereze, whole rebuild of {events:,}", "s", *(events / rate for rate in ours))
    copy = report.add("binary COPY out of the same events", "events/s", *copied)
    report.facts["stock events"] = kept
    report.targets += [
        Target("Tereze, rebuild", tereze.median, "events/s", least=200_000),
        Target("Tereze ÷ stock projection runner", ratio(tereze, library), "×", least=200),
        Target("Tereze ÷ binary COPY out", ratio(tereze, copy), "×", least=0.5),
        Target("peak memory, the most events ÷ a tenth of them", peaks[-1] / peaks[0], "×", most=FLAT),
    ]
    return report


async def _copy_out(connection: asyncpg.Connection[asyncpg.Record], types: Sequence[str], events: int) -> float:
    """Events a second. AssertionError: not all of them came."""

    async def drop(_data: bytes) -> None:
        pass

    began = time.perf_counter()
    done = await connection.copy_from_query(
        "SELECT position, type, data, occurred_at, recorded_at FROM store.event WHERE type = ANY($1::text[])",
        list(types),
        output=drop,
        format="binary",
    )
    seconds = time.perf_counter() - began
    if done != f"COPY {events}":
        raise AssertionError(f"{done} instead of {events} events")
    return events / seconds


async def _rebuild(servers: Servers, events: int) -> dict[str, Any]:
    """One rebuild in a fresh process. AssertionError: it did not see every event."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.rebuild_once"),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "TEREZE_DATABASE_URL": servers.dsn_for("insight")},
    )
    output, _ = await process.communicate()
    if process.returncode != 0:
        raise AssertionError(f"the rebuild failed with status {process.returncode}")
    done = json.loads(output)
    if done["events"] != events:
        raise AssertionError(f"the rebuild saw {done['events']} of {events} events")
    return done
