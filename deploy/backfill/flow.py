"""Sending cases through the bus: a window of them under way, each answered before its next message goes.

A case's answer is sent only once its receipt was accepted, so no redelivery can turn the two around. What is
not answered in time is sent again under the same id; the inbox makes that harmless.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import nats.errors
import orjson

from deploy.backfill.rows import Case, Reject
from shared.bus.answers import Answer, Status
from shared.bus.client import Submitter
from shared.contracts.intake import AnswerWrittenRequest, ReceiveWrittenRequest

WINDOW = 3_000
RESEND_S = 45.0


@dataclass(slots=True)
class Progress:
    """How far an import has come. `done_before` is the row below which everything is settled."""

    rows: int = 0
    accepted: int = 0
    duplicates: int = 0
    answered: int = 0
    resent: int = 0
    done_before: int = 0


@dataclass(slots=True)
class _Pending:
    case: Case
    answering: bool
    sent_at: float


class Backfill:
    """One import under way.

    `rejected` is told each reject before `told` hears that its row is settled.
    """

    def __init__(
        self,
        submitter: Submitter,
        *,
        channel: str,
        language: str,
        told: Callable[[Progress], None],
        rejected: Callable[[Reject], None],
    ) -> None:
        self._submitter = submitter
        self._channel = channel
        self._language = language
        self._told = told
        self._rejected = rejected
        self._pending: dict[str, _Pending] = {}
        self._open_rows: dict[int, None] = {}
        self.progress = Progress()

    async def run(self, rows: Iterator[Case | Reject], start: int) -> Progress:
        """Send every row; return when each is settled."""
        progress = self.progress
        progress.done_before = last = start
        for row in rows:
            last = row.row
            if isinstance(row, Case) and self._is_under_way(row.case_id):
                row = Reject(row.row, row.case_id, "id_repeated", "another row has this id: give it one of its own")  # noqa: PLW2901
            if isinstance(row, Reject):
                progress.rows += 1
                self._rejected(row)
                continue
            self._open_rows[row.row] = None
            await self._send(row, answering=False)
            while len(self._pending) >= WINDOW or not self._submitter.answers.empty():
                await self._settle_some()
        while self._pending:
            await self._settle_some()
        progress.done_before = last
        self._told(progress)
        return progress

    def _is_under_way(self, case_id: str) -> bool:
        """Its message must not take the place of one that waits for its answer: that row would never be settled."""
        return any(_event_id(case_id, answering=answering) in self._pending for answering in (False, True))

    async def _send(self, case: Case, *, answering: bool) -> None:
        if answering and case.answered_at is not None:
            command, moment = AnswerWrittenRequest, case.answered_at
            body: dict[str, object] = {"case_id": case.case_id}
        else:
            command, moment = ReceiveWrittenRequest, case.received_at
            body = {
                "case_id": case.case_id,
                "channel": self._channel,
                "language": self._language,
                "office": case.office,
                "topic": case.topic,
                "question": case.question,
                "history": True,
            }
        event_id = _event_id(case.case_id, answering=answering)
        self._pending[event_id] = _Pending(case, answering, time.monotonic())
        try:
            await self._submitter.send(command, orjson.dumps(body), event_id=event_id, time=moment)
        except nats.errors.MaxPayloadError:
            del self._pending[event_id]
            self._rejected(Reject(case.row, case.case_id, "too_large", "the row is larger than the bus takes"))
            self._close(case)

    async def _settle_some(self) -> None:
        """Take the answers that are there, waiting a moment for the first."""
        with contextlib.suppress(TimeoutError):
            await self._settle(await asyncio.wait_for(self._submitter.answers.get(), 1.0))
        while not self._submitter.answers.empty():
            await self._settle(self._submitter.answers.get_nowait())
        await self._resend_late()
        self.progress.done_before = next(iter(self._open_rows), self.progress.done_before + 1) - 1
        self._told(self.progress)

    async def _settle(self, answer: Answer) -> None:
        pending = self._pending.pop(answer.id, None)
        if pending is None:
            return
        case, progress = pending.case, self.progress
        if answer.status in {Status.REJECTED, Status.CONFLICT}:
            reason = answer.reasons[0]
            self._rejected(Reject(case.row, case.case_id, reason.code, f"{answer.type}: {reason.message}"))
        elif pending.answering:
            progress.answered += 1
        else:
            progress.accepted += answer.status is Status.ACCEPTED
            progress.duplicates += answer.status is Status.DUPLICATE
            if case.answered_at is not None:
                await self._send(case, answering=True)
                return
        self._close(case)

    def _close(self, case: Case) -> None:
        self.progress.rows += 1
        self._open_rows.pop(case.row, None)

    async def _resend_late(self) -> None:
        """What waits longest stands first: dictionaries keep the order of sending."""
        now = time.monotonic()
        while self._pending:
            event_id, oldest = next(iter(self._pending.items()))
            if now - oldest.sent_at < RESEND_S:
                return
            self._pending.pop(event_id)
            self.progress.resent += 1
            await self._send(oldest.case, answering=oldest.answering)


def _event_id(case_id: str, *, answering: bool) -> str:
    return f"{case_id}:{'answered' if answering else 'received'}"
