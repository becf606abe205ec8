"""What is shown to people can't command their terminal."""

from __future__ import annotations

import pytest
from rich.table import Table

from deploy.cli.terminal import terminal


@pytest.mark.parametrize("bad", ["\x1b[2J", "\x1b]0;title\x07", "\x9b31m", "\x08\x08"])
def test_an_escape_sequence_in_a_persons_words_is_shown_and_not_obeyed(
    bad: str, capsys: pytest.CaptureFixture[str]
) -> None:
    table = Table("office")
    table.add_row(f"North{bad}, Қостанай")
    console = terminal()
    console.print(table)
    console.print(f"plain {bad}", markup=False)
    shown = capsys.readouterr().out
    assert "North" in shown
    assert "Қостанай" in shown
    assert not any(control in shown for control in "\x1b\x9b\x07\x08")


def test_what_the_program_itself_styles_stays_styled(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal().print("[bold]good[/bold]")
    assert "\x1b[1m" in capsys.readouterr().out
