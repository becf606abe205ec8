"""Kill every part under load, with SIGKILL and with SIGTERM, and count afterwards."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import asyncpg
import nats
import psutil
import pytest

from deploy.home import SERVERS
from deploy.launcher import System
from deploy.leftovers import PROCESSES
from services.insight.verify import verify
from services.insight.views import projections
from shared.bus.answers import Status
from shared.bus.names import EVENTS_STREAM, IN_STREAM, MSG_ID, OUT_STREAM
from shared.settings import Settings
from tests.conftest import StartSystem
from tests.faults.conftest import until
from tests.faults.load import SOURCE, Load, Submission, catalogue, spoken, subscription, written

CASES_A_SECOND = 180
"""Of about three messages each."""
DOWN_S = 0.5
"""So long the load meets the others without it."""
GRACE_S = 10.0
_LEAST_EVENTS_OF = {"AssessSatisfaction": 2}
_TOLD = ("RequestReceived", "WrittenRequestReceived", "WrittenRequestRegistered", "WrittenRequestAnswered")
"""Events of which the load's consumers are told: all of them left a contact."""
_REACTIONS = (
    ("DetailsCollected", "ConsultationOpened"),
    ("ConsultHeld", "AssessmentDue"),
    ("Dissatisfied", "FollowUpDue"),
    ("SubscriptionAccepted", "DeliveryCardMade"),
)


@pytest.fixture(scope="module")
async def mortal(start_system: StartSystem) -> System:
    return await start_system(movable_clock=False)


@pytest.fixture
async def database(mortal: System) -> AsyncIterator[asyncpg.Pool[asyncpg.Record]]:
    async with asyncpg.create_pool(mortal.dsn_for("admin"), min_size=0, max_size=2) as pool:
        yield pool


async def test_whatever_is_killed_nothing_accepted_is_lost_or_doubled(
    mortal: System, database: asyncpg.Pool[asyncpg.Record]
) -> None:
    async with Load(mortal.url_for("adapter"), "killed", CASES_A_SECOND) as load:
        await load.submit(catalogue())
        for name in (*PROCESSES, *SERVERS):
            await progress(load, 100)
            await mortal.kill(name)
            await asyncio.sleep(DOWN_S)
            await mortal.restart(name)
        await progress(load, 500)
        await finish(load)
    await nothing_is_lost_or_doubled(mortal, database, load)


async def test_stopping_a_process_under_load_loses_nothing_and_takes_no_time(
    mortal: System, database: asyncpg.Pool[asyncpg.Record]
) -> None:
    async with Load(mortal.url_for("adapter"), "stopped", CASES_A_SECOND) as load:
        await load.submit(catalogue())
        await progress(load, 200)
        for name in PROCESSES:
            await stops_cleanly(mortal, name)
        await progress(load, 200)
        await finish(load)
    await nothing_is_lost_or_doubled(mortal, database, load)


@pytest.mark.parametrize("server", SERVERS)
async def test_a_process_whose_server_is_away_stops_cleanly_and_starts_anew(mortal: System, server: str) -> None:
    # nats-py can't drain without a server, and said so with an exception that became the process's exit status.
    await mortal.kill(server)
    try:
        await asyncio.gather(*(stops_cleanly(mortal, name) for name in PROCESSES))
        # Those that the launcher has started again wait for the server, and end as well when they are told to.
        await asyncio.gather(*(stops_cleanly(mortal, name) for name in PROCESSES))
    finally:
        await mortal.restart(server)
    await until(
        lambda: all(part.ready for part in mortal.state.parts()), 30, lambda: f"not ready: {mortal.state.parts()}"
    )


async def test_a_batch_sent_twice_and_out_of_order_has_one_effect(
    mortal: System, database: asyncpg.Pool[asyncpg.Record]
) -> None:
    make = (written, spoken, subscription)
    cases = [make[number % 3](f"shuffled-{number}") for number in range(300)]
    everything = [step for case in cases for step in steps(case)]
    # A case may not be collected before it is received: those of one case come as the adapter learns their answers.
    for step in everything:
        step.then = ()
    shuffled = random.Random(7).sample([*everything, *everything], 2 * len(everything))
    async with Load(mortal.url_for("adapter"), "shuffled") as load:
        await load.submit(catalogue())
        for step in shuffled:
            await load.submit(step)
        await finish(load)
    await nothing_is_lost_or_doubled(mortal, database, load)


def steps(first: Submission) -> list[Submission]:
    return [first, *(step for following in first.then for step in steps(following))]


async def progress(load: Load, count: int) -> None:
    """Wait until so many more are accepted."""
    goal = len(load.accepted) + count
    await until(lambda: len(load.accepted) >= goal, 30, lambda: f"{goal - len(load.accepted)} of {count} are missing")


async def finish(load: Load) -> None:
    """Start no more cases; see those that are open to their end."""
    load.rate = 0
    await until(
        lambda: not load.unanswered,
        60,
        lambda: f"{Counter(one.type for one in load.unanswered)} have no answer, e.g. {load.unanswered[0].id}",
    )
    assert load.refused == []


async def stops_cleanly(system: System, name: str) -> None:
    """SIGTERM ends the process with status 0 in time; the launcher, which wants it running, starts it anew."""
    await until(lambda: has_begun(system, name), 40, lambda: f"{name} does not run")
    pid, log = system.pid_of(name), system.home.log(name)
    assert pid is not None
    seen = log.stat().st_size
    os.kill(pid, signal.SIGTERM)
    await until(lambda: not psutil.pid_exists(pid), 2 * GRACE_S, lambda: f"{name} has not ended")

    def end() -> str:
        with log.open() as lines:
            lines.seek(seen)
            return next((line for line in lines if line.startswith("launcher:")), "")

    await until(end, 5, lambda: f"the launcher has not noticed the end of {name}")
    assert "status 0" in end(), log.read_text()[seen:]


def has_begun(system: System, name: str) -> bool:
    """Whether it runs and heeds signals: a Python that is still importing dies of any."""
    pid = system.pid_of(name)
    if pid is None:
        return False
    with suppress(FileNotFoundError):
        status = Path(f"/proc/{pid}/status").read_text()
        caught = int(next(line for line in status.splitlines() if line.startswith("SigCgt")).split()[1], 16)
        return bool(caught & 1 << signal.SIGTERM - 1)
    return False


async def nothing_is_lost_or_doubled(system: System, database: asyncpg.Pool[asyncpg.Record], load: Load) -> None:
    await until(
        lambda: all(part.ready for part in system.state.parts()), 30, lambda: f"not ready: {system.state.parts()}"
    )
    await everything_accepted_is_stored_once(database, load)
    await every_reaction_happened_once(database)
    await everything_stored_is_on_the_stream(system, database)
    await every_consumer_was_told_once(system, database)
    await every_projection_equals_its_rebuild(system, database)
    assert (
        await database.fetchval("SELECT count(*) FROM ops.dead_letter WHERE reasons::text LIKE '%internal_error%'") == 0
    )


async def everything_accepted_is_stored_once(database: asyncpg.Pool[asyncpg.Record], load: Load) -> None:
    """The log holds the events that each answer told of, and no others."""
    wanted: dict[str, list[int]] = {}
    for one in load.accepted:
        assert one.answer is not None
        assert one.answer.status in {Status.ACCEPTED, Status.DUPLICATE}
        assert len(one.answer.events) >= _LEAST_EVENTS_OF.get(one.type, 1)
        wanted[f"{SOURCE} {one.id}"] = sorted(event.position for event in one.answer.events)
    assert len(wanted) > 300
    inbox = await database.fetch("SELECT message_id FROM store.inbox WHERE message_id = ANY($1)", list(wanted))
    assert Counter(row["message_id"] for row in inbox) == Counter(dict.fromkeys(wanted, 1))
    stored = await database.fetch(
        """SELECT causation_id, array_agg(position ORDER BY position) AS positions FROM store.event
           WHERE causation_id = ANY($1) GROUP BY causation_id""",
        list(wanted),
    )
    assert {row["causation_id"]: row["positions"] for row in stored} == wanted


async def every_reaction_happened_once(database: asyncpg.Pool[asyncpg.Record]) -> None:
    async def of_type(type_name: str) -> Counter[str]:
        rows = await database.fetch("SELECT correlation_id FROM store.event WHERE type = $1", type_name)
        return Counter(row["correlation_id"] for row in rows)

    for cause, effect in _REACTIONS:

        async def all_happened(cause: str = cause, effect: str = effect) -> bool:
            return await of_type(cause) == await of_type(effect)

        await until(all_happened, 40, lambda cause=cause, effect=effect: f"not every {cause} has its one {effect}")


async def every_consumer_was_told_once(system: System, database: asyncpg.Pool[asyncpg.Record]) -> None:
    rows = await database.fetch("SELECT position FROM store.event WHERE type = ANY($1)", _TOLD)
    due = {f"e{row['position']}" for row in rows}

    async def all_passed() -> bool:
        # In the order of the log: its last event need not have the highest position.
        return await database.fetchval(
            """SELECT (xid, position) >= (SELECT xid, position FROM store.event
                                          ORDER BY xid DESC, position DESC LIMIT 1)
               FROM ops.notify"""
        )

    await until(all_passed, 40, lambda: "notify has not come to the log's end")
    client = await nats.connect(system.url_for("admin"), inbox_prefix=b"_INBOX_admin")
    try:
        js = client.jetstream()
        count = (await js.stream_info(OUT_STREAM)).state.messages
        subscription_ = await js.subscribe("tereze.out.*", ordered_consumer=True)
        found = [(await subscription_.next_msg(timeout=10)).headers for _ in range(count)]
    finally:
        await client.close()
    ids = Counter((headers or {}).get(MSG_ID, "") for headers in found)
    assert set(ids.values()) == {1}
    assert ids.keys() >= due


async def everything_stored_is_on_the_stream(system: System, database: asyncpg.Pool[asyncpg.Record]) -> None:
    stored = {f"e{row['position']}" for row in await database.fetch("SELECT position FROM store.event")}
    client = await nats.connect(system.url_for("admin"), inbox_prefix=b"_INBOX_admin")
    try:
        js = client.jetstream()

        async def relayed() -> bool:
            return (await js.stream_info(EVENTS_STREAM)).state.messages >= len(stored)

        await until(relayed, 30, lambda: f"not all of {len(stored)} events are on the stream")
        count = (await js.stream_info(EVENTS_STREAM)).state.messages
        subscription_ = await js.subscribe("tereze.events.>", ordered_consumer=True)
        found = [(await subscription_.next_msg(timeout=10)).headers for _ in range(count)]
        ids = Counter((headers or {}).get(MSG_ID, "") for headers in found)
        assert ids == Counter(dict.fromkeys(stored, 1))

        async def nothing_left() -> bool:
            return (await js.stream_info(IN_STREAM)).state.messages == 0

        # What was delivered to a process that died comes again once the server has waited for it: 30 s.
        await until(nothing_left, 45, lambda: "messages are left in the stream of submissions")
    finally:
        await client.close()


async def every_projection_equals_its_rebuild(system: System, database: asyncpg.Pool[asyncpg.Record]) -> None:
    assert await database.fetchval("SELECT count(*) FROM read.poison") == 0
    dsn, role = system.dsn_for("insight"), "tereze_insight"
    async with asyncpg.create_pool(dsn, min_size=1, max_size=4, server_settings={"role": role}) as pool:
        for projection in projections(Settings().timezone):
            types = [*projection.types]
            # The load does not complain: of what it does not do a view has no rows, and must be right about that.
            told = await database.fetchval("SELECT EXISTS (SELECT FROM store.event WHERE type = ANY($1))", types)
            sql = """SELECT coalesce((xid, position) >= (SELECT xid, position FROM store.event WHERE type = ANY($1)
                                                         ORDER BY xid DESC, position DESC LIMIT 1), true)
                     FROM read.projection WHERE name = $2 AND status = 'live'"""
            about = (types, projection.name)

            async def caught_up(sql: str = sql, about: tuple[list[str], str] = about) -> bool:
                return await database.fetchval(sql, *about)

            await until(caught_up, 20, lambda name=projection.name: f"{name} has not caught up")
            verdict = await verify(pool, projection)
            assert verdict.differences == 0, verdict
            assert (verdict.rows > 0) is told
