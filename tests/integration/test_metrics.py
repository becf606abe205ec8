"""What running processes count and tell a collector."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import nats
import orjson
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.sdk.environment_variables import OTEL_EXPORTER_OTLP_METRICS_ENDPOINT, OTEL_METRIC_EXPORT_INTERVAL

from services.insight.views import projections
from shared.bus import names
from shared.bus.cloudevents import headers_of
from shared.contracts import COMMANDS
from tests.conftest import StartSystem

SLA, EFFECTIVENESS = projections("Asia/Almaty", ["sla", "effectiveness"])
REQUEST = {
    "channel": "walk_in",
    "language": "kk",
    "office": "north",
    "question": "Қалай жазыламын?",
    "responsible": "manager-1",
    "consumer": {"name": "Айгүл"},
}


class Collector:
    """An OTLP/HTTP endpoint that keeps the latest value of every series."""

    def __init__(self) -> None:
        self.latest: dict[tuple[str, str, str], float] = {}
        """By process, metric, and label."""

    def take(self, sent: ExportMetricsServiceRequest) -> None:
        for resource in sent.resource_metrics:
            who = {a.key: a.value.string_value for a in resource.resource.attributes}["service.name"]
            for metric in (metric for scope in resource.scope_metrics for metric in scope.metrics):
                for point in (*metric.sum.data_points, *metric.gauge.data_points):
                    labels = {a.key: a.value.string_value for a in point.attributes}
                    label = labels.get("tereze.outcome") or labels["tereze.reader"]
                    self.latest[who, metric.name, label] = point.as_int or point.as_double
                for point in metric.histogram.data_points:
                    self.latest[who, metric.name, "batches"] = point.count


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            collector.take(ExportMetricsServiceRequest.FromString(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's own name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv(OTEL_EXPORTER_OTLP_METRICS_ENDPOINT, f"http://127.0.0.1:{server.server_port}/v1/metrics")
    monkeypatch.setenv(OTEL_METRIC_EXPORT_INTERVAL, "300")
    yield collector
    server.shutdown()
    thread.join()
    server.server_close()


async def test_services_count_messages_by_outcome_and_readers_tell_their_lag(
    start_system: StartSystem, collector: Collector
) -> None:
    system = await start_system(("intake", "relay", "insight"), movable_clock=False)
    client = await nats.connect(system.url_for("adapter"), inbox_prefix=b"_INBOX_adapter")
    command = COMMANDS["ReceiveRequest"]
    for event_id, body in (("m1", REQUEST), ("m1", REQUEST), ("m2", REQUEST), ("m3", {"no": "request"})):
        head = headers_of(command, event_id=event_id, source="/desk")
        subject = names.ask_subject(command.context, command.type_name())
        await client.request(subject, orjson.dumps(body), timeout=20, headers=head)
    await client.close()

    consumed, took = "messaging.client.consumed.messages", "messaging.process.duration"
    wanted = {
        ("tereze-intake", consumed, "accepted"): 2,
        ("tereze-intake", consumed, "duplicate"): 1,
        ("tereze-intake", consumed, "rejected"): 1,
        ("tereze-intake", took, "batches"): 4,
    }
    readers = {
        (process, metric, reader)
        for process, reader in (
            ("relay", "relay"),
            ("insight", f"sla v{SLA.version}"),
            ("insight", f"effectiveness v{EFFECTIVENESS.version}"),
        )
        for process, metric in ((f"tereze-{process}", "tereze.lag.events"), (f"tereze-{process}", "tereze.lag.time"))
    }
    async with asyncio.timeout(30):
        while not (wanted.items() <= collector.latest.items() and readers <= collector.latest.keys()):  # noqa: ASYNC110 - told by another thread
            await asyncio.sleep(0.05)
    await system.stop()
