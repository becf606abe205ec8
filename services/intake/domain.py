"""The rules of intake, an index: DOMAIN.md §2 stages 1-2, §3, §4 and §9, by topic.

- `requests`: a request for a consultation comes in, is handed over, or ends at once; `details`: stage 2.
- `clarifying`: what is missing is asked of the consumer, whichever of the two it is; `reaching`: whether they can be.
- `mail` and `mail_ends`: a written request is registered, clarified, forwarded; answered, put off, declined, sent on.
- `registry`, `contacts` and `elsewhere`: the one information base: recognise, enter, verify, merge, forget.
- `calls` and `callbacks`: a phone call with its steps, scripts, and what is promised to whom was not served.
- `bookings`: appointments in person, a slot to one consumer.
- `routing`: who becomes responsible, by topic, language and load.
- `state`: what is known of each of these, on a stream of its own.

A case begins in one of two ways and stays that way: as a *request* for a consultation, which intake hands
over to consult once the details are collected, or as a *written request*, which intake sees to its end.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from services.intake import (
    bookings,
    callbacks,
    calls,
    contacts,
    details,
    elsewhere,
    mail,
    mail_ends,
    reaching,
    registry,
    requests,
    routing,
)
from services.intake.state import Record, Request, State, Unknown, Written
from shared.contracts import intake
from shared.contracts.base import Event, Message
from shared.contracts.complaints import ComplaintReceived
from shared.contracts.consult import CaseEnded, ConsultationHandedOver
from shared.contracts.feedback import AssessmentWaived, FeedbackHandedOver, Satisfied
from shared.contracts.intake import (
    AnswerWrittenRequest,
    AppointmentTakenOver,
    AskClarification,
    BookAppointment,
    CaseAssigned,
    CaseHandedOver,
    CaseReleased,
    CheckCompleteness,
    CloseCallBack,
    CollectDetails,
    ConsumerForgotten,
    ConsumerMerged,
    ContactAdded,
    ContactClaimed,
    ContactDropped,
    ContactReleased,
    ContactsLearnt,
    DeclineWrittenRequest,
    DetailsCollected,
    EndCall,
    EndClarification,
    EndRequest,
    ExtendAnswer,
    FindCallerData,
    ForgetConsumer,
    ForgettingOwed,
    ForwardMisdirected,
    ForwardWrittenRequest,
    GiveInformation,
    HandOverCallBack,
    HandOverCase,
    LoadCounted,
    MergeConsumers,
    MoveOvertaken,
    NotifyOfExtension,
    PossibleDuplicateFound,
    PromiseCallBack,
    PublishScript,
    ReceiveCall,
    ReceiveClarification,
    ReceiveRequest,
    ReceiveWrittenRequest,
    RegisterConsumer,
    RegisterWrittenRequest,
    RequestEnded,
    RescheduleAppointment,
    RoutingSet,
    SetRouting,
    TryCallBack,
    VerifyConsumer,
)
from shared.contracts.subscriptions import SubscriptionAccepted
from shared.contracts.values import Context
from shared.decider import Blind, Decider, Given, Refused
from shared.regimes import CASE_TYPES, CaseTypes
from shared.rules import not_in_the_future

REACTIONS: tuple[type[Event], ...] = (
    # Its own: what leads to an entry on a second stream.
    ContactsLearnt,
    ContactAdded,
    ContactDropped,
    ConsumerMerged,
    ForgettingOwed,
    ConsumerForgotten,
    CaseAssigned,
    CaseHandedOver,
    CaseReleased,
    DetailsCollected,
    AppointmentTakenOver,
    MoveOvertaken,
    # Consult's and feedback's: the case is another one's load.
    ConsultationHandedOver,
    FeedbackHandedOver,
    # Consult's and feedback's: a case that was called off, satisfied, or came to no assessment is nobody's load.
    CaseEnded,
    Satisfied,
    AssessmentWaived,
    # Who complains or subscribes is in the information base, too.
    ComplaintReceived,
    SubscriptionAccepted,
)

OfWritten = (
    RegisterWrittenRequest | CheckCompleteness | AskClarification | ReceiveClarification | EndClarification
    | ForwardWrittenRequest | ForwardMisdirected | ExtendAnswer | NotifyOfExtension | AnswerWrittenRequest
    | DeclineWrittenRequest
)  # fmt: skip
"""What can be done to a written request."""


# ── what may be done ─────────────────────────────────────────────────────────────────────────────────────────


def decide(
    state: State, message: Message, given: Given[State], *, case_types: CaseTypes = CASE_TYPES
) -> Sequence[Event]:
    """What happens when `message` arrives.

    Raises:
        Refused: `in_the_future`, `unknown_case`, `wrong_kind`, and the codes of each topic's rules.
    """
    if not isinstance(message, Event):
        not_in_the_future(given.occurred_at, given.now)
    match message:
        case ReceiveRequest():
            return requests.receive(state, message, given)
        case ReceiveWrittenRequest():
            return mail.receive(state, message, given, case_types)
        case CollectDetails() | HandOverCase() | EndRequest():
            return decide_on_request(state, message, given)
        case AskClarification() | ReceiveClarification() | EndClarification() if isinstance(state, Request):
            return [details.clarify(state, message, given)]
        case (
            RegisterWrittenRequest() | CheckCompleteness() | AskClarification() | ReceiveClarification()
            | EndClarification() | ForwardWrittenRequest() | ForwardMisdirected() | ExtendAnswer()
            | NotifyOfExtension() | AnswerWrittenRequest() | DeclineWrittenRequest()
        ):  # fmt: skip
            if not isinstance(state, Written):
                raise _not_this_case(state, message.case_id)
            return decide_on_written(state, message, given, case_types)
        case ReceiveCall():
            return [calls.receive(state, message, given)]
        case PublishScript():
            return [calls.publish_script(state, message)]
        case PromiseCallBack():
            return callbacks.promise(state, message, given)
        case TryCallBack():
            return [callbacks.attempt(state, message, given)]
        case HandOverCallBack():
            return [callbacks.hand_over(state, message, given)]
        case CloseCallBack():
            return [callbacks.close(state, message, given)]
        case SetRouting():
            return [routing.set_routing(state, message)]
        case ContactAdded() | ContactDropped():
            return contacts.decide(state, message, given)
        case ComplaintReceived() | SubscriptionAccepted():
            return elsewhere.enter(state, message, given)
        case CaseAssigned() | CaseHandedOver() | CaseReleased() | DetailsCollected() | CaseEnded() | Satisfied():
            return routing.count(state, message, given)
        case ConsultationHandedOver() | FeedbackHandedOver():
            return requests.handed_over_elsewhere(state, message, given)
        case AssessmentWaived():
            # It names no office: the case knows which.
            return routing.released(state.routed, message.case_id, state.office) if isinstance(state, Request) else []
        case _ if isinstance(message, calls.Step):
            return calls.step(state, message, given)
        case _ if isinstance(message, registry.Rules):
            return registry.decide(state, message, given)
        case _ if isinstance(message, bookings.Rules):
            return bookings.decide(state, message, given)
        case _:
            raise Refused("unknown_type", f"intake has no rule for {message.type_name()}; see `tereze contract`")


def decide_on_request(
    state: State, message: CollectDetails | HandOverCase | EndRequest, given: Given[State]
) -> Sequence[Event]:
    """Stage 2, hand-over, and the end of what never comes to stage 2."""
    match message, state:
        case CollectDetails(), Request():
            return details.collect_details(state, message, given)
        case EndRequest(), Request():
            return requests.end(state, message, given)
        case HandOverCase(), (Request() | Written()):
            return requests.hand_over(state, message, given)
        case _:
            raise _not_this_case(state, message.case_id)


def decide_on_written(
    written: Written, message: OfWritten, given: Given[State], case_types: CaseTypes
) -> Sequence[Event]:
    """§4: each step of a written request."""
    match message:
        case RegisterWrittenRequest():
            return mail.register(written, message, given, case_types)
        case CheckCompleteness():
            return [mail.check_completeness(written, message, given)]
        case AskClarification():
            return [mail.ask_clarification(written, message, given)]
        case ReceiveClarification():
            return [mail.receive_clarification(written, message, given)]
        case EndClarification():
            return [mail.end_clarification(written, message, given)]
        case ForwardWrittenRequest():
            return mail.forward(written, message, given)
        case ForwardMisdirected():
            return mail_ends.forward_misdirected(written, message, given)
        case ExtendAnswer():
            return [mail_ends.extend(written, message, given)]
        case NotifyOfExtension():
            return [mail_ends.notify_of_extension(written, message, given)]
        case AnswerWrittenRequest():
            return mail_ends.answer(written, message, given)
        case DeclineWrittenRequest():
            return mail_ends.decline(written, message, given)


def _not_this_case(state: State, case_id: str) -> Refused:
    match state:
        case Request():
            return Refused(
                "wrong_kind", f"case {case_id} is a request for a consultation, not a written request", "case_id"
            )
        case Written():
            return Refused(
                "wrong_kind",
                f"case {case_id} is a written request: register it, then answer or decline it",
                "case_id",
            )
        case _:
            return Refused(
                "unknown_case", f"there is no case {case_id}; open it with ReceiveRequest first", "case_id", early=True
            )


# ── what then is known ───────────────────────────────────────────────────────────────────────────────────────


def evolve(state: State, event: Event, occurred_at: datetime) -> State:
    """What is known after `event`."""
    if isinstance(state, Request):
        return requests.evolve(state, event, occurred_at)
    if type(event) in _OF_WRITTEN:
        return mail.evolve(state, event, occurred_at)
    match event:
        case intake.RequestReceived() | DetailsCollected() | CaseHandedOver() | RequestEnded():
            return requests.evolve(state, event, occurred_at)
        case ContactClaimed() | ContactReleased():
            return contacts.evolve(state, event)
        case PossibleDuplicateFound():
            return state
        case RoutingSet() | LoadCounted():
            return routing.evolve(state, event)
        case _ if type(event) in _OF_RECORD and isinstance(state, Unknown | Record):
            return registry.evolve(state, event)
        case _ if type(event) in _OF_AGENDA:
            return bookings.evolve(state, event)
        case _ if type(event) in _OF_CALL:
            return calls.evolve(callbacks.evolve(state, event, occurred_at), event, occurred_at)
        case _:
            return mail.evolve(state, event, occurred_at)


_OF_WRITTEN = frozenset(intake.mail.EVENTS)
_OF_RECORD = frozenset(intake.registry.EVENTS)
_OF_AGENDA = frozenset(intake.bookings.EVENTS)
_OF_CALL = frozenset(intake.calls.EVENTS)


# ── where it is decided, and what must be known for it ───────────────────────────────────────────────────────


def stream_of(message: Message, fresh_id: str) -> str:
    """A case, a consumer, a contact, a call, a promise, a person's day, an office's routing: each is a stream.

    A message that names none opens a new one.
    """
    match message:
        case ReceiveRequest() | ReceiveWrittenRequest():
            return f"case-{message.case_id or fresh_id}"
        case ContactAdded() | ContactDropped():
            return contacts.claim_stream(message.contact)
        case ComplaintReceived() | SubscriptionAccepted():
            return contacts.record_stream(message.consumer_id or "")
        case (
            CaseAssigned() | CaseHandedOver() | CaseReleased() | DetailsCollected() | CaseEnded() | Satisfied()
            | SetRouting()
        ):  # fmt: skip
            return routing.office_stream(message.office)
        case ReceiveCall():
            return f"call-{message.call_id or fresh_id}"
        case PromiseCallBack() | TryCallBack() | HandOverCallBack() | CloseCallBack():
            return f"callback-{message.call_back_id or fresh_id}"
        case PublishScript():
            return f"script-{message.script}"
        case _ if isinstance(message, calls.Step):
            return f"call-{message.call_id}"
        case _ if isinstance(message, registry.Rules):
            return registry.stream_of(message, fresh_id)
        case _ if isinstance(message, bookings.Rules):
            return bookings.stream_of(message)
        case _:
            return f"case-{getattr(message, 'case_id', None) or fresh_id}"


_NEEDS: Mapping[type[Message], Callable[[Any, Blind, Mapping[str, State]], Iterator[str]]] = {
    ReceiveRequest: requests.needs,
    ReceiveWrittenRequest: mail.needs,
    RegisterConsumer: registry.needs,
    VerifyConsumer: registry.needs,
    ForgetConsumer: registry.needs,
    MergeConsumers: registry.needs,
    ConsumerMerged: registry.needs,
    ContactAdded: registry.needs,
    CollectDetails: details.needs,
    EndRequest: details.needs,
    AskClarification: reaching.needs,
    AnswerWrittenRequest: reaching.needs,
    DeclineWrittenRequest: reaching.needs,
    ForwardMisdirected: reaching.needs,
    ExtendAnswer: reaching.needs,
    ComplaintReceived: elsewhere.needs,
    SubscriptionAccepted: elsewhere.needs,
    ReceiveCall: calls.needs,
    FindCallerData: calls.needs,
    GiveInformation: calls.needs,
    EndCall: calls.needs,
    PromiseCallBack: callbacks.needs,
    BookAppointment: bookings.needs,
    RescheduleAppointment: bookings.needs,
    CaseAssigned: routing.needs,
    CaseHandedOver: routing.needs,
    DetailsCollected: routing.needs,
}


def looks_up(message: Message, blind: Blind, known: Mapping[str, State]) -> Collection[str]:
    """The other streams that a decision needs; most need none."""
    needs = _NEEDS.get(type(message))
    return () if needs is None else tuple(needs(message, blind, known))


def whose_keys(message: Message, _known: Mapping[str, State]) -> Iterator[str]:
    """Whose keys a decision asks after."""
    return registry.whose_keys(message)


def forgets(message: Message) -> str | None:
    """Whose key the runtime deletes."""
    return message.consumer_id if isinstance(message, ConsumerForgotten) else None


def decider(case_types: CaseTypes) -> Decider[State]:
    """The rules of a centre that puts its types of case under these regimes."""
    return Decider(
        context=Context.INTAKE,
        commands=intake.COMMANDS,
        reacts_to=REACTIONS,
        opens=frozenset({ReceiveRequest, ReceiveWrittenRequest}),
        initial=Unknown,
        stream_of=stream_of,
        looks_up=looks_up,
        whose_keys=whose_keys,
        forgets=forgets,
        decide=partial(decide, case_types=case_types),
        evolve=evolve,
    )


DECIDER = decider(CASE_TYPES)
"""As shipped."""
