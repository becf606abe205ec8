"""The demonstration, whole: it plays, its figures agree, it leaves something to go on with; a wrong figure fails it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
import typer

from deploy.cli.demo import demo
from deploy.demo import run
from deploy.demo.folder import make_anew
from deploy.demo.ledger import Ledger, reckon
from deploy.demo.script import Script
from deploy.home import find_running
from deploy.problem import Problem

CASES = 25
_TEREZE = (sys.executable, "-m", "deploy.cli.main")


def _tereze(*args: str, home: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "TEREZE_HOME": str(home), "COLUMNS": "80"}
    return subprocess.run((*_TEREZE, *args), check=False, capture_output=True, text=True, timeout=200, env=environment)


@pytest.fixture(scope="module")
def home(new_folder: Callable[[], Path]) -> Path:
    return new_folder()


@pytest.fixture(scope="module")
def kept(home: Path) -> subprocess.CompletedProcess[str]:
    """What the demonstration printed; its system still runs."""
    return _tereze("demo", "--cases", str(CASES), "--keep", home=home)


def test_the_figures_agree_with_what_was_played(kept: subprocess.CompletedProcess[str]) -> None:
    assert kept.returncode == 0, kept.stdout + kept.stderr
    for part in ("Deadlines", "Effectiveness", "Case demo-", "Press subscriptions", "figures agree", "Go on with"):
        assert part in kept.stdout
    assert max(map(len, kept.stdout.split("Go on with")[0].splitlines())) <= 80


def test_what_it_says_to_type_next_works(home: Path, kept: subprocess.CompletedProcess[str]) -> None:
    printed = kept.stdout.split("Go on with:")[1].splitlines()
    assert f"TEREZE_HOME={home / 'demo'}" in printed[1]
    commands = [line.partition("#")[0].split()[1:] for line in printed[2:] if line.strip()]
    assert commands[-1] == ["down"]
    for command in commands[:-1]:
        done = _tereze(*command, home=home / "demo")
        assert done.returncode == 0, (command, done.stderr)
    assert json.loads(_tereze("sla", "--json", home=home / "demo").stdout)


def test_a_figure_that_disagrees_fails_it_and_a_new_one_replaces_a_running_one(
    home: Path,
    kept: subprocess.CompletedProcess[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert kept.returncode == 0
    before = find_running(home / "demo")
    assert before is not None

    def tampered(script: Script, now: datetime) -> Ledger:
        ledger = reckon(script, now)
        key, row = next((key, row) for key, row in ledger.sla.items() if key[0] == "closing")
        ledger.sla[key] = replace(row, met=row.met + 1)
        index, (forms, tiyn) = next(iter(ledger.days.sold.items()))
        ledger.days.sold[index] = (forms, tiyn + 1)
        return ledger

    monkeypatch.setattr(run, "reckon", tampered)
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(typer.Exit) as end:
        demo(home, cases=CASES, seed=2, keep=False)
    printed = capsys.readouterr().out
    assert end.value.exit_code == 1
    assert "2 differences" in printed
    assert "deadlines closing" in printed
    assert "subscriptions (count, tiyn)" in printed
    assert not before.alive
    assert find_running(home / "demo") is None


def test_it_never_removes_what_is_not_its_own(new_folder: Callable[[], Path]) -> None:
    folder = new_folder() / "demo"
    folder.mkdir()
    (folder / "letters.txt").write_text("mine")
    with pytest.raises(Problem, match="not made by the demonstration"):
        make_anew(folder)
    assert (folder / "letters.txt").read_text() == "mine"
