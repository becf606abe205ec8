"""The event store: `EventStore` writes (group commit, ADR 0003), `Log` reads (ADR 0002)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple, TypeAlias

import asyncpg

from .append_sql import append_statement
from .log import Log
from .model import Append, Appended, Outcome, RecordedEvent
from .rows import COLUMNS, recorded

__all__ = ["EventStore", "Log"]

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
_NAME = re.compile("[A-Za-z_]+")
_LOST_RACE = (asyncpg.UniqueViolationError, asyncpg.DeadlockDetectedError)
_ATTEMPTS = 4
"""So often a batch is tried whole while others write the same streams; then message by message."""


class _Row(NamedTuple):
    """What the statement says of one message."""

    fits: bool
    version: int
    """The stream's version in the statement's snapshot."""
    known_fingerprint: bytes | None
    """The inbox's, where the message id was there before."""
    positions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Fate:
    """What became of a message id: who holds it in the inbox now, if anybody."""

    appended: bool
    holder: bytes | None = None
    positions: tuple[int, ...] = ()

    def of_first(self, message: Append) -> Appended:
        return Appended(Outcome.APPENDED, self.positions) if self.appended else self.of_repeated(message)

    def of_repeated(self, message: Append) -> Appended:
        if self.holder is None:
            return Appended(Outcome.CONFLICT)
        if self.holder != message.fingerprint:
            return Appended(Outcome.REUSED)
        return Appended(Outcome.DUPLICATE, self.positions)


_CONFLICT = _Fate(appended=False)


class _LostVersions:
    """Versions that streams of this batch would have reached by messages that were not appended.

    A message that expects such a version may have been decided on events that never were. The stream may
    stand at that very version by others' events, so the number alone does not tell.
    """

    def __init__(self) -> None:
        self._lost: set[tuple[str, int]] = set()

    def add(self, message: Append) -> None:
        if message.events:
            self._lost.add((message.stream_id, message.expected_version + len(message.events)))

    def __contains__(self, message: Append) -> bool:
        return (message.stream_id, message.expected_version) in self._lost


class EventStore:
    """Appends to, and loads from, the streams of one context."""

    def __init__(self, pool: Pool, context: str) -> None:
        if not re.fullmatch("[a-z][a-z_]*", context):
            raise ValueError(f"{context!r} is no name of a context: small letters and _ only")
        self._pool = pool
        self._context = context
        self._append = append_statement(context)
        self._load = f"""SELECT {COLUMNS} FROM store.event_{context}
            WHERE stream_id = ANY($1::text[]) ORDER BY stream_id, version"""  # noqa: S608 - context is checked above
        self._load_from = f"""SELECT {COLUMNS} FROM store.event_{context}
            JOIN unnest($1::text[], $2::int[]) AS known(stream, since) ON stream_id = stream AND version >= since
            ORDER BY stream_id, version"""  # noqa: S608 - context is checked above
        # LATERAL, and looked for from the stream's end: what was carried forward long ago is not passed over again.
        self._load_since = f"""SELECT {COLUMNS} FROM unnest($1::text[]) AS wanted (id)
            CROSS JOIN LATERAL (SELECT coalesce((
                SELECT c.version FROM store.event_{context} c WHERE c.stream_id = id AND c.type = ANY($2::text[])
                ORDER BY c.version DESC LIMIT 1), 0) AS first_version OFFSET 0) AS begin
            CROSS JOIN LATERAL (
                SELECT * FROM store.event_{context} e WHERE e.stream_id = id AND e.version >= first_version
                ORDER BY e.version) AS event
            ORDER BY stream_id, version"""  # noqa: S608 - context is checked above
        self._cases = f"""SELECT position, correlation_id FROM store.event_{context}
            WHERE stream_id = ANY($1::text[]) AND position = ANY($2::bigint[])"""  # noqa: S608 - see above
        self._seen = f"""SELECT message_id, fingerprint, positions FROM store.inbox_{context}
            WHERE message_id = ANY($1::text[])"""  # noqa: S608 - context is checked above

    async def append(self, batch: Sequence[Append]) -> list[Appended]:
        """Append many messages' events in one statement; the outcomes stand in the order of `batch`.

        The outcome is that of appending the messages one after the other: a message decided upon another one of
        the batch expects the version that the other one leaves, and conflicts where that one is not appended.
        Else none fails for its neighbours. Each is all or nothing. asyncpg's errors mean that it is not known
        what was appended: append the same batch again, and what was written comes out `DUPLICATE`.
        """
        firsts: dict[str, Append] = {}
        fates: dict[str, _Fate] = {}
        lost = _LostVersions()
        for message in batch:
            repeated = firsts.setdefault(message.message_id, message) is not message
            if message in lost and not repeated:
                fates[message.message_id] = _CONFLICT
            if message in lost or repeated:
                lost.add(message)
        fresh = [message for message in firsts.values() if message.message_id not in fates]
        for message, fate in zip(fresh, await self._settle(fresh), strict=True):
            fates[message.message_id] = fate
        return [
            fates[message.message_id].of_first(message)
            if firsts[message.message_id] is message
            else fates[message.message_id].of_repeated(message)
            for message in batch
        ]

    async def load(self, stream_ids: Sequence[str], since: Sequence[str] = ()) -> dict[str, list[RecordedEvent]]:
        """Each stream's events in the order of their versions; an empty list for a stream that is not there.

        `since` names types that a stream's state can be made from: only the latest of them is read, and what follows.
        """
        streams: dict[str, list[RecordedEvent]] = {stream_id: [] for stream_id in stream_ids}
        ids = list(streams)
        found = self._pool.fetch(self._load_since, ids, list(since)) if since else self._pool.fetch(self._load, ids)
        for event in recorded(await found):
            streams[event.stream_id].append(event)
        return streams

    async def load_from(self, versions: Mapping[str, int]) -> dict[str, list[RecordedEvent]]:
        """Each stream's events from that version on, itself included; empty where the stream has no such version."""
        streams: dict[str, list[RecordedEvent]] = {stream_id: [] for stream_id in versions}
        for event in recorded(await self._pool.fetch(self._load_from, list(versions), list(versions.values()))):
            streams[event.stream_id].append(event)
        return streams

    async def said(self, type_name: str, field: str, wanted: Collection[tuple[str, str]]) -> frozenset[tuple[str, str]]:
        """Those of some streams, each with a text, on which an event of this type has the text in this field."""
        if not all(map(_NAME.fullmatch, (type_name, field))):
            raise ValueError(f"{type_name!r} or {field!r} is no name: letters and _ only")
        # Both stand in the statement: an index on the field of this type is only used for what it is made for.
        statement = f"""SELECT stream, text FROM unnest($1::text[], $2::text[]) AS wanted (stream, text)
            CROSS JOIN LATERAL (
                SELECT FROM store.event_{self._context} e
                WHERE e.type = '{type_name}' AND e.data->>'{field}' = text AND e.stream_id = stream LIMIT 1
            ) AS found"""  # noqa: S608 - names are checked above
        rows = await self._pool.fetch(statement, [one[0] for one in wanted], [one[1] for one in wanted])
        return frozenset((row[0], row[1]) for row in rows)

    async def cases(self, stream_ids: Sequence[str], positions: Sequence[int]) -> dict[int, str]:
        """The correlation id of the events of these streams at these positions."""
        rows = await self._pool.fetch(self._cases, list(stream_ids), list(positions))
        return {row[0]: row[1] for row in rows}

    async def seen(self, message_ids: Sequence[str]) -> dict[str, tuple[bytes, tuple[int, ...]]]:
        """Fingerprint and positions of those messages that were appended before, by message id."""
        rows = await self._pool.fetch(self._seen, list(message_ids))
        return {row[0]: (row[1], tuple(row[2])) for row in rows}

    async def _settle(self, messages: list[Append]) -> list[_Fate]:
        """Append messages of distinct ids."""
        if not messages:
            return []
        try:
            rows = await self._write(messages)
        except _LOST_RACE:
            if len(messages) == 1:
                raise
            return await self._settle_each(messages)
        fates = [
            _Fate(row.fits, message.fingerprint if row.fits else row.known_fingerprint, row.positions)
            for message, row in zip(messages, rows, strict=True)
        ]
        again = _held_back(messages, rows)
        for index, fate in zip(again, await self._settle([messages[index] for index in again]), strict=True):
            fates[index] = fate
        return fates

    async def _settle_each(self, messages: list[Append]) -> list[_Fate]:
        fates: list[_Fate] = []
        lost = _LostVersions()
        for message in messages:
            fate = _CONFLICT if message in lost else (await self._settle([message]))[0]
            if not fate.appended:
                lost.add(message)
            fates.append(fate)
        return fates

    async def _write(self, messages: Sequence[Append]) -> list[_Row]:
        """Run the statement; where another writer was faster, again, in a snapshot that shows the other's work."""
        arguments = _arguments(messages)
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                rows = await self._pool.fetch(self._append, *arguments)
                return [_Row(row[0], row[1], row[2], tuple(row[3])) for row in rows]
            except _LOST_RACE:
                if attempt == _ATTEMPTS:
                    raise
        raise AssertionError("unreachable: the last attempt returns or raises")


def _held_back(messages: Sequence[Append], rows: Sequence[_Row]) -> list[int]:
    """Messages that the statement left out only for a failed neighbour of their stream, and that fit without it.

    The statement takes a stream's messages up to the first that does not fit. Here the rest is judged
    as if each had come alone, but for those that may have been decided on a failed one.
    """
    versions: dict[str, int] = {}
    lost = _LostVersions()
    again: list[int] = []
    for index, (message, row) in enumerate(zip(messages, rows, strict=True)):
        version = versions.setdefault(message.stream_id, row.version)
        fits = row.fits
        if not fits and row.known_fingerprint is None and message.expected_version == version and message not in lost:
            again.append(index)
            fits = True
        if fits:
            versions[message.stream_id] = version + len(message.events)
        else:
            lost.add(message)
    return again


def _arguments(messages: Sequence[Append]) -> tuple[list[Any], ...]:
    """The statement's arrays: seven with an item a message, seven with an item an event."""
    chains: dict[str, int] = {}
    ahead: dict[str, int] = {}
    bases: list[int] = []
    for message in messages:
        chains.setdefault(message.stream_id, len(chains))
        before = ahead.get(message.stream_id, 0)
        bases.append(message.expected_version - before)
        ahead[message.stream_id] = before + len(message.events)
    events = list(chain.from_iterable(message.events for message in messages))
    return (
        [message.message_id for message in messages],
        [message.fingerprint for message in messages],
        [message.stream_id for message in messages],
        [chains[message.stream_id] for message in messages],
        bases,
        [message.actor for message in messages],
        [message.traceparent for message in messages],
        [number for number, message in enumerate(messages, 1) for _ in message.events],
        [message.expected_version + step for message in messages for step in range(1, len(message.events) + 1)],
        [event.type for event in events],
        [event.schema_version for event in events],
        [event.data for event in events],
        [event.occurred_at for event in events],
        [event.correlation_id or message.correlation_id for message in messages for event in message.events],
    )
