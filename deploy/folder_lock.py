"""One launcher at a time over a data folder."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class FolderLock:
    """An exclusive lock on a file, freed by the system when its holder dies.

    `flock`, not POSIX record locks (which `fasteners` takes): those do not exclude within one process,
    and closing any handle of the file gives them up.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def acquire(self) -> bool:
        """Take the lock; False where another holds it."""
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        self._handle = handle
        return True

    def release(self) -> None:
        """Give it back; nothing happens where it is not held."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
