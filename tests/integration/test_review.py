"""The management review's figures, from real events in a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from services.feedback.domain import DECIDER
from services.insight.instants import Pool
from services.insight.queries import NotBuiltError
from services.insight.rebuild import rebuild
from services.insight.review import Review, review
from services.insight.standpoint import Standpoint
from services.insight.views import projections
from shared.contracts.base import Command
from shared.contracts.quality import CompleteAction, MoveAction
from shared.contracts.values import Channel
from tests.conftest import RunningServers
from tests.integration.histories import Happening, append, make
from tests.unit.complaint_words import CLOSED, HANDLING, RECEIVED, after, receive
from tests.unit.given_when_then import NINE, given
from tests.unit.test_actions import order
from tests.unit.test_inspections import inspect

LATER = NINE + timedelta(days=60)


def happenings(case_id: str, *commands: Command) -> list[Happening]:
    return [Happening(case_id, at, event) for event, at in after(*commands)]


@pytest.fixture
async def database(clean_store: RunningServers) -> AsyncIterator[Pool]:
    """The database as the read side's own role."""
    async with asyncpg.create_pool(clean_store.dsn("insight"), min_size=1, max_size=2) as pool:
        yield pool


@pytest.fixture
async def reviewed(clean_store: RunningServers, database: Pool) -> Pool:
    [action] = given(DECIDER).when(order(action_id="Z2")).events
    moved = MoveAction(action_id="Z1", owner="k-3", due=order().due + timedelta(days=30), reason="on leave")
    done = CompleteAction(action_id="Z2", done="they lie there")
    history = [
        *happenings("X1", *CLOSED, HANDLING),
        *happenings("X2", receive(case_id="X2", channel=Channel.PHONE)),
        *happenings("Z1", order(), moved),
        Happening("Z2", NINE, action),
        *(Happening("Z2", NINE, event) for event in given(DECIDER, (action,)).when(done).events),
        *(Happening("Q1", NINE, event) for event in given(DECIDER).when(inspect()).events),
        Happening(
            "A1",
            NINE,
            make(
                "TopicalIssueRecorded", case_id="A1", issue="queues", target_group="pensioners", organisation_need=True
            ),
        ),
        Happening("A1", NINE, make("SuccessFactorsRecorded", case_id="A1", factors=["asked first"])),
    ]
    connection = await asyncpg.connect(clean_store.dsn())
    try:
        await append(connection, history)
    finally:
        await connection.close()
    (projection,) = projections("UTC", ["review"])
    await rebuild(database, projection)
    return database


async def look(database: Pool, **period: object) -> Review:
    async with database.acquire() as connection:
        return await review(connection, Standpoint(now=LATER), **period)  # type: ignore[arg-type]


async def test_a_review_counts_what_happened_and_says_what_is_open(reviewed: Pool) -> None:
    found = await look(reviewed)
    assert {(row["channel"], row["received"], row["closed"], row["open"]) for row in found.complaints} == {
        ("web", 1, 1, 0),
        ("phone", 1, 0, 1),
    }
    assert found.causes == [{"cause": "long_wait", "named": 1, "justified": 1}]
    assert found.decisions == [{"justified": "yes", "decisions": 1}]
    assert found.closed == [{"because": "accepted", "complaints": 1}]
    # A step an hour: assessed, investigated, decided, told, accepted, closed.
    steps = {row["step"]: (row["complaints"], row["average_s"]) for row in found.steps}
    assert steps == {
        "acknowledged": (2, 0.0),
        "assessed": (1, 3600.0),
        "investigated": (1, 7200.0),
        "decided": (1, 10800.0),
        "communicated": (1, 14400.0),
        "closed": (1, 21600.0),
    }
    assert found.handling == [{"asked": 1, "ease": 4.0, "speed": 2.0, "courtesy": 5.0, "fairness": 4.0}]
    [row] = found.actions
    assert (row["department"], row["ordered"], row["open"], row["to_check"], row["overdue"]) == (
        "front_office",
        2,
        2,
        1,
        1,
    )
    assert [(row["action_id"], row["owner"], row["overdue"]) for row in found.open_actions] == [
        ("Z2", "k-2", True),
        ("Z1", "k-3", True),
    ]
    [inspected] = found.inspections
    assert (inspected["employee"], inspected["facility"], inspected["average_score"]) == ("k-1", "po-north-1", 100.0)
    assert found.success_factors == [{"factor": "asked first", "times": 1, "topics": 0}]
    assert found.topical_issues == [
        {"issue": "queues", "target_group": "pensioners", "times": 1, "organisation_need": 1}
    ]


async def test_a_period_leaves_out_what_came_before_and_after(reviewed: Pool) -> None:
    within = await look(
        reviewed, begin=NINE + timedelta(hours=1, minutes=30), end=NINE + timedelta(hours=2, minutes=30)
    )
    assert [row["step"] for row in within.steps] == ["investigated"]
    assert within.topical_issues == []
    assert sum(row["open"] for row in within.complaints) == 2
    assert sum(row["received"] for row in within.complaints) == 0


async def test_before_it_is_built_it_says_how_to_build_it(database: Pool) -> None:
    assert RECEIVED
    with pytest.raises(NotBuiltError, match="tereze rebuild review"):
        await look(database)
