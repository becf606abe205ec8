"""Reading through what lies on a stream, once, without taking anything from anybody."""

from __future__ import annotations

from collections.abc import AsyncIterator
from secrets import token_hex

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

_PAGE = 500
_WAIT_S = 5.0
_FORGOTTEN_AFTER_S = 30.0
"""The server drops the reader's consumer by itself when nobody has asked it for so long."""


async def read_through(
    client: Client, stream: str, *, subject: str | None = None, since: int = 1, headers_only: bool = False
) -> AsyncIterator[Msg]:
    """The messages that lie on a stream now, in their order, from the sequence `since` on; perhaps of one subject.

    Raises nats.errors.Error where the server does not answer in time.
    """
    jetstream = client.jetstream()
    consumer = await jetstream.add_consumer(
        stream,
        ConsumerConfig(
            name=f"reading-{token_hex(6)}",
            filter_subject=subject,
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=since,
            ack_policy=AckPolicy.NONE,
            headers_only=headers_only,
            mem_storage=True,
            inactive_threshold=_FORGOTTEN_AFTER_S,
        ),
    )
    left = consumer.num_pending or 0
    if not left:
        return
    inbox = await jetstream.pull_subscribe_bind(stream=stream, durable=consumer.name)
    try:
        while left > 0:
            for message in await inbox.fetch(min(left, _PAGE), timeout=_WAIT_S):
                left -= 1
                yield message
    finally:
        await inbox.unsubscribe()
