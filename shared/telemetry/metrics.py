"""Counts and durations of a process, sent by OTLP where a standard variable says so; otherwise nowhere."""

from __future__ import annotations

import os
from collections.abc import Mapping

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.environment_variables import (
    OTEL_EXPORTER_OTLP_ENDPOINT,
    OTEL_EXPORTER_OTLP_METRICS_ENDPOINT,
    OTEL_SDK_DISABLED,
)
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.semconv._incubating.metrics import messaging_metrics

from . import names
from .identity import resource


class Metrics:
    """What a process counts. Labels are closed lists (context, outcome, reader): never an id."""

    def __init__(self, provider: MeterProvider | NoOpMeterProvider) -> None:
        self._provider = provider
        self.enabled = isinstance(provider, MeterProvider)
        """Whether anybody is told: where not, nothing need be counted."""
        meter = provider.get_meter("tereze")
        self._processed = meter.create_counter(
            messaging_metrics.MESSAGING_CLIENT_CONSUMED_MESSAGES,
            unit="{message}",
            description="Messages processed, by outcome",
        )
        self._duration = meter.create_histogram(
            messaging_metrics.MESSAGING_PROCESS_DURATION,
            unit="s",
            description="Time from pulling a batch to its last answer",
        )
        self._lag_events = meter.create_gauge(
            "tereze.lag.events", unit="{event}", description="Events not yet seen by a reader of the log"
        )
        self._lag_seconds = meter.create_gauge(
            "tereze.lag.time", unit="s", description="Age of the oldest event not yet seen by a reader of the log"
        )

    def processed(self, context: str, outcomes: Mapping[str, int], seconds: float) -> None:
        """One batch was settled `seconds` after it was pulled; `outcomes`: how many messages ended how."""
        if not self.enabled:
            return
        labels = {names.SYSTEM: names.SYSTEM_NATS, names.CONTEXT: context}
        # A batch is one operation: its messages are decided, stored and answered together.
        self._duration.record(seconds, labels)
        for outcome, count in outcomes.items():
            self._processed.add(count, {**labels, names.OUTCOME: outcome})

    def lag(self, reader: str, events: int, seconds: float) -> None:
        """How far `reader` (a projection, the relay) is behind the log."""
        labels = {"tereze.reader": reader}
        self._lag_events.set(events, labels)
        self._lag_seconds.set(seconds, labels)

    def shutdown(self) -> None:
        """Send what is left and stop."""
        if isinstance(self._provider, MeterProvider):
            self._provider.shutdown()


def setup_metrics(service: str, *, instance: str | None = None, reader: MetricReader | None = None) -> Metrics:
    """Metrics of the process `service`; a `reader` of the caller's own replaces the one of the variables."""
    disabled = os.environ.get(OTEL_SDK_DISABLED, "").strip().lower() == "true"
    if not disabled and any(map(os.environ.get, (OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_METRICS_ENDPOINT))):
        reader = reader or PeriodicExportingMetricReader(OTLPMetricExporter())
    if reader is None:
        return Metrics(NoOpMeterProvider())
    return Metrics(MeterProvider(metric_readers=[reader], resource=resource(service, instance)))
