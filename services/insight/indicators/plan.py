"""Which events do what to which clocks: the indicators' table, turned by event type."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from services.insight.indicators.base import Indicator, On

START, STOP, PAUSE, RESUME, MOVE, CANCEL, VARY = "start", "stop", "pause", "resume", "move", "cancel", "vary"
PASS, LAPSE = "pass", "lapse"
ITEMS = 1_000
"""Rows of one event are numbered by operation, so many apart: an operation on each of a list makes no more."""


@dataclass(frozen=True, slots=True)
class Operation:
    """What an event does to a clock that runs."""

    op: str
    clock: str
    on: On
    variant: str | None = None
    """Of a VARY: the field that says under which variant it is judged now."""
    owner: str | None = None
    """Of a PASS: the field that says who answers for it now."""


@dataclass(frozen=True, slots=True)
class OfType:
    """What events of one type do; a row's number within its event follows from the place here."""

    starts: tuple[Indicator, ...]
    operations: tuple[Operation, ...]

    def numbered_starts(self) -> Iterator[tuple[int, Indicator]]:
        """Each with the number of its row."""
        return ((place * ITEMS, indicator) for place, indicator in enumerate(self.starts))

    def numbered_operations(self) -> Iterator[tuple[int, Operation]]:
        """Each with the number of its row: they come after the starts."""
        return ((place * ITEMS, operation) for place, operation in enumerate(self.operations, len(self.starts)))


def by_type(indicators: Iterable[Indicator]) -> Mapping[str, OfType]:
    """By event type, in the order of their names."""
    starts: defaultdict[str, list[Indicator]] = defaultdict(list)
    # Indicators that share a clock name the same operations: one row is for all of them.
    others: defaultdict[str, dict[Operation, None]] = defaultdict(dict)
    for indicator in indicators:
        starts[indicator.start.event.type_name()].append(indicator)
        for operation in _operations(indicator):
            others[operation.on.event.type_name()][operation] = None
    return {name: OfType(tuple(starts[name]), tuple(others[name])) for name in sorted(starts.keys() | others.keys())}


def _operations(indicator: Indicator) -> Iterator[Operation]:
    clock = indicator.clock
    yield from (Operation(STOP, clock, on) for on in indicator.stops)
    yield from (Operation(PAUSE, clock, on) for on in indicator.pauses)
    yield from (Operation(RESUME, clock, on) for on in indicator.resumes)
    yield from (Operation(MOVE, clock, on) for on in indicator.moves)
    yield from (Operation(PASS, clock, on, owner=on.owner) for on in indicator.passes)
    yield from (Operation(LAPSE, clock, on) for on in indicator.lapses)
    yield from (Operation(CANCEL, clock, on) for on in indicator.cancels)
    yield from (Operation(VARY, clock, on, indicator.variant) for on in indicator.varies)
