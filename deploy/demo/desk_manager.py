"""A manager's rarer work, as the demonstration tells it: a complaint that needs asking, an action by order (§2, §5)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from deploy.demo import people, words
from deploy.demo.steps import Tale, in_hours
from shared.contracts.complaints import (
    AskComplainant,
    AssessComplaint,
    AssignComplaint,
    CloseComplaint,
    CommunicateDecision,
    DecideComplaint,
    ExtendComplaint,
    InvestigateComplaint,
    Justified,
    Level,
    ReceiveComplaint,
    RecordComplainantsAnswer,
    RecordComplainantsReply,
    RecordComplainantUnreached,
    Recourse,
    TellComplaintStatus,
)
from shared.contracts.quality import AddCause, CompleteAction, MoveAction, OrderAction, RetireCause, VerifyAction
from shared.contracts.values import Channel, Language

_OFFICE = "centre-south"
_RU = Language.RU
_SECOND, _EXPERT, _OWNER = "m-timur", "k-gulnar", "k-farida"
_DAY, _HOUR, _MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
_CAUSE = "ticket_machine"


def _asked(tale: Tale, at: datetime) -> None:
    """Another manager takes over, sees what type it is of, has to ask the complainant, and puts the answer off."""
    case = tale.thread
    received = ReceiveComplaint(
        case_id=case,
        channel=Channel.WEB,
        language=_RU,
        office=_OFFICE,
        complaint=words.COMPLAINTS[_RU],
        remedy_sought=words.REMEDY_SOUGHT[_RU],
        consumer=people.person(tale.chance, _RU).consumer(Channel.WEB),
        case_type="service_complaint",
        received_by=_OWNER,
        responsible=people.MANAGER,
    )
    tale.by_channel(at, received)
    taken = AssignComplaint(case_id=case, responsible=_SECOND, reason="On leave from tomorrow")
    tale.by_desk(at + 20 * _MINUTE, taken)
    tale.by_desk(at + 21 * _MINUTE, taken, "same_person")
    assessed = AssessComplaint(
        case_id=case,
        assessed_by=_SECOND,
        severity=Level.LOW,
        safety=Level.LOW,
        complexity=Level.LOW,
        impact=Level.LOW,
        immediate_action_needed=False,
        case_type="other",
        reclassified_because="Not about a public service",
    )
    silent = assessed.model_copy(update={"reclassified_because": None})
    tale.by_desk(at + _HOUR - _MINUTE, silent, "reason_missing")
    tale.by_desk(at + _HOUR, assessed)
    asked_at = at + 2 * _HOUR
    question = AskComplainant(
        case_id=case, asked_by=_SECOND, question="В какой день это было?", until=asked_at + 3 * _DAY
    )
    tale.by_desk(asked_at, question)
    tale.by_desk(asked_at + 5 * _MINUTE, question, "already_asked")
    tale.by_desk(asked_at + 6 * _MINUTE, RecordComplainantsAnswer(case_id=case), "too_early")
    answered_at = in_hours(asked_at + _DAY)
    tale.by_desk(answered_at, RecordComplainantsAnswer(case_id=case, answer="В понедельник, около десяти"))
    tale.by_desk(answered_at + 10 * _MINUTE, TellComplaintStatus(case_id=case, told_by=_SECOND, on_request=False))
    longer = ExtendComplaint(case_id=case, days=5, reason="The queue's record has to be asked for")
    tale.by_desk(answered_at + 20 * _MINUTE, longer, "notice_missing")
    told_at = answered_at + 25 * _MINUTE
    tale.by_desk(told_at, longer.model_copy(update={"notified_at": told_at}))
    investigated = in_hours(answered_at + _DAY)
    found = InvestigateComplaint(case_id=case, investigator=_EXPERT, findings="Автомат талонов не работал")
    tale.by_desk(investigated, found)
    decided = DecideComplaint(
        case_id=case, decided_by=_SECOND, justified=Justified.NO, response=words.ANSWERS[_RU], actions=[]
    )
    tale.by_desk(investigated + _HOUR, decided)
    told = CommunicateDecision(
        case_id=case,
        communicated_by=_SECOND,
        channel=Channel.WEB,
        recourse=[Recourse.INTERNAL_REVIEW, Recourse.COURT],
    )
    tale.by_desk(investigated + 2 * _HOUR, told)
    replied = in_hours(investigated + 3 * _DAY)
    tale.by_desk(replied, RecordComplainantsReply(case_id=case, accepted=True))
    tale.by_desk(replied + 10 * _MINUTE, CloseComplaint(case_id=case, closed_by=_SECOND))
    tale.by_desk(in_hours(replied + 10 * _DAY), RecordComplainantUnreached(case_id=case, attempts=3))


def _ordered(tale: Tale, at: datetime) -> None:
    """An action against a cause that nobody had named before: moved, done, found wanting, and done again."""
    action = f"{tale.thread}-a1"
    cause = AddCause(
        code=_CAUSE,
        kk="Талон автоматы жұмыс істемейді",
        ru="Автомат талонов не работает",
        en="The ticket machine is out of order",
    )
    tale.by_desk(at, cause)
    tale.by_desk(at + _MINUTE, cause, "cause_exists")
    order = OrderAction(
        action_id=action,
        action="Have the ticket machine serviced",
        department="premises",
        owner=_OWNER,
        due=(at + 7 * _DAY).date(),
        causes=[_CAUSE],
        verifier=people.MANAGER,
    )
    tale.by_desk(at + 5 * _MINUTE, order)
    moved = MoveAction(action_id=action, owner="k-ermek", due=(at + 21 * _DAY).date(), reason="The part is on its way")
    tale.by_desk(in_hours(at + 5 * _DAY), moved)
    tale.by_desk(in_hours(at + 16 * _DAY), CompleteAction(action_id=action, done="The part was changed"))
    checked = in_hours(at + 20 * _DAY)
    wanting = VerifyAction(
        action_id=action,
        verified_by=people.MANAGER,
        cause_gone=False,
        finding="It stops twice a day",
        due=(checked + 9 * _DAY).date(),
    )
    tale.by_desk(checked, wanting, leads_to=("ActionReopened",))
    tale.by_desk(in_hours(checked + 5 * _DAY), CompleteAction(action_id=action, done="A new machine was set up"))
    passed = MoveAction(action_id=action, verifier=_SECOND, reason="On leave when it is to be checked")
    tale.by_desk(in_hours(checked + 6 * _DAY), passed)
    gone = VerifyAction(action_id=action, verified_by=_SECOND, cause_gone=True, finding="No complaint since")
    tale.by_desk(in_hours(checked + 25 * _DAY), gone)
    tale.by_desk(in_hours(checked + 26 * _DAY), RetireCause(code=_CAUSE, reason="The machine is gone"))


TALES: dict[str, tuple[Channel, Callable[[Tale, datetime], None]]] = {
    "asked": (Channel.WEB, _asked),
    "ordered": (Channel.PHONE, _ordered),
}
