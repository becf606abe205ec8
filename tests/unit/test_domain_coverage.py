"""The table of coverage leaves nothing of the domain out, and names only what exists."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from shared.contracts import COMMANDS, EVENTS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "domain-coverage.md"
SECTIONS = range(11)
"""Of the domain's description: §0 the shape … §10 what users of other service desks ask for."""


def _rows() -> list[tuple[str, str, str]]:
    found: list[tuple[str, str, str]] = []
    for line in PAGE.read_text().splitlines():
        if line.startswith("| ") and not line.startswith("| rule |"):
            rule, carried, shown = (cell.strip() for cell in line.strip().strip("|").split("|"))
            found.append((rule, carried, shown))
    return found


@pytest.mark.parametrize("row", _rows(), ids=lambda row: str(row[0])[:60])
def test_what_carries_a_rule_and_what_shows_it_exist(row: tuple[str, str, str]) -> None:
    rule, carried, shown = row
    types = re.findall(r"`([A-Z]\w+)`", carried)
    unknown = [name for name in types if name not in COMMANDS and name not in EVENTS]
    assert not unknown, f"{rule}: no such command or event"
    tests = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", shown)
    assert tests, f"{rule}: names no test"
    for file, function in tests:
        text = (ROOT / file).read_text()
        assert not function or re.search(rf"^\s*(async )?def {function}\(|^class {function}\b", text, re.M), (
            f"{rule}: {file} has no {function}"
        )


def test_every_section_of_the_domain_has_rows() -> None:
    counted: Counter[int] = Counter()
    section = None
    for line in PAGE.read_text().splitlines():
        if line.startswith("## "):
            found = re.match(r"## §(\d+) ", line)
            section = None if found is None else int(found[1])
        elif line.startswith("| ") and not line.startswith("| rule |") and section is not None:
            counted[section] += 1
    assert counted.keys() == set(SECTIONS)


def test_every_command_carries_some_rule() -> None:
    named = {name for _, carried, _ in _rows() for name in re.findall(r"`([A-Z]\w+)`", carried)}
    assert not COMMANDS.keys() - named
