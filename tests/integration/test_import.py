"""History through the bus: `tereze import`, as its user runs it, against an independent computation."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from deploy.backfill.flow import Backfill
from deploy.backfill.resume import Bookmark, Mark, Rejects
from deploy.backfill.rows import Case, Columns, Reject
from deploy.launcher import System
from shared.bus.client import Submitter
from shared.contracts.values import Role
from tests.conftest import StartSystem
from tests.integration.pandas_figures import (
    IN_WORKING_DAYS,
    as_flipped,
    as_reported,
    by_office_topic_and_month,
    by_working_days,
)

CASES = Path(__file__).resolve().parents[3] / "shared" / "data" / "nyc_council_constituent_cases.parquet"
COLUMNS = (
    "id=unique_key,received_at=opendate,answered_at=closedate,office=account,topic=complaint_type,question=descriptor"
)
needs_cases = pytest.mark.skipif(not CASES.is_file(), reason=f"the real cases are not at {CASES}")
SAMPLE_OFFICES = ("NYCC01", "NYCC18", "NYCC45")


def tereze(system: System, *arguments: str, fails: bool = False) -> Any:
    """Run one command with --json on this system."""
    done = subprocess.run(
        [sys.executable, "-m", "deploy.cli.main", *arguments, "--json"],
        env={**os.environ, "TEREZE_HOME": str(system.home.path)},
        capture_output=True,
        text=True,
        timeout=1500,
        check=False,
    )
    assert (done.returncode != 0) == fails, done.stderr
    return json.loads(done.stdout)


def expected(cases: pd.DataFrame) -> dict[str, tuple[int, int, int, int]]:
    """office -> (total, met, breached, open): answered within 10 calendar days of opening, later, not at all."""
    days = (pd.to_datetime(cases["closedate"]) - pd.to_datetime(cases["opendate"])).dt.days
    table = pd.DataFrame(
        {"office": cases["account"], "met": days <= 10, "breached": days > 10, "open": days.isna()}
    ).groupby("office")
    return {
        str(office): (len(group), int(group["met"].sum()), int(group["breached"].sum()), int(group["open"].sum()))
        for office, group in table
    }


def told(system: System) -> dict[str, tuple[int, int, int, int]]:
    rows = tereze(system, "sla", "--by", "office", "--channel", "post")
    return {
        row["office"]: (row["total"], row["met"], row["breached"], row["open"])
        for row in rows
        if row["indicator"] == "mail_answer"
    }


def reported(system: System, *only: str) -> dict[Any, Any]:
    by = ("--by", "office", "--by", "topic", "--by", "month", "--only", "indicator=mail_answer", *only)
    return as_reported(tereze(system, "report", "limits", *by)["rows"])


def agrees_by_working_days(system: System, cases: pd.DataFrame, folder: Path) -> None:
    """Judged by working days on a calendar with federal holidays: case by case, in all, and in every group."""
    rule = folder / "working-days.toml"
    rule.write_text(IN_WORKING_DAYS, encoding="utf-8")
    found = tereze(system, "what-if", "--policy", str(rule))
    table, shares = by_working_days(cases)
    (judged,) = found["indicators"]
    assert judged["after"]["met"] == (~table["late_working"]).sum()
    assert judged["after"]["kept"] == pytest.approx((~table["late_working"]).mean())
    flips = table[table["late"] != table["late_working"]]
    assert {(one["case_id"], one["after"] != "met") for one in found["flips"]} == set(
        zip(flips["case"], flips["late_working"], strict=True)
    )
    assert len(flips) > 0
    assert as_flipped(table, reported(system), found["flips"]) == shares


@pytest.fixture(scope="module")
async def own(start_system: StartSystem) -> System:
    return await start_system(("intake", "relay", "insight"), movable_clock=False)


async def until_projected(system: System, total: int) -> None:
    """The read side follows the store by a moment: compare once it has seen everything."""
    async with asyncio.timeout(120):
        while sum(row[0] for row in told(system).values()) < total:  # noqa: ASYNC110 - asks another process
            await asyncio.sleep(0.3)


@needs_cases
async def test_a_sample_of_real_offices_agrees_with_pandas(own: System, tmp_path: Path) -> None:
    cases = pd.read_parquet(CASES)
    sample = cases[cases["account"].isin(SAMPLE_OFFICES)].groupby("account").head(1500)
    file = tmp_path / "sample.parquet"
    sample.to_parquet(file)
    summary = tereze(own, "import", str(file), "--columns", COLUMNS)
    assert (summary["accepted"], summary["rejected"]) == (len(sample), 0)
    await until_projected(own, len(sample))
    assert told(own) == expected(sample)
    assert reported(own) == by_office_topic_and_month(sample)
    agrees_by_working_days(own, sample, tmp_path)

    again = tereze(own, "import", str(file), "--columns", COLUMNS, "--restart")
    assert (again["accepted"], again["duplicates"]) == (0, len(sample))
    resumed = tereze(own, "import", str(file), "--columns", COLUMNS)
    assert (resumed["already_imported"], resumed["accepted"], resumed["duplicates"]) == (len(sample), 0, 0)


async def test_bad_rows_go_to_the_rejects_file_with_reasons(own: System, tmp_path: Path) -> None:
    file = tmp_path / "dirty.csv"
    file.write_text(
        "number,opened,closed,branch\n"
        "good-1,2024-03-01,2024-03-05,dirty\n"
        ",2024-03-01,,dirty\n"
        "bad-date,yesterday,,dirty\n"
        "turned,2024-03-05,2024-03-01,dirty\n"
        "no branch,2024-03-05,,\n"
        "a space,2024-03-05,,dirty\n"
        "future,2190-01-01,,dirty\n"
        "good-1,2024-03-02,,dirty\n"
        "good-2,2024-03-01T10:00:00+05:00,,dirty\n",
        encoding="utf-8",
    )
    columns = "id=number,received_at=opened,answered_at=closed,office=branch"
    summary = tereze(own, "import", str(file), "--columns", columns, fails=True)
    assert (summary["accepted"], summary["answered"], summary["rejected"], summary["repeated_ids"]) == (3, 1, 6, 1)
    lines = Path(summary["rejects_file"]).read_text(encoding="utf-8").splitlines()
    rejects = {row["row"]: row["code"] for row in csv.DictReader(lines)}
    assert rejects == {
        "2": "id_missing",
        "3": "received_at_unreadable",
        "4": "answered_before_received",
        "5": "office_missing",
        "6": "schema_string_pattern_mismatch",
        "7": "in_the_future",
    }


SHORT = "id=id,received_at=at,office=office"


async def test_a_repeated_id_never_takes_an_id_that_another_row_has(own: System, tmp_path: Path) -> None:
    file = tmp_path / "repeated.csv"
    file.write_text("id,at,office\n" + "".join(f"{one},2024-03-01,repeated\n" for one in ("6", "6", "6-2", "6")))
    summary = tereze(own, "import", str(file), "--columns", SHORT)
    assert (summary["accepted"], summary["rejected"]) == (4, 0)
    assert [tereze(own, "case", one)["case_id"] for one in ("6", "6-2", "6-3", "6-4")] == ["6", "6-2", "6-3", "6-4"]


async def test_a_row_under_an_id_that_is_under_way_is_rejected_and_not_lost(own: System) -> None:
    day = datetime(2024, 3, 1, tzinfo=UTC)
    rows = [Case(row, "under-way", day, None, "guard", None, None) for row in (1, 2)]
    rejects: list[Reject] = []
    async with Submitter(own.state.nats_url, "/import", Role.MANAGER) as submitter:
        flow = Backfill(submitter, channel="post", language="kk", told=lambda _: None, rejected=rejects.append)
        done = await flow.run(iter(rows), 0)
    assert (done.accepted, done.rows, [(one.row, one.code) for one in rejects]) == (1, 2, [(2, "id_repeated")])


def rejects_of(file: Path) -> list[str]:
    return [row["row"] for row in csv.DictReader(file.read_text(encoding="utf-8").splitlines())]


async def test_an_interrupted_import_keeps_its_rejects(own: System, tmp_path: Path) -> None:
    # Given an import that was ended after its second row, with a reject written of a row beyond the bookmark.
    file, columns = tmp_path / "cut.csv", Columns.parse(SHORT)
    file.write_text("id,at,office\n,2024-03-01,cut\ncut-1,2024-03-01,cut\n,2024-03-01,cut\ncut-2,2024-03-01,cut\n")
    bookmark = Bookmark(own.home.path, file, columns, "post kk")
    first = Rejects(tmp_path / "mine.csv", Mark())
    first.add(Reject(1, "", "id_missing", "the row has no id"))
    first.add(Reject(3, "", "id_missing", "the row has no id"))
    bookmark.write(first.mark(2))
    # When it is run again, and once more when it is complete, then each reject is there once, and told each time.
    for already, accepted in ((2, 1), (4, 0)):
        summary = tereze(own, "import", str(file), "--columns", SHORT, fails=True)
        assert (summary["already_imported"], summary["accepted"], summary["rejected"]) == (already, accepted, 2)
        assert summary["rejects_file"] == str(tmp_path / "mine.csv")
        assert rejects_of(tmp_path / "mine.csv") == ["1", "3"]


def test_a_reject_is_in_its_file_before_the_bookmark_passes_it(tmp_path: Path) -> None:
    rejects = Rejects(tmp_path / "r.csv", Mark())
    rejects.add(Reject(7, "a", "code", "why"))
    assert rejects_of(tmp_path / "r.csv") == ["7"]
    assert (rejects.mark(6).rejected, rejects.mark(7).rejected) == (0, 1)


@pytest.mark.parametrize(
    ("name", "content", "more"),
    [
        ("latin.csv", "id,at,office\n1,2024-03-01,caf\xe9\n".encode("latin-1"), ()),
        ("broken.parquet", b"PAR1 and no more", ()),
        ("empty.csv", b"", ()),
        ("good.csv", b"id,at,office\n", ("--channel", "bogus")),
        ("good.csv", b"id,at,office\n", ("--language", "bogus")),
    ],
)
async def test_what_cannot_be_imported_is_said_in_a_sentence(
    own: System, tmp_path: Path, name: str, content: bytes, more: tuple[str, ...]
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "deploy.cli.main", "import", str(file), "--columns", SHORT, *more],
        env={**os.environ, "TEREZE_HOME": str(own.home.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("tereze: ")
    assert "Traceback" not in done.stderr


@pytest.mark.whole
@pytest.mark.timeout(1800)
@needs_cases
async def test_the_whole_file_agrees_with_pandas_row_for_row(start_system: StartSystem, tmp_path: Path) -> None:
    system = await start_system(("intake", "relay", "insight"), movable_clock=False)
    cases = pd.read_parquet(CASES)
    summary = tereze(system, "import", str(CASES), "--columns", COLUMNS, "--rejects", str(system.home.path / "r.csv"))
    assert (summary["rows"], summary["accepted"], summary["rejected"]) == (299_184, 299_184, 0)
    await until_projected(system, 299_184)
    assert told(system) == expected(cases)
    assert reported(system) == by_office_topic_and_month(cases)
    agrees_by_working_days(system, cases, tmp_path)
    verdicts = tereze(system, "rebuild", "--verify")
    assert all(not one["differences"] for one in verdicts), verdicts
