"""Waits until a system has come to rest: every event is relayed, and every reaction to it is through."""

from __future__ import annotations

import asyncio

import asyncpg
import nats
from nats.aio.client import Client
from nats.js.errors import NotFoundError

from deploy.launcher import System
from deploy.roles import CONTEXTS, reactions_durable
from shared.bus.names import EVENTS_STREAM

_PATIENCE_S = 20.0
_BETWEEN_LOOKS_S = 0.02
_LOG = """
SELECT last_value AS position,
       NOT EXISTS (SELECT FROM store.event e, ops.relay r WHERE (e.xid, e.position) > (r.xid, r.position)) AS relayed
FROM store.position
"""


async def at_rest(system: System) -> None:
    """Wait, for 20 s at most: then the figures tell what is amiss."""
    database = await asyncpg.connect(system.dsn_for("admin"))
    client = await nats.connect(system.url_for("admin"), inbox_prefix=b"_INBOX_admin")
    try:
        async with asyncio.timeout(_PATIENCE_S):
            while not await _quiet(database, client):  # noqa: ASYNC110 - other processes' work
                await asyncio.sleep(_BETWEEN_LOOKS_S)
    except TimeoutError:
        return
    finally:
        await asyncio.gather(client.close(), database.close())


async def _quiet(database: asyncpg.Connection[asyncpg.Record], client: Client) -> bool:
    """Nothing is stored while it is seen that all is relayed, and then that all is taken in."""
    before = await database.fetchrow(_LOG)
    for context in CONTEXTS:
        try:
            consumer = await client.jetstream().consumer_info(EVENTS_STREAM, reactions_durable(context))
        except NotFoundError:  # it reacts to nothing
            continue
        if consumer.num_pending or consumer.num_ack_pending:
            return False
    return bool(before) and before["relayed"] and before == await database.fetchrow(_LOG)
