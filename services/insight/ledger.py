"""The ledger of projections, `read.projection`: which version stands in which table, and how far it has come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.insight import lives
from services.insight.instants import Connection, Pool
from services.insight.projection import Projection, Row
from shared.eventstore.model import Cursor


class Status(StrEnum):
    """What a table is."""

    LIVE = "live"
    BUILDING = "building"


def table_of(projection: Projection, status: Status) -> str:
    """The table's name in the schema `read`."""
    return projection.table if status is Status.LIVE else f"{projection.table}_building"


async def checkpoint(
    connection: Connection, projection: Projection, status: Status = Status.LIVE, *, lock: bool = False
) -> Cursor | None:
    """How far a table has come; None: there is no such table. `lock` keeps other writers out until the commit."""
    select = "SELECT xid, position FROM read.projection WHERE name = $1 AND version = $2 AND status = $3"
    row = await connection.fetchrow(
        f"{select} FOR UPDATE" if lock else select, projection.name, projection.version, status
    )
    return None if row is None else Cursor(row["xid"], row["position"])


async def live_cursors(pool: Pool) -> dict[str, Cursor]:
    """How far each live table has come, by the projection's name and version."""
    rows = await pool.fetch("SELECT name, version, xid, position FROM read.projection WHERE status = 'live'")
    return {f"{row['name']} v{row['version']}": Cursor(row["xid"], row["position"]) for row in rows}


async def other_live_versions(connection: Connection, projection: Projection) -> list[int]:
    """Live versions of this projection that are not this one."""
    rows = await connection.fetch(
        "SELECT version FROM read.projection WHERE name = $1 AND version <> $2 AND status = 'live' ORDER BY version",
        projection.name,
        projection.version,
    )
    return [row["version"] for row in rows]


async def create(connection: Connection, projection: Projection, status: Status) -> None:
    """Make an empty table and enter it. Call it in a transaction."""
    await connection.execute(projection.create_table(table_of(projection, status)))
    await connection.execute(
        "INSERT INTO read.projection (name, version, status) VALUES ($1, $2, $3)",
        projection.name,
        projection.version,
        status,
    )


@dataclass(frozen=True, slots=True)
class Built:
    """How far a table that is being built has come."""

    upto: Cursor
    events: int
    rows: int


NOTHING = Built(Cursor(), 0, 0)


async def go_on_building(connection: Connection, projection: Projection) -> Built | None:
    """Take up the table of this version that somebody began to build; None: there is none.

    The time in which nobody built it does not count: else its rate would be wrong.
    """
    row = await connection.fetchrow(
        "UPDATE read.projection SET started_at = clock_timestamp() - (updated_at - started_at),"
        " updated_at = clock_timestamp() WHERE name = $1 AND version = $2 AND status = 'building'"
        " RETURNING xid, position, events, rows_written",
        projection.name,
        projection.version,
    )
    return None if row is None else Built(Cursor(row["xid"], row["position"]), row["events"], row["rows_written"])


async def mark(connection: Connection, projection: Projection, built: Built, total: int) -> None:
    """Write down how far the building has come, in the transaction that writes the rows."""
    await connection.execute(
        "UPDATE read.projection SET xid = $3, position = $4, events = $5, rows_written = $6, total = $7,"
        " updated_at = clock_timestamp() WHERE name = $1 AND version = $2 AND status = 'building'",
        projection.name,
        projection.version,
        *built.upto,
        built.events,
        built.rows,
        total,
    )


async def drop_other_buildings(connection: Connection, projection: Projection) -> None:
    """Drop what was begun of versions that nobody will finish. Call it in a transaction."""
    rows = await connection.fetch(
        "DELETE FROM read.projection WHERE name = $1 AND version <> $2 AND status = 'building' RETURNING version",
        projection.name,
        projection.version,
    )
    for row in rows:
        await connection.execute(f"DROP TABLE IF EXISTS read.{projection.name}_v{row['version']}_building")


async def drop(connection: Connection, projection: Projection, status: Status) -> None:
    """Drop a table and its entry, if there. Call it in a transaction."""
    await connection.execute(f"DROP TABLE IF EXISTS read.{table_of(projection, status)}")
    await connection.execute(
        "DELETE FROM read.projection WHERE name = $1 AND version = $2 AND status = $3",
        projection.name,
        projection.version,
        status,
    )


async def write(connection: Connection, projection: Projection, rows: Sequence[Row], upto: Cursor) -> None:
    """Add rows to the live table and move its checkpoint. Call it in a transaction."""
    await copy(connection, projection, table_of(projection, Status.LIVE), rows)
    await lives.note(connection, projection, rows)
    await connection.execute(
        "UPDATE read.projection SET xid = $3, position = $4, updated_at = now()"
        " WHERE name = $1 AND version = $2 AND status = 'live'",
        projection.name,
        projection.version,
        *upto,
    )


async def copy(connection: Connection, projection: Projection, table: str, rows: Iterable[Row]) -> None:
    """Add rows to a table of this projection's shape."""
    await connection.copy_records_to_table(table, schema_name="read", columns=projection.column_names, records=rows)
