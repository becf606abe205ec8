"""What consult owes: stages 3, 4, 7 and 11 (DOMAIN.md §2)."""

from __future__ import annotations

from typing import Required, TypedDict

from services.insight.indicators.base import Indicator, On
from services.insight.indicators.conditions import above, at_most, both, either, lacks, none_of, one_of, says, yes
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
from shared.contracts.feedback import FeedbackHandedOver
from shared.contracts.values import ContactGround, Path, TaskEnd


class _Operations(TypedDict, total=False):
    """What indicators that share a clock have in common."""

    clock: Required[str]
    stops: Required[tuple[On, ...]]
    pauses: tuple[On, ...]
    resumes: tuple[On, ...]
    moves: tuple[On, ...]
    passes: tuple[On, ...]
    cancels: tuple[On, ...]


_FIRST = one_of("number", 1)
_FURTHER, _NOT_FURTHER = above("number", 1), at_most("number", 1)
_AT_ONCE, _REMOTE, _PREPARED, _PRESENT = (
    one_of("path", path) for path in (Path.AT_ONCE, Path.REMOTE, Path.PREPARED, Path.PRESENT)
)
_PLANNED_OR_FURTHER = either(_FURTHER, one_of("path", Path.PREPARED, Path.PRESENT))
_CONTACTED = says("contact_id")
# A no-show's pause begins when the consumer should have come, not when that was written down: see `_pauses`.
_WAITS = both(yes("paused"), none_of("ground", ContactGround.NO_SHOW))


def _pauses(key: str) -> tuple[On, ...]:
    """The case waits for the consumer, and the centre is not at fault."""
    return (On(event=ContactDue, key=key, when=_WAITS), On(event=NoShowRecorded, key=key, at="planned_at"))


def _resumes(key: str) -> tuple[On, ...]:
    return (
        On(event=ConsultationResumed, key=key),
        On(event=ConsultationRescheduled, key=key, when=_CONTACTED),
    )


def _moves(key: str) -> tuple[On, ...]:
    """Rescheduled through no fault of the centre: only then does the event say when it is due."""
    return (On(event=ConsultationRescheduled, key=key, when=says("due_at"), due="due_at"),)


def _passes(key: str) -> tuple[On, ...]:
    """Another consultant takes over what the first one owed."""
    return (On(event=ConsultationHandedOver, key=key, owner="consultant"),)


_PLANNED = (On(event=ConsultationPlanned), On(event=PlanCostsAgreed))
_RESUMED_BY_PLAN = (
    On(event=ConsultationPlanned, when=_CONTACTED),
    On(event=PlanProposed, when=_CONTACTED),
)
_PLAN: _Operations = {
    "clock": "plan",
    "stops": _PLANNED,
    "pauses": (On(event=ContactDue, when=_WAITS),),
    "resumes": (On(event=ConsultationResumed), *_RESUMED_BY_PLAN),
    "passes": _passes("case_id"),
    "cancels": (On(event=CaseEnded),),
}
_BEGUN = (On(event=ConsultHeld, at="started_at", when=_NOT_FURTHER),)
_BEGIN: _Operations = {
    "clock": "begin",
    "stops": _BEGUN,
    "pauses": _pauses("case_id"),
    # A wait that was over before the plan stood must not be taken to go on.
    "resumes": (*_resumes("case_id"), *_RESUMED_BY_PLAN),
    "moves": _moves("case_id"),
    "passes": _passes("case_id"),
    "cancels": (On(event=CaseEnded),),
}
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
            when=both(_FIRST, _AT_ONCE),
            owner="consultant",
        ),
        stops=_HELD,
    ),
    Indicator(
        name="plan_visit",
        stage="3a-b",
        start=On(event=ConsultationOpened, when=_PREPARED, owner="consultant"),
        **_PLAN,
    ),
    Indicator(
        name="consult_remote",
        stage="3b-a",
        clock="consult_remote",
        start=On(event=ConsultationOpened, when=_REMOTE, owner="consultant"),
        stops=(On(event=ConsultHeld, at="ended_at", when=both(_FIRST, _REMOTE)),),
        pauses=_pauses("case_id"),
        resumes=_resumes("case_id"),
        moves=_moves("case_id"),
        passes=_passes("case_id"),
        cancels=(On(event=CaseEnded), On(event=PlanRequired)),
    ),
    Indicator(
        name="plan_remote",
        stage="3b-b",
        start=On(event=ConsultationOpened, when=_PRESENT, owner="consultant"),
        **_PLAN,
    ),
    Indicator(
        name="plan_required",
        stage="3a-b, 3b-b",
        start=On(event=PlanRequired, owner="consultant"),
        variant="path",
        **_PLAN,
    ),
    Indicator(
        name="costs_agreement",
        stage="3a-b, 3b-b",
        clock="costs_agreement",
        start=On(event=PlanProposed, key="proposal_id", owner="manager", due="due_at"),
        stops=(On(event=PlanCostsAgreed, key="proposal_id"), On(event=PlanCostsRefused, key="proposal_id")),
        passes=(
            On(
                event=ConsultationHandedOver,
                key="proposal_id",
                when=both(says("manager"), says("proposal_id")),
                owner="manager",
            ),
        ),
        cancels=(On(event=CaseEnded, key="proposal_id", when=says("proposal_id")),),
    ),
    Indicator(
        name="begin_at_once",
        stage="3a-a",
        # A clock of its own: that it goes over to a plan ends this one, and not what is owed by the plan.
        clock="begin_at_once",
        start=On(event=ConsultationOpened, when=_AT_ONCE, owner="consultant"),
        stops=_BEGUN,
        passes=_passes("case_id"),
        cancels=(On(event=CaseEnded), On(event=PlanRequired)),
    ),
    Indicator(
        name="begin_planned",
        stage="4",
        # History from before `begin_by` was kept names nobody who owed it.
        start=On(event=ConsultationPlanned, when=says("begin_by"), owner="consultant", due="begin_by"),
        **_BEGIN,
    ),
    Indicator(
        name="begin_costed",
        stage="4",
        start=On(event=PlanCostsAgreed, owner="consultant", due="begin_by"),
        **_BEGIN,
    ),
    Indicator(
        name="preparation",
        stage="4",
        clock="preparation",
        start=On(event=PreparationTaskDue, key="task_id", owner="owner", due="due_at"),
        stops=(On(event=PreparationTaskEnded, key="task_id", when=one_of("end", TaskEnd.DONE)),),
        moves=(On(event=PreparationTaskMoved, key="task_id", due="due_at"),),
        passes=(On(event=PreparationTaskMoved, key="task_id", owner="owner"),),
        # Not ready when it was held. Held sooner than it was due, nobody was late with it.
        lapses=(On(event=PreparationTaskEnded, key="task_id", when=one_of("end", TaskEnd.LAPSED)),),
        cancels=(On(event=PreparationTaskEnded, key="task_id", when=one_of("end", TaskEnd.CALLED_OFF)),),
    ),
    Indicator(
        name="contact",
        stage="4, 7",
        clock="contact",
        start=On(event=ContactDue, key="contact_id", owner="owner", due="due_at"),
        stops=(
            *(
                On(event=event, key="contact_id", when=_CONTACTED)
                for event in (ConsultationPlanned, PlanProposed, ConsultationRescheduled, ConsultationResumed)
            ),
            On(event=ContactDue, key="previous_contact_id", when=says("previous_contact_id")),
        ),
        passes=(On(event=ConsultationHandedOver, key="contact_id", when=_CONTACTED, owner="consultant"),),
        cancels=(On(event=CaseEnded, key="contact_id", when=_CONTACTED),),
    ),
    Indicator(
        name="consult_planned",
        stage="4",
        clock="consult",
        start=On(
            event=ConsultHeld,
            key="consultation_id",
            at="started_at",
            when=_PLANNED_OR_FURTHER,
            owner="consultant",
        ),
        stops=_HELD,
    ),
    Indicator(
        name="follow_up",
        stage="7",
        clock="follow_up",
        start=On(event=FollowUpDue, key="consultation_id", owner="owner", due="due_at"),
        # A further consultation is in time if it began in time: that is what is agreed with the consumer.
        stops=(On(event=ConsultHeld, key="consultation_id", at="started_at", when=_FURTHER),),
        pauses=_pauses("consultation_id"),
        resumes=_resumes("consultation_id"),
        moves=_moves("consultation_id"),
        passes=_passes("consultation_id"),
        cancels=(On(event=CaseEnded, key="consultation_id"),),
    ),
    Indicator(
        name="topical_issues",
        stage="11",
        clock="topical_issues",
        # History from before this was owed names nobody who owed it.
        start=On(
            event=ConsultHeld,
            key="consultation_id",
            at="ended_at",
            when=yes("issues_owed"),
            owner="consultant",
        ),
        stops=tuple(
            On(event=event, each="consultations", key="item") for event in (TopicalIssueRecorded, NoTopicalIssueFound)
        ),
        passes=(
            On(event=ConsultationHandedOver, each="issues_of", key="item", owner="consultant"),
            # Once it is held, consult has nothing more to pass on, unless another one is owed.
            On(event=FeedbackHandedOver, each="issues_of", key="item", owner="consultant"),
            # History from before all were passed on names the last one only.
            On(
                event=FeedbackHandedOver,
                key="consultation_id",
                when=both(says("consultant"), lacks("issues_of")),
                owner="consultant",
            ),
        ),
    ),
)
