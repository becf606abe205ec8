"""What the system says of the play, and how it differs from the account kept beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from math import isclose
from typing import Any, TypeAlias

import asyncpg
import orjson

from deploy.demo import branches
from deploy.demo.days import Protocol, protocol_of
from deploy.demo.ledger import ALL, DIMENSIONS, Ledger
from services.insight import queries
from services.insight.views import projections

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"

_PATIENCE_S = 30.0
_BETWEEN_LOOKS_S = 0.05
_CAUGHT_UP = """
SELECT NOT EXISTS (
    SELECT FROM store.event e JOIN read.projection p ON p.name = $1 AND p.version = $2 AND p.status = 'live'
    WHERE e.type = ANY ($3) AND (e.xid, e.position) > (p.xid, p.position))
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """What the system says."""

    sla: list[queries.SlaRow]
    worth: dict[str, list[queries.EffectivenessRow]]
    causes: list[queries.CauseRow]
    branches: dict[str, int]
    sold: dict[str, tuple[int, int]]
    numbers: dict[str, tuple[int, int]]
    """By facility and year: how many different numbers forms got, and the last of them."""
    protocols: dict[str, Protocol]
    """By facility and day."""
    events: dict[str, int]
    refused: dict[str, int]
    poisoned: int


@dataclass(frozen=True, slots=True)
class _Wait:
    until: str
    """A query that becomes true."""
    arguments: tuple[Any, ...]


async def settled(connection: Connection, events: int) -> bool:
    """Wait until so many events are in the store and the projections have seen them; False: not within 30 s."""
    waits = [_Wait("SELECT count(*) >= $1 FROM store.event WHERE context <> 'watch'", (events,))]
    waits += [_Wait(_CAUGHT_UP, (one.name, one.version, list(one.types))) for one in projections("UTC")]
    try:
        async with asyncio.timeout(_PATIENCE_S):
            for wait in waits:
                while not await connection.fetchval(wait.until, *wait.arguments):  # noqa: ASYNC110 - other processes'
                    await asyncio.sleep(_BETWEEN_LOOKS_S)
    except TimeoutError:
        return False
    return True


async def look(connection: Connection, now: datetime) -> Figures:
    """Ask the projections and the store. `now` decides what is overdue."""
    by = queries.EffectivenessGroup
    return Figures(
        sla=await queries.sla(connection, now=now),
        worth={name: await queries.effectiveness(connection, by=by(name)) for name in DIMENSIONS},
        causes=await queries.causes(connection),
        branches=await _counts(connection, branches.STATEMENT),
        sold={
            row["index"]: (row["count"], row["amount"])
            for row in await connection.fetch(
                """SELECT data->>'index' AS index, count(*), sum((data->>'amount')::bigint)::bigint AS amount
                   FROM store.event WHERE type = 'SubscriptionAccepted' GROUP BY 1"""
            )
        },
        numbers={
            row["book"]: (row["count"], row["last"])
            for row in await connection.fetch(
                """SELECT substring(abonement FROM '(.*)[.]') AS book, count(DISTINCT abonement),
                          max(substring(abonement FROM '[0-9]+$')::int) AS last
                   FROM store.event, LATERAL (SELECT data->>'abonement') form (abonement)
                   WHERE type = 'SubscriptionAccepted'
                   GROUP BY 1"""
            )
        },
        protocols={
            row["correlation_id"]: protocol_of(orjson.loads(row["data"]))
            for row in await connection.fetch(
                "SELECT correlation_id, data::text AS data FROM store.event WHERE type = 'DayCertified'"
            )
        },
        events=await _counts(
            # Deadlines are told of as time passes: how it jumps in a play, no account can know.
            connection,
            "SELECT type AS what, count(*) FROM store.event WHERE context <> 'watch' GROUP BY 1",
        ),
        refused=await _counts(
            connection,
            # A message that was sent again for want of an answer may lie there twice.
            "SELECT reasons->0->>'code' AS what, count(DISTINCT (message_id, type)) FROM ops.dead_letter GROUP BY 1",
        ),
        poisoned=await connection.fetchval("SELECT count(*) FROM read.poison"),
    )


async def _counts(connection: Connection, statement: str) -> dict[str, int]:
    return {row["what"]: row["count"] for row in await connection.fetch(statement)}


def differences(ledger: Ledger, figures: Figures) -> list[str]:
    """Every figure that is not what was played, in a sentence each; none: the system tells the truth."""
    sla = {f"deadlines {row.indicator} {row.channel}": asdict(row) for row in figures.sla}
    kept = {f"deadlines {name} {channel}": asdict(one) for (name, channel), one in ledger.sla.items()}
    worth = {_worth_of(name, row.group or ALL): asdict(row) for name, rows in figures.worth.items() for row in rows}
    reckoned = {_worth_of(*key): asdict(one) for key, one in ledger.worth.items()}
    causes = {row.cause: (row.named, row.cases) for row in figures.causes}
    found = [
        *_rows(kept, sla),
        *_rows(reckoned, worth),
        *_values("cause", ledger.causes, causes),
        *_values("subscriptions (count, tiyn) to", ledger.days.sold, figures.sold),
        *_values("numbers (count, last) of", ledger.days.numbers, figures.numbers),
        *_values("protocol of", ledger.days.protocols, figures.protocols),
        *_values("branch", ledger.branches, figures.branches),
        *_values("events", ledger.events, figures.events),
        *_values("dead letters", ledger.refused, figures.refused),
    ]
    return [*found, f"{figures.poisoned} events could not be projected"] if figures.poisoned else found


def _worth_of(dimension: str, value: str) -> str:
    return f"effectiveness by {dimension} {value}".rstrip()


def _rows(expected: Mapping[str, dict[str, Any]], found: Mapping[str, dict[str, Any]]) -> Iterator[str]:
    """Of each row, the fields that the account has."""
    for name in sorted(expected.keys() | found.keys()):
        if name not in found or name not in expected:
            yield f"{name}: {'missing' if name not in found else 'not played'}"
            continue
        for field, value in expected[name].items():
            if not _same(value, found[name][field]):
                yield f"{name}: {field} is {found[name][field]}, played was {value}"


def _values(what: str, expected: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            yield f"{what} {name}: {found.get(name, 'none')}, played was {expected.get(name, 'none')}"


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return isclose(one, other, rel_tol=1e-6, abs_tol=1e-6)
    return one == other
