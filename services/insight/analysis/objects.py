"""What an event is about: the objects and people that its fields name, and the plain facts beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, StrEnum
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from services.insight.analysis.disclosure import withheld
from shared.contracts import EVENTS, Context
from shared.contracts.base import Event

CASE, COMPLAINT, CONSUMER, DAY = "case", "complaint", "consumer", "operating_day"
_THINGS = {
    "consultation_id": "consultation",
    "action_id": "action",
    "call_id": "call",
    "call_back_id": "call_back",
    "booking_id": "appointment",
    "task_id": "preparation_task",
    "survey_id": "impact_survey",
    "abonement": "subscription",
}
"""What belongs to a case, or is one of its own kind."""
_PLACES = {"office": "office", "facility": "facility", "index": "publication"}
_EMPLOYEE = "employee"
_PEOPLE = {
    "consultant": "consultant",
    "previous_consultant": "consultant",
    "manager": "manager",
    "agreed_by_manager": "manager",
    "refused_by": "manager",
    "operator": "operator",
    "specialist": "specialist",
    "information_officer": "information_officer",
    "worker": "counter_worker",
    "entered_by": "counter_worker",
    **dict.fromkeys(
        (
            *("owner", "responsible", "previous", "who", "employee", "participants", "verifier", "approved_by"),
            *("evaluated_by", "extended_by", "assessed_by", "asked_by", "taken_by", "decided_by", "communicated_by"),
            *("carried_out_by", "closed_by", "told_by", "given_by", "merged_by", "verified_by"),
            *("investigator", "inspector", "annulled_by", "redirected_by", "reversed_by", "set_by"),
        ),
        _EMPLOYEE,
    ),
}
"""Who of the centre has a part in it, by role where the field's name says one (DOMAIN.md §1)."""
OBJECT_TYPES: tuple[str, ...] = tuple(
    sorted({CASE, COMPLAINT, CONSUMER, DAY, *_THINGS.values(), *_PLACES.values(), *_PEOPLE.values()})
)


class Fact(StrEnum):
    """What kind a plain fact is of."""

    TEXT = "string"
    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Part:
    """An object or a person, and what they are to the event."""

    type: str
    name: str
    """Their id in the store."""
    qualifier: str

    @property
    def id(self) -> str:
        """Unique over all types: one person may be a consultant and an owner."""
        return f"{self.type}:{self.name}"


def parts(type_name: str, data: Mapping[str, Any]) -> Iterator[Part]:
    """Everything and everybody an event names, in the order of its contract."""
    for field in EVENTS[type_name].model_fields:
        for name in _names(data.get(field)):
            for kind in _kinds(type_name, field):
                yield Part(kind, name, field)


def persons(type_name: str, data: Mapping[str, Any]) -> Iterator[str]:
    """The ids of those of the centre who have a part in an event."""
    for field in EVENTS[type_name].model_fields:
        if field in _PEOPLE:
            yield from _names(data.get(field))


@cache
def facts_of(model: type[Event]) -> Mapping[str, Fact]:
    """The fields that hold one plain value and name nothing: an event's attributes."""
    hidden, objects = withheld(model), _objects(model.type_name())
    kinds = {name: _fact(info.annotation) for name, info in model.model_fields.items() if name not in hidden}
    return {name: kind for name, kind in kinds.items() if kind is not None and name not in objects}


@cache
def _objects(type_name: str) -> frozenset[str]:
    return frozenset(field for field in EVENTS[type_name].model_fields if _kinds(type_name, field))


@cache
def _kinds(type_name: str, field: str) -> tuple[str, ...]:
    """Of which types the objects are that a field names; most name none."""
    model = EVENTS[type_name]
    if field in withheld(model):
        return ()
    if field == "case_id":
        if model.context == Context.SUBSCRIPTIONS:
            return (DAY,)
        # An action keeps the id of whatever it answers: a complaint's, too.
        return (CASE, COMPLAINT) if "round_id" in model.model_fields else (CASE,)
    if field == "consumer_id":
        return (CONSUMER,)
    kind = _THINGS.get(field) or _PLACES.get(field) or _PEOPLE.get(field)
    return () if kind is None else (kind,)


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if value:
            yield value
    elif isinstance(value, list):
        yield from value


def _fact(annotation: Any) -> Fact | None:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _fact(get_args(annotation)[0])
    if origin in {Union, UnionType}:
        (one, *others) = [kind for kind in get_args(annotation) if kind is not type(None)]
        return None if others else _fact(one)
    if not isinstance(annotation, type):
        return None
    # A bool is an int, and a str enumeration a str.
    for kinds, fact in (
        ((bool,), Fact.BOOLEAN),
        ((int,), Fact.INTEGER),
        ((float,), Fact.FLOAT),
        ((datetime,), Fact.TIME),
        ((str, Enum, date), Fact.TEXT),
    ):
        if issubclass(annotation, kinds):
            return fact
    return None
