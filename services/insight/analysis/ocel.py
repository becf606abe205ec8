"""OCEL 2.0 in its SQLite form (ocel-standard.org): events, and the objects and people of each; written page by page."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from services.insight.analysis.disclosure import OPEN_TYPES
from services.insight.analysis.objects import CASE, CONSUMER, OBJECT_TYPES, Fact, Part, facts_of, parts
from shared.contracts import EVENTS

_ALWAYS = "1970-01-01T00:00:00.000000+00:00"
"""The standard's time of what an object is from its beginning."""
_OWN = {"stage": "TEXT", "role": "TEXT", "position": "INTEGER"}
"""An event's attributes that are columns of its frame."""
_CASE_FACTS = ("channel", "office", "topic")
_KINDS = {
    Fact.TEXT: "TEXT",
    Fact.INTEGER: "INTEGER",
    Fact.FLOAT: "REAL",
    Fact.BOOLEAN: "BOOLEAN",
    Fact.TIME: "TIMESTAMP",
}
_TABLES = """
CREATE TABLE event_map_type (ocel_type TEXT PRIMARY KEY, ocel_type_map TEXT);
CREATE TABLE object_map_type (ocel_type TEXT PRIMARY KEY, ocel_type_map TEXT);
CREATE TABLE event (ocel_id TEXT PRIMARY KEY, ocel_type TEXT REFERENCES event_map_type);
CREATE TABLE object (ocel_id TEXT PRIMARY KEY, ocel_type TEXT REFERENCES object_map_type);
CREATE TABLE event_object (
    ocel_event_id TEXT REFERENCES event, ocel_object_id TEXT REFERENCES object, ocel_qualifier TEXT,
    PRIMARY KEY (ocel_event_id, ocel_object_id, ocel_qualifier));
CREATE TABLE object_object (
    ocel_source_id TEXT REFERENCES object, ocel_target_id TEXT REFERENCES object, ocel_qualifier TEXT,
    PRIMARY KEY (ocel_source_id, ocel_target_id, ocel_qualifier));
"""


class OcelFile:
    """Takes frames of events in `Order.LOG`."""

    def __init__(self, path: Path) -> None:
        # It is a file of its own until it is whole: nothing to roll back, and no waiting for the disk.
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN;" + _TABLES)
        for name in OPEN_TYPES:
            self._type("event", name, name, _OWN | _columns(name))
        for kind in OBJECT_TYPES:
            facts = dict.fromkeys(_CASE_FACTS, "TEXT") if kind == CASE else {}
            self._type("object", kind, _map(kind), {"ocel_changed_field": "TEXT", **facts})

    def add(self, page: pl.DataFrame) -> None:
        """Write a page."""
        for row in page.iter_rows(named=True):
            data: dict[str, Any] = orjson.loads(row["data"])
            event = f"e{row['position']}"
            self._event(event, row, data)
            found = list(parts(row["type"], data))
            for part in found:
                self._object(part, data)
                self._insert("event_object", event, part.id, part.qualifier)
            for source, target, qualifier in _relations(found):
                self._insert("object_object", source.id, target.id, qualifier)

    def close(self) -> None:
        """Finish the file."""
        self._db.execute("COMMIT")
        self._db.close()

    def _type(self, what: str, name: str, mapped: str, columns: Mapping[str, str]) -> None:
        self._insert(f"{what}_map_type", name, mapped)
        listed = "".join(f', "{column}" {kind}' for column, kind in columns.items())
        self._db.execute(
            f'CREATE TABLE "{what}_{mapped}" (ocel_id TEXT REFERENCES {what}, ocel_time TIMESTAMP{listed})'
        )

    def _event(self, event: str, row: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        name = row["type"]
        self._insert("event", event, name)
        own = (row[column] for column in _OWN)
        facts = (data.get(field) for field in _columns(name))
        self._insert(f"event_{name}", event, row["occurred_at"].isoformat(timespec="microseconds"), *own, *facts)

    def _object(self, part: Part, data: Mapping[str, Any]) -> None:
        if self._insert("object", part.id, part.type):
            facts = (data.get(name) for name in _CASE_FACTS) if part.type == CASE else ()
            self._insert(f"object_{_map(part.type)}", part.id, _ALWAYS, None, *facts)

    def _insert(self, table: str, *values: Any) -> bool:
        """Add a row; False: it is there already."""
        places = ", ".join("?" * len(values))
        return self._db.execute(f'INSERT OR IGNORE INTO "{table}" VALUES ({places})', values).rowcount > 0  # noqa: S608


@cache
def _columns(type_name: str) -> dict[str, str]:
    """An event's own facts; its stage is in its frame already."""
    facts = facts_of(EVENTS[type_name])
    return {field: _KINDS[fact] for field, fact in facts.items() if field not in _OWN}


def _relations(found: list[Part]) -> Iterator[tuple[Part, Part, str]]:
    """What belongs to the case, and whose case it is."""
    for case in found:
        if case.type != CASE:
            continue
        for part in found:
            if part.type == CONSUMER:
                yield case, part, "of"
            elif part.qualifier.endswith("_id") and part.type != CASE:
                yield part, case, "of"


def _map(kind: str) -> str:
    """As the standard has it, a name for tables: `operating_day` → `OperatingDay`."""
    return "".join(word.title() for word in kind.split("_"))
