"""What a report is: a question of DOMAIN.md §8, with the columns of its answer. It is asked from a standpoint."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

import asyncpg

from services.insight.instants import Connection
from services.insight.queries.base import NotBuiltError
from services.insight.standpoint import Standpoint
from services.insight.views import projections
from shared.settings import Settings

Row: TypeAlias = dict[str, Any]


class Kind(StrEnum):
    """What a column's values are; None in any of them: there is nothing to tell."""

    TEXT = "text"
    COUNT = "count"
    SHARE = "share"
    """Of 1."""
    SECONDS = "seconds"
    TIYN = "tiyn"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of an answer."""

    name: str
    kind: Kind
    detail: bool = False
    """Told as data only: people see the main ones."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its circumstances."""

    seen: Standpoint
    by: tuple[str, ...] = ()
    """What the answer is told apart by; names of the report's `groups`."""
    only: Mapping[str, str] | None = None
    """Only facts that have these values; names of the report's `groups` or `filters`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One question, and how it is answered."""

    name: str
    question: str
    """In one line, for people."""
    keys: tuple[str, ...] = ()
    """Columns that each row has before its groups."""
    columns: tuple[Column, ...]
    ask: Callable[[Connection, Asked], Awaitable[list[Row]]]
    groups: tuple[str, ...] = ()
    """What it may be told apart by."""
    default: tuple[str, ...] = ()
    """What it is told apart by where nothing else is asked for."""
    filters: tuple[str, ...] = ()
    """By what its facts may be chosen, besides the groups."""
    bar: str
    """The column that a plot shows."""
    curves: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Where the plot is of curves: what each shows, and the columns of its points."""

    def heads(self, by: Sequence[str]) -> tuple[Column, ...]:
        """All columns of an answer that is told apart like this."""
        told = (*self.keys, *(one for one in by if one not in self.keys))
        return (*(Column(one, Kind.TEXT) for one in told), *self.columns)


def month_of(expression: str) -> str:
    """SQL: the month of a moment on the centre's clock, as `2026-03`."""
    return f"to_char({local(expression)}, 'YYYY-MM')"


def local(expression: str) -> str:
    """SQL: a moment on the centre's clock."""
    zone = Settings().timezone.replace("'", "''")
    return f"({expression} AT TIME ZONE '{zone}')"


async def fetch(
    connection: Connection, seen: Standpoint, statement: str, *arguments: object
) -> Sequence[asyncpg.Record]:
    """The rows of a statement over projections: `read.{sla}` is `sla` as seen, `read.{sla+}` with what was before.

    Call it while `reading`.

    Raises:
        NotBuiltError: one of the projections is not built.
    """
    found = {one.name: one for one in projections(Settings().timezone)}
    names = set(re.findall(r"read\.\{(\w+)", statement))

    def table(match: re.Match[str]) -> str:
        return seen.table(found[match[1]], whole=bool(match[2]))

    try:
        return await connection.fetch(re.sub(r"read\.\{(\w+)(\+?)\}", table, statement), *arguments)
    except asyncpg.UndefinedTableError as error:
        raise NotBuiltError(
            f"of the projections {', '.join(sorted(names))} one is not built yet; build it with: tereze rebuild "
            "(and where the system runs with a TEREZE_CENTRE_FILE, set the same one here)"
        ) from error


async def tell(
    connection: Connection,
    asked: Asked,
    *,
    source: str,
    measures: str,
    groups: Mapping[str, str],
    keys: tuple[str, ...] = (),
    first: str = "",
    arguments: Sequence[object] = (),
) -> list[Row]:
    """Adds up `measures` of a `source`, told apart as asked. `groups`: the SQL of each; `first`: what comes before."""
    told = (*keys, *(one for one in asked.by if one not in keys))
    only = asked.only or {}
    where = " AND ".join(f"({groups[name]})::text = ${number}" for number, name in enumerate(only, len(arguments) + 1))
    numbers = ", ".join(str(number) for number in range(1, len(told) + 1))
    statement = f"""{first}
        SELECT {", ".join([*(f'{groups[name]} AS "{name}"' for name in told), measures])}
        FROM {source} {f"WHERE {where}" if where else ""}
        GROUP BY {numbers or "()"} {f"ORDER BY {numbers}" if numbers else ""}"""  # noqa: S608
    return [dict(row) for row in await fetch(connection, asked.seen, statement, *arguments, *only.values())]


def share(part: str, of: str) -> str:
    """SQL: how much of 1 a count is of another; NULL: of nothing."""
    return f"({part})::float8 / nullif({of}, 0)"
