"""The extended protocol of an operating day, made from the facility's history (DOMAIN.md §6): what was accepted in cash
and by invoice, what was paid back, the cards by index and term, what was counted, how it differs, and who signed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from services.subscriptions.books import Day
from shared.contracts.base import Event
from shared.contracts.subscriptions import (
    CardPile,
    DayCertified,
    DayCounted,
    DayOpened,
    Difference,
    RefundBooked,
    SubscriptionAccepted,
)
from shared.contracts.values import Payment, Seller


@dataclass(frozen=True, slots=True)
class SoldBy:
    """What one worker, postman or agent accepted."""

    seller: Seller
    worker: str
    forms: int = 0
    cash: int = 0
    invoiced: int = 0


@dataclass(frozen=True, slots=True)
class Paid:
    """The day's forms and money in one way of payment, in tiyn."""

    forms: int = 0
    accepted: int = 0
    paid_back: int = 0

    @property
    def balance(self) -> int:
        """What must be found when it is counted."""
        return self.accepted - self.paid_back


@dataclass(slots=True)
class Protocol:
    """The protocol as it stands: signed once `certified` is there."""

    facility: str
    day: date
    opened: DayOpened | None = None
    forms: list[SubscriptionAccepted] = field(default_factory=list[SubscriptionAccepted])
    refunds: list[RefundBooked] = field(default_factory=list[RefundBooked])
    counts: list[tuple[datetime, DayCounted]] = field(default_factory=list["tuple[datetime, DayCounted]"])
    """Each with its time; the last one counts."""
    certified: DayCertified | None = None
    certified_at: datetime | None = None
    totals: Day = field(default_factory=Day)

    @property
    def paid(self) -> dict[Payment, Paid]:
        """The totals in cash and by invoice."""
        found: dict[Payment, Paid] = {}
        for payment in Payment:
            forms = [one.amount for one in self.forms if one.payment is payment]
            refunds = [one.amount for one in self.refunds if one.payment is payment]
            found[payment] = Paid(len(forms), sum(forms), sum(refunds))
        return found

    @property
    def sold_by(self) -> list[SoldBy]:
        """By seller and worker, in their order."""
        found: dict[tuple[Seller, str], SoldBy] = {}
        for form in self.forms:
            one = found.get((form.seller, form.worker), SoldBy(form.seller, form.worker))
            cash = form.amount if form.payment is Payment.CASH else 0
            found[form.seller, form.worker] = SoldBy(
                one.seller, one.worker, one.forms + 1, one.cash + cash, one.invoiced + form.amount - cash
            )
        order = list(Seller)
        return sorted(found.values(), key=lambda one: (order.index(one.seller), one.worker))

    @property
    def cards(self) -> list[CardPile]:
        """The delivery cards sorted by publication index and term."""
        piles = sorted(self.totals.piles.items())
        return [CardPile(index=index, months=months, cards=cards) for (index, months), cards in piles if cards]

    @property
    def differences(self) -> list[Difference]:
        """In what the last count differs from the totals as they stand now."""
        return self.totals.differences(self.counts[-1][1]) if self.counts else []

    @property
    def reconciles(self) -> bool:
        """Whether the day is counted and nothing differs."""
        return bool(self.counts) and not self.differences


def protocol(facility: str, day: date, history: Iterable[tuple[Event, datetime]]) -> Protocol | None:
    """The protocol of one day from the facility's events with their times; None: it never ran."""
    found = Protocol(facility, day)
    touched = False
    for event, at in history:
        if getattr(event, "day", None) != day:
            continue
        touched = True
        match event:
            case DayOpened():
                found.opened = event
            case SubscriptionAccepted():
                found.forms.append(event)
                found.totals = found.totals.with_form(event)
            case RefundBooked():
                found.refunds.append(event)
                found.totals = found.totals.with_refund(event, own=event.form_day == day)
            case DayCounted():
                found.counts.append((at, event))
            case DayCertified():
                found.certified, found.certified_at = event, at
            case _:
                pass
    return found if touched else None
