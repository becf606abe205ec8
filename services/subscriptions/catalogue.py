"""The catalogue: what is sold, when it comes out, where it is delivered, and its two prices (DOMAIN.md §6).

The publisher sets the catalogue price, the distributor the delivery price. Both hold from a date, and what held before
stays as it was. A publication whose delivery has no tariff is sold at the catalogue price alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.subscriptions.months import term
from shared.contracts.subscriptions import (
    CatalogueEntryPublished,
    DeliveryTariffSet,
    PublishCatalogueEntry,
    SetDeliveryTariff,
    TermPrice,
)
from shared.contracts.values import Zone
from shared.decider import Refused

_EVERY = 12


@dataclass(frozen=True, slots=True)
class Publication:
    """What is known of a publication; the latest `effective_from` first."""

    entries: tuple[CatalogueEntryPublished, ...] = ()
    tariffs: tuple[DeliveryTariffSet, ...] = ()

    def with_entry(self, entry: CatalogueEntryPublished) -> Publication:
        """The publication once `entry` is published."""
        entries = sorted((*self.entries, entry), key=lambda one: one.effective_from, reverse=True)
        return Publication(tuple(entries), self.tariffs)

    def with_tariff(self, tariff: DeliveryTariffSet) -> Publication:
        """The publication once `tariff` is set."""
        tariffs = sorted((*self.tariffs, tariff), key=lambda one: one.effective_from, reverse=True)
        return Publication(self.entries, tuple(tariffs))


@dataclass(frozen=True, slots=True)
class Price:
    """What one copy costs for a term, in tiyn."""

    catalogue: int
    delivery: int

    @property
    def whole(self) -> int:
        return self.catalogue + self.delivery


# ── what may be published ────────────────────────────────────────────────────────────────────────────────────


def publish(known: Publication, entry: PublishCatalogueEntry) -> CatalogueEntryPublished:
    """An entry takes effect on a date; what took effect before stays as it was."""
    if entry.min_months > entry.max_months:
        raise Refused(
            "min_above_max", "the shortest term is longer than the longest; correct one of them", "min_months"
        )
    for price in entry.prices:
        if not entry.min_months <= price.months <= entry.max_months:
            raise Refused(
                "term_outside_limits",
                f"a price for {price.months} months, but terms go from {entry.min_months} to {entry.max_months}; "
                "leave the price out or widen the terms",
                "prices",
            )
    _priced_once(entry.prices)
    if entry.issues_by_month is not None and sum(entry.issues_by_month) != entry.issues_a_year:
        raise Refused(
            "issues_do_not_add_up",
            f"the months have {sum(entry.issues_by_month)} issues, the year {entry.issues_a_year}; correct one of them",
            "issues_by_month",
        )
    _date_free(entry.index, entry.effective_from, known.entries)
    return CatalogueEntryPublished(**dict(entry))


def set_tariff(known: Publication, tariff: SetDeliveryTariff) -> DeliveryTariffSet:
    """A delivery price takes effect on a date; what took effect before stays as it was."""
    _priced_once(tariff.prices)
    _date_free(tariff.index, tariff.effective_from, known.tariffs)
    return DeliveryTariffSet(**dict(tariff))


def _priced_once(prices: Sequence[TermPrice]) -> None:
    terms = [price.months for price in prices]
    for months in terms:
        if terms.count(months) > 1:
            raise Refused("term_priced_twice", f"{months} months are priced twice; leave one price out", "prices")


def _date_free(index: str, since: date, earlier: Sequence[CatalogueEntryPublished | DeliveryTariffSet]) -> None:
    if any(since == one.effective_from for one in earlier):
        raise Refused(
            "effective_date_taken",
            f"{index} has prices from {since} already, and they are never overwritten; "
            "publish the new ones from another date",
            "effective_from",
        )


# ── what is sold ─────────────────────────────────────────────────────────────────────────────────────────────


def entry_in_force(known: Publication, index: str, day: date) -> CatalogueEntryPublished:
    """The entry that took effect last, on `day` or before it."""
    for entry in known.entries:
        if entry.effective_from <= day:
            return entry
    begins = f" before {known.entries[-1].effective_from}" if known.entries else ""
    raise Refused(
        "not_in_catalogue",
        f"publication {index} is not in the catalogue{begins}; check the index, or publish its entry first",
        "index",
        early=True,
    )


def price_of(known: Publication, entry: CatalogueEntryPublished, months: int, zone: Zone, day: date) -> Price:
    """The price of a term for one copy on a day: the catalogue's, and the delivery tariff's where there is one."""
    printing = _of_term(entry.prices, months, zone)
    if printing is None:
        offered = ", ".join(str(months) for months in sorted(price.months for price in entry.prices))
        raise Refused(
            "term_not_offered",
            f"{entry.title} ({entry.index}) is not offered for {months} months; choose one of: {offered}",
            "months",
        )
    for tariff in known.tariffs:
        if tariff.effective_from <= day:
            delivery = _of_term(tariff.prices, months, zone)
            if delivery is None:
                raise Refused(
                    "delivery_not_priced",
                    f"the delivery tariff of {tariff.effective_from} has no price for {months} months; "
                    "choose another term, or have the distributor set a tariff with it",
                    "months",
                )
            return Price(printing, delivery)
    return Price(printing, 0)


def _of_term(prices: Sequence[TermPrice], months: int, zone: Zone) -> int | None:
    for price in prices:
        if price.months == months:
            return price.city if zone is Zone.CITY else price.rural
    return None


def in_territory(entry: CatalogueEntryPublished, place: str | None, field: str = "place") -> None:
    """A publication is delivered in its territory only; without named places that is everywhere."""
    if not entry.places or place in entry.places:
        return
    if place is None:
        raise Refused(
            "place_missing",
            f"{entry.title} ({entry.index}) is delivered in some places only ({entry.territory}); name the place",
            field,
        )
    raise Refused(
        "outside_territory",
        f"{entry.title} ({entry.index}) is not delivered to {place}; its territory: {entry.territory}",
        field,
    )


def issues_of(entry: CatalogueEntryPublished, first_month: str, months: int) -> list[int]:
    """How many issues come out in each month of a term, of which there must be one.

    By the entry's months, else spread evenly: by the end of month m, floor(m × issues a year ÷ 12) are out.
    """
    year = entry.issues_by_month or [
        month * entry.issues_a_year // _EVERY - (month - 1) * entry.issues_a_year // _EVERY
        for month in range(1, _EVERY + 1)
    ]
    issues = [year[int(month[5:]) - 1] for month in term(first_month, months)]
    if not any(issues):
        raise Refused(
            "no_issue_in_term",
            f"no issue of {entry.title} ({entry.index}) comes out in the {months} months from {first_month}; "
            "choose a longer term or another first month",
            "first_month",
        )
    return issues
