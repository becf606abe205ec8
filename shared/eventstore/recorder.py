"""The store behind the `eventsourcing` library: `PERSISTENCE_MODULE=shared.eventstore.recorder`.

A stock `eventsourcing` application keeps its events in the same log, in a context of its own
(`TEREZE_CONTEXT`, default `application`), so they never mix with a service's streams; `create_context`
makes its partition. Notification ids are positions. The library's calls block, so the asyncpg pool
lives on an event loop in a background thread.

Snapshots, tracking and process recorders are not offered: Tereze keeps none of them (projections have their
checkpoints in `read.projection`).
"""

from __future__ import annotations

import asyncio
import re
import threading
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

import asyncpg
import orjson
from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    InfrastructureFactory,
    InfrastructureFactoryError,
    IntegrityError,
    Notification,
    OperationalError,
    ProcessRecorder,
    StoredEvent,
    Subscription,
    TrackingRecorder,
)
from eventsourcing.utils import Environment

from shared.troubles import STORE_TROUBLES

T = TypeVar("T")
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Row: TypeAlias = asyncpg.Record

_POLL_SECONDS = 0.1
"""How often a subscription looks for what other processes appended."""
_PAGE = 500
_WRAPPED = "$bytes"
_STATE = "convert_to(data::text, 'UTF8') AS state"

# The transaction takes its number before it draws positions: `_Settled` rests on it.
_INSERT = """
WITH me AS MATERIALIZED (SELECT pg_current_xact_id() AS xid)
INSERT INTO store.event_{context} (position, context, stream_id, version, type, schema_version, data, occurred_at,
                                   causation_id, correlation_id, actor, xid)
SELECT nextval('store.position'), '{context}', stream_id, version, type, 1, convert_from(data, 'UTF8')::jsonb, now(),
       'eventsourcing', stream_id, 'application', xid
FROM (SELECT me.xid, e.* FROM me CROSS JOIN unnest($1::text[], $2::int[], $3::text[], $4::bytea[]) WITH ORDINALITY
      AS e(stream_id, version, type, data, nth) ORDER BY e.nth) numbered
RETURNING position
"""
_SELECT = """
SELECT version, type, {state} FROM store.event_{context}
WHERE stream_id = $1 AND version > coalesce($2, -1) AND version <= coalesce($3, 2147483647)
ORDER BY version {order} LIMIT $4
"""
# The transactions are looked up after the sequence is read: the subquery depends on what was read.
_LOOK = """
WITH sequence AS MATERIALIZED (
    SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END AS drawn FROM store.position
)
SELECT drawn, ARRAY(
    SELECT transactionid::text FROM pg_locks
    WHERE locktype = 'transactionid' AND mode = 'ExclusiveLock' AND granted AND drawn IS NOT NULL
) AS running
FROM sequence
"""
_NOTIFICATIONS = """
SELECT position, stream_id, version, type, {state} FROM store.event_{context}
WHERE position >= $1 AND position <= $2 AND (cardinality($3::text[]) = 0 OR type = ANY($3::text[]))
ORDER BY position LIMIT $4
"""
_LAST = "SELECT max(position) FROM store.event_{context}"


async def create_context(connection: Connection, context: str = "application") -> None:
    """Make the partition for a library application's events, as the owner of the store. Idempotent."""
    name = f"store.event_{_checked(context)}"
    for statement in (
        f"CREATE TABLE IF NOT EXISTS {name} PARTITION OF store.event FOR VALUES IN ('{context}')",
        f"CREATE UNIQUE INDEX IF NOT EXISTS event_{context}_stream ON {name} (stream_id, version)",
        f"CREATE INDEX IF NOT EXISTS event_{context}_log ON {name} (xid, position)",
        f"CREATE UNIQUE INDEX IF NOT EXISTS event_{context}_position ON {name} (position)",
    ):
        await connection.execute(statement)


class _Loop:
    """An event loop in a thread of its own, for callers that block."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="eventstore", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class _Settled:
    """Up to which position nothing can appear any more.

    Who follows the library remembers one number, so it must be shown events in the order of positions; but
    a lower position may be committed after a higher one. Every drawn position belongs to a transaction that
    had its number, and so its lock, before. So once the transactions that ran when the sequence stood
    at `drawn` have ended, nothing will appear up to there. A snapshot's xmin does not do: where the newest
    transaction alone is running, xmin equals xmax, as if none were (ADR 0002).
    """

    def __init__(self) -> None:
        self.position = 0
        self._drawn = 0
        self._running: frozenset[str] = frozenset()

    def look(self, drawn: int, running: frozenset[str]) -> None:
        """Take in where the sequence stood and which transactions ran then."""
        if self._running & running:
            return
        self.position = max(self.position, self._drawn if running else drawn)
        self._drawn, self._running = drawn, running


class AsyncpgRecorder(ApplicationRecorder):
    """The library's application recorder over one context of the store. Thread-safe; its calls block.

    IntegrityError: the stream has that version already. OperationalError: the database did not do it.
    """

    def __init__(
        self, database_url: str, *, context: str = "application", ids_are_uuids: bool = True, connections: int = 10
    ) -> None:
        names = {"context": _checked(context), "state": _STATE}
        self._insert = _INSERT.format(**names)
        self._select = {desc: _SELECT.format(order="DESC" if desc else "ASC", **names) for desc in (False, True)}
        self._notifications = _NOTIFICATIONS.format(**names)
        self._last = _LAST.format(**names)
        self._ids_are_uuids = ids_are_uuids
        self._settled = _Settled()
        self._listeners: set[threading.Event] = set()
        self._loop = _Loop()
        self._pool = self._run(_open(database_url, connections))

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        if not stored_events:
            return []
        rows = self._run(
            self._pool.fetch(
                self._insert,
                [str(event.originator_id) for event in stored_events],
                [event.originator_version for event in stored_events],
                [event.topic for event in stored_events],
                [_wrap(event.state) for event in stored_events],
            )
        )
        for listener in tuple(self._listeners):
            listener.set()
        return [row["position"] for row in rows]

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        rows = self._run(self._pool.fetch(self._select[desc], str(originator_id), gt, lte, limit))
        return [StoredEvent(originator_id, row["version"], row["type"], _unwrap(row["state"])) for row in rows]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        first = 1 if start is None else start if inclusive_of_start else start + 1
        rows = self._run(self._settled_rows(first, limit, stop, list(topics)))
        return [
            Notification(
                id=row["position"],
                originator_id=self._originator_id(row["stream_id"]),
                originator_version=row["version"],
                topic=row["type"],
                state=_unwrap(row["state"]),
            )
            for row in rows
        ]

    def max_notification_id(self) -> int | None:
        return self._run(self._pool.fetchval(self._last))

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> Subscription[ApplicationRecorder]:
        return AsyncpgSubscription(self, gt, topics)

    def listen(self, listener: threading.Event) -> None:
        """Set `listener` after each insertion through this recorder."""
        self._listeners.add(listener)

    def unlisten(self, listener: threading.Event) -> None:
        self._listeners.discard(listener)

    def close(self) -> None:
        """Close the connections and end the thread."""
        self._run(self._pool.close())
        self._loop.close()

    async def _settled_rows(self, first: int, limit: int, stop: int | None, topics: list[str]) -> list[Row]:
        async with self._pool.acquire() as connection:
            look = await connection.fetchrow(_LOOK)
            if look is not None:
                self._settled.look(look["drawn"], frozenset(look["running"]))
            # A statement of its own: its snapshot is newer than the end of whatever was found to have ended.
            last = self._settled.position if stop is None else min(stop, self._settled.position)
            return await connection.fetch(self._notifications, first, last, topics, limit)

    def _originator_id(self, stream_id: str) -> UUID | str:
        return UUID(stream_id) if self._ids_are_uuids else stream_id

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        try:
            return self._loop.run(work)
        except asyncpg.UniqueViolationError as error:
            raise IntegrityError(str(error)) from error
        except STORE_TROUBLES as error:
            raise OperationalError(str(error)) from error


class AsyncpgSubscription(Subscription[AsyncpgRecorder]):
    """Yields notifications as they settle: woken by this process's insertions, polling for the others'."""

    def __init__(self, recorder: AsyncpgRecorder, gt: int | None, topics: Sequence[str]) -> None:
        super().__init__(recorder, gt, topics)
        self._woken = threading.Event()
        self._page: deque[Notification] = deque()
        recorder.listen(self._woken)

    def stop(self) -> None:
        super().stop()
        self._recorder.unlisten(self._woken)
        self._woken.set()

    def __next__(self) -> Notification:
        while not self._has_been_stopped:
            if self._page:
                return self._page.popleft()
            self._woken.clear()
            self._page.extend(
                self._recorder.select_notifications(
                    self._last_notification_id or 0, _PAGE, topics=self._topics, inclusive_of_start=False
                )
            )
            if self._page:
                self._last_notification_id = self._page[-1].id
            elif not self._has_been_stopped:
                self._woken.wait(_POLL_SECONDS)
        raise StopIteration


class Factory(InfrastructureFactory[TrackingRecorder]):
    """Reads `TEREZE_DATABASE_URL`, `TEREZE_CONTEXT` and the library's `ORIGINATOR_ID_TYPE` (`uuid` or `text`)."""

    def __init__(self, env: Environment | Mapping[str, str] | None) -> None:
        super().__init__(env if isinstance(env, Environment) else Environment(env=env))
        self._recorders: list[AsyncpgRecorder] = []

    def application_recorder(self) -> ApplicationRecorder:
        database_url = self.env.get("TEREZE_DATABASE_URL")
        if not database_url:
            raise InfrastructureFactoryError("set TEREZE_DATABASE_URL to the store's database, e.g. postgresql://…")
        id_type = (self.env.get("ORIGINATOR_ID_TYPE") or "uuid").lower()
        if id_type not in {"uuid", "text"}:
            raise InfrastructureFactoryError(f"ORIGINATOR_ID_TYPE is {id_type!r}; set it to uuid or text")
        recorder = AsyncpgRecorder(
            database_url,
            context=self.env.get("TEREZE_CONTEXT") or "application",
            ids_are_uuids=id_type == "uuid",
        )
        self._recorders.append(recorder)
        return recorder

    def aggregate_recorder(self, purpose: str = "events") -> AggregateRecorder:
        raise InfrastructureFactoryError(f"no recorder for {purpose}: leave IS_SNAPSHOTTING_ENABLED unset")

    def tracking_recorder(self, tracking_recorder_class: type[TrackingRecorder] | None = None) -> TrackingRecorder:
        raise InfrastructureFactoryError("no tracking recorder: projections keep their checkpoints in read.projection")

    def process_recorder(self) -> ProcessRecorder:
        raise InfrastructureFactoryError("no process recorder: use the services' reactions instead")

    def close(self) -> None:
        while self._recorders:
            self._recorders.pop().close()


async def _open(database_url: str, connections: int) -> Pool:
    return await asyncpg.create_pool(database_url, min_size=1, max_size=connections)


def _wrap(state: bytes) -> bytes:
    """JSON as it is, so that SQL can read it; anything else in base64. jsonb keeps JSON's value, not its spelling."""
    try:
        value = orjson.loads(state)
    except orjson.JSONDecodeError:
        value = None
    # jsonb can't hold NUL, which JSON can write.
    if isinstance(value, dict) and _WRAPPED not in value and b"\\u0000" not in state:
        return state
    return orjson.dumps({_WRAPPED: b64encode(state).decode()})


def _unwrap(state: bytes) -> bytes:
    if state.startswith(b'{"' + _WRAPPED.encode() + b'"'):
        return b64decode(orjson.loads(state)[_WRAPPED])
    return state


def _checked(context: str) -> str:
    if not re.fullmatch("[a-z][a-z_]*", context):
        raise ValueError(f"{context!r} is no name of a context: small letters and _ only")
    return context
