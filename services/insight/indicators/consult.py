"""What consult owes: stages 3, 4 and 7 (DOMAIN.md §2)."""

from __future__ import annotations

from typing import Any

from services.insight.indicators.base import Condition, Indicator, On
from shared.contracts.consult import ConsultationOpened, ConsultationPlanned, ConsultHeld, FollowUpDue, PlanCostsAgreed
from shared.contracts.values import Path


def _path(path: Path) -> Condition:
    return lambda data: data["path"] == path


def _first(path: Path) -> Condition:
    return lambda data: data["number"] == 1 and data["path"] == path


def _planned_or_further(data: dict[str, Any]) -> bool:
    return data["number"] > 1 or data["path"] in {Path.PREPARED, Path.PRESENT}


def _further(data: dict[str, Any]) -> bool:
    return data["number"] > 1


_PLANNED = (On(event=ConsultationPlanned), On(event=PlanCostsAgreed))
_HELD = (On(event=ConsultHeld, key="consultation_id", at="ended_at"),)

INDICATORS: tuple[Indicator, ...] = (
    Indicator(
        name="consult_at_once",
        stage="3a-a",
        clock="consult",
        start=On(
            event=ConsultHeld,
            key="consultation_id",
            at="started_at",
            when=_first(Path.AT_ONCE),
            owner="consultant",
        ),
        stops=_HELD,
    ),
    Indicator(
        name="plan_visit",
        stage="3a-b",
        clock="plan",
        start=On(event=ConsultationOpened, when=_path(Path.PREPARED), owner="consultant"),
        stops=_PLANNED,
    ),
    Indicator(
        name="consult_remote",
        stage="3b-a",
        clock="consult_remote",
        start=On(event=ConsultationOpened, when=_path(Path.REMOTE), owner="consultant"),
        stops=(On(event=ConsultHeld, at="ended_at", when=_first(Path.REMOTE)),),
    ),
    Indicator(
        name="plan_remote",
        stage="3b-b",
        clock="plan",
        start=On(event=ConsultationOpened, when=_path(Path.PRESENT), owner="consultant"),
        stops=_PLANNED,
    ),
    Indicator(
        name="consult_planned",
        stage="4",
        clock="consult",
        start=On(
            event=ConsultHeld, key="consultation_id", at="started_at", when=_planned_or_further, owner="consultant"
        ),
        stops=_HELD,
    ),
    Indicator(
        name="follow_up",
        stage="7",
        clock="follow_up",
        start=On(event=FollowUpDue, key="consultation_id", owner="owner", due="due_at"),
        # A further consultation is in time if it began in time: that is what is agreed with the consumer.
        stops=(On(event=ConsultHeld, key="consultation_id", at="started_at", when=_further),),
    ),
)
