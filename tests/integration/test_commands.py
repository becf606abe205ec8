"""Commands against a running system, with what once ended them in a traceback."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.launcher import System
from tests.conftest import StartSystem


@pytest.fixture(scope="module")
async def own(start_system: StartSystem) -> System:
    return await start_system(("intake", "insight", "relay"), movable_clock=False)


async def tereze(system: System, *arguments: str) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(
        subprocess.run,
        (sys.executable, "-m", "deploy.cli.main", *arguments),
        env={**os.environ, "TEREZE_HOME": str(system.home.path), "COLUMNS": "240"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def test_a_field_named_like_markup_does_not_end_the_list_of_dead_letters(own: System) -> None:
    sent = await tereze(own, "send", "ReceiveRequest", "--data", '{"[/x]": 1}', "--source", "/[/y]")
    assert sent.returncode == 1
    assert "[/x]" in sent.stdout
    listed = await tereze(own, "dead-letters", "list")
    assert listed.returncode == 0, listed.stderr
    assert "[/x]" in listed.stdout
    assert "/[/y]" in listed.stdout
    assert "[/x]" in (await tereze(own, "dead-letters", "show", "1")).stdout


async def test_data_beyond_what_the_bus_takes_is_told(own: System, tmp_path: Path) -> None:
    file = tmp_path / "large.json"
    file.write_text('{"question": "' + "x" * 3_000_000 + '"}')
    done = await tereze(own, "send", "ReceiveRequest", "--data", f"@{file}")
    assert done.returncode == 1
    assert done.stderr.startswith("tereze: --data: 3,000,")


async def test_where_no_clock_matches_it_is_said_which_offices_there_are(own: System) -> None:
    """Regression: an office's name with a slip said that nothing was ever received."""
    written = (
        '{"channel": "web", "language": "en", "office": "north", "question": "?", "consumer": {"email": "a@b.kz"}}'
    )
    assert (await tereze(own, "send", "ReceiveWrittenRequest", "--data", written)).returncode == 0
    async with asyncio.timeout(30):
        while "Near it" not in (told := (await tereze(own, "sla", "--office", "nrth")).stdout):
            assert told in {"", "No office has clocks yet.\n"}
    assert told == "No office nrth has clocks. Near it: north\n"
    assert (await tereze(own, "sla", "--office", "nrth", "--json")).stdout.strip() == "[]"
