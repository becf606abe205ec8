"""XES and OCEL 2.0 as a process miner reads them; what is found in them is DOMAIN.md's stage table."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from services.insight.analysis.disclosure import OPEN_TYPES, withheld
from services.insight.analysis.objects import facts_of, parts
from services.insight.analysis.ocel import OcelFile
from services.insight.analysis.xes import XesFile
from shared.contracts import EVENTS, personal_fields

from .analysis_words import every_branch, frame_of

# DOMAIN.md §2, column "next"; "3-b" is 3a-b or 3b-b, and stage 11 comes beside the others.
STAGE_TABLE = {
    ("1", "2a"),
    ("1", "2b"),
    ("2a", "3a-a"),
    ("2a", "3-b"),
    ("2b", "3b-a"),
    ("2b", "3-b"),
    # Every consultation ends with stage 11, before it is assessed.
    ("3a-a", "11"),
    ("3b-a", "11"),
    ("3-b", "4"),
    ("4", "11"),
    ("11", "5"),
    ("5", "6a"),
    ("5", "6b"),
    ("6b", "7"),
    ("7", "11"),
    ("6a", "8"),
    ("8", "9a"),
    ("8", "9b"),
    ("9a", "10"),
    ("9b", "10"),
}


@pytest.fixture(scope="module")
def miner() -> Any:
    """pm4py. It takes seconds to import: only where it is used."""
    import pm4py

    return pm4py


@pytest.fixture(scope="module")
def xes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("logs") / "cases.xes"
    file, frame = XesFile(path, 99), frame_of(every_branch())
    # In pages that end within a case.
    for start in range(0, frame.height, 17):
        file.add(frame[start : start + 17])
    file.close()
    return path


@pytest.fixture(scope="module")
def ocel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("logs") / "cases.sqlite"
    file, frame = OcelFile(path), frame_of(every_branch())
    for start in range(0, frame.height, 17):
        file.add(frame[start : start + 17])
    file.close()
    return path


def test_the_process_discovered_in_the_xes_log_is_the_stage_table(miner: Any, xes: Path) -> None:
    log = miner.read_xes(str(xes))
    assert log["case:concept:name"].nunique() == 32
    stages = log[log["stage"].notna()]
    followed, first, last = miner.discover_dfg(stages, activity_key="stage")
    assert set(followed) == STAGE_TABLE
    assert set(first) == {"1"}
    assert set(last) == {"10"}


def test_the_xes_log_holds_every_event_with_who_did_it(miner: Any, xes: Path) -> None:
    log = miner.read_xes(str(xes))
    assert len(log) == frame_of(every_branch()).height
    held = log[log["concept:name"] == "ConsultHeld"]
    assert set(held["org:resource"]) == {"consultant-1"}
    assert held["data:minutes_spent"].min() == 30
    assert (log["time:timestamp"].dt.tz is not None) and log["time:timestamp"].notna().all()


def test_the_ocel_log_holds_cases_with_what_belongs_to_them_and_who_had_a_part(miner: Any, ocel: Path) -> None:
    log = miner.read_ocel2_sqlite(str(ocel))
    objects = log.objects.groupby("ocel:type")["ocel:oid"].count()
    assert objects["case"] == 32
    assert objects["consultation"] == 16 * (1 + 3)
    assert objects["action"] == 16
    assert {"consultant", "manager", "office", "consumer"} <= set(objects.index)
    relations = log.relations
    held = relations[relations["ocel:activity"] == "ConsultHeld"]
    assert set(held["ocel:type"]) == {"case", "consultation", "consumer", "consultant", "manager", "office"}
    assert set(log.events["ocel:activity"]) >= {"RequestReceived", "ImpactEvaluated"}
    belonging = log.o2o
    assert set(belonging["ocel:qualifier"]) == {"of"}
    # Every event's row of its type is there, with its facts.
    with sqlite3.connect(ocel) as db:
        assert db.execute("SELECT DISTINCT minutes_spent FROM event_ConsultHeld").fetchall() == [(30,)]
        assert db.execute("SELECT count(*) FROM object_Case WHERE channel IS NOT NULL").fetchone() == (32,)


def test_no_personal_field_is_an_attribute_or_an_object() -> None:
    for type_name in OPEN_TYPES:
        model = EVENTS[type_name]
        hidden = set(withheld(model))
        assert hidden >= set(personal_fields(model))
        assert not hidden & set(facts_of(model)), type_name
        said = dict.fromkeys(model.model_fields, "x")
        assert not {part.qualifier for part in parts(type_name, said)} & hidden, type_name


def test_contacts_and_their_index_never_leave_the_store() -> None:
    assert "ContactClaimed" not in OPEN_TYPES
    assert "ContactReleased" not in OPEN_TYPES
    assert "contact" in withheld(EVENTS["ContactAdded"])
    assert "contacts" in withheld(EVENTS["ContactsLearnt"])
