"""The rules of press subscriptions: DOMAIN.md §6, with its worked price table."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from services.subscriptions.domain import DECIDER, decider
from shared.contracts.subscriptions import (
    AcceptSubscription,
    CatalogueEntryPublished,
    PublishCatalogueEntry,
    Subscriber,
    SubscriptionAccepted,
    TermPrice,
)
from shared.contracts.values import Distribution, Payment, Seller, SubscriberKind, Zone

from .given_when_then import FRESH_ID, at, given, refused

TENGE = 100
"""One tenge in tiyn."""

# months: (city, rural), in tenge
WORKED_EXAMPLE = {2: (629, 633), 4: (1258, 1267), 6: (1887, 1900), 12: (3775, 3801)}
MADE_UP = {
    "75384": ("Ауыл тынысы", 6, WORKED_EXAMPLE),
    "10001": ("The Steppe Gardener", 52, {1: (410, 455), 3: (1230, 1365), 12: (4920, 5460)}),
    "10002": ("Юный астроном", 12, {12: (7199, 7201)}),
}
OCTOBER = at("2026-10-05 11:00")


def entry(index: str = "75384", effective_from: date = date(2026, 1, 1), **more: Any) -> PublishCatalogueEntry:
    title, issues, prices = MADE_UP[index]
    facts: dict[str, Any] = {
        "min_months": min(prices),
        "max_months": max(prices),
        "prices": [TermPrice(months=m, city=c * TENGE, rural=r * TENGE) for m, (c, r) in prices.items()],
    }
    return PublishCatalogueEntry(
        index=index,
        title=title,
        editor_phone="+7 717 000",
        issues_a_year=issues,
        distribution=Distribution.CARD,
        territory="kz",
        effective_from=effective_from,
        **facts | more,
    )


def published(index: str = "75384", effective_from: date = date(2026, 1, 1), **more: Any) -> CatalogueEntryPublished:
    return CatalogueEntryPublished(**entry(index, effective_from, **more).model_dump())


def form(months: int = 6, zone: Zone = Zone.CITY, **more: Any) -> AcceptSubscription:
    facts: dict[str, Any] = {
        "subscription_id": "S1",
        "index": "75384",
        "first_month": "2027-01",
        "copies": 1,
        "subscriber": Subscriber(kind=SubscriberKind.INDIVIDUAL, name="Ерлан", address="Abai 1"),
    }
    return AcceptSubscription(
        months=months,
        zone=zone,
        facility="post-1",
        seller=Seller.POSTMAN,
        worker="postman-3",
        payment=Payment.CASH,
        **facts | more,
    )


def catalogue(*entries: CatalogueEntryPublished, rules: Any = DECIDER) -> given:
    return given(rules, elsewhere={f"publication-{one.index}": entries for one in entries})


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
    accepted = SubscriptionAccepted(
        consumer_id="c-S1",
        subscription_id="S1",
        index="75384",
        title="Ауыл тынысы",
        first_month="2027-01",
        months=4,
        copies=2,
        zone=Zone.RURAL,
        price=126_700,
        amount=253_400,
        facility="post-1",
        seller=Seller.POSTMAN,
        worker="postman-3",
        payment=Payment.CASH,
        subscriber_kind=SubscriberKind.INDIVIDUAL,
        name="Ерлан",
        address="Abai 1",
    )
    catalogue(published()).when(form(4, Zone.RURAL, copies=2), at=OCTOBER).then(accepted)


def test_a_form_without_a_number_gets_one_and_a_known_subscriber_keeps_theirs() -> None:
    known = Subscriber(consumer_id="person-7", kind=SubscriberKind.LEGAL_ENTITY, name="School 4", address="Abai 2")
    message = form(subscription_id=None, subscriber=known)
    assert DECIDER.stream_of(message, FRESH_ID) == "subscription-fresh"
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
    in_utc = catalogue(published(), change, rules=decider(UTC))
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
    again = given(DECIDER, outcome.events, {"publication-75384": (published(),)})
    again.when(form(), at=OCTOBER).then(refused("subscription_exists", "subscription_id"))


def test_nothing_is_accepted_in_the_future() -> None:
    outcome = catalogue(published()).when(form(), at=OCTOBER, now=OCTOBER - timedelta(days=1))
    outcome.then(refused("in_the_future", "time"))


def test_the_calendars_first_hours_are_days_too() -> None:
    dawn = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))
    given(DECIDER).when(form(), at=dawn, now=OCTOBER).then(refused("not_in_catalogue", "index", early=True))
