"""What the watch over deadlines says happened: it accepts nothing, and knows no person (DOMAIN.md §8, §10)."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from .base import Event, When
from .values import Channel

CONTEXT = "watch"
Percent = Annotated[int, Field(ge=1, le=99)]
Number = Annotated[int, Field(ge=0)]


class _Watch:
    context: ClassVar[str] = CONTEXT


class _Deadline(_Watch, Event):
    """A clock, and its due moment as it stood then: in words that were checked where they were first said."""

    clock_id: str
    indicator: str
    """What is timed; `tereze sla` lists them."""
    policy: str
    """The limit by which it is judged, and its version."""
    policy_version: int
    case_id: str
    channel: Channel | None = None
    office: str | None = None
    topic: str | None = None
    owner: str | None = None
    """Who answers for it."""
    started_at: When
    due_at: When
    noticed_at: When
    """When the watch saw it: later than it happened where no process ran."""


class DeadlineApproaching(_Deadline):
    """Of the time given, without pauses, so many percent are used up, and it is not done."""

    used_percent: Percent


class DeadlineBreached(_Deadline):
    """The due moment passed before it was done."""

    ended_at: When | None = None
    """When it ended, where that was before the watch saw that it was late; None: it is not done."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OwnersDeadlines(_Part):
    """What one owner has of a digest."""

    owner: str | None
    approaching: Number
    breached: Number
    overdue: Number


class OverdueDeadline(_Part):
    """One that is not done, past due."""

    indicator: str
    case_id: str
    owner: str | None
    due_at: When


class DeadlinesEscalated(_Watch, Event):
    """A digest for the manager of an office: what came near, what passed, and what is overdue by now."""

    office: str | None = None
    """None: of what belongs to no office."""
    since: When
    until: When
    approaching: Number
    """How many came near in that time."""
    breached: Number
    """How many passed in that time."""
    settled: Number
    """How many of these were done, or ended otherwise, before this digest was written."""
    overdue: Number
    """How many are overdue now, since whenever."""
    owners: list[OwnersDeadlines]
    """Who answers for them, the most overdue first; at most twenty."""
    worst: list[OverdueDeadline]
    """The longest overdue; at most five."""


EVENTS = (DeadlineApproaching, DeadlineBreached, DeadlinesEscalated)
