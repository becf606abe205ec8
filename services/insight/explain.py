"""Why a clock stands as it does: its policy, what was counted day by day, each pause and move, and the verdict.

The judge (`services.insight.judge`) says what happened to the clock; the way from each due moment to the next is
counted anew, day by day (`services.insight.arithmetic`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches

from services.insight.arithmetic import Count, Day, counted, open_between, total, worked_on
from services.insight.case_log import Clock, Told, clocks_of, events_of, not_yet
from services.insight.indicators import INDICATORS, policy_name
from services.insight.indicators.plan import MOVE, PAUSE, START, VARY
from services.insight.instants import Connection
from services.insight.judge import Judged, Norm, Operation, Start, Step, Verdict, judge
from services.insight.policies import POLICIES
from services.insight.projection import Projection
from services.insight.queries.asof import AsOf
from shared.centre import centre
from shared.deadlines import WORKING, Calendar, Calendars, Policies, Policy, Span


class UnknownIndicatorError(LookupError):
    """The case has no clock of this indicator, or none by then."""


@dataclass(frozen=True, slots=True)
class Reckoned:
    """One step from a due moment to the next. Lengths are in seconds."""

    what: str
    """start, pause, move, vary (another policy, counted anew from the start); or what ended it: stop, lapse, cancel."""
    at: datetime
    event: int | None
    """The position of the event that says so; of a pause: that began it."""
    due_at: datetime
    """Where this step's own arithmetic ends."""
    norm_due_at: datetime | None
    until: datetime | None = None
    """Of a pause: its end; None: it still lasts."""
    counts: bool = True
    """False: it came when the clock was late already, and moved nothing."""
    adds: str | None = None
    """A limit, or an extension; None: the event itself says when it is due, or a pause."""
    adds_code: str | None = None
    """As `Span.parse` reads it."""
    adds_s: float | None = None
    """Of a pause: by how much it moves what is due; working time where the limit is in working time."""
    working: bool = False
    counted_from: datetime | None = None
    """Where what came on a closed day counts from a later moment."""
    paused_days: tuple[Day, ...] = ()
    """What of a pause is working time."""
    days: tuple[Day, ...] = ()
    """The days on the way to the due moment."""
    type: str | None = None
    """Of the event."""
    until_event: int | None = None
    """Of a pause: what ended it, or was added to it while it lasted."""
    until_type: str | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """One clock, explained. Moments are in UTC."""

    case_id: str
    indicator: str
    stage: str
    clock_id: str
    policy: str
    policy_version: int
    in_force_from: datetime | None
    """None: since ever."""
    limit: str
    limit_code: str
    """As `Span.parse` reads it; the norm's likewise."""
    norm: str | None
    norm_code: str | None
    from_working_day: bool
    office: str | None
    own_hours: bool
    """Whether the office has opening hours of its own."""
    timezone: str
    owner: str | None
    judged_at: datetime
    started_at: datetime
    steps: tuple[Reckoned, ...]
    due_at: datetime
    norm_due_at: datetime | None
    done_at: datetime | None
    cancelled_at: datetime | None
    verdict: Verdict
    norm_verdict: Norm | None
    by_s: float
    """From the end (or `judged_at`) to the due moment: to spare if positive, too late if negative."""
    paused_s: float


async def explain(
    connection: Connection,
    case_id: str,
    indicator: str,
    *,
    sla: Projection,
    now: datetime,
    as_of: AsOf | datetime | None = None,
) -> list[Explanation]:
    """Every clock of this indicator in a case, in the order of their starts. Read from the log: never behind.

    Raises:
        UnknownCaseError: no such case, or none by then.
        UnknownIndicatorError: it has no such clock.
    """
    asked = AsOf.of(as_of, now)
    events = await events_of(connection, case_id)
    clocks = clocks_of(sla, events, asked)
    mine = sorted(
        (clock for clock in clocks if clock.start.indicator == indicator),
        key=lambda clock: (clock.start.at, clock.event),
    )
    if not mine:
        raise UnknownIndicatorError(_none(case_id, indicator, clocks, events))
    return [explained(case_id, clock, events, asked.at) for clock in mine]


async def explain_all(
    connection: Connection, case_id: str, *, sla: Projection, now: datetime, as_of: AsOf | datetime | None = None
) -> list[Explanation]:
    """Every clock of a case, in the order of their starts. Read from the log: never behind.

    Raises:
        UnknownCaseError: no such case.
    """
    asked = AsOf.of(as_of, now)
    events = await events_of(connection, case_id)
    clocks = sorted(clocks_of(sla, events, asked), key=lambda clock: (clock.start.at, clock.event))
    return [explained(case_id, clock, events, asked.at) for clock in clocks]


def explained(
    case_id: str,
    clock: Clock,
    events: Sequence[Told],
    now: datetime,
    policies: Policies = POLICIES,
    calendars: Calendars | None = None,
) -> Explanation:
    """Why a clock stands as it does at `now`; `events` name the types of what touched it."""
    calendars = calendars or centre().calendars
    start, steps = clock.start, list[Step]()
    calendar = calendars.of(start.office)
    judged = judge(start, clock.operations, now=now, policies=policies, calendars=calendars, steps=steps)
    types = {one.position: one.type for one in events}
    policy = steps[-1].policy
    return Explanation(
        case_id=case_id,
        indicator=start.indicator,
        stage=next((one.stage for one in INDICATORS if one.name == start.indicator), ""),
        clock_id=clock.clock_id,
        policy=policy_name(start.indicator, judged.variant),
        policy_version=policy.version,
        in_force_from=None if policy.in_force_from.year == 1 else policy.in_force_from,
        limit=str(policy.limit),
        limit_code=policy.limit.code,
        norm=None if policy.norm is None else str(policy.norm),
        norm_code=None if policy.norm is None else policy.norm.code,
        from_working_day=policy.from_working_day,
        office=start.office,
        own_hours=calendar is not calendars.default,
        timezone=str(calendar.zone),
        owner=judged.owner,
        judged_at=now,
        started_at=start.at,
        steps=_reckoned(clock, steps, calendar, now, types),
        due_at=judged.due_at,
        norm_due_at=judged.norm_due_at,
        done_at=judged.done_at,
        cancelled_at=judged.cancelled_at,
        verdict=judged.verdict,
        norm_verdict=judged.norm,
        by_s=_by(judged),
        paused_s=judged.paused.total_seconds(),
    )


def _by(judged: Judged) -> float:
    return (judged.due_at - (judged.done_at or judged.cancelled_at or judged.now)).total_seconds()


def _reckoned(
    clock: Clock, steps: Sequence[Step], calendar: Calendar, now: datetime, types: dict[int, str]
) -> tuple[Reckoned, ...]:
    due, found = clock.start.due_at, list[Reckoned]()
    began = {max(one.at, clock.start.at): one.event for one in reversed(clock.operations) if one.op == PAUSE}
    for step in steps:
        by = None if step.by is None else step.by.event
        event = clock.event if step.op == START else began.get(step.at) if step.op == PAUSE else by
        until = by if step.op == PAUSE else None
        one = _one(step, due, clock.start, calendar, now)
        due = one.due_at
        named = {"type": types.get(event or 0), "until_type": types.get(until or 0)}
        found.append(replace(one, event=event, until_event=until, **named))
    return tuple(found)


def _one(step: Step, due: datetime, start: Start, calendar: Calendar, now: datetime) -> Reckoned:
    """A step's arithmetic, from the due moment before it."""
    plain = Reckoned(step.op, step.at, None, due, step.norm_due_at, counts=step.counts)
    if step.op in {START, VARY}:
        return _limit(plain, step.policy, start, calendar)
    if step.op == PAUSE:
        return _pause(plain, step, calendar, now)
    if step.op == MOVE and step.counts and step.by is not None:
        return _move(plain, step.by, calendar)
    return plain


def _limit(plain: Reckoned, policy: Policy, start: Start, calendar: Calendar) -> Reckoned:
    found = counted(calendar, policy.limit, start.at, from_working_day=policy.from_working_day)
    if plain.what == START and found.ends_at != start.due_at:
        return replace(plain, due_at=start.due_at)  # the event says when it is due
    return _counted(plain, policy.limit, found, start.at)


def _move(plain: Reckoned, move: Operation, calendar: Calendar) -> Reckoned:
    if move.due_at is not None:
        return replace(plain, due_at=move.due_at)
    if move.span is None:
        return plain
    span = Span.parse(move.span)
    return _counted(plain, span, counted(calendar, span, plain.due_at), plain.due_at)


def _pause(plain: Reckoned, step: Step, calendar: Calendar, now: datetime) -> Reckoned:
    pause = step.pause
    if pause is None:
        raise AssertionError("a step of that kind has a pause")
    plain, until = replace(plain, until=pause.until), pause.until_at(now)
    if not step.counts:
        return plain
    if step.policy.limit.unit not in WORKING:
        length = until - pause.since
        return replace(plain, due_at=plain.due_at + length, adds_s=length.total_seconds())
    days = open_between(calendar, pause.since, until)
    worked = total(days)
    ends, on_the_way = worked_on(calendar, plain.due_at, worked)
    return replace(plain, due_at=ends, adds_s=worked.total_seconds(), working=True, paused_days=days, days=on_the_way)


def _counted(plain: Reckoned, span: Span, found: Count, start: datetime) -> Reckoned:
    later = found.counted_from if found.counted_from != start else None
    working = span.unit in WORKING
    return replace(
        plain,
        due_at=found.ends_at,
        adds=str(span),
        adds_code=span.code,
        working=working,
        counted_from=later,
        days=found.days,
    )


def _none(case_id: str, indicator: str, clocks: Sequence[Clock], events: Sequence[Told]) -> str:
    """What to say who asks for a clock that the case has not."""
    if not clocks:
        return f"case {case_id!r} has no clocks by then; {not_yet(case_id, events)}"
    names = sorted({clock.start.indicator for clock in clocks})
    near = get_close_matches(indicator, names, 1)
    meant = f"; did you mean {near[0]}?" if near else "."
    return f"case {case_id!r} has no clock of {indicator!r}{meant} It has: {', '.join(names)}"
