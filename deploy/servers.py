"""Both servers of one data folder, embedded or somebody else's: started, migrated, streams declared."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from deploy.folder_lock import FolderLock
from deploy.home import Home
from deploy.leftovers import stop_leftovers
from deploy.migrate import migrate
from deploy.nats import Nats
from deploy.postgres import SUPERUSER, Postgres
from deploy.problem import Problem
from deploy.roles import BUS_USERS, DATABASE_ROLES, database_role
from deploy.streams import declare, events_are_gone, reactions
from shared.eventstore.log import Log
from shared.eventstore.restamp import restamp

DATABASE = "tereze"
_NAMES = sorted({*BUS_USERS, *DATABASE_ROLES, SUPERUSER})


class Servers:
    """NATS and PostgreSQL of one data folder. Holds the folder's lock from `start` to `stop`.

    `nats_url` and `database_url` name servers to use instead of embedded ones, as their administrator.
    """

    def __init__(self, home: Home, *, nats_url: str = "", database_url: str = "", replicas: int = 1) -> None:
        self.home = home
        self._lock = FolderLock(home.lock)
        self._nats_url = nats_url
        self._database_url = database_url
        self._replicas = replicas
        self.postgres: Postgres | None = None
        self.nats: Nats | None = None
        self._passwords: dict[str, str] = {}

    async def start(self) -> None:
        """Start what is embedded, migrate, declare. Problem: another launcher has this folder, or a server fails."""
        self.home.create()
        if not self._lock.acquire():
            raise Problem(f"Another launcher uses {self.home.path}. Stop it with: tereze down")
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def _start(self) -> None:
        await asyncio.to_thread(stop_leftovers, self.home)
        self._passwords = self.home.passwords(_NAMES)
        postgres, nats = _embedded(self.home, self._passwords)
        self.postgres = None if self._database_url else postgres
        self.nats = None if self._nats_url else nats
        starting: list[Callable[[], None]] = []
        for name, server in (("postgres", self.postgres), ("nats", self.nats)):
            if server is not None:
                await asyncio.to_thread(server.stop)  # one left running holds the port that is wanted again
                server.port = self.home.port(name)
                starting.append(server.start)
        await all_to_the_end(starting)
        database = self.postgres.url(DATABASE) if self.postgres else self._database_url
        await migrate(database, self._passwords)
        await _adopt_restored_log(database)
        if await events_are_gone(self.url_for("admin")):
            # Before the stream is made: who is killed between the two finds it gone again.
            await _publish_again(database)
        await declare(self.url_for("admin"), reactions(), replicas=self._replicas)

    async def stop(self) -> None:
        """Stop what is embedded, cleanly, and free the data folder."""
        for server in (self.nats, self.postgres):
            if server is not None:
                await asyncio.to_thread(server.stop)
        self._lock.release()

    def url_for(self, user: str) -> str:
        """The bus URL of a user: a service, `relay`, `insight`, `adapter` or `admin`.

        On somebody else's bus: their URL with this user's name and password, unless it names a user itself.
        """
        if self.nats is not None:
            return self.nats.url(user)
        parts = urlsplit(self._nats_url)
        if "@" in parts.netloc:
            return self._nats_url
        return urlunsplit(parts._replace(netloc=f"{user}:{self._passwords[user]}@{parts.netloc}"))

    def dsn_for(self, role: str) -> str:
        """The database URL of a part's role: a service, `relay`, `insight` or `admin` (the owner)."""
        parts = urlsplit(self.postgres.url(DATABASE) if self.postgres else self._database_url)
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"{database_role(role)}:{self._passwords[role]}@{host}"))


async def all_to_the_end(calls: list[Callable[[], None]]) -> None:
    """Run blocking calls side by side; fail only when all have ended, or a server would come up after the clean-up."""
    running = asyncio.gather(*map(asyncio.to_thread, calls), return_exceptions=True)
    try:
        results = await asyncio.shield(running)
    except asyncio.CancelledError:
        await running
        raise
    for result in results:
        if isinstance(result, BaseException):
            raise result


async def _adopt_restored_log(database_url: str) -> None:
    """A log restored from a dump carries another cluster's transaction numbers: renumber it first (ADR 0002)."""
    async with asyncpg.create_pool(database_url, min_size=1, max_size=1) as pool:
        foreign = await Log(pool).is_foreign()
    if foreign:
        connection = await asyncpg.connect(database_url)
        try:
            await restamp(connection)
        finally:
            await connection.close()


async def _publish_again(database_url: str) -> None:
    """Put the relay at the log's beginning: it fills the stream again, and whoever had an event knows it."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("UPDATE ops.relay SET xid = '0', position = 0, updated_at = now()")
    finally:
        await connection.close()


def _embedded(home: Home, passwords: Mapping[str, str]) -> tuple[Postgres, Nats]:
    postgres = Postgres(home.postgres, home.log("postgres"), passwords[SUPERUSER])
    return postgres, Nats(home.nats, home.log("nats"), passwords)


def sweep(home: Home) -> bool:
    """End what a killed launcher left running in a data folder; return whether anything ran. Problem: in use."""
    lock = FolderLock(home.lock)
    if not lock.acquire():
        raise Problem(f"A launcher is starting or stopping in {home.path}. Try again in a moment.")
    try:
        found = stop_leftovers(home) > 0
        for server in _embedded(home, home.passwords(_NAMES)):
            found = found or server.pid is not None
            server.stop()
        home.state.unlink(missing_ok=True)
        return found
    finally:
        lock.release()


def from_environment(home: Home) -> Servers:
    """Servers as `TEREZE_NATS_URL`, `TEREZE_DATABASE_URL` and `TEREZE_NATS_REPLICAS` say; else embedded."""
    return Servers(
        home,
        nats_url=os.environ.get("TEREZE_NATS_URL", ""),
        database_url=os.environ.get("TEREZE_DATABASE_URL", ""),
        replicas=int(os.environ.get("TEREZE_NATS_REPLICAS", "1")),
    )
