"""A consultation, from the request to its impact, as the demonstration tells it (stages 1-11)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum, auto

from deploy.demo import people, words
from deploy.demo.steps import Slip, Tale, in_hours
from deploy.demo.twists import Changes, Twist
from shared.contracts.base import Command
from shared.contracts.consult import (
    CompletePreparation,
    DecidePlanCosts,
    HoldConsultation,
    PlanConsultation,
    PreparationTask,
    RecordTopicalIssue,
)
from shared.contracts.feedback import (
    AssessSatisfaction,
    EvaluateEffectiveness,
    EvaluateImpact,
    ExtendImpact,
    ImprovementAction,
    RecordImprovement,
    RecordSuccessFactors,
    RecordUnreached,
    Survey,
)
from shared.contracts.intake import CollectDetails, ReceiveRequest
from shared.contracts.quality import CompleteAction, DropAction
from shared.contracts.values import Channel, Form, FormReason, Language, Preparation, Role, Solved
from shared.rules import months_after

PRESENT = (Channel.WALK_IN, Channel.PHONE, Channel.VOICE_MAIL)
CHANNELS = {Channel.WALK_IN: 34, Channel.PHONE: 26, Channel.VOICE_MAIL: 8, Channel.EMAIL: 18, Channel.WEB: 14}


class End(StrEnum):
    """How a consultation ends."""

    SATISFIED = auto()
    AFTER_ANOTHER = auto()
    AFTER_ANOTHER_LATE = auto()
    AS_AGREED = auto()
    AGREED_LATE = auto()
    AFTER_TWO_MORE = auto()
    NO_FOLLOW_UP = auto()
    NOT_ASSESSED = auto()
    NOT_HELD = auto()
    NO_DETAILS = auto()


ENDS = {
    End.SATISFIED: 50,
    End.AFTER_ANOTHER: 12,
    End.AFTER_ANOTHER_LATE: 7,
    End.AS_AGREED: 6,
    End.AGREED_LATE: 4,
    End.AFTER_TWO_MORE: 5,
    End.NO_FOLLOW_UP: 4,
    End.NOT_ASSESSED: 4,
    End.NOT_HELD: 4,
    End.NO_DETAILS: 4,
}
NEVER_BEGUN = frozenset({End.NOT_HELD, End.NO_DETAILS})
_FURTHER: dict[End, tuple[str, ...]] = {
    End.AFTER_ANOTHER: ("soon",),
    End.AFTER_ANOTHER_LATE: ("late",),
    End.AS_AGREED: ("agreed",),
    End.AGREED_LATE: ("agreed late",),
    End.AFTER_TWO_MORE: ("soon", "late"),
    End.NO_FOLLOW_UP: ("never",),
}
"""When each further consultation is held."""


class Later(StrEnum):
    """When something due in months is done."""

    IN_TIME = auto()
    LATE = auto()
    NEVER = auto()


@dataclass(frozen=True, kw_only=True, slots=True)
class Plot:
    """What one consultation is to be like."""

    channel: Channel
    language: Language
    office: str
    topic: words.Topic
    prepared: bool
    """It must be prepared (3a-b), or the consumer must be present (3b-b)."""
    end: End
    effectiveness: Later
    effective: bool
    impact: Later
    details_late: bool
    plan_late: bool
    held_late: bool
    twist: Twist = Twist.NONE


def consultation(tale: Tale, plot: Plot, received_at: datetime) -> None:
    """Tell it; `received_at` is in the centre's time zone, on a day when the centre is open."""
    _Consultation(tale, plot).tell(received_at)


class _Consultation:
    def __init__(self, tale: Tale, plot: Plot) -> None:
        self._tale = tale
        self._plot = plot
        self._chance = tale.chance
        self._case = tale.thread
        self._consultant = self._chance.pick(people.OFFICES[plot.office])
        self._prepared = plot.prepared
        self._remote = self._chance.pick((Form.ONLINE, Form.OFFLINE))
        self._changes = Changes(tale, plot.language, plot.office)
        self._action: tuple[datetime, Command] | None = None

    def tell(self, received_at: datetime) -> None:
        end = self._plot.end
        self._receive(received_at)
        if end is End.NO_DETAILS:
            return
        at = self._collect(received_at)
        if end is End.NOT_HELD:
            return
        began = self._on_the_way(at)
        if began is None:
            return
        at, form = began, self._form()
        held_at = self._hold(at, form, number=1)
        if end is End.NOT_ASSESSED:
            return
        further = _FURTHER.get(end, ())
        for number, when in enumerate(further, start=2):
            agreed_at = in_hours(held_at + self._chance.days(5, 8)) if when.startswith("agreed") else None
            self._dissatisfied(held_at, agreed_at)
            if when == "never":
                if self._chance.often(60):
                    self._changes.withdraw(in_hours(held_at + timedelta(days=1)))
                return
            held_at = self._hold(self._further(held_at, when, agreed_at), self._chance.pick(tuple(Form)), number=number)
        self._months_later(held_at, self._satisfied(held_at, after=len(further)))
        self._end_of_action()

    def _on_the_way(self, at: datetime) -> datetime | None:
        """From the collected details to the consultation: when it begins, None where it never will."""
        twist, at = self._plot.twist, at + timedelta(seconds=45)
        match twist:
            case Twist.DUPLICATE:
                self._changes.end_as_duplicate(at)
                return None
            case Twist.HANDED_OVER:
                self._consultant = self._changes.hand_over(at, self._consultant)
            case Twist.OVER_TO_A_PLAN:
                self._changes.require_plan(at)
                self._prepared = True
            case Twist.WAITED:
                at = self._changes.wait(at, resumes=not self._prepared)
            case _:
                pass
        if not self._prepared:
            return self._without_a_plan(at)
        return self._changes.before_it_begins(twist, self._prepare(at))

    def _receive(self, at: datetime) -> None:
        plot = self._plot
        self._tale.by_channel(
            at,
            ReceiveRequest(
                case_id=self._case,
                channel=plot.channel,
                language=plot.language,
                office=plot.office,
                topic=plot.topic.code,
                question=self._chance.pick(plot.topic.questions[plot.language]),
                consumer=people.person(self._chance, plot.language).consumer(plot.channel),
                responsible=people.MANAGER,
            ),
        )

    def _collect(self, received_at: datetime) -> datetime:
        plot, chance = self._plot, self._chance
        present = plot.channel in PRESENT
        if present:
            at = received_at + (chance.minutes(11, 18) if plot.details_late else chance.minutes(2, 9))
        else:
            at = in_hours(received_at + (chance.minutes(1600, 3000) if plot.details_late else chance.minutes(30, 1200)))
        details = CollectDetails(
            case_id=self._case,
            expected_result=plot.topic.wanted[plot.language],
            form=self._form(),
            place=plot.office if present else None,
            preparation_needed=plot.prepared,
            consultant_has_time=True,
            presence_required=plot.prepared and not present,
            consultant=self._consultant,
        )
        self._tale.by_desk(at, details)
        if chance.slip(Slip.COLLECT_TWICE):
            again = details.model_copy(update={"place": "centre-south"})
            self._tale.by_desk(at + timedelta(minutes=1), again, Slip.COLLECT_TWICE)
        return at

    def _form(self) -> Form:
        plot = self._plot
        if plot.channel in PRESENT:
            return Form.OFFICE if plot.channel is Channel.WALK_IN else Form.PHONE
        if not self._prepared:
            return self._remote
        return Form.PREMISES if plot.office == "centre-south" else Form.OFFICE

    def _prepare(self, collected_at: datetime) -> datetime:
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
            form=self._form(),
            expected_result=plot.topic.wanted[plot.language],
            further_information=words.FURTHER[plot.language],
            material_costs=costs,
        )
        if costs and chance.often(40):
            self._tale.by_desk(at, plan.model_copy(update={"agreed_by_manager": people.MANAGER}))
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

    def _without_a_plan(self, collected_at: datetime) -> datetime:
        """3a-a: at once; 3b-a: within the days it takes to gather the materials."""
        if self._plot.channel in PRESENT:
            return collected_at + self._chance.minutes(0, 10)
        return in_hours(collected_at + (self._chance.days(8, 10) if self._plot.held_late else self._chance.days(1, 5)))

    def _hold(self, begins: datetime, form: Form, *, number: int) -> datetime:
        chance = self._chance
        overlong = self._plot.held_late and number == 1
        at = begins + (chance.minutes(122, 150) if overlong else chance.minutes(12, 110))
        minutes = int((at - begins).total_seconds()) // 60
        held = HoldConsultation(
            case_id=self._case,
            started_at=begins,
            form=form,
            consultant=self._consultant if number == 1 else self._of_the_office(),
            minutes_spent=minutes + 10,
            cost=chance.pick((0, 0, 40_000, 75_050)),
            materials=["Sample forms"] if form is Form.OFFLINE else [],
            form_because=FormReason.QUESTION if number > 1 else None,
        )
        if number == 1 and chance.slip(Slip.WRONG_FORM) and not self._takes_any_form():
            odd = Form.PREMISES if self._plot.channel in PRESENT else Form.PHONE
            self._tale.by_desk(at, held.model_copy(update={"form": odd}), Slip.WRONG_FORM)
        self._tale.by_desk(at, held)
        if chance.often(30):
            issue = RecordTopicalIssue(
                case_id=self._case,
                issue=self._plot.topic.issue,
                target_group=chance.pick(words.GROUPS),
                organisation_need=chance.often(20),
            )
            self._tale.by_desk(at + chance.minutes(1, 20), issue)
        return at

    def _takes_any_form(self) -> bool:
        return self._prepared and self._plot.channel in PRESENT

    def _of_the_office(self) -> str | None:
        """Who holds a further consultation: whoever held the previous one (None), or a colleague."""
        return self._chance.pick(people.OFFICES[self._plot.office]) if self._chance.often(30) else None

    def _assessed(self, held_at: datetime) -> tuple[datetime, datetime]:
        """When a consultation is assessed, in its last minutes or after it, and when that is closed."""
        chance = self._chance
        earliest, latest = chance.pick(((-6, -1), (0, 4), (0, 4), (1, 9), (1, 9), (11, 30)))
        at = held_at + chance.minutes(earliest, latest)
        return at, at + (chance.minutes(11, 20) if chance.often(12) else chance.minutes(1, 9))

    def _dissatisfied(self, held_at: datetime, agreed_at: datetime | None) -> None:
        chance = self._chance
        at, closed_at = self._assessed(held_at)
        said = AssessSatisfaction(
            case_id=self._case,
            process=chance.random.randint(2, 4),
            result=chance.random.randint(1, 3),
            satisfied=False,
            solved=chance.pick((Solved.NO, Solved.HALF)),
            causes=chance.random.sample(words.CAUSES, chance.pick((1, 1, 2))),
            further_needs=words.NEEDS[self._plot.language],
            agreed_follow_up_at=agreed_at,
            closed_at=closed_at,
        )
        if chance.slip(Slip.NO_CAUSES):
            self._tale.by_desk(at, said.model_copy(update={"causes": []}), Slip.NO_CAUSES)
        self._tale.by_desk(at, said)

    def _further(self, held_at: datetime, when: str, agreed_at: datetime | None) -> datetime:
        chance = self._chance
        if agreed_at is not None:
            return agreed_at if when == "agreed" else in_hours(agreed_at + chance.days(1, 3))
        return in_hours(held_at + (timedelta(days=1) if when == "soon" else chance.days(4, 6)))

    def _satisfied(self, held_at: datetime, *, after: int) -> datetime:
        chance = self._chance
        at, closed_at = self._assessed(held_at)
        said = AssessSatisfaction(
            case_id=self._case,
            process=chance.random.randint(3, 5),
            result=chance.random.randint(4, 5),
            satisfied=True,
            solved=Solved.YES if after == 0 or chance.often(60) else Solved.HALF,
            wishes=words.WISHES[self._plot.language] if chance.often(40) else None,
            closed_at=closed_at,
        )
        self._tale.by_desk(at, said)
        return closed_at

    def _months_later(self, held_at: datetime, closed_at: datetime) -> None:
        """Stages 8 to 10."""
        plot, chance = self._plot, self._chance
        match plot.effectiveness:
            case Later.NEVER:
                return
            case Later.IN_TIME:
                at = in_hours(closed_at + chance.days(3, 24))
            case Later.LATE:
                at = in_hours(months_after(held_at, 1) + chance.days(3, 20))
        degree = chance.random.randint(70, 100) if plot.effective else chance.random.randint(10, 60)
        self._tale.by_desk(
            at,
            EvaluateEffectiveness(
                case_id=self._case, evaluated_by=people.MANAGER, degree_solved=degree, effective=plot.effective
            ),
        )
        at = self._stage_9(in_hours(at + chance.days(0, 3)))
        impact = EvaluateImpact(
            case_id=self._case,
            evaluated_by=people.MANAGER,
            advice_used=chance.often(80),
            changed=chance.often(55),
            solved=chance.pick((Solved.YES, Solved.YES, Solved.HALF, Solved.NO)),
            note=words.NOTES[plot.language],
        )
        if at + timedelta(days=3) < months_after(held_at, 1) and chance.slip(Slip.IMPACT_TOO_EARLY):
            self._tale.by_desk(at + timedelta(minutes=5), impact, Slip.IMPACT_TOO_EARLY)
        self._surveys(held_at, at, impact)

    def _surveys(self, held_at: datetime, since: datetime, impact: EvaluateImpact) -> None:
        """Stage 10: after one month where there is time, after three, and extended after six."""
        plot, chance = self._plot, self._chance
        match plot.impact:
            case Later.NEVER:
                return
            case Later.LATE:
                late = impact.model_copy(update={"months": Survey.THREE})
                self._later(in_hours(months_after(held_at, 3) + chance.days(3, 40)), late)
                return
            case Later.IN_TIME:
                pass
        first_at = max(in_hours(months_after(held_at, 1) + chance.days(1, 12)), in_hours(since + timedelta(days=1)))
        if first_at + timedelta(days=3) < months_after(held_at, 2):
            in_vain = RecordUnreached(case_id=self._case, attempts=3, months=Survey.ONE)
            answer = impact.model_copy(update={"months": Survey.ONE})
            self._later(first_at, in_vain if chance.often(15) else answer)
        late = chance.often(15)
        at = in_hours(months_after(held_at, 3 if late else 2) + chance.days(3, 20))
        self._later(at, impact.model_copy(update={"months": Survey.THREE}))
        if chance.often(30):
            why = ExtendImpact(case_id=self._case, extended_by=people.MANAGER, reason="The authority has yet to decide")
            self._later(at + timedelta(minutes=10), why)
            at = in_hours(months_after(held_at, 4) + chance.days(5, 40))
            self._later(at, impact.model_copy(update={"months": Survey.SIX}))

    def _later(self, at: datetime, command: Command) -> None:
        """Tell it, after what became of the action before it."""
        if self._action is not None and self._action[0] <= at:
            self._end_of_action()
        self._tale.by_desk(at, command)

    def _end_of_action(self) -> None:
        if self._action is not None:
            self._tale.by_desk(*self._action)
            self._action = None

    def _act(self, ordered_at: datetime) -> None:
        """An action of 9b is done, in time or late, or dropped; or nothing becomes of it."""
        action_id, chance = f"{self._case}-a1", self._chance
        match chance.pick(("done", "done", "late", "dropped", "forgotten")):
            case "done":
                ended = CompleteAction(action_id=action_id, done="Done, and shown to all consultants")
                self._action = (in_hours(ordered_at + timedelta(days=12)), ended)
            case "late":
                ended = CompleteAction(action_id=action_id, done="Done, though late")
                self._action = (in_hours(ordered_at + timedelta(days=26)), ended)
            case "dropped":
                dropped = DropAction(action_id=action_id, reason="The topic was handed to another centre")
                self._action = (in_hours(ordered_at + timedelta(days=12)), dropped)
            case _:
                pass

    def _stage_9(self, at: datetime) -> datetime:
        chance = self._chance
        factors = RecordSuccessFactors(case_id=self._case, factors=chance.random.sample(words.FACTORS, 2))
        if self._plot.effective:
            if chance.slip(Slip.NOT_THEIRS):
                self._tale.by_desk(at, factors, Slip.NOT_THEIRS, role=Role.CONSULTANT)
            self._tale.by_desk(at, factors)
            return at
        if chance.slip(Slip.NINE_A_NOT_EFFECTIVE):
            self._tale.by_desk(at, factors, Slip.NINE_A_NOT_EFFECTIVE)
        action = ImprovementAction(
            action=chance.pick(words.REMEDIES), owner=self._consultant, due=(at + timedelta(days=21)).date()
        )
        self._tale.by_desk(
            at, RecordImprovement(case_id=self._case, causes=[chance.pick(words.CAUSES)], actions=[action])
        )
        self._act(at)
        return at
