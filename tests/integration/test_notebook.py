"""The notebook, every cell of it, over a real history: nobody sees a cell fail before analysts do."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace
from typing import TypeAlias

import asyncpg
import pytest

from deploy.launcher import System
from tests.conftest import StartSystem
from tests.integration.histories import SECRET, append, history

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
pytest.importorskip("marimo", reason="`make test` and `make notebook` fetch it")
NOTEBOOK = Path(__file__).resolve().parents[2] / "docs" / "notebooks" / "history.py"


@pytest.fixture(scope="module")
async def looked_at(start_system: StartSystem) -> System:
    """A system whose only process is the read side."""
    return await start_system(("insight",), movable_clock=False)


@pytest.fixture
async def store(looked_at: System) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(looked_at.dsn_for("admin"))
    yield connection
    await connection.close()


async def exported(home: Path, path: Path) -> subprocess.CompletedProcess[str]:
    """Run all cells as marimo does; it fails where one of them does. Of a copy: it keeps what it saw beside it."""
    copy = shutil.copy(NOTEBOOK, path.parent)
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "marimo", "--quiet", "export", "html", "--force", "-o", str(path), str(copy)],
        env={**os.environ, "TEREZE_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


async def test_every_cell_runs_over_an_empty_store_and_over_a_history(
    looked_at: System, store: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, home = tmp_path / "history.html", looked_at.home.path
    empty = await exported(home, page)
    assert empty.returncode == 0, empty.stdout + empty.stderr
    assert "Nothing has happened yet" in page.read_text()

    positions = await append(store, history(31, 40))
    done = await exported(home, page)
    assert done.returncode == 0, done.stdout + done.stderr
    text = page.read_text()
    assert f"As it stood at position {positions[-1]:,}" in text
    assert SECRET not in text

    # With the slider moved back, every cell below stands as it stood then.
    monkeypatch.setenv("TEREZE_HOME", str(home))
    app = run_path(str(NOTEBOOK))["app"]
    _outputs, there = await asyncio.to_thread(app.run, defs={"until": SimpleNamespace(value=50)})
    assert there["position"] == positions[49]
    assert there["past"].height == 50
    assert 0 < there["clocks"]["position"].max() <= positions[49]
    assert there["followed"].height > 3


async def test_where_no_system_runs_it_says_so_and_no_cell_fails(tmp_path: Path) -> None:
    page = tmp_path / "history.html"
    done = await exported(tmp_path / "nothing", page)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No running Tereze in" in page.read_text()
