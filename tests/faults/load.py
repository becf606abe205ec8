"""A good adapter under load: it records what was answered, and sends again, under the same id, what was not."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from types import TracebackType
from typing import Any

import nats
import nats.errors
from nats.aio.msg import Msg

from shared.bus import names
from shared.bus.answers import Answer, Status
from shared.bus.cloudevents import headers_of
from shared.contracts import COMMANDS
from shared.roles import usual
from tests.faults.samples import PAST, sample

AGAIN_S = 4.0
"""Without an answer for so long, a message is sent again."""
TICK_S = 0.05
MOST_OPEN = 2000
"""With so many unanswered it begins no case: a slow machine is loaded, not buried."""
_START = datetime.fromisoformat(PAST)
SOURCE = "/load"
INDEX = "75384"


@dataclass
class Submission:
    """One message until it is answered for good; `then` are the steps that may only follow it."""

    id: str
    type: str
    body: bytes
    time: datetime
    then: Sequence[Submission] = ()
    hasty: bool = False
    """Whether `then` is sent right behind it, without waiting for its answer."""
    sent_at: float = 0.0
    answer: Answer | None = None


def _step(type_name: str, case: str, minutes: int, then: Sequence[Submission] = (), **fields: Any) -> Submission:
    body = sample(type_name, 0, **fields).body_bytes()
    return Submission(f"{case}-{type_name}", type_name, body, _START + timedelta(minutes=minutes), then)


def written(case: str) -> Submission:
    """A written request: received, registered, checked, answered, each once the last is accepted."""
    answered = _step("AnswerWrittenRequest", case, 20, case_id=case)
    checked = _step("CheckCompleteness", case, 15, [answered], case_id=case, missing=[])
    registered = _step("RegisterWrittenRequest", case, 10, [checked], case_id=case)
    return _step("ReceiveWrittenRequest", case, 0, [registered], case_id=case)


def hasty(case: str) -> Submission:
    """A written request, all its steps published at once: after a crash they may be delivered in another order."""
    received = written(case)
    received.hasty = received.then[0].hasty = received.then[0].then[0].hasty = True
    return received


def spoken(case: str) -> Submission:
    """A request for a consultation, from stage 1 to stage 5: through three services."""
    assessed = _step("AssessSatisfaction", case, 60, case_id=case)
    began = (_START + timedelta(minutes=10)).isoformat()
    held = _step("HoldConsultation", case, 50, [assessed], case_id=case, started_at=began)
    collected = _step("CollectDetails", case, 7, [held], case_id=case)
    return _step("ReceiveRequest", case, 0, [collected], case_id=case)


def subscription(case: str) -> Submission:
    """A subscription to the one publication that `catalogue` publishes."""
    return _step("AcceptSubscription", case, 0, subscription_id=case, index=INDEX)


def catalogue() -> Submission:
    """One publication, and a campaign in which it is subscribed to."""
    always = {"opens": "2020-01-01", "closes": "2199-12-31", "first_month": "2020-01", "last_month": "2199-12"}
    campaign = _step("AnnounceCampaign", "catalogue", 0, **always)
    entry = _step("PublishCatalogueEntry", "catalogue", 0, [campaign], index=INDEX)
    entry.hasty = True
    return entry


@dataclass
class Load:
    """Starts `rate` cases a second until told to stop, and sees every message to its answer.

    An async context manager; `rate` 0 sends only what is given to `submit`.
    """

    url: str
    name: str
    rate: int = 0
    submitted: dict[str, Submission] = field(default_factory=dict[str, Submission])
    refused: list[Answer] = field(default_factory=list[Answer])
    """What was refused for good: nothing may be, whatever died meanwhile."""
    _open: dict[str, Submission] = field(default_factory=dict[str, Submission])
    _cases: int = 0

    async def __aenter__(self) -> Load:
        self._client = await nats.connect(
            self.url,
            inbox_prefix=b"_INBOX_adapter",
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.2,
            error_cb=_quietly,
        )
        self._address = f"{names.ANSWERS}.{self.name}"
        await self._client.subscribe(self._address, cb=self._answered)
        self._running = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)
        await self._client.close()

    @property
    def accepted(self) -> list[Submission]:
        return [one for one in self.submitted.values() if one.answer is not None]

    @property
    def unanswered(self) -> list[Submission]:
        return list(self._open.values())

    async def submit(self, submission: Submission) -> None:
        """Send it, and send it again until it is answered."""
        self.submitted.setdefault(submission.id, submission)
        self._open.setdefault(submission.id, submission)
        await self._send(submission)
        if submission.hasty:
            for following in submission.then:
                await self.submit(following)

    async def _run(self) -> None:
        due = 0.0
        while True:
            due = min(due + self.rate * TICK_S, self.rate)
            while due >= 1 and len(self._open) < MOST_OPEN:
                due -= 1
                self._cases += 1
                make = (written, spoken, subscription, hasty)[self._cases % 4]
                await self.submit(make(f"{self.name}-{self._cases}"))
            late = monotonic() - AGAIN_S
            for submission in [one for one in self._open.values() if one.sent_at < late]:
                await self._send(submission)
            await asyncio.sleep(TICK_S)

    async def _send(self, submission: Submission) -> None:
        command = COMMANDS[submission.type]
        headers = headers_of(
            command, event_id=submission.id, source=SOURCE, role=usual(submission.type), time=submission.time
        )
        headers[names.ANSWER_TO] = self._address
        submission.sent_at = monotonic()
        subject = names.submit_subject(command.context, submission.type)
        with contextlib.suppress(nats.errors.Error):  # the server is away: again later
            await self._client.publish(subject, submission.body, headers=headers)

    async def _answered(self, msg: Msg) -> None:
        answer = Answer.from_json(msg.data)
        submission = self._open.get(answer.id)
        if submission is None:
            return
        if answer.status in {Status.REJECTED, Status.CONFLICT}:
            del self._open[answer.id]
            self.refused.append(answer)
            return
        submission.answer = answer
        del self._open[answer.id]
        for following in () if submission.hasty else submission.then:
            await self.submit(following)


async def _quietly(_error: Exception) -> None:
    """Lost connections are what this is about."""
