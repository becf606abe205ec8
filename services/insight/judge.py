"""What came of a clock that was paused, moved, cancelled or put under another policy: a fold over its operations.

- Paused, a clock stands still: what is left of its time is left when it goes on. Policies in working time are
  moved by the working time of the pause, the others by its length on the wall clock.
- A pause or a move counts where it came in time, at the due moment at the latest: what is late already is mended
  neither by a question to the consumer nor by a later promise.
- Another policy judges from the start on, and the pauses so far are kept (DOMAIN.md §10).
- What lapses was not done: it is breached where it was due by then, else cancelled.
- Whoever it was last passed to answers for it. A move or a hand-over that was recorded before what started the clock
  was of something else: the start says itself what is due, and who owes it.
- The first stop, lapse or cancellation ends it; what comes after changes nothing, so nothing is late once it is done.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from services.insight.indicators import policy_name
from services.insight.indicators.plan import CANCEL, LAPSE, MOVE, PASS, PAUSE, RESUME, START, STOP, VARY
from shared.deadlines import WORKING, Calendar, Calendars, Policies, Policy, Span


class Verdict(StrEnum):
    """How a clock stands."""

    MET = "met"
    BREACHED = "breached"
    """Done too late, or never, though it was due."""
    OPEN = "open"
    PAUSED = "paused"
    """Open, and waiting for the consumer."""
    OVERDUE = "overdue"
    """Open, and past due."""
    CANCELLED = "cancelled"
    """The obligation ended without being judged: called off, or lapsed before it was due."""


class Norm(StrEnum):
    """Where a limit is a range: which part of it was, or is, taken."""

    BELOW = "below"
    IN = "in"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Start:
    """A clock's first row."""

    indicator: str
    variant: str | None
    office: str | None
    at: datetime
    due_at: datetime
    norm_due_at: datetime | None
    owner: str | None = None
    event: int = 0
    """The position of the event that says so."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One of its other rows."""

    op: str
    at: datetime
    due_at: datetime | None = None
    span: str | None = None
    variant: str | None = None
    owner: str | None = None
    event: int = 0
    """The position of the event that says so."""


@dataclass(frozen=True, slots=True)
class Pause:
    """The centre waited for the consumer."""

    since: datetime
    until: datetime | None
    """None: it still waits."""

    def until_at(self, now: datetime) -> datetime:
        """Its end, or `now` while it lasts."""
        return max(now, self.since) if self.until is None else self.until


@dataclass(frozen=True, slots=True)
class Judged:
    """How a clock stands at a moment. A pause that goes on moves its due moments on."""

    started_at: datetime
    due_at: datetime
    norm_due_at: datetime | None
    done_at: datetime | None
    cancelled_at: datetime | None
    pauses: tuple[Pause, ...]
    variant: str | None
    """Which variant of the indicator's policy judges it."""
    policy_version: int
    now: datetime
    owner: str | None
    """Who answers for it, or did when it ended."""

    @property
    def waiting(self) -> bool:
        """Whether the centre waits for the consumer now."""
        return bool(self.pauses) and self.pauses[-1].until is None

    @property
    def ended_at(self) -> datetime | None:
        """When it was done, or ended without being judged; None: it runs."""
        return self.done_at or self.cancelled_at

    @property
    def verdict(self) -> Verdict:
        if self.cancelled_at is not None:
            return Verdict.CANCELLED
        if self.done_at is not None:
            return Verdict.MET if self.done_at <= self.due_at else Verdict.BREACHED
        if self.due_at < self.now:
            return Verdict.OVERDUE
        return Verdict.PAUSED if self.waiting else Verdict.OPEN

    @property
    def norm(self) -> Norm | None:
        """None: its limit is no range, or it was cancelled."""
        if self.norm_due_at is None or self.cancelled_at is not None:
            return None
        at = self.done_at or self.now
        if at > self.due_at:
            return Norm.OVER
        return Norm.BELOW if at < self.norm_due_at else Norm.IN

    @property
    def paused(self) -> timedelta:
        """How long it was paused, on the wall clock."""
        return sum((one.until_at(self.now) - one.since for one in self.pauses), timedelta())


@dataclass(frozen=True, slots=True)
class Step:
    """What made the due moments what they are, or ended the clock, for those who want to follow it."""

    op: str
    """START and VARY: counted from the start; PAUSE, MOVE; and what ended it."""
    at: datetime
    due_at: datetime
    """As it is after this."""
    norm_due_at: datetime | None
    policy: Policy
    """By which it is counted from here on."""
    counts: bool = True
    """False: it came too late to move anything."""
    pause: Pause | None = None
    by: Operation | None = None
    """None: it goes on, or is what a pause has become under another policy."""


def judge(
    start: Start,
    operations: Iterable[Operation],
    *,
    now: datetime,
    policies: Policies,
    calendars: Calendars,
    steps: list[Step] | None = None,
) -> Judged:
    """How the clock stands at `now`, by all of these operations; `steps` takes how it came to that."""
    clock = _Clock(start, now, policies, calendars.of(start.office), steps)
    for operation in sorted(operations, key=_in_order):
        if clock.ended:
            break
        if operation.event >= start.event or operation.op not in {MOVE, PASS}:
            clock.take(operation)
    return clock.judged()


def _in_order(operation: Operation) -> tuple[datetime, bool]:
    """By time; of the same moment, what ends a clock comes last."""
    return operation.at, operation.op in {STOP, LAPSE, CANCEL}


class _Clock:
    def __init__(
        self, start: Start, now: datetime, policies: Policies, calendar: Calendar, steps: list[Step] | None
    ) -> None:
        self._start, self._now, self._policies, self._calendar = start, now, policies, calendar
        self._variant = start.variant
        self._policy = policies.in_force(policy_name(start.indicator, start.variant), start.at)
        self._due, self._norm_due = start.due_at, start.norm_due_at
        self._owner = start.owner
        self._pauses: list[Pause] = []
        self._waiting_since: datetime | None = None
        self._done_at: datetime | None = None
        self._cancelled_at: datetime | None = None
        self._steps = steps
        self._note(START, start.at)

    @property
    def ended(self) -> bool:
        return self._done_at is not None or self._cancelled_at is not None

    def take(self, operation: Operation) -> None:
        # What reached us out of order, or a clock of the world that was wrong: nothing is before the start.
        at = max(operation.at, self._start.at)
        if operation.op == PAUSE:
            self._waiting_since = self._waiting_since or at
        elif operation.op == RESUME:
            self._go_on(at, operation)
        elif operation.op == MOVE:
            self._move(operation, at)
        elif operation.op == VARY:
            self._vary(operation)
        elif operation.op == PASS:
            self._owner = operation.owner
        else:
            self._go_on(at, operation)
            if operation.op == STOP or (operation.op == LAPSE and at > self._due):
                self._done_at = operation.at
            else:
                self._cancelled_at = operation.at
            self._note(operation.op, operation.at, by=operation)

    def judged(self) -> Judged:
        due, norm_due, pauses = self._due, self._norm_due, tuple(self._pauses)
        if self._waiting_since is not None:
            pause, counts = Pause(self._waiting_since, None), self._waiting_since <= due
            pauses += (pause,)
            due, norm_due = self._as_paused(pause.until_at(self._now))
            self._note(PAUSE, pause.since, due_at=due, norm_due_at=norm_due, counts=counts, pause=pause)
        return Judged(
            started_at=self._start.at,
            due_at=due,
            norm_due_at=norm_due,
            done_at=self._done_at,
            cancelled_at=self._cancelled_at,
            pauses=pauses,
            variant=self._variant,
            policy_version=self._policy.version,
            now=self._now,
            owner=self._owner,
        )

    def _note(self, op: str, at: datetime, **more: Any) -> None:
        if self._steps is not None:
            due: dict[str, Any] = {"due_at": self._due, "norm_due_at": self._norm_due}
            self._steps.append(Step(op, at, policy=self._policy, **{**due, **more}))

    def _go_on(self, at: datetime, by: Operation) -> None:
        if self._waiting_since is None:
            return
        pause, counts = Pause(self._waiting_since, at), self._waiting_since <= self._due
        self._due, self._norm_due = self._as_paused(at)
        self._pauses.append(pause)
        self._waiting_since = None
        self._note(PAUSE, pause.since, counts=counts, pause=pause, by=by)

    def _as_paused(self, until: datetime) -> tuple[datetime, datetime | None]:
        """The due moments after a pause that began when it began, and lasts until then."""
        if self._waiting_since is None or self._waiting_since > self._due:
            return self._due, self._norm_due
        pause = Pause(self._waiting_since, until)
        norm_due = None if self._norm_due is None else self._later(self._norm_due, self._policy.norm, pause)
        return self._later(self._due, self._policy.limit, pause), norm_due

    def _move(self, operation: Operation, at: datetime) -> None:
        due, norm_due = self._as_paused(at)
        if at > due:
            self._note(MOVE, at, counts=False, by=operation)
            return
        if self._waiting_since is not None:
            # What was waited so far is in the due moment as it stands; what comes is added to the new one.
            self._go_on(at, operation)
            self._waiting_since = at
        self._due, self._norm_due = operation.due_at or due, norm_due
        if operation.due_at is None and operation.span is not None:
            self._due = self._calendar.add(Span.parse(operation.span), due)
        self._note(MOVE, at, by=operation)

    def _vary(self, operation: Operation) -> None:
        self._variant = operation.variant
        policy = self._policies.in_force(policy_name(self._start.indicator, operation.variant), self._start.at)
        carried = policy.from_working_day
        due = self._calendar.add(policy.limit, self._start.at, from_working_day=carried)
        norm = policy.norm and self._calendar.add(policy.norm, self._start.at, from_working_day=carried)
        self._policy, self._due, self._norm_due = policy, due, norm
        self._note(VARY, operation.at, by=operation)
        for pause in self._pauses:
            self._due = self._later(self._due, policy.limit, pause)
            if self._norm_due is not None:
                self._norm_due = self._later(self._norm_due, policy.norm, pause)
            self._note(PAUSE, pause.since, pause=pause)

    def _later(self, due: datetime, span: Span | None, pause: Pause) -> datetime:
        until = pause.until_at(self._now)
        if span is not None and span.unit in WORKING:
            return self._calendar.later(due, self._calendar.worked(pause.since, until))
        return due + (until - pause.since)
