"""What feedback owes: stages 5, 6, 8 and 10 (DOMAIN.md §2)."""

from __future__ import annotations

from services.insight.indicators.base import Indicator, On
from shared.contracts.consult import ConsultHeld
from shared.contracts.feedback import (
    Dissatisfied,
    EffectivenessEvaluated,
    ImpactEvaluated,
    SatisfactionAssessed,
    Satisfied,
)

INDICATORS: tuple[Indicator, ...] = (
    Indicator(
        name="satisfaction",
        stage="5",
        clock="satisfaction",
        start=On(event=ConsultHeld, key="consultation_id", at="ended_at", owner="consultant"),
        stops=(On(event=SatisfactionAssessed, key="consultation_id"),),
    ),
    Indicator(
        name="closing",
        stage="6",
        clock="closing",
        start=On(event=SatisfactionAssessed, key="consultation_id", owner="consultant"),
        stops=(
            On(event=Satisfied, key="consultation_id", at="closed_at"),
            On(event=Dissatisfied, key="consultation_id", at="closed_at"),
        ),
    ),
    Indicator(
        name="effectiveness",
        stage="8",
        clock="effectiveness",
        start=On(event=Satisfied, key="consultation_id", at="held_at", owner="manager"),
        stops=(On(event=EffectivenessEvaluated, key="consultation_id"),),
    ),
    Indicator(
        name="impact",
        stage="10",
        clock="impact",
        start=On(event=Satisfied, key="consultation_id", at="held_at", owner="manager"),
        stops=(On(event=ImpactEvaluated, key="consultation_id"),),
    ),
)
