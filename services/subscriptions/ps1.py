"""Accepting form PS-1, at the counter or from a delivery card (DOMAIN.md §6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.subscriptions.books import Books, number_of
from services.subscriptions.campaigns import Calendar, campaign_for, may_begin
from services.subscriptions.catalogue import Publication, entry_in_force, in_territory, issues_of, price_of
from shared.contacts import contacts, in_order, said, unnamed
from shared.contracts.intake import Consumer, Contact, ContactKind
from shared.contracts.subscriptions import AcceptOrder, AcceptSubscription, OrderLine, SubscriptionAccepted
from shared.contracts.values import Seller
from shared.decider import Given, Key, Recall, Refused

LARGEST_AMOUNT = 10**13
"""In tiyn. More than any money field of the published language holds: a slip of the keyboard, not a subscription."""


@dataclass(frozen=True, slots=True)
class Recognisable:
    """Who subscribes, as the information base knows people: by what they are found, and what the form says of them."""

    consumer_id: str | None
    """None: nobody named, or somebody who was forgotten, and begins anew."""
    contacts: Sequence[Contact]
    known: Sequence[ContactKind]


@dataclass(frozen=True, slots=True)
class Sale:
    """What a form is accepted by: the publications, the calendar, the day, and the operating day it is entered in."""

    publications: Mapping[str, Publication]
    calendar: Calendar
    day: date
    operating_day: date
    facility_place: str | None
    """Where the facility is: a form that names no place is delivered there."""
    entered_before: Set[Recall]
    """Of what may be entered once: what the facility entered, on whatever day."""
    subscriber: Recognisable


def accept(books: Books, form: AcceptSubscription, sale: Sale, fresh_id: str) -> SubscriptionAccepted:
    """A form at the prices in force on the day; only what is in the catalogue is accepted."""
    _entered_by_somebody_inside(form)
    subscription_id = form.subscription_id or fresh_id
    _new_here(books, form, sale, subscription_id)
    _cards_new_here(books, form, sale)
    line = OrderLine(
        index=form.index, first_month=form.first_month, months=form.months, copies=form.copies, card=form.card
    )
    return _accepted(books, form, line, sale, subscription_id, subscription_id, 1)


def accept_order(books: Books, order: AcceptOrder, sale: Sale, fresh_id: str) -> list[SubscriptionAccepted]:
    """Several titles at once: a form each, numbered one after the other; all or none."""
    _entered_by_somebody_inside(order)
    _cards_new_here(books, order, sale)
    return [
        _accepted(books, order, line, sale, f"{fresh_id}-{number}", fresh_id, number)
        for number, line in enumerate(order.lines, 1)
    ]


def recognisable(form: AcceptSubscription | AcceptOrder, given: Given[Any]) -> Recognisable:
    """The subscriber, for the information base; words sealed for somebody who was forgotten would be lost."""
    who = form.subscriber
    told = Consumer(name=who.name, phone=who.phone, email=who.email, address=who.address)
    gone = who.consumer_id is not None and given.keys.get(who.consumer_id) is Key.DELETED
    return Recognisable(None if gone else who.consumer_id, contacts(told, given.blind), in_order(said(told)))


def indexes(form: AcceptSubscription | AcceptOrder) -> Sequence[str]:
    """The publications that a form is for."""
    return [form.index] if isinstance(form, AcceptSubscription) else [line.index for line in form.lines]


def _entered_by_somebody_inside(form: AcceptSubscription | AcceptOrder) -> None:
    """What postmen and agents accepted, a worker of the facility enters, who may then certify the day that it opens."""
    if form.seller is Seller.FACILITY or form.entered_by not in {None, form.worker}:
        return
    raise Refused(
        "entered_by_missing",
        f"{form.worker} is a {form.seller}, whose forms a worker of the facility enters; name that worker",
        "entered_by",
    )


def cards(form: AcceptSubscription | AcceptOrder) -> list[str]:
    """The delivery cards that are entered with a form, or with an order's lines."""
    told = [form.card] if isinstance(form, AcceptSubscription) else [line.card for line in form.lines]
    return [card for card in told if card is not None]


def recalls(form: AcceptSubscription | AcceptOrder) -> tuple[Recall, ...]:
    """What may be entered once, whenever that was: the sender's own id, and the delivery cards."""
    told = [("card", card) for card in cards(form)]
    if isinstance(form, AcceptSubscription) and form.subscription_id is not None:
        told.insert(0, ("subscription_id", form.subscription_id))
    return tuple(Recall(SubscriptionAccepted.type_name(), field, text) for field, text in told)


def _new_here(books: Books, form: AcceptSubscription, sale: Sale, subscription_id: str) -> None:
    """The same form is entered once: on a day that runs, or on one that is certified."""
    entered = {one.field for one in recalls(form) if one in sale.entered_before}
    if "subscription_id" in entered or any(subscription_id in day.forms_known for day in books.days.values()):
        raise Refused(
            "subscription_exists",
            f"subscription {subscription_id} was accepted already (`tereze ps1 {subscription_id}`); leave the id out "
            "to get a new one",
            "subscription_id",
        )


def _cards_new_here(books: Books, form: AcceptSubscription | AcceptOrder, sale: Sale) -> None:
    """So is the same card, and each form of an order has its own."""
    brought = cards(form)
    recalled = {one.text for one in sale.entered_before if one.field == "card"}
    for place, card in enumerate(brought):
        known = any(card in day.cards_known for day in books.days.values())
        if known or card in recalled or card in brought[:place]:
            raise Refused(
                "card_entered_already",
                f"card {card} was entered at {form.facility} already; take the next card, and a new "
                "one for a form that was taken back",
                "card",
            )
    if brought and form.seller is Seller.FACILITY:
        raise Refused(
            "card_at_the_counter",
            "delivery cards are brought by postmen and agents; leave the card out, or name who brought it",
            "card",
        )


def _accepted(
    books: Books,
    form: AcceptSubscription | AcceptOrder,
    line: OrderLine,
    sale: Sale,
    subscription_id: str,
    stranger: str,
    nth: int,
) -> SubscriptionAccepted:
    entry = entry_in_force(sale.publications.get(line.index, Publication()), line.index, sale.day)
    price = price_of(sale.publications[line.index], entry, line.months, form.zone, sale.day)
    amount = price.whole * line.copies
    if amount > LARGEST_AMOUNT:
        raise Refused("amount_too_large", f"{line.copies} copies cost {amount} tiyn; check the copies", "copies")
    place = form.place or sale.facility_place
    may_begin(sale.calendar, place, sale.day, line.first_month)
    campaign = campaign_for(sale.calendar, sale.day, line.first_month, line.months)
    in_territory(entry, place)
    issues = issues_of(entry, line.first_month, line.months)
    if not form.signed:
        raise Refused("not_signed", "the subscriber has not signed the form; accept it once it is signed", "signed")
    year = sale.operating_day.year
    count = books.last_numbers.get(year, 0) + nth
    return SubscriptionAccepted(
        consumer_id=sale.subscriber.consumer_id or unnamed(stranger),
        subscription_id=subscription_id,
        index=line.index,
        title=entry.title,
        first_month=line.first_month,
        months=line.months,
        copies=line.copies,
        zone=form.zone,
        price=price.whole,
        amount=amount,
        facility=form.facility,
        seller=form.seller,
        worker=form.worker,
        payment=form.payment,
        subscriber_kind=form.subscriber.kind,
        name=form.subscriber.name,
        address=form.subscriber.address,
        abonement=number_of(form.facility, year, count),
        day=sale.operating_day,
        campaign=campaign,
        delivery_price=price.delivery,
        issues=issues,
        distribution=entry.distribution,
        place=place,
        sorting_point=form.sorting_point,
        carrier=form.carrier,
        card=line.card,
        entered_by=form.entered_by,
        phone=form.subscriber.phone,
        email=form.subscriber.email,
        language=form.subscriber.language,
        contacts=list(sale.subscriber.contacts),
        known=list(sale.subscriber.known),
    )
