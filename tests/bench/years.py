"""Years of a centre: lives of cases that all came to their end, begun anew every three days, so many events."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import asyncpg
import orjson

from services.insight.clocks import ENDS
from services.insight.indicators.plan import START
from services.insight.instants import instant
from services.insight.projection import Projection, Seen
from tests.bench.history import CHUNK, COLUMNS, SEED, Line, sample

EVERY = timedelta(days=3)
_MOMENT = re.compile(r'"(\d{4}-\d\d-\d\dT[\d:.]+Z)"')
_MARK = "\0"
Row = tuple[Any, ...]
_Copy = Callable[[str, timedelta], Row]


def settled(sla: Projection) -> list[Line]:
    """The lives of the sample of which every clock has ended: nobody has hundreds of thousands that are years late."""
    place = {name: index for index, name in enumerate(sla.column_names)}
    op, clock = place["op"], place["clock_id"]
    lines = sample(frozenset(sla.types))
    begun: dict[str, set[str]] = {}
    ended: set[str] = set()
    for line in lines:
        at = instant(line.row[COLUMNS.index("occurred_at")])
        data = orjson.loads(line.row[COLUMNS.index("data")])
        for row in sla.rows(Seen(0, line.event.type_name(), at, at, data)):
            if row[op] == START:
                begun.setdefault(line.case_id, set()).add(row[clock])
            elif row[op] in ENDS:
                ended.add(row[clock])
    return [line for line in lines if begun.get(line.case_id, set()) <= ended]


async def fill(connection: asyncpg.Connection[asyncpg.Record], lines: Sequence[Line], have: int, want: int) -> None:
    """Copy more events into the store: from `have` to `want` of them."""
    rows = islice(_copies([_copier(line) for line in lines]), have, want)
    while chunk := list(islice(rows, CHUNK)):
        await connection.copy_records_to_table("event", schema_name="store", columns=COLUMNS, records=chunk)
    await connection.execute("VACUUM (ANALYZE) store.event")


def _copies(copiers: Sequence[_Copy]) -> Iterator[Row]:
    number = 0
    while True:
        for copy in copiers:
            yield copy(f"y{number}-{SEED}-", number * EVERY)
        number += 1


def _copier(line: Line) -> _Copy:
    """Makes an event again, of another case and so much later, with all moments that it speaks of."""
    context, stream, version, name, schema_version, data, occurred_at, cause, case_id, actor = line.row
    old = f"case-{SEED}-"
    moments = [datetime.fromisoformat(found) for found in _MOMENT.findall(data)]
    pieces = _MOMENT.sub(f'"{_MARK}"', data).split(_MARK)

    def copy(new: str, later: timedelta) -> Row:
        text = pieces[0]
        for at, piece in zip(moments, pieces[1:], strict=True):
            text += (at + later).astimezone(UTC).isoformat() + piece
        return (
            *(context, stream.replace(old, new), version, name, schema_version, text.replace(old, new)),
            *(occurred_at + later, cause, case_id.replace(old, new), actor),
        )

    return copy
