"""Real servers for the tests: one NATS and one PostgreSQL for the whole run."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import nats
import pytest

from deploy.home import Home
from deploy.servers import Servers
from shared.bus.names import EVENTS_STREAM, IN_STREAM


class RunningServers:
    """A migrated database and a bus with its streams declared."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers
        self.home = servers.home.path

    def nats_url(self, user: str = "admin") -> str:
        """The bus as `intake`, `consult`, `feedback`, `subscriptions`, `relay`, `insight`, `adapter` or `admin`."""
        return self._servers.url_for(user)

    def dsn(self, role: str = "admin") -> str:
        """The database as that part's role; `admin` owns it."""
        return self._servers.dsn_for(role)


@pytest.fixture(scope="session")
async def servers() -> AsyncIterator[RunningServers]:
    """One NATS and one PostgreSQL, started once for the whole run."""
    folder = Path(tempfile.mkdtemp(prefix="tereze-"))
    running = Servers(Home.at(folder))
    try:
        await running.start()
        yield RunningServers(running)
    finally:
        await running.stop()
        shutil.rmtree(folder, ignore_errors=True)


async def empty_store(servers: RunningServers) -> None:
    """Empty the store, the vault, the ledgers and the streams.

    The sequence of positions goes on: the bus remembers the message ids (`e<position>`) of the last minutes.
    """
    connection = await asyncpg.connect(servers.dsn())
    try:
        await connection.execute("TRUNCATE store.event, store.inbox, vault.key, ops.dead_letter")
        await connection.execute("UPDATE ops.relay SET xid = '0', position = 0")
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'read'")
        for table in {row["tablename"] for row in tables} - {"projection", "poison"}:
            await connection.execute(f'DROP TABLE read."{table}" CASCADE')
        await connection.execute("TRUNCATE read.projection, read.poison")
    finally:
        await connection.close()
    bus = await nats.connect(servers.nats_url())
    try:
        for stream in (IN_STREAM, EVENTS_STREAM):
            await bus.jetstream().purge_stream(stream)
    finally:
        await bus.close()


@pytest.fixture
async def clean_store(servers: RunningServers) -> RunningServers:
    """The servers with an empty store and empty streams."""
    await empty_store(servers)
    return servers
