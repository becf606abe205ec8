"""What becomes of a consultation months later, as the demonstration tells it (stages 8 to 10)."""

from __future__ import annotations

from datetime import datetime, timedelta

from deploy.demo import people, words
from deploy.demo.plots import Later, Plot
from deploy.demo.steps import Slip, Tale, in_hours
from shared.contracts.base import Command
from shared.contracts.feedback import (
    EvaluateEffectiveness,
    EvaluateImpact,
    ExtendImpact,
    HandOverFeedback,
    ImprovementAction,
    RecordImprovement,
    RecordSuccessFactors,
    RecordUnreached,
    Survey,
)
from shared.contracts.quality import CompleteAction, DropAction
from shared.contracts.values import Role, Solved
from shared.rules import months_after


class Aftermath:
    """Effectiveness, what follows from it, and impact, of one consultation."""

    def __init__(self, tale: Tale, plot: Plot, consultant: str) -> None:
        self._tale = tale
        self._plot = plot
        self._consultant = consultant
        self._chance = tale.chance
        self._case = tale.thread
        self._action: tuple[datetime, Command] | None = None

    def tell(self, held_at: datetime, closed_at: datetime) -> None:
        """From the last consultation and its close on."""
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
            # Half a year is long: another manager sees to the last survey.
            passed = HandOverFeedback(case_id=self._case, manager=people.SUCCESSOR, reason="Moves to another office")
            self._later(at + timedelta(minutes=15), passed)
            impact = impact.model_copy(update={"evaluated_by": people.SUCCESSOR})
            at = in_hours(months_after(held_at, 4) + chance.days(5, 40))
            self._later(at, impact.model_copy(update={"months": Survey.SIX}))

    def _later(self, at: datetime, command: Command) -> None:
        """Tell it, after what became of the action before it."""
        if self._action is not None and self._action[0] <= at:
            self.end_of_action()
        self._tale.by_desk(at, command)

    def end_of_action(self) -> None:
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
