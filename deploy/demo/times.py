"""The account's clocks: what had a limit in one played case, when it was due and when it was done."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo

from deploy.demo.steps import Step
from shared.contracts.consult import DecidePlanCosts, HoldConsultation, PlanConsultation
from shared.contracts.feedback import AssessSatisfaction, EvaluateEffectiveness, EvaluateImpact
from shared.contracts.intake import (
    AnswerWrittenRequest,
    CollectDetails,
    DeclineWrittenRequest,
    ReceiveRequest,
    ReceiveWrittenRequest,
    RegisterWrittenRequest,
)

_MINUTES, _DAYS, _MONTHS = "minutes", "days", "months"
_LIMITS: dict[str, tuple[str, int | None, int]] = {
    "details_visit": (_MINUTES, 5, 10),
    "details_email": (_DAYS, None, 1),
    "consult_at_once": (_MINUTES, 20, 120),
    "plan_visit": (_MINUTES, 15, 20),
    "consult_remote": (_DAYS, 2, 7),
    "plan_remote": (_DAYS, None, 2),
    "consult_planned": (_MINUTES, 20, 120),
    "satisfaction": (_MINUTES, 5, 10),
    "closing": (_MINUTES, 5, 10),
    "effectiveness": (_MONTHS, None, 1),
    "impact": (_MONTHS, 1, 3),
    "mail_register": (_DAYS, None, 1),
    "mail_answer": (_DAYS, None, 10),
}
"""Unit, norm and limit. A follow-up's is not here: 72 hours, or as agreed."""
_FOLLOW_UP = timedelta(hours=72)


@dataclass(slots=True)
class Timed:
    """One thing with a limit. Times are in UTC."""

    indicator: str
    channel: str | None
    start: datetime
    due: datetime
    norm: datetime | None
    done: datetime | None


def timed(case: Sequence[Step], zone: tzinfo | None) -> list[Timed]:
    """What was timed in one case, from its accepted steps in their order."""
    account = _Account(zone)
    for step in case:
        account.take(step)
    return account.clocks


def later(start: datetime, unit: str, amount: int, zone: tzinfo | None) -> datetime:
    """Minutes run on every clock; days and months end at the same local time of day."""
    if unit == _MINUTES:
        return start + timedelta(minutes=amount)
    local = start.astimezone(zone)
    if unit == _DAYS:
        return (local + timedelta(days=amount)).astimezone(UTC)
    year, month = local.year, local.month + amount
    while month > 12:
        year, month = year + 1, month - 12
    day = min(local.day, monthrange(year, month)[1])
    return local.replace(year=year, month=month, day=day).astimezone(UTC)


@dataclass(slots=True)
class _Account:
    zone: tzinfo | None
    clocks: list[Timed] = field(default_factory=list[Timed])
    channel: str = ""
    at_once: bool = False
    held: int = 0
    held_at: datetime | None = None

    def take(self, step: Step) -> None:
        at = step.at.astimezone(UTC)
        match step.command:
            case ReceiveRequest(channel=channel):
                self.channel = channel
                in_person = channel in {"walk_in", "phone", "voice_mail"}
                self._start("details_visit" if in_person else "details_email", at)
            case CollectDetails() as details:
                self._stop(("details_visit", "details_email"), at)
                self._branch(details, at)
            case PlanConsultation(material_costs=costs, agreed_by_manager=agreed) if agreed or not costs:
                self._stop(("plan_visit", "plan_remote"), at)
            case DecidePlanCosts(agreed=True):
                self._stop(("plan_visit", "plan_remote"), at)
            case HoldConsultation(started_at=began):
                self._held(began.astimezone(UTC), at)
            case AssessSatisfaction() as said:
                self._assessed(said, at)
            case EvaluateEffectiveness():
                self._stop(("effectiveness",), at)
            case EvaluateImpact():
                self._stop(("impact",), at)
            case ReceiveWrittenRequest(channel=channel):
                self.channel = channel
                self._start("mail_register", at)
                self._start("mail_answer", at)
            case RegisterWrittenRequest():
                self._stop(("mail_register",), at)
            case AnswerWrittenRequest():
                self._stop(("mail_answer",), at)
            case DeclineWrittenRequest():
                self._stop(("mail_register", "mail_answer"), at)
            case _:
                pass

    def _branch(self, details: CollectDetails, at: datetime) -> None:
        """Stage 3: which of the four ways the case goes."""
        if self.channel in {"walk_in", "phone", "voice_mail"}:
            self.at_once = details.consultant_has_time and not details.preparation_needed
            if not self.at_once:
                self._start("plan_visit", at)
        else:
            self._start("plan_remote" if details.presence_required else "consult_remote", at)

    def _held(self, began: datetime, ended: datetime) -> None:
        self.held += 1
        self.held_at = ended
        self._stop(("follow_up",), began)
        remote = self.held == 1 and any(clock.indicator == "consult_remote" for clock in self.clocks)
        if remote:
            self._stop(("consult_remote",), ended)
        else:
            indicator = "consult_at_once" if self.held == 1 and self.at_once else "consult_planned"
            self._start(indicator, began)
            self._stop((indicator,), ended)
        self._start("satisfaction", ended)

    def _assessed(self, said: AssessSatisfaction, at: datetime) -> None:
        if self.held_at is None:
            raise AssertionError("the script assesses only what was held")
        self._stop(("satisfaction",), at)
        self._start("closing", at)
        self._stop(("closing",), said.closed_at.astimezone(UTC) if said.closed_at else at)
        if said.satisfied:
            self._start("effectiveness", self.held_at)
            self._start("impact", self.held_at)
        else:
            agreed = said.agreed_follow_up_at
            due = self.held_at + _FOLLOW_UP if agreed is None else agreed.astimezone(UTC)
            self.clocks.append(Timed("follow_up", self.channel, at, due, None, None))

    def _start(self, indicator: str, at: datetime) -> None:
        unit, norm, limit = _LIMITS[indicator]
        self.clocks.append(
            Timed(
                indicator,
                self.channel,
                at,
                later(at, unit, limit, self.zone),
                None if norm is None else later(at, unit, norm, self.zone),
                None,
            )
        )

    def _stop(self, indicators: tuple[str, ...], at: datetime) -> None:
        for clock in self.clocks:
            if clock.indicator in indicators and clock.done is None:
                clock.done = at
