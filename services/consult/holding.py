"""Holding a consultation, and what it leads to: further ones, topical issues (stages 3a-a, 3b-a, 4, 7, 11)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from services.consult.plans import form_fits
from services.consult.preparation import end_tasks, not_too_costly
from services.consult.state import Consultation, Next, State, needs_plan
from services.consult.turns import ended, not_assessed, not_waiting
from shared.contracts.base import Event
from shared.contracts.consult import (
    ConsultHeld,
    FollowUpDue,
    HoldConsultation,
    NoTopicalIssueFound,
    RecordNoTopicalIssue,
    RecordTopicalIssue,
    TopicalIssueRecorded,
)
from shared.contracts.feedback import Dissatisfied
from shared.contracts.values import TaskEnd
from shared.decider import Given, Refused
from shared.rules import not_before

FOLLOW_UP_WITHIN = timedelta(days=3)
"""Stage 7: the next consultation is due this long after the previous one, unless the consumer agreed otherwise."""


def hold(state: Consultation, done: HoldConsultation, given: Given[State]) -> Sequence[Event]:
    """Stages 3a-a, 3b-a, 4 and 7: a consultation was held; what was to be prepared and is not, has lapsed."""
    _its_turn(state)
    _by_the_plan(state, done)
    if done.started_at > given.occurred_at:
        raise Refused(
            "ends_before_start", "the message's time is the consultation's end; correct it or started_at", "started_at"
        )
    not_before(state.latest_at, done.started_at, _last_step(state), "started_at")
    if done.people <= len(set(done.participants)):
        raise Refused(
            "fewer_people_than_named", "people counts everybody of the centre who took part; correct it", "people"
        )
    not_too_costly(state, done.cost)
    held = ConsultHeld(
        **state.about(done.case_id),
        consultation_id=state.coming(done.case_id),
        number=state.number,
        path=state.path,
        form=done.form,
        consultant=done.consultant or state.consultant,
        manager=state.manager,
        started_at=done.started_at,
        ended_at=given.occurred_at,
        minutes_spent=done.minutes_spent + state.minutes_before,
        cost=done.cost + state.cost_before,
        people=done.people,
        participants=done.participants,
        place=done.place,
        materials=done.materials,
        form_because=done.form_because,
        minutes_before=state.minutes_before,
        cost_before=state.cost_before,
        issues_owed=True,
    )
    return [held, *end_tasks(state, done.case_id, TaskEnd.LAPSED)]


def _its_turn(state: Consultation) -> None:
    """Each stage after the one before it: plan, costs, an agreed time, and the assessment of the last one."""
    match state.next:
        case Next.PLAN:
            raise Refused("not_planned", "agree a plan-assignment first (PlanConsultation)", "case_id", early=True)
        case Next.COSTS:
            raise Refused(
                "costs_not_agreed",
                "the plan has material costs and stands once the manager agrees to them (DecidePlanCosts)",
                "case_id",
                early=True,
            )
        case Next.NEW_TIME:
            raise Refused(
                "no_time_agreed",
                "the agreed time has fallen through; agree a new one first (RescheduleConsultation)",
                "case_id",
                early=True,
            )
        case Next.ASSESSMENT:
            raise not_assessed(state)
        case Next.NOTHING:
            raise ended()
        case Next.CONSULTATION:
            not_waiting(state)


def _by_the_plan(state: Consultation, done: HoldConsultation) -> None:
    if state.held == 0:
        form_fits(state.path, done.form)
    if state.agreed_form not in (None, done.form) and done.form_because is None:
        raise Refused(
            "form_not_as_agreed",
            f"it was agreed as {state.agreed_form}; say why it was held as {done.form}, or correct the form",
            "form_because",
        )


def owe_follow_up(state: Consultation, dissatisfied: Dissatisfied) -> Sequence[FollowUpDue]:
    """Stage 7: a dissatisfied consumer is owed a further consultation, by whoever has the case, with a due date.

    Its manager, too, is who took the case over meanwhile (`HandOverFeedback`).

    Told of the same dissatisfaction twice, nothing more is owed.
    """
    if dissatisfied.number > state.held:
        raise Refused(
            "unknown_consultation",
            f"consultation {dissatisfied.number} of case {dissatisfied.case_id} is not known here yet; resend it later",
            "number",
            later=True,
        )
    if dissatisfied.number < state.held or state.next is not Next.ASSESSMENT:
        return []
    agreed_at = dissatisfied.agreed_follow_up_at
    return [
        FollowUpDue(
            **state.about(dissatisfied.case_id),
            consultation_id=state.coming(dissatisfied.case_id),
            number=state.number,
            owner=dissatisfied.owner or dissatisfied.consultant,
            due_at=agreed_at or dissatisfied.held_at + FOLLOW_UP_WITHIN,
            agreed=agreed_at is not None,
            manager=dissatisfied.manager,
        )
    ]


def record_topical_issue(state: Consultation, found: RecordTopicalIssue, given: Given[State]) -> TopicalIssueRecorded:
    """Stage 11: what a consultation showed to be topical; so one must have been held."""
    _showed(state, given)
    return TopicalIssueRecorded(
        consumer_id=state.consumer_id,
        case_id=found.case_id,
        issue=found.issue,
        target_group=found.target_group,
        organisation_need=found.organisation_need,
        consultations=[*state.issues_owed],
    )


def record_no_topical_issue(
    state: Consultation, said: RecordNoTopicalIssue, given: Given[State]
) -> NoTopicalIssueFound:
    """Stage 11 is always done, also where there is nothing to register: then that is said."""
    _showed(state, given)
    if not state.issues_owed:
        raise Refused(
            "nothing_owed",
            "for every consultation held so far it was said which issues it showed, or that it showed none",
            "case_id",
            early=True,
        )
    return NoTopicalIssueFound(consumer_id=state.consumer_id, case_id=said.case_id, consultations=[*state.issues_owed])


def _showed(state: Consultation, given: Given[State]) -> None:
    if state.first_ended_at is None:
        raise Refused("not_held", "no consultation of this case was held yet; hold it first", "case_id", early=True)
    not_before(state.first_ended_at, given.occurred_at, "the consultation ended")


def _last_step(state: Consultation) -> str:
    if state.held:
        return f"consultation {state.held} was assessed"
    return "the plan was agreed" if needs_plan(state.path) else "the details were collected"
