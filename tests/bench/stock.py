"""The side we are compared with: applications of the `eventsourcing` library as its documentation makes them.

Its own PostgreSQL module over psycopg, with its defaults (pool of 5 and 10 more, JSON transcoder, no snapshots, its
table lock and NOTIFY), on the same server as ours, in a schema of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

SCHEMA = "stock"


class Request(Aggregate):
    """A written request, with the fields of our `WrittenRequestReceived`."""

    @event("Received")
    def __init__(
        self,
        case_id: str,
        channel: str,
        language: str,
        office: str,
        topic: str,
        history: bool,
        has_contacts: bool,
    ) -> None:
        self.case_id = case_id
        self.channel = channel
        self.language = language
        self.office = office
        self.topic = topic
        self.history = history
        self.has_contacts = has_contacts


class Requests(Application[UUID]):
    """Takes requests: one command, one aggregate, one event."""

    def receive(self, **fields: Any) -> None:
        self.save(Request(**fields))


async def make_schema(admin_dsn: str) -> None:
    """An empty schema for the library's tables."""
    connection = await asyncpg.connect(admin_dsn)
    try:
        await connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; CREATE SCHEMA {SCHEMA}")
    finally:
        await connection.close()


def environment(dsn: str) -> dict[str, str]:
    """The library's settings for a database: where it is, nothing else."""
    parts = urlsplit(dsn)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": parts.path.lstrip("/"),
        "POSTGRES_HOST": parts.hostname or "",
        "POSTGRES_PORT": str(parts.port),
        "POSTGRES_USER": parts.username or "",
        "POSTGRES_PASSWORD": parts.password or "",
        "POSTGRES_SCHEMA": SCHEMA,
    }


def event_bytes(app: Requests, fields: dict[str, Any]) -> int:
    """How large the library's JSON of one such event is."""
    (pending,) = Request(**fields).collect_events()
    return len(app.mapper.to_stored_event(pending).state)


def rate(callers: int, seconds: float, call: Callable[[int], None]) -> float:
    """Calls a second of `callers` threads that call without pause for so long."""
    until = time.perf_counter() + seconds

    def caller(number: int) -> int:
        done = 0
        while time.perf_counter() < until:
            call(number)
            done += 1
        return done

    began = time.perf_counter()
    with ThreadPoolExecutor(callers) as threads:
        done = sum(threads.map(caller, range(callers)))
    return done / (time.perf_counter() - began)


__all__ = ["SCHEMA", "Request", "Requests", "environment", "event_bytes", "make_schema", "rate"]
