"""Time as something passed in. Rules never read the wall clock; services read a `Clock`."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    """Anything that says what time it is, with a zone."""

    def now(self) -> datetime: ...


class SystemClock:
    """The wall clock, in UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class MovableClock:
    """The wall clock plus an offset kept in a small file that all processes of one system share.

    Only for demonstrations and tests, where months must pass in seconds: a system uses it when it is
    started with `TEREZE_CLOCK_FILE`. Moving is atomic; readers notice by the file's modification time.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = -1
        self._offset = timedelta()

    def now(self) -> datetime:
        try:
            stamp = self._path.stat().st_mtime_ns
        except FileNotFoundError:
            return datetime.now(UTC)
        if stamp != self._seen:
            self._offset = timedelta(seconds=json.loads(self._path.read_text())["offset_s"])
            self._seen = stamp
        return datetime.now(UTC) + self._offset

    def set(self, moment: datetime) -> None:
        """Make it `moment` now, for every process of this system."""
        offset = (moment - datetime.now(UTC)).total_seconds()
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps({"offset_s": offset}))
        fresh.replace(self._path)


def clock_from_environment() -> Clock:
    """The movable clock where `TEREZE_CLOCK_FILE` names its file, else the wall clock."""
    path = os.environ.get("TEREZE_CLOCK_FILE")
    return MovableClock(Path(path)) if path else SystemClock()
