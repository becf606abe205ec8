"""How a consultation of the demonstration is prepared: the plan-assignment, its costs, its materials (3a-b, 3b-b)."""

from __future__ import annotations

from datetime import datetime, timedelta

from deploy.demo import people, words
from deploy.demo.plots import PRESENT, Plot
from deploy.demo.steps import Slip, Tale, in_hours
from shared.contracts.consult import (
    CompletePreparation,
    DecidePlanCosts,
    HoldConsultation,
    PlanConsultation,
    PreparationTask,
)
from shared.contracts.values import Form, Preparation, Role


class Preparing:
    """The plan of one consultation."""

    def __init__(self, tale: Tale, plot: Plot) -> None:
        self._tale = tale
        self._plot = plot
        self._chance = tale.chance
        self._case = tale.thread

    def prepare(self, collected_at: datetime, form: Form) -> datetime:
        """3a-b, 3b-b: the plan-assignment; returns when the consultation begins."""
        plot, chance = self._plot, self._chance
        if plot.channel in PRESENT:
            at = collected_at + (chance.minutes(22, 40) if plot.plan_late else chance.minutes(6, 19))
        else:
            at = in_hours(collected_at + (chance.minutes(3000, 4000) if plot.plan_late else chance.minutes(60, 1500)))
        begins = in_hours(at + chance.days(1, 3) + chance.minutes(0, 60))
        costs = chance.pick((0, 25_000, 120_000))
        plan = PlanConsultation(
            case_id=self._case,
            planned_at=begins,
            place=plot.office,
            form=form,
            expected_result=plot.topic.wanted[plot.language],
            further_information=words.FURTHER[plot.language],
            material_costs=costs,
        )
        if costs and chance.often(40):
            self._tale.by_desk(at, plan.model_copy(update={"agreed_by_manager": people.MANAGER}), role=Role.MANAGER)
        elif costs:
            self._agree_costs(at, plan)
        else:
            self._prepare_materials(at, plan)
        return begins

    def _prepare_materials(self, at: datetime, plan: PlanConsultation) -> None:
        """Copies, by the information officer of the office that has one; by the consultant in the other."""
        copies = PreparationTask(kind=Preparation.COPIES, what="Sample forms")
        officer = people.OFFICERS.get(self._plot.office)
        self._tale.by_desk(at, plan.model_copy(update={"preparation": [copies], "information_officer": officer}))
        done = CompletePreparation(
            case_id=self._case, task_id=f"{self._case}-t1", minutes_spent=self._chance.random.randint(5, 25), cost=3_000
        )
        self._tale.by_desk(at + self._chance.minutes(20, 120), done)

    def _agree_costs(self, at: datetime, plan: PlanConsultation) -> None:
        """The plan is proposed; the manager agrees to its costs, or only to those of a cheaper one."""
        chance = self._chance
        self._tale.by_desk(at, plan)
        if chance.slip(Slip.COSTS_NOT_AGREED):
            hasty = HoldConsultation(case_id=self._case, started_at=at, form=plan.form, minutes_spent=1)
            self._tale.by_desk(at + timedelta(seconds=30), hasty, Slip.COSTS_NOT_AGREED)
        at += chance.minutes(1, 3)
        if chance.often(40):
            no = DecidePlanCosts(
                case_id=self._case, manager=people.MANAGER, agreed=False, reason="Half of the copies will do"
            )
            self._tale.by_desk(at, no)
            at += chance.minutes(1, 2)
            self._tale.by_desk(at, plan.model_copy(update={"material_costs": plan.material_costs // 2}))
            at += chance.minutes(1, 2)
        yes = DecidePlanCosts(case_id=self._case, manager=people.MANAGER, agreed=True)
        self._tale.by_desk(at, yes)
