"""How rows of `store.event` become `RecordedEvent`s."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .model import RecordedEvent

COLUMNS = """xid, position, context, stream_id, version, type, schema_version, convert_to(data::text, 'UTF8') AS data,
    occurred_at, recorded_at, causation_id, correlation_id, actor, traceparent"""
"""The select list of every reading query, in the order of `RecordedEvent`'s fields."""


def recorded(rows: Iterable[Iterable[Any]]) -> list[RecordedEvent]:
    """Rows selected with `COLUMNS`, as events."""
    return [RecordedEvent._make(row) for row in rows]
