"""The embedded servers: who may do what on the bus and in the database."""

from __future__ import annotations

import asyncpg
import nats
import pytest

from tests.conftest import RunningServers

_INSERT = """INSERT INTO store.event_{context}
    (context, stream_id, version, type, schema_version, data, occurred_at, causation_id, correlation_id, actor)
    VALUES ('{context}', 'request-1', 1, 'RequestReceived', 1, '{{}}', now(), 'c', '1', 'a')"""


async def test_a_service_writes_its_own_partition_only(clean_store: RunningServers) -> None:
    connection = await asyncpg.connect(clean_store.dsn("intake"))
    try:
        await connection.execute(_INSERT.format(context="intake"))
        assert await connection.fetchval("SELECT count(*) FROM store.event_intake") == 1
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(_INSERT.format(context="consult"))
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("UPDATE vault.key SET key = NULL")
    finally:
        await connection.close()


async def test_submissions_reach_their_service_and_no_other(clean_store: RunningServers) -> None:
    adapter = await nats.connect(clean_store.nats_url("adapter"), inbox_prefix=b"_INBOX_adapter")
    intake = await nats.connect(clean_store.nats_url("intake"), inbox_prefix=b"_INBOX_intake")
    try:
        await adapter.jetstream().publish("tereze.in.intake.ReceiveRequest", b"{}")
        pull = await intake.jetstream().pull_subscribe("tereze.in.intake.>", durable="intake", stream="TEREZE_IN")
        (message,) = await pull.fetch(1, timeout=5)
        await message.ack_sync(timeout=5)
    finally:
        await adapter.close()
        await intake.close()
