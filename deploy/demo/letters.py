"""A written request, from its receipt to the answer or to the ground of having none, as the demonstration tells it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from deploy.demo import people, words
from deploy.demo.steps import Slip, Tale, in_hours
from shared.contracts.intake import (
    AnswerWrittenRequest,
    CheckCompleteness,
    Consumer,
    DeclineWrittenRequest,
    ReceiveWrittenRequest,
    RegisterWrittenRequest,
)
from shared.contracts.values import Channel, DeclineGround, Language

CHANNELS = {Channel.POST: 34, Channel.EMAIL: 25, Channel.WEB: 21, Channel.COMPLAINTS_BOOK: 20}
ANSWERED, ANSWERED_LATE, UNANSWERED, UNREGISTERED = "answered", "answered late", "unanswered", "unregistered"
ENDS: dict[str, int] = {
    ANSWERED: 45,
    ANSWERED_LATE: 18,
    UNANSWERED: 7,
    UNREGISTERED: 4,
    **dict.fromkeys(DeclineGround, 5),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Plot:
    """What one written request is to be like."""

    channel: Channel
    language: Language
    office: str
    topic: words.Topic
    end: str
    """One of `ENDS`; a ground means that it is declined on it."""
    registered_late: bool


def letter(tale: Tale, plot: Plot, received_at: datetime) -> None:
    """Tell it; `received_at` is in the centre's time zone."""
    case, chance = tale.thread, tale.chance
    sender = people.person(chance, plot.language)
    nameless = plot.end == DeclineGround.NO_CONTACT_DETAILS
    book = plot.channel is Channel.COMPLAINTS_BOOK
    tale.by_channel(
        received_at,
        ReceiveWrittenRequest(
            case_id=case,
            channel=plot.channel,
            language=plot.language,
            office=plot.office,
            question=words.COMPLAINTS[plot.language] if book else chance.pick(plot.topic.questions[plot.language]),
            consumer=Consumer(name=sender.name) if nameless else sender.consumer(plot.channel),
        ),
    )
    if plot.end == UNREGISTERED:
        return
    at = in_hours(received_at + (chance.minutes(1500, 4000) if plot.registered_late else chance.minutes(20, 360)))
    answer = AnswerWrittenRequest(
        case_id=case,
        answer=words.ANSWERS[plot.language],
        signed_by="A. Director",
        executor_contact="+7 700 000 00 00",
    )
    if chance.slip(Slip.ANSWER_UNREGISTERED):
        tale.by_desk(at, answer, Slip.ANSWER_UNREGISTERED)
    tale.by_desk(
        at,
        RegisterWrittenRequest(
            case_id=case,
            registration_number=f"{received_at:%y}/{case.rpartition('-')[2]}",
            topic=plot.topic.code,
            responsible=chance.pick(people.OFFICES[plot.office]),
        ),
    )
    match plot.end:
        case "unanswered":
            pass
        case "answered" | "answered late":
            _answer(tale, plot, (received_at, at), answer)
        case ground:
            _decline(tale, DeclineGround(ground), in_hours(at + chance.days(0, 4) + chance.minutes(10, 60)), answer)


def _answer(tale: Tale, plot: Plot, since: tuple[datetime, datetime], answer: AnswerWrittenRequest) -> None:
    chance, (received_at, registered_at) = tale.chance, since
    days = chance.days(4, 7) if plot.end == ANSWERED else chance.days(11, 24)
    at = max(in_hours(received_at + days + chance.minutes(0, 90)), registered_at + timedelta(minutes=30))
    tale.by_desk(registered_at + timedelta(minutes=5), CheckCompleteness(case_id=tale.thread))
    if chance.slip(Slip.UNSIGNED):
        tale.by_desk(at, answer.model_copy(update={"signed_by": None}), Slip.UNSIGNED)
    if chance.slip(Slip.HAS_CONTACTS):
        refusal = DeclineWrittenRequest(case_id=tale.thread, ground=DeclineGround.NO_CONTACT_DETAILS, notified=False)
        tale.by_desk(at, refusal, Slip.HAS_CONTACTS)
    tale.by_desk(at + timedelta(minutes=1), answer)


def _decline(tale: Tale, ground: DeclineGround, at: datetime, answer: AnswerWrittenRequest) -> None:
    nameless = ground is DeclineGround.NO_CONTACT_DETAILS
    if nameless and tale.chance.slip(Slip.ANSWER_WITHOUT_CONTACTS):
        tale.by_desk(at, answer, Slip.ANSWER_WITHOUT_CONTACTS)
    tale.by_desk(at, DeclineWrittenRequest(case_id=tale.thread, ground=ground, notified=not nameless))
