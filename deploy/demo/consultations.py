"""A consultation, from the request to its impact, as the demonstration tells it (stages 1-11)."""

from __future__ import annotations

from datetime import datetime, timedelta

from deploy.demo import people, words
from deploy.demo.aftermath import Aftermath
from deploy.demo.plots import PRESENT, End, Plot
from deploy.demo.preparing import Preparing
from deploy.demo.steps import Slip, Tale, in_hours
from deploy.demo.twists import Changes, Twist
from shared.contracts.consult import HoldConsultation, RecordNoTopicalIssue, RecordTopicalIssue
from shared.contracts.feedback import AssessSatisfaction
from shared.contracts.intake import CollectDetails, ReceiveRequest
from shared.contracts.values import CancelGround, Channel, Form, FormReason, Solved

_FURTHER: dict[End, tuple[str, ...]] = {
    End.AFTER_ANOTHER: ("soon",),
    End.AFTER_ANOTHER_LATE: ("late",),
    End.AS_AGREED: ("agreed",),
    End.AGREED_LATE: ("agreed late",),
    End.AFTER_TWO_MORE: ("soon", "late"),
    End.NO_FOLLOW_UP: ("never",),
}
"""When each further consultation is held."""


def consultation(tale: Tale, plot: Plot, received_at: datetime) -> None:
    """Tell it; `received_at` is in the centre's time zone, of who comes or phones while the centre is open."""
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
        self._issues_owed = False
        """Stage 11 of the latest consultation was put off."""

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
        aftermath = Aftermath(self._tale, self._plot, self._consultant)
        closed_at = self._satisfied(held_at, after=len(further))
        if self._issues_owed and self._chance.often(70):
            self._register_issues(in_hours(closed_at + timedelta(days=2)))
        aftermath.tell(held_at, closed_at)
        aftermath.end_of_action()

    def _on_the_way(self, at: datetime) -> datetime | None:
        """From the collected details to the consultation: when it begins, None where it never will."""
        twist, at = self._plot.twist, at + timedelta(seconds=45)
        match twist:
            case Twist.DUPLICATE:
                self._changes.end_as_not_ours(at, CancelGround.DUPLICATE_REQUEST)
                return None
            case Twist.OUT_OF_REMIT:
                self._changes.end_as_not_ours(at, CancelGround.OUT_OF_REMIT)
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
        return self._changes.before_it_begins(twist, Preparing(self._tale, self._plot).prepare(at, self._form()))

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
            at = self._heard(received_at) + (chance.minutes(11, 18) if plot.details_late else chance.minutes(2, 9))
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

    def _heard(self, received_at: datetime) -> datetime:
        """Who left a message is called once it is heard: when the centre opens."""
        opened = in_hours(received_at)
        late = self._plot.channel is Channel.VOICE_MAIL and opened != received_at
        return opened.replace(minute=0, second=0) if late else received_at

    def _form(self) -> Form:
        plot = self._plot
        if plot.channel in PRESENT:
            return Form.OFFICE if plot.channel is Channel.WALK_IN else Form.PHONE
        if not self._prepared:
            return self._remote
        return Form.PREMISES if plot.office == "centre-south" else Form.OFFICE

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
        self._issues_owed = not chance.often(80)
        if not self._issues_owed:
            self._register_issues(at + chance.minutes(1, 20))
        return at

    def _register_issues(self, at: datetime) -> None:
        """Stage 11: the issue that was seen, or that there was none; with that of consultations before."""
        chance = self._chance
        if not chance.often(30):
            self._tale.by_desk(at, RecordNoTopicalIssue(case_id=self._case))
            return
        issue = RecordTopicalIssue(
            case_id=self._case,
            issue=self._plot.topic.issue,
            target_group=chance.pick(words.GROUPS),
            organisation_need=chance.often(20),
        )
        self._tale.by_desk(at, issue)

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
