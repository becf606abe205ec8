"""Time as PostgreSQL keeps it: folds count in integers, because a `datetime` costs a microsecond at each touch.

Measured, half of a rebuild's time went into making `datetime`s, shifting them and taking them apart again.
"""

from __future__ import annotations

import gc
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from operator import itemgetter
from typing import TypeAlias

import asyncpg

from shared.deadlines import Span, Unit, add

Instant: TypeAlias = int
"""Microseconds since 2000-01-01 UTC."""
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_QUARTER_HOUR = 15 * 60 * 1_000_000


def instant(moment: datetime | str) -> Instant:
    """A moment (with a zone) or its ISO form, as it stands in an event's JSON."""
    return ((datetime.fromisoformat(moment) if isinstance(moment, str) else moment) - _EPOCH) // _MICROSECOND


def moment(at: Instant) -> datetime:
    """An instant, in UTC."""
    return _EPOCH + timedelta(microseconds=at)


def shifter(span: Span, zone: tzinfo) -> Callable[[Instant], int]:
    """How many microseconds after an instant a span ends: `shared.deadlines.add`, for many instants.

    Within a quarter of an hour the answer is the same: since 1972 all clocks are a multiple of that from UTC, and
    change on one.
    """
    if span.unit is Unit.SECONDS:
        constant = span.amount * 1_000_000
        return lambda _at: constant

    @lru_cache(maxsize=1 << 14)
    def of_quarter(quarter: int) -> int:
        start = quarter * _QUARTER_HOUR
        return instant(add(span, moment(start), zone)) - start

    return lambda at: of_quarter(at // _QUARTER_HOUR)


@contextmanager
def uncollected() -> Generator[None, None, None]:
    """Spare the collector a page of objects that are all alive and form no cycles: a third of the time.

    Nothing may be awaited within.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@asynccontextmanager
async def log_connection(pool: Pool) -> AsyncGenerator[Connection, None]:
    """A connection that gives and takes instants, and pages through the log in its order.

    It is closed afterwards: whoever got it next from the pool would be given integers for times.
    """
    async with pool.acquire() as connection:
        try:
            await connection.set_type_codec(
                "timestamptz", schema="pg_catalog", format="tuple", encoder=lambda at: (at,), decoder=itemgetter(0)
            )
            # Without statistics the planner would sort the rest of the log for each page (ADR 0002).
            await connection.execute("SET enable_sort = off")
            yield connection
        finally:
            connection.terminate()
