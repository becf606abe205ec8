"""Commands at the terminal: what is foreign is shown as it is, what can't be done is said in a sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from deploy.cli import case_view, health_view, insight_view, letters, outbox, send
from deploy.cli.terminal import terminal
from deploy.health import Durable, Health, Reader
from deploy.home import Part
from deploy.waterfall import show
from services.insight.queries import CauseRow, EffectivenessGroup, EffectivenessRow, SlaGroup, SlaRow
from services.insight.timeline import Deadline, Entry, Timeline
from shared.bus.answers import Answer, Reason, Status, Stored
from shared.bus.deadletters import LetterSummary
from shared.telemetry.local import LocalSpan, Node, Trace

FOREIGN = "[/x]:+1:"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], work: Callable[[], object]) -> str:
    monkeypatch.setenv("COLUMNS", "240")
    work()
    return capsys.readouterr().out


def case_of(text: str) -> Timeline:
    entry = Entry(1, NOON, NOON, text, text, text, {"topic": text})
    open_one = Deadline("answer", text, NOON, NOON, None, "open", 1.0, 1, 1)
    return Timeline(text, [entry], [open_one])


def test_what_a_later_event_says_of_the_moment_asked_for_is_shown_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    begun = replace(case_of("x"), deadlines=[Deadline("begin_at_once", "k1", NOON, NOON, NOON, "met", 0.0, 1, 99)])
    told = printed(monkeypatch, capsys, lambda: case_view.case_tables(begun, "UTC"))
    assert "Ended by then, as was told later:" in told
    assert "begin_at_once" in told


def sla_row(text: str) -> SlaRow:
    numbers: dict[str, Any] = dict.fromkeys(SlaRow.__dataclass_fields__, 1)
    return SlaRow(**{**numbers, "indicator": text, "channel": text, "group": text})


def effectiveness_row(text: str) -> EffectivenessRow:
    numbers: dict[str, Any] = dict.fromkeys(EffectivenessRow.__dataclass_fields__, 1)
    return EffectivenessRow(**{**numbers, "group": text})


def difference(text: str) -> list[dict[str, Any]]:
    row = {"stands": "only live", "row": text}
    return [{"projection": text, "events": 1, "rows": 1, "differences": 1, "first": [row]}]


def waterfall_of(text: str) -> None:
    span = LocalSpan("t", "s", None, text, "kind", text, "1", 0, 10, text, {}, (text,))
    show(text, [Trace("t", (Node(span, ()),))], Console())


def health_of(text: str) -> None:
    found = Health(
        readers=[Reader(text, True, True, 0, None)],
        durables=[Durable(text, text, True, 0, 0)],
        dead_letters=0,
        poison=0,
        write_transaction_s=None,
        unanswered={text: text},
    )
    Console().print(health_view.parts_table([Part(text, 1, True)]), *health_view.health_tables(found))


def letters_of(text: str) -> None:
    reasons = [{"code": text, "field": text}]
    found = [LetterSummary(1, text, text, text, text, text, reasons, NOON, None, 0)]
    Console().print(letters._table(found, UTC))  # pyright: ignore[reportPrivateUsage]


def outbox_of(text: str) -> None:
    fields = ("channel", "language", "case_id", "event_type", "subject")
    found = {**dict.fromkeys(fields, text), "time": NOON.isoformat()}
    Console().print(outbox._table([found], timezone(timedelta(hours=5))))  # pyright: ignore[reportPrivateUsage]


ANSWER = Answer(Status.REJECTED, FOREIGN, FOREIGN, FOREIGN, (Stored(FOREIGN, 1),), (Reason("code", FOREIGN, FOREIGN),))


@pytest.mark.parametrize(
    "draw",
    [
        pytest.param(lambda: letters_of(FOREIGN), id="dead-letters"),
        pytest.param(lambda: case_view.case_tables(case_of(FOREIGN), "UTC"), id="case"),
        pytest.param(lambda: insight_view.sla_table([sla_row(FOREIGN)], SlaGroup.OFFICE), id="sla"),
        pytest.param(
            lambda: insight_view.effectiveness_tables(
                [effectiveness_row(FOREIGN)], [CauseRow(FOREIGN, 1, 1)], EffectivenessGroup.TOPIC
            ),
            id="effectiveness",
        ),
        pytest.param(lambda: insight_view.differences_table(difference(FOREIGN)), id="differences"),
        pytest.param(lambda: waterfall_of(FOREIGN), id="trace"),
        pytest.param(lambda: health_of(FOREIGN), id="health"),
        pytest.param(lambda: outbox_of(FOREIGN), id="outbox"),
        pytest.param(lambda: send._print(ANSWER), id="send"),  # pyright: ignore[reportPrivateUsage]
    ],
)
def test_foreign_markup_is_shown_and_not_obeyed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], draw: Callable[[], object]
) -> None:
    assert FOREIGN in printed(monkeypatch, capsys, draw)


def test_whoever_forgets_a_person_is_told_what_that_does_not_reach() -> None:
    """Regression: the answer said `accepted`, and rejected messages went on naming who was believed forgotten."""
    told = send.left_to_do("ForgetConsumer", b'{"consumer_id": "c-2026-0001"}')
    assert told is not None
    assert "tereze dead-letters delete --naming c-2026-0001" in told
    assert send.left_to_do("RegisterConsumer", b'{"consumer": {"phone": "8 701 555 01 01"}}') is None


def test_the_outbox_tells_the_centres_time(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert "2026-03-02 17:00" in printed(monkeypatch, capsys, lambda: outbox_of("x"))


def test_a_narrow_sla_table_shows_foreign_markup(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    insight_view.sla_table([sla_row("[/x]")], SlaGroup.OFFICE)
    assert capsys.readouterr().out.count("[/x]") == 3


def tereze(*arguments: str | bytes, home: Path | str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (sys.executable, "-m", "deploy.cli.main", *arguments),
        env={**os.environ, "TEREZE_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def assert_says(done: subprocess.CompletedProcess[str], sentence: str) -> None:
    assert done.returncode == 1
    assert done.stderr.startswith("tereze: ")
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("time", ["0001-01-01", "9999-12-31T23:59:59-12:00"])
def test_a_time_that_cannot_be_reckoned_with_is_told(tmp_path: Path, time: str) -> None:
    assert_says(tereze("sla", "--as-of", time, home=tmp_path), "--as-of")


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("send", "ReceiveRequest", "--data", "{}", "--id", ""), "--id"),
        (("send", "ReceiveRequest", "--data", "{}", "--source="), "--source"),
        (("sla", "--by", " "), "--by"),
        (("status", "--home", ""), "--home"),
        (("outbox", "--case", ""), "--case"),
        (("case", ""), "argument 2"),
    ],
)
def test_an_empty_option_is_refused_and_stands_for_nothing(
    tmp_path: Path, arguments: tuple[str, ...], what: str
) -> None:
    """Regression: `--id ''`, of a shell's variable that was not set, silently made a new id: no safe repeat."""
    assert_says(tereze(*arguments, home=tmp_path), f"{what} is empty")


KNOWN = {"office": ["north", "south"], "topic": ["documents"]}


@pytest.mark.parametrize(
    ("asked", "past", "told"),
    [
        ({"office": "nort"}, False, "No office nort has clocks. Near it: north; all of them: tereze sla --by office"),
        ({"office": "x"}, False, "No office x has clocks. There are: north, south"),
        ({"office": "north", "topic": "?"}, False, "No topic ? has clocks. There are: documents"),
        (
            {"office": "north", "topic": "documents"},
            False,
            "No clock has office north and topic documents together.",
        ),
        ({"office": "north"}, True, "No clock had office north by then."),
    ],
)
def test_where_no_clock_is_found_it_is_said_which_there_are(asked: dict[str, str], past: bool, told: str) -> None:
    assert insight_view.nothing_matches(asked, KNOWN, past=past) == told


LONG = "consumer_data_must_be_verified_before_anything_else_is_done expected_result.and_some_more"


@pytest.mark.parametrize("columns", ["80", None])
def test_reasons_are_whole_on_a_narrow_terminal_and_piped_on_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: str | None
) -> None:
    if columns is None:
        monkeypatch.delenv("COLUMNS", raising=False)
    else:
        monkeypatch.setenv("COLUMNS", columns)
    code, _, field = LONG.partition(" ")
    one = LetterSummary(1, "intake", "", "", "RescheduleAppointment", "/web/north", [], NOON, None, 0)
    letter = replace(one, reasons=[{"code": code, "field": field}])
    terminal().print(letters._table([letter], UTC))  # pyright: ignore[reportPrivateUsage]
    shown = capsys.readouterr().out
    if columns is None:
        assert LONG in shown
    else:
        assert LONG.replace(" ", "") in "".join(
            line.split("│")[-2].strip() for line in shown.splitlines() if "│" in line
        )


@pytest.mark.parametrize(
    "arguments", [("case", b"c-\xff"), ("send", "ReceiveRequest", "--data", b"{\xff}")], ids=["case", "send"]
)
def test_an_argument_that_is_no_utf_8_is_told(tmp_path: Path, arguments: tuple[str | bytes, ...]) -> None:
    assert_says(tereze(*arguments, home=tmp_path), "UTF-8")


@pytest.mark.parametrize("command", [("up",), ("up", "--detach"), ("status",), ("status", "--json"), ("down",)])
@pytest.mark.parametrize("name", ["file", "file/below", "long" * 100])
def test_a_data_folder_that_cannot_be_one_is_told(tmp_path: Path, command: tuple[str, ...], name: str) -> None:
    (tmp_path / "file").write_text("")
    assert_says(tereze(*command, home=tmp_path / name), "--home")


@pytest.mark.parametrize("command", ["up", "status"])
def test_a_data_folder_without_permission_is_told(tmp_path: Path, command: str) -> None:
    tmp_path.chmod(0)
    try:
        if os.access(tmp_path, os.R_OK):
            pytest.skip("whoever runs this may read and write everything")
        assert_says(tereze(command, home=tmp_path), "--home")
    finally:
        tmp_path.chmod(0o700)
