"""`effectiveness`: what consultations cost and what came of them (DOMAIN.md §2 stages 5–10, §8). One fact a row."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from services.insight.instants import Instant, instant
from services.insight.projection import Projection, Row, Seen
from shared.centre import Centre

HELD, ASSESSED, CAUSE, EFFECTIVENESS, IMPACT = "held", "assessed", "cause", "effectiveness", "impact"

_DIMENSIONS = ("case_id", "consultation_id", "number", "consultant", "topic", "form", "office", "channel")
_MEASURES = (
    ("process", "smallint"),
    ("result", "smallint"),
    ("satisfied", "boolean"),
    ("solved", "text"),
    ("effective", "boolean"),
    ("degree_solved", "smallint"),
    ("minutes", "integer"),
    ("cost", "bigint"),
    ("advice_used", "boolean"),
    ("changed", "boolean"),
    ("cause", "text"),
)
COLUMNS = (
    ("kind", "text NOT NULL"),
    ("at", "timestamptz NOT NULL"),
    *((name, "integer" if name == "number" else "text") for name in _DIMENSIONS),
    *_MEASURES,
    ("recorded_at", "timestamptz NOT NULL"),
)


def projection(_centre: Centre) -> Projection:
    """The projection."""
    return Projection(
        name="effectiveness",
        version=2,
        columns=COLUMNS,
        folds={
            "ConsultHeld": _held,
            "SatisfactionAssessed": _assessed,
            "Dissatisfied": _dissatisfied,
            "EffectivenessEvaluated": _effectiveness,
            "ImpactEvaluated": _impact,
        },
    )


def _fact(event: Seen, kind: str, at: Instant, seq: int = 0, **measures: Any) -> Row:
    dimensions = (event.data.get(name) for name in _DIMENSIONS)
    values = (measures.get(name) for name, _ in _MEASURES)
    return (event.position, seq, kind, at, *dimensions, *values, event.recorded_at)


def _held(event: Seen) -> Iterable[Row]:
    data = event.data
    yield _fact(event, HELD, instant(data["ended_at"]), minutes=data["minutes_spent"], cost=data["cost"])


def _assessed(event: Seen) -> Iterable[Row]:
    data = event.data
    yield _fact(
        event,
        ASSESSED,
        event.occurred_at,
        process=data["process"],
        result=data["result"],
        satisfied=data["satisfied"],
        solved=data["solved"],
    )


def _dissatisfied(event: Seen) -> Iterable[Row]:
    for seq, cause in enumerate(event.data["causes"]):
        yield _fact(event, CAUSE, event.occurred_at, seq, cause=cause)


def _effectiveness(event: Seen) -> Iterable[Row]:
    data = event.data
    yield _fact(
        event, EFFECTIVENESS, event.occurred_at, effective=data["effective"], degree_solved=data["degree_solved"]
    )


def _impact(event: Seen) -> Iterable[Row]:
    data = event.data
    yield _fact(
        event,
        IMPACT,
        event.occurred_at,
        advice_used=data["advice_used"],
        changed=data["changed"],
        solved=data["solved"],
    )
