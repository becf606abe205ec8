"""An account of the play kept beside the system: what its figures must be, reckoned from the script alone.

It shares no code with the read side on purpose: the limits and the arithmetic are written down here a second time,
from the stage table (DOMAIN.md §2, Table 5, §6). Where the two disagree, one of them is wrong.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from deploy.demo.branches import played
from deploy.demo.calls import call_clocks
from deploy.demo.complaint_times import Complaints
from deploy.demo.days import Days, reckon_days
from deploy.demo.facts import EffectivenessFact, consultation_facts, event_types
from deploy.demo.mail_times import mail_clocks
from deploy.demo.script import Script
from deploy.demo.steps import Step
from deploy.demo.times import Timed, timed
from shared.bus.answers import Status
from shared.contracts.intake import ReceiveRequest

ALL = ""
DIMENSIONS = ("all", "consultant", "topic", "form", "office", "channel")


@dataclass(frozen=True, slots=True)
class Kept:
    """How one indicator's limit was kept on one channel."""

    total: int
    open: int
    overdue: int
    met: int
    below_norm: int
    breached: int
    cancelled: int
    average_s: float | None


@dataclass(frozen=True, slots=True)
class Worth:
    """What consultations cost and what came of them."""

    consultations: int
    follow_ups: int
    minutes: int
    cost: int
    assessed: int
    satisfied: int
    dissatisfied: int
    average_process: float | None
    average_result: float | None
    solved_yes: int
    solved_half: int
    solved_no: int
    cases_assessed: int
    first_contact: int
    evaluated: int
    effective: int
    not_effective: int
    average_degree_solved: float | None
    impact_evaluated: int
    impact_used: int
    impact_changed: int
    impact_solved: int


@dataclass(slots=True)
class Ledger:
    """What the system must say."""

    sla: dict[tuple[str, str | None], Kept] = field(default_factory=dict["tuple[str, str | None]", Kept])
    """By indicator and channel."""
    worth: dict[tuple[str, str], Worth] = field(default_factory=dict[tuple[str, str], Worth])
    """By dimension and its value; `ALL` in dimension "all"."""
    branches: dict[str, int] = field(default_factory=dict[str, int])
    """How often each branch of the stage table was taken."""
    causes: dict[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    """How often each cause of dissatisfaction was named, and in how many cases."""
    days: Days = field(default_factory=Days)
    """The post offices' operating days, and what was sold."""
    events: dict[str, int] = field(default_factory=dict[str, int])
    """Events in the store, by type."""
    refused: dict[str, int] = field(default_factory=dict[str, int])
    """Submissions among the dead letters, by the code of their first reason."""


def reckon(script: Script, now: datetime) -> Ledger:
    """The account of the whole play, as it stands at `now`."""
    done = [step for step in script.steps if step.status is Status.ACCEPTED]
    cases: defaultdict[str, list[Step]] = defaultdict(list)
    for step in done:
        cases[step.thread].append(step)
    days = reckon_days(cases.values(), script.begins)
    zone = script.begins.tzinfo
    clocks = [clock for case in cases.values() for clock in (*_timed(case, zone), *mail_clocks(case, zone))]
    facts = [fact for case in cases.values() for fact in consultation_facts(case)]
    return Ledger(
        sla=_sla([*clocks, *(one for case in cases.values() for one in call_clocks(case)), *days.clocks], now),
        worth=_worth(facts),
        branches=played(cases.values()),
        causes=_causes(facts),
        days=days,
        events=dict(Counter(name for step in done for name in event_types(step)) + days.events),
        refused=dict(Counter(step.code for step in script.steps if step.code)),
    )


def _timed(case: list[Step], zone: tzinfo | None) -> list[Timed]:
    clocks = timed(case, zone)
    complaints = Complaints(zone, clocks)
    channel = next((str(step.command.channel) for step in case if isinstance(step.command, ReceiveRequest)), None)
    for step in case:
        complaints.take(step, channel)
    return clocks


def _sla(clocks: Iterable[Timed], now: datetime) -> dict[tuple[str, str | None], Kept]:
    groups: defaultdict[tuple[str, str | None], list[Timed]] = defaultdict(list)
    for clock in clocks:
        groups[clock.indicator, clock.channel].append(clock)
    return {key: _kept(group, now) for key, group in groups.items()}


def _kept(group: list[Timed], now: datetime) -> Kept:
    done = [(clock, clock.done) for clock in group if clock.done is not None]
    met = [(clock, at) for clock, at in done if at <= clock.due]
    return Kept(
        total=len(group),
        open=sum(clock.open for clock in group),
        overdue=sum(clock.open and clock.due < now for clock in group),
        met=len(met),
        below_norm=sum(clock.norm is not None and at < clock.norm for clock, at in met),
        breached=len(done) - len(met),
        cancelled=sum(clock.cancelled for clock in group),
        average_s=_mean([max(0.0, (at - clock.start - clock.paused).total_seconds()) for clock, at in done]),
    )


def _worth(facts: list[EffectivenessFact]) -> dict[tuple[str, str], Worth]:
    groups: defaultdict[tuple[str, str], list[EffectivenessFact]] = defaultdict(list)
    for fact in facts:
        for dimension in DIMENSIONS:
            groups[dimension, ALL if dimension == "all" else fact.of(dimension)].append(fact)
    return {key: _sum(group) for key, group in groups.items()}


def _sum(group: list[EffectivenessFact]) -> Worth:
    held = [one.held for one in group if one.held]
    said = [one.said for one in group if one.said]
    verdicts = [one.verdict for one in group if one.verdict]
    impacts = [one.impact for one in group if one.impact]
    solved = Counter(str(one.solved) for one in said)
    return Worth(
        consultations=len(held),
        follow_ups=sum(bool(one.held) and one.number > 1 for one in group),
        minutes=sum(one.minutes_spent for one in held),
        cost=sum(one.cost for one in held),
        assessed=len(said),
        satisfied=sum(one.satisfied for one in said),
        dissatisfied=sum(not one.satisfied for one in said),
        average_process=_mean([one.process for one in said]),
        average_result=_mean([one.result for one in said]),
        solved_yes=solved["yes"],
        solved_half=solved["half"],
        solved_no=solved["no"],
        cases_assessed=len({one.case_id for one in said}),
        first_contact=len({f.said.case_id for f in group if f.said and f.said.satisfied and f.number == 1}),
        evaluated=len(verdicts),
        effective=sum(one.effective for one in verdicts),
        not_effective=sum(not one.effective for one in verdicts),
        average_degree_solved=_mean([one.degree_solved for one in verdicts]),
        impact_evaluated=len(impacts),
        impact_used=sum(one.advice_used for one in impacts),
        impact_changed=sum(one.changed for one in impacts),
        impact_solved=sum(one.solved == "yes" for one in impacts),
    )


def _causes(facts: list[EffectivenessFact]) -> dict[str, tuple[int, int]]:
    named = [(cause, one.said.case_id) for one in facts if one.said for cause in one.said.causes]
    often = Counter(cause for cause, _ in named)
    cases = Counter(cause for cause, _ in set(named))
    return {cause: (often[cause], cases[cause]) for cause in often}


def _mean(values: list[int] | list[float]) -> float | None:
    return sum(values) / len(values) if values else None
