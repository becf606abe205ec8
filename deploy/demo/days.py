"""The account's operating days: what each facility's protocols must say, reckoned from the script alone (§6)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from deploy.demo.press import DEARER, DEARER_AFTER, DEARER_INDEX, PRICES, refund
from deploy.demo.steps import Step
from deploy.demo.times import Timed
from deploy.demo.workdays import Workdays
from shared.contracts.subscriptions import (
    AcceptOrder,
    AcceptSubscription,
    AnnulSubscription,
    CertifyDay,
    OpenDay,
    ReverseSubscription,
)
from shared.contracts.values import Payment, Zone

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Protocol:
    """A certified day: forms, forms taken back, money in tiyn, and cards by index and term."""

    forms: int
    reversed_forms: int
    cash: int
    invoiced: int
    paid_back: int
    cards: dict[str, int]


@dataclass(slots=True)
class _Day:
    opened_at: datetime
    forms: int = 0
    reversed_forms: int = 0
    cash: int = 0
    invoiced: int = 0
    paid_back: int = 0
    cards: Counter[str] = field(default_factory=Counter[str])

    def move(self, payment: Payment, amount: int) -> None:
        if payment is Payment.CASH:
            self.cash += amount
        else:
            self.invoiced += amount

    def protocol(self) -> Protocol:
        cards = {name: count for name, count in self.cards.items() if count}
        return Protocol(self.forms, self.reversed_forms, self.cash, self.invoiced, self.paid_back, cards)


@dataclass(slots=True)
class Days:
    """What came of all facilities' days."""

    protocols: dict[str, Protocol] = field(default_factory=dict[str, Protocol])
    """By facility and day."""
    numbers: dict[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    """By facility and year: how many numbers were given, and the last of them."""
    sold: dict[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    """Forms and their sum in tiyn, by publication index."""
    clocks: list[Timed] = field(default_factory=list[Timed])
    events: Counter[str] = field(default_factory=Counter[str])
    """Opened days and books carried forward, which no step says by itself."""


def reckon_days(threads: Iterable[Sequence[Step]], begins: datetime) -> Days:
    """The account of the accepted steps of some threads, each in its order."""
    days, sold = Days(), defaultdict[str, list[int]](list)
    for steps in threads:
        facility = _Facility(begins, days, sold)
        for step in steps:
            facility.take(step)
        facility.end()
    days.sold = {index: (len(sums), sum(sums)) for index, sums in sold.items()}
    return days


class _Facility:
    def __init__(self, begins: datetime, days: Days, sold: dict[str, list[int]]) -> None:
        self._begins = begins
        self._workdays = Workdays(begins.tzinfo)
        self._days = days
        self._sold = sold
        self._open: dict[date, _Day] = {}
        self._certified: date | None = None
        self._forms: dict[str, tuple[AcceptSubscription, int, date]] = {}
        self._name = ""
        self._count: Counter[int] = Counter()

    def take(self, step: Step) -> None:
        at, today = step.at, step.at.date()
        match step.command:
            case OpenDay(facility=name):
                self._name = name
                self._day(today, at)
            case AcceptSubscription() as form:
                self._accept(form, at)
            case AcceptOrder(lines=lines) as order:
                whole = dict(order) | {"lines": None}
                whole.pop("lines")
                for line in lines:
                    self._accept(AcceptSubscription(**whole, **dict(line)), at)
            case ReverseSubscription(abonement=number):
                form, amount, of = self._forms[number]
                day = self._pay_back(form, amount, of if of in self._open else today, at)
                day.reversed_forms += 1
                day.cards[_pile(form)] -= 1
            case AnnulSubscription(abonement=number):
                form, amount, _ = self._forms[number]
                self._pay_back(form, refund(form, amount, at), today, at)
            case CertifyDay(day=of):
                day = self._open.pop(of)
                self._days.protocols[f"{self._name}.{of}"] = day.protocol()
                self._certified = of
                self._clock(day.opened_at, of, at)
                self._days.events["BooksCarriedForward"] += not self._open
            case _:
                pass

    def end(self) -> None:
        """Days that nobody certified still run."""
        for of, day in self._open.items():
            self._clock(day.opened_at, of, None)
        for year, count in self._count.items():
            self._days.numbers[f"{self._name}.{year}"] = (count, count)

    def _accept(self, form: AcceptSubscription, at: datetime) -> None:
        self._name = form.facility
        today = at.date()
        of = today if self._certified is None or today > self._certified else self._workdays.after(self._certified)
        dearer = form.index == DEARER_INDEX and today >= (self._begins + DEARER_AFTER).date()
        city, rural = (DEARER if dearer else PRICES[form.index])[form.months]
        amount = (city if form.zone is Zone.CITY else rural) * 100 * form.copies
        day = self._day(of, at)
        day.forms += 1
        day.move(form.payment, amount)
        day.cards[_pile(form)] += 1
        self._sold[form.index].append(amount)
        self._count[of.year] += 1
        self._forms[f"{form.facility}.{of.year}.{self._count[of.year]:06}"] = (form, amount, of)

    def _pay_back(self, form: AcceptSubscription, amount: int, of: date, at: datetime) -> _Day:
        day = self._day(of, at)
        day.move(form.payment, -amount)
        day.paid_back += amount
        return day

    def _day(self, of: date, at: datetime) -> _Day:
        if of not in self._open:
            self._open[of] = _Day(at)
            self._days.events["DayOpened"] += 1
        return self._open[of]

    def _clock(self, opened_at: datetime, of: date, done: datetime | None) -> None:
        zone: tzinfo | None = opened_at.tzinfo
        ends = datetime(of.year, of.month, of.day, tzinfo=zone) + _ONE_DAY
        done = None if done is None else done.astimezone(UTC)
        clock = Timed("day_certified", None, opened_at.astimezone(UTC), ends.astimezone(UTC), None, done)
        self._days.clocks.append(clock)


def _pile(form: AcceptSubscription) -> str:
    return f"{form.index}/{form.months}"


def protocol_of(said: dict[str, Any]) -> Protocol:
    """What the system's event of a certified day says, in the account's words."""
    return Protocol(
        said["forms"],
        said["reversed_forms"],
        said["cash"],
        said["invoiced"],
        said["paid_back"],
        {f"{pile['index']}/{pile['months']}": pile["cards"] for pile in said["cards"]},
    )
