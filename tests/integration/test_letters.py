"""Dead letters over a kill: what was kept and not acknowledged, or sent again for want of an answer, is there once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import asyncpg

from deploy.launcher import System
from shared.bus.client import Submitter
from shared.contracts import COMMANDS

MANY = 60
COUNT = "SELECT count(*) FROM ops.dead_letter"


async def test_a_kill_between_the_letter_and_the_answer_makes_no_second_letter(new_folder: Callable[[], Path]) -> None:
    system = System(new_folder())
    try:
        await system.start(("intake", "relay"))
        database = await asyncpg.connect(system.dsn_for("admin"))

        # Given refused messages whose service is killed as soon as the first of them is a letter
        async with Submitter(system.url_for("adapter"), "/test") as sender:
            await _send_all(sender)
            async with asyncio.timeout(20):
                while not await database.fetchval(COUNT):  # noqa: ASYNC110 - the condition is in the database
                    await asyncio.sleep(0)
            await system.kill("intake")

        # When it is back, and who heard no answer has sent all of them again
        async with Submitter(system.url_for("adapter"), "/test") as sender:
            await _send_all(sender)
            await system.restart("intake")
            async with asyncio.timeout(30):
                answered = [await sender.answers.get() for _ in range(MANY)]

        # Then each is one letter.
        assert {answer.id for answer in answered} == {f"m{number}" for number in range(MANY)}
        kept = await database.fetch("SELECT message_id FROM ops.dead_letter")
        assert sorted(row["message_id"] for row in kept) == sorted(f"m{number}" for number in range(MANY))
        await database.close()
    finally:
        await system.stop()


async def _send_all(sender: Submitter) -> None:
    for number in range(MANY):
        await sender.send(COMMANDS["ReceiveRequest"], b"{}", event_id=f"m{number}")
