"""A post office's fortnight, as the demonstration tells it (§6): days opened, counted, reconciled, certified; one that
does not reconcile at first, a form taken back, one that comes too late; and weeks later refunds and a redirection.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count

from deploy.demo.press import DEARER, DEARER_AFTER, DEARER_INDEX, PRICES, form, refund
from deploy.demo.steps import Tale
from deploy.demo.workdays import Workdays
from shared.contracts.subscriptions import (
    AcceptOrder,
    AcceptSubscription,
    AnnulSubscription,
    Brought,
    CardPile,
    CertifyDay,
    CountDay,
    OpenDay,
    OrderLine,
    RedirectSubscription,
    ReverseSubscription,
)
from shared.contracts.values import Payment, Seller, Zone

_MORNING, _EVENING = timedelta(hours=9), timedelta(hours=17, minutes=30)
_SHORT, _TAKEN_BACK, _ORDER, _LATE = 1, 2, 3, 6
"""The nth day: on which the count is short at first, a form is taken back, titles are ordered, a form comes late."""
_WEEKS_LATER = timedelta(days=22)
_LONG = 6
"""So many months are a long term: much of it is left weeks later."""
FORGETFUL = "po-rural-3"
"""Its refunds' day is certified only the next morning."""


@dataclass
class _Till:
    """What lies in a facility's till and card box on one day."""

    cash: int = 0
    invoiced: int = 0
    cards: Counter[tuple[str, int]] = field(default_factory=Counter[tuple[str, int]])
    brought: dict[str, list[int]] = field(default_factory=dict[str, list[int]])

    def put(self, one: AcceptSubscription, amount: int, cards: int = 1) -> None:
        if one.payment is Payment.CASH:
            self.cash += amount
        else:
            self.invoiced += amount
        self.cards[one.index, one.months] += cards
        if one.seller is not Seller.FACILITY:
            theirs = self.brought.setdefault(one.worker, [0, 0])
            theirs[0] += amount if one.payment is Payment.CASH else 0
            theirs[1] += cards


class _Facility:
    """Tells one facility's days in their order, and so knows the number that each form gets."""

    def __init__(self, tale: Tale, name: str, begins: datetime) -> None:
        self.tale = tale
        self.name = name
        self._begins = begins
        self._numbers: Counter[int] = Counter()
        self.tills: dict[date, _Till] = {}
        self.amounts: dict[str, int] = {}
        """Of each form, by its number."""

    @property
    def worker(self) -> str:
        return f"{self.name}-desk"

    def amount(self, one: AcceptSubscription, at: datetime) -> int:
        """By the price list, in tiyn."""
        dearer = one.index == DEARER_INDEX and at.date() >= (self._begins + DEARER_AFTER).date()
        city, rural = (DEARER if dearer else PRICES[one.index])[one.months]
        return (city if one.zone is Zone.CITY else rural) * 100 * one.copies

    def opens(self, at: datetime) -> None:
        """Unless a form that came too late opened the day already."""
        if at.date() not in self.tills:
            self.tills[at.date()] = _Till()
            self.tale.by_desk(at, OpenDay(facility=self.name, day=at.date(), worker=self.worker))

    def takes(self, one: AcceptSubscription, at: datetime, day: date | None = None) -> str:
        """Accept a form and say its number; `day`: the one it is entered in, where its own is certified."""
        self.tale.by_channel(at, one)
        return self._puts(one, at, day or at.date())

    def takes_order(self, at: datetime, first: AcceptSubscription) -> None:
        """Two more titles for the subscriber of a form."""
        whole = first.model_dump(exclude={"subscription_id", "index", "first_month", "months", "copies", "card"})
        lines = [
            OrderLine(index=index, first_month=first.first_month, months=months, copies=3)
            for index, months in (("75384", 6), ("64117", 12))
        ]
        self.tale.by_desk(at, AcceptOrder(**whole, lines=lines))
        for line in lines:
            self._puts(first.model_copy(update=dict(line)), at, at.date())

    def _puts(self, one: AcceptSubscription, at: datetime, day: date) -> str:
        self._numbers[day.year] += 1
        amount, number = self.amount(one, at), f"{self.name}.{day.year}.{self._numbers[day.year]:06}"
        self.tills.setdefault(day, _Till()).put(one, amount)
        self.amounts[number] = amount
        return number

    def count(self, day: date, *, short: int = 0) -> CountDay:
        """What is in the till; `short`: so much is still in somebody's pocket."""
        till = self.tills[day]
        return CountDay(
            facility=self.name,
            day=day,
            worker=self.worker,
            cash=till.cash - short,
            invoiced=till.invoiced,
            cards=[CardPile(index=i, months=m, cards=n) for (i, m), n in sorted(till.cards.items()) if n],
            brought=[Brought(worker=who, cash=cash, cards=n) for who, (cash, n) in sorted(till.brought.items())],
        )

    def certification(self, day: date) -> CertifyDay:
        return CertifyDay(facility=self.name, day=day, worker=self.worker, signature="С. Үлгиева, оператор")

    def closes(self, at: datetime, *, entered: datetime | None = None, day: date | None = None) -> None:
        """Count and certify a day (default: the same); `entered`: when that is told to the system, where later."""
        entered, day = entered or at, day or at.date()
        self.tale.entered_later(at, entered, self.count(day))
        self.tale.entered_later(at, entered, self.certification(day))


def fortnight(tale: Tale, facility: str, begins: datetime, workdays: Sequence[int], forms: int) -> None:
    """Accept so many forms on these days, certify the days, and see to what comes weeks later."""
    post, chance = _Facility(tale, facility, begins), tale.chance
    dealt = Counter(chance.pick(range(len(workdays))) for _ in range(forms))
    kept: list[tuple[str, AcceptSubscription]] = []
    ids = count(1)
    for nth, workday in enumerate(workdays):
        day = begins + timedelta(days=workday)
        post.opens(day + _MORNING)
        wanted = max(dealt[nth], int(nth in {_SHORT, _TAKEN_BACK, _ORDER}))
        for at in sorted(day + chance.minutes(9 * 60 + 5, 16 * 60) for _ in range(wanted)):
            one = form(chance, facility, at, f"{facility}-{next(ids)}")
            kept.append((post.takes(one, at), one))
        _evening(post, nth, day + _EVENING, kept)
    _weeks_later(post, begins + _WEEKS_LATER, kept)


def _evening(post: _Facility, nth: int, at: datetime, kept: list[tuple[str, AcceptSubscription]]) -> None:
    tale, day = post.tale, at.date()
    match nth:
        case nth if nth == _SHORT:
            tale.by_desk(at, post.count(day, short=10_000))
            tale.by_desk(at, post.certification(day), "does_not_reconcile")
        case nth if nth == _TAKEN_BACK:
            number, wrong = kept[-1]
            earlier = at - timedelta(minutes=30)
            tale.by_desk(earlier, ReverseSubscription(abonement=number, worker=post.worker, ground="wrong copies"))
            post.tills[day].put(wrong, -post.amount(wrong, at), cards=-1)
            kept.pop()
            # What is taken back is booked by a reaction: the day is counted when that is surely through.
            post.closes(at, entered=at + timedelta(hours=15))
            return
        case nth if nth == _ORDER:
            post.takes_order(at - timedelta(minutes=30), kept[-1][1])
        case _:
            pass
    post.closes(at)
    if nth == _LATE:
        late = at + timedelta(minutes=40)
        one = form(tale.chance, post.name, late, f"{post.name}-late")
        post.takes(one, late, Workdays(at.tzinfo).after(day))


def _weeks_later(post: _Facility, day: datetime, kept: list[tuple[str, AcceptSubscription]]) -> None:
    """A form is annulled whole, another one goes to a new address."""
    tale, at = post.tale, day + timedelta(hours=11)
    long_ones = [(number, one) for number, one in kept if one.months >= _LONG]
    if not long_ones:
        return
    number, one = long_ones[0]
    till = post.tills[day.date()] = _Till()
    tale.by_desk(at, AnnulSubscription(abonement=number, worker=post.worker, reason="moves abroad"))
    till.put(one, -refund(one, post.amounts[number], at), cards=0)
    till.brought.clear()
    moving, theirs = long_ones[-1]
    if moving != number:
        redirection = RedirectSubscription(
            abonement=moving,
            index=theirs.index,
            worker=post.worker,
            address="Жаңа көше, 7",
            place="sample-village",
            zone=theirs.zone,
        )
        tale.by_desk(at + timedelta(minutes=5), redirection)
    evening, morning = day + _EVENING, day + timedelta(days=1, hours=9)
    if post.name == FORGETFUL:
        post.closes(morning, day=at.date())
    else:
        post.closes(evening, entered=morning)
