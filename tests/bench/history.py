"""A long history: lawful lives of cases, copied under new names into the store until it holds so many events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

import asyncpg

from shared.contracts import Event
from tests.integration import histories

SEED = 7
CASES = 2_000
CHUNK = 10_000
COLUMNS = (
    *("context", "stream_id", "version", "type", "schema_version", "data"),
    *("occurred_at", "causation_id", "correlation_id", "actor"),
)


class Line(NamedTuple):
    """One event of the sample."""

    case_id: str
    event: Event
    row: tuple[Any, ...]
    """As `COLUMNS`."""


def sample(types: frozenset[str]) -> list[Line]:
    """The lives of 2,000 cases, written and consulted, as far as these types of event tell them."""
    versions: Counter[str] = Counter()
    lines: list[Line] = []
    for one in histories.history(SEED, CASES):
        name = one.event.type_name()
        if name not in types:
            continue
        stream = f"{one.event.context}-{one.case_id}"
        versions[stream] += 1
        data = one.event.model_dump_json()
        row = (
            *(one.event.context, stream, versions[stream], name, one.event.schema_version, data),
            *(one.occurred_at, "bench", one.case_id, "/bench"),
        )
        lines.append(Line(one.case_id, one.event, row))
    return lines


async def grow(connection: asyncpg.Connection[asyncpg.Record], lines: list[Line], have: int, want: int) -> None:
    """Copy more events into the store, by COPY: from `have` to `want` of them."""
    rows = islice(_copies(lines), have, want)
    while chunk := list(islice(rows, CHUNK)):
        await connection.copy_records_to_table("event", schema_name="store", columns=COLUMNS, records=chunk)
    await connection.execute("VACUUM (ANALYZE) store.event")


def _copies(lines: list[Line]) -> Iterator[tuple[Any, ...]]:
    """The sample again and again, each time under other names of cases."""
    old = f"case-{SEED}-"
    copy = 0
    while True:
        new = f"c{copy}-{SEED}-"
        for line in lines:
            context, stream, version, name, schema_version, data, occurred_at, cause, case_id, actor = line.row
            yield (
                *(context, stream.replace(old, new), version, name, schema_version, data.replace(old, new)),
                *(occurred_at, cause, case_id.replace(old, new), actor),
            )
        copy += 1
