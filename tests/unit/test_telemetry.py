"""Spans, samplers, log lines and metrics of a process."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import StatusCode, use_span
from pydantic import BaseModel

from shared.telemetry import SpanKind, Telemetry, names, setup
from shared.telemetry.logs import configure_logging, ids
from shared.telemetry.metrics import setup_metrics
from shared.telemetry.sampler import RateLimitedSampler
from shared.telemetry.traceparent import fresh_unsampled, is_unsampled, parse

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
SAMPLED = f"00-{TRACE}-{SPAN}-01"
UNSAMPLED = f"00-{TRACE}-{SPAN}-00"
WELL_FORMED = re.compile("00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
MALFORMED = [
    "",
    "junk",
    SAMPLED.upper(),
    SAMPLED[:-1],
    SAMPLED + "-more",
    SAMPLED + "\n",
    f"ff-{TRACE}-{SPAN}-01",
    f"00-{'0' * 32}-{SPAN}-01",
    f"00-{TRACE}-{'0' * 16}-01",
    f"00-{TRACE}-{SPAN}-0x",
    f"00-{'٣' * 32}-{SPAN}-01",
    f"00-{'0' * 32}-{SPAN}-00",
    UNSAMPLED + "\n",
]

Make = Callable[..., tuple[Telemetry, InMemorySpanExporter]]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)
    made: list[Telemetry] = []

    def telemetry(**environment: str) -> tuple[Telemetry, InMemorySpanExporter]:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        kept = InMemorySpanExporter()
        made.append(setup("intake", tmp_path, instance="intake-1"))
        made[-1].provider.add_span_processor(SimpleSpanProcessor(kept))
        return made[-1], kept

    yield telemetry
    for one in made:
        one.shutdown()


def begin(telemetry: Telemetry, traceparent: str | None = None, link: str | None = None) -> str:
    """One whole span; what it handed on."""
    span = telemetry.begin("process X", kind=SpanKind.CONSUMER, traceparent=traceparent, link=link)
    span.set(names.OUTCOME, "accepted")
    span.end()
    return span.traceparent


def only(kept: InMemorySpanExporter) -> ReadableSpan:
    (span,) = kept.get_finished_spans()
    return span


def context_of(traceparent: str) -> tuple[int, int]:
    context = parse(traceparent)
    assert context is not None
    return context.trace_id, context.span_id


def test_a_message_without_a_trace_starts_one_and_hands_it_on(make: Make) -> None:
    telemetry, kept = make()
    handed_on = begin(telemetry)
    span = only(kept)
    assert span.parent is None
    assert span.context is not None
    assert context_of(handed_on) == (span.context.trace_id, span.context.span_id)
    assert (
        dict(span.resource.attributes).items()
        >= {
            "service.name": "tereze-intake",
            "service.namespace": "tereze",
            "service.instance.id": "intake-1",
        }.items()
    )


def test_a_recorded_sender_is_the_parent(make: Make) -> None:
    telemetry, kept = make()
    handed_on = begin(telemetry, SAMPLED)
    span = only(kept)
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == SPAN
    assert handed_on.split("-")[1] == TRACE
    assert handed_on.split("-")[2] != SPAN


def test_an_unrecorded_sender_is_obeyed_and_handed_on(make: Make) -> None:
    telemetry, kept = make()
    assert begin(telemetry, UNSAMPLED) == UNSAMPLED
    assert kept.get_finished_spans() == ()


@pytest.mark.parametrize("malformed", MALFORMED)
def test_a_malformed_traceparent_counts_as_absent(make: Make, malformed: str) -> None:
    telemetry, kept = make()
    handed_on = begin(telemetry, malformed, link=malformed)
    assert WELL_FORMED.fullmatch(handed_on)
    span = only(kept)
    assert span.parent is None
    assert not span.links


def test_a_later_version_of_the_header_is_read_as_far_as_it_is_known(make: Make) -> None:
    telemetry, kept = make()
    assert begin(telemetry, f"42-{TRACE}-{SPAN}-01-what-comes").split("-")[1] == TRACE
    assert only(kept).parent is not None


def test_a_later_version_that_is_not_recorded_is_handed_on_as_ours(make: Make) -> None:
    telemetry, kept = make()
    handed_on = begin(telemetry, f"42-{TRACE}-{SPAN}-00-what-comes")
    assert WELL_FORMED.fullmatch(handed_on)
    assert handed_on.split("-")[1] == TRACE
    assert is_unsampled(handed_on)
    assert kept.get_finished_spans() == ()


def test_whatever_span_the_caller_is_in_is_not_the_parent(make: Make) -> None:
    telemetry, kept = make()
    other = telemetry.provider.get_tracer("other").start_span("other")
    with use_span(other):
        begin(telemetry)
    assert only(kept).parent is None


def test_beyond_the_limit_new_traces_are_not_recorded_by_anyone(make: Make) -> None:
    telemetry, kept = make()
    handed_on = [begin(telemetry) for _ in range(2000)]
    recorded = [one for one in handed_on if not is_unsampled(one)]
    assert len(recorded) == len(kept.get_finished_spans())
    assert 200 <= len(recorded) < 2000
    assert len(set(handed_on)) == 2000
    # A message that comes with a recorded trace is recorded all the same.
    kept.clear()
    begin(telemetry, SAMPLED)
    assert only(kept).parent is not None


def test_links_attributes_and_failure_are_recorded(make: Make) -> None:
    telemetry, kept = make()
    span = telemetry.begin(
        "process X", kind=SpanKind.CONSUMER, traceparent=None, attributes={names.POSITION: 7}, link=SAMPLED, start_ns=5
    )
    span.set(names.CASE_ID, "c" * 1000)
    span.fail("wrong_stage")
    span.end(9)
    span.end(11)
    span.set(names.OUTCOME, "too late")
    found = only(kept)
    assert (found.start_time, found.end_time) == (5, 9)
    assert [f"{link.context.trace_id:032x}" for link in found.links] == [TRACE]
    assert dict(found.attributes or {}) == {
        "tereze.position": 7,
        "tereze.case_id": "c" * 256,
        "error.type": "wrong_stage",
    }
    assert found.status.status_code is StatusCode.ERROR


def test_the_sdk_can_be_disabled_and_traces_of_others_pass_through(make: Make, tmp_path: Path) -> None:
    telemetry, kept = make(OTEL_SDK_DISABLED="true")
    assert begin(telemetry, SAMPLED) == SAMPLED
    assert is_unsampled(begin(telemetry))
    telemetry.shutdown()
    assert kept.get_finished_spans() == ()
    assert not (tmp_path / "traces").exists()


@pytest.mark.parametrize(
    ("sampler", "traceparent", "recorded"),
    [
        ("always_on", UNSAMPLED, True),
        ("always_off", SAMPLED, False),
        ("always_off", None, False),
        ("parentbased_always_off", SAMPLED, True),
        ("parentbased_always_off", None, False),
    ],
)
def test_the_standard_sampler_variable_is_respected(
    make: Make, sampler: str, traceparent: str | None, recorded: bool
) -> None:
    telemetry, kept = make(OTEL_TRACES_SAMPLER=sampler)
    handed_on = begin(telemetry, traceparent)
    assert len(kept.get_finished_spans()) == int(recorded)
    assert WELL_FORMED.fullmatch(handed_on)
    assert is_unsampled(handed_on) is not recorded


def test_the_bucket_lets_a_burst_through_and_then_its_rate() -> None:
    now = 0.0
    sampler = RateLimitedSampler(rate=8, burst=3, monotonic=lambda: now)

    def taken(asked: int) -> int:
        answers = []
        for _ in range(asked):
            foreseen = sampler.has_token()
            decided = sampler.should_sample(None, 1, "x").decision is Decision.RECORD_AND_SAMPLE
            assert foreseen is decided
            answers.append(decided)
        return sum(answers)

    assert taken(5) == 3
    now = 0.25
    assert taken(5) == 2
    now = 0.3125
    assert taken(5) == 0
    now = 0.375
    assert taken(5) == 1
    now = 1000.0
    assert taken(50) == 3


def test_fresh_traceparents_are_valid_unsampled_and_differ() -> None:
    made = {fresh_unsampled() for _ in range(1000)}
    assert len(made) == 1000
    assert all(WELL_FORMED.fullmatch(one) and is_unsampled(one) and parse(one) for one in made)


@pytest.fixture
def root_logger() -> Iterator[logging.Logger]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield root
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.usefixtures("root_logger")
def test_a_log_line_has_time_level_service_and_the_ids_given(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("intake")
    logging.getLogger("any").warning(
        "refused %s", "one\nfaked line", extra={**ids(traceparent=SAMPLED, case_id="c1"), "name_of_consumer": "Айгүл"}
    )
    line = capsys.readouterr().err
    assert re.fullmatch(
        rf"\d{{4}}-\d\d-\d\dT[0-9:.]+\+00:00 WARNING intake refused one faked line case_id=c1 trace_id={TRACE}\n", line
    )


class _Person(BaseModel):
    age: int


@pytest.mark.usefixtures("root_logger")
def test_a_traceback_is_logged_without_the_values_in_the_errors_text(capsys: pytest.CaptureFixture[str]) -> None:
    # The regression: pydantic quotes its input and PostgreSQL the failing row, and both would reach the log.
    configure_logging("intake")
    secret = "Айгүл " + "Серікова"
    try:
        try:
            _Person.model_validate({"age": secret})
        except ValueError as error:
            raise RuntimeError(f"could not take {secret}") from error
    except RuntimeError:
        logging.getLogger("any").exception("a batch failed")
    line = capsys.readouterr().err
    assert "Серікова" not in line
    assert "ValidationError" in line
    assert "builtins.RuntimeError" in line
    assert "test_telemetry.py" in line


def test_metrics_count_by_outcome_and_tell_the_lag() -> None:
    reader = InMemoryMetricReader()
    metrics = setup_metrics("intake", reader=reader)
    metrics.processed("intake", {"accepted": 2, "rejected": 1}, 0.25)
    metrics.processed("intake", {"accepted": 3}, 0.5)
    metrics.lag("sla", 12, 3.5)
    data = reader.get_metrics_data()
    assert data is not None
    (scope,) = data.resource_metrics[0].scope_metrics
    points = {metric.name: list(metric.data.data_points) for metric in scope.metrics}
    counted = {point.attributes[names.OUTCOME]: point.value for point in points["messaging.client.consumed.messages"]}
    assert counted == {"accepted": 5, "rejected": 1}
    assert [(point.count, point.sum) for point in points["messaging.process.duration"]] == [(2, 0.75)]
    assert [point.value for point in points["tereze.lag.events"]] == [12]
    assert [point.value for point in points["tereze.lag.time"]] == [3.5]
    metrics.shutdown()
