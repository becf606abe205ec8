"""What feedback owes its consumers: stages 5, 6 and 8 to 10 (DOMAIN.md §2); and the actions that follow (9b, §5)."""

from __future__ import annotations

from services.insight.indicators import complaints
from services.insight.indicators.base import Indicator, On
from services.insight.indicators.conditions import Condition, both, differ, lacks, no, says, yes
from shared.contracts.consult import ConsultHeld
from shared.contracts.feedback import (
    AssessmentWaived,
    Dissatisfied,
    EffectivenessEvaluated,
    FeedbackHandedOver,
    ImpactEvaluated,
    ImpactSurveyDue,
    ImpactUnreached,
    ImprovementRecorded,
    SatisfactionAssessed,
    Satisfied,
    SuccessFactorsRecorded,
)
from shared.contracts.quality import (
    ActionCompleted,
    ActionDropped,
    ActionMoved,
    ActionOrdered,
    ActionReopened,
    ActionVerified,
)

# A survey after the first: events of before there were such have no field for it.
_FURTHER, _FIRST = says("survey_id"), lacks("survey_id")


def _owes_stage_9(*, effective: bool) -> Condition:
    """History from before this was owed names nobody who owed it."""
    return both(says("manager"), yes("effective") if effective else no("effective"))


def _passes_to(who: str, key: str) -> tuple[On, ...]:
    """Another consultant, or another manager, takes over what is still to come."""
    return (On(event=FeedbackHandedOver, key=key, when=both(says(who), says(key)), owner=who),)


_ACTION_STOPS = (On(event=ActionCompleted, key="term_id"),)
_ACTION_MOVES = (On(event=ActionMoved, key="term_id", due="due_at"),)
_ACTION_PASSES = (On(event=ActionMoved, key="term_id", owner="owner"),)
_ACTION_CANCELS = (On(event=ActionDropped, key="term_id"),)

INDICATORS: tuple[Indicator, ...] = (
    Indicator(
        name="satisfaction",
        stage="5",
        clock="satisfaction",
        start=On(event=ConsultHeld, key="consultation_id", at="ended_at", owner="consultant"),
        stops=(On(event=SatisfactionAssessed, key="consultation_id"),),
        passes=_passes_to("consultant", "consultation_id"),
        cancels=(On(event=AssessmentWaived, key="consultation_id"),),
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
        # It says who held the consultation, and who has it now.
        passes=(
            On(
                event=SatisfactionAssessed,
                key="consultation_id",
                when=both(says("owner"), differ("owner", "consultant")),
                owner="owner",
            ),
        ),
    ),
    Indicator(
        name="effectiveness",
        stage="8",
        clock="effectiveness",
        start=On(event=Satisfied, key="consultation_id", at="held_at", owner="manager"),
        stops=(On(event=EffectivenessEvaluated, key="consultation_id"),),
        passes=_passes_to("manager", "consultation_id"),
    ),
    Indicator(
        name="success_factors",
        stage="9a",
        clock="success_factors",
        start=On(event=EffectivenessEvaluated, when=_owes_stage_9(effective=True), owner="manager"),
        stops=(On(event=SuccessFactorsRecorded),),
        passes=_passes_to("manager", "case_id"),
    ),
    Indicator(
        name="improvement",
        stage="9b",
        clock="improvement",
        start=On(event=EffectivenessEvaluated, when=_owes_stage_9(effective=False), owner="manager"),
        stops=(On(event=ImprovementRecorded),),
        passes=_passes_to("manager", "case_id"),
    ),
    Indicator(
        name="impact",
        stage="10",
        clock="impact",
        start=On(event=Satisfied, key="consultation_id", at="held_at", owner="manager"),
        stops=(On(event=ImpactEvaluated, key="consultation_id", when=_FIRST),),
        passes=_passes_to("manager", "consultation_id"),
        cancels=(On(event=ImpactUnreached, key="consultation_id", when=_FIRST),),
    ),
    Indicator(
        name="impact_again",
        stage="10",
        clock="impact_again",
        start=On(event=ImpactSurveyDue, key="survey_id", owner="owner", due="due_at"),
        stops=(On(event=ImpactEvaluated, key="survey_id", when=_FURTHER),),
        passes=_passes_to("manager", "survey_id"),
        cancels=(On(event=ImpactUnreached, key="survey_id", when=_FURTHER),),
    ),
    Indicator(
        name="action",
        stage="9b, §5",
        clock="action",
        start=On(event=ActionOrdered, key="term_id", owner="owner", due="due_at"),
        stops=_ACTION_STOPS,
        moves=_ACTION_MOVES,
        passes=_ACTION_PASSES,
        cancels=_ACTION_CANCELS,
    ),
    Indicator(
        name="action_again",
        stage="§5",
        clock="action",
        start=On(event=ActionReopened, key="term_id", owner="owner", due="due_at"),
        stops=_ACTION_STOPS,
        moves=_ACTION_MOVES,
        passes=_ACTION_PASSES,
        cancels=_ACTION_CANCELS,
    ),
    Indicator(
        name="action_check",
        stage="§5",
        clock="action_check",
        start=On(event=ActionCompleted, key="check_id", owner="verifier", when=says("verifier")),
        stops=(On(event=ActionVerified, key="check_id"), On(event=ActionReopened, key="check_id")),
        passes=(
            On(event=ActionMoved, key="check_id", when=both(says("verifier"), says("check_id")), owner="verifier"),
        ),
    ),
    *complaints.INDICATORS,
)
