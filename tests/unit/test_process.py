"""A process whose part dies ends, so that it is started anew."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from shared.process import until_told_to_stop


async def test_given_a_part_that_dies_then_the_process_ends_with_what_it_died_of() -> None:
    async def dies() -> None:
        await asyncio.sleep(0)
        raise LookupError("the pool has lost itself")

    async def lives() -> None:
        await asyncio.Event().wait()

    living = asyncio.create_task(lives())
    with pytest.raises(LookupError, match="lost itself"):
        async with asyncio.timeout(10):
            await until_told_to_stop(living, asyncio.create_task(dies()))
    living.cancel()


async def test_given_a_part_that_has_nothing_to_do_then_the_process_lives_until_it_is_told_to_stop() -> None:
    async def ends() -> None:
        """Like the one that tells the lag where nobody is told."""

    waiting = asyncio.create_task(until_told_to_stop(asyncio.create_task(ends())))
    for _ in range(10):
        await asyncio.sleep(0)
    assert not waiting.done()
    os.kill(os.getpid(), signal.SIGTERM)
    async with asyncio.timeout(10):
        await waiting
