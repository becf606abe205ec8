"""The published language of subscriptions: the catalogue and PS-1 (DOMAIN.md §6)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from .base import Code, Command, Event, Id, LongId, PersonalText, Sealed, Short, Tiyn
from .values import Distribution, Payment, Seller, SubscriberKind, Zone

PublicationIndex = Annotated[str, StringConstraints(pattern=r"^[0-9]{5}$")]
Months = Annotated[int, Field(ge=1, le=12)]
Month = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$")]


class _Subscriptions:
    context: ClassVar[str] = "subscriptions"


class TermPrice(BaseModel):
    """The price of one term in both zones, in tiyn."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    months: Months
    city: Tiyn
    rural: Tiyn


class PublishCatalogueEntry(_Subscriptions, Command):
    """A publication's entry, in force from a date; earlier prices are never overwritten (§6, §9)."""

    index: PublicationIndex
    title: Short
    editor_phone: Short
    issues_a_year: Annotated[int, Field(ge=1, le=366)]
    min_months: Months
    max_months: Months
    distribution: Distribution
    territory: Short
    effective_from: date
    prices: Annotated[list[TermPrice], Field(min_length=1, max_length=12)]


class Subscriber(BaseModel):
    """Who subscribes, and where to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    consumer_id: LongId | None = None
    kind: SubscriberKind
    name: PersonalText
    address: PersonalText


class AcceptSubscription(_Subscriptions, Command):
    """A subscription at the counter, by a postman or an agent. The price comes from the catalogue."""

    subscription_id: Id | None = None
    index: PublicationIndex
    first_month: Month
    months: Months
    copies: Annotated[int, Field(ge=1, le=100_000)]
    zone: Zone
    facility: Code
    seller: Seller
    worker: Id
    payment: Payment
    subscriber: Subscriber


class CatalogueEntryPublished(_Subscriptions, Event):
    """The catalogue holds these prices from `effective_from` on."""

    index: PublicationIndex
    title: str
    editor_phone: str
    issues_a_year: int
    min_months: int
    max_months: int
    distribution: Distribution
    territory: str
    effective_from: date
    prices: list[TermPrice]


class SubscriptionAccepted(_Subscriptions, Event):
    """Accepted at the catalogue's price of the day: `amount` = `price` × `copies`, in tiyn."""

    subscription_id: Id
    index: PublicationIndex
    title: str
    first_month: Month
    months: int
    copies: int
    zone: Zone
    price: Tiyn
    amount: Tiyn
    facility: str
    seller: Seller
    worker: Id
    payment: Payment
    subscriber_kind: SubscriberKind
    name: Sealed
    address: Sealed


COMMANDS: tuple[type[Command], ...] = (PublishCatalogueEntry, AcceptSubscription)
EVENTS: tuple[type[Event], ...] = (CatalogueEntryPublished, SubscriptionAccepted)
