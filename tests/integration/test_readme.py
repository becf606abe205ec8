"""The README's adapter is run as it stands: what a newcomer copies must work."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.launcher import System

ROOT = Path(__file__).resolve().parents[2]


def run(arguments: list[str], **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("user", ["adapter", "channel"])
async def test_the_adapter_of_the_readme_works_as_printed(system: System, tmp_path: Path, user: str) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.S)
    script = tmp_path / "adapter.py"
    script.write_text(code, encoding="utf-8")
    url = await asyncio.to_thread(run, ["-m", "deploy.cli.main", "url", user], TEREZE_HOME=str(system.home.path))
    published, asked, told = (await asyncio.to_thread(run, [str(script)], NATS_URL=url)).splitlines()
    assert "'status': 'accepted'" in published
    assert "'status': 'duplicate'" in asked
    assert told.startswith("told: ")
