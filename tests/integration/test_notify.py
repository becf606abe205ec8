"""Messages to consumers, over real servers: to whom, by which channel, in which language, once, and never too late."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import nats
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from deploy.launcher import System
from services.insight.persons import CASES
from services.notify.contacts import ELSEWHERE
from shared.bus import names
from shared.bus.answers import Status
from shared.bus.client import Submitter
from shared.bus.reading import read_through
from shared.contracts import COMMANDS
from shared.contracts.outgoing import ConsumerMessage
from shared.contracts.values import Context
from shared.roles import usual
from tests.conftest import StartSystem, empty_store

REGISTRATION = {"registration_number": "7", "topic": "t", "responsible": "m"}
PERSON = {"name": "Айгүл", "phone": "+77010000000", "email": "a@example.org", "address": "Абай 1"}


@pytest.fixture(scope="module")
async def running(start_system: StartSystem) -> AsyncIterator[System]:
    system = await start_system(("intake", "relay", "notify"), movable_clock=False)
    yield system
    await system.stop()


@pytest.fixture
async def system(running: System) -> System:
    """With nothing in it."""
    await running.kill("notify")
    await running.kill("intake")  # what it remembers of streams is not there any more
    await empty_store(running.dsn_for("admin"), running.url_for("admin"))
    await asyncio.gather(*(running.restart(name) for name in ("notify", "intake")))
    return running


@pytest.fixture
async def store(system: System) -> AsyncIterator[asyncpg.Pool[asyncpg.Record]]:
    async with asyncpg.create_pool(system.dsn_for("admin"), min_size=1, max_size=2) as pool:
        yield pool


@pytest.fixture
async def adapter(system: System) -> AsyncIterator[Client]:
    """A connection with an adapter's rights."""
    client = await nats.connect(system.url_for("adapter"), inbox_prefix=b"_INBOX_adapter")
    yield client
    await client.close()


async def submit(system: System, *messages: tuple[str, dict[str, Any]]) -> None:
    async with Submitter(system.url_for("adapter"), "/test") as submitter:
        for type_name, data in messages:
            command = COMMANDS[type_name].model_validate(data)
            answer = await submitter.ask(
                type_name,
                command.model_dump_json(exclude_none=True).encode(),
                event_id=uuid4().hex,
                role=usual(type_name),
            )
            assert answer.status is Status.ACCEPTED, answer


def request(case_id: str, channel: str, language: str = "kk", **consumer: str) -> tuple[str, dict[str, Any]]:
    data = {"case_id": case_id, "channel": channel, "language": language, "office": "north", "question": "?"}
    return "ReceiveRequest", {**data, "responsible": "manager-1", "consumer": consumer or PERSON}


def written(case_id: str, channel: str, language: str, **more: Any) -> tuple[str, dict[str, Any]]:
    data = {"case_id": case_id, "channel": channel, "language": language, "office": "north", "question": "?"}
    return "ReceiveWrittenRequest", {**data, "consumer": PERSON, **more}


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - the servers tell of no change
            await asyncio.sleep(0.05)


async def all_told(store: asyncpg.Pool[asyncpg.Record]) -> None:
    """Wait until notify has passed all events there are."""

    async def passed() -> bool:
        return await store.fetchval(
            """SELECT (xid, position) >= (SELECT xid, position FROM store.event
                                          ORDER BY xid DESC, position DESC LIMIT 1)
               FROM ops.notify"""
        )

    await until(passed)


async def sent(system: System) -> list[Msg]:
    """Everything that lies on the stream of messages."""
    client = await nats.connect(system.url_for("admin"), inbox_prefix=b"_INBOX_admin")
    try:
        return [message async for message in read_through(client, names.OUT_STREAM)]
    finally:
        await client.close()


async def take(adapter: Client, channel: str, count: int = 1) -> list[Msg]:
    """As an adapter does: pull from the channel's durable, acknowledge."""
    durable = await adapter.jetstream().pull_subscribe_bind(stream=names.OUT_STREAM, durable=channel)
    messages = await durable.fetch(count, timeout=10)
    for message in messages:
        await message.ack_sync(timeout=5)
    return messages


def body(message: Msg) -> ConsumerMessage:
    return ConsumerMessage.model_validate_json(message.data)


async def test_a_consumer_is_told_by_the_channel_they_came_by_in_their_language(
    system: System, adapter: Client, store: asyncpg.Pool[asyncpg.Record]
) -> None:
    await submit(
        system,
        request("case-1", "phone", "ru"),
        written("case-2", "email", "kk"),
        written("case-3", "post", "en"),
        written("case-4", "web", "ru"),
        request("case-5", "walk_in", "kk", name="Ермек"),
    )
    await all_told(store)
    by_channel = {channel: body((await take(adapter, channel))[0]) for channel in ("phone", "email", "post", "web")}
    assert {channel: (one.case_id, one.language) for channel, one in by_channel.items()} == {
        "phone": ("case-1", "ru"),
        "email": ("case-2", "kk"),
        "post": ("case-3", "en"),
        "web": ("case-4", "ru"),
    }
    assert by_channel["phone"].subject == "Ваше обращение case-1 принято"
    assert by_channel["phone"].text.startswith("Здравствуйте, Айгүл!\n\nМы приняли ваше обращение")
    assert by_channel["phone"].to.model_dump(exclude_none=True) == {"name": "Айгүл", "phone": PERSON["phone"]}
    assert by_channel["post"].to.model_dump(exclude_none=True) == {"name": "Айгүл", "address": PERSON["address"]}
    assert len(await sent(system)) == 4, "who left neither phone nor e-mail can't be written to"


async def test_a_message_is_a_cloud_event_and_says_nothing_personal_but_in_its_body(
    system: System, adapter: Client
) -> None:
    await submit(system, request("case-1", "phone"))
    [message] = await take(adapter, "phone")
    headers = message.headers or {}
    assert (message.subject, headers[names.TYPE], headers[names.SOURCE]) == (
        "tereze.out.phone",
        "ConsumerMessage",
        "/tereze/notify",
    )
    assert headers[names.ID] == headers[names.MSG_ID] == f"e{int(headers[names.ID][1:])}"
    assert (headers[names.SUBJECT], headers[names.CONSUMER]) == ("case-1", "c-case-1")
    said = f"{message.subject} {headers} {system.home.log('notify').read_text()}"
    assert not [value for value in PERSON.values() if value in said]


async def test_the_answer_itself_is_told_and_older_records_tell_nobody(
    system: System, adapter: Client, store: asyncpg.Pool[asyncpg.Record]
) -> None:
    answer = {"answer": "{Жауап}", "signed_by": "The head", "executor_contact": "+7727"}
    await submit(
        system,
        written("old", "email", "kk", history=True),
        ("AnswerWrittenRequest", {"case_id": "old"}),
        written("case-1", "email", "kk"),
        ("RegisterWrittenRequest", {"case_id": "case-1", **REGISTRATION}),
        ("CheckCompleteness", {"case_id": "case-1"}),
        ("AnswerWrittenRequest", {"case_id": "case-1", **answer}),
    )
    await all_told(store)
    told = [body(one) for one in await take(adapter, "email", 3)]
    assert [one.event_type for one in told] == [
        "WrittenRequestReceived",
        "WrittenRequestRegistered",
        "WrittenRequestAnswered",
    ]
    assert "\n\n{Жауап}\n\nҚол қойған: The head" in told[2].text
    assert {one.case_id for one in told} == {"case-1"}
    assert len(await sent(system)) == 3


async def test_who_was_forgotten_is_not_written_to_and_what_was_written_is_deleted(
    system: System, store: asyncpg.Pool[asyncpg.Record]
) -> None:
    # Given messages to two people
    other = {"name": "Ермек", "phone": "+77020000000"}
    await submit(system, written("case-1", "email", "kk"), request("case-2", "phone", **other))
    await all_told(store)
    assert len(await sent(system)) == 2
    consumer_id: str = await store.fetchval(
        "SELECT data->>'consumer_id' FROM store.event WHERE type = 'WrittenRequestReceived'"
    )
    # When one of them is forgotten, and something happens to their case afterwards
    await submit(system, ("ForgetConsumer", {"consumer_id": consumer_id}))

    async def erased() -> bool:
        return [body(one).case_id for one in await sent(system)] == ["case-2"]

    await until(erased)

    async def forgotten() -> bool:
        return await store.fetchval("SELECT key IS NULL FROM vault.key WHERE consumer_id = $1", consumer_id)

    await until(forgotten)
    await submit(system, ("RegisterWrittenRequest", {"case_id": "case-1", **REGISTRATION}))
    await all_told(store)
    # Then what lay on the stream for them is gone, and nothing more comes
    assert await erased()


async def test_who_is_known_is_reached_by_what_another_of_their_cases_says(
    system: System, store: asyncpg.Pool[asyncpg.Record]
) -> None:
    """Regression: the base knew that there is a phone, which stood in an earlier case's message, and nobody rang."""
    # Given two people who wrote once, and one of them again, recognised by id
    other = {"name": "Ермек", "email": "e@example.org"}
    await submit(system, request("case-1", "phone"), request("case-2", "email", **other))
    first, second = [
        row["consumer_id"]
        for row in await store.fetch(
            "SELECT data->>'consumer_id' AS consumer_id FROM store.event WHERE type = 'RequestReceived'"
            " ORDER BY position"
        )
    ]
    await submit(system, request("case-3", "email", "ru", consumer_id=first))
    await all_told(store)
    assert [(one.case_id, one.to.email) for one in await told_after(system, 2)] == [("case-3", PERSON["email"])]
    # When somebody of whom nothing is known turns out to be the other one, what happens from then on is told
    await submit(system, request("case-4", "email", "ru", name="Ермек"))
    await all_told(store)
    assert await told_after(system, 3) == []
    merge = {"kept": second, "merged": "c-case-4", "merged_by": "m-1", "reason": "said so"}
    question = {"missing": ["place"], "by": "email", "until": "2199-01-01T10:00:00+05:00", "question": "Where?"}
    await submit(system, ("MergeConsumers", merge))
    await submit(system, ("AskClarification", {"case_id": "case-4", **question}))
    await all_told(store)
    told = [(one.case_id, one.to.email, one.language) for one in await told_after(system, 3)]
    assert told == [("case-4", other["email"], "ru")]
    # Then nothing more comes once the person is forgotten
    await submit(system, ("ForgetConsumer", {"consumer_id": first}))

    async def forgotten() -> bool:
        return await store.fetchval("SELECT key IS NULL FROM vault.key WHERE consumer_id = $1", first)

    await until(forgotten)
    await submit(system, ("EndRequest", {"case_id": "case-3", "ground": "consumer_withdrew"}))
    await all_told(store)
    assert {body(one).case_id for one in await sent(system)} == {"case-2", "case-4"}


async def told_after(system: System, count: int) -> list[ConsumerMessage]:
    """What was sent after the first so many messages."""
    return [body(one) for one in await sent(system)][count:]


@pytest.mark.parametrize("statement", [ELSEWHERE, CASES], ids=["notify", "tereze person"])
async def test_what_was_said_of_somebody_is_found_by_an_index(
    store: asyncpg.Pool[asyncpg.Record], statement: str
) -> None:
    """As it is read, though the plan knows no statistics: the log is too long to be searched for each message."""
    async with store.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off")
        await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        await connection.execute(f"PREPARE elsewhere (text[], text[]) AS {statement}")
        plan = "\n".join(row[0] for row in await connection.fetch("EXPLAIN EXECUTE elsewhere('{p}', '{T}')"))
    assert "Seq Scan" not in plan
    assert {f"event_{context}_consumer" in plan for context in Context} == {True}
    assert "event_watch" not in plan


async def test_a_cursor_put_back_tells_nobody_twice_and_nobody_late(
    system: System, store: asyncpg.Pool[asyncpg.Record]
) -> None:
    await system.kill("notify")
    await submit(system, *(request(f"case-{number}", "phone") for number in range(4)))
    await store.execute(
        "UPDATE store.event SET recorded_at = recorded_at - $1::interval WHERE correlation_id = 'case-0'",
        timedelta(days=8),
    )
    for _ in range(2):
        await system.restart("notify")
        await all_told(store)
        assert sorted(body(one).case_id for one in await sent(system)) == ["case-1", "case-2", "case-3"]
        await system.kill("notify")
        await store.execute("UPDATE ops.notify SET xid = '0', position = 0")
    await system.restart("notify")


async def test_whenever_it_is_killed_nothing_is_lost_and_nothing_told_twice(
    system: System, store: asyncpg.Pool[asyncpg.Record]
) -> None:
    cases = [f"case-{number}" for number in range(300)]

    async def load() -> None:
        async with Submitter(system.url_for("adapter"), "/load") as submitter:
            for case_id in cases:
                type_name, data = request(case_id, "phone")
                content = json.dumps(data).encode()
                await submitter.send(COMMANDS[type_name], content, event_id=case_id)
                await asyncio.sleep(0.01)
            for _ in cases:
                assert (await asyncio.wait_for(submitter.answers.get(), 20)).status is Status.ACCEPTED

    loading = asyncio.create_task(load())
    for _ in range(4):
        await asyncio.sleep(0.4)
        await system.kill("notify")
        await system.restart("notify")
    await loading
    await all_told(store)
    assert Counter(body(one).case_id for one in await sent(system)) == Counter(cases)


async def test_staff_see_the_last_messages_and_their_words_only_when_they_ask(
    system: System, store: asyncpg.Pool[asyncpg.Record]
) -> None:
    await submit(system, request("case-1", "phone", "en"), written("case-2", "email", "ru"))
    await all_told(store)

    async def outbox(*arguments: str) -> str:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "deploy.cli.main", "outbox", *arguments, "--home", str(system.home.path)),
            env={**os.environ, "COLUMNS": "160"},
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate()
        assert process.returncode == 0
        return out.decode()

    shown = await outbox()
    assert "Your request case-1 has been received" in shown
    assert not [value for value in PERSON.values() if value in shown]
    assert "case-2" not in await outbox("--channel", "phone")
    told = json.loads(await outbox("--case", "case-2", "--json"))
    assert [(one["case_id"], one["channel"], one["to"]["email"]) for one in told] == [
        ("case-2", "email", PERSON["email"])
    ]
    assert f"{PERSON['name']}, {PERSON['phone']}" in await outbox("--channel", "phone", "--text")
    assert "No messages." in await outbox("--channel", "post")
