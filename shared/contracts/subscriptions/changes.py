"""What may happen to a subscription afterwards: annulled, redirected, or taken back as wrongly entered (§6)."""

from __future__ import annotations

from ..base import AboutNobody, CalendarDay, Code, Command, Event, Id, LongId, Month, PersonalText, Sealed, Tiyn
from ..values import Payment, Seller, Zone
from .parts import Copies, OfSubscriptions, PublicationIndex


class AnnulSubscription(OfSubscriptions, Command):
    """The subscriber gives it up: what can no longer be delivered is paid back."""

    abonement: LongId
    """The form's number."""
    worker: Id
    copies: Copies | None = None
    """Default: all that are left."""
    facility: Code | None = None
    """Which pays back; default: the one that accepted the form."""
    reason: AboutNobody | None = None


class RedirectSubscription(OfSubscriptions, Command):
    """The subscriber moves: from the next possible issue it goes to another address.

    No money moves: to a zone where the term costs more or less, it is not redirected but annulled and accepted anew.
    """

    abonement: LongId
    index: PublicationIndex
    """As on the form: a slip in the number is noticed."""
    worker: Id
    address: PersonalText
    place: Code | None = None
    """Default: the same as before."""
    zone: Zone
    """Whose price holds at the new address."""
    sorting_point: Code | None = None
    carrier: Code | None = None


class ReverseSubscription(OfSubscriptions, Command):
    """The form was entered wrongly: it is taken back whole by a compensating entry, and keeps its number."""

    abonement: LongId
    worker: Id
    ground: AboutNobody


class SubscriptionAnnulled(OfSubscriptions, Event):
    """From `from_month` on, `copies` are not delivered, and `refund` is paid back for their `issues_left` of `issues`.

    `refund` = price of the copies × issues left ÷ issues of the term, to the nearest tiyn, half a tiyn upwards.
    """

    abonement: LongId
    facility: str
    """Which pays back."""
    index: PublicationIndex
    months: int
    copies: int
    copies_left: int
    from_month: Month
    issues_left: int
    issues: int
    refund: Tiyn
    payment: Payment
    seller: Seller
    worker: Id
    """Who took the form."""
    annulled_by: Id
    form_day: CalendarDay
    reason: str | None


class SubscriptionRedirected(OfSubscriptions, Event):
    """From `from_month` on it goes to another address."""

    abonement: LongId
    index: PublicationIndex
    from_month: Month
    address: Sealed
    place: str | None
    sorting_point: str
    carrier: str
    redirected_by: Id
    zone: Zone | None = None
    """Where it is named: the zone of the new address, which costs the same."""


class SubscriptionReversed(OfSubscriptions, Event):
    """The form counts no more; its whole amount is taken back."""

    abonement: LongId
    facility: str
    index: PublicationIndex
    months: int
    copies: int
    amount: Tiyn
    payment: Payment
    seller: Seller
    worker: Id
    reversed_by: Id
    form_day: CalendarDay
    ground: str


COMMANDS: tuple[type[Command], ...] = (AnnulSubscription, RedirectSubscription, ReverseSubscription)
EVENTS: tuple[type[Event], ...] = (SubscriptionAnnulled, SubscriptionRedirected, SubscriptionReversed)
