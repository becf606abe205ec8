"""Spans kept on this machine, where no collector is configured: one SQLite file per process name."""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import INVALID_SPAN_CONTEXT, StatusCode

from . import names

SPANS_KEPT = 200_000
_PRUNE_EVERY = 5_000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS span (
    id       INTEGER PRIMARY KEY,
    trace_id TEXT NOT NULL,
    span_id  TEXT NOT NULL,
    parent_id TEXT,
    name     TEXT NOT NULL,
    kind     TEXT NOT NULL,
    service  TEXT NOT NULL,
    instance TEXT NOT NULL,
    start_ns INTEGER NOT NULL,
    end_ns   INTEGER NOT NULL,
    failed   TEXT,
    case_id  TEXT,
    attributes TEXT NOT NULL,
    links    TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS span_trace ON span (trace_id);
CREATE INDEX IF NOT EXISTS span_case ON span (case_id) WHERE case_id IS NOT NULL;
"""
_INSERT = "INSERT INTO span VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

_log = logging.getLogger(__name__)


def traces_folder(home: Path) -> Path:
    """Where the processes of the system at `home` keep their spans."""
    return home / "traces"


def traces_file(home: Path, service: str) -> Path:
    """The file of one process name; its replicas share it."""
    return traces_folder(home) / f"{service}.sqlite"


class LocalSpanExporter(SpanExporter):
    """Writes spans into `path` and keeps the newest `keep` of them.

    A file that can't be written costs the spans and one warning, never the message they tell of.
    """

    def __init__(self, path: Path, *, keep: int = SPANS_KEPT) -> None:
        self._path = path
        self._keep = keep
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._since_pruned = _PRUNE_EVERY
        self._warned = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        try:
            with self._lock:
                self._write([_row(span) for span in spans])
        except (sqlite3.Error, OSError) as error:
            if not self._warned:
                self._warned = True
                _log.warning(
                    "traces are not kept: %s (%s); check the disk and the file, then restart", error, self._path
                )
            return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return True

    def _write(self, rows: list[tuple[str | int | None, ...]]) -> None:
        if self._connection is None:
            self._connection = self._open()
        with self._connection:
            self._connection.executemany(_INSERT, rows)
            self._since_pruned += len(rows)
            if self._since_pruned >= min(_PRUNE_EVERY, self._keep):
                self._connection.execute("DELETE FROM span WHERE id <= (SELECT max(id) FROM span) - ?", (self._keep,))
                self._since_pruned = 0

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # The processor's thread writes, the thread that flushes or shuts down may too: hence the lock above.
        connection = sqlite3.connect(self._path, timeout=5, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        # A power cut may cost the last spans, not the file.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.executescript(_SCHEMA)
        return connection


def _row(span: ReadableSpan) -> tuple[str | int | None, ...]:
    context = span.context or INVALID_SPAN_CONTEXT
    attributes = dict(span.attributes or {})
    who = span.resource.attributes
    case_id = attributes.get(names.CASE_ID)
    return (
        f"{context.trace_id:032x}",
        f"{context.span_id:016x}",
        f"{span.parent.span_id:016x}" if span.parent else None,
        span.name,
        span.kind.name.lower(),
        str(who.get(names.SERVICE_NAME, "")),
        str(who.get(names.SERVICE_INSTANCE, "")),
        span.start_time or 0,
        span.end_time or span.start_time or 0,
        (span.status.description or "error") if span.status.status_code is StatusCode.ERROR else None,
        str(case_id) if case_id is not None else None,
        json.dumps(attributes),
        json.dumps([f"{link.context.trace_id:032x}" for link in span.links]),
    )
