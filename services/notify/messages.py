"""From events to messages: whom each is for, in which language, by which channel. Here alone contacts are opened."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any

from services.notify.contacts import FIELDS, TOLD, Pool, Saying, reached, read_sayings, way
from services.notify.templates import event_types, words_of
from shared.contracts.base import Event
from shared.contracts.outgoing import Addressee, ConsumerMessage
from shared.eventstore.codec import Keys, UnreadableEvent, decode, unseal_event
from shared.eventstore.model import RecordedEvent
from shared.eventstore.vault import Unsealable, Vault, unseal

log = logging.getLogger(__name__)


class Composer:
    """Writes the messages about a page of events. `max_age`: of older events it tells nobody."""

    def __init__(self, pool: Pool, zone: tzinfo, max_age: timedelta) -> None:
        self._pool = pool
        self._zone = zone
        self._max_age = max_age

    async def compose(self, events: Sequence[RecordedEvent], now: datetime) -> list[ConsumerMessage | None]:
        """A message for each event, or None where there is nothing to say, nobody to say it to, or no way to them."""
        told = {place: event for place, event in enumerate(events) if self._is_told(event, now)}
        readable = {place: event for place, one in told.items() if (event := _readable(one)) is not None}
        ids = {one for place, event in readable.items() for one in (*_own(told[place], event), str(event.consumer_id))}
        sayings = await read_sayings(self._pool, sorted(ids)) if ids else {}
        # A vault of its own for each page: it remembers no key of anybody who was forgotten a moment ago.
        keys = await Vault(self._pool).existing_keys(
            {event.consumer_id for event in readable.values() if event.consumer_id is not None}
        )
        messages: list[ConsumerMessage | None] = [None] * len(events)
        for place, event in readable.items():
            try:
                messages[place] = self._message(told[place], event, sayings, keys)
            except Unsealable as error:
                log.error("no message about event %d: %s", told[place].position, error)
            except Exception:
                # One event that can't be told must not keep all later ones from being told.
                log.exception("no message about event %d (%s)", told[place].position, told[place].type)
        return messages

    def _is_told(self, event: RecordedEvent, now: datetime) -> bool:
        return event.type in event_types() and now - event.recorded_at <= self._max_age

    def _message(
        self, recorded: RecordedEvent, event: Event, sayings: Mapping[str, Sequence[Saying]], keys: Keys
    ) -> ConsumerMessage | None:
        consumer_id = event.consumer_id
        if consumer_id is None or (key := keys.get(consumer_id)) is None:
            return None  # nobody's, or of somebody who was forgotten
        case_id = _case(recorded, event)
        own = _own(recorded, event)
        known = reached(consumer_id, own, [one for place in {consumer_id, *own} for one in sayings.get(place, ())])
        if known.history or getattr(event, "history", False):
            return None
        contacts = {name: unseal(key, consumer_id, token) for name, token in known.sealed.items()}
        channel = way(known.channel, contacts)
        if channel is None:
            return None
        words = words_of(known.language)
        opened = unseal_event(event, keys)
        values: dict[str, Any] = {name: getattr(opened, name) for name in type(opened).model_fields}
        written = words.write(
            event.type_name(),
            values | {"case_id": case_id, "at": recorded.occurred_at},
            contacts.get("name"),
            self._zone,
        )
        if written is None:
            return None
        told = {name: contacts.get(name) for name in FIELDS if name == "name" or name in TOLD[channel]}
        return ConsumerMessage(
            case_id=case_id,
            channel=channel,
            language=words.language,
            to=Addressee(**told),
            subject=written[0],
            text=written[1],
            event_type=event.type_name(),
        )


def _readable(recorded: RecordedEvent) -> Event | None:
    try:
        return decode(recorded)
    except UnreadableEvent as error:
        log.error("no message: %s", error)
        return None


def _case(recorded: RecordedEvent, event: Event) -> str:
    """The case that an event belongs to: its own word, else its stream's."""
    return getattr(event, "case_id", None) or recorded.correlation_id


def _own(recorded: RecordedEvent, event: Event) -> set[str]:
    """The ids under which the log may say more of the case: an appointment, say, lies in its official's day."""
    return {_case(recorded, event), recorded.correlation_id}
