"""What a projection is: append-only facts, made event by event without memory (ADR 0005)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from services.insight.instants import Instant
from services.insight.setwise import Setwise
from shared.contracts import EVENTS, personal_fields


class Seen(NamedTuple):
    """An event as a projection sees it: without what is personal."""

    position: int
    type: str
    occurred_at: Instant
    recorded_at: Instant
    data: dict[str, Any]


Row = tuple[Any, ...]
Fold = Callable[[Seen], Iterable[Row]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Projection:
    """A pure map from one event to any number of rows, and the table they stand in.

    A row begins with the event's position and the row's number within it; its times are instants. Rows are never
    changed: what adds up is added up by the query. Raise `version` whenever a fold or the columns change.
    """

    name: str
    version: int
    columns: tuple[tuple[str, str], ...]
    """(name, SQL type), without `position` and `seq`, which every table begins with."""
    folds: Mapping[str, Fold]
    """By event type. Types that are not named are not read."""
    setwise: Setwise | None = None
    """How the database makes the same rows by itself, where it can: a rebuild is many times faster then."""
    clocks: bool = False
    """Whether its rows are what happens to clocks, of which it is kept from when until when they run (lives.py)."""

    @property
    def table(self) -> str:
        """The name of its table in the schema `read`."""
        return f"{self.name}_v{self.version}"

    @property
    def column_names(self) -> tuple[str, ...]:
        return ("position", "seq", *(name for name, _ in self.columns))

    @property
    def types(self) -> tuple[str, ...]:
        return tuple(sorted(self.folds))

    @property
    def unread_fields(self) -> tuple[str, ...]:
        """Personal fields of its events: no projection reads them, so they don't leave the store."""
        return tuple(sorted({field for name in self.folds for field in personal_fields(EVENTS[name])}))

    def create_table(self, table: str) -> str:
        """The statement that makes a table of this shape."""
        columns = "".join(f", {name} {kind}" for name, kind in self.columns)
        return f"CREATE TABLE read.{table} (position bigint NOT NULL, seq smallint NOT NULL{columns})"

    def rows(self, event: Seen) -> list[Row]:
        """The rows of one event, in their order."""
        return list(self.folds[event.type](event))
