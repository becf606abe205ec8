"""Counts and durations of a process, sent by OTLP where a standard variable says so; otherwise nowhere."""

from __future__ import annotations

import os

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.environment_variables import OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_METRICS_ENDPOINT
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.semconv._incubating.metrics import messaging_metrics

from . import names
from .setup import resource


class Metrics:
    """What a process counts. Labels are closed lists (context, outcome, reader): never an id."""

    def __init__(self, provider: MeterProvider | NoOpMeterProvider) -> None:
        self._provider = provider
        meter = provider.get_meter("tereze")
        self._processed = meter.create_counter(
            messaging_metrics.MESSAGING_CLIENT_CONSUMED_MESSAGES,
            unit="{message}",
            description="Messages processed, by outcome",
        )
        self._duration = meter.create_histogram(
            messaging_metrics.MESSAGING_PROCESS_DURATION,
            unit="s",
            description="Time from pulling a message to its answer",
        )
        self._lag_events = meter.create_gauge(
            "tereze.lag.events", unit="{event}", description="Events not yet seen by a reader of the log"
        )
        self._lag_seconds = meter.create_gauge(
            "tereze.lag.time", unit="s", description="Age of the oldest event not yet seen by a reader of the log"
        )

    def processed(self, context: str, outcome: str, seconds: float) -> None:
        """One message ended with `outcome`, `seconds` after it was pulled."""
        labels = {names.SYSTEM: names.SYSTEM_NATS, names.CONTEXT: context, names.OUTCOME: outcome}
        self._processed.add(1, labels)
        self._duration.record(seconds, labels)

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
    if os.environ.get(OTEL_EXPORTER_OTLP_ENDPOINT) or os.environ.get(OTEL_EXPORTER_OTLP_METRICS_ENDPOINT):
        reader = reader or PeriodicExportingMetricReader(OTLPMetricExporter())
    if reader is None:
        return Metrics(NoOpMeterProvider())
    return Metrics(MeterProvider(metric_readers=[reader], resource=resource(service, instance)))
