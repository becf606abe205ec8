"""The rules of press subscriptions: DOMAIN.md §6, with its worked price table."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

import pytest

from services.subscriptions.domain import DECIDER, decider
from shared.contracts.subscriptions import (
    CatalogueEntryPublished,
    Subscriber,
    SubscriptionAccepted,
    TermPrice,
)
from shared.contracts.values import SubscriberKind, Zone
from shared.deadlines import Calendar, Calendars, Interval

from .given_when_then import FRESH_ID, at, given, refused
from .press_world import MADE_UP, OCTOBER, accepted, entry, form, on_sale, opened, prices, published, tariff, tariff_set


def catalogue(*entries: CatalogueEntryPublished, rules: Any = DECIDER) -> given:
    return given(rules, elsewhere=on_sale(*entries))


# ── the catalogue ────────────────────────────────────────────────────────────────────────────────────────────


def test_an_entry_is_published() -> None:
    given(DECIDER).when(entry()).then(published())
    assert DECIDER.stream_of(entry(), FRESH_ID) == "publication-75384"


def test_a_later_entry_stands_beside_the_earlier_one_never_over_it() -> None:
    case = given(DECIDER, (published(),))
    case.when(entry(effective_from=date(2026, 7, 1))).then(published(effective_from=date(2026, 7, 1)))
    case.when(entry()).then(refused("effective_date_taken", "effective_from"))


def test_terms_go_from_the_shortest_to_the_longest() -> None:
    given(DECIDER).when(entry(min_months=12, max_months=2)).then(refused("min_above_max", "min_months"))
    given(DECIDER).when(entry(min_months=3)).then(refused("term_outside_limits", "prices"))
    given(DECIDER).when(entry(max_months=6)).then(refused("term_outside_limits", "prices"))


def test_a_term_has_one_price() -> None:
    twice = [TermPrice(months=2, city=1, rural=2), TermPrice(months=2, city=3, rural=4)]
    given(DECIDER).when(entry(prices=twice)).then(refused("term_priced_twice", "prices"))


# ── accepting ────────────────────────────────────────────────────────────────────────────────────────────────

PRICES = [
    (index, months, zone, tenge)
    for index, (_, _, prices) in MADE_UP.items()
    for months, (city, rural) in prices.items()
    for zone, tenge in ((Zone.CITY, city), (Zone.RURAL, rural))
]


@pytest.mark.parametrize(("index", "months", "zone", "tenge"), PRICES)
def test_the_price_is_the_catalogues_for_the_term_and_the_zone(index: str, months: int, zone: Zone, tenge: int) -> None:
    outcome = catalogue(published(index)).when(form(months, zone, index=index, copies=3), at=OCTOBER)
    outcome.then_one(SubscriptionAccepted, price=tenge * 100, amount=tenge * 300, title=MADE_UP[index][0])


def test_the_form_is_kept_whole() -> None:
    whole = accepted(months=4, copies=2, zone=Zone.RURAL, price=126_700, amount=253_400, issues=[0, 1, 0, 1])
    catalogue(published()).when(form(4, Zone.RURAL, copies=2), at=OCTOBER).then(opened(), whole)


def test_a_form_without_a_number_gets_one_and_a_known_subscriber_keeps_theirs() -> None:
    known = Subscriber(consumer_id="person-7", kind=SubscriberKind.LEGAL_ENTITY, name="School 4", address="Abai 2")
    message = form(subscription_id=None, subscriber=known)
    assert DECIDER.stream_of(message, FRESH_ID) == "facility-post-1"
    outcome = catalogue(published()).when(message, at=OCTOBER)
    outcome.then_one(SubscriptionAccepted, subscription_id="fresh", consumer_id="person-7")


def test_only_what_is_in_the_catalogue_is_accepted() -> None:
    given(DECIDER).when(form(), at=OCTOBER).then(refused("not_in_catalogue", "index", early=True))
    catalogue(published("10001")).when(form(), at=OCTOBER).then(refused("not_in_catalogue", "index", early=True))
    not_yet = published(effective_from=date(2026, 10, 6))
    catalogue(not_yet).when(form(), at=OCTOBER).then(refused("not_in_catalogue", "index", early=True))


def test_a_term_without_a_price_is_not_offered() -> None:
    outcome = catalogue(published()).when(form(5), at=OCTOBER).then(refused("term_not_offered", "months"))
    assert "2, 4, 6, 12" in str(outcome.refusal)


def test_the_price_is_the_one_in_force_on_the_day_of_acceptance() -> None:
    dearer = [TermPrice(months=6, city=200_000, rural=210_000)]
    change = published(effective_from=date(2026, 10, 6), prices=dearer)
    for entries in ((published(), change), (change, published())):
        case = catalogue(*entries)
        case.when(form(), at=at("2026-10-05 23:59")).then_one(SubscriptionAccepted, price=188_700)
        case.when(form(), at=at("2026-10-06 00:00")).then_one(SubscriptionAccepted, price=200_000)


def test_the_day_is_the_centres_whatever_zone_the_channel_writes() -> None:
    change = published(effective_from=date(2026, 10, 6), prices=[TermPrice(months=6, city=200_000, rural=210_000)])
    half_past_midnight = datetime(2026, 10, 5, 19, 30, tzinfo=UTC)
    catalogue(published(), change).when(form(), at=half_past_midnight).then_one(SubscriptionAccepted, price=200_000)
    in_utc = catalogue(
        published(), change, rules=decider(Calendars(Calendar(UTC, [(Interval(time(9), time(18)),)] * 7)))
    )
    in_utc.when(form(), at=half_past_midnight).then_one(SubscriptionAccepted, price=188_700)


def test_a_subscription_begins_this_month_or_later() -> None:
    case = catalogue(published())
    case.when(form(first_month="2026-09"), at=OCTOBER).then(refused("first_month_past", "first_month"))
    case.when(form(first_month="2026-10"), at=OCTOBER).then_one(SubscriptionAccepted, first_month="2026-10")


def test_an_impossible_amount_is_refused_not_stored() -> None:
    costly = published(prices=[TermPrice(months=6, city=10**13, rural=10**13)])
    catalogue(costly).when(form(copies=1), at=OCTOBER).then_one(SubscriptionAccepted, amount=10**13)
    catalogue(costly).when(form(copies=2), at=OCTOBER).then(refused("amount_too_large", "copies"))


def test_a_subscription_is_accepted_once() -> None:
    outcome = catalogue(published()).when(form(), at=OCTOBER)
    again = given(DECIDER, outcome.events, on_sale(published()))
    again.when(form(), at=OCTOBER).then(refused("subscription_exists", "subscription_id"))


def test_nothing_is_accepted_in_the_future() -> None:
    outcome = catalogue(published()).when(form(), at=OCTOBER, now=OCTOBER - timedelta(days=1))
    outcome.then(refused("in_the_future", "time"))


def test_the_calendars_first_hours_are_days_too() -> None:
    dawn = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))
    given(DECIDER).when(form(), at=dawn, now=OCTOBER).then(refused("not_in_catalogue", "index", early=True))


# ── two prices, each with its own dates ──────────────────────────────────────────────────────────────────────

PRINTING = {2: (500, 500), 4: (1000, 1000), 6: (1500, 1500), 12: (3000, 3000)}
DELIVERY = {2: (129, 133), 4: (258, 267), 6: (387, 400), 12: (775, 801)}


@pytest.mark.parametrize(
    ("months", "city", "rural"), [(2, 629, 633), (4, 1258, 1267), (6, 1887, 1900), (12, 3775, 3801)]
)
def test_catalogue_and_delivery_price_add_up_to_the_worked_example(months: int, city: int, rural: int) -> None:
    case = given(DECIDER, elsewhere=on_sale(published(prices=prices(PRINTING)), tariff_set(DELIVERY)))
    for zone, tenge, part in ((Zone.CITY, city, 0), (Zone.RURAL, rural, 1)):
        outcome = case.when(form(months, zone), at=OCTOBER)
        outcome.then_one(SubscriptionAccepted, price=tenge * 100, delivery_price=DELIVERY[months][part] * 100)


def test_a_delivery_tariff_is_set_and_a_later_one_stands_beside_it() -> None:
    given(DECIDER).when(tariff(DELIVERY)).then(tariff_set(DELIVERY))
    case = given(DECIDER, (published(), tariff_set(DELIVERY)))
    case.when(tariff(DELIVERY)).then(refused("effective_date_taken", "effective_from"))
    case.when(tariff(DELIVERY, date(2026, 7, 1))).then(tariff_set(DELIVERY, date(2026, 7, 1)))
    twice = [TermPrice(months=2, city=1, rural=2), TermPrice(months=2, city=3, rural=4)]
    case.when(tariff(DELIVERY).model_copy(update={"prices": twice})).then(refused("term_priced_twice", "prices"))


def test_either_price_changes_by_its_own_date() -> None:
    dearer = {months: (city + 10, rural + 10) for months, (city, rural) in DELIVERY.items()}
    past = (published(prices=prices(PRINTING)), tariff_set(dearer, date(2026, 10, 6)), tariff_set(DELIVERY))
    case = given(DECIDER, elsewhere=on_sale(*past))
    case.when(form(), at=at("2026-10-05 23:59")).then_one(SubscriptionAccepted, price=188_700)
    case.when(form(), at=at("2026-10-06 00:00")).then_one(SubscriptionAccepted, price=189_700)


def test_a_term_that_the_tariff_leaves_out_is_not_sold() -> None:
    case = given(DECIDER, elsewhere=on_sale(published(), tariff_set({2: (129, 133)})))
    case.when(form(6), at=OCTOBER).then(refused("delivery_not_priced", "months"))


# ── territory and periodicity ────────────────────────────────────────────────────────────────────────────────


def test_a_publication_is_delivered_in_its_territory_only() -> None:
    case = catalogue(published(places=["shymkent", "taraz"]))
    case.when(form(place="taraz"), at=OCTOBER).then_one(SubscriptionAccepted, place="taraz")
    case.when(form(place="oral"), at=OCTOBER).then(refused("outside_territory", "place"))
    case.when(form(), at=OCTOBER).then(refused("place_missing", "place"))
    catalogue(published()).when(form(place="oral"), at=OCTOBER).then_one(SubscriptionAccepted, place="oral")


@pytest.mark.parametrize(
    ("index", "months", "first_month", "issues"),
    [
        ("75384", 2, "2027-02", [1, 0]),
        ("10001", 3, "2027-01", [4, 4, 5]),
        ("10002", 12, "2027-01", [1] * 12),
        ("10001", 12, "2026-11", [4, 5, 4, 4, 5, 4, 4, 5, 4, 4, 5, 4]),
    ],
)
def test_issues_are_spread_evenly_over_the_year(index: str, months: int, first_month: str, issues: list[int]) -> None:
    outcome = catalogue(published(index)).when(form(months, index=index, first_month=first_month), at=OCTOBER)
    outcome.then_one(SubscriptionAccepted, issues=issues)


def test_issues_come_out_in_the_months_that_the_entry_names() -> None:
    summer = [0, 0, 0, 0, 0, 2, 2, 2, 0, 0, 0, 0]
    case = catalogue(published(issues_by_month=summer))
    case.when(form(first_month="2027-02"), at=OCTOBER).then_one(SubscriptionAccepted, issues=[0, 0, 0, 0, 2, 2])
    case.when(form(2), at=OCTOBER).then(refused("no_issue_in_term", "first_month"))
    wrong = entry(issues_by_month=[1] * 12)
    given(DECIDER).when(wrong).then(refused("issues_do_not_add_up", "issues_by_month"))
