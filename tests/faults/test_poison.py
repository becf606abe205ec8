"""Single messages that once stopped a service or cost their neighbours an answer, each named after its fault."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from random import Random
from secrets import token_hex

import asyncpg
import orjson
import pytest
from nats.aio.client import Client

from deploy.launcher import System
from shared.bus import names
from shared.bus.answers import Answer, Status
from tests.faults.conftest import until
from tests.faults.raw import RawPublisher
from tests.faults.samples import Draft, sample


class Batch:
    """Valid messages around a bad one, published together."""

    def __init__(self, system: System, client: Client, database: asyncpg.Pool[asyncpg.Record]) -> None:
        self._system = system
        self._client = client
        self._database = database

    async def send_around(self, bad: Draft, *, ask: bool = False, reply: bytes = b"_INBOX_adapter.none") -> list[str]:
        """Send one before, the bad one, and one after; wait for the valid ones' answers. The new letters' codes."""
        run = token_hex(6)
        answers = await self._client.subscribe(f"tereze.answers.{run}")
        await self._client.flush()
        before = await self._letters()
        async with RawPublisher(self._system.url_for("adapter")) as publisher:
            for number, draft in enumerate((sample("ReceiveRequest", 1), bad, sample("ReceiveRequest", 2))):
                if draft is not bad:
                    draft.body["case_id"] = f"{run}-{number}"
                    draft.headers[names.ID.encode()] = f"{run}-{number}".encode()
                    draft.headers[names.ANSWER_TO.encode()] = f"tereze.answers.{run}".encode()
                asked = ask and draft is bad
                subject = draft.subject.replace(b"tereze.in.", b"tereze.ask.", 1) if asked else draft.subject
                to = reply if asked else b"_INBOX_adapter.none"
                await publisher.publish(subject, draft.header_block(), draft.body_bytes(), to)
            await publisher.flush()
            assert publisher.errors == []
        for _ in range(2):
            answer = Answer.from_json((await answers.next_msg(timeout=8)).data)
            assert answer.status is Status.ACCEPTED, answer

        async def kept() -> bool:
            return await self._letters() == before + 1

        await until(kept, 8, lambda: "the bad message is no dead letter")
        return await self._database.fetchval(
            "SELECT array_agg(one->>'code') FROM jsonb_array_elements("
            " (SELECT reasons FROM ops.dead_letter ORDER BY id DESC LIMIT 1)) AS one"
        )

    async def _letters(self) -> int:
        return await self._database.fetchval("SELECT count(*) FROM ops.dead_letter")


@pytest.fixture
async def batch(
    hostile_system: System, adapter: Client, database: asyncpg.Pool[asyncpg.Record]
) -> AsyncIterator[Batch]:
    pids = {part.name: part.pid for part in hostile_system.state.parts()}
    yield Batch(hostile_system, adapter, database)
    assert {part.name: part.pid for part in hostile_system.state.parts()} == pids


@pytest.mark.parametrize("ask", [False, True])
@pytest.mark.parametrize("token", [b"\xff\xfe", b"a\x0bb", b"\0", b"*", b">"])
async def test_a_subject_that_is_no_text_does_not_deafen_a_service(batch: Batch, token: bytes, ask: bool) -> None:
    # nats-py decoded subjects in its reader, which ended there, silently: no message came any more until the
    # connection's pings timed out. A vertical tab broke its protocol parser, at every redelivery anew.
    bad = replace(sample("ReceiveRequest", 3), subject=b"tereze.in.intake." + token)
    bad.headers[b"x-unique"] = token_hex(6).encode()
    assert await batch.send_around(bad, ask=ask) == ["unknown_type"]


@pytest.mark.parametrize("ask", [False, True])
@pytest.mark.parametrize("block", [b"NATS/1.0", b"NATS/1.0 \xff\xff\xff\r\n\r\n", b"NATS/1.0 404 No\xff\r\n\r\n"])
async def test_a_damaged_header_block_does_not_deafen_a_service(batch: Batch, block: bytes, ask: bool) -> None:
    # The same reader took the first bytes of the block for granted, and a status in it for text.
    bad = replace(sample("ReceiveRequest", 3), raw_headers=block, raw_body=token_hex(6).encode())
    assert (await batch.send_around(bad, ask=ask))[0] == "attribute_invalid"


async def test_a_nul_in_a_fields_name_does_not_lose_the_batchs_dead_letters(batch: Batch) -> None:
    # The reason quotes the name, jsonb refuses a NUL in it, and the whole batch came again for ever.
    bad = replace(sample("ReceiveRequest", 3), raw_body=b'{"\\u0000": 1}')
    assert "schema_extra_forbidden" in await batch.send_around(bad)


@pytest.mark.parametrize("address", ["tereze.answers.a b", "tereze.answers.>", "tereze.answers..", "$JS.ACK.x", ">"])
async def test_an_address_that_can_not_be_answered_costs_neighbours_nothing(batch: Batch, address: str) -> None:
    # Publishing the answer raised, and those that stood behind it in the batch got none.
    bad = sample("ReceiveRequest", 3)
    # An id of its own: refused again as before, it would be the letter that is kept already.
    bad.headers[names.ID.encode()] = token_hex(6).encode()
    bad.headers[names.ANSWER_TO.encode()] = address.encode()
    assert await batch.send_around(bad) == ["attribute_invalid"]


@pytest.mark.parametrize("reply", [b"tereze.wake", b"$JS.API.CONSUMER.MSG.NEXT.TEREZE_IN.intake", b"a..b", b"x\xff"])
async def test_a_request_can_not_make_a_service_publish_elsewhere(batch: Batch, reply: bytes) -> None:
    # A service answered wherever the request said, with its own rights; on `a..b` its neighbours lost their answers.
    bad = replace(sample("ReceiveRequest", 3), raw_body=token_hex(6).encode())
    assert await batch.send_around(bad, ask=True, reply=reply) == ["broken_json"]


async def test_an_id_that_is_longer_than_an_answer_may_be_costs_neighbours_nothing(batch: Batch) -> None:
    # The answer quoted it; escaped it was longer than the server takes, and publishing raised.
    bad = sample("ReceiveRequest", 3)
    bad.headers[names.ID.encode()] = b"\1" * 400_000
    assert await batch.send_around(bad, ask=True) == ["attribute_invalid"]


async def test_ids_of_different_damaged_bytes_are_not_taken_for_the_same(batch: Batch) -> None:
    # Both were read as U+FFFD: the second message would have been a duplicate of the first.
    bad = sample("ReceiveRequest", 3)
    bad.headers[names.ID.encode()] = b"\xfe"
    assert await batch.send_around(bad) == ["attribute_invalid"]


@pytest.mark.parametrize(
    "subject", [b"tereze.in.nowhere.X", b"tereze.in.intake", b"tereze.in.*.X", b"tereze.in.\xff.>.X"]
)
async def test_a_subject_of_no_service_is_no_silent_grave(batch: Batch, adapter: Client, subject: bytes) -> None:
    # No consumer reads it: without the sweep it would lie in the queue for ever.
    bad = replace(sample("ReceiveRequest", 3), subject=subject)
    address = f"tereze.answers.{token_hex(6)}"
    bad.headers[names.ANSWER_TO.encode()] = address.encode()
    answers = await adapter.subscribe(address)
    assert await batch.send_around(bad) == ["foreign_subject"]
    answer = Answer.from_json((await answers.next_msg(timeout=5)).data)
    assert (answer.status, answer.reasons[0].code) == (Status.REJECTED, "foreign_subject")


async def test_what_the_servers_index_of_subjects_loses_is_found_all_the_same(
    hostile_system: System, adapter: Client
) -> None:
    # The byte 127 is the index's own mark: of many such messages one or two were under no pattern, and lay for ever.
    odd = Random(3)
    subjects = [b"\xfe\xdf\x7f\x0fg4i\xab~e", *(b"\xfe" + odd.randbytes(9).hex().encode() for _ in range(400))]
    subjects += [b"\xfe" + odd.randbytes(8).translate(None, b" \t\r\n.") for _ in range(800)]
    run = token_hex(6)
    answers = await adapter.subscribe(f"tereze.answers.{run}")
    await adapter.flush()
    async with RawPublisher(hostile_system.url_for("adapter")) as publisher:
        for number in range(2_000):
            name = subjects[0] if number % 7 == 0 else subjects[number % len(subjects)]
            draft = replace(sample("ReceiveRequest", number), subject=b"tereze.in." + name)
            draft.headers[names.ANSWER_TO.encode()] = f"tereze.answers.{run}".encode()
            await publisher.publish(draft.subject, draft.header_block(), draft.body_bytes(), b"_INBOX_adapter.none")
        await publisher.flush()
    for _ in range(2_000):
        answer = Answer.from_json((await answers.next_msg(timeout=20)).data)
        assert answer.reasons[0].code == "foreign_subject"


async def test_large_bodies_in_one_batch_overrun_nothing(
    hostile_system: System, adapter: Client, database: asyncpg.Pool[asyncpg.Record]
) -> None:
    # A batch of 500 such bodies overran the client's buffer, which dropped them for 30 s, and PostgreSQL's 1 GB limit.
    count = 140
    before = await database.fetchval("SELECT count(*) FROM ops.dead_letter")
    answers = await adapter.subscribe("tereze.answers.large")
    await adapter.flush()
    async with RawPublisher(hostile_system.url_for("adapter")) as publisher:
        for number in range(count):
            draft = replace(sample("ReceiveRequest", number), raw_body=b"x" * 2**20)
            draft.headers[names.ANSWER_TO.encode()] = b"tereze.answers.large"
            await publisher.publish(draft.subject, draft.header_block(), draft.body_bytes(), b"_INBOX_adapter.none")
        await publisher.flush()
    for _ in range(count):
        answer = Answer.from_json((await answers.next_msg(timeout=20)).data)
        assert answer.reasons[0].code == "too_large"
    assert await database.fetchval("SELECT count(*) FROM ops.dead_letter") == before + count


async def test_an_adapter_is_told_the_subject_it_may_not_publish_to(hostile_system: System) -> None:
    async with RawPublisher(hostile_system.url_for("adapter")) as publisher:
        for subject in (b"tereze.events.intake.RequestReceived", b"tereze.answers.x", b"elsewhere"):
            await publisher.publish(subject, b"NATS/1.0\r\n\r\n", b"{}", b"_INBOX_adapter.none")
            await publisher.flush()
            violation = f'Permissions Violation for Publish to "{subject.decode()}"'
            assert violation in publisher.errors.pop()


@pytest.mark.parametrize("subject", ["tereze.ask.nowhere.ReceiveRequest", "tereze.ask.intake", "tereze.ask.consult"])
async def test_a_request_to_no_service_is_answered_and_kept(
    adapter: Client, database: asyncpg.Pool[asyncpg.Record], subject: str
) -> None:
    # Nobody subscribed to it: it ended in "no responders", without an answer or a dead letter.
    token = token_hex(6)
    head = {names.SPEC: "1.0", names.ID: token, names.SOURCE: "/poison"}
    reply = await adapter.request(subject, orjson.dumps({}), timeout=10, headers=head)
    answer = Answer.from_json(reply.data)
    assert (answer.status, answer.reasons[0].code) == (Status.REJECTED, "foreign_subject")
    kept = await database.fetch("SELECT context FROM ops.dead_letter WHERE message_id LIKE '%' || $1", token)
    assert [row["context"] for row in kept] == ["unknown"]
