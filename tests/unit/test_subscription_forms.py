"""Form PS-1: its number, several titles, cards, signature; who sells it, to whom, how it is paid (DOMAIN.md §6)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from services.subscriptions.domain import DECIDER
from shared.contracts.subscriptions import (
    AcceptOrder,
    AcceptSubscription,
    BooksCarriedForward,
    OrderLine,
    Subscriber,
    SubscriptionAccepted,
)
from shared.contracts.values import Payment, Seller, SubscriberKind

from .given_when_then import FRESH_ID, at, given, refused
from .press_world import MADE_UP, OCTOBER, accepted, card, form, on_sale, opened, published

HERE = on_sale(published())


def test_numbers_go_on_from_form_to_form_and_day_to_day_and_begin_anew_each_year() -> None:
    past = (opened(), accepted(1), accepted(2))
    case = given(DECIDER, past, HERE)
    next_one = case.when(form(subscription_id=None), at=OCTOBER)
    next_one.then(accepted(3, subscription_id="fresh", consumer_id="c-fresh"))
    tomorrow = case.when(form(subscription_id=None), at=at("2026-10-06 09:00"))
    tomorrow.then_one(SubscriptionAccepted, abonement="post-1.2026.000003")
    new_year = case.when(form(subscription_id=None), at=at("2027-01-01 09:00"))
    new_year.then_one(SubscriptionAccepted, abonement="post-1.2027.000001")


def test_several_titles_are_a_form_each_all_or_none() -> None:
    here = on_sale(*map(published, MADE_UP))
    lines = [
        OrderLine(index="75384", first_month="2027-01", months=6, copies=2),
        OrderLine(index="10001", first_month="2027-02", months=3, copies=1),
        OrderLine(index="10002", first_month="2027-01", months=12, copies=5),
    ]
    whole = form().model_dump(exclude={"subscription_id", "index", "first_month", "months", "copies", "card"})
    case = given(DECIDER, (opened(), accepted(1)), here)
    outcome = case.when(AcceptOrder(**whole, lines=lines), at=OCTOBER)
    forms = [event for event in outcome.events if isinstance(event, SubscriptionAccepted)]
    assert [one.abonement for one in forms] == [f"post-1.2026.00000{n}" for n in (2, 3, 4)]
    assert [one.amount for one in forms] == [2 * 188_700, 123_000, 5 * 719_900]
    assert {one.consumer_id for one in forms} == {"c-fresh"}
    unknown = OrderLine(index="99999", first_month="2027-01", months=6, copies=1)
    case.when(AcceptOrder(**whole, lines=[*lines, unknown]), at=OCTOBER).then(
        refused("not_in_catalogue", "index", early=True)
    )


def test_a_postmans_card_is_entered_once() -> None:
    entered = form(card="D-17", entered_by="counter-1", subscription_id="S2")
    case = given(DECIDER, (opened(), accepted(1, card="D-17")), HERE)
    case.when(entered, at=OCTOBER).then(refused("card_entered_already", "card"))
    other = entered.model_copy(update={"card": "D-18"})
    case.when(other, at=OCTOBER).then_one(SubscriptionAccepted, card="D-18", entered_by="counter-1", worker="postman-3")
    at_the_counter = other.model_copy(update={"seller": Seller.FACILITY})
    case.when(at_the_counter, at=OCTOBER).then(refused("card_at_the_counter", "card"))


def test_each_title_of_a_postmans_order_has_a_card_of_its_own_entered_once() -> None:
    """Regression: several titles at once had no cards, and the next form took theirs again."""
    whole = form().model_dump(exclude={"subscription_id", "index", "first_month", "months", "copies", "card"})
    carried = BooksCarriedForward(
        case_id="post-1.2026-10-05", facility="post-1", day=date(2026, 10, 5), year=2026, last_number=1
    )

    def order(*cards: str, **more: Any) -> AcceptOrder:
        lines = [OrderLine(index="75384", first_month="2027-01", months=6, copies=1, card=card) for card in cards]
        return AcceptOrder(**whole | more, lines=lines)

    for past in ((), (carried,)):
        case = given(DECIDER, (opened(), accepted(1, card="D-17"), *past), HERE)
        entered = case.when(order("D-18", "D-19"), at=OCTOBER).events
        assert [one.card for one in entered if isinstance(one, SubscriptionAccepted)] == ["D-18", "D-19"]
        for wrong in (order("D-18", "D-17"), order("D-18", "D-18")):
            case.when(wrong, at=OCTOBER).then(refused("card_entered_already", "card"))
    at_the_counter = order("D-18", seller=Seller.FACILITY)
    given(DECIDER, (), HERE).when(at_the_counter, at=OCTOBER).then(refused("card_at_the_counter", "card"))


def test_nor_is_a_card_or_a_senders_id_entered_again_once_its_day_is_certified() -> None:
    """Regression: books that are carried forward remember neither, and the next day took both again."""
    carried = BooksCarriedForward(
        case_id="post-1.2026-10-05", facility="post-1", day=date(2026, 10, 5), year=2026, last_number=1
    )
    case = given(DECIDER, (opened(), accepted(1, card="D-17"), carried), HERE)
    next_day = at("2026-10-06 09:00")
    case.when(form(card="D-17", subscription_id="S2"), at=next_day).then(refused("card_entered_already", "card"))
    case.when(form(subscription_id="S1"), at=next_day).then(refused("subscription_exists", "subscription_id"))
    other = case.when(form(card="D-18", subscription_id="S2"), at=next_day)
    other.then_one(SubscriptionAccepted, abonement="post-1.2026.000002", card="D-18")
    # A form that brings neither asks nothing more of the store.
    assert DECIDER.recalls(form(subscription_id=None)) == ()


def test_a_form_without_the_subscribers_signature_is_not_accepted() -> None:
    given(DECIDER, elsewhere=HERE).when(form(signed=False), at=OCTOBER).then(refused("not_signed", "signed"))
    # Nor one that does not say.
    for command in (AcceptSubscription, AcceptOrder):
        assert command.model_fields["signed"].is_required()


@pytest.mark.parametrize("seller", list(Seller))
@pytest.mark.parametrize("payment", list(Payment))
@pytest.mark.parametrize("kind", list(SubscriberKind))
def test_whoever_sells_to_whomever_however_paid(seller: Seller, payment: Payment, kind: SubscriberKind) -> None:
    subscriber = Subscriber(kind=kind, name="№ 4 мектеп", address="Abai 2")
    outcome = given(DECIDER, elsewhere=HERE).when(
        form(seller=seller, payment=payment, subscriber=subscriber), at=OCTOBER
    )
    outcome.then_one(SubscriptionAccepted, seller=seller, payment=payment, subscriber_kind=kind)


def test_each_form_gets_its_delivery_card_once() -> None:
    given(DECIDER).when(accepted(), at=OCTOBER).then(card())
    somewhere = accepted(place="taraz", sorting_point="sort-7")
    outcome = given(DECIDER).when(somewhere, at=OCTOBER)
    outcome.then(card(place="taraz", sorting_point="sort-7", carrier="taraz"))
    given(DECIDER, (card(),)).when(accepted(), at=OCTOBER).then_nothing()
    before_numbers = accepted(abonement=None, day=None, issues=[], distribution=None)
    assert DECIDER.stream_of(before_numbers, FRESH_ID) == "subscription-S1"
    given(DECIDER, (before_numbers,)).when(before_numbers, at=OCTOBER).then_nothing()
