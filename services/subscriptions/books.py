"""A facility's books: which days run, what is entered in them, and the last number given (DOMAIN.md §6).

All of a facility's days are one stream, so the store's version check makes gaps and doubles among its numbers
impossible. Of a certified day nothing is remembered but that it is certified.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date

from immutables import Map

from shared.contracts.subscriptions import (
    Booking,
    BooksCarriedForward,
    Counted,
    DayCertified,
    DayCounted,
    DayOpened,
    Difference,
    RefundBooked,
    SubscriptionAccepted,
)
from shared.contracts.values import Payment, Seller
from shared.deadlines import Calendar

Pile = tuple[str, int]
"""The delivery cards of a publication index and a term in months."""


@dataclass(frozen=True, slots=True)
class Day:
    """An operating day that runs: its protocol's totals, and what was last counted."""

    forms: int = 0
    reversed_forms: int = 0
    first_number: str | None = None
    last_number: str | None = None
    cash: int = 0
    invoiced: int = 0
    paid_back: int = 0
    piles: Map[Pile, int] = field(default_factory=Map[Pile, int])
    brought: Map[str, tuple[int, int]] = field(default_factory=Map[str, tuple[int, int]])
    """Of each postman and agent: the cash and the cards."""
    forms_known: Map[str, None] = field(default_factory=Map[str, None])
    cards_known: Map[str, None] = field(default_factory=Map[str, None])
    counted: DayCounted | None = None

    def with_form(self, form: SubscriptionAccepted) -> Day:
        """The day with one more form, and its delivery card."""
        known = self.cards_known
        day = replace(
            self._moved(form.payment, form.amount),
            forms=self.forms + 1,
            first_number=self.first_number or form.abonement,
            last_number=form.abonement,
            forms_known=self.forms_known.set(form.subscription_id, None),
            cards_known=known if form.card is None else known.set(form.card, None),
        )
        cash = form.amount if form.payment is Payment.CASH else 0
        brings = form.seller is not Seller.FACILITY
        return day._sorted((form.index, form.months), 1, form.worker, cash, brings=brings)

    def with_refund(self, booked: RefundBooked, *, own: bool) -> Day:
        """The day with a compensating line. `own`: the form taken back is this day's, and its card goes with it."""
        day = replace(self._moved(booked.payment, -booked.amount), paid_back=self.paid_back + booked.amount)
        if not own or booked.booking is not Booking.REVERSAL:
            return day
        cash = -booked.amount if booked.payment is Payment.CASH else 0
        day = replace(day, reversed_forms=self.reversed_forms + 1)
        return day._sorted(
            (booked.index, booked.months), -1, booked.worker, cash, brings=booked.seller is not Seller.FACILITY
        )

    def _moved(self, payment: Payment, amount: int) -> Day:
        if payment is Payment.CASH:
            return replace(self, cash=self.cash + amount)
        return replace(self, invoiced=self.invoiced + amount)

    def _sorted(self, pile: Pile, cards: int, worker: str, cash: int, *, brings: bool) -> Day:
        piles = self.piles.set(pile, self.piles.get(pile, 0) + cards)
        if not brings:
            return replace(self, piles=piles)
        brought_cash, brought_cards = self.brought.get(worker, (0, 0))
        brought = self.brought.set(worker, (brought_cash + cash, brought_cards + cards))
        return replace(self, piles=piles, brought=brought)

    def differences(self, counted: DayCounted) -> list[Difference]:
        """Every line in which a count differs from the day's totals: money, then cards by index and term, then by
        who brought them.
        """
        lines = [
            Difference(what=Counted.CASH, expected=self.cash, found=counted.cash),
            Difference(what=Counted.INVOICED, expected=self.invoiced, found=counted.invoiced),
        ]
        found = {(pile.index, pile.months): pile.cards for pile in counted.cards}
        lines += [
            Difference(
                what=Counted.CARDS,
                index=index,
                months=months,
                expected=self.piles.get((index, months), 0),
                found=found.get((index, months), 0),
            )
            for index, months in sorted({*self.piles, *found})
        ]
        if counted.brought is not None:
            theirs = {one.worker: (one.cash, one.cards) for one in counted.brought}
            for worker in sorted({*self.brought, *theirs}):
                expected, other = self.brought.get(worker, (0, 0)), theirs.get(worker, (0, 0))
                for what, part in ((Counted.BROUGHT_CASH, 0), (Counted.BROUGHT_CARDS, 1)):
                    lines.append(Difference(what=what, worker=worker, expected=expected[part], found=other[part]))
        return [line for line in lines if line.expected != line.found]


@dataclass(frozen=True, slots=True)
class Books:
    """A facility's days that run, and up to which day all are certified."""

    days: Map[date, Day] = field(default_factory=Map[date, Day])
    certified_until: date | None = None
    last_numbers: Map[int, int] = field(default_factory=Map[int, int])
    """Of the forms numbered in each year."""

    def operating_day(self, on: date, calendar: Calendar) -> date:
        """The day that what happened `on` is entered in: that day; where it is certified, the next one that runs, or
        else the facility's next working day by its `calendar`.
        """
        certified = self.certified_until
        if certified is None or on > certified:
            return on
        running = [day for day in self.days if day > certified]
        return min(running, default=calendar.working_day_after(certified))

    def is_certified(self, day: date) -> bool:
        """Whether nothing more is entered in a day: it was certified, or a later one was."""
        return self.certified_until is not None and day <= self.certified_until

    def evolve(self, event: object) -> Books:
        """The books after an event of the facility."""
        match event:
            case SubscriptionAccepted(day=date() as on, abonement=str() as number):
                year, count = _year_and_count(number)
                day = self.days.get(on, Day()).with_form(event)
                return replace(self, days=self.days.set(on, day), last_numbers=self.last_numbers.set(year, count))
            case DayOpened(day=on):
                return replace(self, days=self.days.set(on, self.days.get(on, Day())))
            case RefundBooked(day=on):
                day = self.days.get(on, Day()).with_refund(event, own=event.form_day == on)
                return replace(self, days=self.days.set(on, day))
            case DayCounted(day=on):
                day = replace(self.days.get(on, Day()), counted=event)
                return replace(self, days=self.days.set(on, day))
            case DayCertified(day=on):
                days = self.days.delete(on) if on in self.days else self.days
                return replace(self, days=days, certified_until=on)
            case BooksCarriedForward():
                return Books(certified_until=event.day, last_numbers=Map({event.year: event.last_number}))
            case _:
                return self


def number_of(facility: str, year: int, count: int) -> str:
    """An abonement's number."""
    return f"{facility}.{year}.{count:06}"


def _year_and_count(number: str) -> tuple[int, int]:
    _, year, count = number.rsplit(".", 2)
    return int(year), int(count)
