"""Exports history to a file: events or a view, as of a position, page by page, so that memory stays flat.

The same position makes the same bytes, whenever it is asked for: what is written is a function of the log up to
there. A forgotten person changes nothing, since nothing of a person is in it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from hashlib import file_digest
from pathlib import Path
from typing import Protocol

import polars as pl

from services.insight.analysis import log
from services.insight.analysis.log import Cut, Order
from services.insight.analysis.ocel import OcelFile
from services.insight.analysis.sources import EVENTS, events, source
from services.insight.analysis.tables import CsvFile, ParquetFile
from services.insight.analysis.xes import XesFile
from services.insight.instants import Connection

Report = Callable[[int, int], None]
"""Told how many events are done, and of how many."""


class Format(StrEnum):
    """What kind of file it becomes."""

    PARQUET = "parquet"
    CSV = "csv"
    OCEL2 = "ocel2"
    XES = "xes"

    @property
    def holds_events_only(self) -> bool:
        """Whether it is a format of event logs, which a view's facts are not."""
        return self in {Format.OCEL2, Format.XES}


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written."""

    file: str
    position: int
    """What was known reaches so far; ask for it again with `--as-of`, and the same bytes come."""
    events: int
    """How many were read."""
    rows: int
    sha256: str


class _File(Protocol):
    def add(self, page: pl.DataFrame) -> None: ...
    def close(self) -> None: ...


async def export(
    connection: Connection, path: Path, form: Format, report: Report, *, what: str = EVENTS, cut: Cut | None = None
) -> Exported:
    """Write `what` (a source's name) of what `cut` says (default: all there is now). Use a `log_connection`.

    The file appears when it is whole; until then it is `<name>.part`.

    Raises:
        UnknownPositionError: the log is not settled.
        UnknownProjectionError: there is no such source.
        PoisonError: a view can't fold an event.
        OSError: the file can't be written.
        ValueError: something else than events was asked for in a format of event logs.
    """
    if what != EVENTS and form.holds_events_only:
        raise ValueError(f"{form} is a format of event logs; write {what} as parquet or csv")
    wanted = events(order=Order.CASE) if form is Format.XES else source(what)
    cut = cut or await log.cut_at(connection)
    known = await log.count(connection, cut, wanted.types)
    done = rows = 0
    with _appearing(path) as part, _closing(_opened(form, part, wanted.schema, cut.position)) as file:
        async for page, count in wanted.pages(connection, cut):
            if not page.is_empty():
                file.add(page)
            done, rows = done + count, rows + page.height
            report(done, known)
    with path.open("rb") as written:
        return Exported(str(path), cut.position, done, rows, file_digest(written, "sha256").hexdigest())


def _opened(form: Format, path: Path, schema: pl.Schema, position: int) -> _File:
    match form:
        case Format.PARQUET:
            return ParquetFile(path, schema, position)
        case Format.CSV:
            return CsvFile(path, schema)
        case Format.XES:
            return XesFile(path, position)
        case Format.OCEL2:
            return OcelFile(path)


@contextmanager
def _closing(file: _File) -> Generator[_File]:
    """Close it also where writing failed: then what is there is thrown away."""
    try:
        yield file
    finally:
        file.close()


@contextmanager
def _appearing(path: Path) -> Generator[Path]:
    """A name to write under, which becomes `path` once everything is there."""
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
