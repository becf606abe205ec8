"""The gathering of concurrent callers into groups."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from shared.eventstore.group import GroupCommit


class Writer:
    """Doubles numbers, group by group; each group takes a turn of the loop or two. Odd ones may fail."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.fails = False

    async def commit(self, group: Sequence[int]) -> list[int]:
        self.groups.append(list(group))
        for _ in range(3):
            await asyncio.sleep(0)
        if self.fails:
            raise ConnectionError("the store is gone")
        return [2 * number for number in group]


async def test_callers_of_one_moment_share_a_group_and_get_their_own_answers() -> None:
    writer = Writer()
    group = GroupCommit(writer.commit, writers=1)
    assert await asyncio.gather(*map(group.submit, range(16))) == [2 * number for number in range(16)]
    assert writer.groups == [list(range(16))]


async def test_what_waits_is_shared_by_the_writers_so_that_one_group_is_prepared_while_the_other_is_written() -> None:
    writer = Writer()
    group = GroupCommit(writer.commit, writers=2)
    assert await asyncio.gather(*map(group.submit, range(16))) == [2 * number for number in range(16)]
    assert writer.groups == [list(range(8)), list(range(8, 16))]


async def test_callers_that_come_while_a_group_is_written_form_the_next_one_together_with_those_just_answered() -> None:
    writer = Writer()
    group = GroupCommit(writer.commit, writers=1)

    async def caller(number: int, delay: int) -> None:
        for _ in range(delay):
            await asyncio.sleep(0)
        for _ in range(3):
            assert await group.submit(number) == 2 * number

    await asyncio.gather(caller(0, 0), *(caller(number, 2) for number in range(1, 16)))
    assert len(writer.groups[0]) == 1
    assert len(writer.groups[1]) == 16


async def test_a_group_is_no_larger_than_its_limit() -> None:
    writer = Writer()
    group = GroupCommit(writer.commit, limit=10, writers=1)
    await asyncio.gather(*map(group.submit, range(25)))
    assert [len(one) for one in writer.groups] == [10, 10, 5]


async def test_what_the_store_raises_all_of_the_group_are_told_and_the_next_group_goes_on() -> None:
    writer = Writer()
    group = GroupCommit(writer.commit)
    writer.fails = True
    told = await asyncio.gather(*map(group.submit, range(3)), return_exceptions=True)
    assert [type(error) for error in told] == [ConnectionError] * 3
    writer.fails = False
    assert await group.submit(4) == 8


async def test_a_caller_that_goes_away_costs_its_neighbours_nothing() -> None:
    writer = Writer()
    group = GroupCommit(writer.commit)
    leaving = asyncio.create_task(group.submit(1))
    staying = asyncio.create_task(group.submit(2))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying == 4
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert await group.submit(3) == 6
