"""What can be had of history: its events, every clock judged, or a view's facts."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import polars as pl

from services.insight.analysis import clocks, facts, log
from services.insight.analysis.disclosure import OPEN_TYPES
from services.insight.analysis.log import Cut, Order
from services.insight.instants import Connection
from services.insight.views import projections
from shared.settings import Settings

EVENTS, CLOCKS = "events", "clocks"
Pages: TypeAlias = AsyncGenerator[tuple[pl.DataFrame, int]]
"""Frames, and how many events each is of."""


@dataclass(frozen=True, slots=True)
class Source:
    """One of them."""

    schema: pl.Schema
    types: Sequence[str]
    """The event types it is made of."""
    pages: Callable[[Connection, Cut], Pages]
    """Of what counts; the connection is a `log_connection`."""


def source(name: str) -> Source:
    """By its name: `events`, `clocks` or a view's.

    Raises:
        UnknownProjectionError: there is no such view.
    """
    if name == EVENTS:
        return events()
    (view,) = projections(Settings().timezone, ["sla" if name == CLOCKS else name])
    if name == CLOCKS:
        return Source(clocks.SCHEMA, view.types, lambda connection, cut: clocks.pages(connection, view, cut))
    return Source(facts.schema_of(view), view.types, lambda connection, cut: facts.pages(connection, view, cut))


def events(types: Sequence[str] = OPEN_TYPES, order: Order = Order.LOG) -> Source:
    """The events of these types, in this order."""

    async def pages(connection: Connection, cut: Cut) -> Pages:
        async for page in log.pages(connection, cut, types=types, order=order):
            yield page, page.height

    return Source(log.SCHEMA, types, pages)
