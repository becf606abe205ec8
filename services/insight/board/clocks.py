"""The clocks that run, in memory: what every board shows is taken from these, not from the database.

Rows of the projection `sla` are added in the log's order. A clock that has ended is kept for a day, for the day's
figures; what happened to it, or to one that never began, is kept for as long as there is room, since a clock may be
paused before it begins (`services.insight.judge`).
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from services.insight.indicators import INDICATORS, policy_name
from services.insight.indicators.plan import START
from services.insight.instants import Instant, instant, moment
from services.insight.judge import Operation, Start, judge
from services.insight.policies import POLICIES
from shared.deadlines import Calendars

DAY = 24 * 3600 * 1_000_000
_ROOM = 100_000
"""Clocks that do not run, of which the operations are kept."""
STAGES = {indicator.name: indicator.stage for indicator in INDICATORS}


class Row(NamedTuple):
    """A row of the projection `sla`; times are instants."""

    position: int
    seq: int
    op: str
    clock_id: str
    at: Instant
    case_id: str
    indicator: str | None
    variant: str | None
    channel: str | None
    office: str | None
    topic: str | None
    owner: str | None
    due_at: Instant | None
    norm_due_at: Instant | None
    policy_version: int | None
    span: str | None
    recorded_at: Instant


@dataclass(frozen=True, slots=True)
class Standing:
    """How a clock stands. Times are instants."""

    indicator: str
    policy: str
    case_id: str
    owner: str | None
    channel: str | None
    office: str | None
    topic: str | None
    started_at: Instant
    due_at: Instant
    """Of one that waits for the consumer: as it would be if they answered now."""
    waiting: bool = False
    """Whether the centre waits for the consumer, and it was not late when that began."""
    done_at: Instant | None = None
    cancelled_at: Instant | None = None

    @property
    def stage(self) -> str:
        """The stage of DOMAIN.md that it belongs to."""
        return STAGES.get(self.indicator, "")

    @property
    def ended_at(self) -> Instant | None:
        """When it ended, in whatever way."""
        return self.done_at if self.done_at is not None else self.cancelled_at

    @property
    def breached(self) -> bool:
        """Done, and too late."""
        return self.done_at is not None and self.done_at > self.due_at


class Clocks:
    """All clocks that run, and those that ended within a day."""

    def __init__(self, calendars: Calendars, *, room: int = _ROOM) -> None:
        self._calendars = calendars
        self._room = room
        self._starts: dict[str, list[Row]] = {}
        self._others: dict[str, list[Row]] = {}
        self._idle: OrderedDict[str, None] = OrderedDict()
        self._running: dict[str, tuple[Standing, ...]] = {}
        self._ended: deque[Standing] = deque()

    def take(self, rows: Iterable[Row], now: datetime) -> None:
        """Add rows, in the log's order."""
        touched: dict[str, None] = {}
        for row in rows:
            kept = self._starts if row.op == START else self._others
            kept.setdefault(row.clock_id, []).append(row)
            touched[row.clock_id] = None
        for clock_id in touched:
            self._judge(clock_id, now)
        while len(self._idle) > self._room:
            forgotten, _ = self._idle.popitem(last=False)
            self._others.pop(forgotten, None)

    def running(self) -> Iterator[Standing]:
        """Those that are still owed."""
        for standings in self._running.values():
            yield from standings

    def ended(self, now: datetime) -> Iterator[Standing]:
        """Those that ended within the last day."""
        since = instant(now) - DAY
        while self._ended and (self._ended[0].ended_at or 0) < since - DAY:
            self._ended.popleft()
        return (one for one in self._ended if (one.ended_at or 0) >= since)

    def _judge(self, clock_id: str, now: datetime) -> None:
        starts, others = self._starts.get(clock_id), self._others.get(clock_id, [])
        if starts is None:
            self._idle[clock_id] = None
            self._idle.move_to_end(clock_id)
            return
        self._idle.pop(clock_id, None)
        standings = [self._standing(start, others, now) for start in starts]
        running = tuple(one for one in standings if one.ended_at is None)
        if running:
            self._running[clock_id] = running
            return
        # What ends a clock ends all that share it: they are through together.
        self._running.pop(clock_id, None)
        del self._starts[clock_id]
        self._idle[clock_id] = None
        self._ended.extend(standings)

    def _standing(self, row: Row, others: list[Row], now: datetime) -> Standing:
        if row.indicator is None or row.due_at is None:
            raise AssertionError("a start says what is due, and when")
        same = (row.case_id, row.owner, row.channel, row.office, row.topic, row.at)
        if not others:
            return Standing(row.indicator, policy_name(row.indicator, row.variant), *same, row.due_at)
        start = Start(
            *(row.indicator, row.variant, row.office, moment(row.at), moment(row.due_at)),
            *(_moment(row.norm_due_at), row.owner, row.position),
        )
        operations = [
            Operation(one.op, moment(one.at), _moment(one.due_at), one.span, one.variant, one.owner, one.position)
            for one in others
        ]
        found = judge(start, operations, now=now, policies=POLICIES, calendars=self._calendars)
        return Standing(
            row.indicator,
            policy_name(row.indicator, found.variant),
            row.case_id,
            found.owner,
            *same[2:],
            instant(found.due_at),
            found.waiting and found.due_at >= found.pauses[-1].since,
            _instant(found.done_at),
            _instant(found.cancelled_at),
        )


def _moment(at: Instant | None) -> datetime | None:
    return None if at is None else moment(at)


def _instant(at: datetime | None) -> Instant | None:
    return None if at is None else instant(at)
