"""The last messages that left for consumers, as they lie on the stream for the channels' adapters."""

from __future__ import annotations

from collections import deque
from typing import Any

import nats
import orjson
from nats.js.api import ConsumerConfig, DeliverPolicy

from shared.bus.names import ID, OUT_STREAM, TIME, inbox_prefix, out_subject

_LOOK_BACK = 20_000
"""So many of the stream's last messages are looked through; of any channel."""


async def last_messages(nats_url: str, *, channel: str, case_id: str | None, limit: int) -> list[dict[str, Any]]:
    """The last `limit` messages by `channel` (`*`: any), oldest first: each body, with `id` and `time` of its event."""
    client = await nats.connect(nats_url, inbox_prefix=inbox_prefix("admin").encode())
    try:
        stream = client.jetstream()
        last = (await stream.stream_info(OUT_STREAM)).state.last_seq
        found = deque[dict[str, Any]](maxlen=limit)
        reading = ConsumerConfig(
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=max(1, last - _LOOK_BACK)
        )
        subscription = await stream.subscribe(
            out_subject(channel), stream=OUT_STREAM, ordered_consumer=True, config=reading
        )
        left = (await subscription.consumer_info()).num_pending or 0
        while left > 0:
            message = await subscription.next_msg(timeout=5)
            left = message.metadata.num_pending
            headers = message.headers or {}
            body: dict[str, Any] = orjson.loads(message.data)
            if case_id is None or body["case_id"] == case_id:
                found.append({"id": headers.get(ID, ""), "time": headers.get(TIME, ""), **body})
        return list(found)
    finally:
        await client.close()
