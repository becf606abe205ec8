"""The catalogue and the delivery tariff: two prices, each in force from a date and never overwritten (§6, §9)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ..base import CalendarDay, Code, Command, Event, Short
from ..values import Distribution
from .parts import IssuesAMonth, Months, OfSubscriptions, PublicationIndex, TermPrice

_Prices = Annotated[list[TermPrice], Field(min_length=1, max_length=12)]


class PublishCatalogueEntry(OfSubscriptions, Command):
    """A publication's entry, in force from a date; earlier prices are never overwritten (§6, §9).

    The prices are the publisher's. Where the distributor sets a delivery tariff besides, it is added to them; where
    there is none, they are the whole price.
    """

    index: PublicationIndex
    title: Short
    editor_phone: Short
    issues_a_year: Annotated[int, Field(ge=1, le=366)]
    min_months: Months
    max_months: Months
    distribution: Distribution
    territory: Short
    effective_from: CalendarDay
    prices: _Prices
    issues_by_month: Annotated[list[IssuesAMonth], Field(min_length=12, max_length=12)] | None = None
    """How many issues come out in each month, January first; default: spread evenly over the year."""
    places: Annotated[list[Code], Field(max_length=1000)] = Field(default_factory=list[str])
    """The places that `territory` is made of; default: everywhere."""


class SetDeliveryTariff(OfSubscriptions, Command):
    """The distributor's price of delivering a publication, in force from a date; never overwritten (§6, §9)."""

    index: PublicationIndex
    effective_from: CalendarDay
    prices: _Prices
    set_by: Short


class CatalogueEntryPublished(OfSubscriptions, Event):
    """The catalogue holds these prices from `effective_from` on."""

    index: PublicationIndex
    title: str
    editor_phone: str
    issues_a_year: int
    min_months: int
    max_months: int
    distribution: Distribution
    territory: str
    effective_from: CalendarDay
    prices: list[TermPrice]
    issues_by_month: list[int] | None = None
    places: list[str] = Field(default_factory=list[str])


class DeliveryTariffSet(OfSubscriptions, Event):
    """Delivering this publication costs so much from `effective_from` on."""

    index: PublicationIndex
    effective_from: CalendarDay
    prices: list[TermPrice]
    set_by: str


COMMANDS: tuple[type[Command], ...] = (PublishCatalogueEntry, SetDeliveryTariff)
EVENTS: tuple[type[Event], ...] = (CatalogueEntryPublished, DeliveryTariffSet)
