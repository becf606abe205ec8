"""Operating days of two facilities, whatever is submitted in whatever order: money and cards always reconcile, or the
difference is shown exactly; numbers have no gap; nothing enters a certified day.
"""

from __future__ import annotations

import contextlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from shared.contracts.base import Event
from shared.contracts.subscriptions import (
    AcceptOrder,
    AcceptSubscription,
    AnnounceCampaign,
    AnnulSubscription,
    Booking,
    Brought,
    CardPile,
    CertifyDay,
    CountDay,
    Counted,
    DayCertified,
    DayCounted,
    DayOpened,
    OpenDay,
    OrderLine,
    RedirectSubscription,
    RefundBooked,
    ReverseSubscription,
    SubscriptionAccepted,
    SubscriptionAnnulled,
    SubscriptionReversed,
)
from shared.contracts.values import Payment, Seller, Zone
from shared.decider import Refused

from .given_when_then import at
from .press_world import ALWAYS, MADE_UP, TENGE, PressWorld, entry, form

FACILITIES = st.sampled_from(["post-1", "post-2"])
BEGIN = at("2026-10-05 09:00")
TITLES = st.sampled_from([("75384", 2), ("75384", 6), ("10001", 1), ("10001", 12)])
WORKERS = {Seller.FACILITY: "counter-1", Seller.POSTMAN: "postman-3", Seller.AGENT: "agent-2"}


@dataclass
class Account:
    """A day reckoned from the log alone, without the rules' own state."""

    cash: int = 0
    invoiced: int = 0
    piles: Counter[tuple[str, int]] = field(default_factory=Counter[tuple[str, int]])
    brought: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict[str, list[int]](lambda: [0, 0]))
    certified: bool = False

    def take(self, payment: Payment, amount: int) -> None:
        if payment is Payment.CASH:
            self.cash += amount
        else:
            self.invoiced += amount

    def move_card(self, one: SubscriptionAccepted | RefundBooked, cards: int) -> None:
        self.piles[one.index, one.months] += cards
        if one.seller is not Seller.FACILITY:
            self.brought[one.worker][0] += cards * one.amount if one.payment is Payment.CASH else 0
            self.brought[one.worker][1] += cards

    def count(self, facility: str, day: date) -> CountDay:
        """What an honest worker finds."""
        return CountDay(
            facility=facility,
            day=day,
            worker="counter-1",
            cash=self.cash,
            invoiced=self.invoiced,
            cards=[CardPile(index=i, months=m, cards=n) for (i, m), n in self.piles.items()],
            brought=[Brought(worker=who, cash=cash, cards=n) for who, (cash, n) in self.brought.items()],
        )


class OperatingDays(RuleBasedStateMachine):
    """Everybody submits what they like, late, twice and in any order; reactions wait until they are delivered."""

    forms: Bundle[tuple[str, str]] = Bundle("forms")
    """Numbers with their publications."""

    def __init__(self) -> None:
        super().__init__()
        self.world = PressWorld(BEGIN)
        self.sent = 0
        self.read = 0
        self.accounts: dict[tuple[str, date], Account] = {}
        for index in MADE_UP:
            self.world.submit(entry(index), f"entry {index}")
        self.world.submit(AnnounceCampaign(**ALWAYS.model_dump(exclude={"consumer_id"})), "campaign")

    def submit(self, message: Any, days_ago: int = 0, *, again: bool = False) -> tuple[Event, ...]:
        """What comes of a message; a refusal is somebody's bad luck. Sent `again`, nothing new comes of it."""
        self.sent += 1
        message_id = f"m{self.sent}"
        with contextlib.suppress(Refused):
            events = tuple(self.world.submit(message, message_id, self.world.now - timedelta(days=days_ago)))
            if again:
                before = len(self.world.log)
                assert tuple(self.world.submit(message, message_id)) == events
                assert len(self.world.log) == before
            return events
        return ()

    def settle(self, wanted: bool) -> None:
        if wanted:
            self.world.settle()

    # ── what happens at the counters ─────────────────────────────────────────────────────────────────────────

    @rule(
        target=forms,
        facility=FACILITIES,
        title=TITLES,
        copies=st.integers(1, 3),
        zone=st.sampled_from(Zone),
        payment=st.sampled_from(Payment),
        seller=st.sampled_from(Seller),
        card=st.sampled_from([None, "D-1", "D-2", "D-3"]),
        named=st.booleans(),
        days_ago=st.sampled_from([0, 0, 0, 1, 2]),
        again=st.booleans(),
    )
    def a_form_is_accepted(
        self,
        facility: str,
        title: tuple[str, int],
        copies: int,
        zone: Zone,
        payment: Payment,
        seller: Seller,
        card: str | None,
        named: bool,
        days_ago: int,
        again: bool,
    ) -> Any:
        """`named`: under an id of the sender's own."""
        index, months = title
        wanted = form(
            months,
            zone,
            subscription_id=f"S{self.sent}" if named else None,
            index=index,
            copies=copies,
            facility=facility,
            payment=payment,
            seller=seller,
            worker=WORKERS[seller],
            card=card,
            first_month="2027-01",
        )
        events = self.submit(wanted, days_ago, again=again)
        for event in events:
            if isinstance(event, SubscriptionAccepted):
                tenge = MADE_UP[index][2][months][zone is Zone.RURAL]
                assert (event.price, event.amount) == (tenge * TENGE, tenge * TENGE * copies)
        return multiple(*(_number(event) for event in events if isinstance(event, SubscriptionAccepted)))

    @rule(
        target=forms,
        facility=FACILITIES,
        titles=st.lists(TITLES, min_size=1, max_size=3),
        known=st.booleans(),
        card=st.sampled_from([None, "D-1", "D-2", "D-3"]),
    )
    def several_titles_are_ordered(
        self, facility: str, titles: list[tuple[str, int]], known: bool, card: str | None
    ) -> Any:
        """At the counter, or brought by the postman with a card for the first title."""
        lines = [OrderLine(index=i, first_month="2027-01", months=m, copies=1) for i, m in titles]
        lines[0] = lines[0].model_copy(update={"card": card})
        if not known:
            lines.append(OrderLine(index="99999", first_month="2027-01", months=1, copies=1))
        seller = Seller.POSTMAN if card else Seller.FACILITY
        one = form(facility=facility, seller=seller, worker=WORKERS[seller])
        whole = one.model_dump(exclude=set(AcceptSubscription.model_fields) - set(AcceptOrder.model_fields))
        events = self.submit(AcceptOrder(**whole, lines=lines))
        accepted = [event for event in events if isinstance(event, SubscriptionAccepted)]
        assert len(accepted) in ({0, len(titles)} if known else {0}), "all or none"
        return multiple(*map(_number, accepted))

    @rule(
        known=forms,
        facility=st.none() | FACILITIES,
        copies=st.none() | st.integers(1, 3),
        again=st.booleans(),
        later=st.booleans(),
    )
    def one_is_annulled(
        self, known: tuple[str, str], facility: str | None, copies: int | None, again: bool, later: bool
    ) -> None:
        """`later`: once all that is under way has arrived; so are the next two."""
        self.settle(later)
        self.submit(
            AnnulSubscription(abonement=known[0], worker="counter-1", facility=facility, copies=copies), again=again
        )

    @rule(known=forms, days_ago=st.sampled_from([0, 0, 1]), again=st.booleans(), later=st.booleans())
    def one_is_taken_back(self, known: tuple[str, str], days_ago: int, again: bool, later: bool) -> None:
        self.settle(later)
        self.submit(ReverseSubscription(abonement=known[0], worker="counter-1", ground="slip"), days_ago, again=again)

    @rule(known=forms)
    def one_is_redirected(self, known: tuple[str, str]) -> None:
        number, index = known
        self.submit(
            RedirectSubscription(abonement=number, index=index, worker="counter-1", address="Абай 5", zone=Zone.CITY)
        )

    @rule(facility=FACILITIES, days_ago=st.integers(-1, 2))
    def a_day_is_opened(self, facility: str, days_ago: int) -> None:
        day = self.world.now.date() - timedelta(days=days_ago)
        self.submit(OpenDay(facility=facility, day=day, worker="counter-1"))

    @rule(
        which=st.sampled_from([0, 0, 0, 1, 2, 3]),
        cash=st.sampled_from([0, 0, 0, 0, 1, -62_900]),
        cards=st.sampled_from([0, 0, 0, 0, 1]),
        later=st.booleans(),
    )
    def a_day_is_counted(self, which: int, cash: int, cards: int, later: bool) -> None:
        """Honestly, or with something too much or too little."""
        self.settle(later)
        self.note()
        facility, day = self.a_day(which)
        honest = self.accounts.get((facility, day), Account()).count(facility, day)
        count = honest.model_copy(update={"cash": honest.cash + cash})
        if cards and honest.cards:
            first = honest.cards[0]
            more = [first.model_copy(update={"cards": first.cards + cards}), *honest.cards[1:]]
            count = count.model_copy(update={"cards": more})
        self.submit(count)

    @rule(which=st.sampled_from([0, 0, 0, 1, 2, 3]), counted=st.booleans(), later=st.booleans())
    def a_day_is_certified(self, which: int, counted: bool, later: bool) -> None:
        """`counted`: honestly, just now."""
        if counted:
            self.a_day_is_counted(which, 0, 0, later)
        facility, day = self.a_day(which)
        self.submit(CertifyDay(facility=facility, day=day, worker="counter-1", signature="Ә."))

    def a_day(self, which: int) -> tuple[str, date]:
        """One of the days that run, mostly; else one that may be certified, or never was."""
        running = sorted(key for key, account in self.accounts.items() if not account.certified)
        return running[which] if which < len(running) else ("post-1", self.world.now.date() - timedelta(days=which))

    @rule(hours=st.sampled_from([1, 5, 24, 24, 24 * 40]))
    def time_passes(self, hours: int) -> None:
        self.world.now += timedelta(hours=hours)

    @rule(data=st.data(), again=st.booleans())
    def a_reaction_arrives(self, data: st.DataObject, again: bool) -> None:
        if self.world.under_way:
            self.world.deliver(data.draw(st.integers(0, len(self.world.under_way) - 1)), again=again)

    # ── what holds at any moment ─────────────────────────────────────────────────────────────────────────────

    @invariant()
    def note(self) -> None:
        """Reckon what is new in the log, and hold each event against it."""
        for _, event in self.world.log[self.read :]:
            match event:
                case SubscriptionAccepted(day=date() as day):
                    account = self._running(event.facility, day)
                    account.take(event.payment, event.amount)
                    account.move_card(event, 1)
                case RefundBooked():
                    account = self._running(event.facility, event.day)
                    account.take(event.payment, -event.amount)
                    if event.booking is Booking.REVERSAL and event.form_day == event.day:
                        account.move_card(event, -1)
                case DayOpened():
                    assert (event.facility, event.day) not in self.accounts, "opened twice"
                    self.accounts[event.facility, event.day] = Account()
                case DayCounted():
                    self._shows_exactly(event, self._running(event.facility, event.day))
                case DayCertified():
                    account = self._running(event.facility, event.day)
                    assert (event.cash, event.invoiced) == (account.cash, account.invoiced)
                    assert {(p.index, p.months): p.cards for p in event.cards} == dict(+account.piles)
                    account.certified = True
                case _:
                    pass
        self.read = len(self.world.log)

    def _running(self, facility: str, day: date) -> Account:
        account = self.accounts[facility, day]
        assert not account.certified, f"something entered {facility}'s certified {day}"
        return account

    def _shows_exactly(self, event: DayCounted, account: Account) -> None:
        shown = {
            (line.what, line.index, line.months, line.worker): (line.expected, line.found) for line in event.differences
        }
        lines: dict[Any, tuple[int, int]] = {
            (Counted.CASH, None, None, None): (account.cash, event.cash),
            (Counted.INVOICED, None, None, None): (account.invoiced, event.invoiced),
        }
        found = Counter({(pile.index, pile.months): pile.cards for pile in event.cards})
        for pile in {*found, *account.piles}:
            lines[Counted.CARDS, *pile, None] = (account.piles[pile], found[pile])
        assert event.brought is not None
        theirs = {one.worker: one for one in event.brought}
        for worker, (cash, cards) in account.brought.items():
            lines[Counted.BROUGHT_CASH, None, None, worker] = (cash, theirs[worker].cash)
            lines[Counted.BROUGHT_CARDS, None, None, worker] = (cards, theirs[worker].cards)
        assert shown == {line: (expected, one) for line, (expected, one) in lines.items() if expected != one}

    @invariant()
    def numbers_have_no_gap(self) -> None:
        given: defaultdict[str, list[int]] = defaultdict(list)
        for _, event in self.world.log:
            if isinstance(event, SubscriptionAccepted) and event.abonement:
                book, _, number = event.abonement.rpartition(".")
                given[book].append(int(number))
        for book, numbers in given.items():
            assert numbers == list(range(1, len(numbers) + 1)), book

    @invariant()
    def a_card_is_entered_once(self) -> None:
        cards = [
            (event.facility, event.card)
            for _, event in self.world.log
            if isinstance(event, SubscriptionAccepted) and event.card is not None
        ]
        assert len(cards) == len(set(cards))

    @invariant()
    def nobody_gets_back_more_than_was_paid(self) -> None:
        paid: Counter[str] = Counter()
        for _, event in self.world.log:
            match event:
                case SubscriptionAccepted(abonement=str() as number):
                    paid[number] += event.amount
                case SubscriptionAnnulled():
                    paid[event.abonement] -= event.refund
                case SubscriptionReversed():
                    paid[event.abonement] -= event.amount
                case _:
                    pass
        assert not -paid

    def teardown(self) -> None:
        """Once all is delivered: every change is booked once, and an honest count lets every day be certified."""
        self.world.settle()
        self.note()
        log = [event for _, event in self.world.log]
        changes = [(e.abonement, e.refund) for e in log if isinstance(e, SubscriptionAnnulled)]
        changes += [(e.abonement, e.amount) for e in log if isinstance(e, SubscriptionReversed)]
        booked = [(e.abonement, e.amount) for e in log if isinstance(e, RefundBooked)]
        assert Counter(changes) == Counter(booked)
        self.world.now += timedelta(days=14)
        for (facility, day), account in sorted(self.accounts.items(), key=lambda one: one[0]):
            if not account.certified:
                self.world.submit(account.count(facility, day), f"last count {facility} {day}")
                signing = CertifyDay(facility=facility, day=day, worker="counter-1", signature="Ә.")
                self.world.submit(signing, f"last signature {facility} {day}")
        self.note()
        assert all(account.certified for account in self.accounts.values())
        kept = sum(account.cash + account.invoiced for account in self.accounts.values())
        taken = sum(event.amount for event in log if isinstance(event, SubscriptionAccepted))
        assert kept == taken - sum(amount for _, amount in booked)


def _number(event: SubscriptionAccepted) -> tuple[str, str]:
    assert event.abonement is not None
    return event.abonement, event.index


OperatingDays.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestOperatingDays = OperatingDays.TestCase
