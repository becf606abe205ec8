"""What holds in every case, whatever is submitted and however late reactions come."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis.stateful import RuleBasedStateMachine, invariant

from shared.contracts.base import Event
from shared.contracts.consult import (
    CaseEnded,
    ConsultationCancelled,
    ConsultationHandedOver,
    ConsultationOpened,
    ConsultationPlanned,
    ConsultationRescheduled,
    ConsultationResumed,
    ConsultHeld,
    ContactDue,
    FollowUpDue,
    NoShowRecorded,
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
from shared.contracts.intake import (
    DetailsCollected,
    RequestReceived,
)
from shared.contracts.quality import ActionDue, ActionOrdered
from shared.contracts.values import (
    Path,
)

from .case_clocks import obliged, timed
from .case_steps import BEGIN
from .case_world import World
from .obligations import ISSUES, owed

ENDS = (CaseEnded, ImpactEvaluated, ImpactUnreached, AssessmentWaived)
"""What a case may end with: the last survey, no further consultation, or a consumer who can't be asked."""


class CaseMachine(RuleBasedStateMachine):
    """A world with one case; a machine adds the rules by which things happen in it."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(BEGIN)
        self.judged = 0

    # ── what always holds ────────────────────────────────────────────────────────────────────────────────────

    @invariant()
    def no_stage_is_skipped(self) -> None:
        events = [one.event for one in self.world.log]
        for index in range(self.judged, len(events)):
            before = events[:index]
            names = [type(event).__name__ for event in before]
            assert follows(events[index], before), f"{type(events[index]).__name__} after {names}"
        self.judged = len(events)

    @invariant()
    def every_follow_up_has_an_owner_and_a_due_date_after_the_consultation(self) -> None:
        for one in self.world.of(FollowUpDue):
            owed = one.event
            assert isinstance(owed, FollowUpDue)
            [previous] = [held for held in consultations(self.world) if held.number == owed.number - 1]
            taken_over = [
                passed.event.consultant
                for passed in self.world.of(FeedbackHandedOver)
                if isinstance(passed.event, FeedbackHandedOver)
                and passed.event.consultation_id == previous.consultation_id
                and passed.event.consultant is not None
            ]
            assert owed.owner == [previous.consultant, *taken_over][-1]
            assert owed.due_at > previous.ended_at or owed.agreed
            assert owed.agreed or owed.due_at == previous.ended_at + timedelta(days=3)

    @invariant()
    def whatever_is_owed_has_an_owner_a_deadline_and_an_end(self) -> None:
        # `owed` fails where something ends that never began, or ends twice.
        still = owed(self.world.log)
        assert all(one.owner for one in still.values())
        if self.world.of(CaseEnded):
            # Stage 11 is owed for whatever was held, also where nothing more will be.
            left = {what for what in still if not what.endswith(ISSUES)}
            assert not left, f"left without an end: {left}"

    @invariant()
    def the_clocks_say_what_is_owed_and_by_whom(self) -> None:
        if not self.world.under_way:
            assert timed(self.world) == obliged(self.world)

    @invariant()
    def a_case_on_its_way_is_never_forgotten(self) -> None:
        """Nothing under way, and nothing owed: then the case is at its end."""
        world = self.world
        if world.of(RequestReceived) and not world.under_way:
            assert owed(world.log) or world.of(*ENDS)

    @invariant()
    def everything_carries_the_consumer_whose_key_seals_it(self) -> None:
        # An action is about the centre's own work: it names nobody.
        about_people = [one.event for one in self.world.log if not isinstance(one.event, ActionDue | ActionOrdered)]
        assert all(event.consumer_id == "c-A1" for event in about_people)

    def teardown(self) -> None:
        """Once everything has arrived, everything that is owed is there, once."""
        self.world.settle()
        world = self.world
        assert len(world.of(ConsultationOpened)) == len(world.of(DetailsCollected)) <= 1
        assert len(world.of(AssessmentDue)) == len(world.of(ConsultHeld))
        assert len(world.of(FollowUpDue)) == len(world.of(Dissatisfied))


def consultations(world: World) -> list[ConsultHeld]:
    return [one.event for one in world.of(ConsultHeld) if isinstance(one.event, ConsultHeld)]


def follows(event: Event, before: list[Event]) -> bool:
    """Whether the stage table lets `event` come after `before`. Written from DOMAIN.md §2, not from the rules."""

    def done(kind: type[Event], **facts: Any) -> bool:
        return any(
            isinstance(one, kind) and all(getattr(one, name) == fact for name, fact in facts.items()) for one in before
        )

    required = done(PlanRequired) or done(ConsultationOpened, path=Path.PREPARED)
    by_plan = required or done(ConsultationOpened, path=Path.PRESENT)
    stands = done(ConsultationPlanned) or done(PlanCostsAgreed)
    match event:
        case RequestReceived():
            return not before
        case DetailsCollected():
            return done(RequestReceived) and not done(DetailsCollected)
        case ConsultationOpened():
            return done(DetailsCollected)
        case _ if done(CaseEnded):
            # What was to be learnt from it may still be written down.
            still = TopicalIssueRecorded | NoTopicalIssueFound | FeedbackHandedOver | ConsultationHandedOver
            return isinstance(event, still) and done(ConsultHeld)
        case PlanRequired():
            return not by_plan and done(ConsultationOpened) and not done(ConsultHeld)
        case ConsultationPlanned() | PlanProposed():
            return by_plan and not stands and not done(ConsultHeld)
        case PlanCostsAgreed(proposal_id=proposal) | PlanCostsRefused(proposal_id=proposal):
            decided = done(PlanCostsAgreed, proposal_id=proposal) or done(PlanCostsRefused, proposal_id=proposal)
            return done(PlanProposed, proposal_id=proposal) and not decided
        case PreparationTaskDue() | ConsultationRescheduled() | NoShowRecorded():
            return stands or (done(ConsultationOpened) and not by_plan)
        case PreparationTaskMoved(task_id=task) | PreparationTaskEnded(task_id=task):
            return done(PreparationTaskDue, task_id=task) and not done(PreparationTaskEnded, task_id=task)
        case ContactDue() | ConsultationCancelled() | ConsultationHandedOver():
            return done(ConsultationOpened)
        case ConsultationResumed(contact_id=contact):
            return done(ContactDue, contact_id=contact)
        case CaseEnded(number=number):
            return done(ConsultationCancelled, number=number) and not done(ConsultHeld, number=number)
        case ConsultHeld(number=1):
            return (stands or (done(ConsultationOpened) and not by_plan)) and not done(ConsultHeld)
        case ConsultHeld(number=number):
            return done(FollowUpDue, number=number) and not done(ConsultHeld, number=number) and not done(Satisfied)
        case FollowUpDue(number=number):
            return done(Dissatisfied, number=number - 1) and not done(FollowUpDue, number=number)
        case AssessmentDue(number=number):
            return done(ConsultHeld, number=number)
        case SatisfactionAssessed(number=number):
            return done(ConsultHeld, number=number) and not done(SatisfactionAssessed, number=number)
        case Satisfied(number=number):
            return done(SatisfactionAssessed, number=number, satisfied=True)
        case Dissatisfied(number=number):
            return done(SatisfactionAssessed, number=number, satisfied=False)
        case EffectivenessEvaluated():
            return done(Satisfied) and not done(EffectivenessEvaluated)
        case SuccessFactorsRecorded():
            return done(EffectivenessEvaluated, effective=True) and not done(SuccessFactorsRecorded)
        case ImprovementRecorded():
            return done(EffectivenessEvaluated, effective=False) and not done(ImprovementRecorded)
        case ImpactEvaluated(survey_id=None) | ImpactUnreached(survey_id=None):
            nine = done(SuccessFactorsRecorded) or done(ImprovementRecorded)
            return nine and not done(ImpactEvaluated) and not done(ImpactUnreached)
        case ImpactEvaluated(survey_id=survey) | ImpactUnreached(survey_id=survey):
            ended = done(ImpactEvaluated, survey_id=survey) or done(ImpactUnreached, survey_id=survey)
            return done(ImpactSurveyDue, survey_id=survey) and not ended
        case ImpactSurveyDue(months=months):
            return (done(ImpactExtended) if months == 6 else True) and not done(ImpactSurveyDue, months=months)
        case ImpactExtended():
            return (done(SuccessFactorsRecorded) or done(ImprovementRecorded)) and not done(ImpactExtended)
        case AssessmentWaived(consultation_id=consultation):
            held = done(ConsultHeld, consultation_id=consultation)
            return held and not done(SatisfactionAssessed, consultation_id=consultation)
        case ActionDue(action_id=action):
            return done(ImprovementRecorded) and not done(ActionDue, action_id=action)
        case ActionOrdered(action_id=action):
            return done(ActionDue, action_id=action) and not done(ActionOrdered, action_id=action)
        case TopicalIssueRecorded() | NoTopicalIssueFound() | FeedbackHandedOver():
            return done(ConsultHeld)
        case _:
            # A written request is no consultation: none of its events mixes with those above.
            return not done(RequestReceived)
