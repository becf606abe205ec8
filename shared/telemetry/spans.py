"""Spans of messages: what the rest of the house uses of OpenTelemetry."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from opentelemetry.context import Context
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Link, NonRecordingSpan, Span, SpanKind, Status, StatusCode, set_span_in_context

from . import names
from .metrics import Metrics
from .sampler import RateLimitedSampler
from .traceparent import fresh_unsampled, is_unsampled, parse, write

_NONE: Final[Mapping[str, str | int]] = MappingProxyType({})


class MessageSpan:
    """One message's span. Where it is not recorded, every method does nothing and costs next to nothing."""

    __slots__ = ("_span", "sampled", "traceparent")

    traceparent: str
    """W3C Trace Context to hand on: in the event's row, in the headers of messages."""
    sampled: bool
    """Whether it is recorded."""

    def __init__(self, handed_on: str, span: Span | None) -> None:
        self.traceparent = handed_on
        self.sampled = span is not None
        self._span = span

    def set(self, key: str, value: str | int) -> None:
        """Add an attribute; never a personal value (see `names`)."""
        if self._span is not None:
            self._span.set_attribute(key, _sendable(value))

    def link(self, traceparent: str) -> None:
        """It follows from an earlier span that is not its parent: an earlier message of the same case."""
        earlier = parse(traceparent)
        if self._span is not None and earlier is not None:
            self._span.add_link(earlier)

    def fail(self, code: str) -> None:
        """Mark it as failed for the reason `code`: a machine-readable code, never a message's text."""
        if self._span is not None:
            self._span.set_attribute(names.ERROR_TYPE, code)
            self._span.set_status(Status(StatusCode.ERROR, code))

    def end(self, end_ns: int | None = None) -> None:
        """It is over, at `end_ns` (nanoseconds since 1970; default: now). A second end does nothing."""
        if self._span is not None:
            self._span.end(end_ns)
            self._span = None


class Telemetry:
    """The spans of one process, and its metrics. Made by `setup`, shut down before the process ends."""

    def __init__(
        self,
        provider: TracerProvider,
        limiter: RateLimitedSampler | None,
        *,
        enabled: bool = True,
        metrics: Metrics | None = None,
    ) -> None:
        """`limiter` is the root sampler where it is ours: only then may a span be refused without asking the SDK."""
        self.provider = provider
        self.metrics = metrics or Metrics(NoOpMeterProvider())
        self._limiter = limiter
        self._enabled = enabled
        self._tracer = provider.get_tracer("tereze")

    def begin(
        self,
        name: str,
        *,
        kind: SpanKind,
        traceparent: str | None,
        attributes: Mapping[str, str | int] = _NONE,
        link: str | None = None,
        start_ns: int | None = None,
    ) -> MessageSpan:
        """Start a span under the sender's `traceparent`; absent or malformed, it starts a new trace.

        `link` is the traceparent of an earlier span that this one follows from without being its child
        (an earlier message of the same case). `start_ns`: nanoseconds since 1970, default now.
        """
        if traceparent and self._limiter is not None and is_unsampled(traceparent):
            return MessageSpan(traceparent, None)
        parent = parse(traceparent) if traceparent else None
        if not self._enabled:
            return MessageSpan(write(parent) if parent else fresh_unsampled(), None)
        if parent is None and self._limiter is not None and not self._limiter.has_token():
            return MessageSpan(fresh_unsampled(), None)
        # An explicit context: whatever span happens to be current in the caller's task is not the parent.
        context = Context() if parent is None else set_span_in_context(NonRecordingSpan(parent), Context())
        earlier = parse(link)
        span = self._tracer.start_span(
            str(_sendable(name)),
            context,
            kind,
            attributes={key: _sendable(value) for key, value in attributes.items()},
            links=(Link(earlier),) if earlier else (),
            start_time=start_ns,
        )
        own = span.get_span_context()
        return MessageSpan(write(own), span if own.trace_flags.sampled else None)

    def flush(self) -> None:
        """Hand over what has ended so far; blocks until it is kept or sent."""
        self.provider.force_flush()

    def shutdown(self) -> None:
        """Flush and stop; spans that end later are lost."""
        self.provider.shutdown()
        self.metrics.shutdown()


def _sendable(value: str | int) -> str | int:
    """Without lone surrogates, which nats-py makes of raw bytes in a header.

    Neither OTLP nor SQLite can hold one: the whole batch of spans around it would be lost.
    """
    return value if isinstance(value, int) or value.isascii() else value.encode(errors="replace").decode()
