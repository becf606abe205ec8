"""Where an import stopped, so that the next run of the same file goes on there; and what it rejected."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import TextIO

from deploy.backfill.rows import Reject

_HEADER = ("row", "id", "code", "reason")


@dataclass(frozen=True, slots=True)
class Mark:
    """How far the import of a file has come."""

    rows: int = 0
    """Rows that are settled."""
    rejected: int = 0
    """Of these: rejected."""
    rejects_file: str | None = None
    """Where they were written."""


class Bookmark:
    """A small file below the data folder, named after the file's content and the way its columns are read."""

    def __init__(self, home: Path, source: Path, columns: Mapping[str, str], options: str) -> None:
        digest = sha256(json.dumps([dict(columns), options], sort_keys=True).encode())
        with source.open("rb") as opened:
            while chunk := opened.read(1 << 20):
                digest.update(chunk)
        self._path = home / "import" / f"{digest.hexdigest()[:24]}.json"

    def read(self) -> Mark:
        """Where it stands; at the beginning where there is none."""
        try:
            return Mark(**json.loads(self._path.read_text()))
        except FileNotFoundError:
            return Mark()

    def write(self, mark: Mark) -> None:
        """Remember; replaces the file in one step."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps(asdict(mark)))
        fresh.replace(self._path)


class Rejects:
    """The rejects file, written reject by reject: the bookmark must never pass a row whose reject is not in it."""

    def __init__(self, path: Path, before: Mark) -> None:
        """Go on after `before`: what an interrupted run wrote of later rows goes, for they come again."""
        self.path = path
        self._before = before
        self._rows: list[int] = []
        self._opened: TextIO | None = None
        self._kept = _kept(before)
        if self._kept:
            # Beside it first: a run that is interrupted here must not lose what the file held.
            fresh = path.with_name(f"{path.name}.new")
            with fresh.open("w", newline="", encoding="utf-8") as opened:
                csv.writer(opened).writerows((_HEADER, *self._kept))
            fresh.replace(path)

    @property
    def lost(self) -> int:
        """Rejects of earlier runs that are no longer in their file."""
        return max(0, self._before.rejected - len(self._kept))

    @property
    def count(self) -> int:
        """Rejects of this run and those before it."""
        return self._before.rejected + len(self._rows)

    def add(self, reject: Reject) -> None:
        """Write it down at once."""
        if self._opened is None:
            self._opened = self.path.open("a" if self._kept else "w", newline="", encoding="utf-8")
            if not self._kept:
                csv.writer(self._opened).writerow(_HEADER)
        csv.writer(self._opened).writerow((reject.row, reject.id, reject.code, reject.reason))
        self._opened.flush()
        self._rows.append(reject.row)

    def mark(self, rows: int) -> Mark:
        """The bookmark's content once all rows up to `rows` are settled."""
        rejected = self._before.rejected + sum(row <= rows for row in self._rows)
        return Mark(rows, rejected, str(self.path.resolve()))

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()


def _kept(before: Mark) -> list[list[str]]:
    """The lines of earlier rejects. A line that was cut short is of a row that comes again."""
    if not before.rejected or before.rejects_file is None:
        return []
    try:
        with Path(before.rejects_file).open(newline="", encoding="utf-8") as opened:
            lines = [line for line in csv.reader(opened) if len(line) == len(_HEADER) and line[0].isdecimal()]
    except FileNotFoundError:
        return []
    return [line for line in lines if int(line[0]) <= before.rows]
