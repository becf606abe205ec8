"""The README's adapter is run as it stands: what a newcomer copies must work."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from deploy.launcher import System

ROOT = Path(__file__).resolve().parents[2]


async def test_the_adapter_of_the_readme_works_as_printed(system: System, tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.S)
    script = tmp_path / "adapter.py"
    script.write_text(code, encoding="utf-8")
    url = subprocess.run(
        [sys.executable, "-m", "deploy.cli.main", "url"],
        env={**os.environ, "TEREZE_HOME": str(system.home.path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    done = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "NATS_URL": url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    published, asked = done.stdout.splitlines()
    assert "'status': 'accepted'" in published
    assert "'status': 'duplicate'" in asked
