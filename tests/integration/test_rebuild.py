"""Rebuilds that are stopped, killed or mended: nothing is lost, nothing stands twice, and readers notice nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace

import asyncpg
import pytest

from services.insight import sampled
from services.insight.folding import PoisonError
from services.insight.progress import Progress
from services.insight.rebuild import IncompleteError, rebuild
from services.insight.sampled import SampleError
from services.insight.verify import verify
from services.insight.views import projections
from tests.conftest import RunningServers
from tests.integration.histories import append, history

PAGE = 20
SLA = next(found for found in projections("Asia/Almaty") if found.name == "sla")
BUILDING = "SELECT events, rows_written, total FROM read.projection WHERE name = 'sla' AND status = 'building'"


@pytest.fixture
async def pool(clean_store: RunningServers) -> AsyncIterator[asyncpg.Pool]:
    """The database as the read side's own role, with a history in it."""
    owner = await asyncpg.connect(clean_store.dsn())
    await append(owner, history(41, 60))
    await owner.close()
    async with asyncpg.create_pool(clean_store.dsn("insight"), min_size=1, max_size=8) as pool:
        yield pool


async def stopped_after(pool: asyncpg.Pool, pages: int) -> list[Progress]:
    """A rebuild that somebody stops after so many pages."""
    seen: list[Progress] = []

    def report(progress: Progress) -> None:
        seen.append(progress)
        if len(seen) == pages:
            building.cancel()

    building = asyncio.create_task(rebuild(pool, SLA, report, page=PAGE))
    with suppress(asyncio.CancelledError):
        await building
    return seen


async def test_a_rebuild_that_was_stopped_goes_on_where_it_was(pool: asyncpg.Pool) -> None:
    # Given a live table, and a rebuild stopped after three pages
    await rebuild(pool, SLA)
    rows = await pool.fetchval(f"SELECT count(*) FROM read.{SLA.table}")
    await stopped_after(pool, 3)
    left = await pool.fetchrow(BUILDING)
    assert left is not None and left["events"] >= 3 * PAGE
    assert await pool.fetchval(f"SELECT count(*) FROM read.{SLA.table}") == rows, "the old one answers"

    # When it is rebuilt
    seen: list[Progress] = []
    done = await rebuild(pool, SLA, seen.append, page=PAGE)

    # Then what was built is not built again, and the whole is what it would have been
    assert seen[0].done == left["events"] + PAGE
    assert done.before == left["events"]
    assert await pool.fetchrow(BUILDING) is None
    assert await pool.fetchval(f"SELECT count(*) FROM read.{SLA.table}") == rows
    assert (await verify(pool, SLA)).differences == 0


async def test_from_the_beginning_where_that_is_asked_for(pool: asyncpg.Pool) -> None:
    await stopped_after(pool, 3)
    seen: list[Progress] = []
    await rebuild(pool, SLA, seen.append, anew=True, page=PAGE)
    assert seen[0].done == PAGE
    assert (await verify(pool, SLA)).differences == 0


async def test_what_was_begun_of_another_version_is_cleared_away(pool: asyncpg.Pool) -> None:
    await stopped_after(pool, 2)
    newer = replace(SLA, version=SLA.version + 1)
    await rebuild(pool, newer, page=PAGE)
    tables = await pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'read' ORDER BY 1")
    assert [row["tablename"] for row in tables] == ["lives", "poison", "projection", newer.table]


async def test_a_table_with_a_row_missing_never_takes_the_live_ones_place(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its count alone: in a long history its event is in no sample."""
    monkeypatch.setattr(sampled, "SOME", 0)
    monkeypatch.setattr(sampled, "NEWEST", 0)
    await rebuild(pool, SLA)
    await stopped_after(pool, 3)
    await pool.execute(f"DELETE FROM read.{SLA.table}_building WHERE ctid = '(0,1)'")
    with pytest.raises(IncompleteError, match="--anew"):
        await rebuild(pool, SLA, page=PAGE)
    assert await pool.fetchrow(BUILDING) is None, "the next one begins anew"
    assert (await verify(pool, SLA)).differences == 0


@pytest.mark.parametrize(
    "fault",
    [
        "UPDATE read.{table} SET owner = 'nobody' WHERE ctid = '(0,1)'",
        # As many rows as before: one that was written stands twice, and another one is gone.
        "UPDATE read.{table} t SET (position, seq) = (SELECT position, seq FROM read.{table} WHERE ctid = '(0,2)')"
        " WHERE ctid = '(0,1)'",
    ],
)
async def test_a_table_with_a_wrong_row_never_takes_the_live_ones_place(pool: asyncpg.Pool, fault: str) -> None:
    await rebuild(pool, SLA)
    await stopped_after(pool, 3)
    await pool.execute(fault.format(table=f"{SLA.table}_building"))
    with pytest.raises(SampleError, match=r"the live table stays\. (as built|by the fold): "):
        await rebuild(pool, SLA, page=PAGE)
    assert await pool.fetchrow(BUILDING) is None, "the next one begins anew"
    assert (await verify(pool, SLA)).differences == 0, "the old one answers"


@pytest.mark.parametrize(("some", "newest"), [(60, 0), (0, 20)])
async def test_sets_that_make_other_rows_than_the_folds_are_found_by_a_sample_of_them(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch, some: int, newest: int
) -> None:
    assert SLA.setwise is not None
    monkeypatch.setattr(sampled, "SOME", some)
    monkeypatch.setattr(sampled, "NEWEST", newest)
    await rebuild(pool, SLA)
    wrong = SLA.setwise.select.replace("recorded_at\nFROM", "recorded_at + interval '1 microsecond'\nFROM")
    assert wrong != SLA.setwise.select
    with pytest.raises(SampleError):
        await rebuild(pool, replace(SLA, setwise=replace(SLA.setwise, select=wrong)), page=PAGE)
    assert (await verify(pool, SLA)).differences == 0


async def test_poison_leaves_nothing_to_go_on_with(pool: asyncpg.Pool) -> None:
    await stopped_after(pool, 2)
    name = await pool.fetchval(
        "SELECT type FROM store.event WHERE type = ANY($1) ORDER BY (xid, position) DESC LIMIT 1", list(SLA.types)
    )

    def fails(_event: object) -> list[tuple[object, ...]]:
        raise ValueError("a fold with a fault")

    with pytest.raises(PoisonError, match=name):
        await rebuild(pool, replace(SLA, folds={**SLA.folds, name: fails}, setwise=None), page=PAGE)
    assert await pool.fetchrow(BUILDING) is None
    await rebuild(pool, SLA, page=PAGE)
    assert (await verify(pool, SLA)).differences == 0


WRITTEN = """
SELECT (SELECT count(*) FROM store.event), (SELECT count(*) FROM store.inbox), (SELECT count(*) FROM ops.dead_letter),
       (SELECT to_jsonb(r) FROM ops.relay r), (SELECT to_jsonb(n) FROM ops.notify n),
       (SELECT to_jsonb(w) FROM ops.watch w)
"""


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO store.event (context, stream_id, version, type, schema_version, data, occurred_at, causation_id,"
        " correlation_id, actor) VALUES ('intake', 's', 1, 'T', 1, '{}', now(), 'c', 'k', 'a')",
        "INSERT INTO vault.key (consumer_id) VALUES ('somebody')",
        "UPDATE ops.relay SET position = 0",
        "UPDATE ops.notify SET position = 0",
        "UPDATE ops.watch SET position = 0",
        "DELETE FROM ops.dead_letter",
    ],
)
async def test_who_rebuilds_may_write_nothing_but_views(pool: asyncpg.Pool, statement: str) -> None:
    """The fence: it has no connection to the bus, and whatever a fold came to do, the log and its readers are safe."""
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pool.execute(statement)


async def test_a_rebuild_says_nothing_to_anybody(pool: asyncpg.Pool, clean_store: RunningServers) -> None:
    """It does not come near the log, its readers' cursors or the letters: nothing is told or sent a second time."""
    owner = await asyncpg.connect(clean_store.dsn())
    before = await owner.fetchrow(WRITTEN)
    await rebuild(pool, SLA)
    await rebuild(pool, SLA, anew=True, page=PAGE)
    assert await owner.fetchrow(WRITTEN) == before
    await owner.close()
