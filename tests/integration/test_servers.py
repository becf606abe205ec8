"""The embedded servers: who may do what on the bus and in the database, and that declaring twice changes nothing."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import nats
import pytest
from nats.aio.client import Client
from nats.errors import NoRespondersError

from deploy import cluster
from deploy import migrate as migrations
from deploy.home import Home
from deploy.migrate import migrate
from deploy.problem import Problem
from deploy.roles import BUS_USERS, CONTEXTS, DATABASE_ROLES, STORED, database_role
from deploy.streams import declare, reactions
from shared.bus.names import ESCALATIONS, EVENTS_STREAM, IN_STREAM, ask_subject, submit_subject
from shared.contracts import COMMANDS
from shared.contracts.values import Role
from shared.roles import MAY
from tests.conftest import RunningServers

_INSERT = """INSERT INTO store.event_{context}
    (context, stream_id, version, type, schema_version, data, occurred_at, causation_id, correlation_id, actor)
    VALUES ('{named}', 'request-1', 1, 'RequestReceived', 1, '{{}}', now(), 'c', '1', 'a')"""


@asynccontextmanager
async def database(servers: RunningServers, role: str) -> AsyncGenerator[asyncpg.Connection, None]:
    connection = await asyncpg.connect(servers.dsn(role))
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def bus(servers: RunningServers, user: str) -> AsyncGenerator[tuple[Client, asyncio.Queue[str]]]:
    """A bus connection, and what the server reports to it (refused permissions come only there)."""
    reported: asyncio.Queue[str] = asyncio.Queue()

    async def report(error: Exception) -> None:
        reported.put_nowait(str(error).lower())

    client = await nats.connect(servers.nats_url(user), inbox_prefix=f"_INBOX_{user}".encode(), error_cb=report)
    try:
        yield client, reported
    finally:
        await client.close()


async def test_a_service_writes_its_own_partition_only(clean_store: RunningServers) -> None:
    async with database(clean_store, "intake") as connection:
        await connection.execute(_INSERT.format(context="intake", named="intake"))
        assert await connection.fetchval("SELECT count(*) FROM store.event_intake") == 1
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute(_INSERT.format(context="intake", named="consult"))
        for forbidden in (
            _INSERT.format(context="consult", named="consult"),
            "INSERT INTO store.event SELECT * FROM store.event_intake",
            "SELECT data FROM store.event_consult",
            "UPDATE store.event_intake SET actor = 'another'",
            "DELETE FROM store.event_intake",
            "DELETE FROM vault.key",
            "SELECT sealed FROM ops.dead_letter",
            "UPDATE ops.dead_letter SET resent_at = now()",
            "CREATE TABLE store.mine (a int)",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(forbidden)


async def test_only_who_keeps_the_registry_forgets_a_consumer(clean_store: RunningServers) -> None:
    forget = "UPDATE vault.key SET key = NULL, forgotten_at = now()"
    for context in CONTEXTS:
        async with database(clean_store, context) as connection:
            if context == "intake":
                await connection.execute(forget)
                continue
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(forget)


async def test_only_who_sees_to_strays_deletes_dead_letters(clean_store: RunningServers) -> None:
    for context in CONTEXTS:
        async with database(clean_store, context) as connection:
            if context == "intake":
                await connection.execute("DELETE FROM ops.dead_letter WHERE received_at < now()")
                continue
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute("DELETE FROM ops.dead_letter WHERE received_at < now()")


async def test_the_relay_reads_the_log_and_moves_only_its_cursor(clean_store: RunningServers) -> None:
    async with database(clean_store, "relay") as connection:
        await connection.execute("SELECT 1 FROM store.event")
        await connection.execute("UPDATE ops.relay SET position = 1")
        for forbidden in (_INSERT.format(context="intake", named="intake"), "SELECT 1 FROM vault.key"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(forbidden)


async def test_notify_reads_log_and_keys_and_moves_only_its_cursor(clean_store: RunningServers) -> None:
    async with database(clean_store, "notify") as connection:
        await connection.execute("SELECT 1 FROM store.event")
        await connection.execute("SELECT key FROM vault.key")
        await connection.execute("UPDATE ops.notify SET position = 1")
        for forbidden in (
            _INSERT.format(context="intake", named="intake"),
            "INSERT INTO vault.key (consumer_id) VALUES ('x')",
            "UPDATE vault.key SET key = NULL",
            "UPDATE ops.relay SET position = 1",
            "SELECT sealed FROM ops.dead_letter",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(forbidden)


async def test_the_watch_reads_log_and_views_and_writes_only_what_it_tells(clean_store: RunningServers) -> None:
    async with database(clean_store, "insight") as insight:
        await insight.execute("CREATE TABLE read.probe_2 (a int)")
    async with database(clean_store, "watch") as connection:
        await connection.execute("SELECT 1 FROM store.event, read.projection, read.probe_2")
        await connection.execute(_INSERT.format(context="watch", named="watch"))
        await connection.execute("UPDATE ops.watch SET position = 1")
        for forbidden in (
            _INSERT.format(context="intake", named="intake"),
            "DELETE FROM store.event_watch",
            "INSERT INTO read.probe_2 VALUES (1)",
            "UPDATE ops.relay SET position = 1",
            "SELECT 1 FROM vault.key",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(forbidden)
    async with database(clean_store, "admin") as connection:
        await connection.execute("DROP TABLE read.probe_2")


async def test_insight_makes_projections_that_the_owner_reads_and_sees_no_keys(clean_store: RunningServers) -> None:
    async with database(clean_store, "insight") as connection:
        await connection.execute("CREATE TABLE read.probe_1 (a int)")
        await connection.execute("INSERT INTO read.projection (name, version, status) VALUES ('probe', 1, 'live')")
        await connection.execute("SELECT 1 FROM store.event")
        await connection.execute("SELECT 1 FROM ops.dead_letter")
        for forbidden in ("SELECT 1 FROM vault.key", "SELECT 1 FROM store.event_intake FOR UPDATE"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(forbidden)
    async with database(clean_store, "admin") as connection:
        assert await connection.fetch("SELECT * FROM read.probe_1") == []
        await connection.execute("DROP TABLE read.probe_1")


async def test_a_password_of_another_role_opens_nothing(servers: RunningServers) -> None:
    stolen = servers.dsn("intake").replace("tereze_intake", "tereze_consult")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(stolen)


async def test_a_submission_reaches_its_service(clean_store: RunningServers) -> None:
    async with bus(clean_store, "adapter") as (adapter, _), bus(clean_store, "intake") as (intake, _):
        await adapter.jetstream().publish("tereze.in.intake.ReceiveRequest", b"{}")
        pull = await intake.jetstream().pull_subscribe("tereze.in.intake.>", durable="intake", stream=IN_STREAM)
        (message,) = await pull.fetch(1, timeout=5)
        await message.ack_sync(timeout=5)


async def test_an_ask_is_answered_into_the_askers_inbox(servers: RunningServers) -> None:
    async with bus(servers, "adapter") as (adapter, _), bus(servers, "intake") as (intake, _):
        asked = await intake.subscribe("tereze.ask.intake.>")
        await intake.flush()
        answer = asyncio.create_task(adapter.request("tereze.ask.intake.ReceiveRequest", b"{}", timeout=10))
        await (await asked.next_msg(timeout=10)).respond(b"accepted")
        assert (await answer).data == b"accepted"


async def test_who_answers_stray_requests_sees_no_other_services_requests(servers: RunningServers) -> None:
    async with bus(servers, "adapter") as (adapter, _), bus(servers, "intake") as (intake, reported):
        asked = await intake.subscribe("tereze.ask.>")
        await intake.flush()
        for context in (*CONTEXTS, "nobody"):
            await adapter.publish(f"tereze.ask.{context}.X", b"words of a person")
        seen = [(await asked.next_msg(timeout=10)).subject for _ in range(2)]
        assert (seen, asked.pending_msgs, reported.qsize()) == (["tereze.ask.intake.X", "tereze.ask.nobody.X"], 0, 0)
        with pytest.raises(NoRespondersError):
            await adapter.request("tereze.ask.consult.X", b"{}")


@pytest.mark.parametrize(
    ("user", "subject"),
    [
        ("intake", "tereze.events.intake.RequestReceived"),
        ("intake", "tereze.in.consult.HoldConsultation"),
        ("intake", f"$JS.API.CONSUMER.MSG.NEXT.{IN_STREAM}.consult"),
        ("intake", f"$JS.API.STREAM.DELETE.{IN_STREAM}"),
        ("adapter", "tereze.events.intake.RequestReceived"),
        ("adapter", "tereze.answers.forged"),
        ("adapter", f"$JS.ACK.{IN_STREAM}.intake.1.1.1.1.1"),
        ("relay", "tereze.in.intake.ReceiveRequest"),
        ("insight", "tereze.events.intake.RequestReceived"),
        ("adapter", "tereze.out.phone"),
        ("notify", "tereze.in.intake.ReceiveRequest"),
        ("notify", f"$JS.API.STREAM.MSG.GET.{IN_STREAM}"),
    ],
)
async def test_a_forbidden_publish_is_refused(servers: RunningServers, user: str, subject: str) -> None:
    async with bus(servers, user) as (client, reported):
        await client.publish(subject, b"{}")
        refusal = await asyncio.wait_for(reported.get(), 10)
        assert "permissions violation" in refusal
        assert subject.lower() in refusal


async def test_who_only_speaks_for_consumers_can_submit_nothing_else_whatever_role_they_state(
    servers: RunningServers,
) -> None:
    async with bus(servers, "channel") as (client, reported):
        staffs = [name for name in COMMANDS if Role.CHANNEL not in MAY[name]]
        assert len(staffs) > 10
        for name, command in COMMANDS.items():
            await client.publish(ask_subject(command.context, name), b"{}", headers={"ce-role": "manager"})
            if name in staffs:  # what it may submit would lie in the stream, as no service runs here
                await client.publish(submit_subject(command.context, name), b"{}", headers={"ce-role": "manager"})
        await client.flush()
        refused = [await asyncio.wait_for(reported.get(), 10) for _ in range(2 * len(staffs))]
        assert all(any(f".{name.lower()}" in one for one in refused) for name in staffs)
        await asyncio.sleep(0.1)
        assert reported.empty()


@pytest.mark.parametrize(
    ("user", "subject"),
    [
        ("adapter", "tereze.events.>"),
        ("adapter", "tereze.in.>"),
        ("adapter", "tereze.out.*"),
        ("notify", "tereze.in.>"),
        ("adapter", "_INBOX_intake.>"),
        ("intake", "tereze.ask.consult.>"),
        ("intake", "tereze.events.>"),
        ("relay", "tereze.answers.>"),
    ],
)
async def test_a_forbidden_subscription_is_refused(servers: RunningServers, user: str, subject: str) -> None:
    async with bus(servers, user) as (client, reported):
        await client.subscribe(subject)
        assert "permissions violation" in await asyncio.wait_for(reported.get(), 10)


def _superuser(servers: RunningServers) -> tuple[str, dict[str, str]]:
    return servers.superuser_dsn(), Home.at(servers.home).passwords(())


async def test_migrating_again_changes_nothing(servers: RunningServers) -> None:
    superuser, passwords = _superuser(servers)
    async with database(servers, "admin") as connection:
        before = await connection.fetch("SELECT * FROM ops.migration ORDER BY name")
        assert await migrate(superuser, passwords) == []
        assert await connection.fetch("SELECT * FROM ops.migration ORDER BY name") == before
        assert len(before) > 0
        partitions = await connection.fetchval(
            "SELECT count(*) FROM pg_inherits WHERE inhparent = 'store.event'::regclass"
        )
        assert partitions == len(STORED)


async def test_migrating_works_as_a_foreign_administrator_who_is_no_superuser(servers: RunningServers) -> None:
    """As on a managed PostgreSQL: the administrator may make roles and databases, and no more."""
    superuser, passwords = _superuser(servers)
    connection = await asyncpg.connect(superuser)
    try:
        await connection.execute("CREATE ROLE landlord LOGIN CREATEROLE CREATEDB PASSWORD 'secret'")
        owned = ", ".join(database_role(name) for name in DATABASE_ROLES)
        await connection.execute(f"GRANT {owned} TO landlord WITH ADMIN OPTION")
        await connection.execute("CREATE DATABASE elsewhere OWNER landlord")
        url = superuser.replace(f"postgres:{passwords['postgres']}", "landlord:secret")
        foreign = url.removesuffix("/tereze") + "/elsewhere"
        assert await migrate(foreign, passwords) != []
        assert await migrate(foreign, passwords) == []
    finally:
        await connection.execute("DROP DATABASE IF EXISTS elsewhere WITH (FORCE)")
        await connection.execute("DROP OWNED BY landlord")
        await connection.execute("DROP ROLE landlord")
        await connection.close()


async def test_a_changed_migration_is_refused(
    servers: RunningServers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    superuser, passwords = _superuser(servers)
    (tmp_path / "0001_store.sql").write_text("SELECT 1;")
    monkeypatch.setattr(migrations, "_FOLDER", tmp_path)
    with pytest.raises(Problem, match="has changed since it was applied"):
        await migrate(superuser, passwords)


async def test_declaring_again_applies_what_changed_and_keeps_messages(clean_store: RunningServers) -> None:
    async with bus(clean_store, "admin") as (admin, _):
        js = admin.jetstream()
        await js.publish("tereze.in.intake.ReceiveRequest", b"{}")
        await declare(clean_store.nats_url(), {"subscriptions": ["tereze.events.intake.RequestReceived"]})
        changed = {consumer.name for consumer in await js.consumers_info(EVENTS_STREAM)}
        await declare(clean_store.nats_url(), reactions())
        restored = {consumer.name for consumer in await js.consumers_info(EVENTS_STREAM)}
        assert changed == {"subscriptions-reactions", ESCALATIONS}
        reacting = {f"{context}-reactions" for context, subjects in reactions().items() if subjects}
        assert restored == {ESCALATIONS, *reacting}
        assert len(restored) > 1
        assert (await js.stream_info(IN_STREAM)).state.messages == 1


async def test_credentials_are_for_the_owner_only_and_never_change(servers: RunningServers) -> None:
    file = servers.home / "credentials.json"
    assert file.stat().st_mode & 0o077 == 0
    before = file.read_text()
    passwords = Home.at(servers.home).passwords((*BUS_USERS, *DATABASE_ROLES))
    assert file.read_text() == before
    assert len(set(passwords.values())) == len(passwords)


def test_a_cluster_takes_messages_as_large_as_the_embedded_server_does(servers: RunningServers) -> None:
    """Regression: 1 MB on a cluster, 2 MB embedded: a message dead-lettered here was cut off there."""
    embedded = (servers.home / "nats" / "nats.conf").read_text()
    limits = [re.findall(r"^max_payload: .*$", text, re.MULTILINE) for text in (embedded, cluster.configuration())]
    assert limits[0] == limits[1] != []
