"""Every view takes every event, however little it says."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from services.insight.instants import instant
from services.insight.projection import Seen
from services.insight.views import projections
from shared.contracts import EVENTS, optional_fields, personal_fields
from shared.contracts.base import STORED
from shared.eventstore import encode

SAMPLES = sorted((Path(__file__).parent / "frozen_events").iterdir())
VIEWS = projections("Asia/Almaty")


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_an_event_that_leaves_all_unsaid_that_it_may_is_folded(path: Path) -> None:
    """Regression: a fold read a field of a call's end that is left out where it says nothing."""
    model = EVENTS[path.stem.partition(".")[0]]
    sample = model.model_validate_json(path.read_bytes(), context=STORED)
    unsaid = dict.fromkeys((*optional_fields(model), *personal_fields(model)))
    data = orjson.loads(encode(sample.model_copy(update=unsaid), {}))
    seen = {name: value for name, value in data.items() if name not in personal_fields(model)}
    at = instant(datetime(2026, 3, 2, 4, tzinfo=UTC))
    for view in VIEWS:
        if model.type_name() in view.types:
            for row in view.rows(Seen(7, model.type_name(), at, at, seen)):
                assert len(row) == len(view.column_names)
