"""The group commit: what each message of a batch comes to, alone and with others writing the same streams."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import TypeAlias

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.eventstore import Append, Appended, EventStore, NewEvent, Outcome
from tests.conftest import RunningServers

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
async def writer(clean_store: RunningServers) -> AsyncIterator[Pool]:
    async with asyncpg.create_pool(clean_store.dsn("intake"), min_size=2, max_size=8) as pool:
        yield pool


@pytest.fixture
def store(writer: Pool) -> EventStore:
    return EventStore(writer, "intake")


def message(message_id: str, stream_id: str, expected: int, *names: str, fingerprint: bytes = b"f") -> Append:
    """A message whose events are named, by default one."""
    return Append(
        message_id=message_id,
        fingerprint=fingerprint,
        stream_id=stream_id,
        expected_version=expected,
        correlation_id=stream_id.removeprefix("request-"),
        actor="k-1",
        traceparent=None,
        events=tuple(
            NewEvent("RequestReceived", 1, b'{"n": "%s"}' % name.encode(), NOON) for name in (names or (message_id,))
        ),
    )


def outcomes(results: list[Appended]) -> list[Outcome]:
    return [result.outcome for result in results]


async def told(store: EventStore, stream_id: str) -> list[str]:
    """Which events stand in the stream, after checking that its versions count from 1 without a gap."""
    events = (await store.load([stream_id]))[stream_id]
    assert [event.version for event in events] == list(range(1, len(events) + 1))
    return [event.data.decode().split('"')[3] for event in events]


async def test_a_batch_is_appended_in_its_order(store: EventStore) -> None:
    results = await store.append([message("m2", "request-b", 0, "x", "y"), message("m1", "request-a", 0)])
    assert outcomes(results) == [Outcome.APPENDED, Outcome.APPENDED]
    positions = [position for result in results for position in result.positions]
    assert len(positions) == 3
    assert positions == sorted(positions)
    loaded = await store.load(["request-a", "request-b", "request-c"])
    assert {stream: [event.position for event in events] for stream, events in loaded.items()} == {
        "request-a": positions[2:],
        "request-b": positions[:2],
        "request-c": [],
    }
    event = loaded["request-b"][0]
    assert (event.context, event.type, event.version, event.occurred_at) == ("intake", "RequestReceived", 1, NOON)
    assert (event.causation_id, event.correlation_id, event.actor, event.traceparent) == ("m2", "b", "k-1", None)
    assert event.data == b'{"n": "x"}'


async def test_nothing_is_appended_for_an_empty_batch(store: EventStore) -> None:
    assert await store.append([]) == []


async def test_a_message_sent_again_is_a_duplicate_with_the_positions_of_the_first(store: EventStore) -> None:
    (first,) = await store.append([message("m", "request-a", 0, "x", "y")])
    again = await store.append([message("m", "request-a", 2), message("m", "request-other", 0)])
    assert again == [Appended(Outcome.DUPLICATE, first.positions)] * 2
    assert await told(store, "request-a") == ["x", "y"]


async def test_another_message_under_a_used_id_is_told_so(store: EventStore) -> None:
    await store.append([message("m", "request-a", 0)])
    results = await store.append([message("m", "request-a", 1, fingerprint=b"other"), message("n", "request-b", 0)])
    assert results[0] == Appended(Outcome.REUSED)
    assert outcomes(results) == [Outcome.REUSED, Outcome.APPENDED]
    assert await told(store, "request-a") == ["m"]


async def test_one_id_several_times_in_one_batch(store: EventStore) -> None:
    results = await store.append(
        [
            message("m", "request-a", 0),
            message("m", "request-a", 0),
            message("m", "request-a", 0, fingerprint=b"other"),
        ]
    )
    assert outcomes(results) == [Outcome.APPENDED, Outcome.DUPLICATE, Outcome.REUSED]
    assert results[0].positions == results[1].positions
    assert await told(store, "request-a") == ["m"]


async def test_a_conflict_fails_its_message_alone(store: EventStore) -> None:
    await store.append([message("m0", "request-a", 0)])
    results = await store.append(
        [message("m1", "request-b", 0), message("m2", "request-a", 0, "x", "y"), message("m3", "request-c", 0)]
    )
    assert outcomes(results) == [Outcome.APPENDED, Outcome.CONFLICT, Outcome.APPENDED]
    assert await told(store, "request-a") == ["m0"]
    (retried,) = await store.append([message("m2", "request-a", 1, "x", "y")])
    assert retried.outcome is Outcome.APPENDED, "a conflict leaves the id free"
    assert await told(store, "request-a") == ["m0", "x", "y"]


async def test_a_chain_on_one_stream_is_appended_whole(store: EventStore) -> None:
    results = await store.append(
        [message("m1", "request-a", 0, "x", "y"), message("n", "request-b", 0), message("m2", "request-a", 2)]
    )
    assert outcomes(results) == [Outcome.APPENDED] * 3
    assert await told(store, "request-a") == ["x", "y", "m2"]


async def test_when_a_chain_breaks_its_followers_conflict(store: EventStore) -> None:
    """Though the stream stands at the version they expect: it got there by another event than they were decided on."""
    await store.append([message("m0", "request-a", 0)])
    results = await store.append(
        [message("m1", "request-a", 0, "x"), message("m2", "request-a", 1, "y"), message("m3", "request-a", 2, "z")]
    )
    assert outcomes(results) == [Outcome.CONFLICT] * 3
    assert await told(store, "request-a") == ["m0"]


async def test_what_does_not_follow_a_failed_neighbour_is_appended(store: EventStore) -> None:
    """A conflict fails its message alone, on the same stream too."""
    await store.append([message("m0", "request-a", 0, "a", "b")])
    results = await store.append(
        [message("m1", "request-a", 0, "x"), message("m2", "request-a", 2, "y"), message("m3", "request-a", 3, "z")]
    )
    assert outcomes(results) == [Outcome.CONFLICT, Outcome.APPENDED, Outcome.APPENDED]
    assert await told(store, "request-a") == ["a", "b", "y", "z"]


async def test_what_was_decided_on_a_repeated_message_conflicts(store: EventStore) -> None:
    await store.append([message("m0", "request-a", 0)])
    results = await store.append(
        [message("m1", "request-b", 0), message("m1", "request-a", 0), message("m2", "request-a", 1)]
    )
    assert outcomes(results) == [Outcome.APPENDED, Outcome.DUPLICATE, Outcome.CONFLICT]


async def test_seen_tells_what_was_appended_before(store: EventStore) -> None:
    (result,) = await store.append([message("m", "request-a", 0, "x", "y")])
    assert await store.seen(["m", "n"]) == {"m": (b"f", result.positions)}


async def test_after_a_duplicate_the_followers_decided_on_it_conflict(store: EventStore) -> None:
    await store.append([message("m1", "request-a", 0)])
    results = await store.append([message("m1", "request-a", 1), message("m2", "request-a", 2)])
    assert outcomes(results) == [Outcome.DUPLICATE, Outcome.CONFLICT]
    results = await store.append([message("m1", "request-a", 1), message("m2", "request-a", 1)])
    assert outcomes(results) == [Outcome.DUPLICATE, Outcome.APPENDED]


async def test_of_many_messages_on_one_version_one_is_appended(store: EventStore) -> None:
    results = await store.append([message(f"m{n}", "request-a", 0) for n in range(200)])
    assert Counter(outcomes(results)) == {Outcome.APPENDED: 1, Outcome.CONFLICT: 199}
    assert await told(store, "request-a") == ["m0"]


async def test_a_message_without_events_is_remembered(store: EventStore) -> None:
    silent = Append("m", b"f", "request-a", 0, "a", "k-1", None, ())
    assert await store.append([silent]) == [Appended(Outcome.APPENDED)]
    assert await store.append([silent]) == [Appended(Outcome.DUPLICATE)]


async def test_an_event_may_belong_to_another_case_than_its_message(store: EventStore) -> None:
    one = message("m1", "request-a", 0, "x", "y")
    whole = one._replace(events=(one.events[0], one.events[1]._replace(correlation_id="form-7")))
    ((_, positions),) = [(result.outcome, result.positions) for result in await store.append([whole])]
    stored = (await store.load(["request-a"]))["request-a"]
    assert [event.correlation_id for event in stored] == ["a", "form-7"]
    cases = {positions[0]: "a", positions[1]: "form-7"}
    assert await store.cases(["request-a", "request-b"], positions) == cases
    assert await store.cases(["request-b"], positions) == {}


async def test_a_stream_is_read_from_where_it_was_carried_forward(store: EventStore) -> None:
    def closing(number: int) -> Append:
        one = message(f"close-{number}", "request-a", 2 * number + 1)
        return one._replace(events=(one.events[0]._replace(type="WrittenRequestRegistered"),))

    await store.append([message("m0", "request-a", 0), message("b0", "request-b", 0)])
    carried = ["WrittenRequestRegistered", "NeverSeen"]
    for number in range(3):
        assert await read(store, carried) == (["m0"] if number == 0 else [f"close-{number - 1}", f"m{number}"])
        after = message(f"m{number + 1}", "request-a", 2 * number + 2)
        assert outcomes(await store.append([closing(number), after])) == [Outcome.APPENDED] * 2
    assert await read(store, carried) == ["close-2", "m3"]
    whole = await store.load(["request-a", "request-b", "request-c"], carried)
    assert {stream: len(events) for stream, events in whole.items()} == {"request-a": 2, "request-b": 1, "request-c": 0}
    assert len((await store.load(["request-a"]))["request-a"]) == 7


async def read(store: EventStore, since: list[str]) -> list[str]:
    return [event.data.decode().split('"')[3] for event in (await store.load(["request-a"], since))["request-a"]]


async def test_a_service_cannot_append_for_another(writer: Pool) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await EventStore(writer, "consult").append([message("m", "request-a", 0)])


async def test_a_context_is_a_plain_name(writer: Pool) -> None:
    with pytest.raises(ValueError, match="no name of a context"):
        EventStore(writer, "intake; DROP")


def shuffled(work: set[tuple[str, int]], seed: int) -> list[tuple[str, int]]:
    items = sorted(work)
    random.Random(seed).shuffle(items)
    return items


async def test_writers_racing_for_the_same_streams_and_ids(store: EventStore) -> None:
    """Given four writers with the same work in different orders, each message has one effect."""
    streams = [f"request-{n}" for n in range(30)]

    async def write(number: int) -> None:
        left = {(stream, step) for stream in streams for step in range(4)}
        while left:
            versions = {stream: len(events) for stream, events in (await store.load(streams)).items()}
            batch = [
                message(f"{stream}/{step}", stream, versions[stream], f"{step}a", f"{step}b")
                for stream, step in shuffled(left, number)
            ]
            for sent, result in zip(batch, await store.append(batch), strict=True):
                if result.outcome in {Outcome.APPENDED, Outcome.DUPLICATE}:
                    stream, step = sent.message_id.rsplit("/", 1)
                    left.remove((stream, int(step)))

    async with asyncio.timeout(60):
        await asyncio.gather(*(write(number) for number in range(4)))
    for stream in streams:
        names = await told(store, stream)
        assert sorted(names) == sorted(f"{step}{part}" for step in range(4) for part in "ab")
        assert all(first[0] == second[0] for first, second in zip(names[::2], names[1::2], strict=True)), "torn apart"


@pytest.mark.parametrize("attempts", [4, 1], ids=["again as a batch", "one by one"])
async def test_a_batch_waits_for_another_writer_and_then_sees_its_work(
    store: EventStore, clean_store: RunningServers, monkeypatch: pytest.MonkeyPatch, attempts: int
) -> None:
    """A unique violation aborts the statement: the batch goes again in a new snapshot, and only the losers fail."""
    monkeypatch.setattr("shared.eventstore.store._ATTEMPTS", attempts)
    batch = [message("m", "request-a", 0), message("n", "request-b", 0), message("m2", "request-a", 1)]
    connection = await asyncpg.connect(clean_store.dsn("intake"))
    try:
        async with connection.transaction():
            await connection.execute(
                """INSERT INTO store.event_intake (context, stream_id, version, type, schema_version, data, occurred_at,
                       causation_id, correlation_id, actor)
                   VALUES ('intake', 'request-a', 1, 'RequestReceived', 1, '{"n": "first"}', now(), 'c', 'a', 'k')"""
            )
            racing = asyncio.create_task(store.append(batch))
            await _wait_until_blocked(connection)
    finally:
        await connection.close()
    assert outcomes(await racing) == [Outcome.CONFLICT, Outcome.APPENDED, Outcome.CONFLICT]
    assert await told(store, "request-a") == ["first"]


async def _wait_until_blocked(connection: asyncpg.Connection) -> None:
    async with asyncio.timeout(20):
        while not await connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):  # noqa: ASYNC110
            await asyncio.sleep(0.01)  # the server has no event to wait for


IDS = st.integers(0, 11)
MESSAGES = st.tuples(IDS, st.integers(0, 2), st.integers(-1, 2), st.integers(0, 2), st.booleans())
BATCHES = st.lists(st.lists(MESSAGES, max_size=8), min_size=1, max_size=4)
ROUNDS = iter(range(10**9))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(writers=st.lists(BATCHES, min_size=1, max_size=3))
async def test_any_interleaving_gives_whole_streams_and_one_append_a_message(
    store: EventStore, writer: Pool, writers: list[list[list[tuple[int, int, int, int, bool]]]]
) -> None:
    """Writers send batches at once: messages of few ids on three streams, at stale, right and future versions."""
    salt = next(ROUNDS)
    appended: dict[str, list[tuple[Append, Appended]]] = {}

    async def write(batches: list[list[tuple[int, int, int, int, bool]]]) -> None:
        for drawn in batches:
            streams = [f"request-{salt}-{n}" for n in range(3)]
            versions = {stream: len(events) for stream, events in (await store.load(streams)).items()}
            batch = [
                message(
                    f"{salt}/{number}",
                    streams[stream],
                    max(0, versions[streams[stream]] + shift),
                    *(f"{number}.{n}" for n in range(events + 1)),
                    fingerprint=b"f" if same else b"other",
                )
                for number, stream, shift, events, same in drawn
            ]
            results = await store.append(batch)
            assert len(results) == len(batch)
            for sent, result in zip(batch, results, strict=True):
                appended.setdefault(sent.message_id, []).append((sent, result))

    await asyncio.gather(*(write(batches) for batches in writers))

    for stream in range(3):
        await told(store, f"request-{salt}-{stream}")
    for message_id, tries in appended.items():
        winners = [(sent, result) for sent, result in tries if result.outcome is Outcome.APPENDED]
        rows = await writer.fetch(
            "SELECT position, version, stream_id FROM store.event_intake WHERE causation_id = $1 ORDER BY position",
            message_id,
        )
        if not winners:
            assert not rows
            assert {result.outcome for _, result in tries} == {Outcome.CONFLICT}
            continue
        ((sent, result),) = winners
        assert [row["position"] for row in rows] == list(result.positions)
        assert {row["stream_id"] for row in rows} == {sent.stream_id}
        assert [row["version"] for row in rows] == [sent.expected_version + n + 1 for n in range(len(sent.events))]
        assert all(later == earlier + 1 for earlier, later in pairwise(row["version"] for row in rows))
        for other, outcome in tries:
            if outcome.outcome is Outcome.DUPLICATE:
                assert (outcome.positions, other.fingerprint) == (result.positions, sent.fingerprint)
            if outcome.outcome is Outcome.REUSED:
                assert other.fingerprint != sent.fingerprint
