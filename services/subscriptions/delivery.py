"""Delivery lists: what goes where in a month (DOMAIN.md §6).

Card system: cards go to the sorters at the intermediate points, for further sorting by address. Address system: they go
straight to the carriers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from services.subscriptions.changes import card_of
from services.subscriptions.months import first_day, term
from shared.contracts.base import Event
from shared.contracts.subscriptions import (
    SubscriptionAccepted,
    SubscriptionAnnulled,
    SubscriptionRedirected,
    SubscriptionReversed,
)
from shared.contracts.values import Distribution


@dataclass(frozen=True, slots=True)
class Delivery:
    """One subscription's delivery in a month."""

    point: str
    """The intermediate point in the card system, the carrier in the address system."""
    distribution: Distribution
    index: str
    title: str
    abonement: str
    copies: int
    issues: int
    """How many issues come out in the month."""
    name: str
    address: str
    sorting_point: str
    carrier: str

    def at(self, *, address: str, sorting_point: str, carrier: str) -> Delivery:
        """The same delivery at another address."""
        card = self.distribution is Distribution.CARD
        return replace(
            self,
            point=sorting_point if card else carrier,
            address=address,
            sorting_point=sorting_point,
            carrier=carrier,
        )


def deliveries(month: str, forms: Iterable[SubscriptionAccepted], changes: Iterable[Event]) -> list[Delivery]:
    """What is delivered in a month, sorted by point, publication and address; forms' changes in their order."""
    changed: defaultdict[str, list[Event]] = defaultdict(list)
    for change in changes:
        match change:
            case SubscriptionAnnulled() | SubscriptionRedirected() | SubscriptionReversed():
                changed[change.abonement].append(change)
            case _:
                pass
    found: list[Delivery] = []
    for form in forms:
        delivery = _delivery(month, form)
        for change in changed[form.abonement or form.subscription_id] if delivery else ():
            delivery = _after(delivery, change, month)
        if delivery is not None:
            found.append(delivery)
    return sorted(found, key=lambda one: (one.distribution, one.point, one.index, one.address, one.abonement))


def _delivery(month: str, form: SubscriptionAccepted) -> Delivery | None:
    card = card_of(form, first_day(form.first_month))
    issues = dict(zip(term(form.first_month, form.months), card.issues, strict=True)).get(month, 0)
    if not issues:
        return None
    return Delivery(
        point=card.sorting_point if card.distribution is Distribution.CARD else card.carrier,
        distribution=card.distribution,
        index=form.index,
        title=form.title,
        abonement=card.abonement,
        copies=form.copies,
        issues=issues,
        name=form.name,
        address=form.address,
        sorting_point=card.sorting_point,
        carrier=card.carrier,
    )


def _after(delivery: Delivery | None, change: Event, month: str) -> Delivery | None:
    match change:
        case _ if delivery is None:
            return None
        case SubscriptionReversed():
            return None
        case SubscriptionAnnulled() if change.from_month <= month:
            left = delivery.copies - change.copies
            return replace(delivery, copies=left) if left else None
        case SubscriptionRedirected() if change.from_month <= month:
            return delivery.at(address=change.address, sorting_point=change.sorting_point, carrier=change.carrier)
        case _:
            return delivery
