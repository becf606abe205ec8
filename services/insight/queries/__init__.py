"""What the projections answer: deadlines and effectiveness, as they stand or as they stood (DOMAIN.md §8)."""

from __future__ import annotations

from services.insight.queries.asof import AsOf, as_of_position
from services.insight.queries.base import NotBuiltError
from services.insight.queries.effectiveness import CauseRow, EffectivenessGroup, EffectivenessRow, causes, effectiveness
from services.insight.queries.overdue import running_clocks
from services.insight.queries.sla import SlaGroup, SlaRow, sla, sla_values

__all__ = [
    "AsOf",
    "CauseRow",
    "EffectivenessGroup",
    "EffectivenessRow",
    "NotBuiltError",
    "SlaGroup",
    "SlaRow",
    "as_of_position",
    "causes",
    "effectiveness",
    "running_clocks",
    "sla",
    "sla_values",
]
