"""Traces, metrics and logs of every process (OpenTelemetry; ADR 0006)."""

from __future__ import annotations

from opentelemetry.trace import SpanKind

from .metrics import Metrics
from .setup import setup
from .spans import MessageSpan, Telemetry

__all__ = ["MessageSpan", "Metrics", "SpanKind", "Telemetry", "setup"]
