"""Every report on a real PostgreSQL: by hand, against the other queries, and the same at a position for ever."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from deploy.documents.pack import draw
from services.insight import queries
from services.insight.instants import Pool
from services.insight.pack import pack
from services.insight.queries import as_of_position
from services.insight.rebuild import rebuild
from services.insight.reports import REPORTS, Asked, Row, UnknownQuestionError, answer
from services.insight.standpoint import Standpoint, UnknownPositionError, reached
from services.insight.views import projections
from tests.conftest import RunningServers
from tests.integration.histories import Happening, append, history, make
from tests.unit.complaint_words import CLOSED, HANDLING, after
from tests.unit.press_world import accepted
from tests.unit.test_subscription_changes import annulled, taken_back

NOW = datetime(2026, 7, 15, 9, tzinfo=UTC)
SEEN = Standpoint(now=NOW)
ALL = projections("Asia/Almaty")


@pytest.fixture
async def pool(clean_store: RunningServers) -> AsyncIterator[Pool]:
    """The database as the read side's own role."""
    async with asyncpg.create_pool(clean_store.dsn("insight"), min_size=1, max_size=4) as pool:
        yield pool


@pytest.fixture
async def store(clean_store: RunningServers) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """The database as its owner, to write history."""
    connection = await asyncpg.connect(clean_store.dsn())
    yield connection
    await connection.close()


async def projected(pool: Pool) -> None:
    for projection in ALL:
        await rebuild(pool, projection)


async def told(pool: Pool, name: str, *by: str, seen: Standpoint = SEEN, **only: str) -> list[Row]:
    async with pool.acquire() as connection:
        report = REPORTS[name]
        return await answer(connection, report, Asked(seen, by or report.default, only))


def figures(rows: list[Row], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in rows]


def day(month: int, number: int) -> datetime:
    return datetime(2026, month, number, 6, tzinfo=UTC)


def consulted(case_id: str, at: datetime, consultant: str, *, number: int = 1, minutes: int = 30, cost: int = 0,
              satisfied: bool | None = None, causes: tuple[str, ...] = ()) -> list[Happening]:  # fmt: skip
    """One consultation, and what the consumer said of it."""
    about = {"consultation_id": f"{case_id}-{number}", "number": number, "consultant": consultant, "form": "office",
             "channel": "walk_in", "office": "north", "topic": "housing", "case_id": case_id}  # fmt: skip
    made = [
        make("ConsultHeld", path="3a-a", manager="m1", started_at=at, ended_at=at, minutes_spent=minutes, cost=cost,
             people=1, **about)
    ]  # fmt: skip
    if satisfied is not None:
        made.append(make("SatisfactionAssessed", process=4, result=3, satisfied=satisfied, solved="half", **about))
    if causes:
        made.append(make("Dissatisfied", held_at=at, closed_at=at, causes=list(causes), agreed_follow_up_at=None,
                         **about))  # fmt: skip
    return [Happening(case_id, at, event) for event in made]


def evaluated(case_id: str, at: datetime, consultant: str, *, effective: bool, degree: int) -> Happening:
    event = make("EffectivenessEvaluated", case_id=case_id, consultation_id=f"{case_id}-1", consultant=consultant,
                 form="office", channel="walk_in", office="north", topic="housing", evaluated_by="m1",
                 effective=effective, degree_solved=degree, consultations=1, minutes_spent=0, cost=0)  # fmt: skip
    return Happening(case_id, at, event)


def surveyed(case_id: str, at: datetime, months: int, *, changed: bool | None) -> Happening:
    """A survey of stage 10; `changed` None: nobody was reached."""
    about = {
        "case_id": case_id,
        "consultation_id": f"{case_id}-1",
        "months": months,
        "survey_id": f"{case_id}.{months}",
    }
    if changed is None:
        return Happening(case_id, at, make("ImpactUnreached", attempts=3, **about))
    event = make("ImpactEvaluated", channel="walk_in", office="north", topic="housing", form="office",
                 consultant="k1", evaluated_by="m1", advice_used=True, changed=changed, solved="no",
                 **about)  # fmt: skip
    return Happening(case_id, at, event)


A_STORY = [
    # A: dissatisfied at first, satisfied two days later; something had changed after three months.
    *consulted("A", day(1, 10), "k1", cost=100_000, satisfied=False, causes=("queue",)),
    *consulted("A", day(1, 12), "k1", number=2, minutes=60, satisfied=True),
    evaluated("A", day(2, 5), "k1", effective=True, degree=80),
    surveyed("A", day(2, 20), 1, changed=False),
    surveyed("A", day(4, 20), 3, changed=True),
    # B: satisfied at once, not effective; nobody was reached.
    *consulted("B", day(1, 20), "k2", satisfied=True),
    evaluated("B", day(2, 25), "k2", effective=False, degree=20),
    surveyed("B", day(2, 26), 1, changed=None),
    # C: dissatisfied twice over, and nothing since.
    *consulted("C", day(3, 5), "k1", satisfied=False, causes=("queue", "rude")),
    Happening("C", day(3, 5), make("TopicalIssueRecorded", case_id="C", issue="queues", target_group="pensioners",
                                   organisation_need=True)),
    *(Happening("X1", at, event) for event, at in after(*CLOSED, HANDLING)),
    Happening("S1", day(5, 1), accepted(1, copies=2, amount=377_400)),
    Happening("S1", day(5, 3), annulled(copies=1, refund=100_000)),
    Happening("S2", day(5, 2), accepted(2, zone="rural", seller="facility", amount=200_000)),
    Happening("S2", day(5, 2), taken_back(abonement="post-1.2026.000002", amount=200_000)),
]  # fmt: skip


async def test_every_question_is_answered_as_reckoned_by_hand(pool: Pool, store: Any) -> None:
    await append(store, A_STORY)
    await projected(pool)

    rows = await told(pool, "effectiveness", "consultant")
    assert figures(rows, "consultant", "cases", "effective", "spent_s", "cost", "result", "solved") == [
        ("k1", 1, 1, 90 * 60, 100_000, 3.0, 0.8),
        ("k2", 1, 0, 30 * 60, 0, 3.0, 0.2),
    ]
    assert [row["solved_per_hour"] for row in rows] == pytest.approx([0.8 / 1.5, 0.4])
    assert rows[0]["cost_per_solved"] == pytest.approx(125_000)

    assert figures(await told(pool, "causes"), "cause", "named", "cases", "cumulative") == [
        ("queue", 2, 2, pytest.approx(2 / 3)),
        ("rude", 1, 1, 1.0),
    ]
    (row,) = await told(pool, "repeats", "topic")
    assert (row["topic"], row["cases"], row["consultations"], row["repeated"]) == ("housing", 3, 4, 1)
    assert (row["assessed"], row["first_contact"]) == (3, 1)

    impact = figures(await told(pool, "impact"), "after_months", "asked", "reached", "changed", "used_share")
    assert impact == [(1, 2, 1, 0, 1.0), (3, 1, 1, 1, 1.0)]

    january, march = await told(pool, "cohorts")
    assert (january["cohort"], january["cases"], march["cohort"], march["cases"]) == ("2026-01", 2, "2026-03", 1)
    assert figures([january], "satisfied_1", "effective_1", "impact_1", "impact_3", "impact_6") == [(2, 1, 0, 1, 1)]
    assert figures([january], "impact_1_share", "impact_3_share", "impact_6_share") == [(0.0, 0.5, None)]
    assert figures([march], "satisfied_3_share", "effective_6_share") == [(0.0, None)]

    assert figures(await told(pool, "issues"), "issue", "target_group", "times") == [("queues", "pensioners", 1)]
    (row,) = await told(pool, "complaints", "channel")
    assert (row["received"], row["justified"], row["closed"], row["open"]) == (1, 1, 1, 0)
    assert figures(await told(pool, "complaint-causes"), "cause", "justified", "share") == [("long_wait", 1, 1.0)]
    steps = [row["step"] for row in await told(pool, "complaint-steps")]
    assert steps == ["acknowledged", "assessed", "investigated", "decided", "communicated", "closed"]
    (row,) = await told(pool, "complaint-process", "office")
    assert (row["asked"], row["speed"], row["overall"]) == (1, 2.0, 3.75)

    sold = figures(await told(pool, "subscriptions", "zone", "seller"), "zone", "seller", "forms", "copies", "net")
    assert sold == [("city", "postman", 1, 2, 277_400), ("rural", "facility", 1, 1, 0)]
    (row,) = await told(pool, "subscriptions", "publication", "term", zone="city")
    assert (row["publication"], row["term"], row["refunded"]) == ("75384 Ауыл тынысы", 6, 100_000)


async def test_a_period_counts_what_began_in_it_with_all_that_came_of_it(pool: Pool, store: Any) -> None:
    await append(store, A_STORY)
    await projected(pool)
    # Evaluated after 1 February, on consultations of January: their whole cost counts.
    february = Standpoint(now=NOW, since=day(2, 1), until=day(2, 20))
    (row,) = await told(pool, "effectiveness", "topic", seen=february)
    assert (row["cases"], row["spent_s"]) == (1, 90 * 60)
    assert await told(pool, "repeats", seen=february) == []
    # As it stood before the second consultation, the case was not repeated and nobody was satisfied.
    (row,) = await told(pool, "repeats", seen=Standpoint(now=day(1, 11), until=day(1, 11)))
    assert (row["cases"], row["repeated"], row["first_contact"]) == (1, 0, 0)


async def test_limits_told_apart_in_whatever_way_add_up_to_the_same(pool: Pool, store: Any) -> None:
    await append(store, history(11, 80))
    await projected(pool)
    async with pool.acquire() as connection:
        rows = await queries.sla(connection, now=NOW)
    counts = ("open", "overdue", "paused", "met", "below_norm", "breached", "cancelled")
    expected: defaultdict[str, list[int]] = defaultdict(lambda: [0] * (len(counts) + 1))
    for row in rows:
        for place, value in enumerate((row.total, *(getattr(row, name) for name in counts))):
            expected[row.indicator][place] += value
    assert len(expected) > 5
    for by in ((), ("stage",), ("channel",), ("topic", "month"), ("consultant",), ("office",)):
        found: defaultdict[str, list[int]] = defaultdict(lambda: [0] * (len(counts) + 1))
        for row in await told(pool, "limits", *by):
            assert row["met"] + row["breached"] + row["open"] + row["cancelled"] == row["clocks"]
            assert row["due_soon"] + row["overdue"] + row["paused"] <= row["open"]
            for place, name in enumerate(("clocks", *counts)):
                found[row["indicator"]][place] += row[name]
        assert found == expected, by


async def test_due_soon_is_what_has_a_fifth_of_its_time_left(pool: Pool, store: Any) -> None:
    received = make("WrittenRequestReceived", case_id="W1", channel="post", language="kk", office="north", topic=None,
                    history=True, has_contacts=True)  # fmt: skip
    await append(store, [Happening("W1", day(3, 1), received)])
    await projected(pool)
    ten_days = {"indicator": "mail_answer"}
    for moment, soon, overdue in ((7.9, 0, 0), (8.1, 1, 0), (9.9, 1, 0), (10.1, 0, 1)):
        seen = Standpoint(now=day(3, 1) + timedelta(days=moment))
        (row,) = await told(pool, "limits", seen=seen, **ten_days)
        assert (row["open"], row["due_soon"], row["overdue"]) == (1, soon, overdue), moment


async def test_at_a_position_every_answer_and_the_pack_stay_the_same_whatever_comes(pool: Pool, store: Any) -> None:
    positions = await append(store, [*A_STORY, *history(12, 40)])
    await projected(pool)
    middle = positions[len(positions) * 2 // 3]

    async def everything() -> tuple[list[list[Row]], dict[str, Any], bytes]:
        async with pool.acquire() as connection:
            there = await reached(connection, ALL, middle)
            assert there.at is not None
            seen = Standpoint(now=there.at, position=there.position)
            rows = [await answer(connection, one, Asked(seen, one.default)) for one in REPORTS.values()]
            at = await as_of_position(connection, middle)
            found = await pack(connection, at, clock=datetime.now(UTC))
        return rows, found.data(), bytes(draw(found).output())

    before = await everything()
    # As if it were told at the position; later events are of the same time, and would count without it.
    await append(store, [*history(13, 40), *consulted("Z", day(1, 15), "k9", satisfied=True)])
    await projected(pool)
    assert await everything() == before
    assert {row["consultant"] for row in await told(pool, "repeats", "consultant")} >= {"k9"}


async def test_a_position_beyond_what_the_projections_have_seen_is_refused(pool: Pool, store: Any) -> None:
    async with pool.acquire() as connection:
        assert (await reached(connection, ALL)).events == 0
    first = await append(store, A_STORY)
    await projected(pool)
    second = await append(store, consulted("D", day(6, 1), "k1"))
    async with pool.acquire() as connection:
        assert (await reached(connection, ALL)).position == second[0] - 1
        assert (await reached(connection, ALL, first[3])).events == 4
        with pytest.raises(UnknownPositionError, match=f"up to {second[0] - 1}"):
            await reached(connection, ALL, second[-1])


async def test_what_a_report_can_not_be_told_apart_by_is_said_with_what_it_can(pool: Pool) -> None:
    with pytest.raises(UnknownQuestionError, match="consultant, topic, form"):
        await told(pool, "repeats", "weather")
    with pytest.raises(UnknownQuestionError, match="causes is not chosen by 'zone'"):
        await told(pool, "causes", zone="city")
    with pytest.raises(queries.NotBuiltError, match="tereze rebuild"):
        await told(pool, "subscriptions")
