"""The one place where the database is made: database, roles, schema, partitions, grants. Idempotent."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from deploy.problem import Problem
from deploy.roles import CONTEXTS, DATABASE_ROLES, STORED, database_role
from shared.contracts import Context
from shared.contracts.watch import CONTEXT as WATCH

_FOLDER = Path(__file__).parent / "migrations"
_OWNER = database_role("admin")
_LOCK = 0x7E2E2E  # any number, the same for every migration of Tereze


async def migrate(admin_url: str, passwords: Mapping[str, str]) -> list[str]:
    """Bring the database that `admin_url` names up to date; return the migrations applied now.

    `admin_url` is a user who may make roles and databases. `passwords` are by part (`intake`, …, `admin`)
    and become those of the roles. Problem: an applied migration's file has changed since.
    """
    await _ensure_database(admin_url)
    connection = await asyncpg.connect(admin_url)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)  # two launchers on one database take turns
        await _ensure_roles(connection, passwords)
        await connection.execute(f"SET ROLE {_OWNER}")
        applied = await _apply(connection)
        async with connection.transaction():
            for statement in (*_partitions(), *_press()):
                await connection.execute(statement)
            for statement in _grants():
                await connection.execute(statement)
        return applied
    finally:
        await connection.close()


async def _ensure_database(admin_url: str) -> None:
    parts = urlsplit(admin_url)
    name = parts.path.lstrip("/")
    try:
        await (await asyncpg.connect(admin_url)).close()
    except asyncpg.InvalidCatalogNameError:
        connection = await asyncpg.connect(urlunsplit(parts._replace(path="/postgres")))
        try:
            await connection.execute(f"CREATE DATABASE {_identifier(name)} ENCODING 'UTF8' TEMPLATE template0")
        except asyncpg.DuplicateDatabaseError:
            pass  # another launcher was faster
        finally:
            await connection.close()


async def _ensure_roles(connection: asyncpg.Connection, passwords: Mapping[str, str]) -> None:
    known = {row["rolname"] for row in await connection.fetch("SELECT rolname FROM pg_roles")}
    for name in DATABASE_ROLES:
        role = database_role(name)
        if role not in known:
            await connection.execute(f"CREATE ROLE {role}")
        await connection.execute(
            await connection.fetchval(
                "SELECT format('ALTER ROLE %I LOGIN PASSWORD %L', $1::text, $2::text)", role, passwords[name]
            )
        )
    database = _identifier(await connection.fetchval("SELECT current_database()"))
    await connection.execute(f"GRANT {_OWNER} TO CURRENT_USER")
    await connection.execute(f"GRANT CREATE, CONNECT, TEMPORARY ON DATABASE {database} TO {_OWNER}")
    await connection.execute(f"REVOKE ALL ON DATABASE {database} FROM PUBLIC")
    others = ", ".join(database_role(name) for name in DATABASE_ROLES)
    await connection.execute(f"GRANT CONNECT ON DATABASE {database} TO {others}")
    # A what-if puts its due moments into a temporary table.
    await connection.execute(f"GRANT TEMPORARY ON DATABASE {database} TO {database_role('insight')}")
    # Projections belong to insight, which makes them; the owner reads and replaces them too.
    await connection.execute(f"GRANT {database_role('insight')} TO {_OWNER}")
    if await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
        # To see which transaction holds the log's readers back; managed services grant it in ways of their own.
        await connection.execute(f"GRANT pg_read_all_stats TO {_OWNER}, {database_role('insight')}")


async def _apply(connection: asyncpg.Connection) -> list[str]:
    applied: list[str] = []
    known: dict[str, str] = {}
    if await connection.fetchval("SELECT to_regclass('ops.migration') IS NOT NULL"):
        known = {row["name"]: row["sha256"] for row in await connection.fetch("SELECT name, sha256 FROM ops.migration")}
    for path in sorted(_FOLDER.glob("[0-9]*.sql")):
        text = path.read_text()
        digest = hashlib.sha256(text.encode()).hexdigest()
        if known.get(path.name, digest) != digest:
            raise Problem(
                f"Migration {path.name} has changed since it was applied to this database. "
                "Restore the file and put the change into a new, higher numbered one."
            )
        if path.name not in known:
            async with connection.transaction():
                await connection.execute(text)
                await connection.execute(_LEDGER)
                await connection.execute("INSERT INTO ops.migration (name, sha256) VALUES ($1, $2)", path.name, digest)
            applied.append(path.name)
    return applied


_LEDGER = """
CREATE TABLE IF NOT EXISTS ops.migration (
    name       text PRIMARY KEY,
    sha256     text        NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)"""


def _partitions() -> Iterator[str]:
    for context in STORED:
        event, inbox = f"event_{context}", f"inbox_{context}"
        yield f"CREATE TABLE IF NOT EXISTS store.{event} PARTITION OF store.event FOR VALUES IN ('{context}')"
        yield f"CREATE UNIQUE INDEX IF NOT EXISTS {event}_stream ON store.{event} (stream_id, version)"
        yield f"CREATE INDEX IF NOT EXISTS {event}_log ON store.{event} (xid, position)"
        yield f"CREATE INDEX IF NOT EXISTS {event}_case ON store.{event} (correlation_id, position)"
        if context in CONTEXTS:
            # What was ever said of somebody: by what they are reached, and which cases are theirs.
            yield f"CREATE INDEX IF NOT EXISTS {event}_consumer ON store.{event} ((data->>'consumer_id'))"
        if context == Context.FEEDBACK:
            # Which actions were ordered about a case, by the manager's own order too (services/insight/case_log.py).
            yield (
                f"CREATE INDEX IF NOT EXISTS {event}_ordered ON store.{event} ((data->>'case_id')) "
                "WHERE type = 'ActionOrdered'"
            )
        yield f"ALTER TABLE store.{event} ALTER context SET DEFAULT '{context}'"
        yield f"CREATE TABLE IF NOT EXISTS store.{inbox} PARTITION OF store.inbox FOR VALUES IN ('{context}')"
        yield f"CREATE UNIQUE INDEX IF NOT EXISTS {inbox}_message ON store.{inbox} (message_id)"
        yield f"ALTER TABLE store.{inbox} ALTER context SET DEFAULT '{context}'"


def _press() -> Iterator[str]:
    """Forms are asked for by their senders' ids, and by the month in which they begin (deploy/documents/read.py); ids
    and cards by who enters another one (services/subscriptions/ps1.py).
    """
    for name, field in (("id", "subscription_id"), ("term", "first_month"), ("card", "card")):
        yield f"""CREATE INDEX IF NOT EXISTS event_{Context.SUBSCRIPTIONS}_{name}
            ON store.event_{Context.SUBSCRIPTIONS} ((data->>'{field}')) WHERE type = 'SubscriptionAccepted'"""
    # An operating day's protocol is asked for by its date (deploy/documents/read.py, deploy/board/press.py).
    yield f"""CREATE INDEX IF NOT EXISTS event_{Context.SUBSCRIPTIONS}_day
        ON store.event_{Context.SUBSCRIPTIONS} ((data->>'day')) WHERE data->>'day' IS NOT NULL"""


def _grants() -> Iterator[str]:
    """A service writes its own partitions by name: a right on the whole table would hold for all partitions."""
    for context in CONTEXTS:
        role = database_role(context)
        yield f"GRANT USAGE ON SCHEMA store, vault, ops TO {role}"
        yield f"GRANT USAGE ON SEQUENCE store.position TO {role}"
        yield f"GRANT SELECT, INSERT ON store.event_{context}, store.inbox_{context} TO {role}"
        # That others' events are stored, not what they say: whether something is under way (eventstore/underway.py).
        for other in CONTEXTS:
            if other != context:
                yield f"GRANT SELECT (position, type, correlation_id) ON store.event_{other} TO {role}"
        yield f"GRANT SELECT, INSERT ON vault.key TO {role}"
        # What was refused is sealed and for the admin's eyes; the key columns are what ON CONFLICT must see.
        yield f"GRANT INSERT, SELECT (id, origin) ON ops.dead_letter TO {role}"
    # Who forgets a consumer deletes the key (shared/service/processor.py); the others only make and read keys.
    yield f"GRANT UPDATE (key, forgotten_at) ON vault.key TO {database_role(Context.INTAKE)}"
    # Whoever sees to strays also deletes letters whose time is over, unread (shared/bus/deadletters.py).
    yield f"GRANT DELETE, SELECT (subject, received_at) ON ops.dead_letter TO {database_role(Context.INTAKE)}"
    relay, insight, notify = database_role("relay"), database_role("insight"), database_role("notify")
    yield f"GRANT USAGE ON SCHEMA store, ops TO {relay}, {insight}, {notify}"
    yield f"GRANT SELECT ON store.event TO {relay}, {insight}, {notify}"
    yield f"GRANT SELECT, UPDATE ON ops.relay TO {relay}"
    yield f"GRANT SELECT, UPDATE ON ops.notify TO {notify}"
    yield from _grants_of_the_watch()
    # It opens the contacts of who is written to; it makes and deletes no key.
    yield f"GRANT USAGE ON SCHEMA vault TO {notify}"
    yield f"GRANT SELECT ON vault.key TO {notify}"
    yield f"GRANT SELECT ON ALL TABLES IN SCHEMA ops TO {insight}"
    yield f"GRANT USAGE, CREATE ON SCHEMA read TO {insight}"
    yield f"GRANT ALL ON read.projection, read.poison, read.lives TO {insight}"


def _grants_of_the_watch() -> Iterator[str]:
    """It reads the log and the view of deadlines, and writes what it tells into its own partition."""
    watch, insight = database_role(WATCH), database_role("insight")
    yield f"GRANT USAGE ON SCHEMA store, ops, read TO {watch}"
    yield f"GRANT USAGE ON SEQUENCE store.position TO {watch}"
    yield f"GRANT SELECT ON store.event TO {watch}"
    yield f"GRANT SELECT, INSERT ON store.event_{WATCH}, store.inbox_{WATCH} TO {watch}"
    yield f"GRANT SELECT, UPDATE ON ops.watch TO {watch}"
    yield f"GRANT SELECT ON ALL TABLES IN SCHEMA read TO {watch}"
    yield f"ALTER DEFAULT PRIVILEGES FOR ROLE {insight} IN SCHEMA read GRANT SELECT ON TABLES TO {watch}"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
