"""Clocks that may still run, from the rows of `sla`: how each stands, and when its deadline comes near."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from services.insight.indicators import policy_name
from services.insight.indicators.plan import CANCEL, LAPSE, START, STOP
from services.insight.judge import Judged, Operation, Start, judge
from services.insight.policies import POLICIES
from shared.centre import centre
from shared.deadlines import WORKING, Calendars, Policies
from shared.settings import Settings

ENDS = frozenset({STOP, LAPSE, CANCEL})
"""The operations after which a clock does not run any more."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A row of `sla`, as far as a clock that runs is judged by it."""

    op: str
    clock_id: str
    at: datetime
    case_id: str
    indicator: str | None
    variant: str | None
    channel: str | None
    office: str | None
    topic: str | None
    owner: str | None
    due_at: datetime | None
    norm_due_at: datetime | None
    span: str | None
    position: int

    def operation(self) -> Operation:
        """As the judge takes it."""
        return Operation(self.op, self.at, self.due_at, self.span, self.variant, self.owner, self.position)


FACTS = tuple(field.name for field in fields(Fact))
"""The columns of `sla` that make a fact, in order."""


@dataclass(frozen=True, slots=True)
class Clock:
    """A start, and what was done to it since."""

    fact: Fact
    start: Start
    operations: list[Operation]

    @classmethod
    def begun(cls, fact: Fact, operations: list[Operation]) -> Clock:
        """The clock of a start; starts of one clock id share their operations."""
        if fact.indicator is None or fact.due_at is None:
            raise ValueError(f"the start of clock {fact.clock_id} says no indicator or no due moment")
        start = Start(
            *(fact.indicator, fact.variant, fact.office, fact.at, fact.due_at, fact.norm_due_at),
            *(fact.owner, fact.position),
        )
        return cls(fact, start, operations)

    @property
    def indicator(self) -> str:
        return self.start.indicator


@dataclass(frozen=True, slots=True)
class Standing:
    """How a clock stands at a moment, and from when on it is said to be near its due moment."""

    judged: Judged
    approaching_at: datetime


@dataclass(frozen=True, slots=True)
class Rules:
    """By what clocks are judged."""

    policies: Policies
    calendars: Calendars
    percent: int
    """A deadline approaches once so much of the time given is used up."""

    @classmethod
    def of_settings(cls) -> Rules:
        """The house's policies, the centre's calendars."""
        return cls(POLICIES, centre().calendars, Settings().approaching_percent)

    def stand(self, clock: Clock, now: datetime) -> Standing:
        """How it stands at `now`, by all that was done to it."""
        judged = judge(clock.start, clock.operations, now=now, policies=self.policies, calendars=self.calendars)
        return Standing(judged, self._approaching_at(clock, judged))

    def _approaching_at(self, clock: Clock, judged: Judged) -> datetime:
        """Counted back from the due moment, in the time that the limit is counted in; pauses are no time given."""
        policy = self.policies.in_force(policy_name(clock.indicator, judged.variant), clock.start.at)
        # What waited when it was due already has not moved the due moment.
        pauses = [(one.since, one.until_at(judged.now)) for one in judged.pauses if one.since < judged.due_at]
        if policy.limit.unit not in WORKING:
            paused = sum((until - since for since, until in pauses), timedelta())
            return judged.due_at - self._left(judged.due_at - judged.started_at - paused)
        calendar = self.calendars.of(clock.start.office)
        worked = calendar.worked(judged.started_at, judged.due_at)
        paused = sum((calendar.worked(since, until) for since, until in pauses), timedelta())
        return min(judged.due_at, calendar.later(judged.started_at, worked - self._left(worked - paused)))

    def _left(self, given: timedelta) -> timedelta:
        return max(given, timedelta()) * (100 - self.percent) / 100


def clocks_of(facts: Iterable[Fact]) -> list[Clock]:
    """The clocks that these rows start and do not end, in whatever order the rows come."""
    starts: list[Fact] = []
    operations: defaultdict[str, list[Operation]] = defaultdict(list)
    ended: set[str] = set()
    for fact in facts:
        if fact.op == START:
            starts.append(fact)
        elif fact.op in ENDS:
            ended.add(fact.clock_id)
        else:
            operations[fact.clock_id].append(fact.operation())
    return [Clock.begun(fact, operations[fact.clock_id]) for fact in starts if fact.clock_id not in ended]
