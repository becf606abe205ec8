"""Who subscribes is in the one information base, and is forgotten with their forms (DOMAIN.md §3, §6)."""

from __future__ import annotations

from typing import Any

import pytest

from services.subscriptions.domain import DECIDER
from shared.contracts.intake import (
    Consumer,
    ConsumerForgotten,
    ConsumerMerged,
    ConsumerRegistered,
    Contact,
    ContactKind,
    ForgetConsumer,
    RegisterConsumer,
)
from shared.contracts.subscriptions import (
    AcceptOrder,
    AcceptSubscription,
    AnnounceCampaign,
    OrderLine,
    Subscriber,
    SubscriptionAccepted,
)
from shared.contracts.values import SubscriberKind
from shared.decider import Key

from .case_world import World
from .given_when_then import given
from .press_world import ALWAYS, OCTOBER, entry, form, on_sale, published
from .test_intake_registry import EMAIL, IIN, PHONE, ask, received, refusal, told

KNOWN = RegisterConsumer(consumer=Consumer(consumer_id="p-1", name="Асель", phone=PHONE, email=EMAIL, identifier=IIN))


def on_the_counter(*commands: Any) -> World:
    """A world in which a publication can be subscribed to."""
    campaign = AnnounceCampaign(**ALWAYS.model_dump(exclude={"consumer_id"}))
    return told(World(OCTOBER), entry(), campaign, *commands)


def somebody(**contacts: Any) -> Subscriber:
    return Subscriber(kind=SubscriberKind.INDIVIDUAL, name="Асель", address="Abai 1", **contacts)


def subscribe(subscription_id: str, **contacts: Any) -> AcceptSubscription:
    return form(subscription_id=subscription_id, subscriber=somebody(**contacts))


def order(**contacts: Any) -> AcceptOrder:
    line = OrderLine(index="75384", first_month="2027-01", months=6, copies=1)
    whole = form(subscriber=somebody(**contacts)).model_dump(
        exclude=set(AcceptSubscription.model_fields) - set(AcceptOrder.model_fields)
    )
    return AcceptOrder(**whole, lines=[line, line])


def forgotten(world: World) -> set[str | None]:
    return {one.event.consumer_id for one in world.of(ConsumerForgotten)}


@pytest.mark.parametrize("contact", [{"phone": "+77015550101"}, {"email": "asel@example.kz"}])
def test_a_form_by_a_known_contact_is_forgotten_with_its_person(contact: dict[str, str]) -> None:
    """Regression: a person was forgotten, and the name and address on their subscription form stayed readable."""
    world = on_the_counter(KNOWN, subscribe("S1", **contact))
    [accepted] = world.of(SubscriptionAccepted)
    assert accepted.event.consumer_id == "c-S1"
    assert refusal(world, ForgetConsumer(consumer_id="c-S1")) == "merged_record"
    told(world, ForgetConsumer(consumer_id="p-1"))
    assert forgotten(world) == {"p-1", "c-S1"}


def test_who_subscribes_first_is_known_ever_after_and_asked_nothing_again() -> None:
    world = on_the_counter(subscribe("S1", phone=PHONE), ask("A1", phone=PHONE))
    request = received(world, "A1")
    assert (request.consumer_id, request.known) == ("c-S1", True)
    assert request.to_verify == (ContactKind.NAME, ContactKind.PHONE, ContactKind.ADDRESS)


def test_all_forms_of_an_order_are_one_persons_and_told_twice_nothing_more_happens() -> None:
    world = on_the_counter(order(phone=PHONE))
    assert [one.event.consumer_id for one in world.of(SubscriptionAccepted)] == ["c-fresh"] * 2
    assert [one.event.consumer_id for one in world.of(ConsumerRegistered)] == ["c-fresh"]
    known = on_the_counter(KNOWN, order(phone=PHONE))
    assert [one.event.consumer_id for one in known.of(ConsumerMerged)] == ["c-fresh"]
    told(known, ForgetConsumer(consumer_id="p-1"))
    assert forgotten(known) == {"p-1", "c-fresh"}


def test_what_a_form_of_somebody_named_tells_anew_is_learnt() -> None:
    world = on_the_counter(KNOWN, subscribe("S1", consumer_id="p-1", phone="+77015559999"))
    told(world, ask("A1", phone="+77015559999"))
    assert received(world, "A1").consumer_id == "p-1"


def test_who_subscribed_without_a_contact_stands_alone_and_can_be_forgotten() -> None:
    world = on_the_counter(KNOWN, subscribe("S1"))
    assert not world.of(ConsumerMerged)
    told(world, ForgetConsumer(consumer_id="c-S1"))
    assert forgotten(world) == {"c-S1"}


def test_a_form_whose_id_is_also_a_cases_does_not_lead_to_that_cases_person() -> None:
    """Forms and cases have ids of different senders: what the one says is not learnt of the other."""
    world = on_the_counter(
        ask("S1", phone=PHONE), subscribe("S1", phone="+77015559999"), ask("A1", phone="+77015559999")
    )
    assert received(world, "A1").consumer_id == "c-A1"


def test_who_was_forgotten_and_subscribes_begins_anew_and_every_word_is_kept() -> None:
    case = given(DECIDER, elsewhere=on_sale(published()), keys={"p-1": Key.DELETED, "p-2": Key.KEPT})
    gone, here = (form(subscriber=somebody(consumer_id=who)) for who in ("p-1", "p-2"))
    case.when(gone, at=OCTOBER).then_one(SubscriptionAccepted, consumer_id="c-S1")
    case.when(here, at=OCTOBER).then_one(SubscriptionAccepted, consumer_id="p-2")
    of_order = case.when(order(consumer_id="p-1"), at=OCTOBER).events
    assert [one.consumer_id for one in of_order if isinstance(one, SubscriptionAccepted)] == ["c-fresh"] * 2


def test_a_form_says_by_what_its_person_is_found_and_never_what_they_said() -> None:
    phone = Contact(kind=ContactKind.PHONE, index="phone.+77015550101")
    outcome = given(DECIDER, elsewhere=on_sale(published())).when(subscribe("S1", phone=PHONE), at=OCTOBER)
    outcome.then_one(
        SubscriptionAccepted, contacts=[phone], known=[ContactKind.NAME, ContactKind.PHONE, ContactKind.ADDRESS]
    )
