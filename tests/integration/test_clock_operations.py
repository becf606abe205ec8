"""Clocks that wait for the consumer, follow a regime and are called off: in tables, queries and a case's view."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import asyncpg
import holidays
import pytest

from services.insight import queries
from services.insight.indicators import Indicator, On
from services.insight.indicators.conditions import one_of
from services.insight.rebuild import rebuild
from services.insight.runner import Runner
from services.insight.timeline import timeline
from services.insight.verify import verify
from services.insight.views.sla import projection
from shared.centre import centre
from shared.contracts.consult import ConsultationPlanned
from shared.contracts.intake import (
    WrittenRequestAnswered,
    WrittenRequestDeclined,
    WrittenRequestReceived,
    WrittenRequestRegistered,
)
from tests.conftest import RunningServers
from tests.integration.histories import Happening, append, make

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

ZONE = ZoneInfo("Asia/Almaty")
START = datetime(2026, 2, 27, 4, 0, tzinfo=UTC)
STEP = timedelta(minutes=30)
CHANNELS = ("post", "email")
# Events of the foundation stand in for those that pause and move; the regime stands where the topic does.
SLA = projection(
    centre("Asia/Almaty"),
    indicators=[
        Indicator(
            name="mail_answer",
            stage="Table 5",
            clock="mail_answer",
            start=On(event=WrittenRequestReceived),
            stops=(On(event=WrittenRequestAnswered),),
            pauses=(On(event=WrittenRequestRegistered, when=one_of("registration_number", "asked")),),
            resumes=(On(event=WrittenRequestRegistered, when=one_of("registration_number", "told")),),
            moves=(On(event=ConsultationPlanned, due="planned_at"),),
            cancels=(On(event=WrittenRequestDeclined),),
            variant="topic",
        )
    ],
)


@pytest.fixture
async def pool(clean_store: RunningServers) -> AsyncIterator[Pool]:
    async with asyncpg.create_pool(clean_store.dsn("insight"), min_size=1, max_size=8) as pool:
        yield pool


@pytest.fixture
async def store(clean_store: RunningServers) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    connection = await asyncpg.connect(clean_store.dsn())
    yield connection
    await connection.close()


def received(case_id: str, at: datetime, regime: str | None, channel: str = "post") -> Happening:
    place = {"channel": channel, "language": "kk", "office": "Centre 1", "topic": regime}
    event = make("WrittenRequestReceived", case_id=case_id, history=False, has_contacts=True, **place)
    return Happening(case_id, at, event)


def said(case_id: str, at: datetime, what: str) -> Happening:
    """The consumer was "asked", or has "told"."""
    event = make("WrittenRequestRegistered", case_id=case_id, registration_number=what, topic="t", responsible="o1")
    return Happening(case_id, at, event)


def ended(case_id: str, at: datetime, type_name: str) -> Happening:
    more = {"ground": "unreadable", "notified": True} if type_name == "WrittenRequestDeclined" else {}
    return Happening(case_id, at, make(type_name, case_id=case_id, **more))


def histories(seed: int, cases: int) -> dict[str, list[Happening]]:
    """Requests under three regimes, at whole half hours: paused up to three times, answered, called off or neither."""
    random = Random(seed)
    return {f"c{number}": list(_life(random, f"c{number}")) for number in range(cases)}


def _life(random: Random, case_id: str) -> Iterator[Happening]:
    at = START + STEP * random.randrange(7 * 48)
    yield received(case_id, at, random.choice([None, "administrative", "public_services"]), random.choice(CHANNELS))
    for _ in range(random.randrange(4)):
        at += STEP * random.randrange(1, 5 * 48)
        yield said(case_id, at, "asked")
        at += STEP * random.randrange(0, 5 * 48)
        if random.random() < 0.1:
            break
        yield said(case_id, at, "told")
    at += STEP * random.randrange(0, 10 * 48)
    if (chance := random.random()) < 0.8:
        yield ended(case_id, at, "WrittenRequestAnswered" if chance < 0.65 else "WrittenRequestDeclined")


# ── another way to reckon: how long the clock ran, half hour by half hour, never moving what is due ──────────────

_FREE = holidays.country_holidays("KZ")


def _open(moment: datetime) -> bool:
    local = moment.astimezone(ZONE)
    works = time(9) <= local.time() < time(13) or time(14) <= local.time() < time(18, 30)
    return works and _works_on(local)


def _works_on(local: datetime) -> bool:
    return local.weekday() < 5 and local.date() not in _FREE


def _allowed(start: datetime, regime: str | None) -> timedelta:
    """How long it may run: ten days, or until so many working days after that of the start are over.

    What came on a closed day counts from the next working day.
    """
    local = start.astimezone(ZONE)
    if regime is None:
        while not _works_on(local):
            local = (local + timedelta(days=1)).replace(hour=9, minute=0)
        return local - start + timedelta(days=10)
    days_left, at, ran = {"administrative": 15, "public_services": 5}[regime], start, timedelta()
    while not _works_on(local):
        local += timedelta(days=1)
    last = local.replace(hour=23, minute=30, second=0)
    while days_left:
        last += timedelta(days=1)
        days_left -= _works_on(last)
    while at <= last:
        ran += STEP if _open(at) else timedelta()
        at += STEP
    return ran


def expected(case: Sequence[Happening], now: datetime) -> str | None:
    """How a case stands; None: it is not there yet."""
    start = case[0].occurred_at
    if start > now:
        return None
    regime = getattr(case[0].event, "topic", None)
    allowed, ran, at, waits = _allowed(start, regime), timedelta(), start, False
    used_up: datetime | None = None
    happened = {one.occurred_at: one.event for one in case[1:] if one.occurred_at <= now}
    while True:
        # Where two things happened at one time, the later one is kept: so it is with asked and told at once.
        match event := happened.get(at):
            case WrittenRequestAnswered():
                return "met" if used_up is None or at <= used_up else "breached"
            case WrittenRequestDeclined():
                return "cancelled"
            case WrittenRequestRegistered():
                waits = event.registration_number == "asked"
            case _:
                pass
        if at == now:
            break
        if not waits and (regime is None or _open(at)):
            ran += STEP
        at += STEP
        if used_up is None and ran == allowed:
            used_up = at
    return "overdue" if used_up is not None and now > used_up else "paused" if waits else "open"


@pytest.mark.parametrize("seed", [1, 2])
async def test_verdicts_equal_those_of_running_time_now_and_as_of_any_day(
    pool: Pool, store: asyncpg.Connection, seed: int
) -> None:
    cases = histories(seed, 60)
    await append(store, sorted((one for case in cases.values() for one in case), key=lambda one: one.occurred_at))
    await rebuild(pool, SLA)
    occurred = set[str]()
    for days in (3, 9, 16, 23, 60):
        now = START + timedelta(days=days)
        want = Counter(
            (getattr(case[0].event, "channel", ""), verdict)
            for case in cases.values()
            if (verdict := expected(case, now)) is not None
        )
        async with pool.acquire() as connection:
            rows = await queries.sla(connection, now=START + timedelta(days=400), as_of=now)
        found = Counter[tuple[str, str]]()
        for row in rows:
            assert row.channel is not None
            still = row.open - row.overdue - row.paused
            counts = {"met": row.met, "breached": row.breached, "overdue": row.overdue, "paused": row.paused}
            found.update({(row.channel, name): n for name, n in {**counts, "open": still}.items() if n})
            if row.cancelled:
                found[row.channel, "cancelled"] = row.cancelled
            assert row.total == row.met + row.breached + row.open + row.cancelled
        assert found == want, f"after {days} days"
        occurred |= {name for _, name in want}
    assert occurred == {"met", "breached", "open", "paused", "overdue", "cancelled"}


async def test_a_case_is_shown_as_the_table_counts_it(pool: Pool, store: asyncpg.Connection) -> None:
    cases = histories(5, 40)
    await append(store, [one for case in cases.values() for one in case])
    async with pool.acquire() as connection:
        for case_id, case in cases.items():
            # A case's view shows all that is recorded.
            now = max(START + timedelta(days=20), case[-1].occurred_at)
            (found,) = (await timeline(connection, case_id, sla=SLA, now=now)).deadlines
            assert found.verdict == expected(case, now), case_id


async def test_live_equals_rebuilt_with_every_operation(pool: Pool, store: asyncpg.Connection) -> None:
    cases = histories(7, 60)
    happenings = sorted((one for case in cases.values() for one in case), key=lambda one: one.occurred_at)
    runner = Runner(pool, [SLA], page=20)
    task = asyncio.create_task(runner.run())
    await runner.opened()
    for start in range(0, len(happenings), 50):
        await append(store, happenings[start : start + 50])
        runner.wake()
    async with asyncio.timeout(30):
        while await pool.fetchval(f"SELECT count(*) FROM read.{SLA.table}") < len(happenings):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    found = await verify(pool, SLA)
    assert (found.rows, found.differences) == (len(happenings), 0)
    operations = await pool.fetch(f"SELECT DISTINCT op FROM read.{SLA.table}")
    assert {row["op"] for row in operations} == {"start", "stop", "pause", "resume", "cancel"}


async def test_a_pause_an_extension_and_a_regime_are_seen_in_the_case_and_in_the_table(
    pool: Pool, store: asyncpg.Connection
) -> None:
    def on(day: int, hour: int = 10) -> datetime:
        return datetime(2026, 3, day, hour, tzinfo=ZONE)

    planned = {"place": "p", "form": "office", "expected_result": "r", "material_costs": 0, "agreed_by_manager": None}
    extended = make("ConsultationPlanned", case_id="c1", planned_at=on(31, 18), **planned)
    lives = [
        received("c1", on(2), "public_services"),
        said("c1", on(3), "asked"),
        said("c1", on(4), "told"),
        Happening("c1", on(5), extended),
        ended("c1", on(31, 17), "WrittenRequestAnswered"),
        received("c2", on(7), "administrative"),
        said("c2", on(10), "asked"),
        received("c3", on(7), None),
    ]
    await append(store, lives)
    await rebuild(pool, SLA)
    async with pool.acquire() as connection:
        shown = {
            case_id: (await timeline(connection, case_id, sla=SLA, now=on(31, 18))).deadlines
            for case_id in ("c1", "c2")
        }
        (row,) = await queries.sla(connection, now=on(31, 18))
        by_policy = await queries.sla(connection, now=on(31, 18), by=queries.SlaGroup.POLICY)
        (before,) = await queries.sla(connection, now=on(31, 18), as_of=on(3, 12))
    (done,), (waits,) = shown["c1"], shown["c2"]
    assert (done.verdict, done.due_at, done.by_s, done.paused_s) == ("met", on(31, 18), 3_600, 86_400)
    assert done.first_due_at == datetime(2026, 3, 10, 18, 30, tzinfo=ZONE)
    assert (waits.verdict, waits.policy) == ("paused", "mail_answer.administrative")
    assert waits.pauses[0].until is None
    assert (row.total, row.met, row.open, row.paused, row.overdue) == (3, 1, 2, 1, 1)
    assert row.paused_s == 86_400 + (on(31, 18) - on(10)).total_seconds()
    assert row.average_s == (on(31, 17) - on(2)).total_seconds() - 86_400, "what was waited is not the centre's time"
    assert {one.group: one.limit_s // 86_400 for one in by_policy} == {
        "mail_answer": 10,
        "mail_answer.administrative": 15,
        "mail_answer.public_services": 5,
    }
    assert (before.total, before.open, before.paused) == (1, 1, 1)


async def test_a_clock_is_the_owners_who_had_it_then_in_the_table_and_in_the_case(
    pool: Pool, store: asyncpg.Connection
) -> None:
    def on(day: int) -> datetime:
        return datetime(2026, 3, day, 10, tzinfo=ZONE)

    def handed_over(case_id: str, day: int, previous: str, responsible: str) -> Happening:
        place = {"channel": "post", "office": "Centre 1", "topic": None}
        who = {"previous": previous, "responsible": responsible, "reason": "ill"}
        return Happening(case_id, on(day), make("CaseHandedOver", case_id=case_id, **place, **who))

    def put_off(case_id: str, day: int, responsible: str) -> Happening:
        place = {"channel": "post", "office": "Centre 1", "topic": None, "regime": "administrative"}
        how = {"days": None, "months": 2, "reason": "an expert is asked", "notified": False, "forwarded": None}
        event = make("AnswerExtended", case_id=case_id, responsible=responsible, **place, **how)
        return Happening(case_id, on(day), event)

    lives = [
        received("c1", on(2), None),
        handed_over("c1", 3, "Centre 1", "o1"),
        handed_over("c1", 5, "o1", "o2"),
        received("c2", on(2), None),
        handed_over("c2", 3, "Centre 1", "o1"),
        ended("c2", on(4), "WrittenRequestAnswered"),
        handed_over("c2", 6, "o1", "o2"),
        received("c3", on(2), None),
        handed_over("c3", 3, "Centre 1", "o1"),
        ended("c3", on(4), "WrittenRequestDeclined"),
        handed_over("c3", 6, "o1", "o2"),
        received("c4", on(2), None),
        handed_over("c4", 3, "Centre 1", "o1"),
        # It is told to another by the letter's registration; the notice of the delay is then that one's from the first.
        put_off("c4", 4, "o3"),
        handed_over("c4", 5, "o3", "o4"),
        received("c5", on(2), None),
        handed_over("c5", 3, "Centre 1", "o1"),
        put_off("c5", 4, "o3"),
    ]
    await append(store, lives)
    sla = projection(centre("Asia/Almaty"))
    await rebuild(pool, sla)

    async def answers(as_of: datetime | None = None, indicator: str = "mail_answer") -> dict[str | None, int]:
        async with pool.acquire() as connection:
            rows = await queries.sla(connection, now=on(9), as_of=as_of, by=queries.SlaGroup.OWNER)
        return {row.group: row.total for row in rows if row.indicator == indicator}

    assert await answers(on(2)) == {None: 5}
    assert await answers(on(4)) == {"o1": 5}
    assert await answers() == {"o1": 3, "o2": 1, "o4": 1}
    assert await answers(indicator="extension_notice") == {"o3": 1, "o4": 1}, "not that of a former hand-over"
    async with pool.acquire() as connection:
        shown = [(await timeline(connection, case_id, sla=sla, now=on(9))).deadlines for case_id in ("c1", "c2", "c3")]
    owners = [one.owner for deadlines in shown for one in deadlines if one.indicator == "mail_answer"]
    assert owners == ["o2", "o1", "o1"]


async def test_the_actions_that_a_case_gave_rise_to_are_shown_with_it(pool: Pool, store: asyncpg.Connection) -> None:
    at = datetime(2026, 3, 2, 10, tzinfo=ZONE)
    place = {"office": "Centre 1", "topic": None, "channel": "post"}
    facts: dict[str, Any] = {"case_id": "c1", "origin": "improvement", "action": "train", "department": None}
    facts |= {"owner": "k1", "causes": [], "verifier": None, **place}
    due = make("ActionDue", action_id="c1-a1", due="2026-03-20", **facts)
    ordered = make("ActionOrdered", action_id="c1-a1", term_id="c1-a1-t1", due_at=at + timedelta(days=18), **facts)
    # By the manager's own order nothing but the action itself says what it is about.
    facts |= {"origin": "review", "verifier": "m1"}
    about = make("ActionOrdered", action_id="Z1", term_id="Z1-t1", due_at=at + timedelta(days=9), **facts)
    await append(
        store,
        [
            received("c1", at, None),
            Happening("c1", at, due),
            Happening("c1-a1", at, ordered),
            Happening("Z1", at, about),
        ],
    )
    async with pool.acquire() as connection:
        found = [
            (await timeline(connection, case_id, sla=projection(centre("Asia/Almaty")), now=at)).deadlines
            for case_id in ("c1", "c1-a1", "Z1")
        ]
    assert [sorted(one.indicator for one in deadlines) for deadlines in found] == [
        ["action", "action", "mail_answer", "mail_register"],
        ["action"],
        ["action"],
    ]
