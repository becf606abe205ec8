"""Deadlines that pass are told of once, whatever dies, on the bus and in digests; those that are kept never are."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import nats
import pytest
from nats.js.api import DeliverPolicy

from deploy.launcher import System
from services.insight.clocks import Rules
from services.insight.instants import log_connection
from services.insight.runner import Runner
from services.insight.views import projections
from services.insight.watch.teller import Teller
from services.insight.watch.watcher import Post, Watch
from shared.bus import names
from shared.clock import MovableClock
from tests.conftest import RunningServers, StartSystem
from tests.integration.histories import SECRET, Happening, append, make

NINE = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
PLACE = {"channel": "walk_in", "office": "north", "topic": "housing"}
(SLA,) = projections("Asia/Almaty", ["sla"])
Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]


def minutes(amount: float) -> datetime:
    """So long after nine o'clock in Almaty, on a Monday."""
    return NINE + timedelta(minutes=amount)


def received(case_id: str, at: datetime) -> Happening:
    """A visitor, whose details are to be collected within ten minutes."""
    said = {"case_id": case_id, "language": "kk", "responsible": "o1", "question": SECRET, **PLACE}
    return Happening(case_id, at, make("RequestReceived", **said))


def collected(case_id: str, at: datetime) -> Happening:
    said = {
        "case_id": case_id,
        "language": "kk",
        "stage": "2a",
        "expected_result": SECRET,
        "form": "office",
        "preferred_at": None,
        "place": SECRET,
        "preparation_needed": False,
        "consultant_has_time": True,
        "presence_required": False,
        "consultant": "k1",
        "manager": "m1",
        **PLACE,
    }
    return Happening(case_id, at, make("DetailsCollected", **said))


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await condition():  # noqa: ASYNC110 - the condition is in the database
            await asyncio.sleep(0.05)


async def told(connection: asyncpg.Connection[asyncpg.Record]) -> list[tuple[str, str]]:
    """What the watch said, of which case, in the order of cases."""
    rows = await connection.fetch(
        "SELECT type, data->>'case_id' AS case_id FROM store.event WHERE context = 'watch' AND data ? 'case_id'"
    )
    return sorted((row["case_id"], row["type"].removeprefix("Deadline")) for row in rows)


# ── one look after the other, on a real store ───────────────────────────────────────────────────────────────────────


class At:
    """A clock that stands."""

    def __init__(self) -> None:
        self.moment = NINE

    def now(self) -> datetime:
        return self.moment


@pytest.fixture
async def store(clean_store: RunningServers) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    connection = await asyncpg.connect(clean_store.dsn())
    yield connection
    await connection.close()


@pytest.fixture
async def post(clean_store: RunningServers) -> AsyncIterator[tuple[Post, At]]:
    at = At()
    async with asyncpg.create_pool(clean_store.dsn("watch"), min_size=1, max_size=4) as pool:
        teller = Teller(pool, percent=80, digest_every=timedelta(hours=1))
        yield Post(pool, SLA, Rules.of_settings(), at, teller, timedelta(days=1)), at


async def test_a_case_that_is_being_settled_while_the_watch_looks_is_not_told_of(
    clean_store: RunningServers, store: asyncpg.Connection[asyncpg.Record], post: tuple[Post, At]
) -> None:
    """Events of a transaction that still runs can't be seen: a look must wait for it, not tell what is not so."""
    where, clock = post
    await append(store, [received("kept", minutes(0)), received("late", minutes(0))])
    watch = await Watch.begun(where)
    async with log_connection(where.pool) as connection:
        await watch.look(connection)
        other = await asyncpg.connect(clean_store.dsn())
        async with other.transaction():
            await append(other, [collected("kept", minutes(9))])
            clock.moment = minutes(11)
            look = asyncio.create_task(watch.look(connection))
            await asyncio.sleep(0.3)
            assert not look.done()
            assert await told(store) == []
        await look
        await other.close()
    assert await told(store) == [("late", "Breached")]


async def test_begun_from_the_view_or_from_the_log_alone_it_tells_the_same_and_only_once(
    clean_store: RunningServers, store: asyncpg.Connection[asyncpg.Record], post: tuple[Post, At]
) -> None:
    where, clock = post
    await append(store, [received("late", minutes(0)), received("kept", minutes(0)), collected("kept", minutes(1))])
    old = received("old", minutes(0) - timedelta(days=900))
    await append(store, [old, received("near", minutes(3))])

    async def looked() -> None:
        watch = await Watch.begun(where)
        async with log_connection(where.pool) as connection:
            await watch.look(connection)

    await looked()
    clock.moment = minutes(12)
    await looked()  # no view is there: all is read from the log
    expected = [("late", "Breached"), ("near", "Approaching")]
    assert await told(store) == expected
    async with asyncpg.create_pool(clean_store.dsn("insight"), min_size=1, max_size=4) as pool:
        runner = asyncio.create_task(Runner(pool, (SLA,)).run())
        await until(
            lambda: store.fetchval(
                """SELECT EXISTS (SELECT FROM read.projection
                                  WHERE position >= (SELECT max(position) FROM store.event WHERE context = 'intake'))"""
            )
        )
        runner.cancel()
        await asyncio.wait([runner])
    await looked()
    assert await told(store) == expected
    await append(store, [received("later", minutes(12))])
    clock.moment = minutes(14)
    await looked()
    assert await told(store) == [("late", "Breached"), ("near", "Approaching"), ("near", "Breached")]
    row = await store.fetchrow("SELECT looked_at, position FROM ops.watch")
    assert row is not None
    assert row["looked_at"] == minutes(14)


# ── as processes ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
async def watched(start_system: StartSystem) -> System:
    """A system of readers only, in a world in which it is nine o'clock on a Monday."""
    return await start_system(("insight", "relay", "watch"))


async def overdue(system: System) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.cli.main", "overdue", "--json", "--home", str(system.home.path)),
        env={**os.environ, "COLUMNS": "200"},
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    return json.loads(out)


async def test_what_passes_while_every_process_is_down_is_told_once_and_escalated_in_one_digest(
    watched: System,
) -> None:
    clock = MovableClock(watched.home.clock)
    store = await asyncpg.connect(watched.dsn_for("admin"))
    clock.set(minutes(0))
    # Nothing is news to a look that began before time was put back.
    await until(lambda: store.fetchval("SELECT coalesce(looked_at < $1, false) FROM ops.watch", minutes(60)))
    await append(store, [received(case_id, minutes(0)) for case_id in ("late", "kept", "slow", "over")])
    await append(store, [collected("kept", minutes(5))])

    async def told_all(expected: list[tuple[str, str]]) -> bool:
        found = await told(store)
        assert set(found) <= set(expected), "too much"
        return found == expected

    clock.set(minutes(9))
    near = [("late", "Approaching"), ("over", "Approaching"), ("slow", "Approaching")]
    await until(lambda: told_all(near))
    for name in ("watch", "insight", "relay"):
        await watched.kill(name)
    # What ended too late meanwhile does not run any more by the view, before the watch looks again.
    await append(store, [collected("over", minutes(10.5))])
    clock.set(minutes(11))
    await asyncio.gather(*(watched.restart(name) for name in ("relay", "insight")))
    await until(
        lambda: store.fetchval(
            f"SELECT EXISTS (SELECT FROM read.{SLA.table} WHERE op = 'stop' AND clock_id = 'details:over')"
        )
    )
    await watched.restart("watch")
    passed = [(case_id, kind) for case_id in ("late", "over", "slow") for kind in ("Approaching", "Breached")]
    await until(lambda: told_all(passed))
    over = "SELECT occurred_at, data FROM store.event WHERE type = 'DeadlineBreached' AND data->>'case_id' = 'over'"
    (row,) = await store.fetch(over)
    assert row["occurred_at"] == minutes(10), "when it passed"
    assert datetime.fromisoformat(json.loads(row["data"])["ended_at"]) == minutes(10.5)
    # A watch that begins anew where it has not noted its last look finds the same, and tells nothing twice.
    await watched.kill("watch")
    await store.execute("UPDATE ops.watch SET xid = '0', position = 0")
    await watched.restart("watch")
    await until(lambda: store.fetchval("SELECT position > 0 FROM ops.watch"))

    await append(store, [collected("slow", minutes(12))])
    clock.set(minutes(61))
    await until(lambda: store.fetchval("SELECT EXISTS (SELECT FROM store.event WHERE type = 'DeadlinesEscalated')"))
    assert [one for one in await told(store) if one[0] in {"late", "over", "slow", "kept"}] == passed

    bus = await nats.connect(watched.url_for("adapter"), inbox_prefix=b"_INBOX_adapter")
    digests = await bus.jetstream().pull_subscribe_bind(stream=names.EVENTS_STREAM, durable=names.ESCALATIONS)
    (message,) = await digests.fetch(1, timeout=10)
    digest = json.loads(message.data)
    await message.ack_sync()
    assert (digest["office"], digest["approaching"], digest["breached"]) == ("north", 3, 3)
    assert (digest["settled"], digest["overdue"]) == (4, 1), "of slow and over, both are settled"
    assert [one["case_id"] for one in digest["worst"]] == ["late"]
    with pytest.raises(nats.errors.TimeoutError):
        await digests.fetch(1, timeout=1)
    await bus.close()

    admin = await nats.connect(watched.url_for("admin"), inbox_prefix=b"_INBOX_admin")
    said = await admin.jetstream().subscribe("tereze.events.watch.>", deliver_policy=DeliverPolicy.ALL)
    on_the_bus = [(await said.next_msg(timeout=10)).headers or {} for _ in range(7)]
    assert sorted(one[names.TYPE] for one in on_the_bus) == [
        *["DeadlineApproaching"] * 3,
        *["DeadlineBreached"] * 3,
        "DeadlinesEscalated",
    ]
    await admin.close()

    shown = await overdue(watched)
    assert [(one["case_id"], one["due"], one["owner"]) for one in shown["clocks"]] == [("late", "overdue", "o1")]
    assert [(one["owner"], one["overdue"]) for one in shown["groups"]] == [("o1", 1)]
    assert SECRET not in json.dumps(shown)
    await store.close()
