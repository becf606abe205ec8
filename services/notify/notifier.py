"""The notifier: reads the log and publishes what its events have to say to consumers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import asyncpg
import orjson
from nats.aio.client import Client

from services.notify.erasing import FORGOTTEN, erase
from services.notify.messages import Composer
from services.notify.templates import event_types
from shared.bus import names
from shared.bus.cloudevents import encode_header
from shared.bus.follower import LogPublisher, cloud_event
from shared.bus.publisher import Outgoing
from shared.contracts.outgoing import ConsumerMessage
from shared.eventstore.model import RecordedEvent
from shared.telemetry import Telemetry

NAME = "notify"
PAGE = 200
"""Fewer than the relay's: each is composed, and their texts are longer."""


class Notifier(LogPublisher):
    """Publishes the messages that events lead to; each event leads to one at most, under the event's id."""

    name = NAME
    types = sorted(event_types() | {FORGOTTEN})

    def __init__(
        self, pool: asyncpg.Pool[asyncpg.Record], client: Client, telemetry: Telemetry, composer: Composer
    ) -> None:
        super().__init__(pool, client, telemetry, page=PAGE)
        self._composer = composer

    async def outgoing(self, events: Sequence[RecordedEvent]) -> Sequence[Outgoing]:
        """The messages about a page's events. Those still kept for somebody who was forgotten are deleted first."""
        forgotten = {orjson.loads(event.data)["consumer_id"] for event in events if event.type == FORGOTTEN}
        if forgotten:
            await erase(self._client, forgotten)
        # What ages is what the log holds, not what the world is said to be: a movable clock does not count here.
        messages = await self._composer.compose(events, datetime.now(UTC))
        return [
            self._outgoing(event, message)
            for event, message in zip(events, messages, strict=True)
            if message is not None
        ]

    def _outgoing(self, event: RecordedEvent, message: ConsumerMessage) -> Outgoing:
        subject = names.out_subject(message.channel)
        traceparent, settled = self.traced(ConsumerMessage.type_name(), event, subject, f"e{event.position}")
        return Outgoing(subject, message.model_dump_json().encode(), headers_of(event, message, traceparent), settled)


def headers_of(event: RecordedEvent, message: ConsumerMessage, traceparent: str | None) -> dict[str, str]:
    """A message's CloudEvents attributes, and whom it is for."""
    type_name = ConsumerMessage.type_name()
    schema = names.schema_urn(ConsumerMessage.context, type_name, ConsumerMessage.schema_version)
    headers = cloud_event(type_name, event, source=NAME, schema=schema, traceparent=traceparent)
    consumer_id: str = orjson.loads(event.data)["consumer_id"]
    return headers | {names.SUBJECT: encode_header(message.case_id), names.CONSUMER: encode_header(consumer_id)}
