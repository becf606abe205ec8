"""Folding by sets: the database makes, row for row, what the folds make event by event."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import orjson
import pytest

from deploy.demo.script import write
from services.insight.folding import PoisonError
from services.insight.indicators import INDICATORS
from services.insight.indicators.conditions import Condition
from services.insight.progress import Progress
from services.insight.projection import Projection
from services.insight.rebuild import rebuild
from services.insight.views import projections
from services.insight.views.sla import projection
from shared.bus.answers import Status
from shared.centre import centre
from shared.deadlines import Calendar, Calendars
from tests.conftest import RunningServers
from tests.integration.histories import Happening, append, history
from tests.unit.case_world import World

ALMATY = ZoneInfo("Asia/Almaty")
[SLA] = projections("Asia/Almaty", ["sla"])
BY_FOLDS = replace(SLA, setwise=None)
TRUTH: tuple[Any, ...] = (True, False, 0, 1, 7)
NUMBERS: tuple[Any, ...] = (0, 1, 2, 7)
TEXTS: tuple[Any, ...] = ("", "x", "None")


@pytest.fixture
async def pool(clean_store: RunningServers) -> AsyncIterator[asyncpg.Pool]:
    """The database as the read side's own role."""
    async with asyncpg.create_pool(clean_store.dsn("insight"), min_size=1, max_size=8) as pool:
        yield pool


@pytest.fixture
async def store(clean_store: RunningServers) -> AsyncIterator[asyncpg.Connection]:
    """The database as its owner, to write history."""
    connection = await asyncpg.connect(clean_store.dsn())
    yield connection
    await connection.close()


def played() -> list[Happening]:
    """What happens to the demonstration's cases, as the rules have it."""
    ends = datetime(2026, 11, 22, 10, 0, tzinfo=ALMATY)
    world = World(ends)
    for step in [
        step for _, stretch in write(ends=ends, cases=80, seed=3).ticks() for steps in stretch for step in steps
    ]:
        if step.status is Status.ACCEPTED and step.command is not None and step.command.context != "subscriptions":
            world.submit(step.command, step.at.astimezone(UTC))
            world.settle()
    return [Happening(getattr(one.event, "case_id", "none") or "none", one.at, one.event) for one in world.log]


async def rows_of(pool: asyncpg.Pool, view: Projection, **how: int) -> list[asyncpg.Record]:
    """A projection's rows, built anew."""
    await rebuild(pool, view, anew=True, **how)
    return await pool.fetch(f"SELECT * FROM read.{view.table} ORDER BY position, seq")


async def test_every_row_is_what_the_folds_make_of_it(pool: asyncpg.Pool, store: asyncpg.Connection) -> None:
    happenings = played()
    await append(store, happenings)
    assert SLA.setwise is not None
    happened = {one.event.type_name() for one in happenings}
    assert happened & SLA.setwise.types and happened & (set(SLA.types) - SLA.setwise.types), "both ways are taken"
    assert len(happened & SLA.setwise.types) > 60
    by_sets = await rows_of(pool, SLA, page=200)
    assert by_sets == await rows_of(pool, BY_FOLDS)
    assert len(by_sets) > len(happenings) / 2


async def test_an_office_with_hours_of_its_own_has_them_by_sets_too(
    pool: asyncpg.Pool, store: asyncpg.Connection
) -> None:
    usual = centre("Asia/Almaty")
    week = [usual.calendars.default.hours(datetime(2026, 3, 16, tzinfo=ALMATY).date())] * 7
    own = Calendars(usual.calendars.default, {"Centre 2": Calendar(ALMATY, week)})
    view = projection(replace(usual, calendars=own))
    await append(store, history(5, 120))
    by_sets = await rows_of(pool, view)
    assert by_sets == await rows_of(pool, replace(view, setwise=None))
    assert by_sets != await rows_of(pool, SLA), "its hours make a difference"


async def test_an_event_that_can_not_be_folded_is_named(pool: asyncpg.Pool, store: asyncpg.Connection) -> None:
    happenings = history(6, 60)
    positions = await append(store, happenings)
    before = await rows_of(pool, SLA)
    letters = [
        position
        for position, one in zip(positions, happenings, strict=True)
        if one.event.type_name() == "WrittenRequestAnswered"
    ]
    await store.execute("UPDATE store.event SET data = data - 'case_id' WHERE position = ANY($1)", letters)
    with pytest.raises(PoisonError, match=rf"position {letters[0]} \(WrittenRequestAnswered\): KeyError: 'case_id'"):
        await rebuild(pool, SLA, page=20)
    assert await pool.fetch(f"SELECT * FROM read.{SLA.table} ORDER BY position, seq") == before


async def test_what_only_python_can_read_is_folded_all_the_same(pool: asyncpg.Pool, store: asyncpg.Connection) -> None:
    happenings = [one for one in history(7, 40) if one.event.type_name() == "ConsultHeld"]
    positions = await append(store, happenings)
    # PostgreSQL takes no offset of sixteen hours and more from UTC.
    odd = datetime(2026, 3, 2, 9, tzinfo=UTC).isoformat().replace("+00:00", "+23:00")
    await store.execute(
        "UPDATE store.event SET data = data || jsonb_build_object('ended_at', $2::text) WHERE position = $1",
        positions[0],
        odd,
    )
    by_sets = await rows_of(pool, SLA, page=10)
    assert by_sets == await rows_of(pool, BY_FOLDS)
    assert datetime.fromisoformat(odd) in {row["at"] for row in by_sets}


async def test_progress_is_told_in_the_logs_order(pool: asyncpg.Pool, store: asyncpg.Connection) -> None:
    await append(store, history(8, 80))
    told: list[Progress] = []
    done = await rebuild(pool, SLA, told.append, page=25)
    events = [one.done for one in told]
    assert events == sorted(set(events)) and events[-1] == done.done and len(events) > 5


def conditions() -> list[Condition]:
    """All that indicators ask of an event."""
    found = [on.when for one in INDICATORS for on in one.operations if on.when is not None]
    found += [one.exception[0] for one in INDICATORS if one.exception is not None]
    return list(dict.fromkeys(found))


def values_of(field: str, sql: str) -> tuple[Any, ...]:
    """What a field may say, by what it is asked for: a truth value, a number, or a text."""
    place = rf"\(e\.data->>'{field}'\)"
    if re.search(rf"COALESCE\({place}, '0'\)::integer", sql):
        return NUMBERS
    lists = re.findall(rf"{place}(?: NOT)? IN \(([^)]*)\)", sql)
    said = [one for found in lists for one in re.findall("'(.*?)'", found)]
    if said and set(said) <= {"false", "0"}:
        return TRUTH
    return NUMBERS if said and all(one.isdigit() for one in said) else (*TEXTS, *said)


async def test_a_condition_says_the_same_in_sql(pool: asyncpg.Pool) -> None:
    asked = conditions()
    assert len(asked) > 30
    for condition in asked:
        events: list[dict[str, Any]] = [{}]
        for field in dict.fromkeys(re.findall(r"e\.data->>'(\w+)'", condition.sql)):
            more = [{}, {field: None}, *({field: one} for one in values_of(field, condition.sql))]
            events = [{**event, **one} for event in events for one in more]
        rows = await pool.fetch(
            f"SELECT {condition.sql} AS holds FROM unnest($1::jsonb[]) WITH ORDINALITY AS e(data, n) ORDER BY n",
            [orjson.dumps(event).decode() for event in events],
        )
        expected = [condition.holds(event) for event in events]
        assert [row["holds"] for row in rows] == expected, condition.sql
        assert set(expected) == {True, False}, f"never, or always: {condition.sql}"


async def test_a_log_without_events_makes_an_empty_table(pool: asyncpg.Pool) -> None:
    assert await rows_of(pool, SLA) == []
    assert (await rebuild(pool, SLA)).done == 0


async def test_far_from_where_due_moments_are_laid_out_they_are_reckoned(
    pool: asyncpg.Pool, store: asyncpg.Connection
) -> None:
    happenings = [one for one in history(9, 30) if one.event.type_name() == "ConsultHeld"]
    positions = await append(store, happenings)
    long_ago = happenings[0].occurred_at - timedelta(days=4_000)
    await store.execute(
        "UPDATE store.event SET data = data || jsonb_build_object('ended_at', $2::text, 'started_at', $2::text)"
        " WHERE position = $1",
        positions[0],
        long_ago.isoformat(),
    )
    by_sets = await rows_of(pool, SLA)
    assert by_sets == await rows_of(pool, BY_FOLDS)
    assert min(row["at"] for row in by_sets) == long_ago
