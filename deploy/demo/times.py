"""The account's clocks: what had a limit in one played case, when it was due and when it was done."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo

from deploy.demo.steps import Step
from deploy.demo.workdays import Workdays
from shared.contracts.consult import (
    AddPreparationTask,
    AwaitConsumer,
    CancelConsultation,
    CompletePreparation,
    DecidePlanCosts,
    HoldConsultation,
    PlanConsultation,
    RecordNoShow,
    RecordNoTopicalIssue,
    RecordTopicalIssue,
    RequirePlan,
    RescheduleConsultation,
    ResumeConsultation,
)
from shared.contracts.feedback import (
    AssessSatisfaction,
    EvaluateEffectiveness,
    EvaluateImpact,
    ExtendImpact,
    RecordImprovement,
    RecordNotAssessed,
    RecordSuccessFactors,
    RecordUnreached,
    Survey,
)
from shared.contracts.intake import (
    AskClarification,
    CollectDetails,
    EndClarification,
    EndRequest,
    ReceiveClarification,
    ReceiveRequest,
)
from shared.contracts.values import CancelGround, Party

_MINUTES, _DAYS, _MONTHS = "minutes", "days", "months"
_LIMITS: dict[str, tuple[str, int | None, int]] = {
    "details_visit": (_MINUTES, 5, 10),
    "consult_at_once": (_MINUTES, 20, 120),
    "begin_at_once": (_MINUTES, None, 120),
    "plan_visit": (_MINUTES, 15, 20),
    "plan_required.3a-b": (_MINUTES, 15, 20),
    "plan_required.3b-b": (_DAYS, None, 2),
    "consult_remote": (_DAYS, 2, 7),
    "plan_remote": (_DAYS, None, 2),
    "consult_planned": (_MINUTES, 20, 120),
    "satisfaction": (_MINUTES, 5, 10),
    "closing": (_MINUTES, 5, 10),
    "topical_issues": (_DAYS, None, 1),
    "effectiveness": (_MONTHS, None, 1),
    "success_factors": (_DAYS, None, 7),
    "improvement": (_DAYS, None, 7),
    "impact": (_MONTHS, 1, 3),
}
"""Unit, norm and limit. A follow-up's is not here: 72 hours, or as agreed; nor what is due at a time that was said."""
_FOLLOW_UP = timedelta(hours=72)
_BEGINS_WITHIN, _NEW_TIME, _CONTACT = timedelta(minutes=15), timedelta(days=2), timedelta(days=3)
_PLANS = ("plan_visit", "plan_remote", "plan_required")
_AGREED = ("begin_planned", "begin_costed")
_WAITS = (*_PLANS, *_AGREED, "consult_remote", "follow_up")
"""What waits for the consumer."""
_CONSULT = (*_WAITS, "begin_at_once", "costs_agreement", "contact")
"""What ends with a case in which nothing more is held."""


@dataclass(slots=True)
class Timed:
    """One thing with a limit. Times are in UTC."""

    indicator: str
    channel: str | None
    start: datetime
    due: datetime
    norm: datetime | None
    done: datetime | None
    key: str = ""
    """Tells apart what runs side by side in one thread."""
    cancelled: bool = False
    paused: timedelta = timedelta(0)

    @property
    def open(self) -> bool:
        """Whether it is still owed."""
        return self.done is None and not self.cancelled


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
    remote: bool = False
    agreed_at: datetime | None = None
    waits_since: datetime | None = None
    asked_since: datetime | None = None
    """While an answer is waited for that stage 2b needs."""
    contact: bool = False
    fault: bool = False
    """The centre put it off."""
    held: int = 0
    held_at: datetime | None = None

    def take(self, step: Step) -> None:
        at = step.at.astimezone(UTC)
        match step.command:
            case ReceiveRequest(channel=channel):
                self.channel = channel
                self._received(at)
            case AskClarification() | ReceiveClarification() | EndClarification() as clarifying if self.channel:
                # Of a request; letters are accounted for apart: deploy/demo/mail_times.py.
                self._clarified(clarifying, at)
            case CollectDetails() as details:
                self._stop(("details_visit", "details_email"), at)
                self._branch(details, at)
            case EndRequest():
                self._cancel(("details_visit", "details_email"))
            case RequirePlan():
                self._cancel(("begin_at_once", "consult_remote"))
                self._start("plan_required", at, "3a-b" if self.at_once else "3b-b")
                self.at_once = self.remote = False
            case PlanConsultation() as plan:
                self._planned(plan, at)
            case DecidePlanCosts(agreed=agreed):
                self._stop(("costs_agreement",), at)
                if agreed and self.agreed_at:
                    self._stop(_PLANS, at)
                    self._promise("begin_costed", at, self.agreed_at + _BEGINS_WITHIN)
            case AddPreparationTask(task=task) if self.agreed_at:
                self._promise("preparation", at, (task.due_at or self.agreed_at).astimezone(UTC))
            case CompletePreparation():
                self._stop(("preparation",), at)
            case (
                AwaitConsumer()
                | ResumeConsultation()
                | RecordNoShow()
                | CancelConsultation()
                | RescheduleConsultation()
            ) as change:
                self._changed(change, at)
            case HoldConsultation(started_at=began):
                self._held(began.astimezone(UTC), at)
            case RecordTopicalIssue() | RecordNoTopicalIssue():
                self._stop(("topical_issues",), at)
            case AssessSatisfaction() as said:
                self._assessed(said, at)
            case RecordNotAssessed():
                self._cancel(("satisfaction",))
            case _:
                self._followed(step, at)

    def _followed(self, step: Step, at: datetime) -> None:
        """Stages 8 to 10."""
        match step.command:
            case EvaluateEffectiveness(effective=effective):
                self._stop(("effectiveness",), at)
                self._start("success_factors" if effective else "improvement", at)
            case RecordSuccessFactors() | RecordImprovement():
                self._stop(("success_factors", "improvement"), at)
            case EvaluateImpact(months=months):
                self._stop(("impact", "impact_again"), at)
                self._surveyed(months, at)
            case RecordUnreached(months=months):
                self._cancel(("impact", "impact_again"))
                self._surveyed(months, at)
            case ExtendImpact():
                self._asked_again(at, 6)
            case _:
                pass

    def _received(self, at: datetime) -> None:
        """2a at once, or, of what was left on the answering machine, while the centre is open; 2b on working days."""
        workdays = Workdays(self.zone)
        match self.channel:
            case "walk_in" | "phone":
                self._start("details_visit", at)
            case "voice_mail":
                norm, due = (workdays.open_for(at, timedelta(minutes=amount)) for amount in (5, 10))
                self.clocks.append(Timed("details_visit", self.channel, at, due, norm, None))
            case _:
                due = later(workdays.counted_from(at), _DAYS, 1, self.zone)
                self.clocks.append(Timed("details_email", self.channel, at, due, None, None))

    def _clarified(self, step: AskClarification | ReceiveClarification | EndClarification, at: datetime) -> None:
        """2b: who wrote is asked; until they answer, or the agreed time is over, the clock stands still."""
        if isinstance(step, AskClarification):
            self.asked_since, agreed = at, step.until.astimezone(UTC)
            self._promise("clarification", agreed, Workdays(self.zone).later(agreed, 1))
            return
        self._stop(("clarification",), at)
        for clock in self.clocks:
            if clock.open and clock.indicator == "details_email" and self.asked_since is not None:
                clock.paused += at - self.asked_since
                clock.due += at - self.asked_since
        self.asked_since = None

    def _branch(self, details: CollectDetails, at: datetime) -> None:
        """Stage 3: which of the four ways the case goes."""
        if self.channel in {"walk_in", "phone", "voice_mail"}:
            self.at_once = details.consultant_has_time and not details.preparation_needed
            self._start("begin_at_once" if self.at_once else "plan_visit", at)
        else:
            self.remote = not details.presence_required
            self._start("plan_remote" if details.presence_required else "consult_remote", at)

    def _planned(self, plan: PlanConsultation, at: datetime) -> None:
        """3a-b, 3b-b: it stands, or waits for the manager."""
        self._back(at)
        self.agreed_at = plan.planned_at.astimezone(UTC)
        if plan.material_costs and not plan.agreed_by_manager:
            self._promise("costs_agreement", at, min(self.agreed_at, at + timedelta(days=1)))
            return
        self._stop(_PLANS, at)
        self._promise("begin_planned", at, self.agreed_at + _BEGINS_WITHIN)
        for task in plan.preparation:
            self._promise("preparation", at, (task.due_at or plan.planned_at).astimezone(UTC))

    def _changed(
        self,
        change: AwaitConsumer | ResumeConsultation | RecordNoShow | CancelConsultation | RescheduleConsultation,
        at: datetime,
    ) -> None:
        match change:
            case AwaitConsumer():
                self.waits_since = at
                self._owe_contact(at, _CONTACT)
            case ResumeConsultation():
                self._back(at)
            case RecordNoShow():
                self.waits_since = self.agreed_at
                self._owe_contact(at, _NEW_TIME)
            case CancelConsultation(ground=CancelGround.CENTRE_UNABLE):
                self.fault = True
                self._owe_contact(at, _NEW_TIME)
            case CancelConsultation():
                self._cancel(_CONSULT)
            case RescheduleConsultation(by=by, planned_at=planned_at):
                waited = self.waits_since is not None
                self.fault = self.fault or (by is Party.CENTRE and not self.contact)
                self._back(at)
                self.agreed_at = planned_at.astimezone(UTC)
                if not self.fault and (waited or by is Party.CONSUMER):
                    self._put_off(self.agreed_at + _BEGINS_WITHIN)

    def _owe_contact(self, at: datetime, within: timedelta) -> None:
        self.contact = True
        self._promise("contact", at, at + within)

    def _back(self, at: datetime) -> None:
        """The consumer is spoken to; what waited for them goes on."""
        self._stop(("contact",), at)
        self.contact = False
        if self.waits_since is not None:
            for clock in self.clocks:
                if clock.open and clock.indicator in _WAITS:
                    pause = at - max(self.waits_since, clock.start)
                    clock.paused += pause
                    clock.due += pause
                    clock.norm = None if clock.norm is None else clock.norm + pause
        self.waits_since = None

    def _put_off(self, due: datetime) -> None:
        for clock in self.clocks:
            if clock.open and clock.indicator in _AGREED:
                clock.due = due

    def _held(self, began: datetime, ended: datetime) -> None:
        self.held += 1
        self.held_at = ended
        self._stop(("follow_up", "begin_at_once", *_AGREED), began)
        if self.held == 1 and self.remote:
            self._stop(("consult_remote",), ended)
        else:
            indicator = "consult_at_once" if self.held == 1 and self.at_once else "consult_planned"
            self._start(indicator, began)
            self._stop((indicator,), ended)
        self._start("satisfaction", ended)
        self._start("topical_issues", ended)

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
            self._promise("follow_up", at, due)

    def _promise(self, indicator: str, at: datetime, due: datetime) -> None:
        """Due at a time that was said."""
        self.clocks.append(Timed(indicator, self.channel, at, due, None, None))

    def _surveyed(self, months: Survey | None, at: datetime) -> None:
        if months is Survey.ONE:
            self._asked_again(at, 3)

    def _asked_again(self, at: datetime, by_months: int) -> None:
        if self.held_at is None:
            raise AssertionError("the script asks only for the impact of what was held")
        due = later(self.held_at, _MONTHS, by_months, self.zone)
        self.clocks.append(Timed("impact_again", self.channel, at, due, None, None))

    def _start(self, indicator: str, at: datetime, variant: str = "") -> None:
        unit, norm, limit = _LIMITS[f"{indicator}.{variant}" if variant else indicator]
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
            if clock.indicator in indicators and clock.open:
                clock.done = at

    def _cancel(self, indicators: tuple[str, ...]) -> None:
        for clock in self.clocks:
            if clock.indicator in indicators and clock.open:
                clock.cancelled = True
