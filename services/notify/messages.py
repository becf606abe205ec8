"""From events to messages: whom each is for, in which language, by which channel. Here alone contacts are opened."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any

from services.notify.contacts import (
    FIELDS,
    TOLD,
    Pool,
    Reached,
    reached,
    reached_elsewhere,
    read_elsewhere,
    read_records,
    read_sayings,
    way,
)
from services.notify.templates import event_types, words_of
from shared.contracts.base import Event
from shared.contracts.outgoing import Addressee, ConsumerMessage
from shared.decider import Key
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
        known = await self._reached(told, readable)
        # A vault of its own for each page: it remembers no key of anybody who was forgotten a moment ago.
        owners = {owner for one in known.values() for owner, _ in one.sealed.values()}
        keys = await Vault(self._pool).existing_keys(owners | {one.consumer_id for one in known.values()})
        messages: list[ConsumerMessage | None] = [None] * len(events)
        for place, reach in known.items():
            try:
                messages[place] = self._message(told[place], readable[place], reach, keys)
            except Unsealable as error:
                log.error("no message about event %d: %s", told[place].position, error)
            except Exception:
                # One event that can't be told must not keep all later ones from being told.
                log.exception("no message about event %d (%s)", told[place].position, told[place].type)
        return messages

    def _is_told(self, event: RecordedEvent, now: datetime) -> bool:
        return event.type in event_types() and now - event.recorded_at <= self._max_age

    async def _reached(self, told: Mapping[int, RecordedEvent], readable: Mapping[int, Event]) -> Mapping[int, Reached]:
        """How the person of each event is reached; those left out are nobody, or in no way."""
        whose = {place: event.consumer_id for place, event in readable.items() if event.consumer_id is not None}
        own = {place: _own(told[place], readable[place]) for place in whose}
        ids = {one for place, consumer_id in whose.items() for one in (consumer_id, *own[place])}
        sayings = await read_sayings(self._pool, sorted(ids)) if ids else {}
        known = {
            place: reached(consumer_id, own[place], [one for id_ in {consumer_id, *own[place]} for one in sayings[id_]])
            for place, consumer_id in whose.items()
        }
        found = {place: one for place, one in known.items() if one.way is not None}
        strangers = {place: one for place, one in known.items() if one.way is None}
        if not strangers:
            return found
        records = await read_records(self._pool, {one.consumer_id for one in strangers.values()})
        everybody = {one for theirs in records.values() for one in theirs}
        elsewhere = await read_elsewhere(self._pool, everybody)
        # A forgotten person's records are forgotten one after the other: none of them answers for the others by now.
        standing = await Vault(self._pool).standing(everybody)
        for place, one in strangers.items():
            theirs = records[one.consumer_id]
            if all(standing[record] is not Key.DELETED for record in theirs):
                found[place] = reached_elsewhere(one, [said for record in theirs for said in elsewhere[record]])
        return found

    def _message(self, recorded: RecordedEvent, event: Event, known: Reached, keys: Keys) -> ConsumerMessage | None:
        opening = {known.consumer_id, *(owner for owner, _ in known.sealed.values())}
        if any(keys.get(owner) is None for owner in opening):
            return None  # of somebody who was forgotten
        if known.history or getattr(event, "history", False):
            return None
        case_id = _case(recorded, event)
        contacts = {name: unseal(keys[owner], owner, token) for name, (owner, token) in known.sealed.items()}
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
