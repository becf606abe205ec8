"""Consult's messages, as its rules' tests say them: one case, A1, of consultant-1 and manager-1."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from shared.contracts.consult import (
    CaseEnded,
    ConsultationOpened,
    ConsultationPlanned,
    ConsultationRescheduled,
    ConsultHeld,
    ContactDue,
    FollowUpDue,
    HoldConsultation,
    PlanConsultation,
    RecordNoTopicalIssue,
    RecordTopicalIssue,
    RescheduleConsultation,
)
from shared.contracts.feedback import Dissatisfied
from shared.contracts.intake import DetailsCollected
from shared.contracts.values import CancelGround, Channel, ContactGround, Form, Language, Party, Path

from .given_when_then import at

TEN = at("2026-03-02 10:00")
ELEVEN = at("2026-03-02 11:00")
NOON = at("2026-03-02 12:00")
TOMORROW = at("2026-03-03 15:00")
ABOUT: dict[str, Any] = {
    "consumer_id": "c-A1",
    "case_id": "A1",
    "channel": Channel.WALK_IN,
    "office": "central",
    "topic": "pensions",
}


def details(stage: str = "2a", **more: bool) -> DetailsCollected:
    facts = {"preparation_needed": False, "consultant_has_time": True, "presence_required": False} | more
    return DetailsCollected(
        consumer_id="c-A1",
        case_id="A1",
        channel=Channel.WALK_IN if stage == "2a" else Channel.EMAIL,
        language=Language.KK,
        office="central",
        topic="pensions",
        stage=stage,
        expected_result="a list of papers",
        form=Form.OFFICE,
        preferred_at=None,
        place=None,
        consultant="consultant-1",
        manager="manager-1",
        **facts,
    )


def opened(path: Path) -> ConsultationOpened:
    return ConsultationOpened(
        consumer_id="c-A1",
        case_id="A1",
        channel=Channel.WALK_IN if path in (Path.AT_ONCE, Path.PREPARED) else Channel.EMAIL,
        office="central",
        topic="pensions",
        path=path,
        consultant="consultant-1",
        manager="manager-1",
    )


def plan(form: Form = Form.OFFICE, **more: Any) -> PlanConsultation:
    facts: dict[str, Any] = {"planned_at": TOMORROW, "place": "room 4", "expected_result": "a draft"} | more
    return PlanConsultation(case_id="A1", form=form, **facts)


def planned(path: Path = Path.PREPARED, **more: Any) -> ConsultationPlanned:
    facts: dict[str, Any] = {
        "channel": Channel.WALK_IN if path in (Path.AT_ONCE, Path.PREPARED) else Channel.EMAIL,
        "form": Form.OFFICE,
        "material_costs": 0,
        "agreed_by_manager": None,
        "planned_at": TOMORROW,
        "begin_by": TOMORROW + timedelta(minutes=15),
        "consultant": "consultant-1",
    }
    return ConsultationPlanned(**ABOUT | {"place": "room 4", "expected_result": "a draft"} | facts | more)


def hold(form: Form = Form.OFFICE, started_at: datetime = TEN, **more: Any) -> HoldConsultation:
    return HoldConsultation(case_id="A1", started_at=started_at, form=form, minutes_spent=50, cost=12_000, **more)


def held(path: Path = Path.AT_ONCE, number: int = 1, ended_at: datetime = ELEVEN, **more: Any) -> ConsultHeld:
    facts: dict[str, Any] = {"form": Form.OFFICE, "consultant": "consultant-1", "issues_owed": True} | more
    return ConsultHeld(
        consumer_id="c-A1",
        case_id="A1",
        consultation_id=f"A1-{number}",
        number=number,
        channel=Channel.WALK_IN if path in (Path.AT_ONCE, Path.PREPARED) else Channel.EMAIL,
        office="central",
        topic="pensions",
        path=path,
        manager="manager-1",
        started_at=ended_at - timedelta(hours=1),
        ended_at=ended_at,
        minutes_spent=50,
        cost=12_000,
        people=1,
        **facts,
    )


def dissatisfied(number: int = 1, held_at: datetime = ELEVEN, agreed: datetime | None = None) -> Dissatisfied:
    return Dissatisfied(
        consumer_id="c-A1",
        case_id="A1",
        consultation_id=f"A1-{number}",
        number=number,
        channel=Channel.WALK_IN,
        office="central",
        topic="pensions",
        form=Form.OFFICE,
        consultant="consultant-2",
        held_at=held_at,
        closed_at=held_at,
        causes=["unclear_explanation"],
        agreed_follow_up_at=agreed,
    )


def follow_up(number: int = 2, due_at: datetime = ELEVEN + timedelta(days=3), *, agreed: bool = False) -> FollowUpDue:
    return FollowUpDue(
        consumer_id="c-A1",
        case_id="A1",
        consultation_id=f"A1-{number}",
        number=number,
        channel=Channel.WALK_IN,
        office="central",
        topic="pensions",
        owner="consultant-2",
        due_at=due_at,
        agreed=agreed,
    )


ISSUE = RecordTopicalIssue(case_id="A1", issue="queues at the pension fund", target_group="pensioners")
NO_ISSUE = RecordNoTopicalIssue(case_id="A1")


def reschedule(planned_at: datetime, by: Party = Party.CONSUMER, **more: Any) -> RescheduleConsultation:
    return RescheduleConsultation(case_id="A1", by=by, reason="a cold", planned_at=planned_at, **more)


def rescheduled(number: int = 1, **more: Any) -> ConsultationRescheduled:
    facts: dict[str, Any] = {
        "by": Party.CONSUMER,
        "reason": "a cold",
        "previous_at": TOMORROW,
        "planned_at": TOMORROW,
        "due_at": TOMORROW,
        "form": None,
        "place": None,
        "contact_id": None,
    }
    this = {"consumer_id": "c-A1", "case_id": "A1", "consultation_id": f"A1-{number}", "number": number}
    return ConsultationRescheduled(**this | facts | more)


def awaited(number: int = 1, **more: Any) -> ContactDue:
    facts: dict[str, Any] = {
        "contact_id": f"A1-c{number}",
        "consultation_id": "A1-1",
        "number": 1,
        "ground": ContactGround.FURTHER_INFORMATION,
        "owner": "consultant-1",
        "due_at": TOMORROW,
        "paused": True,
        "previous_contact_id": None,
    }
    channel = Channel.WALK_IN if more.get("ground") in (ContactGround.NO_SHOW, ContactGround.CENTRE_UNABLE) else None
    return ContactDue(**ABOUT | {"channel": channel or Channel.EMAIL} | facts | more)


def ended(**more: Any) -> CaseEnded:
    facts: dict[str, Any] = {
        "consultation_id": "A1-1",
        "number": 1,
        "consultant": "consultant-1",
        "manager": "manager-1",
        "ground": CancelGround.CONSUMER_WITHDREW,
        "held": 0,
        "minutes_in_vain": 0,
        "cost_in_vain": 0,
        "contact_id": None,
        "proposal_id": None,
    }
    return CaseEnded(**ABOUT | facts | more)
