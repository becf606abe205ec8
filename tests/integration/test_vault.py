"""The vault: one key a consumer, gone for good when the consumer is forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import TypeAlias

import asyncpg
import pytest

from shared.contracts.intake import WrittenRequestReceived
from shared.contracts.values import Channel, Language
from shared.decider import Key
from shared.eventstore import (
    FORGOTTEN,
    Append,
    Cursor,
    EventStore,
    Log,
    NewEvent,
    Vault,
    decode,
    encode,
    unseal_event,
)
from tests.conftest import RunningServers

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"


@pytest.fixture
async def service(clean_store: RunningServers) -> AsyncIterator[Pool]:
    async with asyncpg.create_pool(clean_store.dsn("intake"), min_size=1, max_size=8) as pool:
        yield pool


@pytest.fixture
async def owner(clean_store: RunningServers) -> AsyncIterator[Pool]:
    async with asyncpg.create_pool(clean_store.dsn(), min_size=1, max_size=2) as pool:
        yield pool


class Time:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_each_consumer_has_one_key_for_ever(service: Pool) -> None:
    first = await Vault(service).keys_for(["a", "b", "a"])
    assert set(first) == {"a", "b"}
    assert len({key for key in first.values() if key is not None and len(key) == 32}) == 2
    assert await Vault(service).keys_for(["b", "a"]) == first


async def test_many_at_once_get_the_same_keys(service: Pool) -> None:
    names = [f"c{n}" for n in range(50)]
    answers = await asyncio.gather(*(Vault(service).keys_for(names[n:] + names[:n]) for n in range(8)))
    assert all(answer == answers[0] for answer in answers)


async def test_a_forgotten_consumer_never_gets_a_key_again(service: Pool, owner: Pool) -> None:
    await Vault(service).keys_for(["a", "b"])
    assert await Vault(owner).forget("a") is True
    assert await Vault(owner).forget("a") is False, "there is no key left to delete"
    assert (await Vault(service).keys_for(["a"])) == {"a": None}
    assert (await Vault(service).keys_for(["b"]))["b"] is not None
    forgotten = await owner.fetchrow("SELECT key, forgotten_at FROM vault.key WHERE consumer_id = 'a'")
    assert forgotten is not None
    assert (forgotten["key"], forgotten["forgotten_at"] is not None) == (None, True)


async def test_who_is_forgotten_before_being_known_stays_so(service: Pool, owner: Pool) -> None:
    assert await Vault(owner).forget("stranger") is False
    assert await Vault(service).keys_for(["stranger"]) == {"stranger": None}


async def test_reading_makes_no_keys(service: Pool, owner: Pool) -> None:
    assert await Vault(service).existing_keys(["a"]) == {"a": None}
    assert await owner.fetchval("SELECT count(*) FROM vault.key") == 0
    made = await Vault(service).keys_for(["a"])
    assert await Vault(service).existing_keys(["a"]) == made


async def test_it_is_known_who_has_a_key_never_had_one_or_was_forgotten(service: Pool, owner: Pool) -> None:
    await Vault(service).keys_for(["a", "b"])
    await Vault(owner).forget("b")
    assert await Vault(service).standing(["a", "b", "c"]) == {"a": Key.KEPT, "b": Key.DELETED, "c": Key.NONE}


async def test_an_unknown_consumer_is_not_remembered_as_forgotten(service: Pool) -> None:
    vault = Vault(service)
    assert await vault.existing_keys(["a"]) == {"a": None}
    assert (await vault.keys_for(["a"]))["a"] is not None


async def test_the_forgetting_process_forgets_at_once(owner: Pool) -> None:
    vault = Vault(owner)
    assert (await vault.keys_for(["a"]))["a"] is not None
    await vault.forget("a")
    assert await vault.keys_for(["a"]) == {"a": None}


async def test_a_key_under_way_during_a_forgetting_is_not_kept(owner: Pool) -> None:
    """Given a fetch that read the key before the forgetting and came back after it."""
    vault = Vault(owner)
    async with asyncio.timeout(20):
        for n in range(30):
            name = f"c{n}"
            await Vault(owner).keys_for([name])
            await asyncio.gather(vault.keys_for([name]), vault.forget(name))
            assert await vault.keys_for([name]) == {name: None}


async def test_other_processes_forget_after_a_few_seconds(owner: Pool) -> None:
    time = Time()
    elsewhere = Vault(owner, monotonic=time)
    kept = await elsewhere.keys_for(["a"])
    await Vault(owner).forget("a")
    time.now += 4.9
    assert await elsewhere.keys_for(["a"]) == kept, "from its cache"
    time.now += 0.2
    assert await elsewhere.keys_for(["a"]) == {"a": None}


async def test_the_cache_is_bounded(owner: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.eventstore.vault._CACHED_KEYS", 2)
    vault = Vault(owner)
    await vault.keys_for(["a"])
    await vault.keys_for(["b"])
    await vault.keys_for(["a"])
    await vault.keys_for(["c"])
    await owner.execute("UPDATE vault.key SET key = NULL")
    keys = await vault.keys_for(["a", "b", "c"])
    assert [name for name, key in keys.items() if key is not None] == ["a", "c"], "b was used longest ago"


async def test_a_forgotten_consumer_is_forgotten_wherever_events_are_read(service: Pool, owner: Pool) -> None:
    """Nothing of the log is rewritten: the words are there, and nobody can read them any more."""
    vault = Vault(service)
    event = WrittenRequestReceived(
        consumer_id="a",
        case_id="1",
        channel=Channel.POST,
        language=Language.KK,
        office="Almaty",
        topic=None,
        history=False,
        has_contacts=True,
        question="Қашан?",
        name="Серік Ахметов",
    )
    moment = datetime(2026, 3, 2, tzinfo=UTC)
    data = encode(event, await vault.keys_for(["a"]))
    new = NewEvent(event.type_name(), event.schema_version, data, moment)
    await EventStore(service, "intake").append([Append("m", b"f", "request-1", 0, "1", "k-1", None, (new,))])
    rows = await owner.fetch("SELECT e::text AS row FROM store.event e UNION ALL SELECT i::text FROM store.inbox i")
    assert rows
    assert not any("Серік" in row["row"] or "Қашан" in row["row"] for row in rows)

    (stored,) = (await Log(owner).read(Cursor(), 10)).events
    assert unseal_event(decode(stored), await vault.existing_keys(["a"])) == event
    await Vault(owner).forget("a")

    reader = Vault(service)
    shown = unseal_event(decode(stored), await reader.existing_keys(["a"]))
    assert isinstance(shown, WrittenRequestReceived)
    assert (shown.question, shown.name, shown.phone) == (FORGOTTEN, FORGOTTEN, None)
    written_later = encode(event, await reader.keys_for(["a"]))
    assert "Серік" not in written_later.decode()
    assert FORGOTTEN in written_later.decode()
