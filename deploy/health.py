"""How a running system fares: how far its readers are behind, what waits, what was set aside.

Asked from outside, of the store and the bus, and never of the readers themselves: one that is dead or stuck
falls behind here like any other. No contract is imported: loading them all takes longer than asking.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import asyncpg
import nats

from deploy.home import SERVERS, State
from shared.bus.names import ESCALATIONS, EVENTS_STREAM, IN_STREAM, OUT_STREAM, inbox_prefix
from shared.eventstore.log import Log
from shared.eventstore.model import Cursor
from shared.troubles import BUS_TROUBLES, STORE_TROUBLES

_PATIENCE_S = 1.2
"""A server that does not answer by then is said not to answer: whoever asks is in a hurry."""
_NO_SERVICE = {*SERVERS, "relay", "insight", "watch", "notify"}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reader:
    """A reader of the log: the relay, or a projection."""

    name: str
    running: bool
    """Whether its process is ready. One that is not has stopped where it stands."""
    built: bool
    """Whether it has a checkpoint. Without one all events are unseen."""
    events_behind: int
    oldest_unseen_s: float | None
    """Age of the oldest event that it has not seen; None: it has seen all."""


@dataclass(frozen=True, slots=True)
class Building:
    """A projection's table that is being built beside the live one, or waits to be finished."""

    name: str
    events: int
    total: int | None
    """About so many; None: it has only begun."""
    rate: float
    """Events a second, since it was begun."""
    eta_s: float | None
    silent_s: float
    """Since the last page was written: where that is long, nobody builds it now."""


@dataclass(frozen=True, slots=True)
class Durable:
    """A service's consumer on a stream of the bus."""

    stream: str
    name: str
    running: bool
    """Whether the service's process is ready; of what adapters take, whether one is waiting for any."""
    pending: int | None
    """Messages not yet handed out; None: the bus has no such durable."""
    unsettled: int | None
    """Messages handed out and not yet settled."""


@dataclass(frozen=True, slots=True)
class Health:
    """What can be told of a running system; None: the server that knows did not answer."""

    readers: list[Reader] | None = None
    write_transaction_s: float | None = None
    """Age of the oldest running write transaction: no reader sees beyond it (ADR 0002)."""
    dead_letters: int | None = None
    """Open: neither resent nor settled."""
    poison: int | None = None
    """Events that a live projection could not fold."""
    building: list[Building] | None = None
    durables: list[Durable] | None = None
    unanswered: dict[str, str] = field(default_factory=dict[str, str])
    """The servers that did not answer, and what went wrong."""


@dataclass(frozen=True, slots=True)
class _Store:
    readers: list[Reader]
    write_transaction_s: float
    dead_letters: int
    poison: int
    building: list[Building]


async def health(state: State) -> Health:
    """Ask the servers of a running system, for little more than a second at most."""
    running = {part.name for part in state.parts() if part.ready}
    unanswered: dict[str, str] = {}

    async def in_time(server: str, work: Coroutine[Any, Any, T], troubles: tuple[type[Exception], ...]) -> T | None:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await work
        except troubles as trouble:
            unanswered[server] = type(trouble).__name__
            return None

    store, durables = await asyncio.gather(
        in_time("postgres", _ask_store(state.database_url, state.pids, running), STORE_TROUBLES),
        in_time("nats", _ask_bus(state.nats_url, state.pids, running), BUS_TROUBLES),
    )
    if store is None:
        return Health(durables=durables, unanswered=unanswered)
    return Health(
        store.readers,
        store.write_transaction_s,
        store.dead_letters,
        store.poison,
        store.building,
        durables,
        unanswered=unanswered,
    )


async def _ask_store(url: str, parts: Collection[str], running: set[str]) -> _Store:
    settings = {"application_name": "tereze-status"}
    async with asyncpg.create_pool(url, min_size=1, max_size=1, server_settings=settings) as pool:
        log = Log(pool)
        now: datetime = await pool.fetchval("SELECT clock_timestamp()")
        readers: list[Reader] = []
        for name, process, cursor in await _checkpoints(pool, parts):
            events, oldest = await log.behind(cursor or Cursor())
            age = None if oldest is None else max((now - oldest).total_seconds(), 0.0)
            readers.append(Reader(name, process in running, cursor is not None, events, age))
        row = await pool.fetchrow(
            """SELECT (SELECT count(*) FROM ops.dead_letter WHERE resent_at IS NULL) AS dead_letters,
                      (SELECT count(*) FROM read.poison JOIN read.projection USING (name, version)
                       WHERE status = 'live') AS poison"""
        )
        if row is None:
            raise AssertionError("a SELECT without FROM has a row")
        age = (await log.horizon_age()).total_seconds()
        return _Store(readers, age, row["dead_letters"], row["poison"], await _building(pool, now))


async def _building(pool: asyncpg.Pool[asyncpg.Record], now: datetime) -> list[Building]:
    rows = await pool.fetch(
        "SELECT name, version, events, total, started_at, updated_at FROM read.projection"
        " WHERE status = 'building' ORDER BY name, version"
    )
    found: list[Building] = []
    for row in rows:
        took = (row["updated_at"] - row["started_at"]).total_seconds()
        rate = row["events"] / took if took > 0 else 0.0
        left = None if row["total"] is None or not rate else max(0, row["total"] - row["events"]) / rate
        silent = max((now - row["updated_at"]).total_seconds(), 0.0)
        found.append(Building(f"{row['name']} v{row['version']}", row["events"], row["total"], rate, left, silent))
    return found


async def _checkpoints(
    pool: asyncpg.Pool[asyncpg.Record], parts: Collection[str]
) -> list[tuple[str, str, Cursor | None]]:
    """Every reader: its name, its process, how far it has come. The read side is ready once all its tables live."""
    publishers: list[tuple[str, str, Cursor | None]] = []
    for name in ("relay", "watch", "notify"):
        if name in parts:
            row = await pool.fetchrow(f"SELECT xid, position FROM ops.{name}")  # noqa: S608
            publishers.append((name, name, Cursor(*row) if row else None))
    live = await pool.fetch(
        "SELECT name, version, xid, position FROM read.projection WHERE status = 'live' ORDER BY name, version"
    )
    return [
        *publishers,
        *((f"{row['name']} v{row['version']}", "insight", Cursor(row["xid"], row["position"])) for row in live),
        *([] if live else [("projections", "insight", None)]),
    ]


async def _ask_bus(url: str, parts: Collection[str], running: set[str]) -> list[Durable]:
    connection = await nats.connect(
        url,
        name="tereze-status",
        inbox_prefix=inbox_prefix("admin").encode(),
        allow_reconnect=False,
        connect_timeout=1,
        error_cb=_ignored,
    )
    try:
        stream = connection.jetstream(timeout=1)
        found: list[Durable] = []
        for stream_name in (IN_STREAM, EVENTS_STREAM, OUT_STREAM):
            for info in await stream.consumers_info(stream_name):
                if stream_name == OUT_STREAM and info.config.durable_name is None:
                    continue  # one that looks for what is to be erased
                served = info.name.removesuffix("-reactions") in running
                if stream_name == OUT_STREAM or info.name == ESCALATIONS:
                    served = bool(info.num_waiting)
                found.append(Durable(stream_name, info.name, served, info.num_pending, info.num_ack_pending))
        known = {durable.name for durable in found}
        lost = [part for part in parts if part not in _NO_SERVICE and part not in known]
        return found + [Durable(IN_STREAM, name, name in running, None, None) for name in lost]
    finally:
        await connection.close()


async def _ignored(_error: Exception) -> None:
    """What goes wrong is told by the calls themselves."""
