"""Appends of one-event commands by 16 concurrent callers: Tereze, the stock library, a bare group insert."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from enum import Enum
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeAlias
from uuid import uuid4

import asyncpg

from deploy.home import Home
from deploy.servers import Servers
from services.intake.domain import DECIDER
from shared.bus.answers import Status
from shared.contracts.intake import Consumer, ReceiveWrittenRequest
from shared.contracts.values import Role
from shared.eventstore import Append, Appended, EventStore, GroupCommit, NewEvent, Outcome, Vault
from shared.process import connect_service_pool
from shared.service.processor import Incoming, Processor, Result
from tests.bench import stock
from tests.bench.report import Report, Target, ratio

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
CALLERS = 16
COMPARED = (
    "Each caller waits for its event to be committed, then brings the next one; one server, fsync and "
    "synchronous_commit on. Tereze: contract, decide, evolve, JSON, group commit with inbox and version "
    "check, answer (Processor behind GroupCommit); a request of history, which looks nothing up. "
    "Stock: eventsourcing.postgres with its defaults, 16 threads, one aggregate and one event a command, JSON of "
    "the same size, nothing sealed on either side. "
    "Bare: the same rows, made beforehand, in groups of the size Tereze made, events and inbox by one INSERT "
    "… SELECT unnest over as many connections as Tereze used, no checks, no answer; compared with Tereze's "
    "append of rows made beforehand."
)

_BARE_TABLES = """
DROP SCHEMA IF EXISTS bare CASCADE;
CREATE SCHEMA bare;
CREATE TABLE bare.event (LIKE store.event_intake INCLUDING DEFAULTS INCLUDING INDEXES);
CREATE TABLE bare.inbox (LIKE store.inbox_intake INCLUDING DEFAULTS INCLUDING INDEXES);
GRANT USAGE ON SCHEMA bare TO tereze_intake;
GRANT SELECT, INSERT ON bare.event, bare.inbox TO tereze_intake;
"""
_BARE = """
WITH written AS (
    INSERT INTO bare.event (context, stream_id, version, type, schema_version, data, occurred_at, causation_id,
                            correlation_id, actor, traceparent)
    SELECT 'intake', * FROM unnest($1::text[], $2::int[], $3::text[], $4::smallint[], $5::jsonb[], $6::timestamptz[],
                                   $7::text[], $8::text[], $9::text[], $10::text[])
)
INSERT INTO bare.inbox (context, message_id, fingerprint, positions)
SELECT 'intake', m.message_id, m.fingerprint, ARRAY[m.position]
FROM unnest($7::text[], $11::bytea[], $12::bigint[]) AS m(message_id, fingerprint, position)
"""
_EMPTY = """
TRUNCATE store.event, store.inbox, bare.event, bare.inbox;
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'stock' LOOP
        EXECUTE format('TRUNCATE stock.%I', name);
    END LOOP;
END $$;
"""

FIELDS: dict[str, Any] = {
    "channel": "email",
    "language": "kk",
    "office": "Centre 1",
    "history": True,
    "topic": "Тұрғын үй кезегіне қалай тұрамын және қандай құжаттар керек? Өтініш берілді, жауап жоқ. " * 2,
}
PERSONAL: dict[str, str] = {"name": "Айгүл Серікқызы", "phone": "+77010000000"}
QUESTION = "Қашан жауап болады?"
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Consumers(Enum):
    """Whose command it is, and so what is sealed."""

    NONE = "nothing personal is said"
    KNOWN = "three sealed fields, of consumers known before"
    NEW = "three sealed fields, each of a consumer not known before: a second commit, for keys"


def incoming(case_id: str, caller: int, consumers: Consumers) -> Incoming:
    """A command as a service takes it from the bus, checked by its contract."""
    if consumers is Consumers.NONE:
        message = ReceiveWrittenRequest(case_id=case_id, **FIELDS)
    else:
        known = f"consumer-{caller}" if consumers is Consumers.KNOWN else None
        consumer = Consumer(consumer_id=known, **PERSONAL)
        message = ReceiveWrittenRequest(case_id=case_id, consumer=consumer, question=QUESTION, **FIELDS)
    return Incoming(
        id=case_id,
        message_id=f"/bench {case_id}",
        fingerprint=blake2b(case_id.encode(), digest_size=16).digest(),
        type="ReceiveWrittenRequest",
        message=message,
        occurred_at=NOON,
        actor="/bench",
        role=Role.CHANNEL,
        traceparent=TRACEPARENT,
    )


async def callers_rate(seconds: float, call: Callable[[int], Awaitable[None]]) -> float:
    """Calls a second of 16 concurrent callers that call without pause for so long."""
    until = time.perf_counter() + seconds

    async def caller(number: int) -> int:
        done = 0
        while time.perf_counter() < until:
            await call(number)
            done += 1
        return done

    began = time.perf_counter()
    done = sum(await asyncio.gather(*map(caller, range(CALLERS))))
    return done / (time.perf_counter() - began)


class Sides:
    """The sides of the comparison over one database, each measured for some seconds at a time."""

    def __init__(self, pool: Pool, seconds: float) -> None:
        self._pool = pool
        self._seconds = seconds
        self._numbers = itertools.count()
        self._run = uuid4().hex[:8]
        self._store = EventStore(pool, "intake")
        self.sample: Append | None = None
        self.groups: list[int] = []

    async def tereze(self, consumers: Consumers) -> float:
        """Whole commands."""
        recording = _Recording(self._store)
        processor = Processor(DECIDER, recording, Vault(self._pool))

        async def process(batch: Sequence[Incoming]) -> list[Result]:
            return await processor.process(batch, datetime.now(UTC))

        group = GroupCommit(process)

        async def call(caller: int) -> None:
            result = await group.submit(incoming(self._case_id(), caller, consumers))
            if result.answer.status is not Status.ACCEPTED:
                raise AssertionError(f"not accepted: {result.answer}")

        measured = await callers_rate(self._seconds, call)
        if consumers is Consumers.NONE:
            self.sample, self.groups = recording.last, self.groups + recording.groups
        return measured

    async def store(self) -> float:
        """Our store alone: appends made beforehand in all but their ids."""
        sample = self._sample()
        events = tuple(NewEvent(one.type, one.schema_version, one.data, one.occurred_at) for one in sample.events)
        group = GroupCommit(self._store.append)

        async def call(_: int) -> None:
            case_id = self._case_id()
            appended: Appended = await group.submit(
                Append(
                    message_id=f"/bench {case_id}",
                    fingerprint=sample.fingerprint,
                    stream_id=f"case-{case_id}",
                    expected_version=0,
                    correlation_id=case_id,
                    actor=sample.actor,
                    traceparent=sample.traceparent,
                    events=events,
                )
            )
            if appended.outcome is not Outcome.APPENDED:
                raise AssertionError(f"not appended: {appended}")

        return await callers_rate(self._seconds, call)

    async def bare(self) -> float:
        """The same rows, one group after the other."""
        until, began, done = time.perf_counter() + self._seconds, time.perf_counter(), 0
        while time.perf_counter() < until:
            await self._pool.execute(_BARE, *self._bare_group(done))
            done += self.group_size
        return done / (time.perf_counter() - began)

    def _bare_group(self, number: int) -> tuple[list[Any], ...]:
        sample, size = self._sample(), self.group_size
        event = sample.events[0]
        ids = [self._case_id() for _ in range(size)]
        return (
            [f"case-{one}" for one in ids],
            [1] * size,
            [event.type] * size,
            [event.schema_version] * size,
            [event.data.decode()] * size,
            [event.occurred_at] * size,
            [f"/bench {one}" for one in ids],
            ids,
            [sample.actor] * size,
            [sample.traceparent] * size,
            [sample.fingerprint] * size,
            list(range(number, number + size)),
        )

    @property
    def group_size(self) -> int:
        """Tereze's average group."""
        return round(sum(self.groups) / len(self.groups))

    @property
    def event_bytes(self) -> int:
        return len(self._sample().events[0].data)

    def _sample(self) -> Append:
        if self.sample is None:
            raise AssertionError("measure Tereze first: the others write rows like its own")
        return self.sample

    def _case_id(self) -> str:
        return f"{self._run}-{next(self._numbers):07d}"


class _Recording:
    """The store, remembering what it was given."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self.last: Append | None = None
        self.groups: list[int] = []
        self.load, self.load_from = store.load, store.load_from
        self.seen = store.seen

    async def append(self, batch: Sequence[Append]) -> list[Appended]:
        self.last = batch[-1]
        self.groups.append(len(batch))
        return await self._store.append(batch)


async def measure(folder: Path, *, rounds: int, seconds: float) -> Report:
    """All sides in turn, `rounds` times, `seconds` each, on servers of their own in `folder`."""
    servers = Servers(Home.at(folder))
    try:
        await servers.start()
        return await _measure(servers, rounds=rounds, seconds=seconds)
    finally:
        await servers.stop()


async def _measure(servers: Servers, *, rounds: int, seconds: float) -> Report:
    report = Report("Append: one-event commands, 16 concurrent callers", COMPARED)
    admin = servers.dsn_for("admin")
    await stock.make_schema(admin)
    connection = await asyncpg.connect(admin)
    pool = await connect_service_pool(servers.dsn_for("intake"), "bench")
    library = await asyncio.to_thread(stock.Requests, stock.environment(admin))
    found: dict[str, list[float]] = defaultdict(list)
    try:
        await connection.execute(_BARE_TABLES)
        for name in ("fsync", "synchronous_commit", "wal_sync_method"):
            report.facts[name] = await connection.fetchval(f"SHOW {name}")
        warm = Sides(pool, 0.5)
        await warm.tereze(Consumers.NONE)
        fields = _same_size(library, warm.event_bytes)
        report.facts["event JSON, bytes"] = f"{warm.event_bytes}, stock {stock.event_bytes(library, fields)}"

        def receive(_: int) -> None:
            library.receive(**fields)

        await asyncio.to_thread(stock.rate, CALLERS, 0.5, receive)
        sides = Sides(pool, seconds)
        for _ in range(rounds):
            await connection.execute(_EMPTY)
            found["stock"].append(await asyncio.to_thread(stock.rate, CALLERS, seconds, receive))
            for consumers in Consumers:
                found[consumers.name].append(await sides.tereze(consumers))
                if consumers is Consumers.NONE:
                    found["bare"].append(await sides.bare())
                    found["store"].append(await sides.store())
    finally:
        await asyncio.to_thread(library.close)
        await asyncio.gather(pool.close(), connection.close())
    report.facts["Tereze's groups, commands"] = sides.group_size
    whole, *_ = (
        report.add(f"Tereze, whole commands; {consumers.value}", "commands/s", *found[consumers.name])
        for consumers in Consumers
    )
    library_rate = report.add("stock eventsourcing application", "commands/s", *found["stock"])
    store = report.add("Tereze, append of rows made beforehand", "rows/s", *found["store"])
    bare = report.add("bare asyncpg group insert", "rows/s", *found["bare"])
    report.facts["whole commands ÷ bare group insert"] = round(ratio(whole, bare), 2)
    report.targets += [
        Target("whole commands ÷ stock application", ratio(whole, library_rate), "×", least=10),
        Target("append ÷ bare group insert", ratio(store, bare), "×", least=0.5),
    ]
    return report


def _same_size(library: stock.Requests, size: int) -> dict[str, Any]:
    """Fields for the library's event, the topic so long that its JSON has `size` bytes."""
    fields = {**FIELDS, "case_id": "12345678-0000000", "history": False, "has_contacts": False, "topic": ""}
    return fields | {"topic": "q" * (size - stock.event_bytes(library, fields))}
