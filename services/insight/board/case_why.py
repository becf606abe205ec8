"""Why a clock of a case stands as it does, in the words of the page: `tereze explain` for a browser.

What was counted is all there, so that whoever doubts a verdict can count along: the policy's version, each day with its
opening hours, each pause and move, and where each step ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby, pairwise

from services.insight.arithmetic import OUTSIDE, START_DAY, Day
from services.insight.board.texts import Texts
from services.insight.explain import Explanation, Reckoned
from shared.deadlines import CLOSED, Span

_NOT_COUNTED = {START_DAY: "why.start_day", OUTSIDE: "why.outside", CLOSED: "why.closed"}


@dataclass(frozen=True, slots=True)
class Step:
    """One step from a due moment to the next, as lines of text."""

    what: list[str]
    counted: list[str]
    due: list[str]


@dataclass(frozen=True, slots=True)
class Why:
    """One clock: how it stands, and why."""

    clock: Explanation
    facts: list[tuple[str, str]]
    """Names with what is said of each: policy, limit, calendar, owner."""
    steps: list[Step]
    said: str
    """The verdict in a sentence."""

    @property
    def runs(self) -> bool:
        """Whether it is still owed."""
        return self.clock.done_at is None and self.clock.cancelled_at is None


def why(one: Explanation, texts: Texts) -> Why:
    """An explanation in a language."""
    dues = [one.started_at, *(step.due_at for step in one.steps)]
    steps = [_step(step, before, due, texts) for step, (before, due) in zip(one.steps, pairwise(dues), strict=True)]
    return Why(one, list(_facts(one, texts)), steps, _verdict(one, texts))


def _facts(one: Explanation, texts: Texts) -> Iterator[tuple[str, str]]:
    version = texts("ui.version", n=one.policy_version)
    since = texts("why.ever") if one.in_force_from is None else texts("why.since", at=texts.moment(one.in_force_from))
    yield texts("ui.policy"), f"{one.policy}, {version}, {since}"
    limit = [texts.span(Span.parse(one.limit_code))]
    if one.norm_code is not None:
        limit.append(texts("why.norm", norm=texts.span(Span.parse(one.norm_code))))
    if one.from_working_day:
        limit.append(texts("why.carried"))
    yield texts("ui.limit"), "; ".join(limit)
    whose = texts("why.own_hours", office=one.office) if one.own_hours else texts("why.centre_hours")
    yield texts("why.calendar"), f"{whose}, {one.timezone}"
    yield texts("ui.owner"), one.owner or texts("ui.nobody")
    if one.paused_s:
        yield texts("ui.paused_for"), texts.length(one.paused_s, units=4)


def _step(step: Reckoned, before: datetime, due: datetime, texts: Texts) -> Step:
    what = [texts(f"why.{step.what}", at=texts.exact(step.at))]
    if step.type is not None:
        what.append(_event(step.type, step.event, texts))
    if step.what == "pause":
        still = step.until is None
        what.append(texts("why.still") if still else texts("why.until", at=texts.exact(step.until or step.at)))
        if step.until_type is not None:
            what.append(_event(step.until_type, step.until_event, texts))
    moves = step.what in {"start", "vary"} or due != before
    dues = [texts.exact(due)] if moves else []
    if moves and step.norm_due_at is not None:
        dues.append(texts("why.norm", norm=texts.exact(step.norm_due_at)))
    return Step(what, list(_counted(step, before, texts)), dues)


def _event(name: str, position: int | None, texts: Texts) -> str:
    return texts("why.event", event=texts.named("event", name), n=position)


def _counted(step: Reckoned, before: datetime, texts: Texts) -> Iterator[str]:
    if not step.counts:
        yield texts("why.late_already")
    elif step.what == "pause":
        added = texts.length(step.adds_s or 0, units=4)
        yield f"+ {texts('ui.working_time', n=added) if step.working else added}"
        yield from _days(step.paused_days, texts)
        if step.days:
            yield texts("why.on_from", at=texts.exact(before))
    elif step.adds_code is not None:
        yield f"{'+ ' if step.what == 'move' else ''}{texts.span(Span.parse(step.adds_code))}"
        if step.counted_from is not None:
            yield texts("why.counts_from", at=texts.exact(step.counted_from))
    elif step.what in {"start", "move"}:
        yield texts("why.event_says")
    yield from _days(step.days, texts)


def _days(days: Sequence[Day], texts: Texts) -> Iterator[str]:
    """Days that follow each other and are alike, on one line."""

    def alike(day: Day) -> tuple[str, str | None, bool]:
        return _hours(day, texts), day.why_not, day.number is None

    for (hours, why_not, unnumbered), group in groupby(days, alike):
        some = list(group)
        span = _dates(some[0].day, some[-1].day, texts)
        if why_not is not None:
            # Whatever else it says is a holiday's name.
            said = texts(_NOT_COUNTED[why_not]) if why_not in _NOT_COUNTED else texts("why.holiday", name=why_not)
            yield f"{span}: {said}"
        elif unnumbered:
            each = texts.length(some[0].worked.total_seconds(), units=4)
            yield f"{span}: {hours} = {f'{len(some)} × ' if len(some) > 1 else ''}{each}"
        elif len(some) == 1:
            yield f"{span}: {texts('why.day', n=some[0].number)}, {hours}"
        else:
            yield f"{span}: {texts('why.days', first=some[0].number, last=some[-1].number)}, {hours}"


def _dates(first: date, last: date, texts: Texts) -> str:
    return texts.short_date(first) if first == last else f"{texts.short_date(first)} – {texts.short_date(last)}"


def _hours(day: Day, texts: Texts) -> str:
    return ", ".join(f"{texts.clock(since)}–{texts.clock(until)}" for since, until in day.counted)


def _verdict(one: Explanation, texts: Texts) -> str:
    due, now = texts.exact(one.due_at), texts.exact(one.judged_at)
    if one.cancelled_at is not None:
        return texts("why.cancelled", at=texts.exact(one.cancelled_at), due=due)
    said = texts(f"why.{one.verdict}", by=texts.length(one.by_s), due=due, now=now)
    within = one.norm_verdict is not None and one.verdict in {"met", "open"}
    return f"{said.removesuffix('.')} ({texts.named('norm', one.norm_verdict)})." if within else said
