"""How many new traces are recorded: all of everyday load, a bounded part of a bulk import (ADR 0006)."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanKind, TraceState
from opentelemetry.util.types import Attributes

TRACES_A_SECOND = 100.0
BURST = 200.0


class RateLimitedSampler(Sampler):
    """A token bucket: `rate` new traces a second, up to `burst` at once after a quiet while.

    Meant as the root of a parent-based sampler. Threads may share it without a lock: a race costs at
    most a trace more or less.
    """

    def __init__(
        self,
        rate: float = TRACES_A_SECOND,
        burst: float = BURST,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._monotonic = monotonic
        self._tokens = burst
        self._filled_at = monotonic()

    def has_token(self) -> bool:
        """Whether the next new trace would be recorded; takes nothing."""
        if self._tokens >= 1.0:
            return True
        self._fill()
        return self._tokens >= 1.0

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        self._fill()
        if self._tokens < 1.0:
            return SamplingResult(Decision.DROP)
        self._tokens -= 1.0
        return SamplingResult(Decision.RECORD_AND_SAMPLE, attributes)

    def get_description(self) -> str:
        return f"RateLimitedSampler{{{self._rate:g}/s, burst {self._burst:g}}}"

    def _fill(self) -> None:
        now = self._monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._rate)
        self._filled_at = now
