"""Press subscriptions, as the demonstration tells them (§6): a catalogue of three, and forms accepted all over town."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from fractions import Fraction
from math import floor

from deploy.demo import people
from deploy.demo.steps import Chance, Tale
from shared.contracts.subscriptions import (
    AcceptSubscription,
    AnnounceCampaign,
    PublishCatalogueEntry,
    SetCutOffs,
    SetDeliveryTariff,
    Subscriber,
    TermPrice,
)
from shared.contracts.values import Distribution, Payment, Seller, SubscriberKind, Zone

_TENGE = 100

Terms = dict[int, tuple[int, int]]

PRICES: dict[str, Terms] = {
    "75384": {2: (629, 633), 4: (1258, 1267), 6: (1887, 1900), 12: (3775, 3801)},
    "64117": {1: (410, 435), 3: (1230, 1305), 6: (2460, 2610), 12: (4920, 5220)},
    "64290": {3: (960, 990), 6: (1920, 1980), 12: (3840, 3960)},
}
"""Tenge by index and months: city, rural."""
DELIVERY: dict[str, Terms] = {"64117": {1: (60, 85), 3: (180, 255), 6: (360, 510), 12: (720, 1020)}}
"""What of the price is the distributor's, where it sets a tariff."""
DEARER: Terms = {3: (1020, 1055), 6: (2040, 2110), 12: (4080, 4220)}
"""What 64290 costs from the fortnight's ninth day on."""
DEARER_INDEX, DEARER_AFTER = "64290", timedelta(days=8)

_ENTRIES = {
    "75384": ("Сала хабаршысы", 6, Distribution.ADDRESS, "whole country"),
    "64117": ("Үлгі ауданының таңы", 52, Distribution.CARD, "Sample district"),
    "64290": ("Образцовая газета", 24, Distribution.CARD, "whole country"),
}
TITLES = {index: entry[0] for index, entry in _ENTRIES.items()}
FACILITIES = {"po-north-1": "sample-city", "po-south-2": "sample-city", "po-rural-3": "sample-village"}
"""Each facility with the place it is in."""
STRANGE = "po-strange-9"
"""Where nobody certifies the day; it is in a village."""
CUT_OFFS: dict[str | None, int] = {None: 10, "sample-city": 15}
"""Until which day of the month something holds from the next one, by place."""


def catalogue(tale: Tale, opens: datetime) -> None:
    """Publish three titles, the delivery tariff of one, a new price of another that takes effect later, the campaign
    and the cut-offs.
    """
    year = date(opens.year, 1, 1)
    for index, prices in PRICES.items():
        tale.by_desk(opens, _entry(index, _less(prices, DELIVERY.get(index, {})), year))
    for index, prices in DELIVERY.items():
        tariff = SetDeliveryTariff(index=index, effective_from=year, prices=_terms(prices), set_by="Sample post")
        tale.by_desk(opens, tariff)
    tale.by_desk(opens, _entry(DEARER_INDEX, DEARER, (opens + DEARER_AFTER).date()))
    next_month = _months_later(opens, 1)
    campaign = AnnounceCampaign(
        campaign_id="demo",
        title="Жазылу науқаны",
        opens=opens.date(),
        closes=(opens + timedelta(days=60)).date(),
        first_month=next_month,
        last_month=_months_later(opens, 24),
    )
    tale.by_desk(opens, campaign)
    for place, day in CUT_OFFS.items():
        cut_offs = SetCutOffs(place=place, effective_from=year, order_day=day, annulment_day=day)
        tale.by_desk(opens, cut_offs)


def _less(prices: Terms, delivery: Terms) -> Terms:
    return {
        months: (city - delivery.get(months, (0, 0))[0], rural - delivery.get(months, (0, 0))[1])
        for months, (city, rural) in prices.items()
    }


def _terms(prices: Terms) -> list[TermPrice]:
    return [
        TermPrice(months=months, city=city * _TENGE, rural=rural * _TENGE) for months, (city, rural) in prices.items()
    ]


def _entry(index: str, prices: Terms, since: date) -> PublishCatalogueEntry:
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
        prices=_terms(prices),
    )


def form(chance: Chance, facility: str, accepted_at: datetime, subscription_id: str) -> AcceptSubscription:
    """One PS-1 form, as somebody brings it to a facility."""
    index = chance.pick(tuple(PRICES))
    legal = chance.often(25)
    seller = chance.pick((Seller.FACILITY, Seller.FACILITY, Seller.POSTMAN, Seller.AGENT))
    place = FACILITIES.get(facility, "sample-village")
    return AcceptSubscription(
        subscription_id=subscription_id,
        index=index,
        first_month=first_month(accepted_at, place),
        months=chance.pick(tuple(PRICES[index])),
        copies=chance.random.randint(2, 12) if legal else 1,
        zone=chance.pick(tuple(Zone)),
        facility=facility,
        seller=seller,
        worker=f"{seller}-{chance.random.randint(1, 4)}",
        entered_by=f"{facility}-desk",
        signed=True,
        card=None if seller is Seller.FACILITY else f"card-{subscription_id}",
        payment=Payment.INVOICE if legal else Payment.CASH,
        subscriber=_subscriber(chance, legal=legal),
        place=place,
        sorting_point=f"{place}-sorting",
        carrier=f"area-{chance.random.randint(1, 3)}",
    )


def first_month(day: datetime, place: str | None) -> str:
    """The first month that can be ordered on a day: until the place's cut-off the next one, then the one after."""
    return _months_later(day, 1 if day.day <= CUT_OFFS.get(place, CUT_OFFS[None]) else 2)


def refund(one: AcceptSubscription, amount: int, asked_at: datetime) -> int:
    """What a form that cost `amount` tiyn gets back for the issues that it is annulled in time for."""
    holds_from = first_month(asked_at, one.place)
    months = [_months_later(datetime.fromisoformat(f"{one.first_month}-01"), number) for number in range(one.months)]
    a_year = _ENTRIES[one.index][1]
    issues = {month: a_year * int(month[5:]) // 12 - a_year * (int(month[5:]) - 1) // 12 for month in months}
    left = sum(count for month, count in issues.items() if month >= holds_from)
    return floor(Fraction(amount * left, sum(issues.values())) + Fraction(1, 2))


def _subscriber(chance: Chance, *, legal: bool) -> Subscriber:
    somebody = people.person(chance, chance.pick(tuple(people.LANGUAGES)))
    if legal:
        return Subscriber(kind=SubscriberKind.LEGAL_ENTITY, name=f"ТОО «{somebody.name}»", address=somebody.address)
    return Subscriber(kind=SubscriberKind.INDIVIDUAL, name=somebody.name, address=somebody.address)


def _months_later(moment: datetime, count: int) -> str:
    year, month = divmod(moment.year * 12 + moment.month - 1 + count, 12)
    return f"{year:04}-{month + 1:02}"
