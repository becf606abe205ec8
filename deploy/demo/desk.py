"""What is rare at the desk, as the demonstration tells it: fixed tales (§2 stage 2a, §3, §4, §9).

Each happens once in a fortnight, however short the play: letters clarified, put off, passed on and misdirected, under
each regime that differs, and a manager's routing. People and appointments: `desk_people`; requests that take a rare
turn: `desk_requests`; a manager's complaints and actions: `desk_manager`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from deploy.demo import desk_manager, desk_people, desk_requests, people, words
from deploy.demo.steps import Chance, Step, Tale, in_hours
from shared.contracts.intake import (
    AnswerWrittenRequest,
    AskClarification,
    CheckCompleteness,
    DeclineWrittenRequest,
    EndClarification,
    ExtendAnswer,
    ForwardMisdirected,
    ForwardWrittenRequest,
    HandOverCase,
    NotifyOfExtension,
    ReceiveClarification,
    ReceiveWrittenRequest,
    RegisterWrittenRequest,
    Route,
    SetRouting,
)
from shared.contracts.values import Channel, DeclineGround, Language, Role

_OFFICE, _ROUTED_OFFICE = "centre-south", "centre-west"
"""Nobody set a routing for the first; only these tales know the second."""
_TOPIC = words.TOPICS[0]
_RU = Language.RU
_RESPONSIBLE = "k-ermek"
_SPECIALIST = "s-yerlan"
_DAY, _HOUR, _MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
_ENTERED = ("ContactsLearnt", "ConsumerRegistered", "ContactAdded", "ContactClaimed")
"""Somebody who gave one contact is in the information base."""


class _Letter:
    """A written request, received and registered; steps are told so many days after its receipt."""

    def __init__(
        self,
        tale: Tale,
        at: datetime,
        channel: Channel,
        *,
        case_type: str | None = None,
        registered_as: str | None = None,
    ) -> None:
        self.tale, self.case, self._received_at = tale, tale.thread, at
        self._checked = False
        tale.by_channel(
            at,
            ReceiveWrittenRequest(
                case_id=self.case,
                channel=channel,
                language=_RU,
                office=_OFFICE,
                topic=_TOPIC.code,
                question=_TOPIC.questions[_RU][0],
                consumer=people.person(tale.chance, _RU).consumer(channel),
                case_type=case_type,
            ),
        )
        registration = RegisterWrittenRequest(
            case_id=self.case, topic=_TOPIC.code, responsible=_RESPONSIBLE, case_type=registered_as
        )
        tale.by_desk(at + _HOUR, registration)

    def day(self, number: int) -> datetime:
        """Two hours later in the day than it came, or when the centre opens next."""
        return in_hours(self._received_at + number * _DAY + 2 * _HOUR)

    def asks(self, at: datetime, until: datetime) -> None:
        """It is incomplete; the consumer is asked, and the clock waits."""
        lacks = ("contract_number",)
        self._checked = True
        self.tale.by_desk(at, CheckCompleteness(case_id=self.case, missing=lacks))
        self.tale.by_desk(at + _MINUTE, _answer(self.case), "incomplete")
        question = AskClarification(
            case_id=self.case, missing=list(lacks), by=Channel.PHONE, until=until, question="Номер договора?"
        )
        self.tale.by_desk(at + 5 * _MINUTE, question)

    def answers(self, at: datetime, *, role: Role | None = None, ground: DeclineGround | None = None) -> None:
        if not self._checked:
            self.tale.by_desk(at, CheckCompleteness(case_id=self.case))
        self.tale.by_desk(at + _MINUTE, _answer(self.case, ground), role=role)


def _answer(case: str, ground: DeclineGround | None = None) -> AnswerWrittenRequest:
    return AnswerWrittenRequest(
        case_id=case,
        answer=words.ANSWERS[_RU],
        signed_by="A. Director",
        executor_contact="+7 700 000 00 00",
        ground=ground,
    )


# ── written requests ─────────────────────────────────────────────────────────────────────────────────────────


def _clarified(tale: Tale, at: datetime) -> None:
    letter = _Letter(tale, at, Channel.EMAIL)
    letter.asks(letter.day(0), letter.day(3))
    came = ReceiveClarification(case_id=letter.case, clarification="Договор № 12-7")
    tale.by_desk(letter.day(1), came)
    tale.by_desk(letter.day(1) + _HOUR, CheckCompleteness(case_id=letter.case))
    letter.answers(letter.day(8))


def _not_clarified(tale: Tale, at: datetime) -> None:
    """Nothing comes; that the wait is over is noticed only a week later."""
    letter = _Letter(tale, at, Channel.POST)
    until = letter.day(2)
    letter.asks(letter.day(0), until)
    over = EndClarification(case_id=letter.case)
    tale.by_desk(until - _HOUR, over, "too_early")
    tale.by_desk(letter.day(10), over)
    letter.answers(letter.day(12))


def _extended(tale: Tale, at: datetime) -> None:
    """House regime: once, by ten days at most, and the consumer is told with it."""
    letter = _Letter(tale, at, Channel.WEB)
    put_off = ExtendAnswer(case_id=letter.case, days=10, reason="The archive has to be asked", notified=True)
    tale.by_desk(letter.day(7), put_off.model_copy(update={"days": 11}), "extension_too_long")
    tale.by_desk(letter.day(7), put_off.model_copy(update={"notified": False}), "notice_missing")
    tale.by_desk(letter.day(7), put_off)
    tale.by_desk(letter.day(8), put_off, "already_extended")
    letter.answers(letter.day(14))


def _forwarded(late: bool) -> Callable[[Tale, datetime], None]:
    def tell(tale: Tale, at: datetime) -> None:
        letter = _Letter(tale, at, Channel.EMAIL)
        hard = ForwardWrittenRequest(case_id=letter.case, specialist=_SPECIALIST, reason="A question of tax law")
        if not late:
            # What is waited for the consumer is none of the day within which it is to be passed on.
            letter.asks(letter.day(0), letter.day(3))
            tale.by_desk(letter.day(2), ReceiveClarification(case_id=letter.case, clarification="Договор № 4"))
        tale.by_desk(letter.day(2) + _HOUR, hard)
        letter.answers(letter.day(15 if late else 6), role=Role.SPECIALIST)

    return tell


def _misdirected(late: bool) -> Callable[[Tale, datetime], None]:
    """Under the administrative regime; the consumer must be told where it went."""

    def tell(tale: Tale, at: datetime) -> None:
        letter = _Letter(tale, at, Channel.POST, case_type="appeal")
        sent = ForwardMisdirected(case_id=letter.case, body="The district akimat", notified=True)
        when = letter.day(16 if late else 0)
        tale.by_desk(when, sent.model_copy(update={"notified": False}), "notice_missing")
        tale.by_desk(when + 5 * _MINUTE, sent)

    return tell


def _claim(tale: Tale, at: datetime) -> None:
    """Consumer protection knows neither a refusal on this ground nor an extension: the ground goes into the answer."""
    letter = _Letter(tale, at, Channel.EMAIL, case_type="claim")
    ground = DeclineGround.ALREADY_ANSWERED
    refusal = DeclineWrittenRequest(case_id=letter.case, ground=ground, notified=True)
    tale.by_desk(letter.day(2), refusal, "ground_not_allowed")
    later = ExtendAnswer(case_id=letter.case, days=5, reason="More time is needed", notified=True)
    tale.by_desk(letter.day(2), later, "no_extension")
    tale.by_desk(letter.day(2), _answer(letter.case), "unchecked")
    letter.answers(letter.day(5), ground=ground)


def _appeal(late: bool) -> Callable[[Tale, datetime], None]:
    """Seen to be an appeal only when it is registered; put off, and the notice of it is owed for three days."""

    def tell(tale: Tale, at: datetime) -> None:
        letter = _Letter(tale, at, Channel.WEB, registered_as="appeal")
        put_off = ExtendAnswer(case_id=letter.case, days=20, reason="Another body is asked", notified=False)
        tale.by_desk(letter.day(5), put_off)
        tale.by_desk(letter.day(20 if late else 6), NotifyOfExtension(case_id=letter.case))
        letter.answers(letter.day(26))

    return tell


def _routed(tale: Tale, at: datetime) -> None:
    """A manager says who takes what; a letter finds its way, is handed over, and leaves the load when answered."""
    case, language = tale.thread, Language.KK
    routes = [Route(topic=_TOPIC.code, languages=[language], people=["k-gaukhar"])]
    tale.by_desk(at, SetRouting(office=_ROUTED_OFFICE, routes=routes, manager=people.MANAGER))
    tale.by_channel(
        at + _HOUR,
        ReceiveWrittenRequest(
            case_id=case,
            channel=Channel.WEB,
            language=language,
            office=_ROUTED_OFFICE,
            topic=_TOPIC.code,
            question=_TOPIC.questions[language][0],
            consumer=people.person(tale.chance, language).consumer(Channel.WEB),
        ),
        leads_to=("WrittenRequestReceived", *_ENTERED, "CaseAssigned", "LoadCounted"),
    )
    tale.by_desk(at + 2 * _HOUR, RegisterWrittenRequest(case_id=case, topic=_TOPIC.code))
    following = in_hours(at + _DAY)
    handing = HandOverCase(case_id=case, to="k-ilyas", reason="Knows this kind of question")
    tale.by_desk(following, handing)
    tale.by_desk(following, handing, "has_it_already")
    answered = in_hours(following + 3 * _DAY)
    settled = ("WrittenRequestAnswered", "CaseReleased", "LoadCounted")
    tale.by_desk(answered - _MINUTE, CheckCompleteness(case_id=case), role=Role.CONSULTANT)
    tale.by_desk(answered, _answer(case), role=Role.CONSULTANT, leads_to=settled)


TALES: dict[str, tuple[Channel, Callable[[Tale, datetime], None]]] = {
    "clarified": (Channel.EMAIL, _clarified),
    "not-clarified": (Channel.POST, _not_clarified),
    "extended": (Channel.WEB, _extended),
    "forwarded": (Channel.EMAIL, _forwarded(late=False)),
    "forwarded-late": (Channel.EMAIL, _forwarded(late=True)),
    "misdirected": (Channel.POST, _misdirected(late=False)),
    "misdirected-late": (Channel.POST, _misdirected(late=True)),
    "claim": (Channel.EMAIL, _claim),
    "appeal": (Channel.WEB, _appeal(late=False)),
    "appeal-late": (Channel.WEB, _appeal(late=True)),
    "routed": (Channel.WEB, _routed),
    **{name: (Channel.PHONE, tell) for name, tell in desk_people.TALES.items()},
    **desk_requests.TALES,
    **desk_manager.TALES,
}
"""By name: what comes by which channel's adapter."""
PREFIX = "demo-0desk-"
"""Of their threads' names."""


def desk(chance: Chance, begins: datetime) -> list[Step]:
    """The steps of all of them, each once, from the fortnight's second day on."""
    steps: list[Step] = []
    for number, (name, (channel, tell)) in enumerate(TALES.items()):
        source, kept = people.SOURCES[channel]
        tale = Tale(f"{PREFIX}{name}", chance, channel_source=source, kept=kept)
        tell(tale, begins + timedelta(days=1 + number % 3, hours=10, minutes=3 * number))
        steps += tale.steps
    return steps
