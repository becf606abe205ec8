"""The plan-assignment: what is agreed with the consumer, and its costs with the manager (stages 3a-b, 3b-b)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from services.consult.preparation import set_tasks
from services.consult.state import Consultation, Next, State, needs_plan
from services.consult.turns import ended, not_waiting, something_is_coming
from shared.contracts.base import Event
from shared.contracts.consult import (
    ConsultationPlanned,
    DecidePlanCosts,
    PlanConsultation,
    PlanCostsAgreed,
    PlanCostsRefused,
    PlanProposed,
    PlanRequired,
    RequirePlan,
)
from shared.contracts.values import Form, Path, Role
from shared.decider import Given, Refused
from shared.rules import not_before

FORMS: dict[Path, frozenset[Form]] = {
    Path.AT_ONCE: frozenset({Form.PHONE, Form.OFFICE}),
    Path.REMOTE: frozenset({Form.OFFLINE, Form.ONLINE}),
    Path.PRESENT: frozenset({Form.OFFICE, Form.PREMISES}),
    Path.PREPARED: frozenset(Form),
}
"""The forms that the stage table allows a first consultation. A follow-up takes whatever form the question asks for."""

COSTS_DECIDED_WITHIN = timedelta(days=1)
"""How long the manager may think about the costs, and never beyond the planned time. The centre's own limit."""
BEGINS_WITHIN = timedelta(minutes=15)
"""How long a consumer who came to the agreed time may be kept waiting. The centre's own limit."""

WITH_A_PLAN = {Path.AT_ONCE: Path.PREPARED, Path.REMOTE: Path.PRESENT}
"""The branch that a case goes over to when it can't be held without a plan."""


def require_plan(state: Consultation, found: RequirePlan, given: Given[State]) -> PlanRequired:
    """No time after all, or it must be prepared (3a-a → 3a-b); presence is needed (3b-a → 3b-b)."""
    if state.held or needs_plan(state.path):
        raise Refused(
            "plan_not_needed",
            "only a first consultation by 3a-a or 3b-a can go over to a plan; go on with the stage it is at",
            "case_id",
        )
    something_is_coming(state, given)
    not_waiting(state)
    return PlanRequired(
        **state.about(found.case_id),
        previous_path=state.path,
        path=WITH_A_PLAN[state.path],
        consultant=state.consultant,
        reason=found.reason,
    )


def plan(state: Consultation, agreed: PlanConsultation, given: Given[State]) -> Sequence[Event]:
    """Time, place, form, result and information are agreed with the consumer; costs first with the manager."""
    if not needs_plan(state.path) or state.held:
        raise Refused("plan_not_needed", "this consultation is held without a plan; send HoldConsultation", "case_id")
    if state.next is Next.NOTHING:
        raise ended()
    if state.next is Next.COSTS:
        raise Refused("plan_proposed", "the proposed plan waits for its manager; send DecidePlanCosts", "case_id")
    if state.next is not Next.PLAN:
        raise Refused("already_planned", "the plan-assignment stands; hold the consultation by it", "case_id")
    if agreed.agreed_by_manager is not None and agreed.agreed_by_manager != state.manager:
        raise Refused(
            "not_the_manager",
            f"the costs are for {state.manager} to agree; name them, or leave it out to propose the plan",
            "agreed_by_manager",
        )
    form_fits(state.path, agreed.form)
    not_before(state.latest_at, given.occurred_at, "the details were collected")
    if agreed.planned_at < given.occurred_at:
        raise Refused(
            "planned_in_the_past",
            f"{agreed.planned_at.isoformat()} is before the time of planning; plan a later time",
            "planned_at",
        )
    tasks = set_tasks(
        state,
        agreed.case_id,
        agreed.preparation,
        given,
        agreed_at=agreed.planned_at,
        officer=agreed.information_officer,
    )
    # Costs stand by the manager's own word, not by what others say of it: only a manager may decide them (§2).
    agreed_by = agreed.agreed_by_manager if given.role is Role.MANAGER else None
    if agreed.material_costs > 0 and agreed_by is None:
        return [_proposed(state, agreed, given)]
    return [_planned(state, agreed, agreed_by), *tasks]


def _planned(state: Consultation, agreed: PlanConsultation, agreed_by: str | None) -> ConsultationPlanned:
    return ConsultationPlanned(
        **state.about(agreed.case_id),
        consultant=state.consultant,
        planned_at=agreed.planned_at,
        begin_by=agreed.planned_at + BEGINS_WITHIN,
        place=agreed.place,
        form=agreed.form,
        expected_result=agreed.expected_result,
        further_information=agreed.further_information,
        material_costs=agreed.material_costs,
        agreed_by_manager=agreed_by,
        agenda=agreed.agenda,
        information_officer=agreed.information_officer,
        contact_id=state.contact.id if state.contact else None,
    )


def _proposed(state: Consultation, agreed: PlanConsultation, given: Given[State]) -> PlanProposed:
    return PlanProposed(
        **state.about(agreed.case_id),
        proposal_id=f"{agreed.case_id}-p{state.proposals + 1}",
        consultant=state.consultant,
        manager=state.manager,
        due_at=min(agreed.planned_at, given.occurred_at + COSTS_DECIDED_WITHIN),
        planned_at=agreed.planned_at,
        place=agreed.place,
        form=agreed.form,
        expected_result=agreed.expected_result,
        further_information=agreed.further_information,
        material_costs=agreed.material_costs,
        agenda=agreed.agenda,
        information_officer=agreed.information_officer,
        preparation=agreed.preparation,
        contact_id=state.contact.id if state.contact else None,
    )


def decide_costs(state: Consultation, verdict: DecidePlanCosts, given: Given[State]) -> Sequence[Event]:
    """The case's manager agrees, and the plan stands; or refuses, and another plan is due."""
    proposal = state.proposal
    if state.next is not Next.COSTS or proposal is None:
        raise Refused(
            "nothing_proposed", "no plan waits for its costs to be agreed; propose one (PlanConsultation)", "case_id",
            early=True,
        )  # fmt: skip
    if verdict.manager != state.manager:
        raise Refused("not_the_manager", f"these costs are for {state.manager} to agree or refuse", "manager")
    not_before(state.latest_at, given.occurred_at, "the plan was proposed")
    if not verdict.agreed:
        return [_costs_refused(state, proposal, verdict)]
    if given.occurred_at > proposal.planned_at:
        raise Refused(
            "planned_in_the_past",
            f"the planned time, {proposal.planned_at.isoformat()}, is over; refuse the costs and have a new plan made",
            "time",
        )
    stands = PlanCostsAgreed(
        **state.about(verdict.case_id),
        proposal_id=proposal.proposal_id,
        consultant=state.consultant,
        planned_at=proposal.planned_at,
        begin_by=proposal.planned_at + BEGINS_WITHIN,
        form=proposal.form,
        material_costs=proposal.material_costs,
        agreed_by_manager=verdict.manager,
    )
    # While the manager thought about it, a task's time may have run out: it is then due when it is set.
    tasks = [
        task if task.due_at is None else task.model_copy(update={"due_at": max(task.due_at, given.occurred_at)})
        for task in proposal.preparation
    ]
    return [stands, *set_tasks(state, verdict.case_id, tasks, given, agreed_at=proposal.planned_at)]


def _costs_refused(state: Consultation, proposal: PlanProposed, verdict: DecidePlanCosts) -> PlanCostsRefused:
    if verdict.reason is None:
        raise Refused("reason_missing", "say why the costs are refused, or what to propose instead", "reason")
    return PlanCostsRefused(
        consumer_id=state.consumer_id,
        case_id=verdict.case_id,
        proposal_id=proposal.proposal_id,
        material_costs=proposal.material_costs,
        refused_by=verdict.manager,
        reason=verdict.reason,
    )


def form_fits(path: Path, form: Form) -> None:
    """Refuse a form that the stage table does not give to a first consultation of this branch.

    Raises:
        Refused: code `form_not_for_path`.
    """
    if form not in FORMS[path]:
        allowed = ", ".join(sorted(FORMS[path]))
        raise Refused("form_not_for_path", f"stage {path} is held as {allowed}, not {form}; correct the form", "form")
