"""What is owed in a case, read from its events alone: DOMAIN.md §2's obligations, their owners, deadlines and ends.

Written from the stage table, not from the rules: `owed` says what begins an obligation, and what ends it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.contracts.base import Event
from shared.contracts.consult import (
    CaseEnded,
    ConsultationHandedOver,
    ConsultationOpened,
    ConsultationPlanned,
    ConsultationRescheduled,
    ConsultationResumed,
    ConsultHeld,
    ContactDue,
    FollowUpDue,
    NoTopicalIssueFound,
    PlanCostsAgreed,
    PlanCostsRefused,
    PlanProposed,
    PlanRequired,
    PreparationTaskDue,
    PreparationTaskEnded,
    PreparationTaskMoved,
    TopicalIssueRecorded,
)
from shared.contracts.feedback import (
    AssessmentDue,
    AssessmentWaived,
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
from shared.contracts.intake import DetailsCollected, RequestReceived
from shared.contracts.values import Path

from .case_world import Happened

DETAILS, PLAN, COSTS, CONSULTATION, ASSESSMENT = "details", "plan", "costs", "consultation", "assessment"
EFFECTIVENESS, STAGE_9, IMPACT, ISSUES = "effectiveness", "stage_9", "impact", "-issues"


@dataclass(frozen=True)
class Obligation:
    """What somebody owes by some time."""

    owner: str
    due_at: datetime


Open = dict[str, Obligation]


def owed(log: Iterable[Happened]) -> Open:
    """What is open after these events, by what it is. A contact and a task are open under their ids."""
    found: Open = {}
    has = ""
    for one in log:
        has = _has(one.event) or has
        _end(found, one.event)
        _begin(found, one.event, one.at, has)
    return found


def _has(event: Event) -> str | None:
    """Which consultant has the case from here on: who opened it, held the latest consultation, or took over."""
    match event:
        case ConsultationOpened() | ConsultHeld() | ConsultationHandedOver() | FeedbackHandedOver():
            return event.consultant
        case _:
            return None


def _end(found: Open, event: Event) -> None:
    match event:
        case DetailsCollected():
            found.pop(DETAILS)
        case ConsultationPlanned() | PlanCostsAgreed():
            found.pop(PLAN)
            if isinstance(event, PlanCostsAgreed):
                found.pop(COSTS)
        case PlanCostsRefused():
            found.pop(COSTS)
        case PlanRequired() | ConsultHeld():
            found.pop(CONSULTATION)
        case TopicalIssueRecorded() | NoTopicalIssueFound():
            open_now = [what for what in found if what.endswith(ISSUES)]
            assert open_now == [f"{one}{ISSUES}" for one in event.consultations]
            assert open_now or isinstance(event, TopicalIssueRecorded)
            for what in open_now:
                found.pop(what)
        case PreparationTaskEnded():
            found.pop(event.task_id)
        case SatisfactionAssessed() | AssessmentWaived():
            found.pop(ASSESSMENT)
        case EffectivenessEvaluated():
            found.pop(EFFECTIVENESS)
        case SuccessFactorsRecorded() | ImprovementRecorded():
            found.pop(STAGE_9)
        case ImpactEvaluated() | ImpactUnreached():
            found.pop(event.survey_id or IMPACT)
        case CaseEnded():
            for what in (PLAN, CONSULTATION):
                found.pop(what, None)
            if event.proposal_id is not None:
                found.pop(COSTS)
        case _:
            pass
    if (contact := _contact_had(event)) is not None:
        found.pop(contact)


def _contact_had(event: Event) -> str | None:
    """The contact that an event says was had."""
    match event:
        case ContactDue():
            return event.previous_contact_id
        case ConsultationPlanned() | PlanProposed() | ConsultationRescheduled() | ConsultationResumed() | CaseEnded():
            return event.contact_id
        case _:
            return None


def _begin(found: Open, event: Event, at: datetime, has: str) -> None:
    match event:
        case RequestReceived():
            found[DETAILS] = Obligation(event.responsible, at + timedelta(days=1))
        case ConsultationOpened(path=Path.PREPARED | Path.PRESENT) | PlanRequired():
            found[PLAN] = Obligation(event.consultant, at + timedelta(days=2))
        case ConsultationOpened():
            found[CONSULTATION] = Obligation(event.consultant, at + timedelta(days=7))
        case PlanProposed():
            found[COSTS] = Obligation(event.manager, event.due_at)
        case ConsultationPlanned(begin_by=begin_by, consultant=consultant):
            assert begin_by is not None
            assert consultant is not None
            found[CONSULTATION] = Obligation(consultant, begin_by)
        case PlanCostsAgreed():
            found[CONSULTATION] = Obligation(event.consultant, event.begin_by)
        case ConsultHeld():
            found[f"{event.consultation_id}{ISSUES}"] = Obligation(event.consultant, event.ended_at + timedelta(days=1))
        case FollowUpDue():
            found[CONSULTATION] = Obligation(has, event.due_at)
        case ConsultationRescheduled(due_at=due_at) if due_at is not None:
            found[CONSULTATION] = Obligation(found[CONSULTATION].owner, due_at)
        case ContactDue():
            found[event.contact_id] = Obligation(event.owner, event.due_at)
        case PreparationTaskDue() | PreparationTaskMoved():
            found[event.task_id] = Obligation(event.owner, event.due_at)
        case ConsultationHandedOver():
            for what, one in found.items():
                of_previous = one.owner == event.previous_consultant and what not in {COSTS, ASSESSMENT}
                another = event.consultant != event.previous_consultant
                if (another and what.endswith(ISSUES)) or (of_previous and not _is_task(what)):
                    found[what] = Obligation(event.consultant, one.due_at)
            if COSTS in found and event.manager is not None:
                found[COSTS] = Obligation(event.manager, found[COSTS].due_at)
        case AssessmentDue():
            found[ASSESSMENT] = Obligation(event.consultant, event.held_at + timedelta(minutes=10))
        case Satisfied():
            found[EFFECTIVENESS] = Obligation(event.manager, event.held_at + timedelta(days=31))
            found[IMPACT] = Obligation(event.manager, event.held_at + timedelta(days=92))
        case EffectivenessEvaluated(manager=manager):
            assert manager is not None
            found[STAGE_9] = Obligation(manager, at + timedelta(days=7))
        case FeedbackHandedOver():
            _hand_over(found, event)
        case ImpactSurveyDue():
            found[event.survey_id] = Obligation(event.owner, event.due_at)
        case _:
            pass


def _hand_over(found: Open, event: FeedbackHandedOver) -> None:
    """The consultant's: the last consultation's assessment, and all issues. The manager's: all that follows."""
    of_manager = {EFFECTIVENESS, STAGE_9, IMPACT, event.survey_id}
    for what, one in found.items():
        if event.consultant is not None and (what == ASSESSMENT or what.endswith(ISSUES)):
            found[what] = Obligation(event.consultant, one.due_at)
        if event.manager is not None and what in of_manager:
            found[what] = Obligation(event.manager, one.due_at)


def _is_task(what: str) -> bool:
    """Tasks are handed over one by one, by `PreparationTaskMoved`."""
    return "-t" in what
