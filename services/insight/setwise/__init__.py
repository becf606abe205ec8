"""Folding by sets: the database makes the rows of a whole stretch of the log in one statement (ADR 22).

What it makes is what the folds make, row for row; a type of event that it can't do that for is left to its fold.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date

from services.insight.instants import Connection
from shared.eventstore.model import Cursor


@dataclass(frozen=True, slots=True)
class Setwise:
    """How the database folds."""

    types: frozenset[str]
    """The types of events that it folds."""
    lay_out: Callable[[Sequence[date]], Callable[[Connection], Awaitable[None]]]
    """For a log with events on these days (UTC): what puts all that the select needs into a connection's own tables."""
    columns: tuple[str, ...]
    select: str
    """Makes rows, of these columns, from `store.event e` between two cursors: $1 and $2, exclusive, to $3 and $4."""

    async def insert(self, connection: Connection, table: str, after: Cursor, upto: Cursor) -> int:
        """Fold a stretch of the log into a table of the schema `read`; how many rows that makes."""
        columns = ", ".join(self.columns)
        done = await connection.execute(f"INSERT INTO read.{table} ({columns}) {self.select}", *after, *upto)
        return int(done.rpartition(" ")[2])
