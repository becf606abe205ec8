"""Phone calls and promised call-backs (DOMAIN.md §4, Table 5)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from shared.contracts.base import AboutNobody, Code, Command, Event, Id, LongId, PersonalText, Sealed, Short, When
from shared.contracts.values import Channel, Language

from .common import Consumer, ContactKind, InIntake


class CallEnd(StrEnum):
    """How a call ended."""

    ANSWERED = "answered"
    """The question was answered."""
    REQUEST_TAKEN = "request_taken"
    """It became a request, a written request or a booking."""
    CALL_BACK_PROMISED = "call_back_promised"
    VOICE_MAIL = "voice_mail"
    """Nobody was free: the consumer left a message, which is a request, or is called back about."""
    ABANDONED = "abandoned"
    """The consumer hung up."""


class CallBackEnd(StrEnum):
    """How a promise to call back ended without a talk."""

    CONSUMER_CALLED = "consumer_called"
    NOT_REACHED = "not_reached"
    """Tried as often as the rules ask."""
    WITHDRAWN = "withdrawn"
    """The consumer does not want it any more."""
    FORGOTTEN = "forgotten"
    """The consumer was forgotten, their number with them."""


class ReceiveCall(InIntake, Command):
    """It rings. The CloudEvents `time` of this and the following steps is what Table 5's clocks run by."""

    call_id: Id | None = None
    office: Short
    language: Language = Language.KK
    topic: Short | None = None
    operator: Id
    """Whose phone it is, or the queue's."""
    consumer: Consumer = Consumer()
    """The number that calls, where it is shown."""


class AnswerCall(InIntake, Command):
    """The operator picks up."""

    call_id: Id
    operator: Id | None = None


class FindCallerData(InIntake, Command):
    """The caller's data are asked for and found in the information base; or it is found that there are none."""

    call_id: Id
    consumer_id: LongId | None = None


class AskSpecialist(InIntake, Command):
    """A hard question: the operator asks the specialist, to pass the answer on or to connect the caller."""

    call_id: Id
    specialist: Id


class ConnectSpecialist(InIntake, Command):
    """The specialist speaks: with the caller (`transferred`), or with the operator, who passes the answer on."""

    call_id: Id
    transferred: bool


class GiveInformation(InIntake, Command):
    """The caller has the information, from the operator or, once connected, from the specialist."""

    call_id: Id
    script: Code | None = None
    """Which script's typical answer it was."""


class EndCall(InIntake, Command):
    """The call is over; after-call work begins, where somebody had picked up."""

    call_id: Id
    end: CallEnd
    case_id: Id | None = None
    """What came of it: the case, the booking, or the promised call-back by its id. A promise, and what a voice message
    led to, stand before the call is ended by them."""


class FinishAfterCall(InIntake, Command):
    """What had to be written down is."""

    call_id: Id


class PromiseCallBack(InIntake, Command):
    """The employee asked for is absent: take name, phone and reason, and promise when they will call back."""

    call_back_id: Id | None = None
    call_id: Id | None = None
    office: Short
    topic: Short | None = None
    channel: Channel = Channel.PHONE
    language: Language = Language.KK
    owner: Id
    """The absent employee, who owes the call."""
    name: PersonalText
    phone: PersonalText
    reason: PersonalText
    called_at: When
    """When the consumer called."""
    until: When
    """By when the call back is promised."""
    consumer_id: LongId | None = None


class TryCallBack(InIntake, Command):
    """The owner called back; `reached` says whether the consumer answered."""

    call_back_id: Id
    reached: bool


class HandOverCallBack(InIntake, Command):
    """Somebody else owes the call, by the same promised time."""

    call_back_id: Id
    to: Id
    reason: AboutNobody


class CloseCallBack(InIntake, Command):
    """The promise ends without a talk, on a ground."""

    call_back_id: Id
    end: CallBackEnd


class PublishScript(InIntake, Command):
    """A set list of questions with their typical answers; a later one under the same code replaces it."""

    script: Code
    topic: Short
    language: Language
    questions: list[AboutNobody] = Field(min_length=1, max_length=50)
    answer: AboutNobody


class CallReceived(InIntake, Event):
    """It rings."""

    case_id: Id
    call_id: Id
    channel: Channel = Channel.PHONE
    language: Language
    office: str
    topic: str | None
    operator: Id
    phone: Sealed | None = None
    known: bool = False
    to_verify: tuple[ContactKind, ...] = ()


class _OfCall(InIntake, Event):
    """What every later step of a call says, so that whoever reads one event knows where it belongs."""

    case_id: Id
    call_id: Id
    channel: Channel = Channel.PHONE
    office: str
    topic: str | None


class CallAnswered(_OfCall):
    """Somebody picked up."""

    operator: Id


class CallerDataFound(_OfCall):
    """The caller's data are there, or it is known that they must be entered."""

    operator: Id
    found: bool
    ask_id: LongId | None = None
    """Of a specialist who was asked already: the information is then not the operator's to give."""


class SpecialistAsked(_OfCall):
    """The specialist is called."""

    ask_id: LongId
    """Which asking of this call: each has clocks of its own."""
    specialist: Id


class SpecialistConnected(_OfCall):
    """The specialist speaks."""

    ask_id: LongId
    specialist: Id
    transferred: bool


class InformationGiven(_OfCall):
    """The caller has the information."""

    given_by: Id
    ask_id: LongId | None
    """Of the specialist whose information it was; None: the operator's own."""
    script: str | None


class CallEnded(_OfCall):
    """The call is over."""

    operator: Id
    end: CallEnd
    answered: bool
    """Whether anybody had picked up: then after-call work is owed."""
    ask_id: LongId | None = None
    """Of a specialist whose information is not given."""
    led_to: Id | None = None


class AfterCallFinished(_OfCall):
    """After-call work is done."""

    operator: Id


class CallBackPromised(InIntake, Event):
    """`owner` owes a call until `until`."""

    case_id: Id
    call_back_id: Id
    call_id: Id | None
    channel: Channel
    language: Language
    office: str
    topic: str | None
    owner: Id
    called_at: datetime
    until: datetime
    name: Sealed
    phone: Sealed
    reason: Sealed


class CallBackTried(InIntake, Event):
    """The owner called, and nobody answered."""

    case_id: Id
    call_back_id: Id
    attempt: int


class CallBackMade(InIntake, Event):
    """The owner called back and spoke with the consumer; `kept` says whether by the promised time."""

    case_id: Id
    call_back_id: Id
    attempt: int
    kept: bool


class CallBackHandedOver(InIntake, Event):
    """`owner` owes the call from now on; what was promised to the consumer stands."""

    case_id: Id
    call_back_id: Id
    channel: Channel
    office: str
    topic: str | None
    previous: Id
    owner: Id
    reason: str


class CallBackClosed(InIntake, Event):
    """The promise ended without a talk."""

    case_id: Id
    call_back_id: Id
    end: CallBackEnd


class ScriptPublished(InIntake, Event):
    """This script holds from now on."""

    script: str
    version: int
    topic: str
    language: Language
    questions: list[str]
    answer: str


COMMANDS: tuple[type[Command], ...] = (
    ReceiveCall,
    AnswerCall,
    FindCallerData,
    AskSpecialist,
    ConnectSpecialist,
    GiveInformation,
    EndCall,
    FinishAfterCall,
    PromiseCallBack,
    TryCallBack,
    HandOverCallBack,
    CloseCallBack,
    PublishScript,
)
EVENTS: tuple[type[Event], ...] = (
    CallReceived,
    CallAnswered,
    CallerDataFound,
    SpecialistAsked,
    SpecialistConnected,
    InformationGiven,
    CallEnded,
    AfterCallFinished,
    CallBackPromised,
    CallBackTried,
    CallBackMade,
    CallBackHandedOver,
    CallBackClosed,
    ScriptPublished,
)
