"""Real servers for the tests: one NATS and one PostgreSQL for the whole run, and whole systems on demand."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import asyncpg
import nats
import psutil
import pytest

from deploy.home import Home
from deploy.launcher import System
from deploy.leftovers import PROCESSES
from deploy.postgres import SUPERUSER
from deploy.roles import database_role
from deploy.servers import Servers, sweep
from shared.bus.names import EVENTS_STREAM, IN_STREAM, OUT_STREAM

_PREFIX = "tereze-test-"


class RunningServers:
    """A migrated database and a bus with its streams declared."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers
        self.home = servers.home.path

    def nats_url(self, user: str = "admin") -> str:
        """The bus as `intake`, `consult`, `feedback`, `subscriptions`, `relay`, `insight`, `adapter` or `admin`."""
        return self._servers.url_for(user)

    def superuser_dsn(self) -> str:
        """The database as the server's superuser, e.g. to migrate it."""
        passwords = Home.at(self.home).passwords(())
        admin = f"{database_role('admin')}:{passwords['admin']}"
        return self.dsn().replace(admin, f"{SUPERUSER}:{passwords[SUPERUSER]}")

    def dsn(self, role: str = "admin") -> str:
        """The database as that part's role; `admin` owns it."""
        return self._servers.dsn_for(role)


@pytest.fixture(scope="session", autouse=True)
def no_leftovers() -> None:
    """A killed test run leaves servers running: end them and remove their folders."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            if any(folder.iterdir()):
                sweep(Home.at(folder))
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def new_folder() -> Iterator[Callable[[], Path]]:
    """Makes folders that are removed at the end of the run, and whose servers would be if it were killed."""
    made: list[Path] = []

    def make() -> Path:
        made.append(Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-")))
        return made[-1]

    yield make
    for folder in made:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
async def servers(new_folder: Callable[[], Path]) -> AsyncIterator[RunningServers]:
    """One NATS and one PostgreSQL, started once for the whole run."""
    running = Servers(Home.at(new_folder()))
    try:
        await running.start()
        yield RunningServers(running)
    finally:
        await running.stop()


async def empty_store(admin_dsn: str, admin_nats_url: str) -> None:
    """Empty the store, the vault, the ledgers and the streams.

    The sequence of positions goes on: the bus remembers the message ids (`e<position>`) of the last minutes.
    """
    connection = await asyncpg.connect(admin_dsn)
    try:
        await connection.execute("TRUNCATE store.event, store.inbox, vault.key, ops.dead_letter")
        for cursor in ("ops.relay", "ops.notify", "ops.watch"):
            await connection.execute(f"UPDATE {cursor} SET xid = '0', position = 0")
        await connection.execute("UPDATE ops.watch SET looked_at = NULL")
        await connection.execute("TRUNCATE read.projection, read.poison, read.lives")
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'read'")
        for table in {row["tablename"] for row in tables} - {"projection", "poison", "lives"}:
            await connection.execute(f'DROP TABLE read."{table}" CASCADE')
    finally:
        await connection.close()
    bus = await nats.connect(admin_nats_url)
    try:
        for stream in (IN_STREAM, EVENTS_STREAM, OUT_STREAM):
            await bus.jetstream().purge_stream(stream)
    finally:
        await bus.close()


@pytest.fixture
async def clean_store(servers: RunningServers) -> RunningServers:
    """The servers with an empty store and empty streams."""
    await empty_store(servers.dsn(), servers.nats_url())
    return servers


StartSystem = Callable[..., Awaitable[System]]


@pytest.fixture(scope="session")
async def start_system(new_folder: Callable[[], Path]) -> AsyncIterator[StartSystem]:
    """Starts systems of one's own: `await start_system(("intake", "relay"), movable_clock=True)`."""
    started: list[System] = []

    async def start(processes: tuple[str, ...] = tuple(PROCESSES), *, movable_clock: bool = True) -> System:
        system = System(new_folder(), movable_clock=movable_clock)
        await system.start(processes)
        started.append(system)
        return system

    yield start
    for system in started:
        await system.stop()


@pytest.fixture(scope="session")
async def system(start_system: StartSystem) -> System:
    """One whole system with a movable clock, started when first asked for and shared by the whole run."""
    return await start_system()
