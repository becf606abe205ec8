"""Commands against a running system, with what once ended them in a traceback."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import asyncpg
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


async def test_rejected_words_of_a_person_are_found_whatever_they_are_written_like_and_deleted(own: System) -> None:
    escaped = '{"question": "?", "consumer": {"name": "\\u0410\\u0441\\u0435\\u043b\\u044c"}}'
    for data in (escaped, '{"about": "C-GONE-1"', '{"question": "of somebody else"}'):
        assert (await tereze(own, "send", "ReceiveRequest", "--data", data)).returncode == 1
    named = ("--naming", "асель", "--naming", "c-gone-1")
    assert "Letters deleted: 2" in (await tereze(own, "dead-letters", "delete", *named)).stdout
    assert "Letters deleted: 0" in (await tereze(own, "dead-letters", "delete", *named)).stdout
    assert "say which" in (await tereze(own, "dead-letters", "delete")).stderr
    assert "at least 4" in (await tereze(own, "dead-letters", "delete", "--naming", "7")).stderr


async def test_dead_letters_from_outside_end_by_time_and_those_of_events_stay(own: System) -> None:
    store = await asyncpg.connect(own.dsn_for("admin"))
    old, kept = "now() - interval '31 days'", "now() - interval '29 days'"
    for origin, subject, at in (
        ("old", "tereze.in.intake.ReceiveRequest", old),
        ("kept", "tereze.in.intake.ReceiveRequest", kept),
        ("event", "tereze.events.feedback.Satisfied", old),
    ):
        await store.execute(
            f"""INSERT INTO ops.dead_letter (origin, context, subject, reasons, sealed, received_at)
                VALUES ($1, 'intake', $2, '[]', '', {at})""",
            origin,
            subject,
        )
    await own.restart("intake")
    async with asyncio.timeout(20):
        while await store.fetchval("SELECT EXISTS (SELECT FROM ops.dead_letter WHERE origin = 'old')"):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    left = await store.fetch("SELECT origin FROM ops.dead_letter WHERE origin = ANY($1)", ["old", "kept", "event"])
    assert {row["origin"] for row in left} == {"kept", "event"}
    await store.execute("DELETE FROM ops.dead_letter WHERE origin = ANY($1)", ["kept", "event"])
    await store.close()


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


async def test_a_pack_of_a_position_is_the_same_file_again_whatever_came_since(own: System, tmp_path: Path) -> None:
    written = '{"channel": "post", "language": "kk", "office": "south", "question": "?", "consumer": {"name": "A"}}'
    assert (await tereze(own, "send", "ReceiveWrittenRequest", "--data", written)).returncode == 0
    first = await tereze(own, "review", "--pdf", str(tmp_path / "one.pdf"))
    assert first.returncode == 0, first.stderr
    assert (await tereze(own, "send", "ReceiveWrittenRequest", "--data", written)).returncode == 0
    # It says itself how to get the same again.
    again = await tereze(own, "review", "--pdf", str(tmp_path / "two.pdf"), *first.stdout.rpartition(": ")[2].split())
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "two.pdf").read_bytes() == (tmp_path / "one.pdf").read_bytes()
    beyond = await tereze(own, "report", "limits", "--as-of", "999999999")
    assert beyond.returncode == 1
    assert "nothing stands at position 999999999" in beyond.stderr


async def test_a_verdict_is_explained_a_moment_of_the_past_asked_for_and_another_rule_tried(
    own: System, tmp_path: Path
) -> None:
    written = (
        '{"channel": "post", "language": "en", "office": "west", "question": "?", "consumer": {"email": "a@b.kz"}}'
    )
    sent = json.loads((await tereze(own, "send", "ReceiveWrittenRequest", "--data", written, "--json")).stdout)
    case_id, position = sent["case_id"], str(sent["events"][0]["position"])
    why = await tereze(own, "explain", case_id, "mail_answer")
    assert why.returncode == 0, why.stderr
    assert "mail_answer.house, version 1, in force since ever" in why.stdout
    assert f"WrittenRequestReceived ({position})" in why.stdout
    (then,) = json.loads((await tereze(own, "explain", case_id, "mail_answer", "--as-of", position, "--json")).stdout)
    assert (then["verdict"], then["steps"][-1]["due_at"]) == ("open", then["due_at"])
    slip = await tereze(own, "explain", case_id, "mail_anser")
    assert (slip.returncode, "did you mean mail_answer?" in slip.stderr) == (1, True)
    before = await tereze(own, "case", case_id, "--as-of", "2020-01-01", "--as-known")
    assert (before.returncode, f"at position {position}" in before.stderr) == (1, True)
    beyond = await tereze(own, "sla", "--as-of", "20260302")
    assert (beyond.returncode, "A day is written with dashes" in beyond.stderr) == (1, True)
    assert (await tereze(own, "effectiveness", "--as-known")).returncode == 2

    rule = tmp_path / "rule.toml"
    rule.write_text('[[limits]]\npolicy = "mail_answer.*"\nlimit = "0 days"\nfrom_working_day = false\n')
    async with asyncio.timeout(30):
        while True:
            found = json.loads((await tereze(own, "what-if", "--policy", str(rule), "--json")).stdout)
            if case_id in {flip["case_id"] for flip in found["flips"]}:
                break
    (one,) = found["indicators"]
    assert one["worse"] == len(found["flips"]) == one["after"]["overdue"]
    table = await tereze(own, "what-if", "--policy", str(rule), "--first", "1")
    assert table.returncode == 0, table.stderr
    assert f"Clocks that flip: {len(found['flips'])}; the first 1" in table.stdout
    rule.write_text('[[limits]]\npolicy = "mail_anser"\nlimit = "3 days"\n')
    wrong = await tereze(own, "what-if", "--policy", str(rule))
    assert (wrong.returncode, "did you mean mail_answer" in wrong.stderr) == (1, True)
