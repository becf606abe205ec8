"""Conditions on what an event says, each in Python and in SQL: a live fold asks the one, a rebuild by sets the other.

A field that an event lacks, or that is null, says nothing: it is like no value, and not `yes`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Condition:
    """Whether an event is meant. Two that are written alike are one."""

    holds: Callable[[Data], bool] = field(compare=False)
    sql: str
    """The same over `e.data`, the event's JSON; never null."""


def one_of(field: str, *values: str | int) -> Condition:
    """The field, a text or a number, has one of these values."""
    said = ", ".join(_text(value) for value in values)
    return Condition(lambda data: data.get(field) in values, f"COALESCE({_field(field)} IN ({said}), false)")


def none_of(field: str, *values: str | int) -> Condition:
    """The field has none of these values, or says nothing."""
    return _not(one_of(field, *values))


def says(field: str) -> Condition:
    """The field says something; events of before it was there don't."""
    return Condition(lambda data: data.get(field) is not None, f"{_field(field)} IS NOT NULL")


def lacks(field: str) -> Condition:
    """The field says nothing."""
    return _not(says(field))


def yes(field: str) -> Condition:
    """The field, a truth value or a number, is true, or not 0."""
    return Condition(lambda data: bool(data.get(field)), f"COALESCE({_field(field)} NOT IN ('false', '0'), false)")


def no(field: str) -> Condition:
    """The field is false, or 0, or says nothing."""
    return _not(yes(field))


def above(field: str, bound: int) -> Condition:
    """The field is a number above a bound."""
    return Condition(
        lambda data: (data.get(field) or 0) > bound, f"COALESCE({_field(field)}, '0')::integer > {bound:d}"
    )


def at_most(field: str, bound: int) -> Condition:
    """The field is a number up to a bound, or says nothing."""
    return _not(above(field, bound))


def differ(one: str, other: str) -> Condition:
    """Two fields say different things; one that says nothing differs from one that says something."""
    return Condition(lambda data: data.get(one) != data.get(other), f"{_field(one)} IS DISTINCT FROM {_field(other)}")


def both(one: Condition, other: Condition) -> Condition:
    """Both hold."""
    first, second = one.holds, other.holds
    return Condition(lambda data: first(data) and second(data), f"({one.sql} AND {other.sql})")


def either(one: Condition, other: Condition) -> Condition:
    """One holds, or both."""
    first, second = one.holds, other.holds
    return Condition(lambda data: first(data) or second(data), f"({one.sql} OR {other.sql})")


def _not(one: Condition) -> Condition:
    holds = one.holds
    return Condition(lambda data: not holds(data), f"NOT ({one.sql})")


def _field(name: str) -> str:
    return f"(e.data->>{_text(name)})"


def _text(value: str | int) -> str:
    """As PostgreSQL's `->>` shows a JSON value, quoted."""
    return "'" + str(value).replace("'", "''") + "'"
