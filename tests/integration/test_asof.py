"""Moments of the past on a real PostgreSQL, and what would have been under another rule."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from services.insight import queries
from services.insight.case_log import UnknownCaseError, clocks_of, events_of
from services.insight.comparison import Difference, Flip, Rule, Twice, compare
from services.insight.explain import UnknownIndicatorError, explain
from services.insight.policies import POLICIES
from services.insight.proposal import Proposal, parse
from services.insight.queries import AsOf, EffectivenessGroup, SlaGroup, as_of_position
from services.insight.queries.overdue import overdue
from services.insight.rebuild import rebuild
from services.insight.reports import REPORTS, Asked, answer
from services.insight.standpoint import Standpoint, UnknownPositionError
from services.insight.timeline import timeline
from services.insight.verify import verify
from services.insight.views import projections
from services.insight.views.sla import projection
from services.insight.whatif import WhatIf, what_if
from shared.centre import centre
from tests.conftest import RunningServers
from tests.integration.histories import Happening, append, history, make

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

TIMEZONE = "Asia/Almaty"
ZONE = ZoneInfo(TIMEZONE)
CENTRE = centre(TIMEZONE)
SLA, EFFECTIVENESS, REVIEW = projections(TIMEZONE, ["sla", "effectiveness", "review"])
NOW = datetime(2026, 4, 20, 4, tzinfo=UTC)


@pytest.fixture
async def pool(clean_store: RunningServers) -> AsyncIterator[Pool]:
    async with asyncpg.create_pool(clean_store.dsn("insight"), min_size=1, max_size=8) as pool:
        yield pool


@pytest.fixture
async def store(clean_store: RunningServers) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(clean_store.dsn())
    yield connection
    await connection.close()


async def answers(pool: Pool, case_id: str, *, now: datetime, as_of: AsOf | None = None) -> list[Any]:
    """All that is answered of a moment; averages rounded, since they depend on the order of their summands."""
    async with pool.acquire() as connection:
        sla = await queries.sla(connection, now=now, as_of=as_of, by=SlaGroup.OWNER)
        worth = await queries.effectiveness(connection, by=EffectivenessGroup.TOPIC, as_of=as_of)
        causes = await queries.causes(connection, as_of=as_of)
        case = await timeline(connection, case_id, sla=SLA, now=now, as_of=as_of)
        late = await overdue(connection, now=now, as_of=as_of)
        seen = Standpoint(now=now) if as_of is None else as_of.standpoint()
        reports = [await answer(connection, REPORTS[name], Asked(seen)) for name in ("causes", "impact")]
    assert sla
    assert worth
    assert late
    assert all(reports)
    return [
        [replace(row, average_s=row.average_s and round(row.average_s)) for row in sla],
        worth,
        causes,
        case,
        late,
        reports,
    ]


async def test_as_known_then_is_what_was_answered_then_and_as_corrected_since_is_not(
    pool: Pool, store: Connection
) -> None:
    happenings = history(21, 120)
    early, late = happenings[::2], happenings[1::2]
    positions = await append(store, early)
    for one in (SLA, EFFECTIVENESS, REVIEW):
        await rebuild(pool, one)
    then = await store.fetchval("SELECT clock_timestamp()")
    async with pool.acquire() as connection:
        at_position = await as_of_position(connection, positions[-1])
        with pytest.raises(UnknownPositionError, match=f"ends at position {positions[-1]}"):
            await as_of_position(connection, positions[-1] + 1)
    case_id = early[0].case_id
    told_then = await answers(pool, case_id, now=then)
    told_at_position = await answers(pool, case_id, now=at_position.at)

    await append(store, late)
    for one in (SLA, EFFECTIVENESS, REVIEW):
        await rebuild(pool, one)
    now = then + timedelta(days=1)
    known = await answers(pool, case_id, now=now, as_of=AsOf.known(then))
    assert known == told_then
    assert await answers(pool, case_id, now=now, as_of=at_position) == told_at_position
    # The other half had happened by then, too, but nobody knew.
    corrected = await answers(pool, case_id, now=now, as_of=AsOf.corrected(then))
    assert all(one != other for one, other in zip(corrected[:3], known[:3], strict=True))
    assert await answers(pool, case_id, now=now, as_of=AsOf.known(now)) == await answers(pool, case_id, now=now)


def mail(case_id: str, day: float, type_name: str, **data: Any) -> Happening:
    at = datetime(2026, 3, 2, 10, tzinfo=ZONE) + timedelta(days=day)
    return Happening(case_id, at, make(type_name, case_id=case_id, **data))


ASKED: dict[str, Any] = {"responsible": "o1", "missing": [], "by": "post", "number": 1}
ASKED["until"] = datetime(2026, 4, 30, tzinfo=UTC)
RECEIVED: dict[str, Any] = {"clarification": "v1.sealed", "number": 1}
EXTENDED: dict[str, Any] = {"responsible": "o1", "days": 10, "reason": "r", "notified": True}


def letters() -> list[Happening]:
    """Written requests under two regimes: paused, extended, forwarded, answered early and late, or never."""
    place = {"channel": "post", "office": "Centre 1", "topic": "housing"}
    found: list[Happening] = []
    for number in range(40):
        case_id = f"l{number}"
        regime = "administrative" if number % 4 == 0 else "house"
        begun: dict[str, Any] = {"language": "kk", "history": False, "has_contacts": True, **place}
        found.append(mail(case_id, number / 3, "WrittenRequestReceived", regime=regime, **begun))
        if number % 3 == 0:
            asked = mail(case_id, number / 3 + 1, "ClarificationAsked", **ASKED, **place)
            found += [asked, mail(case_id, number / 3 + 1 + number % 7, "ClarificationReceived", **RECEIVED)]
        if number % 5 == 0:
            found.append(mail(case_id, number / 3 + 3, "AnswerExtended", **EXTENDED, regime=regime, **place))
        if number % 6 != 1:
            found.append(mail(case_id, number / 3 + number % 23, "WrittenRequestAnswered"))
    return sorted(found, key=lambda one: one.occurred_at)


def by_hand(proposal: Proposal, clocks: dict[str, list[Any]], after: dict[str, list[Any]]) -> dict[str, Difference]:
    """Every clock in question judged by both rules, one by one."""
    found = {one.name: Difference() for one in proposal.indicators}
    for case_id, before in clocks.items():
        for one, other in zip(before, after[case_id], strict=True):
            if one.start.indicator in found:
                other_calendars = proposal.calendars.get(one.start.indicator, CENTRE.calendars)
                compare(
                    found[one.start.indicator],
                    Twice(case_id, one.clock_id, one.start, other.start, one.operations),
                    Rule(POLICIES, CENTRE.calendars),
                    Rule(proposal.policies, other_calendars),
                    NOW,
                )
    return found


async def ask(pool: Pool, text: str) -> tuple[Proposal, WhatIf, list[Flip]]:
    flips: list[Flip] = []
    proposal = parse(text, ZONE)
    return proposal, await what_if(pool, CENTRE, proposal, now=NOW, flipped=flips.append), flips


SAME = (
    '[[limits]]\npolicy = "mail_answer"\nlimit = "10 days"\n[[limits]]\npolicy = "mail_answer.house"\nlimit = "10 days"'
)
SHORTER = '[[limits]]\npolicy = "mail_answer.*"\nlimit = "4 days"\nin_force_from = 2026-03-05\n'
SHORTER += '[[limits]]\npolicy = "satisfaction"\nlimit = "5 min"\nnorm = "2 min"'
EVERY_DAY = """
[[limits]]
policy = "mail_answer.administrative"
limit = "9 working days"
calendar = "every_day"
[calendars.every_day.hours]
"""
EVERY_DAY += "\n".join(
    f'{day}day = ["10:00-12:00", "13:00-16:00"]' for day in ("mon", "tues", "wednes", "thurs", "fri", "satur", "sun")
)


async def test_what_if_equals_judging_every_clock_by_hand_and_leaves_the_live_view_alone(
    pool: Pool, store: Connection
) -> None:
    happenings = [*letters(), *history(22, 80)]
    await append(store, happenings)
    await rebuild(pool, SLA)
    case_ids = {one.case_id for one in happenings}
    async with pool.acquire() as connection:
        events = {case_id: await events_of(connection, case_id) for case_id in case_ids}
        live = {row.indicator: row for row in await queries.sla(connection, now=NOW, channel="post")}
    before = {case_id: clocks_of(SLA, told, AsOf(NOW)) for case_id, told in events.items()}

    proposal, found, flips = await ask(pool, SAME)
    assert not flips
    same = found.differences["mail_answer"]
    assert same.before == same.after
    assert same.before.met > 10
    assert same.before.met >= live["mail_answer"].met

    for text in (SHORTER, EVERY_DAY):
        proposal, found, flips = await ask(pool, text)
        other = projection(CENTRE, proposal.policies, calendars=proposal.calendars)
        after = {case_id: clocks_of(other, told, AsOf(NOW)) for case_id, told in events.items()}
        assert found.differences == by_hand(proposal, before, after)
        assert len(flips) == sum(one.better + one.worse for one in found.differences.values()) > 0
        if text == SHORTER:
            assert all(one.after.met <= one.before.met and one.better == 0 for one in found.differences.values())
            assert {flip.indicator for flip in flips} == {"mail_answer", "satisfaction"}
            assert min(flip.started_at for flip in flips if flip.indicator == "mail_answer") >= datetime(
                2026, 3, 5, tzinfo=ZONE
            ), "what started before is judged as it was"

    assert (await verify(pool, SLA)).differences == 0
    temporary = await store.fetchval("SELECT count(*) FROM pg_tables WHERE tablename = 'what_if'")
    assert temporary == 0


async def test_every_clock_of_a_history_is_explained_to_its_due_moment(pool: Pool, store: Connection) -> None:
    happenings = letters()
    await append(store, happenings)
    async with pool.acquire() as connection:
        for case_id in sorted({one.case_id for one in happenings}):
            shown = (await timeline(connection, case_id, sla=SLA, now=NOW)).deadlines
            for deadline in shown:
                found = await explain(connection, case_id, deadline.indicator, sla=SLA, now=NOW)
                (one,) = [why for why in found if why.started_at == deadline.started_at]
                assert (one.verdict, one.due_at, one.by_s) == (deadline.verdict, deadline.due_at, deadline.by_s)
                assert one.steps[-1].due_at == one.due_at
                assert all(step.type is not None for step in one.steps if step.event is not None)
        with pytest.raises(UnknownIndicatorError, match="did you mean mail_answer"):
            await explain(connection, "l0", "mail_anser", sla=SLA, now=NOW)
        began = min(one.occurred_at for one in happenings)
        with pytest.raises(UnknownCaseError, match="nothing of case 'l0' counts by then"):
            await timeline(connection, "l0", sla=SLA, now=NOW, as_of=began - timedelta(days=1))
