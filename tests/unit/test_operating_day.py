"""The operating day: opened, counted, reconciled line by line, certified by signature (DOMAIN.md §6)."""

from __future__ import annotations

from datetime import date, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.subscriptions.domain import DECIDER, decider
from shared.contracts.base import Event
from shared.contracts.subscriptions import (
    AcceptOrder,
    Booking,
    BooksCarriedForward,
    Brought,
    CardPile,
    CertifyDay,
    CountDay,
    Counted,
    DayCertified,
    DayCounted,
    DayOpened,
    Difference,
    OpenDay,
    OrderLine,
    RefundBooked,
    SubscriptionAccepted,
)
from shared.contracts.values import Payment, Seller
from shared.deadlines import Calendar, Calendars, Hours, Interval
from shared.decider import Decider
from shared.roles import MAY

from .given_when_then import at, given, refused
from .press_world import OCTOBER, accepted, form, on_sale, opened, published
from .test_subscription_changes import annulled, taken_back

DAY = date(2026, 10, 5)
EVENING = at("2026-10-05 18:00")
WORKED: Hours = (Interval(time(9), time(18)),)
HERE = on_sale(published())

BY_POSTMAN = accepted(1)
AT_COUNTER = accepted(
    2, seller=Seller.FACILITY, worker="counter-1", payment=Payment.INVOICE, copies=3, amount=3 * 188_700
)
SHORT_TERM = accepted(3, seller=Seller.FACILITY, worker="counter-1", months=2, amount=62_900, issues=[0, 1])
A_DAY: tuple[Event, ...] = (opened(), BY_POSTMAN, AT_COUNTER, SHORT_TERM)
RIGHT: dict[str, Any] = {
    "cash": 188_700 + 62_900,
    "invoiced": 3 * 188_700,
    "cards": [CardPile(index="75384", months=2, cards=1), CardPile(index="75384", months=6, cards=2)],
    "brought": [Brought(worker="postman-3", cash=188_700, cards=1)],
}


def day(*happened: Event) -> given:
    return given(DECIDER, happened, HERE)


def count(**facts: Any) -> CountDay:
    return CountDay(facility="post-1", worker="counter-1", **{"day": DAY} | RIGHT | facts)


def counted(*differences: Difference, **facts: Any) -> DayCounted:
    return DayCounted(case_id="post-1.2026-10-05", **count(**facts).model_dump(), differences=list(differences))


def certify(on: date = DAY) -> CertifyDay:
    return CertifyDay(facility="post-1", day=on, worker="counter-1", signature="А. Әлиева, оператор")


CERTIFIED = DayCertified(
    case_id="post-1.2026-10-05",
    facility="post-1",
    day=DAY,
    worker="counter-1",
    signature="А. Әлиева, оператор",
    forms=3,
    reversed_forms=0,
    first_number="post-1.2026.000001",
    last_number="post-1.2026.000003",
    cash=251_600,
    invoiced=566_100,
    paid_back=0,
    cards=RIGHT["cards"],
)
CARRIED = BooksCarriedForward(case_id="post-1.2026-10-05", facility="post-1", day=DAY, year=2026, last_number=3)


# ── opening ──────────────────────────────────────────────────────────────────────────────────────────────────


def open_day(on: date = DAY) -> OpenDay:
    return OpenDay(facility="post-1", day=on, worker="counter-1")


def test_a_day_is_opened_once_and_is_to_be_certified_by_its_end() -> None:
    day().when(open_day(), at=OCTOBER).then(opened(worker="counter-1"))
    day(opened()).when(open_day(), at=OCTOBER).then(refused("day_open_already", "day"))
    assert opened().due_at == at("2026-10-06 00:00")
    assert DECIDER.case_of(opened()) == "post-1.2026-10-05"


def test_the_first_form_opens_the_day_and_the_next_ones_do_not() -> None:
    day().when(form(entered_by="counter-2"), at=OCTOBER).then(
        opened(worker="counter-2"), accepted(entered_by="counter-2")
    )
    day(opened()).when(form(), at=OCTOBER).then(accepted())


def test_a_day_is_never_a_postmans_or_an_agents_who_can_not_certify_it() -> None:
    """Regression: a day opened by a postman's form was the postman's to certify, whom no role lets do so."""
    for nobody in (None, "postman-3"):
        for seller in (Seller.POSTMAN, Seller.AGENT):
            brought = form(seller=seller, entered_by=nobody)
            day().when(brought, at=OCTOBER).then(refused("entered_by_missing", "entered_by"))
    order = AcceptOrder(
        **form(entered_by=None).model_dump(
            exclude={"subscription_id", "index", "first_month", "months", "copies", "card"}
        ),
        lines=[OrderLine(index="75384", first_month="2027-01", months=6, copies=1)],
    )
    day().when(order, at=OCTOBER).then(refused("entered_by_missing", "entered_by"))
    at_the_counter = form(seller=Seller.FACILITY, worker="counter-1", entered_by=None)
    day().when(at_the_counter, at=OCTOBER).then_one(DayOpened, worker="counter-1")
    # Whoever may open a day by what they submit may certify it.
    opens = ("OpenDay", "AcceptSubscription", "AcceptOrder", "AnnulSubscription", "ReverseSubscription")
    assert {role for command in opens for role in MAY[command]} <= set(MAY["CertifyDay"]) & set(MAY["CountDay"])


def test_no_day_is_opened_before_it_comes_or_after_it_is_certified() -> None:
    day().when(open_day(date(2026, 10, 6)), at=EVENING).then(refused("in_the_future", "day"))
    day(*A_DAY, counted(), CERTIFIED, CARRIED).when(open_day(), at=EVENING).then(refused("day_certified", "day"))


# ── counting ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_count_that_agrees_shows_no_difference() -> None:
    day(*A_DAY).when(count(), at=EVENING).then(counted())
    apart = count(brought=None)
    day(*A_DAY).when(apart, at=EVENING).then(counted(brought=None))


def test_every_difference_is_shown_line_by_line() -> None:
    wrong = {
        "cash": 251_500,
        "invoiced": 0,
        "cards": [CardPile(index="75384", months=6, cards=3), CardPile(index="10001", months=1, cards=1)],
        "brought": [Brought(worker="agent-1", cash=100, cards=1)],
    }
    lines = [
        Difference(what=Counted.CASH, expected=251_600, found=251_500),
        Difference(what=Counted.INVOICED, expected=566_100, found=0),
        Difference(what=Counted.CARDS, index="10001", months=1, expected=0, found=1),
        Difference(what=Counted.CARDS, index="75384", months=2, expected=1, found=0),
        Difference(what=Counted.CARDS, index="75384", months=6, expected=2, found=3),
        Difference(what=Counted.BROUGHT_CASH, worker="agent-1", expected=0, found=100),
        Difference(what=Counted.BROUGHT_CARDS, worker="agent-1", expected=0, found=1),
        Difference(what=Counted.BROUGHT_CASH, worker="postman-3", expected=188_700, found=0),
        Difference(what=Counted.BROUGHT_CARDS, worker="postman-3", expected=1, found=0),
    ]
    day(*A_DAY).when(count(**wrong), at=EVENING).then(counted(*lines, **wrong))
    outcome = day(*A_DAY, counted(*lines, **wrong)).when(certify(), at=EVENING)
    outcome.then(refused("does_not_reconcile", "day"))
    for said in (
        "9 lines differ",
        "cash: protocol 251600, counted 251500, 100 tiyn too little",
        "cards of 10001 for 1 months: protocol 0, counted 1, 1 too much",
        "cards brought by postman-3: protocol 1, counted 0, 1 too little",
        "cash brought by agent-1: protocol 0, counted 100, 100 tiyn too much",
    ):
        assert said in str(outcome.refusal)


def test_a_pile_and_a_postman_are_counted_once() -> None:
    twice = [CardPile(index="75384", months=6, cards=1)] * 2
    day(*A_DAY).when(count(cards=twice), at=EVENING).then(refused("counted_twice", "cards"))
    brought = [Brought(worker="postman-3", cash=1, cards=1)] * 2
    day(*A_DAY).when(count(brought=brought), at=EVENING).then(refused("counted_twice", "brought"))


def test_only_a_day_that_runs_is_counted() -> None:
    day().when(count(), at=EVENING).then(refused("day_not_open", "day", early=True))
    day(*A_DAY, counted(), CERTIFIED).when(count(), at=EVENING).then(refused("day_certified", "day"))


# ── certifying ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_day_that_reconciles_is_certified_with_its_cards_sorted_by_index_and_term() -> None:
    day(*A_DAY, counted()).when(certify(), at=EVENING).then(CERTIFIED, CARRIED)


def test_a_day_is_not_certified_uncounted_nor_unopened_nor_twice() -> None:
    day(*A_DAY).when(certify(), at=EVENING).then(refused("not_counted", "day"))
    day().when(certify(), at=EVENING).then(refused("day_not_open", "day", early=True))
    day(*A_DAY, counted(), CERTIFIED, CARRIED).when(certify(), at=EVENING).then(refused("day_certified", "day"))


def test_a_day_is_not_certified_before_it_comes() -> None:
    """Regression: once a day was certified, a later form's, the next day, was certified on the same evening."""
    tomorrow = date(2026, 10, 6)
    facts: dict[str, Any] = {"cash": 188_700, "invoiced": 0, "cards": [CardPile(index="75384", months=6, cards=1)]}
    case = day(opened("2026-10-06"), accepted(1, day=tomorrow), counted(day=tomorrow, **facts))
    case.when(certify(tomorrow), at=at("2026-10-05 23:59"), now=at("2026-10-06 00:01")).then(
        refused("in_the_future", "day")
    )
    case.when(certify(tomorrow), at=at("2026-10-06 00:00")).then_one(DayCertified, day=tomorrow)


def test_a_form_that_comes_after_the_count_has_to_be_counted_too() -> None:
    late = accepted(4, subscription_id="S4")
    day(*A_DAY, counted(), late).when(certify(), at=EVENING).then(refused("does_not_reconcile", "day"))


def test_a_later_count_takes_the_place_of_an_earlier_one() -> None:
    day(*A_DAY, counted(cash=1), counted()).when(certify(), at=EVENING).then(CERTIFIED, CARRIED)


def test_days_are_certified_in_order_and_the_books_carried_forward_once_none_runs() -> None:
    both = (*A_DAY, counted(), opened("2026-10-06"))
    day(*both).when(certify(date(2026, 10, 6)), at=at("2026-10-06 18:00")).then(refused("earlier_day_open", "day"))
    day(*both).when(certify(), at=at("2026-10-06 18:00")).then(CERTIFIED)


def test_what_follows_books_carried_forward_needs_nothing_before_them() -> None:
    """The runtime reads a facility's books from there."""
    whole, short = day(*A_DAY, counted(), CERTIFIED, CARRIED), day(CARRIED)
    for moment in (at("2026-10-05 23:00"), at("2026-10-06 09:00"), at("2027-01-01 09:00")):
        message = form(subscription_id="S9")
        assert whole.when(message, at=moment) == short.when(message, at=moment)
    assert BooksCarriedForward in DECIDER.carried_forward


def test_an_empty_day_is_certified_too() -> None:
    nothing: dict[str, Any] = {"cash": 0, "invoiced": 0, "cards": [], "brought": []}
    outcome = day(opened(), counted(**nothing)).when(certify(), at=EVENING)
    outcome.then_one(DayCertified, forms=0, first_number=None, last_number=None, cards=[])
    outcome.then_one(BooksCarriedForward, last_number=0)


# ── after certification ──────────────────────────────────────────────────────────────────────────────────────


def test_nothing_is_accepted_into_a_certified_day_it_goes_into_the_next() -> None:
    closed = (*A_DAY, counted(), CERTIFIED, CARRIED)
    late = form(subscription_id="S9")
    next_day = accepted(4, subscription_id="S9", consumer_id="c-S9", day=date(2026, 10, 6))
    day(*closed).when(late, at=at("2026-10-05 18:30")).then(opened("2026-10-06"), next_day)
    runs = opened("2026-10-07")
    outcome = day(*closed, runs).when(late, at=at("2026-10-05 18:30"), now=at("2026-10-07 09:00"))
    outcome.then_one(SubscriptionAccepted, day=date(2026, 10, 7))


def kazakhstan(**offices: Calendar) -> Decider[Any]:
    """A centre that keeps the public holidays, and some of whose facilities have calendars of their own."""
    zone = ZoneInfo("Asia/Almaty")
    return decider(Calendars(Calendar(zone, (*(WORKED,) * 5, (), ()), country="KZ"), offices))


@pytest.mark.parametrize(
    ("certified_on", "following"),
    [
        ("2026-10-23", "2026-10-27"),  # Friday; Monday is a day off for Republic Day, which is a Sunday
        ("2026-12-15", "2026-12-17"),  # Independence Day between
        ("2026-12-30", "2026-12-31"),
        ("2026-12-31", "2027-01-05"),  # the new year's days off; numbers begin anew
    ],
)
def test_the_next_day_is_the_facilitys_next_working_day(certified_on: str, following: str) -> None:
    """Regression: what came late on a Friday opened an operating day on Saturday, on which nobody worked."""
    closed = (
        opened(certified_on),
        CERTIFIED.model_copy(update={"day": date.fromisoformat(certified_on)}),
        CARRIED.model_copy(update={"day": date.fromisoformat(certified_on)}),
    )
    case = given(kazakhstan(), closed, HERE)
    late = at(f"{certified_on} 18:30")
    outcome = case.when(form(subscription_id="S9", first_month="2027-02"), at=late)
    outcome.then_one(SubscriptionAccepted, day=date.fromisoformat(following))
    number = 1 if following > "2027" else 4
    assert outcome.events[1].abonement == f"post-1.{following[:4]}.{number:06}"  # pyright: ignore
    case.when(annulled(), at=late).then_one(RefundBooked, day=date.fromisoformat(following))


def test_the_next_day_goes_by_the_facilitys_own_calendar_and_work_on_a_free_day_stays_there() -> None:
    closed = (opened(), CERTIFIED.model_copy(update={"day": date(2026, 10, 9)}))
    late = form(subscription_id="S9")
    saturdays = Calendar(ZoneInfo("Asia/Almaty"), (WORKED,) * 6 + ((),))
    for rules, following in ((kazakhstan(), 12), (kazakhstan(**{"post-1": saturdays}), 10)):
        case = given(rules, closed, HERE)
        case.when(late, at=at("2026-10-09 18:30")).then_one(SubscriptionAccepted, day=date(2026, 10, following))
        case.when(late, at=at("2026-10-11 11:00")).then_one(SubscriptionAccepted, day=date(2026, 10, 11))


def booked(**facts: Any) -> RefundBooked:
    whole: dict[str, Any] = {
        "abonement": "post-1.2026.000001",
        "facility": "post-1",
        "day": DAY,
        "booking": Booking.REVERSAL,
        "amount": 188_700,
        "payment": Payment.CASH,
        "index": "75384",
        "months": 6,
        "seller": Seller.POSTMAN,
        "worker": "postman-3",
        "form_day": DAY,
    }
    return RefundBooked(**whole | facts)


def test_a_wrong_form_is_put_right_by_a_compensating_line_of_its_day_and_its_card_goes_with_it() -> None:
    day(*A_DAY).when(taken_back(), at=EVENING).then(booked())
    without = counted(
        cash=62_900,
        cards=[CardPile(index="75384", months=2, cards=1), CardPile(index="75384", months=6, cards=1)],
        brought=[Brought(worker="postman-3", cash=0, cards=0)],
    )
    outcome = day(*A_DAY, booked(), without).when(certify(), at=EVENING)
    outcome.then_one(DayCertified, forms=3, reversed_forms=1, cash=62_900, paid_back=188_700)


def test_a_wrong_form_of_a_certified_day_is_paid_back_on_the_day_it_is_found() -> None:
    closed = (*A_DAY, counted(), CERTIFIED, CARRIED)
    when = at("2026-10-06 10:00")
    on = date(2026, 10, 6)
    day(*closed).when(taken_back(), at=when).then(opened("2026-10-06", "counter-1"), booked(day=on))
    only_money = counted(day=on, cash=-188_700, invoiced=0, cards=[], brought=[])
    outcome = day(*closed, opened("2026-10-06"), booked(day=on), only_money).when(certify(on), at=when)
    outcome.then_one(DayCertified, forms=0, reversed_forms=0, cash=-188_700, paid_back=188_700, cards=[])


def test_a_refund_leaves_the_day_on_which_it_is_paid_and_no_card_goes() -> None:
    on = date(2026, 12, 1)
    when = at("2026-12-01 10:00")
    refund = booked(day=on, booking=Booking.ANNULMENT)
    day(*A_DAY).when(annulled(), at=when).then(opened("2026-12-01", "counter-1"), refund)
    by_invoice = annulled(payment=Payment.INVOICE, refund=100)
    outcome = day(opened("2026-12-01")).when(by_invoice, at=when)
    outcome.then(booked(day=on, booking=Booking.ANNULMENT, payment=Payment.INVOICE, amount=100))
    same_day = booked(booking=Booking.ANNULMENT)
    outcome = day(*A_DAY, same_day, counted(cash=62_900)).when(certify(), at=EVENING)
    outcome.then_one(DayCertified, cash=62_900, paid_back=188_700, cards=RIGHT["cards"])
