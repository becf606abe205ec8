"""Press subscriptions, as the demonstration tells them (§6): a catalogue of three, and forms accepted all over town."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from deploy.demo import people
from deploy.demo.steps import Chance, Tale
from shared.contracts.subscriptions import AcceptSubscription, PublishCatalogueEntry, Subscriber, TermPrice
from shared.contracts.values import Distribution, Payment, Seller, SubscriberKind, Zone

_TENGE = 100

PRICES: dict[str, dict[int, tuple[int, int]]] = {
    "75384": {2: (629, 633), 4: (1258, 1267), 6: (1887, 1900), 12: (3775, 3801)},
    "64117": {1: (410, 435), 3: (1230, 1305), 6: (2460, 2610), 12: (4920, 5220)},
    "64290": {3: (960, 990), 6: (1920, 1980), 12: (3840, 3960)},
}
"""Tenge by index and months: city, rural."""
DEARER: dict[int, tuple[int, int]] = {3: (1020, 1055), 6: (2040, 2110), 12: (4080, 4220)}
"""What 64290 costs from the fortnight's ninth day on."""
DEARER_INDEX, DEARER_AFTER = "64290", timedelta(days=8)

_ENTRIES = {
    "75384": ("Сала хабаршысы", 6, Distribution.ADDRESS, "whole country"),
    "64117": ("Үлгі ауданының таңы", 52, Distribution.CARD, "Sample district"),
    "64290": ("Образцовая газета", 24, Distribution.CARD, "whole country"),
}
TITLES = {index: entry[0] for index, entry in _ENTRIES.items()}
_FACILITIES = ("po-north-1", "po-south-2", "po-rural-3")


def catalogue(tale: Tale, opens: datetime) -> None:
    """Publish three titles, and a new price of one of them that takes effect later."""
    for index, prices in PRICES.items():
        tale.by_desk(opens, _entry(index, prices, date(opens.year, 1, 1)))
    tale.by_desk(opens, _entry(DEARER_INDEX, DEARER, (opens + DEARER_AFTER).date()))


def _entry(index: str, prices: dict[int, tuple[int, int]], since: date) -> PublishCatalogueEntry:
    title, issues, distribution, territory = _ENTRIES[index]
    return PublishCatalogueEntry(
        index=index,
        title=title,
        editor_phone="+7 700 000 00 01",
        issues_a_year=issues,
        min_months=min(prices),
        max_months=max(prices),
        distribution=distribution,
        territory=territory,
        effective_from=since,
        prices=[
            TermPrice(months=months, city=city * _TENGE, rural=rural * _TENGE)
            for months, (city, rural) in prices.items()
        ],
    )


def form(tale: Tale, accepted_at: datetime) -> AcceptSubscription:
    """One PS-1 form, accepted; returned for whoever wants to get it wrong."""
    chance = tale.chance
    index = chance.pick(tuple(PRICES))
    legal = chance.often(25)
    seller = chance.pick((Seller.FACILITY, Seller.FACILITY, Seller.POSTMAN, Seller.AGENT))
    subscription = AcceptSubscription(
        subscription_id=tale.thread,
        index=index,
        first_month=_next_month(accepted_at),
        months=chance.pick(tuple(PRICES[index])),
        copies=chance.random.randint(2, 12) if legal else 1,
        zone=chance.pick(tuple(Zone)),
        facility=chance.pick(_FACILITIES),
        seller=seller,
        worker=f"{seller}-{chance.random.randint(1, 4)}",
        payment=Payment.INVOICE if legal else Payment.CASH,
        subscriber=_subscriber(chance, legal=legal),
    )
    tale.by_channel(accepted_at, subscription)
    return subscription


def _subscriber(chance: Chance, *, legal: bool) -> Subscriber:
    somebody = people.person(chance, chance.pick(tuple(people.LANGUAGES)))
    if legal:
        return Subscriber(kind=SubscriberKind.LEGAL_ENTITY, name=f"ТОО «{somebody.name}»", address=somebody.address)
    return Subscriber(kind=SubscriberKind.INDIVIDUAL, name=somebody.name, address=somebody.address)


def _next_month(moment: datetime) -> str:
    return f"{(moment.replace(day=1) + timedelta(days=40)):%Y-%m}"
