"""Submissions accepted end to end: published on the bus, committed, and seen as events on the bus."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

import asyncpg
import psutil
from nats.aio.client import Client

from deploy.home import SERVERS
from deploy.launcher import System
from shared.bus.connection import connect
from tests.bench.load import Load
from tests.bench.report import Report, Target

WINDOW = 2_000
WARM_UP_S = 5.0
RATES = (1_000, 2_000)
COMPARED = (
    "ReceiveRequest with name and question, sealed, of 5,000 people whom the adapter names by id; beside it, of "
    "strangers: name, phone and question, each looked for by phone, entered and claimed (five events each). From core "
    "NATS publish to TEREZE_IN until a subscriber has the event that the relay published to TEREZE_EVENTS. "
    "All processes and both servers of a system run, and so do publisher and observer, on the same cores. "
    "At saturation so many are under way at any time; offered rates are open loop, latency counted from when "
    "a submission was due to be sent."
)


async def measure(folder: Path, *, seconds: float) -> Report:
    """Saturate a system for so many seconds, then offer it each rate for as long."""
    system = System(folder)
    await system.start()
    try:
        publisher = await connect(system.url_for("adapter"), "adapter")
        observer = await connect(system.url_for("insight"), "insight")
        try:
            return await _measure(system, publisher, observer, seconds)
        finally:
            await publisher.close()
            await observer.close()
    finally:
        await system.stop()


async def _measure(system: System, publisher: Client, observer: Client, seconds: float) -> Report:
    report = Report("Submissions accepted end to end", COMPARED)
    report.facts["window at saturation"] = WINDOW
    sent = 0
    load = await _begin(publisher, observer)
    await load.saturate(WINDOW, WARM_UP_S)
    before, since = _cpu_seconds(system), time.monotonic()
    await load.saturate(WINDOW, seconds)
    until, after = time.monotonic(), _cpu_seconds(system)
    sent += await _end(load)
    a_second = load.flow.seen_a_second(since, until)
    accepted = report.add("at saturation, sustained", "accepted/s", sum(a_second) / len(a_second))
    report.add("at saturation, each second", "accepted/s", *a_second)
    _latencies(report, "at saturation", load.flow.latencies(since, until))
    for rate in RATES:
        load = await _begin(publisher, observer)
        await load.offer(rate, WARM_UP_S)
        since = time.monotonic()
        await load.offer(rate, seconds)
        until = time.monotonic()
        sent += await _end(load)
        a_second = load.flow.seen_a_second(since, until)
        report.add(f"offered {rate:,}/s: accepted", "accepted/s", sum(a_second) / len(a_second))
        _latencies(report, f"offered {rate:,}/s", load.flow.latencies(since, until))
    load = await _begin(publisher, observer, strangers=True)
    await load.saturate(WINDOW, WARM_UP_S)
    since = time.monotonic()
    await load.saturate(WINDOW, seconds)
    a_second = load.flow.seen_a_second(since, time.monotonic())
    sent += await _end(load)
    report.add("strangers only, at saturation", "accepted/s", sum(a_second) / len(a_second))
    report.facts["CPU at saturation, cores"] = {
        name: round((after[name] - before[name]) / seconds, 2) for name in sorted(after)
    }
    report.facts["sent"] = sent
    report.targets.append(Target("accepted at saturation, sustained", accepted.median, "/s", least=2_000))
    report.targets.append(Target("sent, but not stored exactly once", await _wrong(system, sent), "", most=0))
    return report


async def _begin(publisher: Client, observer: Client, *, strangers: bool = False) -> Load:
    load = Load(f"b{uuid4().hex[:10]}", publisher, observer, strangers=strangers)
    await load.observe()
    return load


async def _end(load: Load) -> int:
    """Wait for what is under way; how many were sent. AssertionError: some events never came."""
    await load.drained()
    await load.stop()
    missing = len(load.flow.due_at) - load.flow.seen
    if missing or load.flow.repeated:
        raise AssertionError(f"{missing} events never came, {load.flow.repeated} came twice")
    return len(load.flow.due_at)


def _latencies(report: Report, what: str, latencies: list[float]) -> None:
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        report.add(f"{what}: {name} latency", "ms", 1000 * latencies[int(share * (len(latencies) - 1))])


async def _wrong(system: System, sent: int) -> int:
    """How many submissions are not in the store, or there twice."""
    connection = await asyncpg.connect(system.dsn_for("admin"))
    try:
        ours = "FROM store.event WHERE type = 'RequestReceived'"
        events: int = await connection.fetchval(f"SELECT count(*) {ours}")
        cases: int = await connection.fetchval(f"SELECT count(DISTINCT stream_id) {ours}")
    finally:
        await connection.close()
    return abs(sent - cases) + events - cases


def _cpu_seconds(system: System) -> Mapping[str, float]:
    """CPU time used so far by each part, children included, and by publisher and observer (this process)."""
    used = {"publisher and observer": sum(psutil.Process().cpu_times()[:2])}
    for name in (*SERVERS, *system.state.pids):
        pid = system.pid_of(name)
        if pid is not None:
            process = psutil.Process(pid)
            family = [process, *process.children(recursive=True)]
            used[name] = sum(sum(one.cpu_times()[:2]) for one in family)
    return used
