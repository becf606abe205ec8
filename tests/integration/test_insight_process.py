"""The read side as a process and its commands, against a running system."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from deploy.launcher import System
from services.insight.views import projections
from tests.conftest import StartSystem
from tests.integration.histories import SECRET, append, history

(SLA,) = projections("Asia/Almaty", ["sla"])


@pytest.fixture(scope="module")
async def reading(start_system: StartSystem) -> System:
    """A system whose only process is the read side."""
    return await start_system(("insight",), movable_clock=False)


@pytest.fixture
async def store(reading: System) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    connection = await asyncpg.connect(reading.dsn_for("admin"))
    yield connection
    await connection.close()


async def tereze(system: System, *arguments: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "deploy.cli.main",
        *arguments,
        "--home",
        str(system.home.path),
        env={**os.environ, "COLUMNS": "200"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def caught_up(dsn: str) -> None:
    """Wait until `sla` holds a row of the last event that it reads; over broken connections too."""
    async with asyncio.timeout(60):
        while True:
            try:
                connection = await asyncpg.connect(dsn)
                try:
                    behind = await connection.fetchval(
                        f"""SELECT count(*) FROM store.event e
                           WHERE type IN ('RequestReceived', 'WrittenRequestReceived')
                             AND NOT EXISTS (SELECT FROM read.{SLA.table} WHERE position = e.position)"""
                    )
                finally:
                    await connection.close()
                if behind == 0:
                    return
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                pass
            await asyncio.sleep(0.1)


async def verified(system: System) -> list[dict[str, Any]]:
    code, out, err = await tereze(system, "rebuild", "--verify", "--json")
    assert code == 0, err
    return json.loads(out)


async def test_it_follows_the_log_and_survives_the_loss_of_either_server(
    reading: System, store: asyncpg.Connection
) -> None:
    pid = reading.pid_of("insight")
    happenings = [history(seed, 20) for seed in (21, 22, 23)]
    await append(store, happenings[0])
    await caught_up(reading.dsn_for("admin"))

    await reading.kill("nats")
    await append(store, happenings[1])
    await caught_up(reading.dsn_for("admin"))
    await reading.restart("nats")

    await reading.kill("postgres")
    await reading.restart("postgres")
    again = await asyncpg.connect(reading.dsn_for("admin"))
    await append(again, happenings[2])
    await again.close()
    await caught_up(reading.dsn_for("admin"))

    assert reading.pid_of("insight") == pid, "the same process went on"
    # These histories hold no subscription.
    for result in await verified(reading):
        assert result["differences"] == 0
        assert result["rows"] or result["projection"] == "subscriptions"


async def test_killed_and_started_again_it_goes_on_where_it_was(reading: System, store: asyncpg.Connection) -> None:
    happenings = history(24, 60)
    await append(store, happenings[:100])
    await reading.kill("insight")
    await append(store, happenings[100:])
    await reading.restart("insight")
    await caught_up(reading.dsn_for("admin"))
    assert all(result["differences"] == 0 for result in await verified(reading))


async def test_the_commands_answer_people_and_programs(reading: System, store: asyncpg.Connection) -> None:
    happenings = history(25, 60)
    await append(store, happenings)
    await caught_up(reading.dsn_for("admin"))

    code, out, _ = await tereze(reading, "sla", "--json")
    rows = json.loads(out)
    wanted = {"indicator", "channel", "total", "open", "met", "breached", "average_s", "p50_s", "p95_s", "limit_s"}
    assert code == 0
    assert all(wanted <= set(row) for row in rows)
    code, out, _ = await tereze(reading, "sla", "--json", "--as-of", "2026-01-01", "--by", "office")
    assert (code, json.loads(out)) == (0, []), "nothing had occurred by then"
    code, out, _ = await tereze(reading, "sla", "--by", "office", "--office", "Centre 1")
    assert code == 0
    assert "mail_answer" in out
    assert "Centre 2" not in out

    code, out, _ = await tereze(reading, "effectiveness", "--by", "consultant", "--json")
    found = json.loads(out)
    assert code == 0
    assert {row["consultant"] for row in found["effectiveness"]} == {"k1", "k2", "k3", "k4"}
    assert found["causes"][0]["named"] >= found["causes"][-1]["named"] > 0

    case_id = next(h.case_id for h in happenings if h.event.type_name() == "Satisfied")
    code, out, _ = await tereze(reading, "case", case_id)
    assert code == 0
    assert "ConsultHeld" in out
    assert "sealed: " in out
    assert SECRET not in out
    code, out, _ = await tereze(reading, "case", case_id, "--json")
    assert json.loads(out)["deadlines"]

    code, out, _ = await tereze(reading, "rebuild", "sla", "--json")
    assert (code, [result["projection"] for result in json.loads(out)]) == (0, ["sla"])


async def test_a_tampered_row_fails_verify_and_a_rebuild_puts_it_right(
    reading: System, store: asyncpg.Connection
) -> None:
    await append(store, history(26, 20))
    await caught_up(reading.dsn_for("admin"))
    await store.execute("SET ROLE tereze_insight")
    await store.execute(f"UPDATE read.{SLA.table} SET at = at + interval '1 hour' WHERE op = 'stop'")
    code, out, err = await tereze(reading, "rebuild", "--verify")
    assert code == 1
    assert "live only" in out
    assert "tereze rebuild" in err
    assert (await tereze(reading, "rebuild"))[0] == 0
    assert all(result["differences"] == 0 for result in await verified(reading))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("case", "nobody-1"), "no case 'nobody-1'"),
        (("rebuild", "nonsense"), "effectiveness, review, sla, subscriptions"),
        (("sla", "--as-of", "yesterday"), "is not a time"),
        (("sla", "--by", "weather"), "none of"),
        (("effectiveness", "--by", "weather"), "none of"),
    ],
)
async def test_what_can_not_be_answered_is_said(reading: System, arguments: tuple[str, ...], said: str) -> None:
    code, _, err = await tereze(reading, *arguments)
    assert code != 0
    assert said in " ".join(err.replace("│", " ").split())


async def test_without_a_running_system_one_line_says_how_to_start_it(reading: System) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "deploy.cli.main", "sla", "--home", "/nonexistent", stderr=asyncio.subprocess.PIPE
    )
    _, err = await process.communicate()
    assert process.returncode == 1
    assert len(err.decode().splitlines()) == 1
    assert "Start it with" in err.decode()
