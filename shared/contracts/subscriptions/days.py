"""The operating day of a facility: opened, counted, reconciled, certified (§6)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from ..base import CalendarDay, Code, Command, Event, Id, LongId, Short, Tiyn, When
from ..values import Payment, Seller
from .parts import Months, OfSubscriptions, Part, PublicationIndex, TiynBalance

_Count = Annotated[int, Field(ge=0, le=10**7)]


class CardPile(Part):
    """The delivery cards of one publication and term, as sorted and counted."""

    index: PublicationIndex
    months: Months
    cards: _Count


class Brought(Part):
    """What one postman or agent brought."""

    worker: Id
    cash: TiynBalance
    cards: _Count


class Counted(StrEnum):
    """What a day is reconciled by."""

    CASH = "cash"
    INVOICED = "invoiced"
    CARDS = "cards"
    BROUGHT_CASH = "brought_cash"
    BROUGHT_CARDS = "brought_cards"


class Difference(Part):
    """A line that does not agree: `expected` by the protocol, `found` by whoever counted."""

    what: Counted
    expected: int
    found: int
    index: str | None = None
    months: int | None = None
    worker: str | None = None


class OpenDay(OfSubscriptions, Command):
    """The facility begins its operating day. The day's first form opens it too."""

    facility: Code
    day: CalendarDay
    worker: Id
    """Who answers for the day's certification."""


class CountDay(OfSubscriptions, Command):
    """The money and the delivery cards of a day, counted to be reconciled with its protocol."""

    facility: Code
    day: CalendarDay
    worker: Id
    cash: TiynBalance
    """The cash taken in, less what was paid back."""
    invoiced: TiynBalance
    """The sum of the invoices written, less what was credited."""
    cards: Annotated[list[CardPile], Field(max_length=10_000)]
    brought: Annotated[list[Brought], Field(max_length=1000)] | None = None
    """What each postman and agent brought; default: not counted apart."""


class CertifyDay(OfSubscriptions, Command):
    """The worker signs the extended protocol. From then on the day takes nothing."""

    facility: Code
    day: CalendarDay
    worker: Id
    signature: Short
    """Name and post, as signed."""


class DayOpened(OfSubscriptions, Event):
    """The operating day runs; it is to be certified by `due_at`, its end."""

    case_id: LongId
    """`<facility>.<day>`."""
    facility: str
    day: CalendarDay
    worker: Id
    due_at: When


class DayCounted(OfSubscriptions, Event):
    """What was counted, and every line in which it differs from the protocol at that moment."""

    case_id: LongId
    facility: str
    day: CalendarDay
    worker: Id
    cash: TiynBalance
    invoiced: TiynBalance
    cards: list[CardPile]
    brought: list[Brought] | None
    differences: list[Difference]


class DayCertified(OfSubscriptions, Event):
    """The extended protocol's totals, signed."""

    case_id: LongId
    facility: str
    day: CalendarDay
    worker: Id
    signature: str
    forms: int
    """Forms accepted, reversed ones included."""
    reversed_forms: int
    first_number: LongId | None
    last_number: LongId | None
    cash: TiynBalance
    invoiced: TiynBalance
    paid_back: Tiyn
    """Refunds and reversals, in cash and on invoices: already taken off `cash` and `invoiced`."""
    cards: list[CardPile]
    """The delivery cards by publication index and term."""


class BooksCarriedForward(OfSubscriptions, Event):
    """All days until `day` are certified and none runs: what the facility's books begin from."""

    case_id: LongId
    facility: str
    day: CalendarDay
    year: int
    last_number: int
    """Of the forms numbered in `year`."""


class Booking(StrEnum):
    """Why a day pays back."""

    ANNULMENT = "annulment"
    REVERSAL = "reversal"


class RefundBooked(OfSubscriptions, Event):
    """A compensating line of a day's protocol: an annulment's refund, or a wrong form taken back."""

    abonement: LongId
    facility: str
    day: CalendarDay
    booking: Booking
    amount: Tiyn
    payment: Payment
    index: PublicationIndex
    months: int
    seller: Seller
    worker: Id
    """Who took the form."""
    form_day: CalendarDay
    """The day of the form."""


COMMANDS: tuple[type[Command], ...] = (OpenDay, CountDay, CertifyDay)
EVENTS: tuple[type[Event], ...] = (DayOpened, DayCounted, DayCertified, BooksCarriedForward, RefundBooked)
