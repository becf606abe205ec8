"""A whole system over one data folder: the servers, and every process with its own rights."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil

from deploy.home import SERVERS, Home, State
from deploy.leftovers import PROCESSES
from deploy.nats import Nats
from deploy.postgres import Postgres
from deploy.problem import Problem
from deploy.servers import Servers, all_to_the_end
from deploy.supervisor import Supervised
from shared.centre import CentreFileError, centre

_LOOK_AT_SERVERS = 0.5


def _nobody(_name: str) -> None:
    pass


def _check_centre() -> None:
    """Say what is wrong with the centre's data file here rather than in a process's log."""
    try:
        centre()
    except CentreFileError as error:
        raise Problem(f"{error}.") from error


class System:
    """Starts, supervises and stops one system. `home` is its data folder.

    `movable_clock` gives all processes the clock of `<home>/clock.json` (`shared.clock.MovableClock`).
    """

    def __init__(self, home: Path | str, *, movable_clock: bool = False, servers: Servers | None = None) -> None:
        self.home = Home.at(home)
        self.servers = servers or Servers(self.home)
        self._movable_clock = movable_clock
        self._children: dict[str, Supervised] = {}
        self._down: set[str] = set()
        self._watch: asyncio.Task[None] | None = None
        self._state: State | None = None

    @property
    def state(self) -> State:
        """Urls and pids, as they stand in `run/state.json`."""
        if self._state is None:
            raise Problem("The system is not started; call start() first.")
        return self._state

    def url_for(self, user: str) -> str:
        """The bus URL of a user; see `Servers.url_for`."""
        return self.servers.url_for(user)

    def dsn_for(self, role: str) -> str:
        """The database URL of a part's role; see `Servers.dsn_for`."""
        return self.servers.dsn_for(role)

    async def start(
        self,
        processes: Iterable[str] = tuple(PROCESSES),
        *,
        patience: float = 60,
        on_ready: Callable[[str], None] = _nobody,
    ) -> None:
        """Start the servers and the named processes; return when all are ready.

        `on_ready` is told each part's name. Problem: a part is not ready within `patience` seconds, or
        keeps dying; then everything is stopped again. Or the centre's data file can't be used.
        """
        _check_centre()
        await self.servers.start()
        try:
            self._children = {name: self._supervised(name) for name in processes}
            self._state = self._first_state()
            self._save()
            for server in SERVERS:
                on_ready(server)
            self._watch = asyncio.create_task(self._watch_servers())
            async with asyncio.TaskGroup() as group:
                for child in self._children.values():
                    child.start()
                    group.create_task(self._announce(child, patience, on_ready))
        except BaseException as failure:
            await self.stop()
            if isinstance(failure, BaseExceptionGroup):
                raise failure.exceptions[0] from None
            raise

    async def stop(self) -> None:
        """Stop the services, then the relay (it still publishes what they wrote), then the servers."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
            self._watch = None
        relay = self._children.get("relay")
        await asyncio.gather(*(child.stop() for child in self._children.values() if child is not relay))
        if relay is not None:
            await relay.stop()
        self._children = {}
        self._state = None
        self.home.state.unlink(missing_ok=True)
        await self.servers.stop()

    async def kill(self, name: str) -> None:
        """SIGKILL a part (a process, `nats` or `postgres`), as a crash would; it stays down until `restart`."""
        self._down.add(name)
        if name in SERVERS:
            await asyncio.to_thread(self._server(name).kill)
        else:
            await self._child(name).kill()

    async def restart(self, name: str, *, patience: float = 60) -> None:
        """Start a part again (gracefully stopping it where it runs) and return when it is ready."""
        self._down.add(name)
        if name in SERVERS:
            await asyncio.to_thread(self._server(name).start)
        else:
            child = self._child(name)
            await child.stop()
            child.start()
            await child.until_ready(patience)
        self._down.discard(name)
        self._save()

    def pid_of(self, name: str) -> int | None:
        """The pid of a part, or None where it does not run."""
        return self._server(name).pid if name in SERVERS else self._child(name).pid

    def _server(self, name: str) -> Postgres | Nats:
        server = self.servers.nats if name == "nats" else self.servers.postgres
        if server is None:
            raise Problem(f"{name} is not embedded here: it runs elsewhere and is not for this launcher to touch.")
        return server

    def _child(self, name: str) -> Supervised:
        if name not in self._children:
            raise Problem(f"{name} is no part of this system. Its parts: {', '.join((*SERVERS, *self._children))}")
        return self._children[name]

    async def _announce(self, child: Supervised, patience: float, on_ready: Callable[[str], None]) -> None:
        await child.until_ready(patience)
        on_ready(child.name)

    def _supervised(self, name: str) -> Supervised:
        environment = {key: value for key, value in os.environ.items() if key != "TEREZE_CLOCK_FILE"}
        environment |= {
            "TEREZE_HOME": str(self.home.path),
            "TEREZE_NATS_URL": self.url_for(name),
            "TEREZE_DATABASE_URL": self.dsn_for(name),
            "TEREZE_READY_FILE": str(self.home.ready(name)),
        }
        if self._movable_clock:
            environment["TEREZE_CLOCK_FILE"] = str(self.home.clock)
        return Supervised(
            name, PROCESSES[name], environment, self.home.log(name), self.home.ready(name), changed=self._save
        )

    def _first_state(self) -> State:
        return State(
            home=str(self.home.path),
            pid=os.getpid(),
            created=psutil.Process().create_time(),
            nats_url=self.url_for("admin"),
            database_url=self.dsn_for("admin"),
            clock_file=str(self.home.clock) if self._movable_clock else None,
        )

    def _save(self) -> None:
        if self._state is None:
            return
        self._state.pids.update({name: child.pid for name, child in self._children.items()})
        for name, server in (("postgres", self.servers.postgres), ("nats", self.servers.nats)):
            self._state.pids[name] = server.pid if server else None
        self._state.save()

    async def _watch_servers(self) -> None:
        """Start an embedded server again when it died by itself."""
        while True:
            await asyncio.sleep(_LOOK_AT_SERVERS)
            for name, server in (("postgres", self.servers.postgres), ("nats", self.servers.nats)):
                if server is None or name in self._down or server.pid is not None:
                    continue
                try:
                    await all_to_the_end([server.start])
                except Problem as problem:
                    with self.home.log("launcher").open("a") as log:
                        log.write(f"{problem}\n")
                self._save()
