"""Where the pages' data come from: the database and the spans kept on this machine. Nothing is ever written."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Protocol, TypeVar

from services.insight.board.causes import Causes, added
from services.insight.board.clocks import Clocks
from services.insight.board.filters import Filters
from services.insight.board.load import load
from services.insight.board.press import Press, Reader
from services.insight.board.trend import Period, Trend, trend
from services.insight.board.week import Week, week
from services.insight.explain import Explanation, explain_all
from services.insight.instants import Connection, Pool, log_connection
from services.insight.projection import Projection
from services.insight.queries import CauseRow, EffectivenessGroup, EffectivenessRow, SlaRow, causes, effectiveness, sla
from services.insight.queries.base import reading
from services.insight.review import Review, review
from services.insight.standpoint import Standpoint
from services.insight.timeline import Timeline, timeline
from shared.deadlines import Calendars
from shared.telemetry.local import Trace, spans_of_case

_KEPT = 8
"""Past moments of which the clocks are kept, and answers to questions about figures."""
_FRESH = timedelta(seconds=5)
"""So long an answer about the present is given again."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Figures:
    """What the page of figures shows."""

    kept: list[SlaRow]
    effectiveness: list[EffectivenessRow]
    causes: list[CauseRow]
    added_causes: Causes
    review: Review
    week: Week


@dataclass(frozen=True, slots=True)
class Case:
    """What a case's page shows."""

    timeline: Timeline
    added_causes: Causes
    clocks: list[Explanation]
    traces: list[Trace]


class Sources(Protocol):
    """What the pages ask for."""

    async def past(self, as_of: datetime) -> Clocks:
        """The clocks as they stood at a past moment."""
        ...

    async def case(self, case_id: str, now: datetime, as_of: datetime | None) -> Case:
        """A case, as it stands or stood; UnknownCaseError: there is, or was, none."""
        ...

    async def press(self, on: date | None, now: datetime, as_of: datetime | None) -> Press:
        """The post offices' operating day, as it stands or stood; None: the latest."""
        ...

    async def trend(self, filters: Filters, by: Period, now: datetime) -> Trend:
        """How the limits were kept from period to period."""
        ...

    async def figures(self, filters: Filters, by: EffectivenessGroup, now: datetime) -> Figures:
        """The figures, as they stand or stood."""
        ...


class Stored:
    """Asks the database for one page at a time: boards must not take from the projections what they need."""

    def __init__(self, pool: Pool, projection: Projection, calendars: Calendars, home: Path, press: Reader) -> None:
        self._pool, self._projection, self._calendars, self._home = pool, projection, calendars, home
        self._read_press = press
        self._one = asyncio.Lock()
        self._past: OrderedDict[object, Clocks] = OrderedDict()
        self._trends: OrderedDict[object, tuple[datetime, Trend]] = OrderedDict()
        self._press: OrderedDict[object, tuple[datetime, Press]] = OrderedDict()
        self._figures: OrderedDict[object, tuple[datetime, Figures]] = OrderedDict()

    async def past(self, as_of: datetime) -> Clocks:
        async def ask() -> Clocks:
            async with log_connection(self._pool) as connection:
                clocks, _ = await load(connection, self._projection, self._calendars, now=as_of, as_of=as_of)
                return clocks

        return await self._kept(self._past, as_of, ask)

    async def case(self, case_id: str, now: datetime, as_of: datetime | None) -> Case:
        async with self._asking() as connection, reading(connection):
            found = await timeline(connection, case_id, sla=self._projection, now=now, as_of=as_of)
            causes_added = await added(connection)
            clocks = await explain_all(connection, case_id, sla=self._projection, now=now, as_of=as_of)
        traces = await asyncio.to_thread(spans_of_case, self._home, case_id)
        return Case(found, causes_added, clocks, traces)

    async def figures(self, filters: Filters, by: EffectivenessGroup, now: datetime) -> Figures:
        async def ask() -> tuple[datetime, Figures]:
            end = filters.as_of
            async with self._asking() as connection:
                return now, Figures(
                    await sla(
                        connection,
                        now=now,
                        as_of=end,
                        office=filters.office,
                        channel=filters.channel,
                        topic=filters.topic,
                    ),
                    await effectiveness(connection, by=by, as_of=end),
                    await causes(connection, as_of=end),
                    await added(connection),
                    await review(connection, Standpoint(now=now), end=end),
                    await week(connection, self._calendars.zone, filters),
                )

        return await self._fresh(self._figures, (filters, by), filters.as_of, now, ask)

    async def press(self, on: date | None, now: datetime, as_of: datetime | None) -> Press:
        async def ask() -> tuple[datetime, Press]:
            async with self._asking() as connection, reading(connection):
                return now, await self._read_press(connection, on, as_of or now)

        return await self._fresh(self._press, (on, as_of), as_of, now, ask)

    async def trend(self, filters: Filters, by: Period, now: datetime) -> Trend:
        async def ask() -> tuple[datetime, Trend]:
            async with self._asking() as connection:
                return now, await trend(connection, self._calendars.zone, filters, by, now)

        return await self._fresh(self._trends, (filters, by), filters.as_of, now, ask)

    async def _fresh(
        self,
        kept: OrderedDict[object, tuple[datetime, T]],
        key: object,
        as_of: datetime | None,
        now: datetime,
        ask: Callable[[], Awaitable[tuple[datetime, T]]],
    ) -> T:
        """What was answered a moment ago, too; of the past, whenever it was."""
        if key in kept and as_of is None and now - kept[key][0] > _FRESH:
            del kept[key]
        return (await self._kept(kept, key, ask))[1]

    async def _kept(self, kept: OrderedDict[object, T], key: object, ask: Callable[[], Awaitable[T]]) -> T:
        async with self._one:
            if key not in kept:
                kept[key] = await ask()
            kept.move_to_end(key)
            while len(kept) > _KEPT:
                kept.popitem(last=False)
            return kept[key]

    @asynccontextmanager
    async def _asking(self) -> AsyncGenerator[Connection]:
        async with self._pool.acquire() as connection:
            yield connection
