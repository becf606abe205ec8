"""What may become of a consultation before it is held, as the demonstration tells it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum, auto

from deploy.demo import people, words
from deploy.demo.steps import Tale, in_hours
from shared.contracts.consult import (
    AwaitConsumer,
    CancelConsultation,
    HandOverConsultation,
    RecordNoShow,
    RequirePlan,
    RescheduleConsultation,
    ResumeConsultation,
)
from shared.contracts.values import CancelGround, ContactGround, Language, Party
from shared.roles import Role


class Twist(StrEnum):
    """How a first consultation goes otherwise."""

    NONE = auto()
    MOVED_BY_CONSUMER = auto()
    MOVED_BY_CENTRE = auto()
    CENTRE_UNABLE = auto()
    NO_SHOW = auto()
    NEVER_CAME = auto()
    WITHDRAWN = auto()
    DUPLICATE = auto()
    OUT_OF_REMIT = auto()
    HANDED_OVER = auto()
    OVER_TO_A_PLAN = auto()
    WAITED = auto()


TWISTS: dict[Twist, int] = {**dict.fromkeys(Twist, 3), Twist.WAITED: 6, Twist.NONE: 61}
_OF_A_PLAN = frozenset(
    {
        Twist.MOVED_BY_CONSUMER,
        Twist.MOVED_BY_CENTRE,
        Twist.CENTRE_UNABLE,
        Twist.NO_SHOW,
        Twist.NEVER_CAME,
        Twist.WITHDRAWN,
    }
)


def prepared(twist: Twist, *, present: bool, otherwise: bool) -> bool:
    """Whether a case that takes this twist begins with a plan; `otherwise`: as it would without."""
    if twist is Twist.WAITED:
        return present
    return twist in _OF_A_PLAN or (otherwise and twist is not Twist.OVER_TO_A_PLAN)


@dataclass(frozen=True, slots=True)
class Changes:
    """Tells the changes of one case."""

    tale: Tale
    language: Language
    office: str

    def hand_over(self, at: datetime, consultant: str) -> str:
        """To a colleague of the same office, who is returned."""
        other = self.tale.chance.pick([one for one in people.OFFICES[self.office] if one != consultant])
        self.tale.by_desk(
            at, HandOverConsultation(case_id=self.tale.thread, consultant=other, reason="Knows this kind of question")
        )
        return other

    def end_as_not_ours(self, at: datetime, ground: CancelGround) -> None:
        """The manager ends it: the same question is under way elsewhere, or it is not this centre's business."""
        self._cancel(at, ground, role=Role.MANAGER, approved_by=people.MANAGER)

    def require_plan(self, at: datetime) -> None:
        """It can't be held without one after all."""
        self.tale.by_desk(at, RequirePlan(case_id=self.tale.thread, reason="The archive must be asked first"))

    def wait(self, at: datetime, *, resumes: bool) -> datetime:
        """For papers that the consumer owes; returned is when they are there."""
        case, chance = self.tale.thread, self.tale.chance
        self.tale.by_desk(at, AwaitConsumer(case_id=case, ground=ContactGround.FURTHER_INFORMATION))
        back = in_hours(at + chance.days(1, 2) + chance.minutes(10, 90))
        if resumes:
            self.tale.by_desk(back, ResumeConsultation(case_id=case))
        return back

    def before_it_begins(self, twist: Twist, begins: datetime) -> datetime | None:
        """What becomes of an agreed time; returned is the new one, None where the case ends."""
        earlier, later = begins - timedelta(hours=2), in_hours(begins + self.tale.chance.days(2, 4))
        match twist:
            case Twist.MOVED_BY_CONSUMER:
                self._move(earlier, later, Party.CONSUMER)
            case Twist.MOVED_BY_CENTRE:
                self._move(earlier, later, Party.CENTRE)
            case Twist.CENTRE_UNABLE:
                self._cancel(earlier, CancelGround.CENTRE_UNABLE)
                self._move(in_hours(earlier + timedelta(days=1)), later, Party.CENTRE)
            case Twist.NO_SHOW:
                self._missed(begins, later)
            case Twist.NEVER_CAME:
                self._missed(begins, later)
                self._no_show(later)
                self._cancel(later + timedelta(minutes=40), CancelGround.CONSUMER_ABSENT)
                return None
            case Twist.WITHDRAWN:
                self.withdraw(earlier)
                return None
            case _:
                return begins
        return later

    def withdraw(self, at: datetime) -> None:
        """The consumer does not need it any more."""
        self._cancel(at, CancelGround.CONSUMER_WITHDREW, reason=words.SETTLED[self.language])

    def _missed(self, begins: datetime, later: datetime) -> None:
        self._no_show(begins)
        self._move(in_hours(begins + timedelta(days=1)), later, Party.CONSUMER)

    def _no_show(self, begins: datetime) -> None:
        at = begins + timedelta(minutes=30)
        self.tale.by_desk(at, RecordNoShow(case_id=self.tale.thread, minutes_spent=30, cost=15_000))

    def _move(self, at: datetime, later: datetime, by: Party) -> None:
        reason = words.CANT_COME[self.language]
        self.tale.by_desk(at, RescheduleConsultation(case_id=self.tale.thread, by=by, reason=reason, planned_at=later))

    def _cancel(
        self,
        at: datetime,
        ground: CancelGround,
        *,
        reason: str | None = None,
        approved_by: str | None = None,
        role: Role | None = None,
    ) -> None:
        off = CancelConsultation(case_id=self.tale.thread, ground=ground, reason=reason, approved_by=approved_by)
        self.tale.by_desk(at, off, role=role)
