"""Whatever the stream still holds of messages to somebody who was forgotten is deleted."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import unquote

from nats.aio.client import Client

from shared.bus import names
from shared.bus.reading import read_through

FORGOTTEN = "ConsumerForgotten"
"""The event that says so."""


async def erase(client: Client, consumer_ids: Collection[str]) -> int:
    """Look through the headers of all messages and delete, overwriting them, those to these consumers; how many."""
    found = [
        message.metadata.sequence.stream
        async for message in read_through(client, names.OUT_STREAM, headers_only=True)
        if unquote((message.headers or {}).get(names.CONSUMER, "")) in consumer_ids
    ]
    for sequence in found:
        await client.jetstream().delete_msg(names.OUT_STREAM, sequence)
    return len(found)
