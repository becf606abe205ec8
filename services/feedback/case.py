"""What is known of a case's feedback: from its first consultation to the last survey of its impact."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from shared.contracts.base import Event
from shared.contracts.feedback import (
    AssessmentDue,
    AssessmentWaived,
    Dissatisfied,
    EffectivenessEvaluated,
    FeedbackHandedOver,
    ImpactEvaluated,
    ImpactExtended,
    ImpactSurveyDue,
    ImpactUnreached,
    ImprovementRecorded,
    SatisfactionAssessed,
    Satisfied,
    SuccessFactorsRecorded,
)


@dataclass(frozen=True, slots=True)
class Feedback:
    """A case with at least one consultation held.

    `latest` is the latest consultation. Each `…_at` is when that stage was done; None: not yet. The resources are
    the sums over all the case's consultations.
    """

    latest: AssessmentDue
    consultations: int
    minutes_spent: int
    cost: int
    consultant: str
    """Who owes the assessment of the latest consultation: who held it, or took it over."""
    manager: str
    """Who owes what follows."""
    held: tuple[str, ...]
    """The ids of all its consultations."""
    assessed: bool = False
    dissatisfied: bool = False
    scores: SatisfactionAssessed | None = None
    satisfied_at: datetime | None = None
    evaluated_at: datetime | None = None
    effective: bool = False
    stage_9_at: datetime | None = None
    surveyed: bool = False
    """At least one survey of the impact has ended, with an answer or without."""
    next_survey: ImpactSurveyDue | None = None
    """The further survey that is owed."""
    extended: bool = False

    @property
    def follow_up_owed(self) -> bool:
        """The latest consultation did not satisfy: consult owes a further one, unless the case has ended there."""
        return self.scores is not None and self.scores.number == self.latest.number and not self.scores.satisfied


def begun(first: AssessmentDue) -> Feedback:
    """A case after its first consultation."""
    return Feedback(
        latest=first,
        consultations=1,
        minutes_spent=first.minutes_spent,
        cost=first.cost,
        consultant=first.consultant,
        manager=first.manager,
        held=(first.consultation_id,),
    )


def evolve(case: Feedback, event: Event, occurred_at: datetime) -> Feedback:
    """The case after `event`."""
    match event:
        case AssessmentDue():
            return replace(
                case,
                latest=event,
                consultations=case.consultations + 1,
                minutes_spent=case.minutes_spent + event.minutes_spent,
                cost=case.cost + event.cost,
                consultant=event.consultant,
                # A hand-over holds until consult, too, names another manager.
                manager=case.manager if event.manager == case.latest.manager else event.manager,
                held=(*case.held, event.consultation_id),
                assessed=False,
            )
        case SatisfactionAssessed():
            return replace(case, scores=event)
        case Satisfied():
            return replace(case, assessed=True, dissatisfied=False, satisfied_at=event.closed_at)
        case Dissatisfied():
            return replace(case, assessed=True, dissatisfied=True)
        case AssessmentWaived():
            return replace(case, assessed=True)
        case EffectivenessEvaluated():
            return replace(case, evaluated_at=occurred_at, effective=event.effective)
        case SuccessFactorsRecorded() | ImprovementRecorded():
            return replace(case, stage_9_at=occurred_at)
        case ImpactEvaluated() | ImpactUnreached():
            return replace(case, surveyed=True, next_survey=None)
        case ImpactSurveyDue():
            return replace(case, next_survey=event)
        case ImpactExtended():
            return replace(case, extended=True)
        case FeedbackHandedOver():
            return replace(case, consultant=event.consultant or case.consultant, manager=event.manager or case.manager)
        case _:
            return case
