"""The account's clocks of written requests: Table 5's limits and the regimes' of §9, reckoned a second time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from deploy.demo.steps import Step
from deploy.demo.times import Timed, later
from deploy.demo.workdays import Workdays
from shared.contracts.intake import (
    AnswerWrittenRequest,
    AskClarification,
    DeclineWrittenRequest,
    EndClarification,
    ExtendAnswer,
    ForwardMisdirected,
    ForwardWrittenRequest,
    NotifyOfExtension,
    ReceiveClarification,
    ReceiveWrittenRequest,
    RegisterWrittenRequest,
)

_DAYS = "days"
_NOTICE = "extension_notice"
_SUBSTANCE = ("mail_answer", "mail_specialist")
"""What an answer ends, what waits for the consumer, and what an extension puts off."""


def mail_clocks(case: Sequence[Step], zone: tzinfo | None) -> list[Timed]:
    """What was timed in one written request, from its accepted steps in their order."""
    account = _Mail(zone)
    for step in case:
        account.take(step)
    return account.clocks


class _Mail:
    def __init__(self, zone: tzinfo | None) -> None:
        self.clocks: list[Timed] = []
        self._zone = zone
        self._workdays = Workdays(zone)
        self._channel = ""
        self._case_type: str | None = None
        self._received_at: datetime | None = None
        self._waits_since: datetime | None = None
        self._waits: list[tuple[datetime, datetime]] = []
        self._forwarded = False

    def take(self, step: Step) -> None:
        at = step.at.astimezone(UTC)
        match step.command:
            case ReceiveWrittenRequest(channel=channel, case_type=case_type):
                self._channel, self._case_type, self._received_at = channel, case_type, at
                self._start("mail_register", at, later(self._workdays.counted_from(at), _DAYS, 1, self._zone))
                self._start("mail_answer", at, self._answer_due(at))
            case RegisterWrittenRequest(case_type=case_type):
                self._stop(("mail_register",), at)
                self._classified(case_type)
            case ForwardWrittenRequest():
                self._passed_on(at)
                self._start("mail_specialist", at, later(at, _DAYS, 10, self._zone))
            case AskClarification(until=until) if self._channel:  # stage 2b asks, too: deploy/demo/times.py
                self._waits_since = at
                agreed = until.astimezone(UTC)
                self._start("clarification", agreed, self._workdays.later(agreed, 1))
            case ReceiveClarification() | EndClarification():
                self._stop(("clarification",), at)
                self._go_on(at)
            case ExtendAnswer(days=int(days), notified=notified):
                for clock in self._running(_SUBSTANCE):
                    clock.due = later(clock.due, _DAYS, days, self._zone)
                if not notified:
                    self._start(_NOTICE, at, self._workdays.later(at, 3))
            case NotifyOfExtension():
                self._stop((_NOTICE,), at)
            case AnswerWrittenRequest() | DeclineWrittenRequest():
                self._stop((_NOTICE, *_SUBSTANCE), at)
            case ForwardMisdirected():
                self._sent_on(at)
            case _:
                pass

    def _answer_due(self, at: datetime) -> datetime:
        counted = self._workdays.counted_from(at)
        match self._case_type:
            case "appeal":
                return self._workdays.later(counted, 15)
            case _:
                return later(counted, _DAYS, 10, self._zone)

    def _classified(self, case_type: str | None) -> None:
        """As something else than was thought: from the receipt on other limits hold."""
        if case_type is None or case_type == self._case_type or self._received_at is None:
            return
        self._case_type = case_type
        for clock in self._running(("mail_answer",)):
            clock.due = self._answer_due(self._received_at)

    def _passed_on(self, at: datetime) -> None:
        """To the first specialist within a day of the receipt, without what was waited for the consumer by then."""
        if self._forwarded or self._received_at is None:
            return
        self._forwarded = True
        due = later(self._workdays.counted_from(self._received_at), _DAYS, 1, self._zone)
        self._start("mail_pass", self._received_at, due)
        passing = self.clocks[-1]
        for since, until in [*self._waits, *([(self._waits_since, at)] if self._waits_since else [])]:
            if since < passing.due:
                passing.due += until - since
            passing.paused += until - since
        passing.done = at

    def _go_on(self, at: datetime) -> None:
        if self._waits_since is not None:
            self._waits.append((self._waits_since, at))
        pause = timedelta() if self._waits_since is None else at - self._waits_since
        self._waits_since = None
        for clock in self._running(_SUBSTANCE):
            clock.paused += pause
            clock.due += pause

    def _sent_on(self, at: datetime) -> None:
        """Within three working days under the law on appeals; elsewhere the source sets no limit."""
        self._stop((_NOTICE,), at)
        for clock in self._running(_SUBSTANCE):
            clock.cancelled = True
        if self._case_type == "appeal" and self._received_at is not None:
            due = self._workdays.later(self._workdays.counted_from(self._received_at), 3)
            self._start("misdirected", self._received_at, due)
            self._stop(("misdirected",), at)

    def _start(self, indicator: str, at: datetime, due: datetime) -> None:
        self.clocks.append(Timed(indicator, self._channel, at, due, None, None))

    def _stop(self, indicators: tuple[str, ...], at: datetime) -> None:
        for clock in self._running(indicators):
            clock.done = at

    def _running(self, indicators: tuple[str, ...]) -> list[Timed]:
        return [clock for clock in self.clocks if clock.indicator in indicators and clock.open]
