"""What ran at a moment is found by the clocks' lives, and is what all facts together say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta

import asyncpg
import pytest

from services.insight import lives
from services.insight.board.clocks import Standing
from services.insight.board.load import first, load
from services.insight.instants import log_connection
from services.insight.queries import running_clocks
from services.insight.queries.base import reading
from services.insight.rebuild import rebuild
from services.insight.runner import Runner
from services.insight.views import projections
from shared.centre import centre
from tests.conftest import RunningServers
from tests.integration.histories import START, append, history

(SLA,) = projections("Asia/Almaty", ["sla"])
CALENDARS = centre("Asia/Almaty").calendars
MOMENTS = [START + timedelta(days=days) for days in (-1, 1, 15, 40, 60, 90, 400)]
RECKONED = f"""
SELECT clock_id, min(at) AS began, min(at) FILTER (WHERE op IN ('stop', 'lapse', 'cancel')) AS ended
FROM read.{SLA.table} GROUP BY 1 ORDER BY 1
"""


@pytest.fixture
async def owner(clean_store: RunningServers) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(clean_store.dsn())
    yield connection
    await connection.close()


@pytest.fixture
async def pool(clean_store: RunningServers) -> AsyncIterator[asyncpg.Pool]:
    """The database as the read side's own role."""
    async with asyncpg.create_pool(clean_store.dsn("insight"), min_size=1, max_size=8) as pool:
        yield pool


async def caught_up(pool: asyncpg.Pool) -> None:
    """Let a runner take all that is stored."""
    runner = asyncio.create_task(Runner(pool, (SLA,)).run())
    async with asyncio.timeout(30):
        while not await pool.fetchval(  # noqa: ASYNC110 - the condition is in the database
            """SELECT coalesce((SELECT p.position FROM read.projection p WHERE name = 'sla' AND status = 'live')
                               = (SELECT position FROM store.event ORDER BY xid DESC, position DESC LIMIT 1), false)"""
        ):
            await asyncio.sleep(0.05)
    runner.cancel()
    await asyncio.wait([runner])


async def of(pool: asyncpg.Pool) -> str | None:
    async with pool.acquire() as connection:
        return await lives.whole(connection, SLA)


async def answers(pool: asyncpg.Pool) -> list[object]:
    """What the board and `tereze overdue` find at each moment."""
    found: list[object] = []
    for moment in (None, *MOMENTS):
        async with log_connection(pool) as connection:
            clocks, _ = await load(connection, SLA, CALENDARS, now=moment or MOMENTS[-1], as_of=moment)
        at = moment or MOMENTS[-1]
        shown: list[list[Standing]] = [list(clocks.running()), list(clocks.ended(at))]
        found.append([sorted(map(repr, some)) for some in shown])
        async with pool.acquire() as connection, reading(connection):
            found.append(sorted(map(repr, await running_clocks(connection, moment))))
    return found


async def test_filled_in_and_kept_they_answer_as_all_facts_do(owner: asyncpg.Connection, pool: asyncpg.Pool) -> None:
    # Given facts of before there were lives, others taken over live since, and some that are entered late
    happenings = history(43, 120)
    late = happenings[::7]
    first_half, second_half = happenings[: len(happenings) // 2], happenings[len(happenings) // 2 :]
    await append(owner, [one for one in first_half if one not in late])
    await caught_up(pool)
    assert await of(pool) is None
    await lives.fill(pool, SLA)
    table = await of(pool)
    assert table is not None
    await append(owner, [one for one in second_half if one not in late])
    await caught_up(pool)
    await append(owner, late)
    await caught_up(pool)

    # Then each is what the facts say, and so are the answers
    assert await pool.fetch(f"SELECT clock_id, began, ended FROM read.{table} ORDER BY 1") == await pool.fetch(RECKONED)
    by_lives = await answers(pool)
    async with log_connection(pool) as connection:
        began = await first(connection, SLA)
    await pool.execute("UPDATE read.lives SET whole = false")
    assert by_lives == await answers(pool)
    async with log_connection(pool) as connection:
        assert began == await first(connection, SLA)
    assert any(by_lives)


async def test_a_rebuilt_table_gets_lives_of_its_own(owner: asyncpg.Connection, pool: asyncpg.Pool) -> None:
    await append(owner, history(44, 30))
    await caught_up(pool)
    await lives.fill(pool, SLA)
    before = await of(pool)
    await rebuild(pool, SLA)
    assert await of(pool) is None, "nobody asks those of a table that is gone"
    await lives.fill(pool, SLA)
    table = await of(pool)
    assert table not in {None, before}
    assert await pool.fetch(f"SELECT clock_id, began, ended FROM read.{table} ORDER BY 1") == await pool.fetch(RECKONED)
    tables = await pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'read' AND tablename ~ '^lives_'")
    assert [row["tablename"] for row in tables] == [table]


async def test_what_was_broken_off_is_gone_on_with_beside_what_is_written_meanwhile(
    owner: asyncpg.Connection, pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lives, "_CHUNK", 10)
    happenings = history(45, 60)
    await append(owner, happenings[:200])
    await caught_up(pool)
    filling = asyncio.create_task(lives.fill(pool, SLA))
    async with asyncio.timeout(30):
        while not await pool.fetchval("SELECT EXISTS (SELECT FROM read.lives)"):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)
    filling.cancel()
    with suppress(asyncio.CancelledError):
        await filling
    assert await of(pool) is None
    keeping = asyncio.create_task(lives.keep(pool, SLA))
    await append(owner, happenings[200:])
    await caught_up(pool)
    async with asyncio.timeout(30):
        while await of(pool) is None:  # noqa: ASYNC110 - another task's work
            await asyncio.sleep(0.05)
    keeping.cancel()
    await asyncio.wait([keeping])
    table = await of(pool)
    assert await pool.fetch(f"SELECT clock_id, began, ended FROM read.{table} ORDER BY 1") == await pool.fetch(RECKONED)
