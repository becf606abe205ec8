"""What of an event analysts may have: neither what is sealed for a person, nor what a person could be found by."""

from __future__ import annotations

from functools import cache
from typing import Any, get_args

import orjson

from shared.contracts import EVENTS, personal_fields
from shared.contracts.base import Event
from shared.contracts.intake import ContactClaimed, ContactReleased
from shared.contracts.intake.common import Contact

_OF_THE_INDEX = frozenset({ContactClaimed.type_name(), ContactReleased.type_name()})
"""Their case is a contact's index itself, and they say nothing else."""
OPEN_TYPES: tuple[str, ...] = tuple(sorted(EVENTS.keys() - _OF_THE_INDEX))
"""The event types analysts get. A type whose contract is not known is not among them: all of it may be personal."""


@cache
def withheld(model: type[Event]) -> tuple[str, ...]:
    """The fields of an event that stay in the store: the personal ones, and the keyed hashes of contacts."""
    indexed = {name for name, info in model.model_fields.items() if _holds_contacts(info.annotation)}
    return tuple(sorted(indexed.union(personal_fields(model))))


def withheld_by_type() -> bytes:
    """`withheld` of every open type, as a JSON object."""
    return orjson.dumps({name: withheld(EVENTS[name]) for name in OPEN_TYPES})


def _holds_contacts(annotation: Any) -> bool:
    return annotation is Contact or any(map(_holds_contacts, get_args(annotation)))
