"""The vault: personal data is sealed under its consumer's key; who deletes the key forgets the consumer (ADR 0004)."""

from __future__ import annotations

import os
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

import asyncpg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.decider import Key

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

FORGOTTEN = "[forgotten]"
"""What is shown for, and written about, a consumer whose key was deleted."""

_PREFIX = "sealed:1:"
_NONCE_BYTES = 12
_KEY_BYTES = 32
_CACHED_KEYS = 50_000
_CACHED_SECONDS = 5.0
"""So long at most another process goes on showing a consumer who was forgotten."""


class Unsealable(ValueError):
    """The text is no token, or was not sealed with this key for this consumer, or was changed since."""


def sealing(key: bytes | None, consumer_id: str) -> Callable[[str], str]:
    """What turns any text into a token that only `key` opens, also one that looks sealed; FORGOTTEN without a key."""
    if key is None:
        return _forgotten
    cipher, whose = AESGCM(key), consumer_id.encode()

    def seal(text: str) -> str:
        nonce = os.urandom(_NONCE_BYTES)
        return _PREFIX + urlsafe_b64encode(nonce + cipher.encrypt(nonce, text.encode(), whose)).decode()

    return seal


def unsealing(key: bytes | None, consumer_id: str) -> Callable[[str], str]:
    """What turns a token back into its text, or raises `Unsealable`; FORGOTTEN where the key is gone."""
    if key is None:
        return _forgotten
    cipher, whose = AESGCM(key), consumer_id.encode()

    def unseal(token: str) -> str:
        if not token.startswith(_PREFIX):
            raise Unsealable(f"personal data of consumer {consumer_id} is not sealed")
        try:
            sealed = urlsafe_b64decode(token[len(_PREFIX) :])
            return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], whose).decode()
        except (InvalidTag, ValueError) as error:
            raise Unsealable(f"personal data of consumer {consumer_id} does not open with its key") from error

    return unseal


def seal(key: bytes | None, consumer_id: str, text: str) -> str:
    """One text, sealed: see `sealing`."""
    return sealing(key, consumer_id)(text)


def unseal(key: bytes | None, consumer_id: str, token: str) -> str:
    """One token's text: see `unsealing`."""
    return unsealing(key, consumer_id)(token)


def _forgotten(_text: str) -> str:
    return FORGOTTEN


class Vault:
    """The consumers' keys, with a small cache. One per process: its `forget` drops the key from the cache at once."""

    def __init__(self, pool: Pool, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._pool = pool
        self._monotonic = monotonic
        self._cached: OrderedDict[str, tuple[float, bytes | None]] = OrderedDict()
        self._forgettings = 0

    async def keys_for(self, consumer_ids: Iterable[str]) -> Mapping[str, bytes | None]:
        """A key for each consumer, made where there was none; None for a forgotten one. For who seals."""
        return await self._keys(consumer_ids, make=True)

    async def existing_keys(self, consumer_ids: Iterable[str]) -> Mapping[str, bytes | None]:
        """The same for who only reads: nothing is made, and None stands for an unknown consumer too."""
        return await self._keys(consumer_ids, make=False)

    async def standing(self, consumer_ids: Iterable[str]) -> Mapping[str, Key]:
        """Whether each consumer has a key, never had one, or was forgotten. Always asked of the store."""
        asked = sorted(set(consumer_ids))
        found = {row[0]: row[1] for row in await self._pool.fetch(_STANDING, asked)}
        kept = {consumer_id: Key.KEPT if has_key else Key.DELETED for consumer_id, has_key in found.items()}
        return dict.fromkeys(asked, Key.NONE) | kept

    async def forget(self, consumer_id: str) -> bool:
        """Delete the consumer's key for good; whether there was one. A consumer never heard of is forgotten too."""
        had_key = await self._pool.fetchval(_FORGET, consumer_id)
        self._forgettings += 1
        self._cached.pop(consumer_id, None)
        return bool(had_key)

    async def _keys(self, consumer_ids: Iterable[str], *, make: bool) -> dict[str, bytes | None]:
        now = self._monotonic()
        keys: dict[str, bytes | None] = {}
        missing: list[str] = []
        # Sorted, so that two batches that make the same keys wait for each other but never in a circle.
        for consumer_id in sorted(set(consumer_ids)):
            until, key = self._cached.get(consumer_id, (0.0, None))
            if until > now:
                self._cached.move_to_end(consumer_id)
                keys[consumer_id] = key
            else:
                missing.append(consumer_id)
        if missing:
            forgettings = self._forgettings
            fetched = await self._fetch(missing, make=make)
            keys |= dict.fromkeys(missing) | fetched
            if forgettings == self._forgettings:  # else a key fetched before a forgetting would outlive it here
                self._remember(fetched, now + _CACHED_SECONDS)
        return keys

    async def _fetch(self, consumer_ids: list[str], *, make: bool) -> dict[str, bytes | None]:
        if make:
            await self._pool.execute(_MAKE, consumer_ids, [os.urandom(_KEY_BYTES) for _ in consumer_ids])
        return {row[0]: row[1] for row in await self._pool.fetch(_SELECT, consumer_ids)}

    def _remember(self, keys: Mapping[str, bytes | None], until: float) -> None:
        for consumer_id, key in keys.items():
            self._cached[consumer_id] = (until, key)
            self._cached.move_to_end(consumer_id)
        while len(self._cached) > _CACHED_KEYS:
            self._cached.popitem(last=False)


_MAKE = """
INSERT INTO vault.key (consumer_id, key) SELECT * FROM unnest($1::text[], $2::bytea[]) ON CONFLICT DO NOTHING
"""
_SELECT = "SELECT consumer_id, key FROM vault.key WHERE consumer_id = ANY($1::text[])"
_STANDING = "SELECT consumer_id, key IS NOT NULL FROM vault.key WHERE consumer_id = ANY($1::text[])"
# The row stays: no new key is ever made for a forgotten consumer.
_FORGET = """
WITH before AS (SELECT key IS NOT NULL AS had_key FROM vault.key WHERE consumer_id = $1)
INSERT INTO vault.key (consumer_id, key, forgotten_at) VALUES ($1, NULL, now())
ON CONFLICT (consumer_id) DO UPDATE
    SET key = NULL, forgotten_at = coalesce(vault.key.forgotten_at, excluded.forgotten_at)
RETURNING coalesce((SELECT had_key FROM before), false)
"""
