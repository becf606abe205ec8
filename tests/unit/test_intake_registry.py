"""The consumer registry: DOMAIN.md §2 stage 2a and §3. Streams follow each other by reactions, late and twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from services.intake.contacts import survivor
from services.intake.domain import DECIDER
from services.intake.state import Record
from shared.contacts import COUNTRY, normalised
from shared.contracts.base import Event
from shared.contracts.intake import (
    AnswerWrittenRequest,
    AskClarification,
    BookAppointment,
    Consumer,
    ConsumerAbsorbed,
    ConsumerForgotten,
    ConsumerMerged,
    ConsumerRegistered,
    ConsumerVerified,
    Contact,
    ContactAdded,
    ContactDropped,
    ContactKind,
    ContactsLearnt,
    DeclineWrittenRequest,
    ForgetConsumer,
    ForgettingOwed,
    MergeConsumers,
    PossibleDuplicateFound,
    ReceiveRequest,
    ReceiveWrittenRequest,
    RegisterConsumer,
    RegisterWrittenRequest,
    RequestReceived,
    VerifyConsumer,
    WrittenRequestReceived,
)
from shared.contracts.values import Channel, DeclineGround, Language
from shared.decider import Key, Refused

from .case_world import World
from .given_when_then import NINE, blind, given, refused

PHONE, EMAIL, IIN = "8 (701) 555-01-01", "Asel@Example.KZ", "850101 300123"


def ask(case_id: str, **consumer: Any) -> ReceiveRequest:
    return ReceiveRequest(
        case_id=case_id,
        channel=Channel.WALK_IN,
        language=Language.KK,
        office="central",
        question="?",
        responsible="m-1",
        consumer=Consumer(**consumer),
    )


def write(case_id: str, **consumer: Any) -> ReceiveWrittenRequest:
    return ReceiveWrittenRequest(
        case_id=case_id,
        channel=Channel.EMAIL,
        language=Language.RU,
        office="central",
        consumer=Consumer(**consumer),
    )


def told(world: World, *commands: Any) -> World:
    for command in commands:
        world.submit(command)
        world.settle()
        world.now += timedelta(minutes=1)
    return world


def received(world: World, case_id: str) -> Any:
    [event] = [
        one.event
        for one in world.of(RequestReceived, WrittenRequestReceived)
        if getattr(one.event, "case_id", "") == case_id
    ]
    return event


def refusal(world: World, command: Any) -> str:
    with pytest.raises(Refused) as no:
        world.submit(command)
    assert len(no.value.message) > 20
    return no.value.code


# ── recognise ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "again", [{"phone": "+77015550101"}, {"email": "asel@example.kz"}, {"identifier": "850101300123"}]
)
@pytest.mark.parametrize("message", [ask, write])
def test_a_repeat_contact_is_recognised_by_phone_email_or_identifier_on_any_channel(
    again: dict[str, str], message: Any
) -> None:
    world = told(World(NINE), ask("A1", name="Асель", phone=PHONE, email=EMAIL, identifier=IIN), message("A2", **again))
    first, second = received(world, "A1"), received(world, "A2")
    assert (first.consumer_id, first.known, first.to_verify) == ("c-A1", False, ())
    assert (second.consumer_id, second.known) == ("c-A1", True)
    assert second.to_verify == (ContactKind.NAME, ContactKind.PHONE, ContactKind.EMAIL, ContactKind.IDENTIFIER)
    assert len(world.of(ConsumerRegistered)) == 1


def test_what_a_repeat_contact_tells_anew_is_learnt_and_nothing_else() -> None:
    world = told(World(NINE), ask("A1", phone=PHONE), ask("A2", phone=PHONE, email=EMAIL, address="Abai 1"))
    [_, second] = [one.event for one in world.of(ContactsLearnt)]
    assert isinstance(second, ContactsLearnt)
    assert [one.kind for one in second.contacts] == [ContactKind.EMAIL]
    told(world, write("A3", email=EMAIL))
    assert received(world, "A3").to_verify == (ContactKind.PHONE, ContactKind.EMAIL, ContactKind.ADDRESS)


@pytest.mark.parametrize("again", [{"consumer_id": "c-A1"}, {"name": "Асель", "identifier": IIN}])
def test_whom_the_base_can_reach_is_answered_whatever_their_letter_leaves_out(again: dict[str, str]) -> None:
    world = told(World(NINE), ask("A1", phone=PHONE, identifier=IIN), write("A2", **again))
    assert received(world, "A2").has_contacts
    registered = RegisterWrittenRequest(case_id="A2", topic="pensions", responsible="o-1")
    told(world, registered)
    assert refusal(world, unconsidered("A2")) == "has_contact_details"
    told(world, asking("A2"), AnswerWrittenRequest(case_id="A2", answer="a", signed_by="s", executor_contact="e"))


@pytest.mark.parametrize(
    "found_out",
    [
        [RegisterConsumer(consumer=Consumer(consumer_id="c-A1", phone=PHONE))],
        [
            RegisterConsumer(consumer=Consumer(consumer_id="p-1", name="Асель", phone=PHONE)),
            MergeConsumers(kept="p-1", merged="c-A1", merged_by="m-1", reason="phoned about the letter"),
        ],
    ],
    ids=["entered", "merged"],
)
def test_whose_contacts_come_to_light_while_their_letter_runs_is_asked_and_answered(found_out: list[Any]) -> None:
    """Regression: what the letter lacked at its receipt was lacking for good, and it could only be left unanswered."""
    letter = RegisterWrittenRequest(case_id="A1", topic="t", responsible="o-1")
    world = told(World(NINE), write("A1", name="Асель"), letter)
    assert refusal(world, asking("A1")) == "no_contact_details"
    told(world, *found_out)
    assert refusal(world, unconsidered("A1")) == "has_contact_details"
    told(world, asking("A1"), AnswerWrittenRequest(case_id="A1", answer="a", signed_by="s", executor_contact="e"))


@pytest.mark.parametrize("message", [ask, write])
def test_nobody_waits_for_somebody_who_was_forgotten_meanwhile(message: Any) -> None:
    """Regression: they were asked by a phone that nobody knows any more, and the clock of the answer waited."""
    by_mail = message("A1", phone=PHONE).model_copy(update={"channel": Channel.EMAIL})
    world = told(World(NINE), by_mail)
    if message is write:
        told(world, RegisterWrittenRequest(case_id="A1", topic="t", responsible="o-1"))
    assert world.accepts(asking("A1"))
    told(world, ForgetConsumer(consumer_id="c-A1"))
    assert refusal(world, asking("A1")) == "no_contact_details"
    if message is write:
        told(world, unconsidered("A1"))


def asking(case_id: str) -> AskClarification:
    return AskClarification(case_id=case_id, missing=["age"], by=Channel.PHONE, until=NINE + timedelta(days=2))


def unconsidered(case_id: str) -> DeclineWrittenRequest:
    return DeclineWrittenRequest(case_id=case_id, ground=DeclineGround.NO_CONTACT_DETAILS, notified=False)


def test_who_is_known_by_a_number_alone_or_was_forgotten_can_not_be_reached() -> None:
    world = told(World(NINE), ask("A1", identifier=IIN), write("A2", identifier=IIN))
    assert (received(world, "A2").known, received(world, "A2").has_contacts) == (True, False)
    told(world, ask("B1", phone=PHONE), ForgetConsumer(consumer_id="c-B1"), write("B2", consumer_id="c-B1"))
    assert not received(world, "B2").has_contacts


def test_somebody_without_contacts_stays_unknown() -> None:
    world = told(World(NINE), ask("A1", name="Асель"), ask("A2", name="Асель"))
    assert [received(world, case).consumer_id for case in ("A1", "A2")] == ["c-A1", "c-A2"]
    assert not world.of(ContactsLearnt)


def test_backfilled_history_is_not_matched() -> None:
    history = write("A2", email=EMAIL).model_copy(update={"history": True})
    assert set(DECIDER.looks_up(history, blind, {})) == set()
    world = told(World(NINE), ask("A1", email=EMAIL), history)
    assert received(world, "A2").consumer_id == "c-A2"


def test_two_who_claim_one_contact_at_once_both_stand_and_are_found_as_possible_duplicates() -> None:
    world = World(NINE)
    world.submit(ask("A1", phone=PHONE))
    world.submit(write("A2", phone=PHONE))
    world.settle()
    assert [received(world, case).consumer_id for case in ("A1", "A2")] == ["c-A1", "c-A2"]
    [found] = [one.event for one in world.of(PossibleDuplicateFound)]
    assert isinstance(found, PossibleDuplicateFound)
    assert {found.consumer_id, found.other} == {"c-A1", "c-A2"}
    told(
        world, MergeConsumers(kept="c-A1", merged="c-A2", merged_by="m-1", reason="same person"), ask("A3", phone=PHONE)
    )
    assert received(world, "A3").consumer_id == "c-A1"


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (ContactKind.PHONE, "8 (701) 555-01-01", "+77015550101"),
        (ContactKind.PHONE, "+7 701 555 01 01", "+77015550101"),
        (ContactKind.PHONE, "701 555 01 01", "+77015550101"),
        (ContactKind.PHONE, "+49 30 123456", "+4930123456"),
        (ContactKind.PHONE, "none", None),
        (ContactKind.EMAIL, " Asel@Example.KZ ", "asel@example.kz"),
        (ContactKind.EMAIL, "asel", None),
        (ContactKind.IDENTIFIER, "850101-300 123", "850101300123"),
        (ContactKind.IDENTIFIER, " ", None),
        (ContactKind.PHONE, None, None),
    ],
)
def test_contacts_are_compared_in_one_form(kind: ContactKind, text: str | None, expected: str | None) -> None:
    assert COUNTRY == "KZ"
    assert normalised(kind, text) == expected


@drawn(kind=st.sampled_from(ContactKind), text=st.text(max_size=40))
@settings(max_examples=100)
def test_whatever_is_typed_as_a_contact_breaks_nothing_and_its_form_is_final(kind: ContactKind, text: str) -> None:
    once = normalised(kind, text)
    assert once is None or normalised(kind, once) in {once, None}


# ── enter and verify ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_consumer_is_entered_once_and_verified_ever_after() -> None:
    entry = RegisterConsumer(consumer=Consumer(consumer_id="p-1", name="Асель", phone=PHONE))
    world = told(World(NINE), entry)
    assert refusal(world, entry) == "already_known"
    other = RegisterConsumer(consumer=Consumer(consumer_id="p-2", name="А.", phone="+77015550101"))
    assert refusal(world, other) == "already_known"
    told(world, VerifyConsumer(consumer_id="p-1", confirmed=(ContactKind.NAME,), phone=PHONE))
    [verified] = [one.event for one in world.of(ConsumerVerified)]
    assert isinstance(verified, ConsumerVerified)
    assert (verified.confirmed, verified.changed) == ([ContactKind.NAME, ContactKind.PHONE], [])


def test_nobody_is_entered_without_a_contact() -> None:
    entry = RegisterConsumer(consumer=Consumer(consumer_id="p-1", name="Асель"))
    given(DECIDER).when(entry).then(refused("no_contact", "consumer"))


REGISTERED = ConsumerRegistered(consumer_id="p-1", known=[ContactKind.NAME, ContactKind.PHONE])
MY_PHONE = Contact(kind=ContactKind.PHONE, index="phone.+77015550101")
ADDED = ContactAdded(consumer_id="p-1", contact=MY_PHONE)


def test_a_changed_phone_replaces_the_old_one() -> None:
    changed = VerifyConsumer(consumer_id="p-1", phone="+7 701 555 02 02")
    new = Contact(kind=ContactKind.PHONE, index="phone.+77015550202")
    given(DECIDER, (REGISTERED, ADDED)).when(changed).then(
        ConsumerVerified(consumer_id="p-1", confirmed=[], changed=[ContactKind.PHONE], phone="+7 701 555 02 02"),
        ContactDropped(consumer_id="p-1", contact=MY_PHONE),
        ContactAdded(consumer_id="p-1", contact=new),
    )
    world = told(World(NINE), ask("A1", phone=PHONE), VerifyConsumer(consumer_id="c-A1", phone="+7 701 555 02 02"))
    told(world, ask("A2", phone=PHONE), ask("A3", phone="8 701 555 02 02"))
    assert [received(world, case).consumer_id for case in ("A2", "A3")] == ["c-A2", "c-A1"]


def test_verifying_says_what_was_verified_and_of_whom() -> None:
    known = given(DECIDER, (REGISTERED, ADDED))
    known.when(VerifyConsumer(consumer_id="p-1")).then(refused("nothing_verified", "confirmed"))
    known.when(VerifyConsumer(consumer_id="p-1", confirmed=(ContactKind.EMAIL,))).then(
        refused("nothing_to_confirm", "confirmed")
    )
    given(DECIDER).when(VerifyConsumer(consumer_id="p-1", name="A")).then(
        refused("unknown_consumer", "consumer_id", later=True)
    )


# ── merge ────────────────────────────────────────────────────────────────────────────────────────────────────


def two_records() -> World:
    return told(World(NINE), ask("A1", phone=PHONE), ask("A2", email=EMAIL, name="Асель"))


def test_after_a_merge_the_merged_id_answers_with_the_surviving_one() -> None:
    world = two_records()
    told(world, MergeConsumers(kept="c-A1", merged="c-A2", merged_by="m-1", reason="same person"))
    told(world, ask("A3", email=EMAIL), ask("A4", consumer_id="c-A2"))
    assert [received(world, case).consumer_id for case in ("A3", "A4")] == ["c-A1", "c-A1"]
    assert received(world, "A3").to_verify == (ContactKind.NAME, ContactKind.PHONE, ContactKind.EMAIL)
    for command in (VerifyConsumer(consumer_id="c-A2", name="A"), ForgetConsumer(consumer_id="c-A2")):
        with pytest.raises(Refused, match="c-A1") as no:
            world.submit(command)
        assert no.value.code == "merged_record"


def test_only_two_different_records_that_are_there_are_merged() -> None:
    world = two_records()

    def merge(kept: str, merged: str) -> MergeConsumers:
        return MergeConsumers(kept=kept, merged=merged, merged_by="m-1", reason="same person")

    assert refusal(world, merge("c-A1", "c-A1")) == "merged_with_itself"
    assert refusal(world, merge("c-A1", "nobody")) == "unknown_consumer"
    assert refusal(world, merge("nobody", "c-A1")) == "unknown_consumer"
    told(world, merge("c-A1", "c-A2"))
    assert refusal(world, merge("c-A1", "c-A2")) == "merged_record"
    assert refusal(world, merge("c-A2", "c-A1")) == "merged_with_itself"
    told(world, ask("A5", identifier=IIN), ForgetConsumer(consumer_id="c-A5"))
    assert refusal(world, merge("c-A1", "c-A5")) == "consumer_forgotten"
    assert refusal(world, merge("c-A5", "c-A1")) == "consumer_forgotten"


def test_of_two_merged_each_into_the_other_one_is_verified_and_forgotten() -> None:
    """Regression: each was refused as merged into the other, so the person could be neither verified nor forgotten."""

    def crossed(mine: str, other: str) -> tuple[Event, ...]:
        known = [ContactKind.NAME, ContactKind.PHONE]
        return (
            ConsumerRegistered(consumer_id=mine, known=known),
            ConsumerMerged(consumer_id=mine, into=other, merged_by="m-1", reason="same person"),
            ConsumerAbsorbed(consumer_id=mine, other=other, known=known),
        )

    least = given(DECIDER, crossed("p-1", "p-2"), {"consumer-p-2": crossed("p-2", "p-1")})
    least.when(VerifyConsumer(consumer_id="p-1", confirmed=(ContactKind.PHONE,))).then_one(ConsumerVerified)
    forgets = least.when(ForgetConsumer(consumer_id="p-1"))
    forgets.then(ConsumerForgotten(consumer_id="p-1"), ForgettingOwed(consumer_id="p-1", other="p-2"))
    other = given(DECIDER, crossed("p-2", "p-1"), {"consumer-p-1": crossed("p-1", "p-2")})
    for command in (VerifyConsumer(consumer_id="p-2", name="A"), ForgetConsumer(consumer_id="p-2")):
        assert "p-1" in str(other.when(command).then(refused("merged_record", "consumer_id")).refusal)
    # What the first forgets reaches the second, and goes round no further.
    reached = other.when(ForgettingOwed(consumer_id="p-1", other="p-2"))
    reached.then(ConsumerForgotten(consumer_id="p-2"), ForgettingOwed(consumer_id="p-2", other="p-1"))
    both = given(DECIDER, (*crossed("p-1", "p-2"), *forgets.events))
    both.when(ForgettingOwed(consumer_id="p-2", other="p-1")).then_nothing()


@drawn(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=12))
@settings(max_examples=50)
def test_however_records_are_merged_each_answers_with_one_survivor(pairs: list[tuple[int, int]]) -> None:
    """Also where two were merged each into the other by two employees at once, which nothing prevents."""
    known: dict[str, Any] = {f"consumer-{n}": Record(registered=True) for n in range(6)}
    for kept, merged in pairs:
        known[f"consumer-{merged}"] = Record(registered=True, into=str(kept))
    for n in range(6):
        final = survivor(str(n), known)
        assert survivor(final, known) == final


# ── forget ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_forgetting_reaches_every_record_of_the_person_and_frees_their_contacts() -> None:
    world = two_records()
    told(world, MergeConsumers(kept="c-A1", merged="c-A2", merged_by="m-1", reason="same person"))
    told(world, ForgetConsumer(consumer_id="c-A1"))
    forgotten = [one.event for one in world.of(ConsumerForgotten)]
    assert {event.consumer_id for event in forgotten} == {"c-A1", "c-A2"}
    assert {DECIDER.forgets(event) for event in forgotten} == {"c-A1", "c-A2"}
    told(world, ask("A3", phone=PHONE), ask("A4", email=EMAIL), ask("A5", consumer_id="c-A1"))
    for case in ("A3", "A4", "A5"):
        event = received(world, case)
        assert (event.consumer_id, event.known, event.to_verify) == (f"c-{case}", False, ())


def test_a_merge_that_overtakes_a_forgetting_does_not_bring_anybody_back() -> None:
    world = two_records()
    world.submit(MergeConsumers(kept="c-A1", merged="c-A2", merged_by="m-1", reason="same person"))
    world.submit(ForgetConsumer(consumer_id="c-A1"))
    world.settle()
    assert {one.event.consumer_id for one in world.of(ConsumerForgotten)} == {"c-A1", "c-A2"}


def test_a_person_is_forgotten_once_and_who_is_in_no_register_can_be_forgotten_too() -> None:
    once = (ConsumerForgotten(consumer_id="p-1"),)
    given(DECIDER, keys={"p-1": Key.KEPT}).when(ForgetConsumer(consumer_id="p-1")).then(*once)
    given(DECIDER, once).when(ForgetConsumer(consumer_id="p-1")).then(refused("consumer_forgotten", "consumer_id"))
    given(DECIDER, once).when(VerifyConsumer(consumer_id="p-1", name="A")).then(
        refused("consumer_forgotten", "consumer_id")
    )


def test_nobody_is_forgotten_whom_nobody_knows() -> None:
    """A mistyped id would leave the person, who was told that they are forgotten, readable."""
    unknown = refused("unknown_consumer", "consumer_id", early=True)
    given(DECIDER).when(ForgetConsumer(consumer_id="p-1")).then(unknown)
    given(DECIDER, keys={"p-1": Key.NONE}).when(ForgetConsumer(consumer_id="p-1")).then(unknown)
    known = given(DECIDER, (REGISTERED, ADDED)).when(ForgetConsumer(consumer_id="p-1"))
    known.then(ConsumerForgotten(consumer_id="p-1"), ContactDropped(consumer_id="p-1", contact=MY_PHONE))


def test_what_was_learnt_of_a_forgotten_person_is_not_entered() -> None:
    learnt = ContactsLearnt(consumer_id="p-1", case_id="A1", contacts=[MY_PHONE], known=[ContactKind.PHONE])
    given(DECIDER, (ConsumerForgotten(consumer_id="p-1"),)).when(learnt).then_nothing()


def test_reactions_told_twice_change_nothing() -> None:
    merged = ConsumerMerged(consumer_id="p-2", into="p-1", merged_by="m-1", reason="same person")
    learnt = ContactsLearnt(consumer_id="p-1", case_id="A1", contacts=[MY_PHONE], known=[ContactKind.PHONE])
    given(DECIDER, (REGISTERED, ADDED)).when(learnt).then_nothing()
    [absorbed] = given(DECIDER, (REGISTERED,)).when(merged).events
    given(DECIDER, (REGISTERED, absorbed)).when(merged).then_nothing()


def test_every_way_in_recognises_who_comes() -> None:
    """A booking, too: what one employee learnt no other asks again."""
    booking = BookAppointment(
        who="k-1", day=NINE.date(), slot="09:30", channel=Channel.PHONE, language=Language.KK,
        consumer=Consumer(phone=PHONE),
    )  # fmt: skip
    assert "contact-phone.+77015550101" in set(DECIDER.looks_up(booking, blind, {}))
