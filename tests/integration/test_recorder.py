"""The store under the `eventsourcing` library: its own test suite, a stock application, and what that suite omits."""

from __future__ import annotations

import sys
import threading
from collections.abc import AsyncIterator, Iterator
from uuid import UUID, uuid4

import asyncpg
import eventsourcing.cryptography
import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import (
    ApplicationRecorder,
    InfrastructureFactory,
    InfrastructureFactoryError,
    IntegrityError,
    OperationalError,
    StoredEvent,
)

from shared.eventstore.recorder import AsyncpgRecorder, Factory, create_context
from tests.conftest import RunningServers

# The library's test module imports its pycryptodome cipher, which is not installed here and not used by the tests
# of recorders; the library has the same cipher over `cryptography`.
sys.modules.setdefault("eventsourcing.cipher", eventsourcing.cryptography)
from eventsourcing.tests.persistence import ApplicationRecorderTestCase  # noqa: E402


@pytest.fixture
async def dsn(clean_store: RunningServers) -> AsyncIterator[str]:
    """A database whose application context is empty and whose positions begin at 1."""
    dsn = clean_store.dsn()
    connection = await asyncpg.connect(dsn)
    drawn = await connection.fetchval("SELECT last_value FROM store.position")
    await create_context(connection)
    await connection.execute("ALTER SEQUENCE store.position RESTART WITH 1")
    yield dsn
    await connection.execute("DROP TABLE store.event_application")
    # The other tests' bus remembers message ids made of positions: the sequence must not come back to them.
    await connection.execute("SELECT setval('store.position', last_value + $1) FROM store.position", drawn)
    await connection.close()


class TestLibrarySuite(ApplicationRecorderTestCase[AsyncpgRecorder]):
    """The library's own tests of an application recorder."""

    @pytest.fixture(autouse=True)
    def _recorders(self, dsn: str) -> Iterator[None]:
        self._dsn = dsn
        self._made: list[AsyncpgRecorder] = []
        yield
        for recorder in self._made:
            recorder.close()

    def create_recorder(self) -> AsyncpgRecorder:
        self._made.append(AsyncpgRecorder(self._dsn))
        return self._made[-1]

    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


@pytest.fixture
def recorder(dsn: str) -> Iterator[AsyncpgRecorder]:
    recorder = AsyncpgRecorder(dsn, ids_are_uuids=False)
    yield recorder
    recorder.close()


def stored(stream_id: str, version: int = 1, state: bytes = b'{"n": 1}') -> StoredEvent:
    return StoredEvent(stream_id, version, "topic", state)


def shown(recorder: AsyncpgRecorder, start: int = 1) -> list[UUID | str]:
    return [one.originator_id for one in recorder.select_notifications(start, 100)]


_DRAW_AND_WRITE = """
INSERT INTO store.event_application (position, context, stream_id, version, type, schema_version, data, occurred_at,
                                     causation_id, correlation_id, actor)
VALUES (nextval('store.position'), 'application', $1, 1, 'topic', 1, '{}', now(), 'c', 'c', 'a')"""


@pytest.mark.parametrize("ends_with", ["COMMIT", "ROLLBACK"])
async def test_a_position_that_is_drawn_but_not_committed_holds_the_later_ones_back(
    dsn: str, recorder: AsyncpgRecorder, ends_with: str
) -> None:
    """Given the newest transaction alone running, a snapshot's xmin equals its xmax, and hides that it runs."""
    earlier, later = await asyncpg.connect(dsn), await asyncpg.connect(dsn)
    try:
        recorder.insert_events([stored("before")])
        assert shown(recorder) == ["before"]
        for connection in (earlier, later):
            await connection.execute("BEGIN")
            await connection.execute("SELECT pg_current_xact_id()")
        await later.execute(_DRAW_AND_WRITE, "later")
        await earlier.execute(_DRAW_AND_WRITE, "earlier")
        await earlier.execute("COMMIT")
        assert recorder.max_notification_id() == 3
        assert shown(recorder) == ["before"]
        await later.execute(ends_with)
        recovered = ["later"] if ends_with == "COMMIT" else []
        assert shown(recorder) == ["before", *recovered, "earlier"]
    finally:
        await earlier.close()
        await later.close()


async def test_readers_go_on_though_some_transaction_is_always_running(dsn: str, recorder: AsyncpgRecorder) -> None:
    """What ran when an event was written holds it back; what began later does not."""
    writers = [await asyncpg.connect(dsn) for _ in range(2)]
    try:
        for number in range(6):
            running = writers[number % 2]
            await running.execute("BEGIN")
            await running.execute("SELECT pg_current_xact_id()")
            recorder.insert_events([stored(f"s{number}")])
            shown(recorder)
            if number:
                await writers[(number + 1) % 2].execute("COMMIT")
        assert shown(recorder)[:4] == ["s0", "s1", "s2", "s3"]
    finally:
        for connection in writers:
            await connection.close()


def test_a_follower_misses_nothing_of_many_writers(recorder: AsyncpgRecorder) -> None:
    writers, each = 4, 40

    def write(number: int) -> None:
        for step in range(each):
            recorder.insert_events([stored(f"s{number}", 2 * step), stored(f"s{number}", 2 * step + 1)])

    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    with recorder.subscribe() as subscription:
        for thread in threads:
            thread.start()
        seen = [next(subscription) for _ in range(2 * writers * each)]
        for thread in threads:
            thread.join()
    ids = [one.id for one in seen]
    assert ids == sorted(set(ids))
    assert ids == [one.id for one in recorder.select_notifications(1, 10_000)]


@pytest.mark.parametrize(
    "state",
    [
        b"state",
        b"\x00\xff",
        b"",
        b"[1, 2]",
        b'"text"',
        b'{"a": "\\u0000"}',
        b'{"$bytes": "eA=="}',
        b'{"a": 1e999}',
        b'{"a": 1',
    ],
)
def test_any_state_comes_back_as_it_was(recorder: AsyncpgRecorder, state: bytes) -> None:
    recorder.insert_events([stored("s", 1, state)])
    assert recorder.select_events("s")[0].state == state


async def test_json_state_can_be_read_by_sql(dsn: str, recorder: AsyncpgRecorder) -> None:
    recorder.insert_events([stored("s", 1, b'{"street":"Abay","n":1}')])
    connection = await asyncpg.connect(dsn)
    try:
        assert await connection.fetchval("SELECT data->>'street' FROM store.event WHERE stream_id = 's'") == "Abay"
    finally:
        await connection.close()


def test_a_used_version_is_an_integrity_error_and_writes_nothing(recorder: AsyncpgRecorder) -> None:
    recorder.insert_events([stored("s", 1)])
    with pytest.raises(IntegrityError):
        recorder.insert_events([stored("other", 1), stored("s", 1)])
    assert recorder.select_events("other") == []


def test_what_the_database_refuses_is_an_operational_error(recorder: AsyncpgRecorder) -> None:
    with pytest.raises(OperationalError):
        recorder.insert_events([stored("s", 1, b'{"a": "\\ud800"}'), StoredEvent("s\x00", 1, "topic", b"{}")])


class Window(Aggregate):
    """A tiny aggregate: a counter window that serves people."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.served: list[str] = []

    @event("Served")
    def serve(self, ticket: str) -> None:
        self.served.append(ticket)


def test_a_stock_application_runs_on_the_store(dsn: str) -> None:
    env = {"PERSISTENCE_MODULE": "shared.eventstore.recorder", "TEREZE_DATABASE_URL": dsn}
    with Application[UUID](env=env) as app:
        window = Window("Қабылдау")
        window.serve("A-1")
        app.save(window)
        window.serve("A-2")
        app.save(window)
        assert isinstance(app.recorder, AsyncpgRecorder)
    with Application[UUID](env=env) as again:
        loaded: Window = again.repository.get(window.id)
        assert (loaded.name, loaded.served, loaded.version) == ("Қабылдау", ["A-1", "A-2"], 3)
        assert [one.originator_version for one in again.notification_log.select(1, 10)] == [1, 2, 3]


def test_the_factory_says_what_to_set(dsn: str) -> None:
    module = {"PERSISTENCE_MODULE": "shared.eventstore.recorder"}
    with pytest.raises(InfrastructureFactoryError, match="set TEREZE_DATABASE_URL"):
        InfrastructureFactory.construct(module).application_recorder()
    with pytest.raises(InfrastructureFactoryError, match="set it to uuid or text"):
        Factory({"TEREZE_DATABASE_URL": dsn, "ORIGINATOR_ID_TYPE": "int"}).application_recorder()
    with pytest.raises(InfrastructureFactoryError, match="IS_SNAPSHOTTING_ENABLED"):
        Factory({}).aggregate_recorder("snapshots")


def test_text_ids_stay_text(dsn: str) -> None:
    factory = Factory({"TEREZE_DATABASE_URL": dsn, "ORIGINATOR_ID_TYPE": "text"})
    try:
        recorder: ApplicationRecorder = factory.application_recorder()
        name = str(uuid4())
        recorder.insert_events([stored(name)])
        assert recorder.select_notifications(1, 1)[0].originator_id == name
    finally:
        factory.close()
