"""The rules of press subscriptions: the catalogue and its prices, and accepting a PS-1 form (DOMAIN.md §6).

Calendar days are counted in the centre's time zone: `decider(zone)` makes the rules for one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from functools import partial
from zoneinfo import ZoneInfo

from shared.contracts import subscriptions
from shared.contracts.base import Event, Message
from shared.contracts.subscriptions import (
    AcceptSubscription,
    CatalogueEntryPublished,
    PublishCatalogueEntry,
    SubscriptionAccepted,
    TermPrice,
)
from shared.contracts.values import Context, Zone
from shared.decider import Decider, Given, Refused
from shared.rules import not_in_the_future

LARGEST_AMOUNT = 10**13
"""In tiyn. More than any money field of the published language holds: a slip of the keyboard, not a subscription."""


# ── what is known of a publication, and of a subscription ────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Unknown:
    """No such publication, or no such subscription, yet."""


@dataclass(frozen=True, slots=True)
class Publication:
    """A publication's catalogue entries, the latest `effective_from` first."""

    entries: tuple[CatalogueEntryPublished, ...]


@dataclass(frozen=True, slots=True)
class Subscription:
    """An accepted subscription."""


State = Unknown | Publication | Subscription


# ── what may be done ─────────────────────────────────────────────────────────────────────────────────────────


def decide(zone: tzinfo, state: State, message: Message, given: Given[State]) -> Sequence[Event]:
    """What happens when `message` arrives; see each rule below. `zone` is the centre's.

    Raises:
        Refused: the codes of the rules below.
    """
    not_in_the_future(given.occurred_at, given.now)
    match message, state:
        case PublishCatalogueEntry(), _:
            return [publish(state, message)]
        case AcceptSubscription(), Unknown():
            publication = given.others.get(publication_stream(message.index), Unknown())
            return [accept(publication, message, message.subscription_id or given.fresh_id, _day(given, zone))]
        case AcceptSubscription(), _:
            raise Refused(
                "subscription_exists",
                f"subscription {message.subscription_id} is accepted already; leave the id out to get a new one",
                "subscription_id",
            )
        case _:
            raise Refused("unknown_type", f"subscriptions has no rule for {message.type_name()}; see `tereze contract`")


def publish(state: State, entry: PublishCatalogueEntry) -> CatalogueEntryPublished:
    """An entry takes effect on a date; what took effect before stays as it was."""
    if entry.min_months > entry.max_months:
        raise Refused(
            "min_above_max", "the shortest term is longer than the longest; correct one of them", "min_months"
        )
    terms = [price.months for price in entry.prices]
    for months in terms:
        if not entry.min_months <= months <= entry.max_months:
            raise Refused(
                "term_outside_limits",
                f"a price for {months} months, but terms go from {entry.min_months} to {entry.max_months}; "
                "leave the price out or widen the terms",
                "prices",
            )
        if terms.count(months) > 1:
            raise Refused("term_priced_twice", f"{months} months are priced twice; leave one price out", "prices")
    if any(entry.effective_from == earlier.effective_from for earlier in _entries(state)):
        raise Refused(
            "effective_date_taken",
            f"{entry.index} has prices from {entry.effective_from} already, and they are never overwritten; "
            "publish the new ones from another date",
            "effective_from",
        )
    return CatalogueEntryPublished(
        index=entry.index,
        title=entry.title,
        editor_phone=entry.editor_phone,
        issues_a_year=entry.issues_a_year,
        min_months=entry.min_months,
        max_months=entry.max_months,
        distribution=entry.distribution,
        territory=entry.territory,
        effective_from=entry.effective_from,
        prices=entry.prices,
    )


def accept(publication: State, form: AcceptSubscription, subscription_id: str, day: date) -> SubscriptionAccepted:
    """A subscription is accepted at the price in force on the day; only what is in the catalogue is accepted."""
    entry = entry_in_force(publication, form.index, day)
    price = price_of(entry, form.months, form.zone)
    amount = price * form.copies
    if amount > LARGEST_AMOUNT:
        raise Refused("amount_too_large", f"{form.copies} copies cost {amount} tiyn; check the copies", "copies")
    this_month = day.isoformat()[: len("YYYY-MM")]
    if form.first_month < this_month:
        raise Refused(
            "first_month_past", f"{form.first_month} is over; choose {this_month} or a later month", "first_month"
        )
    return SubscriptionAccepted(
        consumer_id=form.subscriber.consumer_id or f"c-{subscription_id}",
        subscription_id=subscription_id,
        index=form.index,
        title=entry.title,
        first_month=form.first_month,
        months=form.months,
        copies=form.copies,
        zone=form.zone,
        price=price,
        amount=amount,
        facility=form.facility,
        seller=form.seller,
        worker=form.worker,
        payment=form.payment,
        subscriber_kind=form.subscriber.kind,
        name=form.subscriber.name,
        address=form.subscriber.address,
    )


def entry_in_force(publication: State, index: str, day: date) -> CatalogueEntryPublished:
    """The entry that took effect last, on `day` or before it."""
    entries = _entries(publication)
    for entry in entries:
        if entry.effective_from <= day:
            return entry
    begins = f" before {entries[-1].effective_from}" if entries else ""
    raise Refused(
        "not_in_catalogue",
        f"publication {index} is not in the catalogue{begins}; check the index, or publish its entry first",
        "index",
        early=True,
    )


def price_of(entry: CatalogueEntryPublished, months: int, zone: Zone) -> int:
    """The price of a term for one copy, in tiyn."""
    for price in entry.prices:
        if price.months == months:
            return _in_zone(price, zone)
    offered = ", ".join(str(months) for months in sorted(price.months for price in entry.prices))
    raise Refused(
        "term_not_offered",
        f"{entry.title} ({entry.index}) is not offered for {months} months; choose one of: {offered}",
        "months",
    )


def _in_zone(price: TermPrice, zone: Zone) -> int:
    return price.city if zone is Zone.CITY else price.rural


def _entries(state: State) -> tuple[CatalogueEntryPublished, ...]:
    return state.entries if isinstance(state, Publication) else ()


def _day(given: Given[State], zone: tzinfo) -> date:
    try:
        return given.occurred_at.astimezone(zone).date()
    except OverflowError:  # the first or last hours of the calendar
        return given.occurred_at.date()


# ── what then is known ───────────────────────────────────────────────────────────────────────────────────────


def evolve(state: State, event: Event, _occurred_at: datetime) -> State:
    """The publication or the subscription after `event`."""
    match event:
        case CatalogueEntryPublished():
            entries = sorted((*_entries(state), event), key=lambda entry: entry.effective_from, reverse=True)
            return Publication(tuple(entries))
        case SubscriptionAccepted():
            return Subscription()
        case _:
            return state


def publication_stream(index: str) -> str:
    """All entries of one publication."""
    return f"publication-{index}"


def stream_of(message: Message, fresh_id: str) -> str:
    """A publication's entries are one stream, each subscription is another."""
    match message:
        case PublishCatalogueEntry():
            return publication_stream(message.index)
        case AcceptSubscription():
            return f"subscription-{message.subscription_id or fresh_id}"
        case _:
            return f"subscription-{fresh_id}"


def reads(message: Message) -> tuple[str, ...]:
    """To accept a subscription, its publication must be read."""
    return (publication_stream(message.index),) if isinstance(message, AcceptSubscription) else ()


def decider(zone: tzinfo) -> Decider[State]:
    """The rules for a centre in time zone `zone`."""
    return Decider(
        context=Context.SUBSCRIPTIONS,
        commands=subscriptions.COMMANDS,
        opens=frozenset({AcceptSubscription}),
        initial=Unknown,
        stream_of=stream_of,
        reads=reads,
        decide=partial(decide, zone),
        evolve=evolve,
    )


DECIDER: Decider[State] = decider(ZoneInfo("Asia/Almaty"))
