"""The service's desk: deliveries in; each checked, decided with its batch, answered, and settled by itself."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

import asyncpg
from nats.aio.client import Client
from nats.aio.msg import Msg
from opentelemetry.trace import SpanKind

from shared.bus import names
from shared.bus.answers import Answer, Status
from shared.bus.cloudevents import Invalid, Submission, parse_event, parse_submission
from shared.bus.deadletters import DeadLetters, Letter
from shared.bus.deliveries import Delivery, StreamDelivery
from shared.clock import Clock
from shared.service.processor import Incoming, Processor, Result
from shared.telemetry import MessageSpan, Telemetry
from shared.telemetry.names import CASE_ID, CONTEXT, DESTINATION, EVENT_TYPE, MESSAGE_ID, OUTCOME, SYSTEM, SYSTEM_NATS

log = logging.getLogger(__name__)

LATER_TRIES = 6
"""How often a message waits for an event under way (0.1 s doubling: about six seconds) before it is refused."""
STORE_ERRORS = (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.OperatorInterventionError, OSError)
"""The store can't be reached: nothing was decided, the messages come again."""


class Desk:
    """Takes batches of deliveries for one service; knows the bus, leaves rules and storage to the processor."""

    def __init__(
        self,
        context: str,
        processor: Processor[Any],
        letters: DeadLetters,
        client: Client,
        clock: Clock,
        telemetry: Telemetry,
    ) -> None:
        self._context = context
        self._processor = processor
        self._letters = letters
        self._client = client
        self._clock = clock
        self._telemetry = telemetry

    async def submissions(self, deliveries: Sequence[Delivery]) -> None:
        """Submissions from outside, by stream or by request."""
        now = self._clock.now()
        accepted: list[tuple[Delivery, Incoming, MessageSpan]] = []
        refused: list[tuple[Delivery, Answer, MessageSpan]] = []
        for delivery in deliveries:
            span = self._span(delivery.msg, delivery.subject)
            try:
                submission = parse_submission(delivery.subject, delivery.msg.headers, delivery.msg.data, now)
            except Invalid as invalid:
                refused.append((delivery, _invalid(delivery, invalid), span))
                continue
            accepted.append((delivery, _incoming(submission, span), span))
        await self._work(accepted, refused)

    async def events(self, messages: Sequence[Msg]) -> None:
        """Events of other services, that this one reacts to."""
        deliveries: list[tuple[Delivery, Incoming, MessageSpan]] = []
        refused: list[tuple[Delivery, Answer, MessageSpan]] = []
        for msg in messages:
            delivery = StreamDelivery(msg, self._client)
            span = self._span(msg, msg.subject)
            try:
                submission = parse_event(msg.headers or {}, msg.data)
            except Invalid as invalid:
                refused.append((delivery, _invalid(delivery, invalid), span))
                continue
            deliveries.append((delivery, _incoming(submission, span), span))
        await self._work(deliveries, refused)

    async def _work(
        self,
        accepted: Sequence[tuple[Delivery, Incoming, MessageSpan]],
        refused: list[tuple[Delivery, Answer, MessageSpan]],
    ) -> None:
        now = self._clock.now()
        try:
            results = await self._processor.process([incoming for _, incoming, _ in accepted], now)
            final: list[tuple[Delivery, Answer, MessageSpan]] = list(refused)
            waiting: list[Delivery] = []
            for (delivery, _, span), result in zip(accepted, results, strict=True):
                if result.later and delivery.tries <= LATER_TRIES:
                    waiting.append(delivery)
                    span.set(OUTCOME, "later")
                    span.end()
                else:
                    self._describe(span, result)
                    final.append((delivery, result.answer, span))
            await self._letters.keep([_letter(self._context, *one) for one in final if _is_bad(one[1])])
        except STORE_ERRORS as error:
            log.warning("the store can't be reached (%s); %d messages wait", type(error).__name__, len(accepted))
            for delivery in [*(one[0] for one in accepted), *(one[0] for one in refused)]:
                await delivery.again(min(0.5 * 2 ** min(delivery.tries, 5), 10.0))
            return
        if any(answer.status is Status.ACCEPTED for _, answer, _ in final):
            await self._client.publish(names.WAKE, b"")
        for delivery, answer, span in final:
            await delivery.settle(answer.to_json())
            _close(span, answer)
        for delivery in waiting:
            await delivery.again(0.1 * 2 ** (delivery.tries - 1))

    def _span(self, msg: Msg, subject: str) -> MessageSpan:
        headers = msg.headers or {}
        span = self._telemetry.begin(
            f"process {subject.rpartition('.')[2]}",
            kind=SpanKind.CONSUMER,
            traceparent=headers.get(names.TRACEPARENT),
        )
        if span.sampled:
            span.set(SYSTEM, SYSTEM_NATS)
            span.set(DESTINATION, subject)
            span.set(MESSAGE_ID, headers.get(names.ID, "")[:200])
            span.set(CONTEXT, self._context)
            span.set(EVENT_TYPE, subject.rpartition(".")[2])
        return span

    def _describe(self, span: MessageSpan, result: Result) -> None:
        if not span.sampled:
            return
        if result.answer.case_id:
            span.set(CASE_ID, result.answer.case_id)
        if result.link is not None:
            span.link(result.link)
        if result.append_ns is not None:
            began, ended = result.append_ns
            child = self._telemetry.begin(
                "append events", kind=SpanKind.CLIENT, traceparent=span.traceparent, start_ns=began
            )
            child.set("db.system.name", "postgresql")
            child.set(CASE_ID, result.answer.case_id)
            child.end(ended)


def _incoming(submission: Submission, span: MessageSpan) -> Incoming:
    return Incoming(
        id=submission.id,
        message_id=submission.message_id,
        fingerprint=submission.fingerprint,
        type=submission.type,
        message=submission.message,
        occurred_at=submission.occurred_at,
        actor=submission.source,
        traceparent=span.traceparent,
    )


def _invalid(delivery: Delivery, invalid: Invalid) -> Answer:
    headers = delivery.msg.headers or {}
    return Answer(
        Status.REJECTED, unquote(headers.get(names.ID, "")), delivery.subject.rpartition(".")[2], reasons=invalid.reasons
    )


def _is_bad(answer: Answer) -> bool:
    return answer.status in {Status.REJECTED, Status.CONFLICT}


def _letter(context: str, delivery: Delivery, answer: Answer, span: MessageSpan) -> Letter:
    headers = delivery.msg.headers or {}
    return Letter(
        origin=delivery.origin,
        context=context,
        subject=delivery.subject,
        message_id=headers.get(names.ID, ""),
        type=answer.type,
        source=headers.get(names.SOURCE, ""),
        headers=headers,
        body=delivery.msg.data,
        reasons=answer.reasons,
        traceparent=span.traceparent,
    )


def _close(span: MessageSpan, answer: Answer) -> None:
    if span.sampled:
        span.set(OUTCOME, answer.status)
        if _is_bad(answer):
            span.fail(answer.reasons[0].code)
    span.end()
