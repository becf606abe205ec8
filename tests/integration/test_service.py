"""A message's whole way over the real bus and store: service, relay, reactions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import nats
import orjson
import pytest
from nats.aio.client import Client

from services.consult.domain import DECIDER as CONSULT
from services.feedback.domain import DECIDER as FEEDBACK
from services.intake.domain import DECIDER as INTAKE
from services.subscriptions.domain import DECIDER as SUBSCRIPTIONS
from shared.bus import names
from shared.bus.answers import Answer, Status
from shared.bus.cloudevents import headers_of
from shared.bus.deadletters import DeadLetters
from shared.bus.deliveries import StreamDelivery
from shared.bus.relay import Relay, connect
from shared.clock import SystemClock
from shared.contracts import COMMANDS
from shared.contracts.values import Role
from shared.process import end
from shared.roles import usual
from shared.service.app import Service
from shared.settings import Settings
from shared.telemetry import setup
from tests.conftest import RunningServers

START = datetime.now(UTC) - timedelta(days=200)
REQUEST: dict[str, Any] = {
    "case_id": "case-1",
    "channel": "walk_in",
    "language": "kk",
    "office": "north",
    "question": "Қалай жазыламын?",
    "responsible": "manager-1",
    # Without a contact to be found by: nothing follows in the registry.
    "consumer": {"name": "Айгүл", "address": "Абай көшесі, 1"},
}


DETAILS: dict[str, Any] = {
    "case_id": "case-1",
    "expected_result": "a form filled in",
    "form": "office",
    "preparation_needed": False,
    "consultant_has_time": True,
    "presence_required": True,
    "consultant": "consultant-1",
}
HELD: dict[str, Any] = {
    "case_id": "case-1",
    "started_at": (START + timedelta(minutes=10)).isoformat(),
    "form": "office",
    "minutes_spent": 40,
}


class House:
    """All four services and the relay, in this process."""

    def __init__(self, client: Client, pool: asyncpg.Pool[asyncpg.Record], relay: Relay) -> None:
        self.client = client
        self.pool = pool
        self._relay = relay
        self._relaying: asyncio.Task[None] | None = None

    def start_relay(self) -> None:
        self._relaying = asyncio.create_task(self._relay.run())

    async def stop_relay(self) -> None:
        if self._relaying is not None:
            await end(self._relaying)

    async def ask(self, type_name: str, data: Any, *, event_id: str, time: datetime | None = None) -> Answer:
        command = COMMANDS[type_name]
        body = data if isinstance(data, bytes) else orjson.dumps(data)
        head = headers_of(command, event_id=event_id, source="/test", role=usual(type_name), time=time)
        reply = await self.client.request(names.ask_subject(command.context, type_name), body, timeout=20, headers=head)
        return Answer.from_json(reply.data)

    async def types(self) -> list[str]:
        rows = await self.pool.fetch("SELECT type FROM store.event ORDER BY position")
        return [row["type"] for row in rows]


@pytest.fixture
async def house(clean_store: RunningServers) -> AsyncIterator[House]:
    running = []
    for decider in (INTAKE, CONSULT, FEEDBACK, SUBSCRIPTIONS):
        settings = Settings(
            home=clean_store.home,
            nats_url=clean_store.nats_url(decider.context),
            database_url=clean_store.dsn(decider.context),
        )
        service = Service(decider, settings, SystemClock(), setup(decider.context, clean_store.home))
        await service.start()
        running.append(service)
    relay_pool = await asyncpg.create_pool(clean_store.dsn("relay"), min_size=1, max_size=2)
    relay_client = await connect(clean_store.nats_url("relay"), "relay")
    client = await nats.connect(clean_store.nats_url("adapter"), inbox_prefix=b"_INBOX_adapter")
    pool = await asyncpg.create_pool(clean_store.dsn("admin"), min_size=1, max_size=2)
    house = House(client, pool, Relay(relay_pool, relay_client, setup("relay", clean_store.home)))
    house.start_relay()
    yield house
    await house.stop_relay()
    for service in running:
        await service.stop()
    await asyncio.gather(client.close(), relay_client.close(), pool.close(), relay_pool.close())


async def until(condition: Callable[[], Any], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - the condition is in the database
            await asyncio.sleep(0.02)


async def test_a_case_goes_from_its_request_to_its_impact(house: House) -> None:
    at = START
    steps: list[tuple[str, dict[str, Any], timedelta]] = [
        ("ReceiveRequest", REQUEST, timedelta()),
        (
            "CollectDetails",
            DETAILS,
            timedelta(minutes=7),
        ),
        (
            "HoldConsultation",
            HELD,
            timedelta(minutes=50),
        ),
        (
            "AssessSatisfaction",
            {
                "case_id": "case-1",
                "process": 4,
                "result": 2,
                "satisfied": False,
                "solved": "half",
                "causes": ["unclear_explanation"],
            },
            timedelta(minutes=55),
        ),
        (
            "HoldConsultation",
            {
                "case_id": "case-1",
                "started_at": (at + timedelta(days=2)).isoformat(),
                "form": "phone",
                "minutes_spent": 20,
            },
            timedelta(days=2, minutes=20),
        ),
        (
            "AssessSatisfaction",
            {"case_id": "case-1", "process": 5, "result": 5, "satisfied": True, "solved": "yes"},
            timedelta(days=2, minutes=25),
        ),
        (
            "EvaluateEffectiveness",
            {"case_id": "case-1", "evaluated_by": "manager-1", "degree_solved": 90, "effective": True},
            timedelta(days=20),
        ),
        ("RecordSuccessFactors", {"case_id": "case-1", "factors": ["prepared materials"]}, timedelta(days=21)),
        (
            "EvaluateImpact",
            {"case_id": "case-1", "evaluated_by": "manager-1", "advice_used": True, "changed": True, "solved": "yes"},
            timedelta(days=80),
        ),
        (
            "RecordTopicalIssue",
            {"case_id": "case-1", "issue": "forms are hard to read", "target_group": "pensioners"},
            timedelta(days=81),
        ),
    ]
    for number, (type_name, data, after) in enumerate(steps):
        answer = await house.ask(type_name, data, event_id=f"m{number}", time=at + after)
        letters = await house.pool.fetch("SELECT context, type, reasons FROM ops.dead_letter")
        assert answer.status is Status.ACCEPTED, (type_name, answer, [tuple(x) for x in letters])
        assert answer.case_id == "case-1"
    assert await house.types() == [
        "RequestReceived",
        "DetailsCollected",
        "ConsultationOpened",
        "ConsultHeld",
        "AssessmentDue",
        "SatisfactionAssessed",
        "Dissatisfied",
        "FollowUpDue",
        "ConsultHeld",
        "AssessmentDue",
        "SatisfactionAssessed",
        "Satisfied",
        "EffectivenessEvaluated",
        "SuccessFactorsRecorded",
        "ImpactEvaluated",
        "TopicalIssueRecorded",
    ]


async def test_no_personal_word_is_stored_or_published_in_the_clear(house: House) -> None:
    reachable = {"name": "Айгүл", "phone": "+77010000000"}
    await house.ask("ReceiveRequest", {**REQUEST, "consumer": reachable}, event_id="m1")

    async def entered() -> bool:
        return "ContactClaimed" in await house.types()

    await until(entered)
    rows = await house.pool.fetch("SELECT event::text AS whole, data->>'phone' AS phone FROM store.event AS event")
    assert [row["phone"].startswith("sealed:") for row in rows if row["phone"]] == [True]
    for row in rows:
        assert "Айгүл" not in row["whole"]
        assert "7010000" not in row["whole"]
        assert "жазыламын" not in row["whole"]


async def test_a_place_at_the_consumers_home_is_not_stored_or_published_in_the_clear(house: House) -> None:
    """Regression: `place` was plain, although a consultation may be held on the consumer's premises."""
    home = "Жандосов көшесі, 14-үй"
    at = START + timedelta(minutes=5)
    prepared = {**DETAILS, "form": "premises", "place": home, "preparation_needed": True}
    plan = {
        "case_id": "case-1",
        "planned_at": (at + timedelta(days=2)).isoformat(),
        "place": home,
        "form": "premises",
        "expected_result": "a draft",
    }
    email = {**REQUEST, "channel": "email"}
    for number, (type_name, data) in enumerate(
        [("ReceiveRequest", email), ("CollectDetails", prepared), ("PlanConsultation", plan)]
    ):
        answer = await house.ask(type_name, data, event_id=f"m{number}", time=at)
        assert answer.status is Status.ACCEPTED, answer
    rows = await house.pool.fetch(
        "SELECT type, data->>'place' AS place, event::text AS whole FROM store.event AS event"
    )
    assert {row["type"] for row in rows if row["place"]} == {"DetailsCollected", "ConsultationPlanned"}
    assert all(row["place"].startswith("sealed:") for row in rows if row["place"])
    assert not any("Жандосов" in row["whole"] for row in rows)


async def test_the_same_message_twice_has_one_effect(house: House) -> None:
    first = await house.ask("ReceiveRequest", REQUEST, event_id="m1", time=START)
    again = await house.ask("ReceiveRequest", REQUEST, event_id="m1", time=START)
    other = await house.ask("ReceiveRequest", {**REQUEST, "office": "south"}, event_id="m1", time=START)
    taken = await house.ask("ReceiveRequest", REQUEST, event_id="m2", time=START)
    assert [first.status, again.status, other.status, taken.status] == [
        Status.ACCEPTED,
        Status.DUPLICATE,
        Status.CONFLICT,
        Status.REJECTED,
    ]
    assert [event.position for event in again.events] == [event.position for event in first.events]
    assert other.reasons[0].code == "id_reused"
    assert taken.reasons[0].code == "case_exists"
    assert await house.types() == ["RequestReceived"]


async def test_a_repeat_is_told_so_even_where_the_rules_would_have_it_wait(house: House) -> None:
    """Regression: a consultation sent twice was refused as `not_assessed` once it waited long enough for nothing."""
    await house.ask("ReceiveRequest", REQUEST, event_id="m1", time=START)
    await house.ask("CollectDetails", DETAILS, event_id="m2", time=START)
    first = await house.ask("HoldConsultation", HELD, event_id="m3", time=START + timedelta(hours=1))
    again = await house.ask("HoldConsultation", HELD, event_id="m3", time=START + timedelta(hours=1))
    assert (first.status, again.status) == (Status.ACCEPTED, Status.DUPLICATE)


async def test_a_published_submission_is_answered_where_it_asks_for(house: House) -> None:
    answers: asyncio.Queue[Answer] = asyncio.Queue()

    async def answered(msg: Any) -> None:
        answers.put_nowait(Answer.from_json(msg.data))

    await house.client.subscribe("tereze.answers.test", cb=answered)
    command = COMMANDS["ReceiveRequest"]
    head = {**headers_of(command, event_id="m1", source="/test"), names.ANSWER_TO: "tereze.answers.test"}
    ack = await house.client.jetstream().publish("tereze.in.intake.ReceiveRequest", orjson.dumps(REQUEST), headers=head)
    assert ack.stream == "TEREZE_IN"
    answer = await asyncio.wait_for(answers.get(), 10)
    assert (answer.status, answer.id, answer.case_id) == (Status.ACCEPTED, "m1", "case-1")


async def test_who_may_not_is_refused_kept_and_once_accepted_remembered_with_the_role(house: House) -> None:
    await house.ask("ReceiveRequest", REQUEST, event_id="m1")
    command = COMMANDS["CollectDetails"]
    subject, body = names.ask_subject("intake", "CollectDetails"), orjson.dumps({**DETAILS, "case_id": "case-1"})
    for role, event_id, status, code in (
        (Role.CHANNEL, "m2", Status.REJECTED, "role_may_not"),
        (Role.INFORMATION_OFFICER, "m2", Status.ACCEPTED, ""),
        (Role.CHANNEL, "m2", Status.DUPLICATE, ""),
    ):
        head = headers_of(command, event_id=event_id, source="/test", role=role)
        answer = Answer.from_json((await house.client.request(subject, body, timeout=20, headers=head)).data)
        assert (answer.status, answer.reasons[0].code if answer.reasons else "") == (status, code)
    rows = await house.pool.fetch("SELECT actor FROM store.event WHERE context = 'intake' ORDER BY position")
    assert [row["actor"] for row in rows] == ["/test channel", "/test information_officer"]
    assert await house.pool.fetchval("SELECT count(*) FROM ops.dead_letter") == 1


async def test_what_is_sent_again_and_refused_again_is_one_letter(house: House) -> None:
    """Regression: whoever heard no answer, as the service had died, sent again: two letters of one message."""
    command = COMMANDS["RecordTopicalIssue"]
    bad = orjson.dumps({"case_id": "case-1"})
    stream = house.client.jetstream()

    async def publish(event_id: str, body: bytes, **headers: str) -> None:
        head = {**headers_of(command, event_id=event_id, source="/test", role=Role.CONSULTANT), **headers}
        await stream.publish("tereze.in.consult.RecordTopicalIssue", body, headers=head)

    async def reasons() -> list[str]:
        return await house.pool.fetchval("SELECT array_agg(message_id ORDER BY id) FROM ops.dead_letter") or []

    # Given a message that is refused, and sent again: from another address, by request, both in one batch
    for number in (1, 2, 3):
        answers = await house.client.subscribe(f"tereze.answers.t{number}")
        await publish("m1", bad, **{names.ANSWER_TO: f"tereze.answers.t{number}", names.TRACEPARENT: f"00-{number}"})
        if number > 1:
            assert Answer.from_json((await answers.next_msg(timeout=10)).data).status is Status.REJECTED
    assert (await house.ask("RecordTopicalIssue", bad, event_id="m1")).status is Status.REJECTED

    # When others are refused: under another id, with another body, and what has no id twice
    await house.ask("RecordTopicalIssue", bad, event_id="m2")
    await house.ask("RecordTopicalIssue", b"{}", event_id="m2")
    for _ in range(2):
        await publish("", b"{}")

    # Then each is a letter, the first one once
    async def all_kept() -> bool:
        return len(await reasons()) == 5

    await until(all_kept)
    assert await reasons() == ["m1", "m2", "m2", "", ""]

    # and one that was sent again with success is no obstacle to a later one.
    letters = DeadLetters(house.pool)
    async with letters.resending((await letters.list())[0].id):
        await publish("m1", bad)

    async def open_again() -> bool:
        return [one.message_id for one in await letters.list()] == ["m2", "m2", "", "", "m1"]

    await until(open_again)


async def test_bad_neighbours_cost_a_batch_nothing(house: House) -> None:
    stream = house.client.jetstream()
    command = COMMANDS["ReceiveRequest"]
    subject = "tereze.in.intake.ReceiveRequest"
    bad = [b"{", b"\xff\xfe", b"null", b"[]", b'{"case_id": "x"}', b"", b"x" * 1_048_576]
    for number in range(20):
        good = orjson.dumps({**REQUEST, "case_id": f"good-{number}"})
        await stream.publish(subject, good, headers=headers_of(command, event_id=f"g{number}", source="/test"))
        body = bad[number % len(bad)]
        await stream.publish(subject, body, headers=headers_of(command, event_id=f"b{number}", source="/test"))

    async def all_in() -> bool:
        return len(await house.types()) == 20

    await until(all_in)

    async def all_kept() -> bool:
        return await house.pool.fetchval("SELECT count(*) FROM ops.dead_letter") == 20

    await until(all_kept)
    rows = await house.pool.fetch("SELECT DISTINCT reasons->0->>'code' AS code FROM ops.dead_letter")
    assert {row["code"] for row in rows} >= {"broken_json", "not_utf8", "too_large", "schema_missing"}


async def test_an_unknown_case_is_waited_for_then_refused(house: House) -> None:
    body = {"case_id": "nobody", "issue": "x", "target_group": "y"}
    answer = await house.ask("RecordTopicalIssue", body, event_id="m1")
    assert (answer.status, answer.reasons[0].code) == (Status.REJECTED, "unknown_case")
    assert await house.pool.fetchval("SELECT count(*) FROM ops.dead_letter") == 1


async def test_a_lagging_service_refuses_nothing_for_what_is_stored_already(
    house: House, clean_store: RunningServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Regression: services that lagged for longer than a message's patience refused what followed accepted steps."""
    monkeypatch.setattr(StreamDelivery, "patience", 2)
    answers: asyncio.Queue[Answer] = asyncio.Queue()

    async def answered(msg: Any) -> None:
        answers.put_nowait(Answer.from_json(msg.data))

    async def hold(case_id: str) -> None:
        command = COMMANDS["HoldConsultation"]
        at = START + timedelta(hours=1)
        head = {
            **headers_of(command, event_id=case_id, source="/test", role=usual("HoldConsultation"), time=at),
            names.ANSWER_TO: "tereze.answers.test",
        }
        body = orjson.dumps({**HELD, "case_id": case_id})
        await house.client.jetstream().publish("tereze.in.consult.HoldConsultation", body, headers=head)

    async def deliveries() -> int:
        delivered = (await admin.jetstream().consumer_info(names.IN_STREAM, "consult")).delivered
        assert delivered is not None
        return delivered.consumer_seq

    async def more_than(seen: int) -> bool:
        """Whether what waits was looked at once more, and its answer would have come."""
        return await deliveries() > seen + 1

    await house.client.subscribe("tereze.answers.test", cb=answered)
    admin = await connect(clean_store.nats_url("admin"), "admin")
    # Given a case whose details are collected, and a relay that brings consult no news of it
    await house.stop_relay()
    await house.ask("ReceiveRequest", REQUEST, event_id="m1", time=START)
    await house.ask("CollectDetails", DETAILS, event_id="m2", time=START)
    # When its consultation is held, and one of a case that there is not
    await hold("case-1")
    await hold("nobody")
    # Then the latter is refused once its patience is over, and the former waits for the news
    refused = await asyncio.wait_for(answers.get(), 10)
    assert (refused.id, refused.reasons[0].code) == ("nobody", "unknown_case")
    seen = await deliveries()
    await until(lambda: more_than(seen))
    assert answers.empty()
    house.start_relay()
    held = await asyncio.wait_for(answers.get(), 20)
    assert (held.id, held.status) == ("case-1", Status.ACCEPTED)
    await admin.close()
