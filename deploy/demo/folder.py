"""The demonstration's data folder: made anew each time, and never anything else's."""

from __future__ import annotations

import shutil
from pathlib import Path

from deploy.problem import Problem
from deploy.run import stop_running

_MARK = "made-by-tereze-demo"


def folder_in(home: Path) -> Path:
    """`demo` in the data folder, or the data folder where it is a demonstration's itself."""
    whole = home.expanduser().resolve()
    return whole if (whole / _MARK).exists() else whole / "demo"


def make_anew(folder: Path) -> None:
    """Stop what runs there, remove it, make it empty. Problem: it holds something else."""
    if folder.exists():
        if not (folder / _MARK).exists() and any(folder.iterdir()):
            raise Problem(f"{folder} was not made by the demonstration. Move it away, or name another with --home.")
        stop_running(folder)
        shutil.rmtree(folder)
    folder.mkdir(mode=0o700, parents=True)
    (folder / _MARK).touch()
