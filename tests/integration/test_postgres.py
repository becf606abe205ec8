"""The embedded PostgreSQL over its data folder: kept data, stale pids, half-written folders, crashes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from deploy.home import Home
from deploy.postgres import Postgres

_PASSWORD = "secret"  # noqa: S105 - of a server that lives for one test


@pytest.fixture
def postgres(new_folder: Callable[[], Path]) -> Iterator[Postgres]:
    home = Home.at(new_folder())
    home.create()
    server = Postgres(home.postgres, home.log("postgres"), password=_PASSWORD, port=home.port("postgres"))
    yield server
    server.stop()


async def _execute(server: Postgres, statement: str) -> None:
    connection = await asyncpg.connect(server.url())
    await connection.execute(statement)
    await connection.close()


async def test_data_survives_a_stop_and_a_crash(postgres: Postgres) -> None:
    postgres.start()
    await _execute(postgres, "CREATE TABLE kept (n int)")
    postgres.stop()
    assert postgres.pid is None

    postgres.start()
    await _execute(postgres, "INSERT INTO kept VALUES (1)")
    postgres.kill()
    assert postgres.pid is None

    postgres.start()
    connection = await asyncpg.connect(postgres.url())
    assert await connection.fetchval("SELECT count(*) FROM kept") == 1
    assert await connection.fetchval("SHOW fsync") == "on"
    assert await connection.fetchval("SHOW synchronous_commit") == "on"
    assert await connection.fetchval("SHOW listen_addresses") == "127.0.0.1"
    await connection.close()


async def test_a_stale_pid_file_that_names_a_stranger_is_no_server(postgres: Postgres) -> None:
    """After a reboot the pid in postmaster.pid may be anyone's; here it is this test's own."""
    postgres.start()
    pid_file = postgres.data / "postmaster.pid"
    text = pid_file.read_text().split("\n", 1)[1]
    postgres.stop()
    pid_file.write_text(f"{os.getpid()}\n{text}")
    assert postgres.pid is None
    postgres.start()
    await _execute(postgres, "SELECT 1")


async def test_a_half_made_folder_is_replaced(postgres: Postgres) -> None:
    """What initdb had not finished stands beside the place of the data folder, and is made anew."""
    half = postgres.data.with_name("postgres.new")
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    postgres.start()
    await _execute(postgres, "SELECT 1")
    assert not half.exists()


async def test_a_folder_that_is_no_database_is_set_aside_not_deleted(postgres: Postgres) -> None:
    postgres.data.mkdir()
    (postgres.data / "notes.txt").write_text("somebody's")
    postgres.start()
    await _execute(postgres, "SELECT 1")
    (aside,) = postgres.data.parent.glob("postgres.damaged-*")
    assert (aside / "notes.txt").read_text() == "somebody's"


async def test_a_server_left_running_is_taken_over(postgres: Postgres) -> None:
    postgres.start()
    first = postgres.pid
    again = Postgres(postgres.data, postgres.log, password=_PASSWORD, port=postgres.port)
    again.start()
    assert again.pid not in (None, first)
    await _execute(again, "SELECT 1")
