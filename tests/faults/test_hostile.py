"""What bad input gets: thousands of hostile messages at a running system, valid ones between them.

Hypothesis makes the attacks; they are thrown all at once, as real neighbours of one batch, not one test per message.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic

import asyncpg
import nats
import orjson
from hypothesis import HealthCheck, Phase, given, settings
from nats.aio.client import Client
from nats.aio.msg import Msg

from deploy.launcher import System
from shared.bus import names
from shared.bus.answers import Answer, Status
from shared.bus.client import Submitter
from shared.bus.names import IN_STREAM
from shared.roles import usual
from tests.faults.conftest import until
from tests.faults.raw import RawPublisher
from tests.faults.samples import ACCEPTED, Draft, sample
from tests.faults.strategies import ATTACKS, Attack, applied

ATTACKS_MADE = 2_100
EACH = 5
"""So many messages, of different types and ways, are made of one attack."""
VALID_EVERY = 10
OPENED = (("ReceiveRequest", "spoken"), ("ReceiveWrittenRequest", "written"))


@dataclass
class Thrown:
    """One message that was sent, and what came back."""

    number: int
    draft: Draft
    attack: Attack | None
    asked: bool
    answers: list[Answer] = field(default_factory=list[Answer])
    sequence: int | None = None

    @property
    def is_answered_on_the_bus(self) -> bool:
        return self.asked or self.attack is None or self.attack.answered

    def __str__(self) -> str:
        attack = self.attack.kind if self.attack else "valid"
        return f"{attack}: {self.draft.subject[:80]!r} {self.draft.headers} {self.draft.body_bytes()[:200]!r}"


def made_attacks(count: int) -> list[Attack]:
    """What Hypothesis makes of the strategies."""
    made: list[Attack] = []

    @settings(
        max_examples=count,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(ATTACKS)
    def make(attack: Attack) -> None:
        made.append(attack)

    make()
    return made


def barrage(attacks: Sequence[Attack]) -> list[Thrown]:
    """All messages in the order in which they are sent: every attack several times, valid ones in between."""
    thrown: list[Thrown] = []
    for turn in range(EACH):
        for attack in attacks:
            number = len(thrown)
            if number % VALID_EVERY == 0:
                draft = sample(ACCEPTED[number // VALID_EVERY % len(ACCEPTED)], number)
                thrown.append(Thrown(number, draft, None, asked=number % 4 == 0))
                number += 1
            asked = attack.asks and turn == 0
            thrown.append(Thrown(number, applied(attack, number, turn), attack, asked))
    return thrown


async def throw(system: System, client: Client, thrown: Sequence[Thrown]) -> None:
    """Send everything, by JetStream or as a request; answers and acknowledgements are noted as they come."""
    run = f"h{monotonic():.6f}".replace(".", "")

    async def answered(msg: Msg) -> None:
        one = thrown[int(msg.subject.rpartition(".")[2])]
        if not (msg.headers and msg.headers.get("Status")):
            one.answers.append(Answer.from_json(msg.data))

    async def kept(msg: Msg) -> None:
        acknowledgement = orjson.loads(msg.data)
        assert acknowledgement.get("stream") == IN_STREAM, acknowledgement
        thrown[int(msg.subject.rpartition(".")[2])].sequence = acknowledgement["seq"]

    await client.subscribe(f"tereze.answers.{run}.*", cb=answered)
    await client.subscribe(f"_INBOX_adapter.{run}.ask.*", cb=answered)
    await client.subscribe(f"_INBOX_adapter.{run}.ack.*", cb=kept)
    await client.flush()
    async with RawPublisher(system.url_for("adapter")) as publisher:
        for one in thrown:
            draft = one.draft
            mine = f"{run}.{one.number}".encode()
            draft.headers.setdefault(names.ANSWER_TO.encode(), b"tereze.answers." + mine)
            # Two equal requests are one letter; these are meant to be many.
            draft.headers[b"x-number"] = str(one.number).encode()
            if draft.raw_headers is not None:
                draft.raw_body = str(one.number).encode()
            way = b"ask" if one.asked else b"ack"
            subject = draft.subject.replace(b"tereze.in.", b"tereze.ask.", 1) if one.asked else draft.subject
            reply = f"_INBOX_adapter.{run}.".encode() + way + f".{one.number}".encode()
            await publisher.publish(subject, draft.header_block(), draft.body_bytes(), reply)
        await publisher.flush()
        assert publisher.errors == []


async def letter_reasons(database: asyncpg.Pool[asyncpg.Record]) -> dict[int, list[dict[str, str]]]:
    """The reasons of every dead letter that came by the stream, by its number there."""
    rows = await database.fetch("SELECT origin, reasons::text FROM ops.dead_letter WHERE origin LIKE 'TEREZE_IN:%'")
    return {int(row["origin"].split(":")[1]): orjson.loads(row["reasons"]) for row in rows}


def pids(system: System) -> dict[str, int | None]:
    return {part.name: part.pid for part in system.state.parts()}


async def open_cases(system: System) -> None:
    async with Submitter(system.url_for("adapter"), "/setup") as submitter:
        for type_name, case_id in OPENED:
            draft = sample(type_name, 0, case_id=case_id)
            answer = await submitter.ask(type_name, draft.body_bytes(), event_id=case_id, role=usual(type_name))
            assert answer.status is Status.ACCEPTED, answer


async def test_ten_thousand_hostile_messages_cost_nobody_anything(
    hostile_system: System, adapter: Client, database: asyncpg.Pool[asyncpg.Record]
) -> None:
    # Given a running system with two open cases, and the attacks
    await open_cases(hostile_system)
    before = pids(hostile_system)
    thrown = barrage(made_attacks(ATTACKS_MADE))
    hostile = [one for one in thrown if one.attack is not None]
    valid = [one for one in thrown if one.attack is None]
    assert len(hostile) >= 10_000

    # When all are thrown at it
    await throw(hostile_system, adapter, thrown)

    # Then each that says where to is answered,
    def unanswered() -> list[Thrown]:
        return [one for one in thrown if one.is_answered_on_the_bus and not one.answers]

    await until(lambda: not unanswered(), 60, lambda: f"{len(unanswered())} have no answer, e.g. {unanswered()[0]}")

    # the stream is empty: nothing lies about, stray or stuck,
    async def all_taken() -> bool:
        return await left_in_stream(hostile_system) == 0

    await until(all_taken, 30, lambda: "messages are left in the stream")

    # every valid neighbour is accepted, once,
    assert [f"{one.answers} to {one}" for one in valid if [it.status for it in one.answers] != [Status.ACCEPTED]] == []
    for one in valid:
        message_id = f"/hostile m{one.number}"
        assert await database.fetchval("SELECT count(*) FROM store.inbox WHERE message_id = $1", message_id) == 1
        assert await database.fetchval("SELECT count(*) FROM store.event WHERE causation_id = $1", message_id) == 1

    # every hostile one has its specific reasons, and is kept as a dead letter,
    letters = await letter_reasons(database)
    asked_letters = await database.fetchval("SELECT count(*) FROM ops.dead_letter WHERE origin LIKE 'ask:%'")
    refused_asks = 0
    for one in hostile:
        if one.asked or one.answers:
            (answer,) = one.answers
            reasons = [(reason.code, reason.message) for reason in answer.reasons]
            if one.attack is not None and not one.attack.codes and answer.status is Status.ACCEPTED:
                continue  # the change was harmless
            assert answer.status in {Status.REJECTED, Status.CONFLICT}, f"{answer} to {one}"
        else:
            assert one.sequence in letters, str(one)
            reasons = [(reason["code"], reason["message"]) for reason in letters[one.sequence]]
        assert reasons, str(one)
        assert all(code and message for code, message in reasons), f"{reasons} to {one}"
        if one.attack is not None and one.attack.codes:
            assert reasons[0][0] in one.attack.codes, f"{reasons} to {one}"
        assert "internal_error" not in {code for code, _ in reasons}, str(one)
        refused_asks += one.asked
        assert one.asked or one.sequence in letters, f"no dead letter: {one}"
    assert asked_letters == refused_asks

    # and nobody died or lags.
    assert pids(hostile_system) == before
    assert await status(hostile_system) == 0
    async with Submitter(hostile_system.url_for("adapter"), "/after") as submitter:
        for number, type_name in enumerate(ACCEPTED, start=90_000):
            body = sample(type_name, number).body_bytes()
            answer = await submitter.ask(type_name, body, event_id=type_name, role=usual(type_name), timeout_s=5)
            assert answer.status is Status.ACCEPTED


async def status(system: System) -> int:
    """The exit status of `tereze status`."""
    home = ("--home", str(system.home.path))
    command = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "deploy.cli.main", "status", *home, stdout=DEVNULL
    )
    return await command.wait()


async def left_in_stream(system: System) -> int:
    client = await nats.connect(system.url_for("admin"), inbox_prefix=b"_INBOX_admin")
    try:
        return (await client.jetstream().stream_info(IN_STREAM)).state.messages
    finally:
        await client.close()
