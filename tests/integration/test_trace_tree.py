"""One trace per incoming message, over all processes, and links over the case's months (ADR 0006)."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import nats
import orjson
import pytest

from deploy.health import health
from deploy.launcher import System
from deploy.leftovers import PROCESSES
from shared.bus import names
from shared.bus.answers import Answer, Status
from shared.bus.cloudevents import headers_of
from shared.contracts import COMMANDS
from shared.roles import usual
from shared.telemetry.exporter import traces_folder
from shared.telemetry.local import LocalSpan, Node, Trace, spans_of_case
from shared.telemetry.names import CASE_ID
from tests.conftest import StartSystem

CASE = "traced-1"
NAME, PHONE, QUESTION, WISH = "Айгүл Сапарова", "+77015550142", "Зейнетақыны қалай рәсімдеймін?", "Кезек қысқа болса"
HOME = "Жандосов көшесіндегі үйі"
START = datetime.now(UTC) - timedelta(days=2)

# A case in 3a-a, from the request to `Satisfied`: what is sent, when it happened, and how many events are then stored.
MESSAGES: tuple[tuple[str, dict[str, Any], timedelta, int], ...] = (
    (
        "ReceiveRequest",
        {
            "channel": "walk_in",
            "language": "kk",
            "office": "north",
            "question": QUESTION,
            "responsible": "manager-1",
            "consumer": {"name": NAME, "address": f"{HOME}, {PHONE}"},
        },
        timedelta(),
        1,
    ),
    (
        "CollectDetails",
        {
            "expected_result": QUESTION,
            "form": "office",
            "place": HOME,
            "preparation_needed": False,
            "consultant_has_time": True,
            "presence_required": True,
            "consultant": "consultant-1",
        },
        timedelta(minutes=7),
        3,
    ),
    (
        "HoldConsultation",
        {"started_at": (START + timedelta(minutes=10)).isoformat(), "form": "office", "minutes_spent": 40},
        timedelta(minutes=50),
        5,
    ),
    (
        "AssessSatisfaction",
        {"process": 5, "result": 5, "satisfied": True, "solved": "yes", "wishes": WISH},
        timedelta(minutes=55),
        7,
    ),
    # Of a stage that is over: refused.
    (
        "CollectDetails",
        {
            "expected_result": QUESTION,
            "form": "office",
            "place": HOME,
            "preparation_needed": False,
            "consultant_has_time": True,
            "presence_required": True,
            "consultant": "consultant-1",
        },
        timedelta(minutes=56),
        7,
    ),
)
Tree = tuple[str, tuple["Tree", ...]]


def tree(name: str, *children: Tree) -> Tree:
    return (name, tuple(sorted(children)))


def append(service: str) -> Tree:
    return tree(f"{service}: append events")


def published(event: str, *reactions: Tree) -> Tree:
    return tree(f"relay: publish {event}", *reactions)


SLA, EFFECTIVENESS = tree("insight: project sla"), tree("insight: project effectiveness")
TREES: tuple[Tree, ...] = (
    tree("intake: process ReceiveRequest", append("intake"), published("RequestReceived"), SLA),
    tree(
        "intake: process CollectDetails",
        append("intake"),
        published(
            "DetailsCollected",
            tree("consult: process DetailsCollected", append("consult"), published("ConsultationOpened"), SLA),
            tree("intake: process DetailsCollected", append("intake")),  # whose load the case is
        ),
        SLA,
    ),
    tree(
        "consult: process HoldConsultation",
        append("consult"),
        published(
            "ConsultHeld",
            tree("feedback: process ConsultHeld", append("feedback"), published("AssessmentDue")),
        ),
        SLA,
        EFFECTIVENESS,
    ),
    tree(
        "feedback: process AssessSatisfaction",
        append("feedback"),
        published("SatisfactionAssessed"),
        published("Satisfied", tree("intake: process Satisfied", append("intake"))),
        SLA,  # of SatisfactionAssessed
        EFFECTIVENESS,
        SLA,  # of Satisfied
    ),
    tree("intake: process CollectDetails"),
)


def traceparent(number: int) -> str:
    """What the adapter sends with its message: its own span, sampled."""
    return f"00-{trace_id(number)}-{sender(number)}-01"


def trace_id(number: int) -> str:
    return f"{0xA0 + number:032x}"


def sender(number: int) -> str:
    return f"{0xB0 + number:016x}"


def drawn(node: Node) -> Tree:
    service = node.span.service.removeprefix("tereze-")
    return tree(f"{service}: {node.span.name}", *map(drawn, node.children))


async def send(system: System) -> list[Answer]:
    """Send the messages as an adapter would, each once all that the one before caused is done."""
    client = await nats.connect(system.url_for("adapter"), inbox_prefix=b"_INBOX_adapter")
    answers: list[Answer] = []
    for number, (type_name, data, after, events) in enumerate(MESSAGES):
        command = COMMANDS[type_name]
        head = headers_of(command, event_id=f"m{number}", source="/desk", role=usual(type_name), time=START + after)
        head[names.TRACEPARENT] = traceparent(number)
        body = orjson.dumps({"case_id": CASE, **data})
        reply = await client.request(names.ask_subject(command.context, type_name), body, timeout=20, headers=head)
        answers.append(Answer.from_json(reply.data))
        await until_all_is_done(system, events)
    await client.close()
    return answers


async def until_all_is_done(system: System, events: int) -> None:
    """Wait until so many events are stored, and all are published, reacted to and folded."""
    store = await asyncpg.connect(system.dsn_for("admin"))
    async with asyncio.timeout(30):
        while True:
            found = await health(system.state)
            assert found.readers is not None
            assert found.durables is not None
            stored: int = await store.fetchval("SELECT count(*) FROM store.event")
            behind = sum(reader.events_behind for reader in found.readers)
            waiting = sum((one.pending or 0) + (one.unsettled or 0) for one in found.durables)
            if (stored, behind, waiting) == (events, 0, 0):
                break
            await asyncio.sleep(0.05)
    await store.close()


@pytest.fixture(scope="module")
async def home(start_system: StartSystem) -> Path:
    """The data folder of a system that took all messages and was then stopped, so that no span is missing."""
    # Without the watch: it tells of deadlines in traces of its own.
    system = await start_system(tuple(name for name in PROCESSES if name != "watch"), movable_clock=False)
    answers = await send(system)
    await system.stop()
    assert [answer.status for answer in answers] == [Status.ACCEPTED] * 4 + [Status.REJECTED], answers
    return system.home.path


@pytest.fixture(scope="module")
def traces(home: Path) -> list[Trace]:
    return spans_of_case(home, CASE)


def spans(traces: list[Trace]) -> list[LocalSpan]:
    return [span for trace in traces for _, span in trace.walk()]


def test_each_message_makes_one_trace_and_its_spans_this_very_tree(traces: list[Trace]) -> None:
    assert [trace.trace_id for trace in traces] == [trace_id(number) for number in range(len(MESSAGES))]
    for number, (trace, wanted) in enumerate(zip(traces, TREES, strict=True)):
        (root,) = trace.roots
        assert root.span.parent_id == sender(number), "the adapter's own span is the parent"
        assert drawn(root) == wanted


def test_a_case_s_later_traces_link_to_the_one_before_on_the_same_stream(traces: list[Trace]) -> None:
    request, details, held, assessed, refused = traces
    assert request.links == ()
    assert details.links == (request.trace_id,), "by the stream of the case"
    assert held.links == (details.trace_id,), "by the stream of the consultation, which the details opened"
    assert assessed.links == (held.trace_id,), "by the stream of feedback, which the consultation opened"
    assert refused.links == (details.trace_id,)
    assert all(span.name.startswith("process ") for span in spans(traces) if span.links)


def test_every_span_names_its_case(traces: list[Trace]) -> None:
    assert {span.attributes.get(CASE_ID) for span in spans(traces)} == {CASE}


def test_a_refusal_is_a_failed_span_with_its_code(traces: list[Trace]) -> None:
    failed = [span for span in spans(traces) if span.failed]
    assert [(span.trace_id, span.failed) for span in failed] == [(trace_id(4), "already_collected")]


def test_no_trace_is_without_a_message(home: Path) -> None:
    kept: set[str] = set()
    for file in traces_folder(home).glob("*.sqlite"):
        connection = sqlite3.connect(file)
        kept |= {row[0] for row in connection.execute("SELECT DISTINCT trace_id FROM span")}
        connection.close()
    assert kept == {trace_id(number) for number in range(len(MESSAGES))}


def test_no_personal_value_is_in_any_span_or_log_line(home: Path) -> None:
    files = [*traces_folder(home).glob("*.sqlite*"), *(home / "logs").glob("*.log")]
    assert len([file for file in files if file.suffix == ".sqlite"]) >= 5
    texts = [*NAME.split(), PHONE, *QUESTION.split(), *WISH.split(), *HOME.split()]
    # As it is, and as JSON and CloudEvents headers write it.
    forms = {form for text in texts for form in (text, json.dumps(text)[1:-1], PHONE[1:])}
    assert any(CASE.encode() in file.read_bytes() for file in files), "what is in them is found"
    found = [(file.name, form) for file in files for form in forms if form.encode() in file.read_bytes()]
    assert found == []


async def test_the_command_shows_the_same_as_json_without_a_running_system(home: Path, traces: list[Trace]) -> None:
    command = (sys.executable, "-m", "deploy.cli.main", "trace", CASE, "--json", "--home", str(home))
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    shown = json.loads(out)
    assert process.returncode == 0
    assert [trace["trace_id"] for trace in shown["traces"]] == [trace.trace_id for trace in traces]
    assert [len(trace["spans"]) for trace in shown["traces"]] == [3 + 1, 8 + 2, 7 + 1, 7 + 2, 1]
    assert shown["traces"][1]["links"] == [trace_id(0)]
