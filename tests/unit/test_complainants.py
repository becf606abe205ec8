"""Who complains is in the one information base, and is forgotten with all that they said (DOMAIN.md §3, §5)."""

from __future__ import annotations

from typing import Any

import pytest

from services.feedback.domain import DECIDER as FEEDBACK
from shared.contracts.complaints import (
    Acknowledged,
    ComplaintAcknowledged,
    ComplaintReceived,
    ReceiveComplaint,
)
from shared.contracts.intake import (
    Consumer,
    ConsumerAbsorbed,
    ConsumerForgotten,
    ConsumerMerged,
    ConsumerRegistered,
    Contact,
    ContactKind,
    ForgetConsumer,
    MergeConsumers,
    ReceiveRequest,
    RegisterConsumer,
    VerifyConsumer,
)
from shared.contracts.values import Channel
from shared.decider import Key

from .case_world import World
from .complaint_words import ACCEPT, ASK, CLOSE, TELL, after, assess, investigate, receive, respond
from .given_when_then import NINE, given
from .test_intake_registry import EMAIL, IIN, PHONE, ask, received, refusal, told, write


def complain(case_id: str, *, about: str | None = None, **consumer: Any) -> ReceiveComplaint:
    return receive(case_id=case_id, about=about, consumer=Consumer(**consumer))


def forgotten(world: World) -> set[str | None]:
    return {one.event.consumer_id for one in world.of(ConsumerForgotten)}


def sealed_for(world: World, case_id: str) -> str | None:
    [event] = [one.event for one in world.of(ComplaintReceived) if getattr(one.event, "case_id", "") == case_id]
    return event.consumer_id


@pytest.mark.parametrize("contact", [{"phone": "+77015550101"}, {"email": "asel@example.kz"}, {"identifier": IIN}])
def test_a_complaint_by_a_known_contact_is_forgotten_with_its_person(contact: dict[str, str]) -> None:
    entry = RegisterConsumer(
        consumer=Consumer(consumer_id="p-1", name="Асель", phone=PHONE, email=EMAIL, identifier=IIN)
    )
    world = told(World(NINE), entry, complain("X1", **contact))
    assert sealed_for(world, "X1") == "c-X1"
    assert refusal(world, ForgetConsumer(consumer_id="c-X1")) == "merged_record"
    told(world, ForgetConsumer(consumer_id="p-1"))
    assert forgotten(world) == {"p-1", "c-X1"}


def test_a_complaint_about_a_known_case_is_forgotten_with_its_person_whatever_it_lacks() -> None:
    """A written request is intake's: feedback, which takes the complaint in, does not know whose it is."""
    world = told(World(NINE), write("A1", email=EMAIL), complain("X1", about="A1"), ForgetConsumer(consumer_id="c-A1"))
    assert forgotten(world) == {"c-A1", "c-X1"}


def test_who_complains_first_is_known_ever_after_and_asked_nothing_again() -> None:
    world = told(World(NINE), complain("X1", name="Асель", phone=PHONE), ask("A1", phone=PHONE))
    request = received(world, "A1")
    assert (request.consumer_id, request.known) == ("c-X1", True)
    assert request.to_verify == (ContactKind.NAME, ContactKind.PHONE)
    entry = RegisterConsumer(consumer=Consumer(consumer_id="p-1", phone=PHONE))
    assert refusal(world, entry) == "already_known"
    told(world, ForgetConsumer(consumer_id="c-X1"))
    assert forgotten(world) == {"c-X1"}


def test_what_a_complaint_of_somebody_known_tells_anew_is_learnt() -> None:
    world = told(World(NINE), ask("A1", phone=PHONE), complain("X1", phone=PHONE, email=EMAIL))
    told(world, ask("A2", email=EMAIL), complain("X2", consumer_id="c-X1", identifier=IIN), ask("A3", identifier=IIN))
    assert [received(world, case).consumer_id for case in ("A2", "A3")] == ["c-A1", "c-A1"]


def test_who_complained_without_a_contact_stands_alone_can_be_forgotten_or_be_put_under_who_it_was() -> None:
    world = told(World(NINE), ask("A1", phone=PHONE), complain("X1"), complain("X2"))
    assert not [one for one in world.of(ConsumerRegistered) if one.event.consumer_id != "c-A1"]
    told(world, ForgetConsumer(consumer_id="c-X1"))
    assert forgotten(world) == {"c-X1"}
    found_out = MergeConsumers(kept="c-A1", merged="c-X2", merged_by="m-1", reason="said so on the phone")
    told(world, found_out, ForgetConsumer(consumer_id="c-A1"))
    assert forgotten(world) == {"c-X1", "c-A1", "c-X2"}
    nobody = MergeConsumers(kept="c-X2", merged="c-X9", merged_by="m-1", reason="a slip")
    assert refusal(world, nobody) == "unknown_consumer"


def test_a_complaint_still_under_way_when_its_person_is_forgotten_is_forgotten_too() -> None:
    world = told(World(NINE), ask("A1", phone=PHONE))
    world.submit(complain("X1", phone=PHONE))
    world.submit(ForgetConsumer(consumer_id="c-A1"))
    [reaction] = [n for n, one in enumerate(world.under_way) if isinstance(one.happened.event, ComplaintReceived)]
    world.deliver(reaction)
    world.settle()
    assert forgotten(world) == {"c-A1", "c-X1"}


def test_who_was_forgotten_and_complains_begins_anew_and_every_word_is_kept() -> None:
    world = told(World(NINE), ask("A1", phone=PHONE), ForgetConsumer(consumer_id="c-A1"))
    told(world, complain("X1", consumer_id="c-A1", phone=PHONE), complain("X2", about="A1", email=EMAIL))
    assert [sealed_for(world, case) for case in ("X1", "X2")] == ["c-X1", "c-X2"]
    assert forgotten(world) == {"c-A1"}
    assert not world.of(ConsumerMerged)
    named = given(FEEDBACK, keys={"p-1": Key.DELETED}).when(complain("X3", consumer_id="p-1"))
    named.then_one(ComplaintReceived, consumer_id="c-X3", has_contacts=False)


def test_a_complaint_says_by_what_its_person_is_found_and_never_what_they_said() -> None:
    phone = Contact(kind=ContactKind.PHONE, index="phone.+77015550101")
    given(FEEDBACK).when(complain("X1", name="Асель", phone=PHONE)).then_one(
        ComplaintReceived, contacts=[phone], known=[ContactKind.NAME, ContactKind.PHONE]
    )


BY_NUMBER = RegisterConsumer(consumer=Consumer(consumer_id="p-1", name="Асель", phone=PHONE, identifier=IIN))
MERGED = MergeConsumers(kept="p-1", merged="c-X1", merged_by="m-1", reason="seen at the desk")
DECIDED = (assess(), investigate(), respond())


@pytest.mark.parametrize(
    "steps",
    [
        (BY_NUMBER, complain("X1", identifier=IIN)),
        (write("A1", email=EMAIL), complain("X1", about="A1")),
        (BY_NUMBER, complain("X1"), MERGED),
        (complain("X1"), RegisterConsumer(consumer=Consumer(consumer_id="c-X1", phone=PHONE))),
        (complain("X1", identifier=IIN), VerifyConsumer(consumer_id="c-X1", phone=PHONE)),
    ],
    ids=["by a number", "by the case it is about", "merged later", "entered later", "verified later"],
)
def test_who_complains_is_told_by_what_the_information_base_knows(
    steps: tuple[Any, ...],
) -> None:
    """Regression: what the complaint lacked was lacking for good, and it was closed with nobody told the decision."""
    world = told(World(NINE), *steps)
    told_in = [one.event for one in world.of(ComplaintAcknowledged)]
    assert [getattr(one, "how", None) for one in told_in] == [Acknowledged.IMPOSSIBLE, Acknowledged.MESSAGE]
    told(world, assess())
    assert world.accepts(ASK)
    told(world, *DECIDED[1:])
    assert refusal(world, CLOSE) == "not_decided"
    told(world, TELL, ACCEPT, CLOSE)


def test_who_is_in_no_base_is_told_nothing_and_who_comes_back_is_told_in_person() -> None:
    """Regression: a complainant without contact details who stood at the desk could not be told the decision."""
    number_only = RegisterConsumer(consumer=Consumer(consumer_id="p-1", name="Асель", identifier=IIN))
    world = told(World(NINE), number_only, complain("X1", identifier=IIN), *DECIDED)
    assert len(world.of(ComplaintAcknowledged)) == 1
    assert refusal(world, TELL) == "nobody_to_tell"
    assert world.accepts(CLOSE)
    told(world, TELL.model_copy(update={"channel": Channel.WALK_IN}), ACCEPT, CLOSE)


def test_what_is_learnt_of_others_or_after_the_end_tells_nobody_of_the_complaint() -> None:
    phone = [ContactKind.PHONE]
    nameless = after(receive(consumer=Consumer()))
    mine = ConsumerRegistered(consumer_id="c-X1", known=phone)
    given(FEEDBACK, nameless).when(mine).then_one(ComplaintAcknowledged, how=Acknowledged.MESSAGE, received_by="o-1")
    # A record that is called as the complaint is, and is somebody else's.
    given(FEEDBACK, nameless).when(mine.model_copy(update={"consumer_id": "X1"})).then_nothing()
    given(FEEDBACK, after(receive(consumer=Consumer()), *DECIDED, CLOSE)).when(mine).then_nothing()
    given(FEEDBACK).when(ConsumerAbsorbed(consumer_id="p-1", other="c-A1", known=phone)).then_nothing()


@pytest.mark.parametrize("before", [(), (ask("A1", phone=PHONE),)])
def test_a_complaint_told_twice_changes_nothing(before: tuple[ReceiveRequest, ...]) -> None:
    world = told(World(NINE), *before)
    world.submit(complain("X1", phone=PHONE, email=EMAIL))
    world.deliver(0, again=True)
    again = world.under_way[0]
    world.settle()
    happened = len(world.log)
    world.under_way.append(again)
    world.settle()
    assert len(world.log) == happened
