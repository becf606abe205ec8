"""The operating day: opened, counted, reconciled, certified by signature (DOMAIN.md §6).

A day that does not reconcile can't be certified, and every difference is shown. Nothing is entered into a certified
day: what comes late goes into the next. What was entered wrongly is put right by compensating lines only.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta, tzinfo

from services.subscriptions.books import Books, Day
from shared.contracts.base import Event
from shared.contracts.subscriptions import (
    Booking,
    BooksCarriedForward,
    CardPile,
    CertifyDay,
    CountDay,
    Counted,
    DayCertified,
    DayCounted,
    DayOpened,
    Difference,
    OpenDay,
    RefundBooked,
    SubscriptionAnnulled,
    SubscriptionReversed,
)
from shared.deadlines import Calendar
from shared.decider import Refused


def day_id(facility: str, day: date) -> str:
    """An operating day as a case: `po-1.2026-10-05`."""
    return f"{facility}.{day}"


def open_day(books: Books, opening: OpenDay, today: date, zone: tzinfo) -> DayOpened:
    """A facility opens a day once, not before it comes, and never one that is certified."""
    if opening.day > today:
        raise Refused("in_the_future", f"{opening.day} has not come yet; open it on that day", "day")
    _not_certified(books, opening.facility, opening.day)
    if opening.day in books.days:
        raise Refused(
            "day_open_already",
            f"{opening.facility} has opened {opening.day} already, or its first form did; go on entering forms",
            "day",
        )
    return opened(opening.facility, opening.day, opening.worker, zone)


def opened(facility: str, day: date, worker: str, zone: tzinfo) -> DayOpened:
    """A day begins; it is to be certified by its end."""
    ends = datetime.combine(day + timedelta(days=1), time(), zone)
    return DayOpened(case_id=day_id(facility, day), facility=facility, day=day, worker=worker, due_at=ends)


def count_day(books: Books, count: CountDay) -> DayCounted:
    """The money and the cards are counted, as often as it takes; each count says every line that differs."""
    day = _running(books, count.facility, count.day)
    for piles, what, field in (
        ([f"{pile.index} for {pile.months} months" for pile in count.cards], "cards of", "cards"),
        ([one.worker for one in count.brought or ()], "what was brought by", "brought"),
    ):
        for name in piles:
            if piles.count(name) > 1:
                raise Refused("counted_twice", f"{what} {name} stand twice; add them up", field)
    counted = DayCounted(case_id=day_id(count.facility, count.day), **dict(count), differences=[])
    return counted.model_copy(update={"differences": day.differences(counted)})


def certify(books: Books, signing: CertifyDay, today: date) -> list[Event]:
    """The worker signs a protocol that agrees with what was counted, line by line; days are certified in order, and
    none before it comes.
    """
    if signing.day > today:
        raise Refused("in_the_future", f"{signing.day} has not come yet; certify it at its end", "day")
    day = _running(books, signing.facility, signing.day)
    earlier = min(books.days)
    if earlier < signing.day:
        raise Refused(
            "earlier_day_open", f"{earlier} is not certified yet; certify {signing.facility}'s days in order", "day"
        )
    if day.counted is None:
        raise Refused(
            "not_counted", "neither the money nor the cards of the day are counted; count them (CountDay)", "day"
        )
    differences = day.differences(day.counted)
    if differences:
        lines = "; ".join(said(line) for line in differences)
        raise Refused(
            "does_not_reconcile",
            f"{len(differences)} lines differ: {lines}. Enter what is missing, take back what is wrong "
            "(ReverseSubscription), or count again",
            "day",
        )
    certified = DayCertified(
        case_id=day_id(signing.facility, signing.day),
        facility=signing.facility,
        day=signing.day,
        worker=signing.worker,
        signature=signing.signature,
        forms=day.forms,
        reversed_forms=day.reversed_forms,
        first_number=day.first_number,
        last_number=day.last_number,
        cash=day.cash,
        invoiced=day.invoiced,
        paid_back=day.paid_back,
        cards=[CardPile(index=i, months=m, cards=cards) for (i, m), cards in sorted(day.piles.items()) if cards],
    )
    if len(books.days) > 1:
        return [certified]
    # No other day runs: whoever reads the books later begins here.
    year = signing.day.year
    carried = BooksCarriedForward(
        case_id=certified.case_id,
        facility=signing.facility,
        day=signing.day,
        year=year,
        last_number=books.last_numbers.get(year, 0),
    )
    return [certified, carried]


def said(line: Difference) -> str:
    """A difference in words: what, and how much too much or too little was found."""
    by = line.found - line.expected
    match line.what:
        case Counted.CARDS:
            what, size = f"cards of {line.index} for {line.months} months", f"{abs(by)}"
        case Counted.BROUGHT_CARDS:
            what, size = f"cards brought by {line.worker}", f"{abs(by)}"
        case Counted.BROUGHT_CASH:
            what, size = f"cash brought by {line.worker}", f"{abs(by)} tiyn"
        case _:
            what, size = str(line.what), f"{abs(by)} tiyn"
    return f"{what}: protocol {line.expected}, counted {line.found}, {size} {'too much' if by > 0 else 'too little'}"


# ── what other streams of this service bring into the day ────────────────────────────────────────────────────


def book(
    books: Books, change: SubscriptionAnnulled | SubscriptionReversed, on: date, calendar: Calendar
) -> Sequence[Event]:
    """A refund, or a wrong form taken back, is a compensating line: of the form's own day where that still runs and the
    form is wrong, else of the day on which it is paid back.
    """
    if isinstance(change, SubscriptionReversed):
        own = change.form_day in books.days
        day = change.form_day if own else books.operating_day(on, calendar)
        booking, amount, who = Booking.REVERSAL, change.amount, change.reversed_by
    else:
        day = books.operating_day(on, calendar)
        booking, amount, who = Booking.ANNULMENT, change.refund, change.annulled_by
    booked = RefundBooked(
        abonement=change.abonement,
        facility=change.facility,
        day=day,
        booking=booking,
        amount=amount,
        payment=change.payment,
        index=change.index,
        months=change.months,
        seller=change.seller,
        worker=change.worker,
        form_day=change.form_day,
    )
    return [booked] if day in books.days else [opened(change.facility, day, who, calendar.zone), booked]


def _running(books: Books, facility: str, day: date) -> Day:
    _not_certified(books, facility, day)
    if day not in books.days:
        raise Refused("day_not_open", f"{facility} has not opened {day}; open it, or check the date", "day", early=True)
    return books.days[day]


def _not_certified(books: Books, facility: str, day: date) -> None:
    if books.is_certified(day):
        raise Refused(
            "day_certified",
            f"{facility} has certified its days until {books.certified_until}, and nothing more is entered there; "
            "enter it in the next day",
            "day",
        )
