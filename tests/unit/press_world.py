"""What the tests of press subscriptions share: made-up titles, forms, and a service whose reactions are delivered."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from services.subscriptions.domain import DECIDER
from shared.contracts.base import Event, Message
from shared.contracts.intake import ContactKind
from shared.contracts.subscriptions import (
    AcceptSubscription,
    CampaignAnnounced,
    CatalogueEntryPublished,
    DayOpened,
    DeliveryCardMade,
    DeliveryTariffSet,
    PublishCatalogueEntry,
    SetDeliveryTariff,
    Subscriber,
    SubscriptionAccepted,
    TermPrice,
)
from shared.contracts.values import Distribution, Payment, Seller, SubscriberKind, Zone
from shared.decider import Decider, Given, Refused

from .given_when_then import at, blind, look_up, recall

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
ALWAYS = CampaignAnnounced(
    campaign_id="always",
    title="Жазылу",
    opens=date(2026, 1, 1),
    closes=date(2027, 12, 31),
    first_month="2026-01",
    last_month="2028-12",
)
"""A campaign that runs whenever these tests play."""


def prices(by_term: Mapping[int, tuple[int, int]]) -> list[TermPrice]:
    return [TermPrice(months=m, city=c * TENGE, rural=r * TENGE) for m, (c, r) in by_term.items()]


def entry(index: str = "75384", effective_from: date = date(2026, 1, 1), **more: Any) -> PublishCatalogueEntry:
    title, issues, by_term = MADE_UP[index]
    facts: dict[str, Any] = {
        "issues_a_year": issues,
        "min_months": min(by_term),
        "max_months": max(by_term),
        "prices": prices(by_term),
    }
    return PublishCatalogueEntry(
        index=index,
        title=title,
        editor_phone="+7 717 000",
        distribution=Distribution.CARD,
        territory="kz",
        effective_from=effective_from,
        **facts | more,
    )


def published(index: str = "75384", effective_from: date = date(2026, 1, 1), **more: Any) -> CatalogueEntryPublished:
    return CatalogueEntryPublished(**entry(index, effective_from, **more).model_dump())


def on_sale(*entries: CatalogueEntryPublished | DeliveryTariffSet) -> dict[str, tuple[Event, ...]]:
    """The other streams that a form is accepted by: what is in the catalogue, while a campaign runs."""
    streams: dict[str, tuple[Event, ...]] = {"campaigns-all": (ALWAYS,)}
    for one in entries:
        stream = f"publication-{one.index}"
        streams[stream] = (*streams.get(stream, ()), one)
    return streams


def tariff(by_term: Mapping[int, tuple[int, int]], since: date = date(2026, 1, 1), **more: Any) -> SetDeliveryTariff:
    facts: dict[str, Any] = {"index": "75384", "set_by": "the distributor"}
    return SetDeliveryTariff(effective_from=since, prices=prices(by_term), **facts | more)


def tariff_set(by_term: Mapping[int, tuple[int, int]], since: date = date(2026, 1, 1)) -> DeliveryTariffSet:
    return DeliveryTariffSet(**tariff(by_term, since).model_dump())


def form(months: int = 6, zone: Zone = Zone.CITY, **more: Any) -> AcceptSubscription:
    facts: dict[str, Any] = {
        "subscription_id": "S1",
        "index": "75384",
        "first_month": "2027-01",
        "copies": 1,
        "facility": "post-1",
        "seller": Seller.POSTMAN,
        "worker": "postman-3",
        "entered_by": "counter-1",
        "signed": True,
        "payment": Payment.CASH,
        "subscriber": Subscriber(kind=SubscriberKind.INDIVIDUAL, name="Ерлан", address="Abai 1"),
    }
    return AcceptSubscription(months=months, zone=zone, **facts | more)


def accepted(number: int = 1, **more: Any) -> SubscriptionAccepted:
    """A form that the facility accepted on 5 October: 6 months of the worked example in the city, by a postman."""
    facts: dict[str, Any] = {
        "consumer_id": "c-S1",
        "subscription_id": f"S{number}",
        "index": "75384",
        "title": "Ауыл тынысы",
        "first_month": "2027-01",
        "months": 6,
        "copies": 1,
        "zone": Zone.CITY,
        "price": 188_700,
        "amount": 188_700,
        "facility": "post-1",
        "seller": Seller.POSTMAN,
        "worker": "postman-3",
        "payment": Payment.CASH,
        "subscriber_kind": SubscriberKind.INDIVIDUAL,
        "name": "Ерлан",
        "address": "Abai 1",
        "abonement": f"post-1.2026.{number:06}",
        "day": date(2026, 10, 5),
        "issues": [0, 1, 0, 1, 0, 1],
        "distribution": Distribution.CARD,
        "campaign": "always",
        "entered_by": "counter-1",
        "known": [ContactKind.NAME, ContactKind.ADDRESS],
    }
    return SubscriptionAccepted(**facts | more)


def opened(day: str = "2026-10-05", worker: str = "counter-1") -> DayOpened:
    ends = at(f"{day} 00:00").replace(hour=0)
    return DayOpened(
        case_id=f"post-1.{day}",
        facility="post-1",
        day=date.fromisoformat(day),
        worker=worker,
        due_at=ends.fromordinal(ends.toordinal() + 1).replace(tzinfo=ends.tzinfo),
    )


def card(**more: Any) -> DeliveryCardMade:
    """The delivery card of `accepted()`."""
    facts: dict[str, Any] = {
        "consumer_id": "c-S1",
        "abonement": "post-1.2026.000001",
        "facility": "post-1",
        "day": date(2026, 10, 5),
        "index": "75384",
        "first_month": "2027-01",
        "months": 6,
        "issues": [0, 1, 0, 1, 0, 1],
        "copies": 1,
        "amount": 188_700,
        "zone": Zone.CITY,
        "payment": Payment.CASH,
        "seller": Seller.POSTMAN,
        "worker": "postman-3",
        "distribution": Distribution.CARD,
        "place": None,
        "sorting_point": "post-1",
        "carrier": "post-1",
        "sold_on": date(2026, 10, 5),
    }
    return DeliveryCardMade(**facts | more)


class PressWorld:
    """The service's streams in memory: messages by their ids, once; reactions wait until they are delivered."""

    def __init__(self, now: datetime, rules: Decider[Any] = DECIDER) -> None:
        self.now = now
        self.rules = rules
        self.states: dict[str, Any] = {}
        self.log: list[tuple[str, Event]] = []
        """Each event with the stream it is on."""
        self.under_way: list[tuple[Event, datetime]] = []
        self._answers: dict[str, Sequence[Event]] = {}

    def submit(self, message: Message, message_id: str, when: datetime | None = None) -> Sequence[Event]:
        """Decide a message; the second time under its id, nothing happens and its first answer is told.

        Raises:
            Refused: by the rules.
        """
        if message_id not in self._answers:
            self._answers[message_id] = self._decide(message, message_id, when or self.now)
        return self._answers[message_id]

    def deliver(self, index: int, *, again: bool = False) -> None:
        """Deliver a reaction under way; `again`: it will come once more."""
        event, when = self.under_way[index] if again else self.under_way.pop(index)
        self.submit(event, f"event {id(event)}", when)

    def settle(self) -> None:
        while self.under_way:
            self.deliver(0)

    def weigh(self, message: Message, when: datetime) -> Sequence[Event]:
        """What a message would lead to now, followed to the state after it. Nothing happens.

        Raises:
            Refused: by the rules.
        """
        return self._events(message, "weighed", when)[2]

    def _decide(self, message: Message, message_id: str, when: datetime) -> Sequence[Event]:
        stream, state, events = self._events(message, message_id, when)
        for event in events:
            self.log.append((stream, event))
            if type(event) in self.rules.reacts_to:
                self.under_way.append((event, when))
        self.states[stream] = state
        return events

    def _events(self, message: Message, message_id: str, when: datetime) -> tuple[str, Any, Sequence[Event]]:
        """The stream a message is decided on, its state afterwards, and what the rules say."""
        rules = self.rules
        stream = rules.stream_of(message, message_id)
        state = self.states.get(stream, rules.initial())
        others = look_up(rules, message, self.states)
        given = Given(
            occurred_at=when,
            now=self.now,
            fresh_id=re.sub("[^A-Za-z0-9]", "-", message_id),
            others=others,
            blind=blind,
            recalled=recall(rules, message, [event for on, event in self.log if on == stream]),
        )
        events = rules.decide(state, message, given)
        for event in events:
            state = rules.evolve(state, event, when)
        return stream, state, events


def refusal_of(world: PressWorld, message: Message, message_id: str) -> str:
    """The code of the refusal that a message gets; empty: it is accepted."""
    try:
        world.submit(message, message_id)
    except Refused as no:
        return no.code
    return ""
