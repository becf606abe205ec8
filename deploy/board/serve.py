"""Serves the board of a running system on loopback, until a signal."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Generator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import uvicorn

from deploy.board.health import parts_of
from deploy.board.press import press
from deploy.home import Home, State, find_running
from deploy.problem import Problem
from deploy.roles import database_role
from services.insight.board.accounts import FILE, Accounts
from services.insight.board.app import create
from services.insight.board.health import Part
from services.insight.board.hub import Hub
from services.insight.board.sources import Stored
from services.insight.views import projections
from shared.centre import centre
from shared.clock import MovableClock, SystemClock
from shared.process import close_pool, connect_pool, end
from shared.settings import Settings

_HOST = "127.0.0.1"
_CONNECTIONS = 3
"""One follows the log, one answers pages, one is for whoever comes meanwhile: no open board holds any."""


async def serve(home: Path, state: State, port: int | None, opened: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; `opened` is told the address. Problem: the port is taken."""
    where, timezone = Home.at(home), Settings().timezone
    calendars = centre(timezone).calendars
    (projection,) = projections(timezone, ["sla"])
    clock = MovableClock(Path(state.clock_file)) if state.clock_file else SystemClock()
    pool = await connect_pool(_reader(where, state), "tereze-board", size=_CONNECTIONS, session=_READ_ONLY)

    async def health() -> list[Part]:
        current = find_running(home)
        return [] if current is None else await parts_of(current)

    hub = Hub(pool, projection, calendars, clock, health)
    app = create(
        hub, Stored(pool, projection, calendars, where.path, press), Accounts(where.path / FILE), calendars.zone
    )
    server = _Server(
        uvicorn.Config(
            app,
            host=_HOST,
            port=port or where.port("board"),
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            # Open boards wait for ever: they are let go of, and come back by themselves.
            timeout_graceful_shutdown=1,
        ),
        opened,
    )
    following = asyncio.create_task(hub.run())
    try:
        await server.serve()
    except SystemExit:
        raise Problem(f"port {port} is taken; name another one with --port, or leave it out") from None
    finally:
        await end(following)
        await close_pool(pool)


_READ_ONLY = {"default_transaction_read_only": "on"}


class _Server(uvicorn.Server):
    """Says where it is once it listens."""

    def __init__(self, config: uvicorn.Config, opened: Callable[[str], None]) -> None:
        super().__init__(config)
        self._opened = opened

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """As every process of ours: told to stop, it ends in order. Uvicorn's own way ends it by the signal."""
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, self._stop)
        yield

    def _stop(self) -> None:
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._opened(f"http://{_HOST}:{self.config.port}/")


def _reader(home: Home, state: State) -> str:
    """The database as the read side's own role: the board has no more rights than that."""
    parts, password = urlsplit(state.database_url), home.passwords(["insight"])["insight"]
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{database_role('insight')}:{password}@{host}"))
