"""The operating day of the post offices, as its page shows it; whoever starts the board says where it is read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import TypeAlias

from services.insight.board.clocks import Standing
from services.insight.board.filters import Filters
from services.insight.instants import Connection
from shared.contracts.subscriptions import Counted

CERTIFIED = "day_certified"
"""The indicator of a day's certification."""
_MONEY = frozenset({Counted.CASH, Counted.INVOICED, Counted.BROUGHT_CASH})


class State(StrEnum):
    """How far a day is."""

    OPEN = "open"
    """Neither the money nor the cards are counted."""
    DIFFERS = "differs"
    """Counted, and at least one line does not agree: it can't be certified."""
    AGREES = "agrees"
    """Counted, every line agrees, and nobody has signed yet."""
    CERTIFIED = "certified"


@dataclass(frozen=True, slots=True)
class Compared:
    """One line of the reconciliation; money in tiyn."""

    what: Counted
    expected: int
    """By the protocol, as it stands."""
    found: int | None
    """By the last count; None: there was none."""
    index: str | None = None
    months: int | None = None
    worker: str | None = None

    @property
    def difference(self) -> int:
        """What was found too much, or (negative) too little."""
        return 0 if self.found is None else self.found - self.expected

    @property
    def money(self) -> bool:
        """Whether it is counted in tiyn, not in pieces."""
        return self.what in _MONEY


@dataclass(frozen=True, slots=True)
class Sold:
    """What one worker, postman or agent accepted; money in tiyn."""

    seller: str
    worker: str
    forms: int
    cash: int
    invoiced: int


@dataclass(frozen=True, slots=True)
class OperatingDay:
    """One post office's day; money in tiyn, moments in UTC."""

    facility: str
    state: State
    forms: int
    reversed_forms: int
    cash: int
    """What must be found: accepted less paid back. By invoice likewise."""
    invoiced: int
    paid_back: int
    cards: int
    opened_by: str | None = None
    due_at: datetime | None = None
    """When it is to be certified."""
    counted_at: datetime | None = None
    counted_by: str | None = None
    certified_at: datetime | None = None
    certified_by: str | None = None
    lines: Sequence[Compared] = ()
    sold: Sequence[Sold] = ()

    @property
    def differing(self) -> int:
        """How many lines do not agree."""
        return sum(1 for line in self.lines if line.difference)


@dataclass(frozen=True, slots=True)
class Press:
    """All post offices' day, and the days beside it on which any was open."""

    on: date | None = None
    """None: no day was ever opened."""
    before: date | None = None
    after: date | None = None
    days: list[OperatingDay] = field(default_factory=list[OperatingDay])


Reader: TypeAlias = Callable[[Connection, date | None, datetime], Awaitable[Press]]
"""Reads a day as it stood at a moment; without a day: the latest that was opened by then."""


def uncertified(running: Iterable[Standing], filters: Filters) -> list[Standing]:
    """The days still to be certified, of any date, the first due first."""
    found = [one for one in running if one.indicator == CERTIFIED and filters.office in {None, one.office}]
    return sorted(found, key=lambda one: (one.due_at, one.case_id))
