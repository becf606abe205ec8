"""One clock under two rules: which of them it keeps, and what that adds up to. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from services.insight.judge import Judged, Norm, Operation, Start, Verdict, judge
from shared.deadlines import Calendars, Policies

_LATE = frozenset({Verdict.BREACHED, Verdict.OVERDUE})


@dataclass(slots=True)
class Tally:
    """How the clocks of an indicator stand."""

    met: int = 0
    below_norm: int = 0
    """Of the met."""
    breached: int = 0
    overdue: int = 0
    open: int = 0
    """Neither done nor overdue; paused ones included."""
    cancelled: int = 0

    @property
    def kept(self) -> float | None:
        """The share met, of 1, of what is judged: met, breached and overdue."""
        judged = self.met + self.breached + self.overdue
        return self.met / judged if judged else None

    def add(self, judged: Judged) -> None:
        """Count one clock."""
        name = Verdict.OPEN if judged.verdict is Verdict.PAUSED else judged.verdict
        setattr(self, name, getattr(self, name) + 1)
        self.below_norm += judged.verdict is Verdict.MET and judged.norm is Norm.BELOW

    def as_json(self) -> dict[str, Any]:
        """Its figures and the share."""
        return {**asdict(self), "kept": self.kept}


@dataclass(slots=True)
class Difference:
    """What the other rule makes of an indicator."""

    clocks: int = 0
    before: Tally = field(default_factory=Tally)
    after: Tally = field(default_factory=Tally)
    better: int = 0
    """Late as it is judged now, and not by the other rule."""
    worse: int = 0
    """The other way round."""


@dataclass(frozen=True, slots=True)
class Flip:
    """A clock that is late by one rule and not by the other."""

    case_id: str
    indicator: str
    clock_id: str
    started_at: datetime
    done_at: datetime | None
    due_before: datetime
    due_after: datetime
    before: Verdict
    after: Verdict


@dataclass(frozen=True, slots=True)
class Rule:
    """By what a clock is judged."""

    policies: Policies
    calendars: Calendars


@dataclass(frozen=True, slots=True)
class Twice:
    """A clock, as it starts under either rule."""

    case_id: str
    clock_id: str
    before: Start
    after: Start
    operations: Sequence[Operation]


def compare(found: Difference, clock: Twice, rule: Rule, other: Rule, now: datetime) -> Flip | None:
    """Judge a clock by both rules and count it in `found`; returned where it flips."""
    before, after = (
        judge(start, clock.operations, now=now, policies=by.policies, calendars=by.calendars)
        for start, by in ((clock.before, rule), (clock.after, other))
    )
    found.clocks += 1
    found.before.add(before)
    found.after.add(after)
    was_late, is_late = before.verdict in _LATE, after.verdict in _LATE
    if was_late == is_late:
        return None
    found.better += was_late
    found.worse += is_late
    return Flip(
        clock.case_id,
        clock.before.indicator,
        clock.clock_id,
        clock.before.at,
        after.done_at or before.done_at,
        before.due_at,
        after.due_at,
        before.verdict,
        after.verdict,
    )
