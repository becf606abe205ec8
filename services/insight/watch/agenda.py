"""What is to be told when: the clocks that run, by the moments that lie before them. Pure: it is told the time.

- A moment is told of at the first look after it, where the clock then runs, does not wait for the consumer, and the
  moment still stands. A deadline is not said to come near that has passed, nor where the clock has ended meanwhile.
- What ended after it was due, in whatever way, had passed before that: it is told of as passed, though nobody looked
  in between.
- A due moment that was moved is another one: it comes near, and passes, anew.
- What had passed long before it could be known (older records that are taken in, the first look at a store that is in
  use) is no news: more than `backlog` before the last look. A deadline that a later decision moved into the past, by
  another regime say, counts from that decision.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import count

from services.insight.clocks import ENDS, Clock, Fact, Rules
from services.insight.indicators.plan import PASS, PAUSE, START
from services.insight.judge import Judged, Operation, Verdict


class Kind(StrEnum):
    """What is told of a deadline."""

    APPROACHING = "approaching"
    BREACHED = "breached"


@dataclass(frozen=True, slots=True)
class Alarm:
    """A moment that has passed; told again, it is the same by its id."""

    kind: Kind
    clock: Clock
    judged: Judged
    moment: datetime

    @property
    def id(self) -> str:
        """Made of the clock, its due moment and the kind."""
        return f"{self.kind}/{self.clock.fact.clock_id}/{self.clock.indicator}/{self.judged.due_at.isoformat()}"


@dataclass(slots=True, eq=False)
class _Watched:
    clock: Clock
    judged: Judged | None = None
    """As it stood when it was last touched."""
    told: set[tuple[Kind, datetime]] = field(default_factory=set[tuple[Kind, datetime]])
    turn: int = 0
    """What was set down for an earlier turn is void."""


class Agenda:
    """The clocks that run. `since` is the last look, or an earlier process's."""

    def __init__(self, rules: Rules, clocks: Iterable[Clock] = (), *, since: datetime, backlog: timedelta) -> None:
        self._rules = rules
        self._since = since
        self._backlog = backlog
        self._watched: dict[str, list[_Watched]] = {}
        self._touched: set[str] = set()
        self._waiting: set[str] = set()
        self._moments: list[tuple[datetime, int, Kind, int, _Watched]] = []
        self._number = count()
        self._late: list[Alarm] = []
        """Ended after they were due, and not told of yet."""
        for clock in clocks:
            self._watch(clock)

    def take(self, fact: Fact) -> None:
        """Learn of one more row, in the log's order: a clock's operations come after its start."""
        if fact.op == START:
            others = self._watched.get(fact.clock_id, ())
            self._watch(Clock.begun(fact, next((one.clock.operations for one in others), list[Operation]())))
        elif fact.op in ENDS:
            ended = self._watched.pop(fact.clock_id, [])
            for one in ended[:1]:
                one.clock.operations.append(fact.operation())  # which all starts of a clock share
            for one in ended:
                self._end(one, fact.at)
            self._touched.discard(fact.clock_id)
            self._waiting.discard(fact.clock_id)
        elif fact.clock_id in self._watched:
            self._watched[fact.clock_id][0].clock.operations.append(fact.operation())
            self._touched.add(fact.clock_id)

    def look(self, now: datetime) -> list[Alarm]:
        """What is to be told at `now`, by due moments."""
        self._since = min(self._since, now)  # a movable clock may have been put back
        # While the centre waits what is due moves on with the time, save when the limit's own time stands still.
        anew, self._touched, self._waiting = self._touched | self._waiting, set(), set()
        for clock_id in anew:
            for one in self._watched[clock_id]:
                self._set_down(one, now)
        self._since = now
        late = [alarm for alarm in self._late if alarm.moment < now]
        self._late = [alarm for alarm in self._late if alarm.moment >= now]
        return sorted([*late, *self._passed(now)], key=lambda alarm: alarm.moment)

    def overdue(self, now: datetime) -> Iterator[tuple[Clock, Judged]]:
        """The clocks that are overdue, as of the last look."""
        for watched in self._watched.values():
            for one in watched:
                if one.judged is not None and one.judged.due_at < now:
                    yield one.clock, one.judged

    def __contains__(self, clock_id: str) -> bool:
        """Whether this clock still runs."""
        return clock_id in self._watched

    def _watch(self, clock: Clock) -> None:
        self._watched.setdefault(clock.fact.clock_id, []).append(_Watched(clock))
        self._touched.add(clock.fact.clock_id)

    def _set_down(self, one: _Watched, now: datetime) -> None:
        """Enter the moments before a clock that was touched, in place of those entered before."""
        one.turn += 1
        standing = self._rules.stand(one.clock, now)
        one.judged = judged = standing.judged
        if judged.verdict is Verdict.PAUSED:
            self._waiting.add(one.clock.fact.clock_id)
            return
        for kind, moment in ((Kind.APPROACHING, standing.approaching_at), (Kind.BREACHED, judged.due_at)):
            if self._is_news(one, kind, judged, moment):
                heapq.heappush(self._moments, (moment, next(self._number), kind, one.turn, one))

    def _end(self, one: _Watched, at: datetime) -> None:
        """Strike out the moments before a clock that has ended; if it was late, that is still to be told."""
        one.turn += 1
        judged = self._rules.stand(one.clock, at).judged
        ended_at = judged.ended_at
        if (
            ended_at is not None
            and ended_at > judged.due_at
            and self._is_news(one, Kind.BREACHED, judged, judged.due_at)
        ):
            self._late.append(Alarm(Kind.BREACHED, one.clock, judged, judged.due_at))

    def _is_news(self, one: _Watched, kind: Kind, judged: Judged, moment: datetime) -> bool:
        # A pause and a new owner leave the due moment where it is, and so does the end.
        decided = [one.at for one in one.clock.operations if one.op not in {PAUSE, PASS, *ENDS}]
        return max([moment, *decided]) > self._since - self._backlog and (kind, judged.due_at) not in one.told

    def _passed(self, now: datetime) -> Iterator[Alarm]:
        while self._moments and self._moments[0][0] < now:
            moment, _, kind, turn, one = heapq.heappop(self._moments)
            judged = one.judged
            if turn != one.turn or judged is None or (kind is Kind.APPROACHING and judged.due_at < now):
                continue
            one.told.add((kind, judged.due_at))
            yield Alarm(kind, one.clock, judged, moment)
