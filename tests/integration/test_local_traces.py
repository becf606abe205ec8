"""Spans kept on this machine: written by real processes, read back as trees, shown by `tereze trace`."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from shared.telemetry import SpanKind, Telemetry, setup
from shared.telemetry.exporter import LocalSpanExporter, traces_file
from shared.telemetry.local import spans_of_case
from shared.telemetry.names import CASE_ID, MESSAGE_ID, OUTCOME, SERVICE_NAME
from shared.telemetry.setup import resource

# One process of a system: a span under the traceparent in argv, which it prints for the next one.
PROCESS = """
import sys
from pathlib import Path
from shared.telemetry import SpanKind, setup
service, home, case, parent, link = sys.argv[1:]
telemetry = setup(service, Path(home))
span = telemetry.begin(f"process in {service}", kind=SpanKind.CONSUMER, traceparent=parent, link=link)
span.set("tereze.case_id", case)
span.end()
telemetry.shutdown()
print(span.traceparent)
"""


def environment(**more: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")} | more


@pytest.fixture(autouse=True)
def no_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)


def process(service: str, home: Path, case: str, parent: str = "", link: str = "") -> str:
    command = [sys.executable, "-c", PROCESS, service, str(home), case, parent, link]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment()).stdout.strip()


def tereze(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "deploy.cli.main", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=environment(**more))


def record(telemetry: Telemetry, case: str, parent: str | None = None) -> str:
    span = telemetry.begin("process X", kind=SpanKind.CONSUMER, traceparent=parent, attributes={CASE_ID: case})
    span.end()
    return span.traceparent


def test_traces_of_a_case_are_joined_over_processes_and_linked_over_time(tmp_path: Path) -> None:
    # Given a message that goes through three processes, a later one of the same case, and one of another case
    first = process("intake", tmp_path, "c1")
    relayed = process("relay", tmp_path, "c1", parent=first)
    process("consult", tmp_path, "c1", parent=relayed)
    later = process("intake", tmp_path, "c1", link=first)
    process("intake", tmp_path, "c2")
    # When the case's traces are read
    earlier_trace, later_trace = spans_of_case(tmp_path, "c1")
    # Then each is a tree, in order of time, and the later one links to the earlier one
    assert [(depth, span.service) for depth, span in earlier_trace.walk()] == [
        (0, "tereze-intake"),
        (1, "tereze-relay"),
        (2, "tereze-consult"),
    ]
    assert earlier_trace.trace_id == first.split("-")[1]
    assert later_trace.trace_id == later.split("-")[1]
    assert later_trace.links == (earlier_trace.trace_id,)
    assert earlier_trace.links == ()
    # And the command shows the same, for people and for programs
    shown = tereze("trace", "c1", "--home", str(tmp_path))
    assert shown.returncode == 0
    assert "c1: 2 traces" in shown.stdout
    assert "follows 1" in shown.stdout
    lines = [line for line in shown.stdout.splitlines() if "█" in line]
    assert [line.split()[0] for line in lines] == ["intake", "relay", "consult", "intake"]
    told = json.loads(tereze("trace", "c1", "--json", "--home", str(tmp_path)).stdout)
    assert [trace["trace_id"] for trace in told["traces"]] == [earlier_trace.trace_id, later_trace.trace_id]
    assert [span["depth"] for span in told["traces"][0]["spans"]] == [0, 1, 2]


def test_a_span_without_the_case_belongs_to_it_by_its_trace(tmp_path: Path) -> None:
    telemetry = setup("intake", tmp_path)
    parent = telemetry.begin("receive", kind=SpanKind.CONSUMER, traceparent=None)
    record(telemetry, "c1", parent.traceparent)
    parent.end()
    telemetry.flush()
    (trace,) = spans_of_case(tmp_path, "c1")
    telemetry.shutdown()
    assert [span.name for _, span in trace.walk()] == ["receive", "process X"]


def test_a_span_whose_parent_is_not_kept_here_is_a_root(tmp_path: Path) -> None:
    telemetry = setup("intake", tmp_path)
    record(telemetry, "c1", f"00-{'a' * 32}-{'b' * 16}-01")
    record(telemetry, "c1", f"00-{'a' * 32}-{'c' * 16}-01")
    telemetry.shutdown()
    (trace,) = spans_of_case(tmp_path, "c1")
    assert len(trace.roots) == 2


def test_nothing_found_says_what_to_do(tmp_path: Path) -> None:
    shown = tereze("trace", "c9", "--home", str(tmp_path))
    assert shown.returncode == 1
    assert "tereze case c9" in shown.stderr
    assert not list(tmp_path.iterdir()), "looking must not make files"
    shown = tereze("trace", "c9", "--home", str(tmp_path), OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    assert shown.returncode == 1
    assert "http://127.0.0.1:9" in shown.stderr


def test_replicas_share_a_file(tmp_path: Path) -> None:
    replicas = [setup("intake", tmp_path, instance=f"intake-{number}") for number in range(3)]

    def work(telemetry: Telemetry) -> None:
        for _ in range(50):
            record(telemetry, "c1")
            telemetry.flush()

    threads = [threading.Thread(target=work, args=(telemetry,)) for telemetry in replicas]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for telemetry in replicas:
        telemetry.shutdown()
    found = [span.instance for trace in spans_of_case(tmp_path, "c1") for _, span in trace.walk()]
    assert {instance: found.count(instance) for instance in found} == {f"intake-{number}": 50 for number in range(3)}


def test_a_killed_process_leaves_what_it_had_written_readable(tmp_path: Path) -> None:
    program = PROCESS.replace("telemetry.shutdown()", "telemetry.flush()") + "sys.stdout.flush()\nsys.stdin.read()\n"
    killed = subprocess.Popen(
        [sys.executable, "-c", program, "intake", str(tmp_path), "c1", "", ""],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    assert killed.stdout is not None
    handed_on = killed.stdout.readline().strip()
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    (trace,) = spans_of_case(tmp_path, "c1")
    assert trace.trace_id == handed_on.split("-")[1]
    process("intake", tmp_path, "c1")
    assert len(spans_of_case(tmp_path, "c1")) == 2


def test_the_oldest_spans_make_room(tmp_path: Path) -> None:
    provider = TracerProvider(resource=resource("intake", None))
    provider.add_span_processor(SimpleSpanProcessor(LocalSpanExporter(traces_file(tmp_path, "intake"), keep=10)))
    telemetry = Telemetry(provider, None)
    for number in range(45):
        record(telemetry, f"c{number}")
    telemetry.shutdown()
    kept = [number for number in range(45) if spans_of_case(tmp_path, f"c{number}")]
    assert kept[-1] == 44
    assert kept == list(range(kept[0], 45))
    # Room is made now and then, not at every write.
    assert 10 <= len(kept) < 20


def test_a_damaged_file_hides_only_itself(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    telemetry = setup("intake", tmp_path)
    record(telemetry, "c1")
    telemetry.shutdown()
    traces_file(tmp_path, "consult").write_bytes(b"not a database at all" * 500)
    assert len(spans_of_case(tmp_path, "c1")) == 1
    assert "consult.sqlite is left out" in caplog.text


def test_spans_that_cannot_be_kept_cost_one_warning_and_no_message(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    traces_file(tmp_path, "intake").parent.write_text("a file where the folder should be")
    telemetry = setup("intake", tmp_path)
    for _ in range(3):
        record(telemetry, "c1")
        telemetry.flush()
    telemetry.shutdown()
    assert caplog.text.count("traces are not kept") == 1


def test_one_odd_value_from_outside_does_not_lose_its_neighbours(tmp_path: Path) -> None:
    # nats-py decodes raw bytes in a header into lone surrogates; SQLite then refuses the whole batch of spans.
    telemetry = setup("intake", tmp_path)
    record(telemetry, "c\udce9")
    record(telemetry, "c1")
    telemetry.shutdown()
    assert len(spans_of_case(tmp_path, "c1")) == 1
    with sqlite3.connect(traces_file(tmp_path, "intake")) as db:
        assert db.execute("SELECT count(*) FROM span").fetchone() == (2,)


@pytest.fixture
def collector() -> Iterator[tuple[str, list[ExportTraceServiceRequest]]]:
    """An OTLP/HTTP endpoint that keeps what it is sent."""
    received: list[ExportTraceServiceRequest] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            assert self.path == "/v1/traces"
            received.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's own name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", received
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_configured_collector_gets_the_spans_instead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, collector: tuple[str, list[ExportTraceServiceRequest]]
) -> None:
    url, received = collector
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
    telemetry = setup("intake", tmp_path)
    span = telemetry.begin("process X", kind=SpanKind.CONSUMER, traceparent=None, attributes={OUTCOME: "accepted"})
    # And no odd value from outside keeps them from being sent.
    span.set(MESSAGE_ID, "m\udce9")
    span.end()
    telemetry.shutdown()
    (sent,) = received
    (from_one,) = sent.resource_spans
    assert {a.key: a.value.string_value for a in from_one.resource.attributes}[SERVICE_NAME] == "tereze-intake"
    (found,) = from_one.scope_spans[0].spans
    assert found.trace_id.hex() == span.traceparent.split("-")[1]
    assert not (tmp_path / "traces").exists()
