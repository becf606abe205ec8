"""The relay: reads the log in its order and publishes every event, at least once, to `TEREZE_EVENTS`.

How it does so, and what happens after a crash: `shared/bus/follower.py`. Consumers' inboxes drop what comes twice, too.
"""

from __future__ import annotations

from collections.abc import Sequence

from shared.bus import names
from shared.bus.connection import connect
from shared.bus.follower import LogPublisher, cloud_event, follow
from shared.bus.publisher import Outgoing
from shared.eventstore.model import RecordedEvent
from shared.process import connect_pool, run_process
from shared.settings import Settings
from shared.telemetry import setup
from shared.telemetry.logs import configure_logging


def headers_of(event: RecordedEvent, traceparent: str | None) -> dict[str, str]:
    """An event's CloudEvents attributes."""
    schema = names.schema_urn(event.context, event.type, event.schema_version)
    headers = cloud_event(event.type, event, source=event.context, schema=schema, traceparent=traceparent)
    return headers | {names.POSITION: str(event.position)}


class Relay(LogPublisher):
    """Moves events from the store to the bus until stopped."""

    name = "relay"

    async def outgoing(self, events: Sequence[RecordedEvent]) -> Sequence[Outgoing]:
        """Every event, as it is."""
        return [self._outgoing(event) for event in events]

    def _outgoing(self, event: RecordedEvent) -> Outgoing:
        subject = names.event_subject(event.context, event.type)
        traceparent, settled = self.traced(event.type, event, subject, f"e{event.position}")
        return Outgoing(subject, event.data, headers_of(event, traceparent), settled)


async def main() -> None:
    """Relay until told to stop: `python -m shared.bus.relay`."""
    settings = Settings()
    telemetry = setup("relay", settings.home)
    # A cursor lost with a crash of the database costs some publishing again, and no event.
    pool = await connect_pool(settings.database_url, "tereze-relay", session={"synchronous_commit": "off"})
    client = await connect(settings.nats_url, "relay")
    await follow(Relay(pool, client, telemetry), pool, client, telemetry)


if __name__ == "__main__":
    configure_logging("relay")
    run_process(main())
