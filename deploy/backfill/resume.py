"""Where an import stopped, so that the next run of the same file goes on there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path


class Bookmark:
    """A small file below the data folder, named after the file's content and the way its columns are read."""

    def __init__(self, home: Path, source: Path, columns: Mapping[str, str], options: str) -> None:
        digest = sha256(json.dumps([dict(columns), options], sort_keys=True).encode())
        with source.open("rb") as opened:
            while chunk := opened.read(1 << 20):
                digest.update(chunk)
        self._path = home / "import" / f"{digest.hexdigest()[:24]}.json"

    def read(self) -> int:
        """Rows of this file that are settled."""
        try:
            return int(json.loads(self._path.read_text())["rows"])
        except FileNotFoundError:
            return 0

    def write(self, rows: int) -> None:
        """Remember; replaces the file in one step."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps({"rows": rows}))
        fresh.replace(self._path)
