"""Digests: what a manager is told of all deadlines of an office at once, in place of a message for each."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from services.insight.clocks import Clock
from services.insight.judge import Judged
from shared.contracts.watch import (
    DeadlineApproaching,
    DeadlineBreached,
    DeadlinesEscalated,
    OverdueDeadline,
    OwnersDeadlines,
)

OWNERS = 20
WORST = 5
Told: TypeAlias = DeadlineApproaching | DeadlineBreached

_MIDNIGHT = datetime(2000, 1, 1, tzinfo=UTC)


def begins(moment: datetime, every: timedelta) -> datetime:
    """When the interval of a digest began in which a moment lies: at multiples of `every` since midnight, UTC."""
    return _MIDNIGHT + (moment - _MIDNIGHT) // every * every


def written(
    told: Iterable[Told], overdue: Iterable[tuple[Clock, Judged]], running: Container[str], every: timedelta
) -> list[DeadlinesEscalated]:
    """A digest for each office and interval in which something was told of; none where nothing was.

    `overdue` is what stands overdue now, `running` holds the clocks that run.
    """
    news: defaultdict[tuple[datetime, str | None], list[Told]] = defaultdict(list)
    for one in told:
        news[begins(one.noticed_at, every), one.office].append(one)
    late: defaultdict[str | None, list[tuple[Clock, Judged]]] = defaultdict(list)
    for clock, judged in overdue:
        late[clock.fact.office].append((clock, judged))
    return [
        _digest(office, since, since + every, news[since, office], late[office], running)
        for since, office in sorted(news, key=lambda key: (key[0], key[1] or ""))
    ]


def _digest(
    office: str | None,
    since: datetime,
    until: datetime,
    news: Sequence[Told],
    late: Sequence[tuple[Clock, Judged]],
    running: Container[str],
) -> DeadlinesEscalated:
    near = Counter(one.owner for one in news if isinstance(one, DeadlineApproaching))
    passed = Counter(one.owner for one in news if isinstance(one, DeadlineBreached))
    overdue = Counter(judged.owner for _, judged in late)
    owners = sorted(
        near.keys() | passed.keys() | overdue.keys(), key=lambda one: (-overdue[one], -passed[one], one or "")
    )
    worst = sorted(late, key=lambda one: (one[1].due_at, one[0].fact.clock_id))
    return DeadlinesEscalated(
        office=office,
        since=since,
        until=until,
        approaching=near.total(),
        breached=passed.total(),
        settled=sum(one.clock_id not in running for one in news),
        overdue=len(late),
        owners=[
            OwnersDeadlines(owner=one, approaching=near[one], breached=passed[one], overdue=overdue[one])
            for one in owners[:OWNERS]
        ],
        worst=[
            OverdueDeadline(
                indicator=clock.indicator, case_id=clock.fact.case_id, owner=judged.owner, due_at=judged.due_at
            )
            for clock, judged in worst[:WORST]
        ],
    )
