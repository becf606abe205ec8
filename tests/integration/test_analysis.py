"""Exports, frames and replays of a real store: the same bytes for the same position, and nobody's words."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import TypeAlias

import asyncpg
import nats
import orjson
import polars as pl
import pytest
from nats.aio.msg import Msg

from deploy.launcher import System
from deploy.replay import Replay, Replayed, Span, count
from services.insight import queries
from services.insight.analysis import log
from services.insight.analysis.disclosure import OPEN_TYPES, withheld
from services.insight.analysis.export import Exported, Format, export
from services.insight.analysis.frames import History, data_of, log_of
from services.insight.analysis.log import cut_at
from services.insight.positions import UnknownPositionError
from services.insight.rebuild import rebuild
from services.insight.views import projections
from shared.bus import names
from shared.contracts import EVENTS
from shared.contracts.consult import ConsultHeld
from tests.conftest import RunningServers
from tests.integration.histories import SECRET, append, history

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
TIMEZONE = "Asia/Almaty"
HISTORY = history(seed=4, cases=40)


@pytest.fixture
async def store(clean_store: RunningServers) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    connection = await asyncpg.connect(clean_store.dsn())
    yield connection
    await connection.close()


async def exported(
    servers: RunningServers, path: Path, form: Format, what: str, at: int | datetime | None = None
) -> Exported:
    async with log_of(servers.dsn("insight")) as connection:
        cut = await cut_at(connection, at)
        return await export(connection, path, form, lambda _done, _total: None, what=what, cut=cut)


@pytest.mark.parametrize(
    ("form", "what"),
    [(form, "events") for form in Format]
    + [(Format.PARQUET, "sla"), (Format.CSV, "effectiveness"), (Format.CSV, "clocks")],
)
async def test_the_same_position_makes_the_same_bytes_and_nobodys_words(
    clean_store: RunningServers,
    store: asyncpg.Connection[asyncpg.Record],
    tmp_path: Path,
    form: Format,
    what: str,
) -> None:
    positions = await append(store, HISTORY[:150])
    first = await exported(clean_store, tmp_path / "first", form, what)
    assert first.position == positions[-1]
    assert first.rows > 0
    await append(store, HISTORY[150:])
    again = await exported(clean_store, tmp_path / "again", form, what, at=positions[-1])
    assert (tmp_path / "first").read_bytes() == (tmp_path / "again").read_bytes()
    assert again.sha256 == first.sha256
    assert SECRET.encode() not in (tmp_path / "first").read_bytes()
    more = await exported(clean_store, tmp_path / "more", form, what)
    assert more.events > first.events
    assert more.sha256 != first.sha256
    assert not list(tmp_path.glob("*.part"))


async def test_frames_hold_every_event_as_the_store_has_it_without_what_is_withheld(
    clean_store: RunningServers, store: asyncpg.Connection[asyncpg.Record], tmp_path: Path
) -> None:
    positions = await append(store, HISTORY)
    events = await asyncio.to_thread(History(clean_store.dsn("insight")).events)
    assert events["position"].to_list() == positions
    assert events["type"].to_list() == [one.event.type_name() for one in HISTORY]
    assert events["occurred_at"].to_list() == [one.occurred_at for one in HISTORY]
    for one, text in zip(HISTORY, events["data"], strict=True):
        kept = one.event.model_dump(mode="json", exclude=set(withheld(type(one.event))))
        assert orjson.loads(text) == kept
    held = [one.event for one in HISTORY if isinstance(one.event, ConsultHeld)]
    minutes = data_of(events.filter(type="ConsultHeld"), "minutes_spent")["minutes_spent"]
    assert minutes.cast(pl.Int64).to_list() == [event.minutes_spent for event in held]
    await exported(clean_store, tmp_path / "e.parquet", Format.PARQUET, "events")
    assert pl.read_parquet(tmp_path / "e.parquet").equals(events)
    some = await asyncio.to_thread(History(clean_store.dsn("insight")).events, at=positions[9], types=["ConsultHeld"])
    assert some["position"].to_list() == [
        position
        for position, one in zip(positions[:10], HISTORY, strict=False)
        if one.event.type_name() == "ConsultHeld"
    ]


async def test_views_as_of_a_position_are_what_a_rebuild_then_would_have_made(
    clean_store: RunningServers, store: asyncpg.Connection[asyncpg.Record]
) -> None:
    positions = await append(store, HISTORY[:200])
    frames = History(clean_store.dsn("insight"))
    async with asyncpg.create_pool(clean_store.dsn("insight"), min_size=1, max_size=3) as pool:
        for projection in projections(TIMEZONE):
            await rebuild(pool, projection)
        await append(store, HISTORY[200:])
        for projection in projections(TIMEZONE):
            frame = await asyncio.to_thread(frames.view, projection.name, at=positions[-1])
            rows = await pool.fetch(f"SELECT * FROM read.{projection.table} ORDER BY position, seq")
            assert frame.sort("position", "seq").rows() == [tuple(row) for row in rows]
        clocks = await asyncio.to_thread(frames.clocks, at=positions[-1])
        now = max(one.occurred_at for one in HISTORY[:200])
        async with pool.acquire() as connection:
            told = await queries.sla(connection, now=now)
    for row in told:
        mine = clocks.filter(indicator=row.indicator).filter(pl.col("channel").eq_missing(pl.lit(row.channel)))
        assert mine.height == row.total
        assert mine.filter(verdict="met").height == row.met
        assert mine.filter(verdict="breached").height == row.breached
        assert mine.filter(verdict="overdue").height == row.overdue


async def test_a_position_beyond_the_log_is_refused_and_one_that_is_not_settled_is_waited_for(
    clean_store: RunningServers,
    store: asyncpg.Connection[asyncpg.Record],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    empty = await exported(clean_store, tmp_path / "none.csv", Format.CSV, "events")
    assert (empty.position, empty.rows) == (0, 0)
    assert (tmp_path / "none.csv").read_text().startswith("position,context,type,")
    positions = await append(store, HISTORY[:3])
    with pytest.raises(UnknownPositionError, match=f"ends at position {positions[-1]}"):
        await exported(clean_store, tmp_path / "none.csv", Format.CSV, "events", at=positions[-1] + 5)
    # A transaction that has only taken its number, as a backup's would, holds no position: nobody waits for it.
    other = await asyncpg.connect(clean_store.dsn())
    transaction = other.transaction()
    await transaction.start()
    await other.execute("SELECT pg_current_xact_id()")
    assert (await exported(clean_store, tmp_path / "n.csv", Format.CSV, "events", at=positions[-1])).rows == 3
    # One that writes has drawn a position already, below that of an event which is committed before it.
    held = await append(other, HISTORY[3:4])
    late = await append(store, HISTORY[4:5])
    assert held[0] < late[0]
    monkeypatch.setattr("services.insight.positions.PATIENCE_S", 0.1)
    with pytest.raises(UnknownPositionError, match="not settled yet"):
        await exported(clean_store, tmp_path / "none.csv", Format.CSV, "events", at=late[0])
    monkeypatch.setattr("services.insight.positions.PATIENCE_S", 30.0)
    waiting = asyncio.create_task(exported(clean_store, tmp_path / "n.csv", Format.CSV, "events", at=late[0]))
    await asyncio.sleep(0.3)
    assert not waiting.done()
    await transaction.commit()
    await other.close()
    assert (await waiting).rows == 5
    # In the log's order the one of the earlier transaction comes first; up to its position, the other is not there.
    assert (await exported(clean_store, tmp_path / "n.csv", Format.CSV, "events", at=held[0])).rows == 4


async def test_a_moment_takes_what_had_happened_or_what_was_recorded_by_then(
    clean_store: RunningServers, store: asyncpg.Connection[asyncpg.Record]
) -> None:
    half = sorted(one.occurred_at for one in HISTORY)[len(HISTORY) // 2]
    await append(store, HISTORY[::2])
    then = await store.fetchval("SELECT clock_timestamp()")
    await append(store, HISTORY[1::2])
    frames = History(clean_store.dsn("insight"))
    happened = await asyncio.to_thread(frames.events, at=half)
    assert happened.height == sum(one.occurred_at <= half for one in HISTORY)
    facts = await asyncio.to_thread(frames.view, "effectiveness", at=half)
    assert facts.height > 0
    assert facts["at"].max() <= half
    async with log_of(clean_store.dsn("insight")) as connection:
        cut = await cut_at(connection, then, as_known=True)
        assert await log.count(connection, cut, OPEN_TYPES) == len(HISTORY[::2])


@pytest.fixture
async def replaying(clean_store: RunningServers) -> AsyncIterator[tuple[Pool, nats.NATS, list[Msg]]]:
    """The relay's view of the store, a consumer under test, and what it hears on replay "t"."""
    heard: list[Msg] = []
    client = await nats.connect(clean_store.nats_url("replay"), inbox_prefix=b"_INBOX_replay")

    async def hear(msg: Msg) -> None:
        heard.append(msg)

    await client.subscribe(f"{names.REPLAY}.t.>", cb=hear)
    async with asyncpg.create_pool(clean_store.dsn("relay"), min_size=1, max_size=2) as pool:
        yield pool, client, heard
    await client.close()


async def test_a_replay_is_history_in_its_order_and_as_sealed_as_it_was(
    clean_store: RunningServers,
    store: asyncpg.Connection[asyncpg.Record],
    replaying: tuple[Pool, nats.NATS, list[Msg]],
) -> None:
    pool, client, heard = replaying
    positions = await append(store, HISTORY)
    span = Span(HISTORY[20].occurred_at, HISTORY[60].occurred_at)
    progress: list[int] = []
    done = await Replay(pool, client, "t", speed=1e9).run(span, progress.append)
    within = [(position, one) for position, one in zip(positions, HISTORY, strict=True) if span.holds(one.occurred_at)]
    assert done == Replayed(len(within), within[-1][0], whole=True)
    assert await count(pool, span) == len(within) == progress[-1]
    await client.flush()
    assert [int((msg.headers or {})[names.POSITION]) for msg in heard] == [position for position, _ in within]
    for msg, (_, one) in zip(heard, within, strict=True):
        assert msg.subject == names.replay_subject("t", one.event.context, one.event.type_name())
        assert EVENTS[one.event.type_name()].model_validate_json(msg.data) == one.event
    # The stream keeps it, and takes the same events again in another replay.
    again = await Replay(pool, client, "t", speed=1e9).run(span, progress.append)
    assert again.events == len(within)
    durable = await client.jetstream().pull_subscribe("tereze.replay.t.>", "tried", stream=names.REPLAY_STREAM)
    fetched = await durable.fetch(2 * len(within), timeout=5)
    assert len(fetched) >= 2 * len(within)
    for msg in fetched:
        await msg.ack()
    await client.jetstream().delete_consumer(names.REPLAY_STREAM, "tried")


async def test_a_replay_keeps_the_spacing_divided_by_the_speed_and_stops_when_told(
    store: asyncpg.Connection[asyncpg.Record], replaying: tuple[Pool, nats.NATS, list[Msg]]
) -> None:
    pool, client, heard = replaying
    first, second = HISTORY[0], HISTORY[1]
    later = second.__class__(second.case_id, first.occurred_at + timedelta(hours=1), second.event)
    never = second.__class__(second.case_id, first.occurred_at + timedelta(days=1000), second.event)
    await append(store, [first, later, never])
    going = Replay(pool, client, "t", speed=3600 / 0.4)
    clock = asyncio.get_running_loop()
    began, times = clock.time(), list[float]()

    def told(_events: int) -> None:
        times.append(clock.time() - began)
        if len(times) == 2:
            going.stop()

    done = await going.run(Span(), told)
    assert done.events == 2
    assert not done.whole
    assert 0.4 <= times[1] - times[0] < 2
    await client.flush()
    assert len(heard) == 2


async def test_a_consumer_under_test_reaches_nothing_that_is_in_use(clean_store: RunningServers) -> None:
    refused: list[str] = []

    async def told(error: Exception) -> None:
        refused.append(str(error).lower())

    client = await nats.connect(clean_store.nats_url("replay"), inbox_prefix=b"_INBOX_replay", error_cb=told)
    for subject in ("tereze.in.intake.ReceiveRequest", "tereze.events.intake.RequestReceived", "tereze.wake"):
        await client.publish(subject, b"{}")
    for subject in ("tereze.events.>", "tereze.out.>", "tereze.answers.>", "_INBOX_admin.>"):
        await client.subscribe(subject)
    await client.flush()
    async with asyncio.timeout(5):
        while len(refused) < 7:  # noqa: ASYNC110 - the server tells of each by itself
            await asyncio.sleep(0.02)
    assert all("permissions violation" in one for one in refused)
    await client.close()


async def test_the_commands_export_and_replay_what_a_running_system_holds(system: System, tmp_path: Path) -> None:
    async def tereze(*arguments: str) -> subprocess.CompletedProcess[str]:
        return await asyncio.to_thread(
            subprocess.run,
            (sys.executable, "-m", "deploy.cli.main", *arguments),
            env={**os.environ, "TEREZE_HOME": str(system.home.path), "COLUMNS": "100"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    asked = '{"channel": "walk_in", "language": "kk", "office": "north", "question": "?", "responsible": "m-1"}'
    sent = await tereze("send", "ReceiveRequest", "--data", asked)
    assert sent.returncode == 0, sent.stdout + sent.stderr
    out = tmp_path / "events.csv"
    done = await tereze("export", "--format", "csv", "--json", str(out))
    assert done.returncode == 0, done.stderr
    written = orjson.loads(done.stdout)
    assert pl.read_csv(out).height == written["rows"] >= 1
    assert sha256(out.read_bytes()).hexdigest() == written["sha256"]
    replayed = await tereze("replay", "--speed", "1e9", "--name", "cli", "--json")
    assert replayed.returncode == 0, replayed.stderr
    assert orjson.loads(replayed.stdout)["events"] >= written["rows"]
    refused = await tereze("export", "--as-of", "999999999", str(out))
    assert refused.returncode == 1
    assert "nothing stands at position 999999999" in refused.stderr
    assert pl.read_csv(out).height == written["rows"]
