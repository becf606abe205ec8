"""Events as JSON in the log and back: personal fields go in sealed and stay so until somebody unseals them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from pydantic import ValidationError

from shared.contracts import EVENTS, Event, optional_fields, personal_fields
from shared.contracts.base import STORED

from .model import RecordedEvent
from .vault import sealing, unsealing

Keys = Mapping[str, bytes | None]
"""Consumers' keys by consumer id; None for a forgotten consumer. From `Vault`."""


class UnreadableEvent(Exception):
    """An event in the log that this program can't read: of an unknown type, of another version, or damaged."""

    def __init__(self, position: int, type_name: str, schema_version: int, reason: str) -> None:
        super().__init__(f"event {position} ({type_name}, version {schema_version}) can't be read: {reason}")
        self.position = position
        self.type = type_name
        self.schema_version = schema_version


class UnsealedPersonalData(TypeError):
    """A fault of the program: an event says something personal, but not of whom, or its key was not fetched."""


def encode(event: Event, keys: Keys) -> bytes:
    """The event's JSON with its personal fields sealed: text that already looks sealed too.

    Optional fields that say nothing are left out: of an event that says little they were half its size.

    `keys` holds the key of the event's consumer where it has personal values (`UnsealedPersonalData` else).
    """
    sealed = _personal(event, keys, sealing)
    said = vars(event)
    unsaid = {name for name in optional_fields(type(event)) if said[name] is None}
    if not sealed:
        return event.model_dump_json(exclude=unsaid).encode()
    return orjson.dumps(event.model_dump(mode="json", exclude=unsaid) | sealed)


def sealed_for(event: Event) -> str | None:
    """Whose key `encode` needs for this event; None where it says nothing personal."""
    return event.consumer_id if _personal_values(event) else None


def decode(recorded: RecordedEvent) -> Event:
    """The recorded event, personal fields still sealed. UnreadableEvent: see there."""
    model = EVENTS.get(recorded.type)
    if model is None:
        raise _unreadable(recorded, "no such type is known; run a newer version of the program")
    if recorded.schema_version != model.schema_version:
        raise _unreadable(recorded, f"version {model.schema_version} is expected; run a newer version of the program")
    try:
        return model.model_validate_json(recorded.data, context=STORED)
    except ValidationError as error:
        # Only places and kinds: a value may be personal.
        places = ", ".join(f"{'.'.join(map(str, one['loc']))} ({one['type']})" for one in error.errors())
        raise _unreadable(recorded, f"its data is not of its schema: {places}") from None


def unseal_event(event: Event, keys: Keys) -> Event:
    """The event with its personal fields readable, FORGOTTEN where the consumer was forgotten."""
    return event.model_copy(update=_personal(event, keys, unsealing))


def _personal(
    event: Event, keys: Keys, way: Callable[[bytes | None, str], Callable[[str], str]]
) -> dict[str, str | list[str]]:
    """The event's personal values, by field, each text changed in the way of its consumer's key."""
    values = _personal_values(event)
    if not values:
        return {}
    owner = event.consumer_id
    if owner is None or owner not in keys:
        lack = "has no consumer_id" if owner is None else f"has a consumer, {owner}, whose key was not fetched"
        raise UnsealedPersonalData(f"{event.type_name()} with personal {', '.join(values)} {lack}")
    change = way(keys[owner], owner)

    def changed(value: Any) -> str | list[str]:
        return [change(text) for text in value] if isinstance(value, list) else change(value)

    return {name: changed(value) for name, value in values.items()}


def _personal_values(event: Event) -> dict[str, Any]:
    # On the way of every event: a model's own dictionary is read several times faster than its attributes.
    said = vars(event)
    return {name: said[name] for name in personal_fields(type(event)) if said[name] is not None}


def _unreadable(recorded: RecordedEvent, reason: str) -> UnreadableEvent:
    return UnreadableEvent(recorded.position, recorded.type, recorded.schema_version, reason)
