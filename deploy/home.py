"""The data folder of one system: its paths, its secrets, and how a command finds the system that runs in it."""

from __future__ import annotations

import json
import os
import secrets
import socket
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from deploy.problem import Problem
from deploy.processes import runs

SERVERS = ("postgres", "nats")


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step, readable by its owner only."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.touch(mode=0o600)
    fresh.chmod(0o600)
    fresh.write_text(text)
    fresh.replace(path)


@dataclass(frozen=True, slots=True)
class Home:
    """Paths below one data folder (`TEREZE_HOME`)."""

    path: Path

    @classmethod
    def at(cls, path: Path | str) -> Home:
        try:
            return cls(Path(path).expanduser().resolve())
        except (OSError, RuntimeError) as error:
            raise _impossible(Path(path), error) from error

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def nats(self) -> Path:
        return self.path / "nats"

    @property
    def lock(self) -> Path:
        return self.path / "lock"

    @property
    def clock(self) -> Path:
        return self.path / "clock.json"

    @property
    def state(self) -> Path:
        return self.path / "run" / "state.json"

    def log(self, name: str) -> Path:
        return self.path / "logs" / f"{name}.log"

    def ready(self, name: str) -> Path:
        """The file in which a process writes its pid once it is ready (`TEREZE_READY_FILE`)."""
        return self.path / "run" / f"{name}.ready"

    def create(self) -> None:
        """Make the folders, for their owner only: the bus keeps submissions in there as they came.

        Problem: the folder can't be one.
        """
        try:
            for folder in (self.path, self.nats, self.path / "run", self.path / "logs"):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self.path / ".gitignore").write_text("*\n")
        except OSError as error:
            raise _impossible(self.path, error) from error

    def passwords(self, names: Iterable[str]) -> dict[str, str]:
        """The password of each name, made once and kept in `credentials.json` (mode 0600)."""
        path = self.path / "credentials.json"
        known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        missing = [name for name in names if name not in known]
        if missing:
            known.update({name: secrets.token_urlsafe(24) for name in missing})
            write_private(path, json.dumps(known, indent=1))
        return known

    def port(self, name: str) -> int:
        """A free port on loopback for a server, the same one as last time where it is still free.

        Below the range from which systems give ports to outgoing connections: a client that keeps
        dialling a dead server's port inside that range can be given that very port and connect to itself.
        """
        path = self.path / "ports.json"
        known: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
        if name not in known or not _is_free(known[name]):
            taken = set(known.values())
            known[name] = next(
                port
                for port in (15_000 + secrets.randbelow(15_000) for _ in range(1000))
                if port not in taken and _is_free(port)
            )
            write_private(path, json.dumps(known))
        return known[name]


def _impossible(path: Path, error: Exception) -> Problem:
    return Problem(f"{path} can't be the data folder ({error}); name a folder of yours with --home or TEREZE_HOME")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def answers(url: str) -> bool:
    """Whether something accepts connections at a URL's host and port."""
    parts = urlsplit(url)
    default = 5432 if parts.scheme.startswith("postgres") else 4222
    with suppress(OSError), socket.create_connection((parts.hostname or "127.0.0.1", parts.port or default), 2):
        return True
    return False


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a running system."""

    name: str
    pid: int | None
    ready: bool


@dataclass(frozen=True, slots=True)
class State:
    """A running system, as its launcher wrote it down (`run/state.json`, mode 0600)."""

    home: str
    pid: int
    created: float
    """When the launcher's process began, seconds since 1970: a pid alone may be another's by now."""
    nats_url: str
    """The bus, as admin."""
    database_url: str
    """The database, as its owner."""
    clock_file: str | None = None
    pids: dict[str, int | None] = field(default_factory=dict[str, "int | None"])

    def save(self) -> None:
        write_private(Home(Path(self.home)).state, json.dumps(asdict(self), indent=1))

    @property
    def alive(self) -> bool:
        return is_process(self.pid, self.created)

    def parts(self) -> list[Part]:
        """Every part, and whether it is ready now."""
        home = Home(Path(self.home))
        servers = [
            Part(name, self.pids.get(name), answers(url))
            for name, url in (("postgres", self.database_url), ("nats", self.nats_url))
        ]
        return servers + [
            Part(name, pid, is_ready(home.ready(name), pid)) for name, pid in self.pids.items() if name not in SERVERS
        ]


def is_process(pid: int, created: float) -> bool:
    """Whether the process that began at `created` still runs under this pid."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        return abs(process.create_time() - created) < 2 and runs(process)
    return False


def is_ready(file: Path, pid: int | None) -> bool:
    """Whether the process `pid` has said in its file that it is ready, and still runs."""
    try:
        return pid is not None and int(file.read_text()) == pid and psutil.pid_exists(pid)
    except (FileNotFoundError, ValueError):
        return False


def find_running(home: Path | str) -> State | None:
    """The system that runs in a data folder, or None. Problem: the folder can't be one."""
    where = Home.at(home)
    try:
        raw: dict[str, Any] = json.loads(where.state.read_text())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _impossible(where.path, error) from error
    except ValueError as error:
        raise _damaged(where.state) from error
    try:
        state = State(**raw)
    except TypeError as error:
        raise _damaged(where.state) from error
    return state if state.alive else None


def bus_url(state: State, user: str) -> str:
    """The bus of a running system, as one of its users."""
    where = urlsplit(state.nats_url)
    password = Home.at(state.home).passwords([user])[user]
    return f"nats://{user}:{password}@{where.hostname}:{where.port}"


def _damaged(file: Path) -> Problem:
    return Problem(f"{file} is damaged. Delete it, then start anew; what still runs there is stopped by that.")


def running(home: Path | str) -> State:
    """The system that runs in a data folder. Problem: none does."""
    state = find_running(home)
    if state is None:
        where = Home.at(home)
        if where.state.exists():  # an orderly end deletes it
            raise Problem(
                f"The launcher of the Tereze in {where.path} was killed; what it started may still run, watched by "
                "nobody. End it with: tereze down; or start anew, which ends it too: tereze up"
            )
        raise Problem(f"No running Tereze in {where.path}. Start it with: make run")
    return state
