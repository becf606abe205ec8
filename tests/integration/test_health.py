"""`tereze status`: what a running system owes, asked from outside, so that the dead are told of too."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import asyncpg
import nats
import orjson
import pytest

from deploy.health import Durable, Health, Reader, health
from deploy.launcher import System
from services.insight.views import projections
from shared.bus import names
from shared.bus.cloudevents import headers_of
from shared.contracts import COMMANDS
from tests.conftest import StartSystem
from tests.integration.histories import append, history

(SLA,) = projections("Asia/Almaty", ["sla"])


@pytest.fixture(scope="module")
async def running(start_system: StartSystem) -> AsyncIterator[System]:
    """A system of one service and both readers of the log."""
    system = await start_system(("intake", "relay", "insight"), movable_clock=False)
    yield system
    await system.stop()


@pytest.fixture
async def store(running: System) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    connection = await asyncpg.connect(running.dsn_for("admin"))
    yield connection
    await connection.close()


def reader(found: Health, name: str) -> Reader:
    assert found.readers is not None
    return next(one for one in found.readers if one.name == name)


def durable(found: Health, name: str) -> Durable:
    assert found.durables is not None
    return next(one for one in found.durables if one.name == name)


async def until(system: System, holds: Callable[[Health], bool]) -> Health:
    async with asyncio.timeout(30):
        while not holds(found := await health(system.state)):  # noqa: ASYNC110 - the servers tell of no change
            await asyncio.sleep(0.05)
    return found


def nothing_behind(found: Health) -> bool:
    return found.readers is not None and all(one.events_behind == 0 for one in found.readers)


async def status(system: System, *arguments: str, columns: int = 80) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.cli.main", "status", *arguments, "--home", str(system.home.path)),
        env={**os.environ, "COLUMNS": str(columns)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def submit(system: System, bodies: list[Any]) -> None:
    """Publish submissions, without waiting for the service."""
    client = await nats.connect(system.url_for("adapter"), inbox_prefix=b"_INBOX_adapter")
    command = COMMANDS["ReceiveRequest"]
    for body in bodies:
        head = headers_of(command, event_id=os.urandom(8).hex(), source="/test")
        subject = names.submit_subject(command.context, command.type_name())
        await client.jetstream().publish(subject, orjson.dumps(body), headers=head)
    await client.close()


async def test_readers_that_have_seen_all_are_not_behind(running: System, store: asyncpg.Connection) -> None:
    await append(store, history(31, 20))
    found = await until(running, nothing_behind)
    names = [f"{one.name} v{one.version}" for one in projections("Asia/Almaty")]
    assert [one.name for one in found.readers or ()] == ["relay", *sorted(names)]
    assert all(one.running and one.built and one.oldest_unseen_s is None for one in found.readers or ())
    assert (found.write_transaction_s, found.dead_letters, found.poison) == (0, 0, 0)
    assert found.unanswered == {}


@pytest.mark.parametrize(("process", "name"), [("relay", "relay"), ("insight", f"sla v{SLA.version}")])
async def test_a_dead_reader_falls_behind_and_is_said_not_to_run(
    running: System, store: asyncpg.Connection, process: str, name: str
) -> None:
    await until(running, nothing_behind)
    await running.kill(process)
    idle = await health(running.state)
    assert not reader(idle, name).running, "with nothing to read, too"
    written = history(32, 20)
    await append(store, written)
    found = await until(running, lambda found: (reader(found, name).oldest_unseen_s or 0) > 0.2)
    assert not reader(found, name).running
    assert reader(found, name).events_behind == len(written)
    code, out, err = await status(running)
    assert code == 1
    assert "does not run" in out
    assert f"Not ready: {process}" in err
    await running.restart(process)
    found = await until(running, nothing_behind)
    assert reader(found, name).running


async def test_a_write_transaction_left_open_is_told_for_it_holds_the_readers_back(
    running: System, store: asyncpg.Connection
) -> None:
    await until(running, nothing_behind)
    async with store.transaction():
        await store.execute("SELECT pg_current_xact_id()")
        other = await asyncpg.connect(running.dsn_for("admin"))
        await append(other, history(33, 5))
        await other.close()
        found = await until(running, lambda found: (found.write_transaction_s or 0) > 0.2)
        assert all(one.events_behind > 0 and one.running for one in found.readers or ())
    assert (await until(running, nothing_behind)).write_transaction_s == 0


async def test_a_table_that_is_being_built_is_told_with_rate_and_time_left(
    running: System, store: asyncpg.Connection
) -> None:
    await store.execute(
        """INSERT INTO read.projection (name, version, status, events, total, started_at, updated_at)
           VALUES ('sla', 99, 'building', 3000, 9000, now() - interval '40 seconds', now() - interval '10 seconds')"""
    )
    [building] = (await health(running.state)).building or []
    assert (building.name, building.events, building.total) == ("sla v99", 3000, 9000)
    assert (round(building.rate), round(building.eta_s or 0)) == (100, 60)
    code, out, _ = await status(running)
    assert code == 0
    assert "sla v99" in out
    assert "being built" in out
    await store.execute("DELETE FROM read.projection WHERE version = 99")


async def test_what_was_set_aside_is_counted(running: System, store: asyncpg.Connection) -> None:
    await submit(running, [{"no": "request"}, "nothing"])
    await store.execute(
        "INSERT INTO read.poison (name, version, position, error) VALUES ('sla', $1, 1, 'x')", SLA.version
    )
    await store.execute("INSERT INTO read.poison (name, version, position, error) VALUES ('sla', 99, 1, 'not live')")
    found = await until(running, lambda found: found.dead_letters == 2)
    assert found.poison == 1
    await store.execute("UPDATE ops.dead_letter SET resent_at = now() WHERE id = (SELECT min(id) FROM ops.dead_letter)")
    assert (await health(running.state)).dead_letters == 1
    await store.execute("DELETE FROM read.poison")


async def test_submissions_to_a_dead_service_are_pending(running: System) -> None:
    before = durable(await health(running.state), "intake")
    assert (before.running, before.pending, before.unsettled) == (True, 0, 0)
    await running.kill("intake")
    await submit(running, [{"no": "request"}] * 3)
    found = await until(running, lambda found: durable(found, "intake").pending == 3)
    assert not durable(found, "intake").running
    await running.restart("intake")
    await until(running, lambda found: durable(found, "intake").pending == durable(found, "intake").unsettled == 0)


@pytest.mark.parametrize("server", ["nats", "postgres"])
async def test_a_lost_server_hides_only_what_it_knows(running: System, server: str) -> None:
    await running.kill(server)
    found = await health(running.state)
    assert set(found.unanswered) == {server}
    assert (found.durables is None) == (server == "nats")
    assert (found.readers is None) == (found.dead_letters is None) == (server == "postgres")
    code, out, _ = await status(running, "--json")
    assert code == 1
    assert set(json.loads(out)["health"]["unanswered"]) == {server}
    await running.restart(server)


async def test_tables_fit_a_narrow_terminal(running: System) -> None:
    await until(running, lambda found: found.unanswered == {} and nothing_behind(found))
    code, out, _ = await status(running)
    assert code == 0
    assert max(len(line) for line in out.splitlines()) <= 80
    assert all(
        name in out for name in ("relay", "effectiveness v", f"sla v{SLA.version}", "intake", "feedback-reactions")
    )


async def test_of_a_system_that_does_not_run_there_is_no_health(running: System, tmp_path: Path) -> None:
    del running
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.cli.main", "status", "--json", "--home", str(tmp_path)),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    assert process.returncode == 1
    shown = json.loads(out)
    assert (shown["running"], shown["ready"], shown["health"]) == (False, False, None)
