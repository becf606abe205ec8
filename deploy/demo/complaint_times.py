"""The account's clocks of complaints and actions: a second reckoning, from the script and the calendar alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo

from deploy.demo.steps import Step
from deploy.demo.times import Timed, later
from deploy.demo.workdays import Workdays
from shared.contracts.complaints import (
    AskComplainant,
    AssessComplaint,
    AssessComplaintHandling,
    CarryOutRemedy,
    CloseComplaint,
    CommunicateDecision,
    DecideComplaint,
    EscalateComplaint,
    ExtendComplaint,
    ForwardComplaint,
    InvestigateComplaint,
    ReceiveComplaint,
    RecordComplainantsAnswer,
    RecordComplainantsReply,
    RecordComplainantUnreached,
    RecordRecourseOutcome,
    Recourse,
    RecourseOutcome,
    TakeImmediateAction,
    TellComplaintStatus,
    WithdrawComplaint,
)
from shared.contracts.feedback import RecordImprovement
from shared.contracts.quality import CompleteAction, DropAction, MoveAction, OrderAction, VerifyAction

_DAYS, _MONTHS = "days", "months"
_STATUSES = ("complaint_status", "complaint_status_again", "complaint_status_review", "complaint_status_outside")
_STATUS = (*_STATUSES, "complaint_status_still")
_INVESTIGATE = ("complaint_investigate", "complaint_review")
_CLOSE = ("complaint_close", "complaint_close_after_remedy")


class Complaints:
    """What one thread's complaint and actions owe."""

    def __init__(self, zone: tzinfo | None, clocks: list[Timed]) -> None:
        self._zone = zone
        self._clocks = clocks
        self._workdays = Workdays(zone)
        self._channel: str | None = None
        self._remedy: date | None = None
        self._outside: datetime | None = None
        self._contacts = True
        self._asked_at: datetime | None = None
        self._received_at: datetime | None = None
        self._appeal = False
        self._checked: set[str] = set()
        """The actions that somebody checks."""

    def take(self, step: Step, channel: str | None) -> None:
        """Account for one accepted step of a thread that came by `channel`."""
        at = step.at.astimezone(UTC)
        match step.command:
            case RecordImprovement(actions=actions):
                for number, action in enumerate(actions, start=1):
                    self._start("action", at, self._end_of(action.due), f"a{number}", channel)
            case OrderAction(due=due):
                self._start("action", at, self._end_of(due), "a1")
                self._checked.add("a1")
            case MoveAction(action_id=action_id, due=due) if due is not None:
                for clock in self._running(("action",), action_id[-2:]):
                    clock.due = self._end_of(due)
            case CompleteAction(action_id=action_id):
                self._stop(("action", "action_again"), at, action_id[-2:])
                if action_id[-2:] in self._checked:
                    self._start("action_check", at, later(at, _DAYS, 30, self._zone), action_id[-2:])
            case DropAction(action_id=action_id):
                self._cancel(("action",), action_id[-2:])
            case VerifyAction(action_id=action_id, due=due):
                self._stop(("action_check",), at, action_id[-2:])
                if due is not None:
                    self._start("action_again", at, self._end_of(due), action_id[-2:])
            case ReceiveComplaint() as received:
                self._received(received, at)
            case _:
                if self._channel is not None:
                    self._handled(step, at)

    def _received(self, received: ReceiveComplaint, at: datetime) -> None:
        self._channel, self._received_at = received.channel, at
        who = received.consumer
        self._contacts = bool(who.phone or who.email or who.address)
        self._start("complaint_acknowledge", at, at + timedelta(minutes=10))
        self._stop(("complaint_acknowledge",), at)
        self._start("complaint_answer", at, self._answer_due(received.case_type, at))
        self._start("complaint_assess", at, self._workdays.later(at, 1))
        self._start("complaint_status", at, self._workdays.later(at, 3))

    def _answer_due(self, case_type: str, received_at: datetime) -> datetime:
        self._appeal = case_type == "appeal"
        counted = self._workdays.counted_from(received_at)
        return {
            "service_complaint": self._workdays.later(counted, 5),
            "appeal": self._workdays.later(counted, 15),
        }.get(case_type, later(counted, _DAYS, 10, self._zone))

    def _handled(self, step: Step, at: datetime) -> None:
        match step.command:
            case AssessComplaint(immediate_action_needed=urgent, case_type=case_type):
                if case_type is not None and self._received_at is not None:
                    for clock in self._running(("complaint_answer",)):
                        clock.due = self._answer_due(case_type, self._received_at)
                self._stop(("complaint_assess",), at)
                self._start("complaint_investigate", at, self._workdays.later(at, 3))
                if urgent:
                    self._start("complaint_at_once", at, at + timedelta(hours=4))
            case TakeImmediateAction():
                self._stop(("complaint_at_once",), at)
            case TellComplaintStatus():
                self._stop(_STATUS, at)
                if self._outside:
                    self._start("complaint_status_still", at, later(at, _MONTHS, 1, self._zone))
                else:
                    self._start("complaint_status_again", at, self._workdays.later(at, 3))
            case AskComplainant(until=until) if until is not None:
                self._asked_at = at
                agreed = until.astimezone(UTC)
                self._start("complaint_clarification", agreed, self._workdays.later(agreed, 1))
            case RecordComplainantsAnswer():
                self._answered(at)
            case ExtendComplaint(days=days) if days is not None:
                for clock in self._running(("complaint_answer",)):
                    clock.due = later(clock.due, _DAYS, days, self._zone)
            case InvestigateComplaint():
                self._stop(_INVESTIGATE, at)
                self._start("complaint_decide", at, self._workdays.later(at, 1))
            case DecideComplaint(remedy_due=remedy_due, actions=actions):
                self._remedy = remedy_due
                self._stop(("complaint_decide",), at)
                self._start("complaint_tell", at, self._workdays.later(at, 1))
                for number, action in enumerate(actions, start=1):
                    self._start("action", at, self._end_of(action.due), f"a{number}")
                    self._checked.add(f"a{number}")
            case CommunicateDecision():
                self._stop(("complaint_tell", "complaint_answer"), at)
                self._cancel(_STATUS)
                self._start("complaint_reply", at, later(at, _DAYS, 35, self._zone))
            case RecordComplainantsReply(accepted=accepted):
                self._replied(accepted, at)
            case CarryOutRemedy():
                self._stop(("complaint_remedy",), at)
                self._start("complaint_close_after_remedy", at, self._workdays.later(at, 3))
            case _:
                self._ended(step, at)

    def _answered(self, at: datetime) -> None:
        """So long the answer's clock stood still, and the investigation's, which runs in working time."""
        self._stop(("complaint_clarification",), at)
        if self._asked_at is None:
            raise AssertionError("the script answers only what was asked")
        for clock in self._running(("complaint_answer", "complaint_investigate")):
            clock.paused += at - self._asked_at
        for clock in self._running(("complaint_answer",)):
            clock.due += at - self._asked_at
        for clock in self._running(("complaint_investigate",)):
            clock.due = self._workdays.moved(clock.due, self._workdays.worked(self._asked_at, at))

    def _replied(self, accepted: bool, at: datetime) -> None:
        self._stop(("complaint_reply",), at)
        if not accepted:
            self._start("complaint_recourse", at, later(at, _DAYS, 30, self._zone))
        elif self._remedy is None:
            self._start("complaint_close", at, self._workdays.later(at, 3))
        else:
            self._start("complaint_remedy", at, self._end_of(self._remedy))

    def _ended(self, step: Step, at: datetime) -> None:
        match step.command:
            case EscalateComplaint(to=Recourse.INTERNAL_REVIEW):
                self._stop(("complaint_recourse",), at)
                self._start("complaint_review", at, self._workdays.later(at, 5))
                self._start("complaint_status_review", at, self._workdays.later(at, 3))
            case EscalateComplaint():
                self._outside = at
                self._start("complaint_outside", at, later(at, _MONTHS, 3, self._zone))
                self._start("complaint_status_outside", at, later(at, _MONTHS, 1, self._zone))
            case RecordRecourseOutcome(outcome=RecourseOutcome.UPHELD):
                self._back(at)
            case CloseComplaint():
                self._stop((*_CLOSE, "complaint_reply", "complaint_recourse"), at)
                self._over(at, self._contacts)
            case ForwardComplaint():
                self._sent_on(at)
                self._over(at, True)
            case WithdrawComplaint():
                self._over(at, True)
            case AssessComplaintHandling():
                self._stop(("complaint_handling",), at)
            case RecordComplainantUnreached():
                self._cancel(("complaint_handling",))
            case _:
                pass

    def _sent_on(self, at: datetime) -> None:
        """Within three working days under the law on appeals; elsewhere the source sets no limit."""
        if self._appeal and self._received_at is not None:
            due = self._workdays.later(self._workdays.counted_from(self._received_at), 3)
            self._start("complaint_misdirected", self._received_at, due)
            self._stop(("complaint_misdirected",), at)

    def _back(self, at: datetime) -> None:
        """From another body: so long the recourse's clock stood still."""
        self._stop(("complaint_outside",), at)
        self._cancel(_STATUS)
        for clock in self._clocks:
            if clock.indicator == "complaint_recourse" and clock.done is None and self._outside is not None:
                clock.paused = at - self._outside
                clock.due += clock.paused
        self._outside = None

    def _over(self, at: datetime, asked: bool) -> None:
        running = {one.indicator for one in self._clocks if one.indicator.startswith("complaint_")}
        self._cancel(tuple(running))
        if asked:
            self._start("complaint_handling", at, later(at, _DAYS, 30, self._zone))

    def _start(self, name: str, at: datetime, due: datetime, key: str = "", channel: str | None = None) -> None:
        self._clocks.append(Timed(name, channel or self._channel, at, due, None, None, key=key))

    def _stop(self, names: tuple[str, ...], at: datetime, key: str = "") -> None:
        for clock in self._running(names, key):
            clock.done = at

    def _cancel(self, names: tuple[str, ...], key: str = "") -> None:
        for clock in self._running(names, key):
            clock.cancelled = True

    def _running(self, names: tuple[str, ...], key: str = "") -> list[Timed]:
        return [
            clock
            for clock in self._clocks
            if clock.indicator in names and clock.key == key and clock.done is None and not clock.cancelled
        ]

    def _end_of(self, due: date) -> datetime:
        return datetime.combine(due + timedelta(days=1), time(), self._zone).astimezone(UTC)
