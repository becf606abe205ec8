"""What may happen to an accepted subscription: annulment, redirection, taking a wrong form back (DOMAIN.md §6, §9).

Nothing is changed: each is an event of its own beside the form.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from services.subscriptions.campaigns import Calendar, holds_from
from services.subscriptions.catalogue import Publication, entry_in_force, in_territory, price_of
from services.subscriptions.months import first_day, term
from shared.contracts.subscriptions import (
    AnnulSubscription,
    DeliveryCardMade,
    RedirectSubscription,
    ReverseSubscription,
    SubscriptionAccepted,
    SubscriptionAnnulled,
    SubscriptionRedirected,
    SubscriptionReversed,
)
from shared.contracts.values import Distribution, Zone
from shared.decider import Refused


@dataclass(frozen=True, slots=True)
class Subscription:
    """An accepted subscription, as its delivery card says with the latest redirection, and how many of its copies are
    still delivered.
    """

    card: DeliveryCardMade
    copies: int
    reversed: bool = False
    places: tuple[tuple[str, str | None], ...] = ()
    """Once redirected: where it goes from which month on, in the order it was asked for; first as the form said."""

    @property
    def months(self) -> tuple[str, ...]:
        return term(self.card.first_month, self.card.months)

    def issues_from(self, month: str) -> int:
        """How many of its issues come out in `month` or later."""
        return sum(count for its, count in zip(self.months, self.card.issues, strict=True) if its >= month)

    def place_in(self, month: str) -> str | None:
        """Where it goes in `month`: a redirection moves nothing before its own first month."""
        return next((place for since, place in reversed(self.places) if since <= month), self.card.place)


def card_of(form: SubscriptionAccepted, accepted_on: date) -> DeliveryCardMade:
    """The delivery card of a form. One of the time before forms had numbers is known by its id; of its issues one is
    counted for each month.
    """
    somewhere = form.place or form.facility
    return DeliveryCardMade(
        consumer_id=form.consumer_id,
        abonement=form.abonement or form.subscription_id,
        facility=form.facility,
        day=form.day or accepted_on,
        index=form.index,
        first_month=form.first_month,
        months=form.months,
        issues=form.issues or [1] * form.months,
        copies=form.copies,
        amount=form.amount,
        zone=form.zone,
        payment=form.payment,
        seller=form.seller,
        worker=form.worker,
        distribution=form.distribution or Distribution.CARD,
        place=form.place,
        sorting_point=form.sorting_point or somewhere,
        carrier=form.carrier or somewhere,
        sold_on=accepted_on,
    )


def annul(known: Subscription, wish: AnnulSubscription, calendar: Calendar, day: date) -> SubscriptionAnnulled:
    """What can no longer be delivered is paid back: the issues from the first month that the cut-off allows."""
    _stands(known)
    copies = known.copies if wish.copies is None else wish.copies
    if copies > known.copies:
        raise Refused(
            "more_than_left", f"only {known.copies} copies are left to be annulled; annul so many or fewer", "copies"
        )
    card = known.card
    from_month = _holds_from(known, calendar, day, annulment=True)
    left, issues = known.issues_from(from_month), sum(card.issues)
    if not left:
        raise Refused(
            "too_late_to_annul",
            f"an annulment on {day} would hold from {from_month}, and no issue of the term comes out then or later; "
            "the subscription runs to its end",
            "time",
        )
    return SubscriptionAnnulled(
        consumer_id=card.consumer_id,
        abonement=card.abonement,
        facility=wish.facility or card.facility,
        index=card.index,
        months=card.months,
        copies=copies,
        copies_left=known.copies - copies,
        from_month=from_month,
        issues_left=left,
        issues=issues,
        refund=refund(card.amount, card.copies, copies, left, issues),
        payment=card.payment,
        seller=card.seller,
        worker=card.worker,
        annulled_by=wish.worker,
        form_day=card.day,
        reason=wish.reason,
    )


def refund(amount: int, bought: int, copies: int, issues_left: int, issues: int) -> int:
    """What `copies` of `bought` get back for `issues_left` of `issues`, in tiyn: to the nearest, half a tiyn upwards.

    `amount` is what all copies cost, so the price of one is exact. Whole numbers only.
    """
    owed = amount // bought * copies * issues_left
    return (2 * owed + issues) // (2 * issues)


def redirect(
    known: Subscription, wish: RedirectSubscription, calendar: Calendar, publication: Publication, day: date
) -> SubscriptionRedirected:
    """From the next possible issue it goes to another address, within the publication's territory."""
    _stands(known)
    card = known.card
    if wish.index != card.index:
        raise Refused(
            "another_publication",
            f"form {card.abonement} is for publication {card.index}, not {wish.index}; check the number and the index",
            "index",
        )
    if wish.zone is not card.zone:
        _costs_the_same(card, wish.zone, publication)
    place = wish.place or card.place
    in_territory(entry_in_force(publication, card.index, day), place)
    earliest = _holds_from(known, calendar, day, annulment=False)
    coming = [month for month, count in zip(known.months, card.issues, strict=True) if count and month >= earliest]
    if not coming:
        raise Refused(
            "too_late_to_redirect",
            f"a redirection on {day} would hold from {earliest}, and no issue of the term comes out then or later; "
            "the subscription runs to its end where it is",
            "time",
        )
    # A new place has its own sorters and carriers; who moves within one keeps them unless told otherwise.
    moved = place if wish.place is not None and wish.place != card.place else None
    return SubscriptionRedirected(
        consumer_id=card.consumer_id,
        abonement=card.abonement,
        index=card.index,
        from_month=coming[0],
        address=wish.address,
        place=place,
        sorting_point=wish.sorting_point or moved or card.sorting_point,
        carrier=wish.carrier or moved or card.carrier,
        redirected_by=wish.worker,
        zone=wish.zone,
    )


def _holds_from(known: Subscription, calendar: Calendar, day: date, *, annulment: bool) -> str:
    """The first month of the term for which the cut-off of the place it goes to then is not past.

    Where every month's is past: the month from which it would hold, beyond the term.
    """
    by_month = {month: holds_from(calendar, known.place_in(month), day, annulment=annulment) for month in known.months}
    return next((month for month, earliest in by_month.items() if earliest <= month), max(by_month.values()))


def _costs_the_same(card: DeliveryCardMade, zone: Zone, publication: Publication) -> None:
    """A redirection moves no money: §6 knows a refund for an annulment only. By the prices of the day of its sale."""
    sold_on = card.sold_on or card.day
    entry = entry_in_force(publication, card.index, sold_on)
    paid, there = (price_of(publication, entry, card.months, one, sold_on).whole for one in (card.zone, zone))
    if paid != there:
        raise Refused(
            "priced_otherwise",
            f"{card.months} months cost {paid} tiyn by the {card.zone} price and {there} by the {zone} one, and a "
            "redirection neither charges nor pays back; annul the form, and accept a new one for the new address",
            "zone",
        )


def take_back(known: Subscription, wish: ReverseSubscription, day: date) -> SubscriptionReversed:
    """A form that was entered wrongly is taken back whole, on its own day or before its delivery begins."""
    _stands(known)
    card = known.card
    if known.copies < card.copies:
        raise Refused(
            "annulled_in_part", "a part of the form is annulled and paid back already; annul the rest", "abonement"
        )
    if day > card.day and day >= first_day(card.first_month):
        raise Refused(
            "delivery_began", f"delivery has begun with {card.first_month}; annul the subscription instead", "abonement"
        )
    return SubscriptionReversed(
        consumer_id=card.consumer_id,
        abonement=card.abonement,
        facility=card.facility,
        index=card.index,
        months=card.months,
        copies=card.copies,
        amount=card.amount,
        payment=card.payment,
        seller=card.seller,
        worker=card.worker,
        reversed_by=wish.worker,
        form_day=card.day,
        ground=wish.ground,
    )


def evolve(known: Subscription, event: object) -> Subscription:
    """The subscription after an event of its own."""
    match event:
        case SubscriptionAnnulled():
            return replace(known, copies=event.copies_left)
        case SubscriptionRedirected():
            moved: dict[str, object] = {
                "place": event.place,
                "sorting_point": event.sorting_point,
                "carrier": event.carrier,
                "zone": event.zone or known.card.zone,
            }
            places = known.places or (("", known.card.place),)
            return replace(
                known,
                card=known.card.model_copy(update=moved),
                places=(*places, (event.from_month, event.place)),
            )
        case SubscriptionReversed():
            return replace(known, reversed=True)
        case _:
            return known


def _stands(known: Subscription) -> None:
    if known.reversed:
        raise Refused(
            "taken_back", "the form was taken back as wrongly entered; nothing is left to change", "abonement"
        )
    if not known.copies:
        raise Refused("annulled_already", "all copies are annulled already; nothing is left to change", "abonement")
