"""Form PS-1, the abonement: accepted at a counter, or entered from a postman's or an agent's delivery card (§6)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ..base import CalendarDay, Code, Command, Event, Id, LongId, Month, PersonalText, Sealed, Tiyn
from ..intake.common import Contact, ContactKind
from ..values import Distribution, Language, Payment, Seller, SubscriberKind, Zone
from .parts import Copies, Months, OfSubscriptions, Part, PublicationIndex


class Subscriber(Part):
    """Who subscribes, and where to."""

    consumer_id: LongId | None = None
    kind: SubscriberKind
    name: PersonalText
    address: PersonalText
    phone: PersonalText | None = None
    email: PersonalText | None = None
    language: Language | None = None
    """The language they are written to."""


class _Form(Command):
    """What every form says, whatever it is for."""

    zone: Zone
    facility: Code
    seller: Seller
    worker: Id
    """Who took the form and the money: counter worker, postman or agent."""
    payment: Payment
    subscriber: Subscriber
    place: Code | None = None
    """Where it is delivered, as cut-offs and territories know it. Default: the facility's, where the centre's data file
    names its place.
    """
    sorting_point: Code | None = None
    """Card system: the intermediate point whose sorters get the card. Default: the place, else the facility."""
    carrier: Code | None = None
    """Address system: the carrier who gets the card. Default: the place, else the facility."""
    entered_by: Id | None = None
    """Who entered it: at the counter the worker, unless said otherwise. A postman's or an agent's form needs it: they
    enter nothing themselves.
    """
    signed: bool
    """Whether the subscriber signed the form."""


class AcceptSubscription(OfSubscriptions, _Form):
    """A subscription at the counter, by a postman or an agent. The price comes from the catalogue.

    The answer's case is the abonement's number.
    """

    subscription_id: Id | None = None
    """The sender's own id of the form; default: made from the message's id."""
    index: PublicationIndex
    first_month: Month
    months: Months
    copies: Copies
    card: LongId | None = None
    """The number of the delivery card that a postman or an agent brought."""


class OrderLine(Part):
    """One title of an order."""

    index: PublicationIndex
    first_month: Month
    months: Months
    copies: Copies
    card: LongId | None = None
    """As `AcceptSubscription`'s: each form has a card of its own."""


class AcceptOrder(OfSubscriptions, _Form):
    """Several titles for one subscriber at once: a form each, numbered one after the other; all or none.

    The answer tells each form's number with its event.
    """

    lines: Annotated[list[OrderLine], Field(min_length=1, max_length=50)]


class SubscriptionAccepted(OfSubscriptions, Event):
    """Accepted at the prices of the day: `amount` = `price` × `copies`, in tiyn. What form PS-1 says."""

    subscription_id: LongId
    index: PublicationIndex
    title: str
    first_month: Month
    months: int
    copies: int
    zone: Zone
    price: Tiyn
    """Of one copy: the catalogue's and the delivery price together."""
    amount: Tiyn
    facility: str
    seller: Seller
    worker: Id
    payment: Payment
    subscriber_kind: SubscriberKind
    name: Sealed
    address: Sealed
    abonement: LongId | None = None
    """The form's number: `<facility>.<year>.<n>`, gapless in each facility and year. None: before forms had one."""
    day: CalendarDay | None = None
    """The facility's operating day it belongs to."""
    campaign: str | None = None
    delivery_price: Tiyn = 0
    """What of `price` is the distributor's."""
    issues: list[int] = Field(default_factory=list[int])
    """How many issues come out in each month of the term."""
    distribution: Distribution | None = None
    place: str | None = None
    sorting_point: str | None = None
    carrier: str | None = None
    card: str | None = None
    entered_by: str | None = None
    phone: Sealed | None = None
    email: Sealed | None = None
    language: Language | None = None
    contacts: list[Contact] = Field(default_factory=list[Contact])
    """By what the subscriber is found in the information base."""
    known: list[ContactKind] = Field(default_factory=list[ContactKind])
    """Which data the form gives of the subscriber."""


class DeliveryCardMade(OfSubscriptions, Event):
    """The abonement's delivery card: where and in which months what is delivered. Without the address: see the form."""

    abonement: LongId
    facility: str
    day: CalendarDay
    index: PublicationIndex
    first_month: Month
    months: int
    issues: list[int]
    copies: int
    amount: Tiyn
    zone: Zone
    payment: Payment
    seller: Seller
    worker: Id
    distribution: Distribution
    place: str | None
    sorting_point: str
    carrier: str
    sold_on: CalendarDay | None = None
    """By whose prices it was sold: `day` is a later one where that day's protocol was certified by then. Cards of
    before this was kept have none."""


COMMANDS: tuple[type[Command], ...] = (AcceptSubscription, AcceptOrder)
EVENTS: tuple[type[Event], ...] = (SubscriptionAccepted, DeliveryCardMade)
