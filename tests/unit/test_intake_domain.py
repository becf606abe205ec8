"""The rules of intake: DOMAIN.md §2 stages 1-2 and §4."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.intake.domain import DECIDER
from shared.contracts.base import Event
from shared.contracts.intake import (
    AnswerWrittenRequest,
    AskClarification,
    CaseReleased,
    ClarificationAsked,
    ClarificationReceived,
    CollectDetails,
    CompletenessChecked,
    Consumer,
    ConsumerMerged,
    ConsumerRegistered,
    Contact,
    ContactKind,
    ContactsLearnt,
    DeclineWrittenRequest,
    DetailsCollected,
    EndClarification,
    EndRequest,
    HandOverCase,
    ReceiveClarification,
    ReceiveRequest,
    ReceiveWrittenRequest,
    RegisterWrittenRequest,
    RequestEnded,
    RequestReceived,
    WrittenRequestAnswered,
    WrittenRequestDeclined,
    WrittenRequestReceived,
    WrittenRequestRegistered,
)
from shared.contracts.values import CancelGround, Channel, DeclineGround, Form, Language

from .given_when_then import FRESH_ID, NINE, at, given, refused

TEN = at("2026-03-02 10:00")
REACHABLE = Consumer(name="Асель Нұрланқызы", phone="+7 700 000 00 01")


def receive(channel: Channel = Channel.WALK_IN, **more: Any) -> ReceiveRequest:
    facts: dict[str, Any] = {
        "case_id": "A1",
        "language": Language.KK,
        "office": "central",
        "question": "Жәрдемақы қалай алынады?",
        "consumer": REACHABLE,
        "responsible": "manager-1",
    }
    return ReceiveRequest(channel=channel, **facts | more)


def received(channel: Channel = Channel.WALK_IN, topic: str | None = None) -> RequestReceived:
    return RequestReceived(
        consumer_id="c-A1",
        case_id="A1",
        channel=channel,
        language=Language.KK,
        office="central",
        topic=topic,
        responsible="manager-1",
        question="Жәрдемақы қалай алынады?",
        name=REACHABLE.name,
        phone=REACHABLE.phone,
        coupon_number="A1",
        received_by="central",
    )


LEARNT = ContactsLearnt(
    consumer_id="c-A1",
    case_id="A1",
    contacts=[Contact(kind=ContactKind.PHONE, index="phone.+77000000001")],
    known=[ContactKind.NAME, ContactKind.PHONE],
)


def collect(topic: str | None = None) -> CollectDetails:
    return CollectDetails(
        case_id="A1",
        expected_result="a list of papers",
        form=Form.OFFICE,
        preparation_needed=False,
        consultant_has_time=True,
        presence_required=False,
        consultant="consultant-1",
        topic=topic,
    )


def collected(channel: Channel, stage: str, topic: str | None = None) -> DetailsCollected:
    return DetailsCollected(
        consumer_id="c-A1",
        case_id="A1",
        channel=channel,
        language=Language.KK,
        office="central",
        topic=topic,
        stage=stage,
        expected_result="a list of papers",
        form=Form.OFFICE,
        preferred_at=None,
        place=None,
        preparation_needed=False,
        consultant_has_time=True,
        presence_required=False,
        consultant="consultant-1",
        manager="manager-1",
    )


def receive_written(channel: Channel = Channel.POST, **more: Any) -> ReceiveWrittenRequest:
    facts: dict[str, Any] = {"case_id": "W1", "language": Language.RU, "office": "central", "consumer": REACHABLE}
    return ReceiveWrittenRequest(channel=channel, **facts | more)


def written(*, history: bool = False, has_contacts: bool = True) -> WrittenRequestReceived:
    return WrittenRequestReceived(
        consumer_id="c-W1",
        case_id="W1",
        channel=Channel.POST,
        language=Language.RU,
        office="central",
        topic=None,
        history=history,
        has_contacts=has_contacts,
        responsible=None if history else "central",
        coupon_number=None if history else "W1",
        received_by=None if history else "central",
    )


REGISTER = RegisterWrittenRequest(
    case_id="W1", registration_number="26/0001", topic="heating", responsible="operator-1"
)
REGISTERED = WrittenRequestRegistered(
    consumer_id="c-W1",
    case_id="W1",
    registration_number="26/0001",
    topic="heating",
    responsible="operator-1",
    channel=Channel.POST,
    office="central",
    received_at=NINE,
    previous="central",
)
CHECKED = CompletenessChecked(consumer_id="c-W1", case_id="W1", missing=[])
ANSWER = AnswerWrittenRequest(case_id="W1", answer="Repaired.", signed_by="The head", executor_contact="+7 717 200")
ANSWERED = WrittenRequestAnswered(
    consumer_id="c-W1", case_id="W1", answer="Repaired.", signed_by="The head", executor_contact="+7 717 200"
)
DECLINED = WrittenRequestDeclined(consumer_id="c-W1", case_id="W1", ground=DeclineGround.UNREADABLE, notified=True)


def decline(ground: DeclineGround = DeclineGround.UNREADABLE, *, notified: bool = True) -> DeclineWrittenRequest:
    return DeclineWrittenRequest(case_id="W1", ground=ground, notified=notified)


# ── stage 1 ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("channel", [Channel.WALK_IN, Channel.PHONE, Channel.VOICE_MAIL, Channel.EMAIL, Channel.WEB])
def test_a_request_is_taken_by_every_channel_that_can_lead_to_a_consultation(channel: Channel) -> None:
    given(DECIDER).when(receive(channel)).then(received(channel), LEARNT)


@pytest.mark.parametrize("channel", [Channel.POST, Channel.COMPLAINTS_BOOK])
def test_paper_is_a_written_request(channel: Channel) -> None:
    outcome = given(DECIDER).when(receive(channel)).then(refused("channel_is_written", "channel"))
    assert "ReceiveWrittenRequest" in str(outcome.refusal)


def test_a_request_without_a_case_opens_one_under_a_fresh_id() -> None:
    request = receive(case_id=None)
    assert DECIDER.stream_of(request, FRESH_ID) == "case-fresh"
    given(DECIDER).when(request).then_one(RequestReceived, case_id="fresh", consumer_id="c-fresh")


def test_a_consumer_known_by_an_id_keeps_it() -> None:
    known = Consumer(consumer_id="person-7", phone="+7 700 000 00 01")
    given(DECIDER).when(receive(consumer=known)).then_one(RequestReceived, consumer_id="person-7")


def test_the_longest_case_id_still_names_a_consumer() -> None:
    given(DECIDER).when(receive(case_id="A" * 64)).then_one(RequestReceived, consumer_id="c-" + "A" * 64)


@pytest.mark.parametrize("opened", [received(), written()])
@pytest.mark.parametrize("again", [receive(case_id="A1"), receive_written(case_id="A1")])
def test_a_case_is_opened_once(opened: Event, again: ReceiveRequest | ReceiveWrittenRequest) -> None:
    given(DECIDER, (opened,)).when(again).then(refused("case_exists", "case_id"))


# ── stage 2 ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("channel", "stage"),
    [
        (Channel.WALK_IN, "2a"),
        (Channel.PHONE, "2a"),
        (Channel.VOICE_MAIL, "2a"),
        (Channel.EMAIL, "2b"),
        (Channel.WEB, "2b"),
    ],
)
def test_who_comes_or_phones_is_registered_by_2a_and_who_writes_by_2b(channel: Channel, stage: str) -> None:
    given(DECIDER, (received(channel),)).when(collect(), at=TEN).then(collected(channel, stage))


def test_nobody_s_details_are_collected_unless_it_is_said_why() -> None:
    """Regression: 2a, which registers the consumer, was done of a request that nobody stood behind."""
    nobody = given(DECIDER).when(receive(consumer=Consumer(name="Асель"))).events
    entered = ConsumerRegistered(consumer_id="c-A1", known=[ContactKind.PHONE])
    merged = ConsumerMerged(consumer_id="c-A1", into="p-1", merged_by="m-1", reason="seen at the desk")
    given(DECIDER, nobody).when(collect(), at=TEN).then(refused("unregistered", "anonymous_because", early=True))
    for since in (entered, merged):
        known = given(DECIDER, nobody, {"consumer-c-A1": (since,)})
        known.when(collect(), at=TEN).then_one(DetailsCollected, anonymous_because=None)
    # Whom the desk called by an id that the base doesn't know is entered under that id, and under no other.
    named = given(DECIDER).when(receive(consumer=Consumer(consumer_id="x-9", name="Асель"))).events
    refusal = (
        given(DECIDER, named).when(collect(), at=TEN).then(refused("unregistered", "anonymous_because", early=True))
    )
    assert refusal.refusal is not None
    assert "as x-9)" in refusal.refusal.message
    for since in (entered, merged):
        theirs = since.model_copy(update={"consumer_id": "x-9"})
        known = given(DECIDER, named, {"consumer-x-9": (theirs,)})
        known.when(collect(), at=TEN).then_one(DetailsCollected, consumer_id="x-9", anonymous_because=None)
        another = given(DECIDER, named, {"consumer-c-A1": (since,)})
        another.when(collect(), at=TEN).then(refused("unregistered", "anonymous_because", early=True))
    said = collect().model_copy(update={"anonymous_because": "asks for a neighbour"})
    given(DECIDER, nobody).when(said, at=TEN).then_one(DetailsCollected, anonymous_because="asks for a neighbour")


@pytest.mark.parametrize("told", ["phone", "email", "address", "identifier"])
def test_who_told_how_to_be_reached_or_recognised_is_somebody(told: str) -> None:
    somebody = Consumer.model_validate({told: "950101300123"})
    taken = given(DECIDER).when(receive(consumer=somebody)).events
    assert given(DECIDER, taken).when(collect(), at=TEN).refusal is None


def test_the_topic_found_when_collecting_replaces_the_first_one() -> None:
    case = given(DECIDER, (received(topic="benefits"),))
    case.when(collect("pensions"), at=TEN).then(collected(Channel.WALK_IN, "2a", "pensions"))
    case.when(collect(), at=TEN).then(collected(Channel.WALK_IN, "2a", "benefits"))


def test_details_are_collected_once() -> None:
    case = given(DECIDER, (received(), collected(Channel.WALK_IN, "2a")))
    case.when(collect(), at=TEN).then(refused("already_collected", "case_id"))


# ── written requests ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("channel", [Channel.POST, Channel.EMAIL, Channel.WEB, Channel.COMPLAINTS_BOOK])
def test_a_written_request_comes_by_any_written_channel(channel: Channel) -> None:
    given(DECIDER).when(receive_written(channel)).then_one(WrittenRequestReceived, channel=channel, has_contacts=True)


@pytest.mark.parametrize("channel", [Channel.WALK_IN, Channel.PHONE, Channel.VOICE_MAIL])
def test_nothing_written_comes_by_word_of_mouth(channel: Channel) -> None:
    given(DECIDER).when(receive_written(channel)).then(refused("channel_is_not_written", "channel"))


@pytest.mark.parametrize(
    ("consumer", "has_contacts"),
    [
        (Consumer(), False),
        (Consumer(name="Асель"), False),
        (Consumer(phone="  "), False),
        (Consumer(phone="+7 700"), True),
        (Consumer(email="a@example.kz"), True),
        (Consumer(address="Abai 1"), True),
    ],
)
def test_contact_details_are_a_phone_a_mail_or_an_address(consumer: Consumer, has_contacts: bool) -> None:
    given(DECIDER).when(receive_written(consumer=consumer)).then_one(WrittenRequestReceived, has_contacts=has_contacts)


def test_a_written_request_is_registered_then_answered() -> None:
    given(DECIDER, (written(),)).when(REGISTER, at=TEN).then(REGISTERED)
    given(DECIDER, (written(), REGISTERED, CHECKED)).when(ANSWER, at=TEN).then(ANSWERED)


def test_a_written_request_is_registered_once() -> None:
    given(DECIDER, (written(), REGISTERED)).when(REGISTER, at=TEN).then(refused("already_registered", "case_id"))


def test_no_answer_before_registration() -> None:
    given(DECIDER, (written(),)).when(ANSWER, at=TEN).then(refused("not_registered", "case_id", early=True))


@pytest.mark.parametrize("field", ["answer", "signed_by", "executor_contact"])
@pytest.mark.parametrize("value", [None, " "])
def test_an_answer_is_signed_and_carries_the_executors_contact(field: str, value: str | None) -> None:
    incomplete = ANSWER.model_copy(update={field: value})
    given(DECIDER, (written(), REGISTERED, CHECKED)).when(incomplete, at=TEN).then(refused(f"{field}_missing", field))


def test_backfilled_history_is_answered_as_it_was() -> None:
    bare = AnswerWrittenRequest(case_id="W1")
    answered = WrittenRequestAnswered(consumer_id="c-W1", case_id="W1")
    given(DECIDER, (written(history=True, has_contacts=False),)).when(bare, at=TEN).then(answered)


def test_a_request_without_contact_details_gets_no_answer() -> None:
    case = given(DECIDER, (written(has_contacts=False), REGISTERED))
    case.when(ANSWER, at=TEN).then(refused("no_contact_details", "case_id"))


TOLD = [ground for ground in DeclineGround if ground is not DeclineGround.NO_CONTACT_DETAILS]


@pytest.mark.parametrize("ground", TOLD)
def test_no_action_needs_notice_of_the_ground(ground: DeclineGround) -> None:
    case = given(DECIDER, (written(), REGISTERED))
    case.when(decline(ground), at=TEN).then_one(WrittenRequestDeclined, ground=ground, notified=True)
    case.when(decline(ground, notified=False), at=TEN).then(refused("notice_missing", "notified"))


def test_only_a_request_without_contact_details_is_not_considered() -> None:
    silent = decline(DeclineGround.NO_CONTACT_DETAILS, notified=False)
    unreachable = given(DECIDER, (written(has_contacts=False), REGISTERED))
    unreachable.when(silent, at=TEN).then_one(WrittenRequestDeclined, notified=False)
    given(DECIDER, (written(), REGISTERED)).when(silent, at=TEN).then(refused("has_contact_details", "ground"))


@pytest.mark.parametrize("ground", list(DeclineGround))
def test_nobody_is_told_anything_without_contact_details(ground: DeclineGround) -> None:
    case = given(DECIDER, (written(has_contacts=False), REGISTERED))
    case.when(decline(ground, notified=True), at=TEN).then(refused("notice_impossible", "notified"))


@pytest.mark.parametrize("end", [ANSWERED, DECLINED])
@pytest.mark.parametrize("further", [REGISTER, ANSWER, decline()])
def test_after_the_end_comes_nothing_more(end: Event, further: Any) -> None:
    given(DECIDER, (written(), REGISTERED, end)).when(further, at=TEN).then(refused("closed", "case_id"))


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.WEB])
def test_2b_who_wrote_is_asked_one_question_at_a_time_until_an_agreed_time(channel: Channel) -> None:
    asking = AskClarification(case_id="A1", missing=["form"], by=Channel.PHONE, until=at("2026-03-04 10:00"))
    came = ReceiveClarification(case_id="A1", clarification="By phone.")
    over = EndClarification(case_id="A1")
    request = ReceiveRequest(
        case_id="A1",
        channel=channel,
        language=Language.KK,
        office="central",
        question="?",
        consumer=REACHABLE,
        responsible="m-1",
    )
    taken = given(DECIDER).when(request).events
    for step in (came, over):
        given(DECIDER, taken).when(step, at=TEN).then(refused("not_asked", "case_id", early=True))
    given(DECIDER, taken).when(asking, at=at("2026-03-05 10:00")).then(refused("agreed_in_the_past", "until"))
    asked = (*taken, *((event, TEN) for event in given(DECIDER, taken).when(asking, at=TEN).events))
    given(DECIDER, asked).when(asking, at=TEN).then(refused("clarification_asked", "case_id"))
    given(DECIDER, asked).when(over, at=TEN).then(refused("too_early", "case_id"))
    given(DECIDER, asked).when(came, at=NINE).then(refused("before_previous", "time"))
    given(DECIDER, asked).when(came, at=TEN).then_one(ClarificationReceived, number=1, clarification="By phone.")
    for there in (Channel.WALK_IN, Channel.PHONE):
        in_person = given(DECIDER).when(request.model_copy(update={"channel": there})).events
        given(DECIDER, in_person).when(asking, at=TEN).then(refused("consumer_present", "case_id"))


ASKING = AskClarification(case_id="A1", missing=["form"], by=Channel.PHONE, until=at("2026-03-04 10:00"))


def test_who_left_a_voice_message_is_not_there_and_may_be_asked_later() -> None:
    """Regression: voice mail was refused as what is asked at once, though nobody is on the line."""
    taken = given(DECIDER, (received(Channel.VOICE_MAIL),))
    taken.when(ASKING, at=TEN).then_one(ClarificationAsked, by=Channel.PHONE, channel=Channel.VOICE_MAIL, number=1)


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.WEB, Channel.VOICE_MAIL])
def test_nobody_is_asked_of_whom_no_contact_details_are_known(channel: Channel) -> None:
    """Regression: a web request that told no way back was asked, and its clock waited for nobody."""
    only_a_name = Consumer(name="Асель", identifier="950101300123")
    nobody = given(DECIDER).when(receive(channel, consumer=only_a_name)).events
    given(DECIDER, nobody).when(ASKING, at=TEN).then(refused("no_contact_details", "case_id", early=True))
    entered = ConsumerRegistered(consumer_id="c-A1", known=[ContactKind.NAME, ContactKind.PHONE])
    given(DECIDER, nobody, {"consumer-c-A1": (entered,)}).when(ASKING, at=TEN).then_one(ClarificationAsked)
    # What the base has of whoever answers for the record by now is enough, and so is what it had at the receipt.
    merged = ConsumerMerged(consumer_id="c-A1", into="p-1", merged_by="m-1", reason="seen at the desk")
    theirs = {"consumer-c-A1": (merged,), "consumer-p-1": (entered.model_copy(update={"consumer_id": "p-1"}),)}
    given(DECIDER, nobody, theirs).when(ASKING, at=TEN).then_one(ClarificationAsked)
    known = received(channel).model_copy(update={"phone": None, "known": True, "to_verify": (ContactKind.EMAIL,)})
    given(DECIDER, (known,)).when(ASKING, at=TEN).then_one(ClarificationAsked)


# ── which case, and when ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("message", [collect(), REGISTER, ANSWER, decline()])
def test_an_unknown_case_is_refused_for_good(message: Any) -> None:
    given(DECIDER).when(message).then(refused("unknown_case", "case_id", early=True))


def test_a_case_stays_what_it_was_opened_as() -> None:
    given(DECIDER, (written(),)).when(collect(), at=TEN).then(refused("wrong_kind", "case_id"))
    for message in (REGISTER, ANSWER, decline()):
        given(DECIDER, (received(),)).when(message, at=TEN).then(refused("wrong_kind", "case_id"))


@pytest.mark.parametrize(
    ("happened", "message"),
    [
        ((received(),), collect()),
        ((written(),), REGISTER),
        ((written(history=True),), ANSWER),
        ((written(history=True),), decline()),
        ((written(), REGISTERED, (CHECKED, TEN)), ANSWER),
        ((written(), (REGISTERED, TEN)), decline()),
    ],
)
def test_nothing_happens_before_what_it_follows(happened: Any, message: Any) -> None:
    latest = happened[-1][1] if isinstance(happened[-1], tuple) else NINE
    too_soon = latest - timedelta(seconds=1)
    given(DECIDER, happened).when(message, at=too_soon).then(refused("before_previous", "time"))
    assert given(DECIDER, happened).when(message, at=latest).refusal is None


def test_nothing_happens_in_the_future_but_a_channels_clock_may_be_five_minutes_fast() -> None:
    given(DECIDER).when(receive(), at=NINE + timedelta(minutes=5), now=NINE).then(received(), LEARNT)
    late = NINE + timedelta(minutes=5, seconds=1)
    given(DECIDER).when(receive(), at=late, now=NINE).then(refused("in_the_future", "time"))


# ── what never comes to stage 2 ──────────────────────────────────────────────────────────────────────────────


def test_a_request_ends_before_its_details_are_collected() -> None:
    withdrawn = EndRequest(case_id="A1", ground=CancelGround.CONSUMER_WITHDREW, reason="found it herself")
    given(DECIDER, (received(),)).when(withdrawn).then_one(RequestEnded, responsible="manager-1", approved_by=None)
    ended = given(DECIDER, (received(),)).when(withdrawn).events
    hand = HandOverCase(case_id="A1", to="k-9", reason="knows the family")
    for later in (withdrawn, hand, collect()):
        given(DECIDER, (received(), *ended)).when(later).then(refused("closed", "case_id"))


def test_only_its_responsible_ends_a_request_that_the_consumer_did_not_withdraw() -> None:
    absent = EndRequest(case_id="A1", ground=CancelGround.CONSUMER_ABSENT)
    given(DECIDER, (received(),)).when(absent).then(refused("approval_missing", "approved_by"))
    another = absent.model_copy(update={"approved_by": "k-9"})
    given(DECIDER, (received(),)).when(another).then(refused("approval_missing", "approved_by"))
    approved = absent.model_copy(update={"approved_by": "manager-1"})
    given(DECIDER, (received(),)).when(approved).then_one(RequestEnded, approved_by="manager-1")


def test_where_the_office_has_a_manager_it_is_they_who_end_it_not_the_consultant_it_was_routed_to() -> None:
    routed = received().model_copy(update={"responsible": "k-1", "manager": "m-1"})
    absent = EndRequest(case_id="A1", ground=CancelGround.CONSUMER_ABSENT, approved_by="k-1")
    given(DECIDER, (routed,)).when(absent).then(refused("approval_missing", "approved_by"))
    by_manager = absent.model_copy(update={"approved_by": "m-1"})
    given(DECIDER, (routed,)).when(by_manager).then_one(RequestEnded, approved_by="m-1")


def test_what_the_centre_still_owes_and_what_consult_has_taken_over_is_not_ended_here() -> None:
    unable = EndRequest(case_id="A1", ground=CancelGround.CENTRE_UNABLE, approved_by="manager-1")
    given(DECIDER, (received(),)).when(unable).then(refused("not_over", "ground"))
    details = DetailsCollected.model_construct(case_id="A1", consultant="k-9")
    withdrawn = EndRequest(case_id="A1", ground=CancelGround.CONSUMER_WITHDREW)
    given(DECIDER, (received(), details)).when(withdrawn).then(refused("with_consult", "case_id"))
    given(DECIDER).when(withdrawn).then(refused("unknown_case", "case_id", early=True))


def test_a_request_that_the_routing_gave_away_leaves_the_load_with_its_end() -> None:
    routed = received().model_copy(update={"routed": True})
    withdrawn = EndRequest(case_id="A1", ground=CancelGround.CONSUMER_WITHDREW)
    ended, released = given(DECIDER, (routed,)).when(withdrawn).events
    assert (ended.type_name(), released) == ("RequestEnded", CaseReleased(case_id="A1", office="central"))
