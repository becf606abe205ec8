"""The clocks that boards show, against the views they come from."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

import asyncpg
import pytest

from deploy.board.press import press
from services.insight import queries, reports
from services.insight.board.accounts import Account, Accounts, Role
from services.insight.board.clocks import Clocks, Standing
from services.insight.board.draw import ORDER
from services.insight.board.filters import Filters
from services.insight.board.health import Part
from services.insight.board.hub import Hub
from services.insight.board.load import load
from services.insight.board.now import Now, Tier, summarise
from services.insight.board.pages import Pages
from services.insight.board.press import State
from services.insight.board.sessions import Sessions
from services.insight.board.sources import Stored
from services.insight.board.texts import texts
from services.insight.board.trend import Period
from services.insight.instants import log_connection
from services.insight.rebuild import rebuild
from services.insight.standpoint import Standpoint
from services.insight.timeline import UnknownCaseError
from services.insight.views import projections
from shared.centre import centre
from shared.process import end
from tests.conftest import RunningServers
from tests.integration.histories import START, Happening, append, history
from tests.unit.press_world import opened
from tests.unit.test_operating_day import A_DAY, CERTIFIED, DAY, EVENING, counted

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

TIMEZONE = "Asia/Almaty"
(SLA,) = projections(TIMEZONE, ["sla"])
ALL = projections(TIMEZONE)
CALENDARS = centre(TIMEZONE).calendars
NOW = START + timedelta(days=20)


class Stopped:
    """A clock that stands still."""

    def now(self) -> datetime:
        return NOW


@pytest.fixture
async def pool(clean_store: RunningServers) -> AsyncIterator[Pool]:
    """The database as the read side's role, as the board has it: read-only, and few connections."""
    settings = {"default_transaction_read_only": "on"}
    async with asyncpg.create_pool(
        clean_store.dsn("insight"), min_size=1, max_size=3, server_settings=settings
    ) as pool:
        yield pool


@pytest.fixture
async def store(clean_store: RunningServers) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    connection = await asyncpg.connect(clean_store.dsn())
    yield connection
    await connection.close()


async def build(servers: RunningServers) -> None:
    async with asyncpg.create_pool(servers.dsn("insight"), min_size=1, max_size=3) as pool:
        for projection in ALL:
            await rebuild(pool, projection)


async def no_health() -> list[Part]:
    return []


@asynccontextmanager
async def following(pool: Pool) -> AsyncGenerator[Hub]:
    hub = Hub(pool, SLA, CALENDARS, Stopped(), no_health)
    task = asyncio.create_task(hub.run())
    try:
        with hub.looking():
            yield hub
    finally:
        await end(task)


async def until(condition: Callable[[], bool], patience_s: float = 20) -> None:
    async with asyncio.timeout(patience_s):
        while not condition():  # noqa: ASYNC110 - it changes in another task, or in the database
            await asyncio.sleep(0.01)


def seen(clocks: Clocks) -> Now:
    return summarise(clocks, Filters(), NOW, ORDER)


def states(some: Iterable[Standing]) -> Counter[Standing]:
    return Counter(some)


@pytest.mark.parametrize("seed", [1, 2])
async def test_followed_or_loaded_anew_the_clocks_are_the_same(
    clean_store: RunningServers, pool: Pool, store: asyncpg.Connection[asyncpg.Record], seed: int
) -> None:
    happenings = history(seed, 60)
    third = len(happenings) // 3
    await append(store, happenings[:third])
    await build(clean_store)
    async with following(pool) as hub:
        await until(lambda: hub.clocks is not None)
        await append(store, happenings[third:])
        await build(clean_store)
        async with log_connection(pool) as connection:
            anew, _ = await load(connection, SLA, CALENDARS, now=NOW, as_of=None)
        assert seen(anew).all.total > 20
        await until(lambda: hub.clocks is not None and seen(hub.clocks) == seen(anew))
        assert hub.clocks is not None
        assert states(hub.clocks.running()) == states(anew.running())


@pytest.mark.parametrize("day", [3, 8, 20])
async def test_a_board_counts_what_the_report_counts_at_any_moment(
    clean_store: RunningServers, pool: Pool, store: asyncpg.Connection[asyncpg.Record], day: int, tmp_path: Path
) -> None:
    await append(store, history(3, 80))
    await build(clean_store)
    at = START + timedelta(days=day)
    clocks = await Stored(pool, SLA, CALENDARS, tmp_path, press).past(at)
    board = {line.key: line for line in summarise(clocks, Filters(), at, ORDER).stages if line.total}
    async with pool.acquire() as connection:
        rows = await queries.sla(connection, now=NOW, as_of=at)
    told: Counter[str] = Counter()
    late: Counter[str] = Counter()
    paused: Counter[str] = Counter()
    for row in rows:
        told[row.indicator] += row.open
        late[row.indicator] += row.overdue
        paused[row.indicator] += row.paused
    assert {key: line.total for key, line in board.items()} == +told
    assert {key: line.open[Tier.LATE] for key, line in board.items() if line.open[Tier.LATE]} == +late
    assert {key: line.open[Tier.PAUSED] for key, line in board.items() if line.open[Tier.PAUSED]} == +paused


async def test_a_case_is_shown_as_it_stood(
    clean_store: RunningServers, pool: Pool, store: asyncpg.Connection[asyncpg.Record], tmp_path: Path
) -> None:
    await append(store, history(1, 5))
    row = await store.fetchrow(
        """SELECT correlation_id AS case_id, min(occurred_at) AS first, max(occurred_at) AS last, count(*) AS events
           FROM store.event GROUP BY 1 HAVING min(occurred_at) < max(occurred_at) ORDER BY 4 DESC LIMIT 1"""
    )
    assert row is not None
    sources = Stored(pool, SLA, CALENDARS, tmp_path, press)
    whole = await sources.case(row["case_id"], NOW, None)
    assert (len(whole.timeline.entries), whole.traces) == (row["events"], [])
    then = await sources.case(row["case_id"], NOW, row["first"])
    assert 0 < len(then.timeline.entries) < len(whole.timeline.entries)
    assert all(one.done_at is None or one.done_at <= row["first"] for one in then.clocks)
    told = [(one.indicator, one.due_at, one.verdict) for one in whole.timeline.deadlines]
    assert [(one.indicator, one.due_at, one.verdict) for one in whole.clocks] == told
    assert len(told) > 1
    with pytest.raises(UnknownCaseError):
        await sources.case(row["case_id"], NOW, row["first"] - timedelta(seconds=1))


@pytest.mark.parametrize("as_of", [None, START + timedelta(days=8)])
async def test_a_trend_says_what_the_report_says(
    clean_store: RunningServers,
    pool: Pool,
    store: asyncpg.Connection[asyncpg.Record],
    tmp_path: Path,
    as_of: datetime | None,
) -> None:
    await append(store, history(4, 80))
    await build(clean_store)
    sources = Stored(pool, SLA, CALENDARS, tmp_path, press)
    found = await sources.trend(Filters(as_of=as_of), Period.MONTH, NOW)
    seen = Standpoint(now=as_of or NOW, until=as_of)
    async with pool.acquire() as connection:
        rows = await reports.answer(connection, reports.REPORTS["trend"], reports.Asked(seen, by=("month",)))
    told = {(row["indicator"], row["month"]): row["kept"] for row in rows if row["kept"] is not None}
    board = {(name, f"{day:%Y-%m}"): point.share for name, line in found.lines.items() for day, point in line.items()}
    assert board == told
    assert len(told) > 5
    weeks = await sources.trend(Filters(as_of=as_of), Period.WEEK, NOW)
    assert {day.weekday() for day in weeks.periods} == {0}
    sums = [sum(one.judged for line in shown.lines.values() for one in line.values()) for shown in (found, weeks)]
    assert sums[0] == sums[1] > 0
    one = await sources.trend(Filters(as_of=as_of, indicator=rows[0]["indicator"]), Period.MONTH, NOW)
    assert set(one.lines) <= {rows[0]["indicator"]}


async def test_an_operating_day_is_shown_as_it_stood(
    pool: Pool, store: asyncpg.Connection[asyncpg.Record], tmp_path: Path
) -> None:
    morning, days = EVENING - timedelta(hours=8), []
    for at, event in (
        (morning - timedelta(days=3), opened("2026-10-02")),
        *((morning, event) for event in A_DAY),
        (EVENING, counted(cash=1)),
        (EVENING + timedelta(minutes=5), counted()),
        (EVENING + timedelta(minutes=9), CERTIFIED),
        (morning + timedelta(days=1), opened("2026-10-06")),
    ):
        days.append(Happening("post-1", at, event))
    await append(store, days)
    sources = Stored(pool, SLA, CALENDARS, tmp_path, press)
    late = EVENING + timedelta(days=9)
    whole = await sources.press(None, late, None)
    assert (whole.on, whole.before, whole.after) == (date(2026, 10, 6), DAY, None)
    assert [one.state for one in whole.days] == [State.OPEN]
    found = await sources.press(DAY, late, None)
    assert (found.before, found.after) == (date(2026, 10, 2), date(2026, 10, 6))
    assert [(one.facility, one.state, one.forms) for one in found.days] == [("post-1", State.CERTIFIED, 3)]
    for minutes, state in ((-1, State.OPEN), (0, State.DIFFERS), (5, State.AGREES), (9, State.CERTIFIED)):
        then = await sources.press(None, late, EVENING + timedelta(minutes=minutes))
        assert (then.on, then.after, [one.state for one in then.days]) == (DAY, None, [state])
    assert (await sources.press(None, late, morning - timedelta(days=9))).days == []


async def test_a_lost_database_is_waited_for(
    clean_store: RunningServers, pool: Pool, store: asyncpg.Connection[asyncpg.Record]
) -> None:
    await build(clean_store)
    async with following(pool) as hub:
        await until(lambda: hub.clocks is not None)
        await store.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'tereze_insight' AND pid <> $1",
            store.get_server_pid(),
        )
        await until(lambda: hub.clocks is None)
        await append(store, history(1, 3))
        await until(lambda: hub.clocks is not None and seen(hub.clocks).all.total > 0)


async def test_open_boards_hold_no_connection_and_are_drawn_once(
    clean_store: RunningServers, pool: Pool, store: asyncpg.Connection[asyncpg.Record], tmp_path: Path
) -> None:
    await append(store, history(1, 20))
    await build(clean_store)
    async with following(pool) as hub:
        await until(lambda: hub.clocks is not None)
        pages = Pages(
            hub, Stored(pool, SLA, CALENDARS, tmp_path, press), Sessions(Accounts(tmp_path / "none")), CALENDARS.zone
        )
        assert hub.clocks is not None
        account = Account("aliya", Role.MANAGER, "")
        english = texts("en", CALENDARS.zone)
        version = hub.version
        drawn = [pages.regions(english, account, Filters(), hub.clocks) for _ in range(200)]
        assert version == hub.version
        assert all(one is drawn[0] for one in drawn)
        assert pool.get_size() - pool.get_idle_size() <= 1, "the one that follows the log"
