"""Frames of events as the store would give them to analysts, made by the rules in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import orjson
import polars as pl

from services.insight.analysis.disclosure import withheld
from services.insight.analysis.log import SCHEMA
from services.insight.analysis.stages import stage_of
from shared.contracts.base import Event
from shared.contracts.consult import ConsultHeld
from shared.contracts.feedback import ImpactEvaluated
from shared.contracts.values import Channel

from .case_steps import BEGIN, next_step
from .case_world import Happened, World


def walked(channel: Channel, *, prepare: bool, present: bool, effective: bool, consultations: int) -> World:
    """A case from stage 1 to stage 10, step by step as the stage table asks."""
    world = World(BEGIN)
    while not world.of(ImpactEvaluated):
        world.settle()
        world.now += timedelta(days=32)
        content = len(world.of(ConsultHeld)) == consultations
        command = next_step(world, channel, prepare, present, content, effective)
        assert command is not None
        assert world.submit(command)
    world.settle()
    return world


def every_branch() -> list[World]:
    """A case for each way through the stage table."""
    return [
        walked(channel, prepare=prepare, present=present, effective=effective, consultations=consultations)
        for channel, prepare, present, effective, consultations in product(
            (Channel.WALK_IN, Channel.EMAIL), (False, True), (False, True), (False, True), (1, 3)
        )
    ]


def frame_of(worlds: Iterable[World]) -> pl.DataFrame:
    """Their events, case by case; each world's case A1 under a number of its own."""
    rows = [row for number, world in enumerate(worlds) for row in _rows(f"B{number:02}", world.log)]
    numbered = ({"position": position, **row} for position, row in enumerate(rows, start=1))
    return pl.DataFrame(list(numbered), schema=SCHEMA)


def _rows(case_id: str, log: Iterable[Happened]) -> Iterator[dict[str, Any]]:
    for one in log:
        data = _open(one.event, case_id)
        yield {
            "context": str(one.event.context),
            "type": one.event.type_name(),
            "stage": stage_of(one.event.type_name(), data),
            "case_id": case_id,
            "occurred_at": one.at.astimezone(UTC),
            "recorded_at": datetime(2026, 11, 1, tzinfo=UTC),
            "source": "/test",
            "role": "consultant",
            "schema_version": 1,
            "data": orjson.dumps(data).decode(),
        }


def _open(event: Event, case_id: str) -> dict[str, Any]:
    text = event.model_dump_json(exclude=set(withheld(type(event))), exclude_none=True)
    return orjson.loads(text.replace("A1", case_id))
