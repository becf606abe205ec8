"""Which stage of a consultation an event is the doing of (DOMAIN.md §2)."""

from __future__ import annotations

from typing import Any

from shared.contracts.values import Path

PLAN = "3-b"
"""3a-b or 3b-b: a plan-assignment stands. The event does not say which of the two; `ConsultationOpened` does."""
_ALWAYS = {
    "RequestReceived": "1",
    "ConsultationPlanned": PLAN,
    "PlanCostsAgreed": PLAN,
    "SatisfactionAssessed": "5",
    "Satisfied": "6a",
    "Dissatisfied": "6b",
    "EffectivenessEvaluated": "8",
    "SuccessFactorsRecorded": "9a",
    "ImprovementRecorded": "9b",
    "ImpactEvaluated": "10",
    "TopicalIssueRecorded": "11",
    "NoTopicalIssueFound": "11",
}


def stage_of(type_name: str, data: dict[str, Any]) -> str | None:
    """The stage, as §2 numbers it; None: the event is not the doing of one."""
    if type_name == "DetailsCollected":
        return data["stage"]
    if type_name == "ConsultHeld":
        if data["number"] > 1:
            return "7"
        return data["path"] if data["path"] in {Path.AT_ONCE, Path.REMOTE} else "4"
    return _ALWAYS.get(type_name)
