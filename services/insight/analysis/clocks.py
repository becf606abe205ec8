"""Every clock as it stood at a position: due when, done when, and the verdict. One row per clock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl

from services.insight.analysis import facts
from services.insight.analysis.log import MOMENT, Cut
from services.insight.indicators import policy_name
from services.insight.indicators.plan import START
from services.insight.instants import Connection, moment
from services.insight.judge import Operation, Start, judge
from services.insight.policies import POLICIES
from services.insight.projection import Projection
from shared.centre import centre
from shared.deadlines import Calendars

SCHEMA = pl.Schema(
    {
        "position": pl.Int64(),
        "case_id": pl.String(),
        "indicator": pl.String(),
        "policy": pl.String(),
        "policy_version": pl.Int32(),
        "channel": pl.String(),
        "office": pl.String(),
        "topic": pl.String(),
        "owner": pl.String(),
        "started_at": MOMENT,
        "due_at": MOMENT,
        "done_at": MOMENT,
        "cancelled_at": MOMENT,
        "verdict": pl.String(),
        "norm": pl.String(),
        "taken_s": pl.Float64(),
        "paused_s": pl.Float64(),
    }
)
_Values = Mapping[str, Any]


async def pages(connection: Connection, sla: Projection, cut: Cut) -> AsyncGenerator[tuple[pl.DataFrame, int]]:
    """All clocks, judged at the moment that is asked for; of a position: when the latest of its events happened.

    Use a `log_connection`.

    All clocks' operations are held in memory: of a million events, about a gigabyte.

    Raises:
        PoisonError: an event can't be folded.
    """
    starts: list[_Values] = []
    others: defaultdict[str, list[Operation]] = defaultdict(list)
    async for page, events in facts.pages(connection, sla, cut):
        for row in page.iter_rows(named=True):
            if row["op"] == START:
                starts.append(row)
            else:
                others[row["clock_id"]].append(
                    Operation(
                        *(row["op"], row["at"], row["due_at"], row["span"], row["variant"], row["owner"]),
                        event=row["position"],
                    )
                )
        yield pl.DataFrame(schema=SCHEMA), events
    at = cut.happened_by or cut.recorded_by or await _latest(connection, cut)
    yield pl.DataFrame(list(_rows(starts, others, at)), schema=SCHEMA, orient="row"), 0


async def _latest(connection: Connection, cut: Cut) -> datetime:
    at = await connection.fetchval(f"SELECT max(occurred_at) FROM store.event WHERE {cut.known}")  # noqa: S608
    return datetime.min.replace(tzinfo=UTC) if at is None else moment(at)


def _rows(
    starts: Sequence[_Values], others: Mapping[str, Sequence[Operation]], now: datetime
) -> Iterator[tuple[Any, ...]]:
    calendars = centre().calendars
    for row in starts:
        yield _row(row, others.get(row["clock_id"], ()), now, calendars)


def _row(row: _Values, operations: Sequence[Operation], now: datetime, calendars: Calendars) -> tuple[Any, ...]:
    start = Start(
        *(row["indicator"], row["variant"], row["office"], row["at"], row["due_at"], row["norm_due_at"], row["owner"]),
        event=row["position"],
    )
    one = judge(start, operations, now=now, policies=POLICIES, calendars=calendars)
    paused_s = one.paused.total_seconds()
    taken_s = None if one.done_at is None else max((one.done_at - start.at).total_seconds() - paused_s, 0.0)
    return (
        *(row["position"], row["case_id"], row["indicator"], policy_name(row["indicator"], one.variant)),
        *(one.policy_version, row["channel"], row["office"], row["topic"], one.owner),
        *(start.at, one.due_at, one.done_at, one.cancelled_at, one.verdict.value),
        *(None if one.norm is None else one.norm.value, taken_s, paused_s),
    )
