"""The last messages that left for consumers, as they lie on the stream for the channels' adapters."""

from __future__ import annotations

from collections import deque
from typing import Any

import nats
import orjson

from shared.bus.names import ID, OUT_STREAM, TIME, inbox_prefix, out_subject
from shared.bus.reading import read_through

_LOOK_BACK = 20_000
"""So many of the stream's last messages are looked through; of any channel."""


async def last_messages(nats_url: str, *, channel: str | None, case_id: str | None, limit: int) -> list[dict[str, Any]]:
    """The last `limit` messages, oldest first; perhaps by one channel, about one case.

    Each is its body, with `id` and `time` of its event.
    """
    client = await nats.connect(nats_url, inbox_prefix=inbox_prefix("admin").encode())
    try:
        last = (await client.jetstream().stream_info(OUT_STREAM)).state.last_seq
        found = deque[dict[str, Any]](maxlen=limit)
        subject = out_subject(channel) if channel else None
        async for message in read_through(client, OUT_STREAM, subject=subject, since=max(1, last - _LOOK_BACK)):
            headers = message.headers or {}
            body: dict[str, Any] = orjson.loads(message.data)
            if case_id is None or body["case_id"] == case_id:
                found.append({"id": headers.get(ID, ""), "time": headers.get(TIME, ""), **body})
        return list(found)
    finally:
        await client.close()
