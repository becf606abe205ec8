"""Whatever the stream still holds of messages to somebody who was forgotten is deleted."""

from __future__ import annotations

from collections.abc import Collection
from secrets import token_hex
from urllib.parse import unquote

from nats.aio.client import Client
from nats.js.api import AckPolicy, ConsumerConfig

from shared.bus import names

FORGOTTEN = "ConsumerForgotten"
"""The event that says so."""
_PAGE = 500
_WAIT_S = 5.0
_KEPT_S = 30.0


async def erase(client: Client, consumer_ids: Collection[str]) -> int:
    """Look through the headers of all messages and delete, overwriting them, those to these consumers; how many."""
    stream = client.jetstream()
    reading = ConsumerConfig(
        name=f"erasing-{token_hex(6)}",
        ack_policy=AckPolicy.NONE,
        headers_only=True,
        mem_storage=True,
        inactive_threshold=_KEPT_S,
    )
    consumer = await stream.add_consumer(names.OUT_STREAM, reading)
    left, found = consumer.num_pending or 0, list[int]()
    if left:
        inbox = await stream.pull_subscribe_bind(stream=names.OUT_STREAM, consumer=consumer.name)
        while left > 0:
            for message in await inbox.fetch(min(left, _PAGE), timeout=_WAIT_S):
                left = message.metadata.num_pending
                if unquote((message.headers or {}).get(names.CONSUMER, "")) in consumer_ids:
                    found.append(message.metadata.sequence.stream)
        await inbox.unsubscribe()
    for sequence in found:
        await stream.delete_msg(names.OUT_STREAM, sequence)
    return len(found)
