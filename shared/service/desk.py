"""The service's desk: deliveries in; each checked, decided with its batch, answered, and settled by itself."""

from __future__ import annotations

import contextlib
import logging
from collections import Counter
from collections.abc import Sequence
from time import monotonic
from typing import Any, TypeAlias
from urllib.parse import unquote

import asyncpg
import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from opentelemetry.trace import SpanKind

from shared.bus import names
from shared.bus.answers import Answer, Status
from shared.bus.cloudevents import Invalid, Submission, parse_event, parse_submission
from shared.bus.deadletters import DeadLetters, Letter
from shared.bus.deliveries import Delivery, StreamDelivery
from shared.clock import Clock
from shared.eventstore.underway import UnderWay
from shared.roles import actor_of
from shared.service.processor import INTERNAL_ERROR, Incoming, Processor, Result
from shared.telemetry import MessageSpan, Telemetry
from shared.telemetry.names import CASE_ID, CONTEXT, DESTINATION, EVENT_TYPE, MESSAGE_ID, OUTCOME, SYSTEM, SYSTEM_NATS
from shared.troubles import STORE_TROUBLES

log = logging.getLogger(__name__)

_LONGEST_WAIT_S = 5.0
_MESSAGE_ERRORS = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)
_LONGEST_ID = 2000
_LATER = "later"
"""The outcome of a message that waits for an event under way."""


def store_is_away(error: Exception) -> bool:
    """Whether the store, and no message, is to blame: not reachable, starting, full, read-only after a failover.

    Then nothing was decided and the messages come again. Only what the data itself brings about is a message's fault.
    """
    return isinstance(error, STORE_TROUBLES) and not isinstance(error, _MESSAGE_ERRORS)


_Settled: TypeAlias = tuple[Delivery, Answer, MessageSpan]


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
        under_way: UnderWay | None = None,
    ) -> None:
        self._context = context
        self._under_way = under_way
        self._processor = processor
        self._letters = letters
        self._client = client
        self._clock = clock
        self._telemetry = telemetry

    async def submissions(self, deliveries: Sequence[Delivery]) -> None:
        """Submissions from outside, by stream or by request."""
        began, now = monotonic(), self._clock.now()
        accepted: list[tuple[Delivery, Incoming, MessageSpan]] = []
        refused: list[_Settled] = []
        for delivery in deliveries:
            span = self._span(delivery.msg, delivery.subject)
            try:
                submission = parse_submission(delivery.subject, delivery.msg.headers, delivery.msg.data, now)
            except Exception as error:
                refused.append((delivery, _invalid(delivery, _reasoned(error)), span))
                continue
            accepted.append((delivery, _incoming(submission, span), span))
        await self._work(accepted, refused, began)

    async def events(self, messages: Sequence[Msg]) -> None:
        """Events of other services, that this one reacts to."""
        began = monotonic()
        deliveries: list[tuple[Delivery, Incoming, MessageSpan]] = []
        refused: list[_Settled] = []
        for msg in messages:
            delivery = StreamDelivery(msg, self._client)
            span = self._span(msg, msg.subject)
            try:
                submission = parse_event(msg.headers or {}, msg.data)
            except Exception as error:
                refused.append((delivery, _invalid(delivery, _reasoned(error)), span))
                continue
            deliveries.append((delivery, _incoming(submission, span), span))
        await self._work(deliveries, refused, began)

    async def _work(
        self,
        accepted: Sequence[tuple[Delivery, Incoming, MessageSpan]],
        refused: Sequence[_Settled],
        began: float,
    ) -> None:
        try:
            final, waiting = await self._decide(accepted, refused)
        except Exception as error:
            if store_is_away(error):
                everything = [*(one[0] for one in accepted), *(one[0] for one in refused)]
                log.warning("the store can't be used (%s); %d messages wait", type(error).__name__, len(everything))
                for delivery in everything:
                    await _again(delivery, min(0.5 * 2 ** min(delivery.tries, 5), 10.0))
                return
            if len(accepted) + len(refused) > 1:
                # One of them is to blame. Alone, each of the others is what it was; and none comes again for ever.
                log.exception("a batch of %d failed; its messages are taken one by one", len(accepted) + len(refused))
                for one in accepted:
                    await self._work([one], [], began)
                for one in refused:
                    await self._work([], [one], began)
                return
            log.exception("a message failed by itself")
            final, waiting = [_broken(one) for one in accepted] + list(refused), []
            await self._letters.keep([_letter(self._context, *one) for one in final])
        if any(answer.status is Status.ACCEPTED for _, answer, _ in final):
            await self._wake()
        for delivery, answer, span in final:
            await _settle(delivery, answer)
            _close(span, answer)
        for delivery in waiting:
            await _again(delivery, min(0.1 * 2 ** (delivery.tries - 1), _LONGEST_WAIT_S))
        if self._telemetry.metrics.enabled:
            outcomes = Counter[str](answer.status.value for _, answer, _ in final)
            outcomes[_LATER] += len(waiting)
            self._telemetry.metrics.processed(self._context, +outcomes, monotonic() - began)

    async def _decide(
        self, accepted: Sequence[tuple[Delivery, Incoming, MessageSpan]], refused: Sequence[_Settled]
    ) -> tuple[list[_Settled], list[Delivery]]:
        """Process what was accepted and keep what is bad; what is answered now, and what must wait."""
        results = await self._processor.process([incoming for _, incoming, _ in accepted], self._clock.now())
        expected = await self._expected(accepted, results)
        final: list[_Settled] = list(refused)
        waiting: list[Delivery] = []
        for (delivery, incoming, span), result in zip(accepted, results, strict=True):
            self._describe(span, incoming, result)
            if _may_hope(delivery, result) or (result.later and _case(incoming) in expected and delivery.may_wait_on):
                waiting.append(delivery)
                span.set(OUTCOME, _LATER)
                span.end()
            else:
                final.append((delivery, result.answer, span))
        await self._letters.keep([_letter(self._context, *one) for one in final if _is_bad(one[1])])
        return final, waiting

    async def _expected(
        self, accepted: Sequence[tuple[Delivery, Incoming, MessageSpan]], results: Sequence[Result]
    ) -> set[str]:
        """The cases that may yet be known here, of messages whose patience is at its end."""
        pairs = zip(accepted, results, strict=True)
        cases = {
            _case(incoming)
            for (delivery, incoming, _), result in pairs
            if result.later and delivery.may_wait_on and not _may_hope(delivery, result)
        }
        return await self._under_way.of(sorted(cases)) if self._under_way and cases else set()

    async def _wake(self) -> None:
        # Whoever misses it looks at the log by himself soon after; the answers must not wait for it.
        with contextlib.suppress(nats.errors.Error):
            await self._client.publish(names.WAKE, b"")

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

    def _describe(self, span: MessageSpan, incoming: Incoming, result: Result) -> None:
        if not span.sampled:
            return
        # A refusal belongs to its case too, and is what one looks for there.
        # What is noted elsewhere (an office's load) belongs to the case that it is noted of.
        case_id = getattr(incoming.message, "case_id", None) or result.answer.case_id
        if case_id:
            span.set(CASE_ID, case_id)
        if result.link is not None:
            span.link(result.link)
        if result.append_ns is not None:
            began, ended = result.append_ns
            child = self._telemetry.begin(
                "append events", kind=SpanKind.CLIENT, traceparent=span.traceparent, start_ns=began
            )
            child.set("db.system.name", "postgresql")
            child.set(CASE_ID, case_id)
            child.end(ended)


def _may_hope(delivery: Delivery, result: Result) -> bool:
    return (result.later or (result.early and delivery.may_overtake)) and delivery.tries <= delivery.patience


def _case(incoming: Incoming) -> str:
    return getattr(incoming.message, "case_id", None) or ""


def _incoming(submission: Submission, span: MessageSpan) -> Incoming:
    source, role = submission.source, submission.role
    return Incoming(
        id=submission.id,
        message_id=submission.message_id,
        fingerprint=submission.fingerprint,
        type=submission.type,
        message=submission.message,
        occurred_at=submission.occurred_at,
        actor=source if role is None else actor_of(source, role),
        role=role,
        traceparent=span.traceparent,
    )


def _reasoned(error: Exception) -> Invalid:
    """Why a message can't be read. A fault in our own checks must cost that message, never its batch."""
    if isinstance(error, Invalid):
        return error
    log.error("checking a message failed", exc_info=error)
    return Invalid(INTERNAL_ERROR)


async def _settle(delivery: Delivery, answer: Answer) -> None:
    try:
        await delivery.settle(answer.to_json())
    except nats.errors.Error as trouble:
        # The answer can't be sent or the connection is gone. Its neighbours' answers must not be lost with it;
        # a message that was not acknowledged comes again, and is then a duplicate.
        log.warning("an answer could not be sent: %s: %s", type(trouble).__name__, trouble)


async def _again(delivery: Delivery, delay_s: float) -> None:
    # Without a connection it comes again by itself, once the server has waited long enough.
    with contextlib.suppress(nats.errors.Error):
        await delivery.again(delay_s)


def _broken(one: tuple[Delivery, Incoming, MessageSpan]) -> _Settled:
    delivery, incoming, span = one
    return delivery, Answer(Status.REJECTED, incoming.id, incoming.type, reasons=(INTERNAL_ERROR,)), span


def _invalid(delivery: Delivery, invalid: Invalid) -> Answer:
    headers = delivery.msg.headers or {}
    # Cut, as an answer that is longer than the server takes would never arrive.
    id_, type_name = unquote(headers.get(names.ID, ""))[:_LONGEST_ID], delivery.subject.rpartition(".")[2]
    return Answer(Status.REJECTED, id_, type_name, reasons=invalid.reasons)


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
