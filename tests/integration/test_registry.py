"""Booking, recognising and forgetting on the real store and bus."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Any

import asyncpg
import pytest

from services.intake.domain import DECIDER
from shared.bus.answers import Answer, Status
from shared.bus.client import Submitter
from shared.contracts import COMMANDS
from shared.contracts.values import Role
from shared.eventstore.codec import decode
from shared.eventstore.store import EventStore
from shared.eventstore.vault import Vault
from shared.roles import usual
from shared.service.processor import Incoming, Processor
from tests.conftest import RunningServers

NOW = datetime(2026, 5, 4, 3, 0, tzinfo=UTC)
PHONE = "+7 701 555 01 01"


def message(type_name: str, message_id: str, data: dict[str, Any]) -> Incoming:
    return Incoming(
        id=message_id,
        message_id=message_id,
        fingerprint=repr(data).encode(),
        type=type_name,
        message=COMMANDS[type_name].model_validate(data),
        occurred_at=NOW,
        actor="/test",
        traceparent=None,
        role=usual(type_name),
    )


@pytest.fixture
async def pool(clean_store: RunningServers) -> Any:
    async with asyncpg.create_pool(clean_store.dsn(), min_size=2, max_size=8) as opened:
        yield opened


async def test_fifty_at_once_who_want_one_slot_make_one_booking(pool: Any) -> None:
    """In five processes, ten requests each, in batches and one by one: the day's stream has one next version."""
    vault = Vault(pool)
    processes = [Processor(DECIDER, EventStore(pool, "intake"), vault) for _ in range(5)]
    slots = [{"slot": "10:00", "minutes": 30}]
    agenda = {"who": "k-1", "day": "2026-05-04", "office": "central", "slots": slots}
    [opened] = await processes[0].process([message("OpenAgenda", "o", agenda)], NOW)
    assert opened.answer.status is Status.ACCEPTED
    wish = {"who": "k-1", "day": "2026-05-04", "slot": "10:00", "channel": "web", "language": "kk"}

    async def want(number: int) -> list[Any]:
        process = processes[number % 5]
        ids = [f"w{number}-{one}" for one in range(5)]
        if number % 2:
            singly = [await process.process([message("BookAppointment", one, wish)], NOW) for one in ids]
            return [result for (result,) in singly]
        return await process.process([message("BookAppointment", one, wish) for one in ids], NOW)

    results = [result for batch in await asyncio.gather(*map(want, range(10))) for result in batch]
    assert len(results) == 50
    told = Counter(result.answer.status for result in results)
    assert told[Status.ACCEPTED] == 1
    assert {r.answer.reasons[0].code for r in results if r.answer.reasons} <= {"slot_taken", "busy"}
    assert await pool.fetchval("SELECT count(*) FROM store.event WHERE type = 'AppointmentBooked'") == 1


async def test_a_running_system_recognises_verifies_merges_and_forgets(start_system: Any) -> None:
    system = await start_system(movable_clock=False)
    store = await asyncpg.connect(system.dsn_for("admin"))

    async def until(question: str, *arguments: Any) -> None:
        async with asyncio.timeout(20):
            while not await store.fetchval(question, *arguments):  # noqa: ASYNC110 - other processes work
                await asyncio.sleep(0.05)

    async with Submitter(system.url_for("adapter"), "/test") as desk:

        async def ask(type_name: str, data: dict[str, Any]) -> Answer:
            body = COMMANDS[type_name].model_validate(data).model_dump_json(exclude_none=True).encode()
            return await desk.ask(type_name, body, event_id=token_hex(8), role=usual(type_name))

        def request(case_id: str, **consumer: str) -> dict[str, Any]:
            return {
                "case_id": case_id,
                "channel": "walk_in",
                "language": "kk",
                "office": "central",
                "question": "?",
                "responsible": "m-1",
                "consumer": consumer,
            }

        first = await ask("ReceiveRequest", request("A1", name="Асель", phone=PHONE))
        assert [event.type for event in first.events] == ["RequestReceived", "ContactsLearnt"]
        await until("SELECT count(*) = 1 FROM store.event WHERE type = 'ContactClaimed'")
        # The second time it is known who asks, by another spelling of the number; nothing is learnt.
        second = await ask("ReceiveRequest", request("A2", phone="8 (701) 555-01-01"))
        assert [event.type for event in second.events] == ["RequestReceived"]
        row = await store.fetchrow(
            """SELECT data->>'consumer_id' AS who, data->'to_verify' AS verify FROM store.event
               WHERE stream_id = 'case-A2'"""
        )
        assert row is not None
        assert (row["who"], row["verify"]) == ("c-A1", '["name", "phone"]')
        again = {"consumer": {"consumer_id": "p-2", "phone": PHONE}}
        refused = await ask("RegisterConsumer", again)
        assert (refused.status, refused.reasons[0].code) == (Status.REJECTED, "already_known")
        # A second record is found to be the same person, and both are forgotten together.
        await ask("ReceiveRequest", request("A3", name="А.", email="asel@example.kz"))
        await until("SELECT count(*) = 2 FROM store.event WHERE type = 'ContactClaimed'")
        # So is what they complained of by their number, which feedback can't know.
        said = {"case_id": "X1", "complaint": "?", "received_by": "o-1"}
        complaint = {name: value for name, value in request("X1", phone=PHONE).items() if name != "question"} | said
        assert (await ask("ReceiveComplaint", complaint)).status is Status.ACCEPTED
        await until("SELECT count(*) = 1 FROM store.event WHERE type = 'ConsumerAbsorbed'")
        merge = {"kept": "c-A1", "merged": "c-A3", "merged_by": "m-1", "reason": "the same person"}
        assert (await ask("MergeConsumers", merge)).status is Status.ACCEPTED
        await until("SELECT count(*) = 2 FROM store.event WHERE type = 'ConsumerAbsorbed'")
        person = ["c-A1", "c-A3", "c-X1"]
        assert await store.fetchval("SELECT count(key) FROM vault.key WHERE consumer_id = ANY($1)", person) == 3
        slip = await ask("ForgetConsumer", {"consumer_id": "c-A11"})
        assert (slip.status, slip.reasons[0].code) == (Status.REJECTED, "unknown_consumer")
        assert (await ask("ForgetConsumer", {"consumer_id": "c-A1"})).status is Status.ACCEPTED
        await until(
            """SELECT count(*) = 3 FROM vault.key
               WHERE consumer_id = ANY($1) AND key IS NULL AND forgotten_at IS NOT NULL""",
            person,
        )
        await until("SELECT count(*) = 2 FROM store.event WHERE type = 'ContactReleased'")
        # Who comes back is somebody new; their open case still goes on to its end.
        await ask("ReceiveRequest", request("A4", phone=PHONE))
        who = "SELECT data->>'consumer_id' FROM store.event WHERE stream_id = 'case-A4' AND type = 'RequestReceived'"
        assert await store.fetchval(who) == "c-A4"
        details = {
            "case_id": "A1",
            "expected_result": "a form",
            "form": "office",
            "preparation_needed": False,
            "consultant_has_time": True,
            "presence_required": False,
            "consultant": "k-1",
        }
        assert (await ask("CollectDetails", details)).status is Status.ACCEPTED
        written = await store.fetchval(
            "SELECT data->>'expected_result' FROM store.event WHERE type = 'DetailsCollected'"
        )
        assert written == "[forgotten]"
        index = await store.fetchval("SELECT string_agg(stream_id, ' ') FROM store.event")
        assert "7015550101" not in index
        assert "asel" not in index
    await store.close()


async def test_a_deletion_of_a_key_that_was_cut_short_is_made_up_for(pool: Any) -> None:
    """The reaction is noted as done only after the key is gone; told again, it deletes what is deleted."""
    vault = Vault(pool)
    await vault.keys_for(["p-1"])
    processor = Processor(DECIDER, EventStore(pool, "intake"), vault)
    await processor.process([message("ForgetConsumer", "f", {"consumer_id": "p-1"})], NOW)
    event = (await EventStore(pool, "intake").load(["consumer-p-1"]))["consumer-p-1"][0]
    forgotten = decode(event)
    told = Incoming("e", "event/1", b"", "ConsumerForgotten", forgotten, NOW, "/tereze/intake", None, None)
    for _ in range(2):
        await Processor(DECIDER, EventStore(pool, "intake"), Vault(pool)).process([told], NOW + timedelta(seconds=1))
    assert (await Vault(pool).existing_keys(["p-1"]))["p-1"] is None
    assert Role.MANAGER is usual("ForgetConsumer")
