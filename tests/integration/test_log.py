"""Reading the log: nothing is skipped, whatever is still being written; and a restored log goes on."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TypeAlias

import asyncpg
import pytest

from shared.eventstore import Cursor, EventStore, Log, RecordedEvent
from shared.eventstore.log import PLAN_IN_ORDER, page_statement
from shared.eventstore.restamp import restamp
from tests.conftest import RunningServers
from tests.integration.test_store import message

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

START = Cursor()
_INSERT = """INSERT INTO store.event_intake (context, stream_id, version, type, schema_version, data, occurred_at,
        causation_id, correlation_id, actor, position, xid)
    VALUES ('intake', $1, 1, 'RequestReceived', 1, '{}', now(), 'c', 'case', 'k',
            coalesce($2, nextval('store.position')), coalesce($3, pg_current_xact_id()))"""


@pytest.fixture
async def owner(clean_store: RunningServers) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(clean_store.dsn())
    yield connection
    await connection.close()


@pytest.fixture
async def stores(clean_store: RunningServers) -> AsyncIterator[tuple[EventStore, EventStore]]:
    """The writers of two contexts."""
    async with (
        asyncpg.create_pool(clean_store.dsn("intake"), min_size=1, max_size=2) as intake,
        asyncpg.create_pool(clean_store.dsn("consult"), min_size=1, max_size=2) as consult,
    ):
        yield EventStore(intake, "intake"), EventStore(consult, "consult")


@pytest.fixture
async def log(clean_store: RunningServers) -> AsyncIterator[Log]:
    async with asyncpg.create_pool(clean_store.dsn("insight"), min_size=1, max_size=2) as pool:
        yield Log(pool)


@asynccontextmanager
async def writing(servers: RunningServers) -> AsyncGenerator[Connection]:
    """A service's transaction that has its number and is not yet committed."""
    connection: Connection = await asyncpg.connect(servers.dsn("intake"))
    try:
        async with connection.transaction():
            await connection.execute("SELECT pg_current_xact_id()")
            yield connection
    finally:
        await connection.close()


async def drain(log: Log, after: Cursor = START, limit: int = 100) -> tuple[list[RecordedEvent], Cursor]:
    """What a reader sees from `after` on, page by page."""
    seen: list[RecordedEvent] = []
    while True:
        page = await log.read(after, limit)
        seen += page.events
        if not page.events:
            assert page.after == after
            return seen, after
        assert page.after == page.events[-1].cursor
        after = page.after


def streams(events: list[RecordedEvent]) -> list[str]:
    return [event.stream_id for event in events]


@pytest.mark.parametrize("limit", [1, 2, 100])
async def test_all_contexts_are_read_as_one_log(stores: tuple[EventStore, EventStore], log: Log, limit: int) -> None:
    intake, consult = stores
    await intake.append([message("m1", "request-1", 0, "x", "y")])
    await consult.append([message("m1", "consultation-1", 0), message("m2", "consultation-2", 0)])
    await intake.append([message("m2", "request-2", 0)])
    seen, cursor = await drain(log, limit=limit)
    assert streams(seen) == ["request-1", "request-1", "consultation-1", "consultation-2", "request-2"]
    assert [event.context for event in seen] == ["intake", "intake", "consult", "consult", "intake"]
    assert cursor == await log.head()
    assert await log.behind(cursor) == (0, None)


async def test_no_event_is_skipped_while_a_transaction_is_open(
    clean_store: RunningServers, stores: tuple[EventStore, EventStore], log: Log
) -> None:
    """The fault this guards from: reading past an event that is written but not yet committed."""
    intake, _ = stores
    await intake.append([message("m0", "request-0", 0)])
    async with writing(clean_store) as open_transaction:
        await open_transaction.execute(_INSERT, "request-open", None, None)
        await intake.append([message("m1", "request-1", 0)])
        seen, cursor = await drain(log)
        assert streams(seen) == ["request-0"], "request-1 is committed, but not final: request-open comes before it"
        behind, oldest = await log.behind(cursor)
        assert behind == 1, "what is held back counts as unseen"
        assert oldest is not None
        assert await log.horizon_age() > timedelta(0)
    seen, cursor = await drain(log, cursor)
    assert streams(seen) == ["request-open", "request-1"]
    assert await log.horizon_age() == timedelta(0)


async def test_no_event_is_skipped_where_positions_and_transactions_cross(
    clean_store: RunningServers, log: Log
) -> None:
    """An earlier transaction takes the later position and commits first. By position alone, the other would be lost."""
    async with writing(clean_store) as earlier, writing(clean_store) as later:
        await later.execute(_INSERT, "request-later", None, None)
        await earlier.execute(_INSERT, "request-earlier", None, None)
        await earlier.execute("COMMIT")
        seen, cursor = await drain(log)
        assert streams(seen) == ["request-earlier"]
        await later.execute("COMMIT")
        await earlier.execute("BEGIN")
        await later.execute("BEGIN")
    more, _ = await drain(log, cursor)
    assert streams(more) == ["request-later"]
    assert more[0].position < seen[0].position, "the case is what it says"


async def test_an_aborted_transaction_holds_nobody_back(
    clean_store: RunningServers, stores: tuple[EventStore, EventStore], log: Log
) -> None:
    intake, _ = stores
    with pytest.raises(ZeroDivisionError):
        async with writing(clean_store) as open_transaction:
            await open_transaction.execute(_INSERT, "request-aborted", None, None)
            await intake.append([message("m1", "request-1", 0)])
            raise ZeroDivisionError
    seen, _ = await drain(log)
    assert streams(seen) == ["request-1"]


async def test_a_reader_of_some_types_goes_on_behind_the_others(
    stores: tuple[EventStore, EventStore], log: Log, owner: Connection
) -> None:
    intake, _ = stores
    await intake.append([message(f"m{n}", f"request-{n}", 0) for n in range(5)])
    await owner.execute("UPDATE store.event SET type = 'ConsultHeld' WHERE stream_id IN ('request-1', 'request-2')")
    first = await log.read(Cursor(), 1, types=["ConsultHeld"])
    assert streams(list(first.events)) == ["request-1"]
    assert first.after == first.events[0].cursor, "a full page ends at its last event"
    second = await log.read(first.after, 2, types=["ConsultHeld"])
    assert streams(list(second.events)) == ["request-2"]
    assert second.after == await log.head(), "the rest was looked through"
    third = await log.read(second.after, 2, types=["ConsultHeld"])
    assert (third.events, third.after) == ([], second.after)


async def test_a_case_is_read_over_all_contexts(stores: tuple[EventStore, EventStore], log: Log) -> None:
    intake, consult = stores
    await intake.append([message("m1", "request-1", 0), message("m2", "request-2", 0)])
    await consult.append([message("m1", "request-1", 0)])
    assert [(event.context, event.stream_id) for event in await log.read_case("1")] == [
        ("intake", "request-1"),
        ("consult", "request-1"),
    ]


@pytest.mark.parametrize("of_types", [False, True])
async def test_pages_are_merged_from_the_partitions_indexes(owner: Connection, log: Log, of_types: bool) -> None:
    """Though the plan knows neither cursor nor statistics: no sort, no scan of a whole partition."""
    for context in ("intake", "consult"):
        await owner.execute(
            f"""INSERT INTO store.event_{context} (context, stream_id, version, type, schema_version, data, occurred_at,
                    causation_id, correlation_id, actor)
                SELECT '{context}', 's-' || n, 1, 'T', 1, '{{}}', now(), 'c', 'c', 'k'
                FROM generate_series(1, 6000) n"""
        )
    await owner.execute("SET plan_cache_mode = force_generic_plan")
    await owner.execute(PLAN_IN_ORDER)
    arguments = "xid8, bigint, text[]" if of_types else "xid8, bigint"
    await owner.execute(f"PREPARE page ({arguments}) AS {page_statement(500, of_types=of_types)}")
    call = "page('0', 0, '{T}')" if of_types else "page('0', 0)"
    plan = "\n".join(row[0] for row in await owner.fetch(f"EXPLAIN EXECUTE {call}"))
    assert "Merge Append" in plan
    assert "Sort  (" not in plan
    assert "Seq Scan" not in plan
    assert 'Index Cond: ((ROW(xid, "position") > ROW($1, $2)) AND (xid < pg_snapshot_xmin' in plan
    assert len((await log.read(Cursor(), 500, types=["T"] if of_types else None)).events) == 500


async def test_a_restored_log_is_restamped_and_every_reader_goes_on(
    stores: tuple[EventStore, EventStore], log: Log, owner: Connection
) -> None:
    """Given the numbers of a cluster that was further on, with positions and transactions crossing."""
    intake, _ = stores
    far = 10**12
    order = [(far, 2), (far + 1, 1), (far + 2, 3), (far + 3, 6), (far + 4, 4), (far + 5, 5)]
    base = await owner.fetchval("SELECT last_value FROM store.position")
    for xid, position in order:
        await owner.execute(_INSERT, f"request-{position}", base + position, xid)
    await owner.execute("SELECT setval('store.position', $1)", base + 6)
    await owner.execute("UPDATE ops.relay SET xid = $1, position = $2", far + 3, base + 6)
    await owner.executemany(
        "INSERT INTO read.projection (name, version, status, xid, position) VALUES ($1, 1, 'live', $2, $3)",
        [("start", 0, 0), ("behind", far, base + 2), ("level", far + 5, base + 5)],
    )
    assert await log.is_foreign()
    assert (await drain(log))[0] == [], "foreign numbers are never final"

    await restamp(owner)

    assert not await log.is_foreign()
    await intake.append([message("m", "request-new", 0)])
    new = ["request-new"]

    async def goes_on(xid: int, position: int) -> list[str]:
        return streams((await drain(log, Cursor(xid, position)))[0])

    cursors = {
        row["name"]: (row["xid"], row["position"])
        for row in await owner.fetch("SELECT name, xid, position FROM read.projection")
    }
    relay = await owner.fetchrow("SELECT xid, position FROM ops.relay")
    assert relay is not None
    assert await goes_on(*relay) == ["request-4", "request-5", *new]
    assert await goes_on(*cursors["level"]) == new
    assert sorted(await goes_on(*cursors["behind"])) == [
        "request-1",
        "request-3",
        "request-4",
        "request-5",
        "request-6",
        *new,
    ]
    assert len(await goes_on(*cursors["start"])) == len(order) + 1


async def test_an_empty_log_is_not_foreign(clean_store: RunningServers, log: Log) -> None:
    assert not await log.is_foreign()
    assert await log.head() == Cursor()
