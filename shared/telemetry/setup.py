"""Builds a process's traces and metrics from the standard variables."""

from __future__ import annotations

import os
from pathlib import Path

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.environment_variables import (
    OTEL_BSP_SCHEDULE_DELAY,
    OTEL_EXPORTER_OTLP_ENDPOINT,
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT,
    OTEL_SDK_DISABLED,
    OTEL_TRACES_SAMPLER,
)
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased

from .exporter import LocalSpanExporter, traces_file
from .identity import resource
from .metrics import setup_metrics
from .sampler import RateLimitedSampler
from .spans import Telemetry

_LOCAL_DELAY_MS = 500
# Ids come from outside: a long one is cut, so that no message can fill the store of spans.
_LONGEST_VALUE = 256


def setup(service: str, home: Path, *, instance: str | None = None) -> Telemetry:
    """Traces and metrics of the process `service`; `instance` tells replicas apart (default: the process id).

    Spans go out by OTLP/HTTP where a standard endpoint variable is set, else into a file under
    `home/traces`; metrics go out by OTLP/HTTP or nowhere. `OTEL_SDK_DISABLED` and `OTEL_TRACES_SAMPLER` are respected.
    """
    disabled = os.environ.get(OTEL_SDK_DISABLED, "").strip().lower() == "true"
    # Without a sampler the SDK reads OTEL_TRACES_SAMPLER itself.
    limiter = None if os.environ.get(OTEL_TRACES_SAMPLER) else RateLimitedSampler()
    provider = TracerProvider(
        sampler=ParentBased(limiter) if limiter else None,
        resource=resource(service, instance),
        span_limits=SpanLimits(max_attribute_length=_LONGEST_VALUE),
    )
    if not disabled:
        provider.add_span_processor(_processor(service, home))
    return Telemetry(provider, limiter, enabled=not disabled, metrics=setup_metrics(service, instance=instance))


def _processor(service: str, home: Path) -> BatchSpanProcessor:
    if os.environ.get(OTEL_EXPORTER_OTLP_ENDPOINT) or os.environ.get(OTEL_EXPORTER_OTLP_TRACES_ENDPOINT):
        return BatchSpanProcessor(OTLPSpanExporter())
    delay = None if os.environ.get(OTEL_BSP_SCHEDULE_DELAY) else _LOCAL_DELAY_MS
    return BatchSpanProcessor(LocalSpanExporter(traces_file(home, service)), schedule_delay_millis=delay)
