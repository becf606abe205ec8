"""A system of their own for the faults' tests, and waiting for what others bring about."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import nats
import pytest
from nats.aio.client import Client

from deploy.launcher import System
from tests.conftest import StartSystem


@pytest.fixture(scope="session")
async def hostile_system(start_system: StartSystem) -> System:
    """All processes; nothing in it is ever killed."""
    return await start_system(movable_clock=False)


@pytest.fixture
async def adapter(hostile_system: System) -> AsyncIterator[Client]:
    """A connection with an adapter's rights."""
    client = await nats.connect(hostile_system.url_for("adapter"), inbox_prefix=b"_INBOX_adapter")
    yield client
    await client.close()


@pytest.fixture
async def database(hostile_system: System) -> AsyncIterator[asyncpg.Pool[asyncpg.Record]]:
    """The hostile system's database, as its owner."""
    async with asyncpg.create_pool(hostile_system.dsn_for("admin"), min_size=1, max_size=2) as pool:
        yield pool


async def until(condition: Callable[[], Awaitable[Any] | Any], seconds: float, what: Callable[[], str]) -> None:
    """Wait for a condition that others bring about; `what` says what is still missing."""
    try:
        async with asyncio.timeout(seconds):
            while True:
                found = condition()
                if await found if isinstance(found, Awaitable) else found:
                    return
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"after {seconds} s: {what()}") from None
