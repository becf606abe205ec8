"""`tereze export` and `tereze replay`: what they refuse before they ask any system."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from deploy.cli.export import export
from deploy.cli.replay import replay
from deploy.problem import Problem

NOWHERE = Path("/nowhere")


@pytest.mark.parametrize("form", ["xes", "ocel2"])
def test_a_view_is_no_event_log(form: str) -> None:
    with pytest.raises(typer.BadParameter, match="write sla as parquet or csv"):
        export(NOWHERE, Path("out"), form, "sla")


def test_a_format_that_is_not_known_is_told_with_those_that_are() -> None:
    with pytest.raises(typer.BadParameter, match="parquet, csv, ocel2, xes"):
        export(NOWHERE, Path("out"), "xls")


@pytest.mark.parametrize("name", ["", "a.b", "*", ">", "a b", "x" * 33])
def test_a_replay_is_named_by_one_token_of_a_subject(name: str) -> None:
    with pytest.raises(Problem, match="can't be part of a subject"):
        replay(NOWHERE, name=name)


@pytest.mark.parametrize("speed", [0.0, -1.0, float("inf"), float("nan")])
def test_a_pace_is_above_nothing(speed: float) -> None:
    with pytest.raises(Problem, match="is no pace"):
        replay(NOWHERE, speed=speed)


def test_a_replay_ends_after_it_begins() -> None:
    with pytest.raises(Problem, match="--to is not after --from"):
        replay(NOWHERE, begin="2026-03-03", end="2026-03-02")
