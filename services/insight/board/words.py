"""Which fields events have, and which words of the contract stand in them: what a case's page must be able to say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any, get_args

from pydantic import BaseModel

from shared.contracts import EVENTS


@cache
def spoken() -> Mapping[str, frozenset[str]]:
    """Every field of an event or of a part of one, with the values that the contract gives it; none: they are free."""
    found: dict[str, set[str]] = {}
    seen: set[type] = set()
    for event in EVENTS.values():
        _add(event, found, seen)
    return MappingProxyType({name: frozenset(values) for name, values in found.items()})


def _add(model: type[BaseModel], found: dict[str, set[str]], seen: set[type]) -> None:
    seen.add(model)
    for name, field in model.model_fields.items():
        values = found.setdefault(name, set())
        for one in _types(field.annotation):
            if issubclass(one, StrEnum):
                values.update(one)
            elif issubclass(one, BaseModel) and one not in seen:
                _add(one, found, seen)


def _types(annotation: Any) -> Iterator[type]:
    if isinstance(annotation, type):
        yield annotation
    for part in get_args(annotation):
        yield from _types(part)
