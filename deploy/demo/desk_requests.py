"""Requests that take a rare turn, as the demonstration tells them: fixed tales of §2's stages 1 to 5."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from deploy.demo import people, words
from deploy.demo.steps import Tale, in_hours
from shared.contracts.consult import (
    AddPreparationTask,
    CompletePreparation,
    DecidePlanCosts,
    HandOverConsultation,
    HoldConsultation,
    PlanConsultation,
    PreparationTask,
    RecordNoTopicalIssue,
)
from shared.contracts.feedback import NotAssessed, RecordNotAssessed
from shared.contracts.intake import (
    AskClarification,
    CollectDetails,
    Consumer,
    EndClarification,
    EndRequest,
    ReceiveClarification,
    ReceiveRequest,
    Route,
    SetRouting,
)
from shared.contracts.values import CancelGround, Channel, Form, Language, Preparation, Role

_OFFICE = "centre-south"
_ROUTED_OFFICE = "centre-east"
"""Only this tale knows it, and sets its routing."""
_RESPONSIBLE = "k-ermek"
_TOPIC = words.TOPICS[0]
_RU = Language.RU
_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)


def _withdrawn(tale: Tale, at: datetime) -> None:
    """Who came helps herself before anybody sits down with her: nobody owes her details any more."""
    _receive(tale, at, Channel.WALK_IN)
    ended = EndRequest(case_id=tale.thread, ground=CancelGround.CONSUMER_WITHDREW, reason="Нашла ответ на стенде")
    tale.by_desk(at + 3 * _MINUTE, ended)
    tale.by_desk(at + 4 * _MINUTE, ended, "closed")


def _never_found(tale: Tale, at: datetime) -> None:
    """Who wrote is not to be reached; only the responsible ends that, and not before they say so."""
    _receive(tale, at, Channel.EMAIL)
    ended = EndRequest(case_id=tale.thread, ground=CancelGround.CONSUMER_ABSENT)
    days_later = in_hours(at + 3 * _DAY)
    tale.by_desk(days_later, ended, "approval_missing")
    tale.by_desk(days_later + 5 * _MINUTE, ended.model_copy(update={"approved_by": _RESPONSIBLE}))


def _written_back_to(tale: Tale, at: datetime) -> None:
    """Who wrote does not say what she wants; while she is asked, stage 2b waits. She withdraws in the end."""
    case = tale.thread
    _receive(tale, at, Channel.EMAIL)
    question = AskClarification(
        case_id=case,
        missing=["form", "place"],
        by=Channel.EMAIL,
        until=in_hours(at + 3 * _DAY),
        question="Где и как вам удобно получить консультацию?",
    )
    tale.by_desk(at + 30 * _MINUTE, question, role=Role.INFORMATION_OFFICER)
    came = ReceiveClarification(case_id=case, clarification="Я подумаю и напишу ещё раз")
    tale.by_desk(in_hours(at + 2 * _DAY), came)
    again = in_hours(at + 2 * _DAY) + 10 * _MINUTE
    tale.by_desk(again, question.model_copy(update={"until": in_hours(at + 6 * _DAY)}), role=Role.CONSULTANT)
    ended = EndRequest(case_id=case, ground=CancelGround.CONSUMER_WITHDREW, reason="Вопрос решён")
    over = in_hours(at + 6 * _DAY) + 5 * _MINUTE
    tale.by_desk(over, EndClarification(case_id=case), role=Role.INFORMATION_OFFICER)
    tale.by_desk(over + 10 * _MINUTE, ended)


def _left(tale: Tale, at: datetime) -> None:
    """One more thing is to be ready than was planned; and who was advised has left before anybody could ask."""
    case = tale.thread
    _receive(tale, at, Channel.WALK_IN)
    details = CollectDetails(
        case_id=case,
        expected_result=_TOPIC.wanted[_RU],
        form=Form.OFFICE,
        place=_OFFICE,
        preparation_needed=True,
        consultant_has_time=True,
        presence_required=False,
        consultant=_RESPONSIBLE,
    )
    tale.by_desk(at + 5 * _MINUTE, details)
    begins = in_hours(at + 2 * _DAY)
    plan = PlanConsultation(
        case_id=case, planned_at=begins, place=_OFFICE, form=Form.OFFICE, expected_result=_TOPIC.wanted[_RU]
    )
    tale.by_desk(at + 15 * _MINUTE, plan)
    task = PreparationTask(kind=Preparation.EQUIPMENT, what="A screen for two")
    tale.by_desk(at + 30 * _MINUTE, AddPreparationTask(case_id=case, task=task))
    tale.by_desk(at + _DAY, CompletePreparation(case_id=case, task_id=f"{case}-t1", minutes_spent=10))
    held = HoldConsultation(case_id=case, started_at=begins, form=Form.OFFICE, minutes_spent=35)
    tale.by_desk(begins + 35 * _MINUTE, held)
    tale.by_desk(begins + 50 * _MINUTE, RecordNotAssessed(case_id=case, because=NotAssessed.LEFT))


def _anonymous(tale: Tale, at: datetime) -> None:
    """Who walks in may stay unknown, but not by an oversight: it is said why. She is advised, and leaves."""
    case = tale.thread
    _receive(tale, at, Channel.WALK_IN, Consumer())
    details = CollectDetails(
        case_id=case,
        expected_result=_TOPIC.wanted[_RU],
        form=Form.OFFICE,
        place=_OFFICE,
        preparation_needed=False,
        consultant_has_time=True,
        presence_required=False,
        consultant=_RESPONSIBLE,
    )
    tale.by_desk(at + 4 * _MINUTE, details, "unregistered")
    unknown = details.model_copy(update={"anonymous_because": "Asks on behalf of a neighbour and gives no name"})
    tale.by_desk(at + 6 * _MINUTE, unknown)
    held = HoldConsultation(
        case_id=case, started_at=at + 10 * _MINUTE, form=Form.OFFICE, minutes_spent=25, consultant=_RESPONSIBLE
    )
    tale.by_desk(at + 35 * _MINUTE, held)
    tale.by_desk(at + 36 * _MINUTE, RecordNotAssessed(case_id=case, because=NotAssessed.LEFT))
    tale.by_desk(at + 40 * _MINUTE, RecordNoTopicalIssue(case_id=case))


def _routed(tale: Tale, at: datetime) -> None:
    """The routing gives it to a consultant; what it costs is for the office's manager to agree all the same,
    or for whom it is handed to while she is on leave."""
    case, consultant = tale.thread, "k-gaukhar"
    routes = [Route(topic=_TOPIC.code, languages=[_RU], people=[consultant])]
    tale.by_desk(at - 10 * _MINUTE, SetRouting(office=_ROUTED_OFFICE, routes=routes, manager=people.MANAGER))
    request = ReceiveRequest(
        case_id=case,
        channel=Channel.WALK_IN,
        language=_RU,
        office=_ROUTED_OFFICE,
        topic=_TOPIC.code,
        question=_TOPIC.questions[_RU][0],
        consumer=people.person(tale.chance, _RU).consumer(Channel.WALK_IN),
    )
    entered = ("ContactsLearnt", "ConsumerRegistered", "ContactAdded", "ContactClaimed")
    tale.by_channel(at, request, leads_to=("RequestReceived", *entered, "CaseAssigned", "LoadCounted"))
    details = CollectDetails(
        case_id=case,
        expected_result=_TOPIC.wanted[_RU],
        form=Form.OFFICE,
        place=_ROUTED_OFFICE,
        preparation_needed=True,
        consultant_has_time=True,
        presence_required=False,
        consultant=consultant,
    )
    tale.by_desk(at + 6 * _MINUTE, details, role=Role.CONSULTANT)
    begins = in_hours(at + 2 * _DAY)
    plan = PlanConsultation(
        case_id=case,
        planned_at=begins,
        place=_ROUTED_OFFICE,
        form=Form.OFFICE,
        expected_result=_TOPIC.wanted[_RU],
        material_costs=80_000,
    )
    tale.by_desk(at + 15 * _MINUTE, plan)
    passed = HandOverConsultation(case_id=case, manager=people.SUCCESSOR, reason="The manager is on leave")
    tale.by_desk(at + 15.5 * _MINUTE, passed, "manager_decides", role=Role.CONSULTANT)
    tale.by_desk(at + 16 * _MINUTE, passed)
    agreed = DecidePlanCosts(case_id=case, manager=people.SUCCESSOR, agreed=True)
    himself = agreed.model_copy(update={"manager": consultant})
    tale.by_desk(at + 17 * _MINUTE, himself, "role_may_not", role=Role.CONSULTANT)
    tale.by_desk(at + 18 * _MINUTE, himself, "not_the_manager")
    tale.by_desk(at + 19 * _MINUTE, agreed.model_copy(update={"manager": people.MANAGER}), "not_the_manager")
    tale.by_desk(at + 20 * _MINUTE, agreed)
    held = HoldConsultation(case_id=case, started_at=begins, form=Form.OFFICE, minutes_spent=40)
    tale.by_desk(begins + 40 * _MINUTE, held)
    tale.by_desk(begins + 45 * _MINUTE, RecordNoTopicalIssue(case_id=case))
    waived = RecordNotAssessed(case_id=case, because=NotAssessed.LEFT)
    tale.by_desk(begins + 50 * _MINUTE, waived, leads_to=("AssessmentWaived", "CaseReleased", "LoadCounted"))


def _receive(tale: Tale, at: datetime, channel: Channel, consumer: Consumer | None = None) -> None:
    request = ReceiveRequest(
        case_id=tale.thread,
        channel=channel,
        language=_RU,
        office=_OFFICE,
        topic=_TOPIC.code,
        question=_TOPIC.questions[_RU][0],
        responsible=_RESPONSIBLE,
        consumer=people.person(tale.chance, _RU).consumer(channel) if consumer is None else consumer,
    )
    tale.by_channel(at, request)


TALES: dict[str, tuple[Channel, Callable[[Tale, datetime], None]]] = {
    "withdrawn": (Channel.WALK_IN, _withdrawn),
    "never-found": (Channel.EMAIL, _never_found),
    "written-back-to": (Channel.EMAIL, _written_back_to),
    "left": (Channel.WALK_IN, _left),
    "anonymous": (Channel.WALK_IN, _anonymous),
    "routed-costs": (Channel.WALK_IN, _routed),
}
