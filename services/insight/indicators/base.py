"""What a clock is: one event starts it and others stop it.

A clock's id is its name and a field of the event, so that every event says by itself which clocks it touches.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shared.contracts.base import Event

Condition = Callable[[dict[str, Any]], bool]


@dataclass(frozen=True, kw_only=True, slots=True)
class On:
    """An event that touches a clock."""

    event: type[Event]
    key: str = "case_id"
    """The field that says whose clock it is."""
    at: str | None = None
    """The field that says when; None: when the event occurred."""
    when: Condition | None = None
    """Which events of this type are meant; None: all."""
    owner: str | None = None
    """Of a start: the field that names who answers for it."""
    due: str | None = None
    """Of a start: the field that says when it is due, where the event itself does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Indicator:
    """Something that has a limit. Its policy bears its name. Indicators may share a `clock`, and so its stops."""

    name: str
    stage: str
    start: On
    stops: tuple[On, ...]
    clock: str
