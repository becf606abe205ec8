"""Projections on a real PostgreSQL: live equals rebuilt, poison, as-of, and an independent computation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import asyncpg
import holidays
import pandas as pd
import pytest

from deploy.cli.case_view import case_tables
from services.insight import queries
from services.insight.folding import PoisonError
from services.insight.persons import Person, UnknownPersonError, person
from services.insight.projection import Projection, Row, Seen
from services.insight.rebuild import BusyError, exclusive, rebuild
from services.insight.runner import Runner
from services.insight.timeline import UnknownCaseError, timeline
from services.insight.verify import NotBuiltError, verify
from services.insight.views import UnknownProjectionError, projections
from tests.conftest import RunningServers
from tests.integration.histories import SECRET, START, Happening, append, history, make

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

TIMEZONE = "Asia/Almaty"
ALL = projections(TIMEZONE)
SLA = next(found for found in ALL if found.name == "sla")
NOW = START + timedelta(days=100)


@pytest.fixture
async def pool(clean_store: RunningServers) -> AsyncIterator[Pool]:
    """The database as the read side's own role."""
    async with asyncpg.create_pool(clean_store.dsn("insight"), min_size=1, max_size=8) as pool:
        yield pool


@pytest.fixture
async def store(clean_store: RunningServers) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """The database as its owner, to write history."""
    connection = await asyncpg.connect(clean_store.dsn())
    yield connection
    await connection.close()


@asynccontextmanager
async def following(pool: Pool, some: tuple[Projection, ...] = ALL, *, page: int = 50) -> AsyncIterator[Runner]:
    runner = Runner(pool, some, page=page)
    task = asyncio.create_task(runner.run())
    try:
        await runner.opened()
        yield runner
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await condition():  # noqa: ASYNC110 - the condition is in the database
            await asyncio.sleep(0.02)


async def caught_up(pool: Pool, *some: Projection) -> None:
    """Wait until the checkpoints stand at the last event that each projection reads, or beyond."""
    for projection in some or ALL:

        async def at_the_end(projection: Projection = projection) -> bool:
            return await pool.fetchval(
                """SELECT position >= (SELECT coalesce(max(position), 0) FROM store.event WHERE type = ANY($3))
                   FROM read.projection WHERE name = $1 AND version = $2 AND status = 'live'""",
                projection.name,
                projection.version,
                list(projection.types),
            )

        await until(at_the_end)


async def rows_of(pool: Pool, projection: Projection) -> list[tuple[Any, ...]]:
    rows = await pool.fetch(f"SELECT * FROM read.{projection.table} ORDER BY position, seq")
    return [tuple(row) for row in rows]


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_live_equals_rebuilt_row_for_row(pool: Pool, store: asyncpg.Connection, seed: int) -> None:
    happenings = history(seed, 60)
    third = len(happenings) // 3
    await append(store, happenings[:third])
    async with following(pool, page=7):
        await append(store, happenings[third:])
        await caught_up(pool)
    for projection in ALL:
        live = await rows_of(pool, projection)
        verdict = await verify(pool, projection)
        assert (verdict.differences, verdict.rows) == (0, len(live)), verdict.first
        await rebuild(pool, projection)
        assert await rows_of(pool, projection) == live
        # These histories hold of what a review looks at the surveys only, and no subscription.
        assert len(live) > {"review": 10, "subscriptions": -1}.get(projection.name, 50)


async def test_a_runner_killed_between_and_within_pages_loses_and_doubles_nothing(
    pool: Pool, store: asyncpg.Connection
) -> None:
    await append(store, history(4, 60))
    async with following(pool):
        pass  # makes the tables
    for delay in (0.0, 0.003, 0.006, 0.01, 0.02):
        runner = asyncio.create_task(Runner(pool, ALL, page=5).run())
        await asyncio.sleep(delay)
        runner.cancel()
        with suppress(asyncio.CancelledError):
            await runner
    async with following(pool, page=5):
        await caught_up(pool)
    for projection in ALL:
        assert (await verify(pool, projection)).differences == 0


async def test_several_runners_do_not_write_twice(pool: Pool, store: asyncpg.Connection) -> None:
    async with following(pool, (SLA,), page=3), following(pool, (SLA,), page=5):
        await append(store, history(5, 60))
        await caught_up(pool, SLA)
    assert (await verify(pool, SLA)).differences == 0


def brittle(_event: Seen) -> list[Row]:
    raise ValueError("can't read this")


def too_wide(event: Seen) -> list[Row]:
    """A row that the table can't hold: its `seq` is beyond a smallint."""
    (row,) = SLA.rows(event)
    return [(row[0], 1 << 40, *row[2:])]


@pytest.mark.parametrize("fold", [brittle, too_wide])
async def test_poison_is_set_aside_live_and_fails_a_rebuild(
    pool: Pool, store: asyncpg.Connection, fold: Callable[[Seen], list[Row]]
) -> None:
    happenings = history(6, 40)
    positions = await append(store, happenings)
    poisoned = [
        position
        for position, happening in zip(positions, happenings, strict=True)
        if happening.event.type_name() == "WrittenRequestAnswered"
    ]
    assert poisoned
    broken = replace(SLA, folds={**SLA.folds, "WrittenRequestAnswered": fold}, setwise=None)
    async with following(pool, (broken,), page=20):
        await caught_up(pool, broken)
    found = await pool.fetch("SELECT position, error FROM read.poison WHERE name = 'sla' ORDER BY position")
    assert [row["position"] for row in found] == poisoned
    others = await pool.fetchval(f"SELECT count(*) FROM read.{SLA.table} WHERE clock_id LIKE 'details%'")
    assert others > 0

    before = await rows_of(pool, broken)
    with pytest.raises(PoisonError, match=rf"position {poisoned[0]} \(WrittenRequestAnswered\)"):
        await rebuild(pool, broken)
    assert await rows_of(pool, broken) == before, "a failed rebuild leaves the live table alone"
    assert await pool.fetchval("SELECT count(*) FROM read.projection") == 1

    await rebuild(pool, SLA)
    assert await pool.fetchval("SELECT count(*) FROM read.poison") == 0, "rebuilt with a sound fold, none is poison"
    assert (await verify(pool, SLA)).differences == 0


async def test_verify_finds_each_kind_of_tampering(pool: Pool, store: asyncpg.Connection) -> None:
    await append(store, history(7, 30))
    with pytest.raises(NotBuiltError, match="tereze rebuild sla"):
        await verify(pool, SLA)
    await rebuild(pool, SLA)
    assert (await verify(pool, SLA)).differences == 0

    victim = await pool.fetchval(f"SELECT position FROM read.{SLA.table} WHERE op = 'start' ORDER BY position LIMIT 1")
    await pool.execute(f"UPDATE read.{SLA.table} SET due_at = due_at + interval '1 second' WHERE position = $1", victim)
    changed = await verify(pool, SLA)
    assert changed.differences >= 2
    assert {first["stands"] for first in changed.first} == {"live only", "rebuilt only"}
    assert changed.first[0]["row"]["position"] == victim
    await rebuild(pool, SLA)

    await pool.execute(f"INSERT INTO read.{SLA.table} SELECT * FROM read.{SLA.table} ORDER BY position, seq LIMIT 1")
    doubled = await verify(pool, SLA)
    assert [first["stands"] for first in doubled.first] == ["live only"]
    await rebuild(pool, SLA)

    await pool.execute(f"DELETE FROM read.{SLA.table} WHERE position = $1", victim)
    assert {first["stands"] for first in (await verify(pool, SLA)).first} == {"rebuilt only"}


async def test_verify_compares_at_the_live_checkpoint_while_the_log_grows(
    pool: Pool, store: asyncpg.Connection
) -> None:
    happenings = history(8, 60)
    await append(store, happenings[:100])
    async with following(pool, (SLA,), page=3):
        await caught_up(pool, SLA)
        writing = asyncio.create_task(append(store, happenings[100:]))
        for _ in range(5):
            assert (await verify(pool, SLA)).differences == 0
        await writing
        await caught_up(pool, SLA)
    assert (await verify(pool, SLA)).differences == 0


async def test_a_rebuild_under_a_running_reader_swaps_without_a_gap(pool: Pool, store: asyncpg.Connection) -> None:
    happenings = history(9, 80)
    await append(store, happenings[:50])
    async with following(pool, (SLA,), page=5):
        await caught_up(pool, SLA)
        writing = asyncio.create_task(append(store, happenings[50:]))
        seen = 0
        for _ in range(5):
            await rebuild(pool, SLA)
            rows = await pool.fetchval(f"SELECT count(*) FROM read.{SLA.table}")
            assert rows >= seen, "the new table is never behind the one it replaces"
            seen = rows
        await writing
        await caught_up(pool, SLA)
    assert (await verify(pool, SLA)).differences == 0


async def test_a_new_version_is_built_beside_the_old_one_and_takes_its_place(
    pool: Pool, store: asyncpg.Connection
) -> None:
    await append(store, history(10, 20))
    await rebuild(pool, SLA)
    newer = replace(SLA, version=SLA.version + 1)
    async with following(pool, (newer,)):
        await caught_up(pool, newer)
    tables = await pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'read' ORDER BY 1")
    assert [row["tablename"] for row in tables] == ["lives", "poison", "projection", newer.table]
    assert (await verify(pool, newer)).differences == 0


async def test_only_one_rebuild_at_a_time(pool: Pool, store: asyncpg.Connection) -> None:
    async with exclusive(pool, SLA):
        with pytest.raises(BusyError, match="wait"):
            await rebuild(pool, SLA)
    await rebuild(pool, SLA)


async def test_an_open_transaction_makes_no_reader_skip_its_events(
    pool: Pool, store: asyncpg.Connection, clean_store: RunningServers
) -> None:
    happenings = history(11, 20)
    late = await asyncpg.connect(clean_store.dsn())
    transaction = late.transaction()
    async with following(pool, (SLA,)):
        await transaction.start()
        await append(late, [happening for happening in happenings if happening.case_id.endswith("1")])
        await append(store, [happening for happening in happenings if not happening.case_id.endswith("1")])
        await asyncio.sleep(0.5)
        assert await pool.fetchval(f"SELECT count(*) FROM read.{SLA.table}") == 0
        await transaction.commit()
        await late.close()
        await until(lambda: _has_all(pool))
    assert (await verify(pool, SLA)).differences == 0


async def _has_all(pool: Pool) -> bool:
    events = await pool.fetchval(
        "SELECT count(*) FROM store.event WHERE type IN ('RequestReceived', 'WrittenRequestReceived')"
    )
    starts = await pool.fetchval(
        f"SELECT count(DISTINCT case_id) FROM read.{SLA.table}"
        " WHERE clock_id ~ '^(details|mail_answer):' AND op = 'start'"
    )
    return events == starts


# ── queries ──────────────────────────────────────────────────────────────────────────────────────────────────


def answers_by_pandas(happenings: list[Happening], moment: datetime) -> pd.DataFrame:
    """Answered or declined within 10 calendar days, in the centre's time: computed independently.

    What came on a closed day counts from nine o'clock of the next working day; of older records, from that day.
    """
    events = pd.DataFrame(
        {
            "case_id": happening.case_id,
            "type": happening.event.type_name(),
            "at": happening.occurred_at,
            "channel": str(getattr(happening.event, "channel", "")),
            "older": getattr(happening.event, "history", False),
        }
        for happening in happenings
        if happening.occurred_at <= moment
    )
    received = events[events["type"] == "WrittenRequestReceived"].set_index("case_id")
    ends = events[events["type"].isin(["WrittenRequestAnswered", "WrittenRequestDeclined"])]
    cases = received.join(ends.groupby("case_id")["at"].min().rename("done"))
    local = cases["at"].dt.tz_convert(TIMEZONE).dt.tz_localize(None)
    counted_from = local.where(cases["older"].astype(bool), local.map(_counted_from))
    due = (counted_from + pd.Timedelta(days=10)).dt.tz_localize(TIMEZONE)
    cases["verdict"] = "open"
    cases.loc[cases["done"] <= due, "verdict"] = "met"
    cases.loc[cases["done"] > due, "verdict"] = "breached"
    cases["overdue"] = cases["done"].isna() & (due < pd.Timestamp(moment))
    cases["taken"] = (cases["done"] - cases["at"]).dt.total_seconds()
    return cases


def _counted_from(local: pd.Timestamp) -> pd.Timestamp:
    free = holidays.country_holidays("KZ")
    while (local.weekday() > 4 and local.date() not in free.weekend_workdays) or local.date() in free:
        local = local.normalize() + pd.Timedelta(days=1, hours=9)
    return local


@pytest.mark.parametrize("day", [None, 20, 45])
async def test_sla_equals_an_independent_computation(pool: Pool, store: asyncpg.Connection, day: int | None) -> None:
    happenings = history(12, 300)
    await append(store, happenings)
    await rebuild(pool, SLA)
    as_of = START + timedelta(days=day) if day else None
    expected = answers_by_pandas(happenings, as_of or NOW + timedelta(days=400))
    async with pool.acquire() as connection:
        rows = await queries.sla(connection, now=NOW + timedelta(days=400), as_of=as_of)
    found = {row.channel: row for row in rows if row.indicator == "mail_answer"}
    assert set(found) == set(expected["channel"])
    for channel, cases in expected.groupby("channel"):
        row = found[str(channel)]
        counts = cases["verdict"].value_counts()
        assert (row.total, row.met, row.breached, row.open, row.overdue) == (
            len(cases),
            counts.get("met", 0),
            counts.get("breached", 0),
            counts.get("open", 0),
            cases["overdue"].sum(),
        )
        taken = cases["taken"].dropna()
        assert row.average_s == pytest.approx(taken.mean())
        assert row.p50_s == pytest.approx(taken.quantile(0.5))
        assert row.p95_s == pytest.approx(taken.quantile(0.95))
        assert row.limit_s == 864_000


async def test_sla_filters_and_groups_follow_ups_included(pool: Pool, store: asyncpg.Connection) -> None:
    await append(store, history(13, 200))
    await rebuild(pool, SLA)
    async with pool.acquire() as connection:
        whole = await queries.sla(connection, now=NOW)
        by_office = await queries.sla(connection, now=NOW, by=queries.SlaGroup.OFFICE)
        one = await queries.sla(connection, now=NOW, office="Centre 1")
    follow_ups = [row for row in whole if row.indicator == "follow_up"]
    assert follow_ups
    assert all(row.channel in {"walk_in", "phone", "email", "web"} for row in follow_ups)
    assert {row.group for row in by_office} == {"Centre 1", "Centre 2", "Centre 3"}
    assert sum(row.total for row in by_office) == sum(row.total for row in whole)
    # Sums of floats depend on their order in the last digit.
    grouped = [replace(row, group=None, average_s=None) for row in by_office if row.group == "Centre 1"]
    assert grouped == [replace(row, average_s=None) for row in one]
    assert all(row.total == row.met + row.breached + row.open and row.below_norm <= row.met for row in whole)


async def test_effectiveness_equals_an_independent_computation(pool: Pool, store: asyncpg.Connection) -> None:
    happenings = history(14, 200)
    await append(store, happenings)
    (projection,) = projections(TIMEZONE, ["effectiveness"])
    await rebuild(pool, projection)
    async with pool.acquire() as connection:
        rows = await queries.effectiveness(connection, by=queries.EffectivenessGroup.CONSULTANT)
        causes = await queries.causes(connection)
        (whole,) = await queries.effectiveness(connection)
    facts = pd.DataFrame({"type": h.event.type_name(), **h.event.model_dump(mode="json")} for h in happenings)
    for consultant, own in facts[facts["type"] != "ConsultationOpened"].groupby("consultant"):
        row = next(row for row in rows if row.group == consultant)
        held, said = own[own["type"] == "ConsultHeld"], own[own["type"] == "SatisfactionAssessed"]
        judged = own[own["type"] == "EffectivenessEvaluated"]
        assert (row.consultations, row.minutes, row.cost) == (
            len(held),
            held["minutes_spent"].sum(),
            held["cost"].sum(),
        )
        assert (row.assessed, row.satisfied) == (len(said), said["satisfied"].sum())
        assert row.average_result == pytest.approx(said["result"].mean())
        assert row.first_contact == (said["satisfied"].astype(bool) & (said["number"] == 1)).sum()
        assert row.effective == judged["effective"].sum()
        assert row.average_degree_solved == pytest.approx(judged["degree_solved"].mean())
    named = facts[facts["type"] == "Dissatisfied"]["causes"].explode().value_counts()
    assert {row.cause: row.named for row in causes} == named.to_dict()
    assert [row.named for row in causes] == sorted(named, reverse=True)
    assert whole.consultations == sum(row.consultations for row in rows)


async def test_queries_and_names_that_can_not_be_answered_say_what_to_do(pool: Pool) -> None:
    async with pool.acquire() as connection:
        with pytest.raises(queries.NotBuiltError, match="tereze rebuild sla"):
            await queries.sla(connection, now=NOW)
    with pytest.raises(UnknownProjectionError, match="effectiveness, review, sla, subscriptions"):
        projections(TIMEZONE, ["nonsense"])


async def test_a_cases_timeline_shows_deadlines_and_no_persons(pool: Pool, store: asyncpg.Connection) -> None:
    def written(type_name: str, day: float, **data: Any) -> Happening:
        return Happening("c1", START + timedelta(days=day), make(type_name, case_id="c1", **data))

    await append(
        store,
        [
            written(
                "WrittenRequestReceived",
                0,
                channel="post",
                language="kk",
                office="Centre 1",
                topic=None,
                history=False,
                has_contacts=True,
                name=SECRET,
            ),
            written("WrittenRequestRegistered", 2, registration_number="R-1", topic="housing", responsible="o1"),
        ],
    )
    async with pool.acquire() as connection:
        now = datetime(2026, 1, 10, 4, 0, tzinfo=UTC)
        found = await timeline(connection, "c1", sla=SLA, now=now)
        with pytest.raises(UnknownCaseError, match="no case 'c2'"):
            await timeline(connection, "c2", sla=SLA, now=now)
    assert [entry.type for entry in found.entries] == ["WrittenRequestReceived", "WrittenRequestRegistered"]
    assert found.entries[0].data["name"] == "[sealed]"
    assert SECRET not in str(found)
    verdicts = {deadline.indicator: (deadline.verdict, deadline.by_s) for deadline in found.deadlines}
    day = 86_400
    assert verdicts == {"mail_register": ("breached", -1 * day), "mail_answer": ("open", 5 * day)}
    assert found.deadlines[0].due_at.tzinfo is not None
    assert found.deadlines[0].started_at.astimezone(ZoneInfo(TIMEZONE)).hour == 9


def of_registry(type_name: str, consumer_id: str, day: float, **data: Any) -> Happening:
    return Happening(consumer_id, START + timedelta(days=day), make(type_name, **({"consumer_id": consumer_id} | data)))


def by_post(case_id: str, consumer_id: str, day: float) -> Happening:
    facts: dict[str, Any] = {"channel": "post", "language": "kk", "office": "Centre 1", "topic": None}
    facts |= {"history": False, "has_contacts": True, "name": SECRET, "case_id": case_id, "consumer_id": consumer_id}
    return Happening(case_id, START + timedelta(days=day), make("WrittenRequestReceived", **facts))


async def test_a_case_says_whose_it_is_and_in_words_that_they_were_forgotten(
    pool: Pool, store: asyncpg.Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    await append(store, [by_post("c1", "p-1", 0), by_post("c2", "p-2", 1), of_registry("ConsumerForgotten", "p-1", 2)])
    async with pool.acquire() as connection:
        now = datetime(2026, 1, 10, 4, 0, tzinfo=UTC)
        gone, stays = [await timeline(connection, case, sla=SLA, now=now) for case in ("c1", "c2")]
    assert (gone.entries[0].data["name"], stays.entries[0].data["name"]) == ("[forgotten]", "[sealed]")
    assert gone.persons == [Person("p-1", forgotten_at=START + timedelta(days=2))]
    assert stays.persons == [Person("p-2")]
    case_tables(gone, TIMEZONE)
    told = " ".join(capsys.readouterr().out.split())
    assert "Consumer p-1 was forgotten on 2026-01-07" in told
    assert "can't be read any more" in told
    assert "forgotten: name" in told
    assert "sealed" not in told


async def test_of_whichever_record_a_person_is_shown_whole(pool: Pool, store: asyncpg.Connection) -> None:
    merged: dict[str, Any] = {"merged_by": "m-1", "reason": "one person"}
    await append(
        store,
        [
            *(by_post("c3", "p-3", 3), by_post("c1", "p-1", 0), by_post("c2", "p-2", 1), by_post("c4", "p-4", 4)),
            of_registry("ConsumerMerged", "p-3", 5, into="p-2", **merged),
            of_registry("ConsumerAbsorbed", "p-2", 5, other="p-3", known=[]),
            of_registry("ConsumerMerged", "p-2", 6, into="p-1", **merged),
            of_registry("ConsumerAbsorbed", "p-1", 6, other="p-2", known=[]),
        ],
    )
    async with pool.acquire() as connection:
        shown = [await person(connection, one) for one in ("p-1", "p-2", "p-3")]
        alone = await person(connection, "p-4")
        with pytest.raises(UnknownPersonError, match="tereze case"):
            await person(connection, "p-5")
    assert shown[0] == shown[1] == shown[2]
    assert shown[0].consumer_id == "p-1"
    assert shown[0].records == [Person("p-1"), Person("p-2", into="p-1"), Person("p-3", into="p-2")]
    assert [(one.case_id, one.consumer_id) for one in shown[0].cases] == [("c1", "p-1"), ("c2", "p-2"), ("c3", "p-3")]
    assert [one.case_id for one in alone.cases] == ["c4"]


async def test_the_checkpoint_passes_by_what_a_projection_does_not_read(pool: Pool, store: asyncpg.Connection) -> None:
    """Else health would take a history of letters for a lag of `effectiveness`, and each start read it again."""
    (quiet,) = projections(TIMEZONE, ["effectiveness"])
    letters = [one for one in history(16, 40) if one.event.type_name().startswith("WrittenRequest")]
    positions = await append(store, letters)
    async with following(pool, (quiet,)):

        async def passed_by() -> bool:
            return positions[-1] == await pool.fetchval("SELECT position FROM read.projection")

        await until(passed_by)
    assert await rows_of(pool, quiet) == []
    assert (await verify(pool, quiet)).differences == 0
