"""Complaints, from the book or the web to the question how the process was, as the demonstration tells them (§5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from deploy.demo import people, words
from deploy.demo.steps import Chance, Step, Tale, in_hours
from services.feedback.checklists import CHECKLISTS
from shared.contracts.complaints import (
    AssessComplaint,
    AssessComplaintHandling,
    CarryOutRemedy,
    CloseComplaint,
    CommunicateDecision,
    DecideComplaint,
    EscalateComplaint,
    ForwardComplaint,
    InvestigateComplaint,
    Justified,
    Level,
    ReceiveComplaint,
    RecordComplainantsReply,
    RecordComplainantUnreached,
    RecordRecourseOutcome,
    Recourse,
    RecourseOutcome,
    TakeImmediateAction,
    TellComplaintStatus,
    WithdrawComplaint,
)
from shared.contracts.intake import Consumer
from shared.contracts.quality import (
    CompleteAction,
    CorrectiveAction,
    DropAction,
    Mark,
    Marked,
    RecordInspection,
    VerifyAction,
)
from shared.contracts.values import Channel, Language

ACCEPTED, REMEDY, SILENT, REVIEWED, COURT = "accepted", "remedy", "silent", "reviewed", "court"
WITHDRAWN, FORWARDED, NAMELESS, LATE, OPEN = "withdrawn", "forwarded", "nameless", "late", "open"
ENDS = (ACCEPTED, REMEDY, SILENT, REVIEWED, COURT, WITHDRAWN, FORWARDED, NAMELESS, LATE, OPEN)
CHANNELS = (Channel.COMPLAINTS_BOOK, Channel.WEB, Channel.PHONE, Channel.POST, Channel.WALK_IN)
TYPES = ("service_complaint", "claim", "other")
_RECOURSE = [Recourse.INTERNAL_REVIEW, Recourse.COURT]
_DEPARTMENTS = ("front_office", "contact_centre", "it", "premises")
_SECOND, _EXPERT = "m-timur", "k-gulnar"


@dataclass(frozen=True, kw_only=True, slots=True)
class Plot:
    """What one complaint is to be like."""

    channel: Channel
    language: Language
    office: str
    case_type: str
    end: str
    urgent: bool


def complaints(chance: Chance, begins: datetime, count: int) -> list[Step]:
    """So many complaints, every end in turn."""
    steps: list[Step] = []
    languages = tuple(people.LANGUAGES)
    for number in range(count):
        end = ENDS[number % len(ENDS)]
        plot = Plot(
            channel=Channel.POST if end == NAMELESS else CHANNELS[number % len(CHANNELS)],
            language=languages[number % len(languages)],
            office=chance.pick(tuple(people.OFFICES)),
            case_type="appeal" if end == FORWARDED else TYPES[number % len(TYPES)],
            end=end,
            urgent=number % 4 == 0,
        )
        source, kept = people.SOURCES[plot.channel]
        tale = Tale(f"demo-c-{number + 1:03}", chance, channel_source=source, kept=kept)
        received_at = in_hours(begins + timedelta(days=number % 14) + chance.minutes(9 * 60, 16 * 60))
        _Complaint(tale, plot).tell(received_at)
        # What becomes of its actions is told beside the complaint itself.
        steps += sorted(tale.steps, key=lambda step: step.at)
    return steps


def inspections(chance: Chance, begins: datetime) -> list[Step]:
    """Every consultant is inspected once."""
    steps: list[Step] = []
    number = 0
    for office, consultants in people.OFFICES.items():
        for consultant in consultants:
            number += 1
            tale = Tale(f"demo-q-{number:02}", chance, channel_source="/demo/desk", kept=False)
            checklist = chance.pick(sorted(CHECKLISTS))
            marks = [
                Marked(point=point, mark=chance.pick((Mark.MET, Mark.MET, Mark.PARTLY, Mark.NOT_MET)))
                for point in CHECKLISTS[checklist]
            ]
            at = in_hours(begins + chance.days(1, 11) + chance.minutes(9 * 60, 16 * 60))
            tale.by_desk(
                at,
                RecordInspection(
                    inspection_id=tale.thread,
                    checklist=checklist,
                    employee=consultant,
                    facility=office,
                    inspector=people.MANAGER,
                    channel=Channel.PHONE if checklist == "phone" else Channel.WALK_IN,
                    marks=marks,
                ),
            )
            steps += tale.steps
    return steps


class _Complaint:
    def __init__(self, tale: Tale, plot: Plot) -> None:
        self._tale = tale
        self._plot = plot
        self._chance = tale.chance
        self._case = tale.thread
        self._owner = self._chance.pick(people.OFFICES[plot.office])

    def tell(self, received_at: datetime) -> None:
        self._receive(received_at)
        at = in_hours(received_at + timedelta(days=1))
        match self._plot.end:
            case "withdrawn":
                self._tale.by_desk(at, WithdrawComplaint(case_id=self._case))
                return self._unreached(at)
            case "forwarded":
                forward = ForwardComplaint(
                    case_id=self._case, to="City transport office", reason="about a bus line", notified=True
                )
                self._tale.by_desk(at, forward)
                return self._unreached(at)
            case _:
                return self._handled(received_at)

    def _handled(self, received_at: datetime) -> None:
        plot, chance = self._plot, self._chance
        at = in_hours(received_at + (chance.days(4, 6) if plot.end == LATE else chance.minutes(20, 90)))
        self._assess(at)
        if plot.end == OPEN:
            return
        at = self._investigate(at, _EXPERT)
        at = self._decide(at, people.MANAGER, plot.end == REMEDY)
        if plot.end == NAMELESS:
            self._tale.by_desk(in_hours(at + timedelta(hours=2)), self._close())
            return
        at = self._communicate(at)
        match plot.end:
            case "silent":
                at = in_hours(at + timedelta(days=31))
                self._tale.by_desk(at, self._close())
                self._unreached(at)
            case "reviewed":
                at = self._rejected(at)
                at = in_hours(at + timedelta(days=3))
                review = EscalateComplaint(case_id=self._case, to=Recourse.INTERNAL_REVIEW, responsible=_SECOND)
                self._tale.by_desk(at, review)
                at = self._communicate(self._decide(self._investigate(at, "k-hanna"), _SECOND, False, again=True))
                self._accepted(at, False)
            case "court":
                self._to_court(self._rejected(at))
            case end:
                self._accepted(at, end == REMEDY)

    def _receive(self, at: datetime) -> None:
        plot = self._plot
        sender = people.person(self._chance, plot.language)
        self._tale.by_channel(
            at,
            ReceiveComplaint(
                case_id=self._case,
                channel=plot.channel,
                language=plot.language,
                office=plot.office,
                complaint=words.COMPLAINTS[plot.language],
                remedy_sought=words.REMEDY_SOUGHT[plot.language],
                consumer=Consumer(name=sender.name) if plot.end == NAMELESS else sender.consumer(plot.channel),
                case_type=plot.case_type,
                received_by=self._owner,
                responsible=people.MANAGER,
            ),
        )

    def _assess(self, at: datetime) -> None:
        urgent = self._plot.urgent
        self._tale.by_desk(
            at,
            AssessComplaint(
                case_id=self._case,
                assessed_by=people.MANAGER,
                severity=Level.HIGH if urgent else self._chance.pick((Level.LOW, Level.MEDIUM)),
                safety=Level.LOW,
                complexity=self._chance.pick((Level.LOW, Level.MEDIUM)),
                impact=Level.LOW,
                immediate_action_needed=urgent,
                causes=["long_wait"],
            ),
        )
        if urgent:
            taken = TakeImmediateAction(case_id=self._case, taken_by=self._owner, action="A second window was opened")
            self._tale.by_desk(in_hours(at + timedelta(hours=1)), taken)

    def _investigate(self, since: datetime, investigator: str) -> datetime:
        chance = self._chance
        told_at = in_hours(since + timedelta(days=1))
        told = TellComplaintStatus(case_id=self._case, told_by=self._owner, on_request=chance.often(40))
        self._tale.by_desk(told_at, told)
        at = in_hours(told_at + (chance.days(6, 8) if self._plot.end == LATE else chance.minutes(60, 200)))
        self._tale.by_desk(
            at,
            InvestigateComplaint(
                case_id=self._case,
                investigator=investigator,
                findings=words.NOTES[self._plot.language],
                heard=[self._owner],
                evidence=["The queue's record of that day"],
            ),
        )
        return at

    def _decide(self, since: datetime, decided_by: str, remedy: bool, *, again: bool = False) -> datetime:
        late = self._plot.end == LATE
        at = in_hours(since + (self._chance.days(4, 5) if late else timedelta(hours=1)))
        due = (at + timedelta(days=14)).date()
        step = CorrectiveAction(
            action=self._chance.pick(words.REMEDIES),
            department=self._chance.pick(_DEPARTMENTS),
            owner=self._owner,
            due=due,
        )
        self._tale.by_desk(
            at,
            DecideComplaint(
                case_id=self._case,
                decided_by=decided_by,
                justified=Justified.NO if again else Justified.YES,
                response=words.ANSWERS[self._plot.language],
                remedy=words.REMEDY_SOUGHT[self._plot.language] if remedy else None,
                remedy_due=due if remedy else None,
                actions=[] if again else [step],
            ),
        )
        if not again:
            self._act(at)
        return at

    def _act(self, decided_at: datetime) -> None:
        """The action is done in time or late, and checked; or dropped; or nothing becomes of it."""
        action_id = f"{self._case}-a1"
        if self._plot.end == NAMELESS:
            return
        if self._plot.end == SILENT:
            at = in_hours(decided_at + timedelta(days=9))
            self._tale.by_desk(at, DropAction(action_id=action_id, reason="The window is closed for good"))
            return
        at = in_hours(decided_at + timedelta(days=25 if self._plot.end == LATE else 9))
        self._tale.by_desk(at, CompleteAction(action_id=action_id, done="Done and shown to all consultants"))
        at = in_hours(at + timedelta(days=40 if self._plot.end == LATE else 20))
        check = VerifyAction(
            action_id=action_id, verified_by=people.MANAGER, cause_gone=True, finding="No complaint like it since"
        )
        self._tale.by_desk(at, check)

    def _communicate(self, since: datetime) -> datetime:
        late = self._plot.end == LATE
        at = in_hours(since + (self._chance.days(4, 6) if late else timedelta(minutes=40)))
        told = CommunicateDecision(
            case_id=self._case, communicated_by=people.MANAGER, channel=self._plot.channel, recourse=_RECOURSE
        )
        self._tale.by_desk(at, told)
        return at

    def _rejected(self, since: datetime) -> datetime:
        at = in_hours(since + timedelta(days=2))
        self._tale.by_desk(at, RecordComplainantsReply(case_id=self._case, accepted=False))
        # A rejected decision leaves the complaint open.
        self._tale.by_desk(at + timedelta(minutes=5), self._close(), "decision_rejected")
        return at

    def _to_court(self, since: datetime) -> None:
        at = in_hours(since + timedelta(days=4))
        self._tale.by_desk(at, EscalateComplaint(case_id=self._case, to=Recourse.COURT))
        at = in_hours(at + timedelta(days=20))
        self._tale.by_desk(at, TellComplaintStatus(case_id=self._case, told_by=self._owner, on_request=False))
        at = in_hours(at + timedelta(days=20))
        upheld = RecordRecourseOutcome(case_id=self._case, outcome=RecourseOutcome.UPHELD)
        self._tale.by_desk(at, upheld)
        at = in_hours(at + timedelta(days=2))
        self._tale.by_desk(at, upheld.model_copy(update={"outcome": RecourseOutcome.NOT_PURSUED}))
        self._tale.by_desk(at + timedelta(minutes=10), self._close())
        self._unreached(at)

    def _accepted(self, since: datetime, remedy: bool) -> None:
        at = in_hours(since + timedelta(days=2))
        self._tale.by_desk(at, RecordComplainantsReply(case_id=self._case, accepted=True))
        if remedy:
            at = in_hours(at + timedelta(days=3))
            self._tale.by_desk(at, CarryOutRemedy(case_id=self._case, carried_out_by=self._owner))
        at = at + timedelta(minutes=20)
        self._tale.by_desk(at, self._close())
        at = in_hours(at + timedelta(days=6))
        score = self._chance.random.randint
        self._tale.by_desk(
            at,
            AssessComplaintHandling(
                case_id=self._case, ease=score(2, 5), speed=score(1, 5), courtesy=score(3, 5), fairness=score(2, 5)
            ),
        )

    def _unreached(self, since: datetime) -> None:
        at = in_hours(since + timedelta(days=10))
        self._tale.by_desk(at, RecordComplainantUnreached(case_id=self._case, attempts=3))

    def _close(self) -> CloseComplaint:
        return CloseComplaint(case_id=self._case, closed_by=people.MANAGER)
