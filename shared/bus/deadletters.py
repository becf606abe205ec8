"""Dead letters: what was rejected is kept, whole and sealed, until somebody looks at it or sends it again.

A letter may hold a person's words, so headers and body are sealed like an event's personal fields; the
reasons, type and ids stay readable. Nobody knows whose words a letter that can't be read holds, and no consumer's key
closes it: so letters from outside are kept for a time only, and can be looked through for a person and deleted.
"""

from __future__ import annotations

import contextlib
from base64 import b64decode, b64encode
from collections.abc import AsyncGenerator, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, TypeAlias
from urllib.parse import unquote

import asyncpg
import orjson

from shared.bus import names
from shared.bus.answers import Reason
from shared.eventstore.vault import Vault, seal, unseal

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

_STATEMENT_BYTES = 8 * 2**20
_KEEP = """
INSERT INTO ops.dead_letter
    (origin, context, subject, message_id, type, source, reasons, sealed, traceparent, identity)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::jsonb[],
                     $8::bytea[], $9::text[], $10::bytea[])
ON CONFLICT DO NOTHING
"""
_RESENT = "UPDATE ops.dead_letter SET resent_at = now(), resent = resent + 1 WHERE id = $1"
_LIST = """
SELECT id, context, subject, message_id, type, source, reasons::text, received_at, resent_at, resent
FROM ops.dead_letter
WHERE ($1::text IS NULL OR context = $1) AND ($2 OR resent_at IS NULL) AND id > $3
ORDER BY id LIMIT $4
"""
# What the services told each other is sealed event by event, and lost to a reader who lets it lie.
_EXPIRE = f"""
DELETE FROM ops.dead_letter WHERE received_at < now() - $1::interval AND NOT starts_with(subject, '{names.EVENTS}.')
"""  # noqa: S608 - the prefix is ours
_WHOLE = "SELECT id, subject, sealed FROM ops.dead_letter WHERE id > $1 ORDER BY id LIMIT $2"
_PAGE = 20
"""Each may hold a megabyte."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A rejected message as it came. `origin` names the delivery, so that keeping it twice keeps one; so does what the
    message itself is, where it has an id: sent again by whoever heard no answer, it is another delivery.
    """

    origin: str
    context: str
    subject: str
    message_id: str
    type: str
    source: str
    headers: Mapping[str, str]
    body: bytes
    reasons: Sequence[Reason]
    traceparent: str | None


@dataclass(frozen=True, slots=True)
class LetterSummary:
    """What a list of dead letters shows: no personal data."""

    id: int
    context: str
    subject: str
    message_id: str
    type: str
    source: str
    reasons: list[dict[str, Any]]
    received_at: datetime
    resent_at: datetime | None
    resent: int


@dataclass(frozen=True, slots=True)
class Content:
    """A letter opened: what was sent, to the byte."""

    subject: str
    headers: dict[str, str]
    body: bytes


class DeadLetters:
    """Keeps letters, lists them, opens them. All letters are sealed with one key of their own."""

    OWNER = "~dead-letters"

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._key: bytes | None = None

    async def _sealing_key(self) -> bytes:
        if self._key is None:
            key = (await Vault(self._pool).keys_for([self.OWNER]))[self.OWNER]
            if key is None:
                raise RuntimeError("the key of the dead letters was deleted; restore vault.key from a backup")
            self._key = key
        return self._key

    async def keep(self, letters: Sequence[Letter]) -> None:
        """Store the letters; one that is there already stays as it is."""
        key = await self._sealing_key() if letters else b""
        # PostgreSQL takes no statement beyond 1 GB, which a batch of large bodies would make.
        for few in _in_parts(letters, _STATEMENT_BYTES):
            await self._keep(key, few)

    async def _keep(self, key: bytes, letters: Sequence[Letter]) -> None:
        await self._pool.execute(
            _KEEP,
            [one.origin for one in letters],
            [one.context for one in letters],
            [_text(one.subject) for one in letters],
            [_text(one.message_id) for one in letters],
            [_text(one.type) for one in letters],
            [_text(one.source) for one in letters],
            [orjson.dumps([_plain(reason) for reason in one.reasons]).decode() for one in letters],
            [seal(key, self.OWNER, _pack(one)).encode() for one in letters],
            [one.traceparent and _text(one.traceparent) for one in letters],
            [_identity(one) for one in letters],
        )

    async def list(
        self, *, context: str | None = None, resent: bool = False, after: int = 0, limit: int = 100
    ) -> list[LetterSummary]:
        """Letters in the order they came; those already sent again only when asked for."""
        rows = await self._pool.fetch(_LIST, context, resent, after, limit)
        return [LetterSummary(**{**dict(row), "reasons": orjson.loads(row["reasons"])}) for row in rows]

    async def open(self, letter_id: int) -> Content | None:
        """The letter as it was sent; None where there is none under this number."""
        row = await self._pool.fetchrow("SELECT subject, sealed FROM ops.dead_letter WHERE id = $1", letter_id)
        return None if row is None else self._opened(await self._sealing_key(), row)

    def _opened(self, key: bytes, row: asyncpg.Record) -> Content:
        packed = orjson.loads(unseal(key, self.OWNER, bytes(row["sealed"]).decode()))
        return Content(row["subject"], packed["headers"], b64decode(packed["body"]))

    async def expire(self, age: timedelta) -> int:
        """Delete the letters from outside that came longer ago; how many. Whoever does it can't open them."""
        done: str = await self._pool.execute(_EXPIRE, age)
        return int(done.rpartition(" ")[2])

    async def naming(self, words: Collection[str]) -> list[int]:
        """The letters that hold one of these words anywhere in what was sent, in any case; opens every letter."""
        sought, key = [word.casefold() for word in words], await self._sealing_key()
        found: list[int] = []
        after = 0
        while page := await self._pool.fetch(_WHOLE, after, _PAGE):
            for row in page:
                readable = _readable(self._opened(key, row))
                if any(word in readable for word in sought):
                    found.append(row["id"])
            after = page[-1]["id"]
        return found

    async def delete(self, letter_ids: Collection[int]) -> int:
        """Delete these letters for good; how many there were."""
        done: str = await self._pool.execute("DELETE FROM ops.dead_letter WHERE id = ANY($1::bigint[])", letter_ids)
        return int(done.rpartition(" ")[2])

    async def mark_resent(self, letter_id: int) -> None:
        """Remember that the letter was sent again."""
        await self._pool.execute(_RESENT, letter_id)

    @asynccontextmanager
    async def resending(self, letter_id: int) -> AsyncGenerator[None]:
        """Remember that the letter is sent again inside, where nobody answers.

        Refused again, it is a letter anew: whoever keeps that waits until this one is marked.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(_RESENT, letter_id)
            yield


def _identity(letter: Letter) -> bytes | None:
    """What a message and its refusal are, however often it comes; None: without an id each is one of its own."""
    if not letter.message_id or not letter.source:
        return None
    headers = sorted((name, value) for name, value in letter.headers.items() if not _changes(name))
    reasons = [(reason.code, reason.field) for reason in letter.reasons]
    told = f"{letter.context} {letter.subject} {headers} {reasons} "
    return blake2b(told.encode("utf-8", "backslashreplace") + letter.body, digest_size=16).digest()


def _changes(header: str) -> bool:
    """Whether who sends a message again may send another value: where it is answered, what it is traced by."""
    name = header.lower()
    return name in {names.ANSWER_TO, names.TRACEPARENT, "tracestate"} or name.startswith("nats-")


def _readable(content: Content) -> str:
    """All that was sent, as one reads it: JSON may write any letter as its number."""
    body = content.body.decode("utf-8", "backslashreplace")
    with contextlib.suppress(orjson.JSONDecodeError):
        body = f"{body} {orjson.dumps(orjson.loads(content.body)).decode()}"
    return f"{body} {unquote(' '.join(content.headers.values()))}".casefold()


def _pack(letter: Letter) -> str:
    headers = {_text(name): _text(value) for name, value in letter.headers.items()}
    return orjson.dumps({"headers": headers, "body": b64encode(letter.body).decode()}).decode()


def _in_parts(letters: Sequence[Letter], limit: int) -> Iterator[Sequence[Letter]]:
    """The letters in their order, in parts of at most `limit` bytes of bodies each (or one letter)."""
    begin, size = 0, 0
    for end, letter in enumerate(letters):
        if size + len(letter.body) > limit and end > begin:
            yield letters[begin:end]
            begin, size = end, 0
        size += len(letter.body)
    if begin < len(letters):
        yield letters[begin:]


def _plain(reason: Reason) -> Reason:
    # A reason quotes the message: its subject, the names of its fields. jsonb refuses a NUL in them, and with it
    # the whole batch's letters.
    return Reason(_text(reason.code), _text(reason.message), _text(reason.field))


def _text(value: str) -> str:
    """What PostgreSQL can hold: no NUL, no lone surrogates; at most 2,000 characters."""
    return value.replace("\x00", "\\0").encode("utf-8", "backslashreplace").decode()[:2000]
