"""Reading back the spans kept on this machine: the traces of a case, each as a tree."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from .exporter import traces_folder

# Well below SQLite's limit of variables in one statement.
_IDS_A_QUERY = 500

T = TypeVar("T")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LocalSpan:
    """One span; times in nanoseconds since 1970."""

    trace_id: str
    span_id: str
    parent_id: str | None
    name: str
    kind: str
    service: str
    instance: str
    start_ns: int
    end_ns: int
    failed: str | None
    """The machine-readable code of its failure."""
    attributes: Mapping[str, Any]
    links: tuple[str, ...]
    """Ids of the traces that it links to."""


@dataclass(frozen=True, slots=True)
class Node:
    """A span and what it caused, in order of time."""

    span: LocalSpan
    children: tuple[Node, ...]

    def walk(self, depth: int = 0) -> Iterator[tuple[int, LocalSpan]]:
        """(depth, span) of this node and all below it, parents first."""
        yield depth, self.span
        for child in self.children:
            yield from child.walk(depth + 1)


@dataclass(frozen=True, slots=True)
class Trace:
    """One trace. A root is a span whose parent is not kept here: none, an adapter's, or one already pruned."""

    trace_id: str
    roots: tuple[Node, ...]

    @property
    def start_ns(self) -> int:
        return min(span.start_ns for _, span in self.walk())

    @property
    def end_ns(self) -> int:
        return max(span.end_ns for _, span in self.walk())

    @property
    def links(self) -> tuple[str, ...]:
        """Ids of the traces that any of its spans links to, each once."""
        return tuple(dict.fromkeys(link for _, span in self.walk() for link in span.links if link != self.trace_id))

    def walk(self) -> Iterator[tuple[int, LocalSpan]]:
        """(depth, span) of all its spans, parents first, siblings by time."""
        for root in self.roots:
            yield from root.walk()


def spans_of_case(home: Path, case_id: str) -> list[Trace]:
    """The traces in which any process of the system at `home` recorded `case_id`, oldest first.

    A file that can't be read is left out with a warning: the others' spans are still worth seeing.
    """
    files = sorted(traces_folder(home).glob("*.sqlite"))
    trace_ids = sorted({trace_id for file in files for trace_id in _read(file, lambda db: _trace_ids(db, case_id))})
    spans: dict[str, list[LocalSpan]] = defaultdict(list)
    for file in files:
        for span in _read(file, lambda db: _spans(db, trace_ids)):
            spans[span.trace_id].append(span)
    return sorted((tree(found) for found in spans.values()), key=lambda trace: trace.start_ns)


def tree(spans: Sequence[LocalSpan]) -> Trace:
    """The spans of one trace (at least one) as a tree."""
    known = {span.span_id for span in spans}
    below: dict[str | None, list[LocalSpan]] = defaultdict(list)
    for span in sorted(spans, key=lambda span: span.start_ns):
        below[span.parent_id if span.parent_id in known else None].append(span)

    def nodes(parent: str | None) -> tuple[Node, ...]:
        return tuple(Node(span, nodes(span.span_id)) for span in below.get(parent, ()))

    return Trace(spans[0].trace_id, nodes(None))


def _trace_ids(db: sqlite3.Connection, case_id: str) -> list[str]:
    return [row[0] for row in db.execute("SELECT DISTINCT trace_id FROM span WHERE case_id = ?", (case_id,))]


def _spans(db: sqlite3.Connection, trace_ids: Sequence[str]) -> list[LocalSpan]:
    found: list[LocalSpan] = []
    for at in range(0, len(trace_ids), _IDS_A_QUERY):
        some = trace_ids[at : at + _IDS_A_QUERY]
        marks = ", ".join("?" * len(some))
        found += [_span(row) for row in db.execute(f"SELECT * FROM span WHERE trace_id IN ({marks})", some)]  # noqa: S608 - only marks are put in
    return found


def _span(row: sqlite3.Row) -> LocalSpan:
    return LocalSpan(
        trace_id=row["trace_id"],
        span_id=row["span_id"],
        parent_id=row["parent_id"],
        name=row["name"],
        kind=row["kind"],
        service=row["service"],
        instance=row["instance"],
        start_ns=row["start_ns"],
        end_ns=row["end_ns"],
        failed=row["failed"],
        attributes=json.loads(row["attributes"]),
        links=tuple(json.loads(row["links"])),
    )


def _read(file: Path, query: Callable[[sqlite3.Connection], list[T]]) -> list[T]:
    try:
        # Read-only: looking must neither create a file nor hold up the process that writes it.
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=5)) as db:
            db.row_factory = sqlite3.Row
            return query(db)
    except (sqlite3.Error, ValueError) as error:
        _log.warning("%s is left out: %s; delete it if this stays so (it holds only traces)", file, error)
        return []
