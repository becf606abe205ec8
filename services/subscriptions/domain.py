"""The rules of press subscriptions (DOMAIN.md §6): who may ask for what, and where it is decided.

The rules themselves, by topic: `catalogue` (prices), `campaigns` (dates), `ps1` (accepting), `day` (the operating day,
over a facility's `books`), `changes` (annulment, redirection, taking back). Calendar days are counted in the centre's
time zone, working days by each facility's calendar; a form that names no place is delivered where its facility is:
`decider(calendars, places)` makes the rules for a centre.

Streams: `publication-<index>`, `campaigns-all`, `facility-<facility>` (forms, days, refunds: what must add up), and
`subscription-<abonement>` (one form's life, from its delivery card on). What happens in one stream reaches the other
as a reaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo
from functools import partial
from types import MappingProxyType
from zoneinfo import ZoneInfo

from services.subscriptions import campaigns, catalogue, changes, day, ps1
from services.subscriptions.books import Books
from services.subscriptions.campaigns import Calendar
from services.subscriptions.catalogue import Publication
from services.subscriptions.changes import Subscription
from shared import deadlines
from shared.contracts import subscriptions
from shared.contracts.base import Event, Message
from shared.contracts.subscriptions import (
    AcceptOrder,
    AcceptSubscription,
    AnnounceCampaign,
    AnnulSubscription,
    BooksCarriedForward,
    CampaignAnnounced,
    CatalogueEntryPublished,
    CertifyDay,
    CountDay,
    CutOffsSet,
    DayCertified,
    DayCounted,
    DayOpened,
    DeliveryCardMade,
    DeliveryTariffSet,
    OpenDay,
    PublishCatalogueEntry,
    RedirectSubscription,
    RefundBooked,
    ReverseSubscription,
    SetCutOffs,
    SetDeliveryTariff,
    Subscriber,
    SubscriptionAccepted,
    SubscriptionAnnulled,
    SubscriptionReversed,
)
from shared.contracts.values import Context
from shared.deadlines import Calendars, Hours, Interval
from shared.decider import Decider, Given, Recall, Refused
from shared.rules import not_in_the_future


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing happened on this stream yet."""


State = Unknown | Publication | Calendar | Books | Subscription
CALENDAR = "campaigns-all"
NOWHERE: Mapping[str, str] = MappingProxyType({})
"""Of no facility it is known where it is."""


# ── what may be done ─────────────────────────────────────────────────────────────────────────────────────────


def decide(
    calendars: Calendars, places: Mapping[str, str], state: State, message: Message, given: Given[State]
) -> Sequence[Event]:
    """What happens when `message` arrives; see the rules of each topic. `calendars` are the centre's, and `places` say
    where its facilities are.

    Raises:
        Refused: by the rules.
    """
    not_in_the_future(given.occurred_at, given.now)
    zone = calendars.zone
    today = _day(given.occurred_at, zone)
    match message:
        case PublishCatalogueEntry():
            return [catalogue.publish(_publication(state), message)]
        case SetDeliveryTariff():
            return [catalogue.set_tariff(_publication(state), message)]
        case AnnounceCampaign():
            return [campaigns.announce(_calendar(state), message)]
        case SetCutOffs():
            return [campaigns.set_cut_offs(_calendar(state), message)]
        case AcceptSubscription() | AcceptOrder():
            return _accept(calendars, places.get(message.facility), _books(state), message, given, today)
        case OpenDay():
            return [day.open_day(_books(state), message, _day(given.now, zone), zone)]
        case CountDay():
            return [day.count_day(_books(state), message)]
        case CertifyDay():
            return day.certify(_books(state), message, today)
        case AnnulSubscription():
            return [changes.annul(_accepted(state), message, _calendar(given.others.get(CALENDAR)), today)]
        case RedirectSubscription():
            publication = _publication(given.others.get(publication_stream(message.index)))
            calendar = _calendar(given.others.get(CALENDAR))
            return [changes.redirect(_accepted(state), message, calendar, publication, today)]
        case ReverseSubscription():
            return [changes.take_back(_accepted(state), message, today)]
        case SubscriptionAccepted():
            # Known already: one of the time before forms had numbers, or told twice.
            return [] if isinstance(state, Subscription) else [changes.card_of(message, today)]
        case SubscriptionAnnulled() | SubscriptionReversed():
            return day.book(_books(state), message, today, calendars.of(message.facility))
        case _:
            raise Refused("unknown_type", f"subscriptions has no rule for {message.type_name()}; see `tereze contract`")


def _accept(
    calendars: Calendars,
    facility_place: str | None,
    books: Books,
    form: AcceptSubscription | AcceptOrder,
    given: Given[State],
    today: date,
) -> Sequence[Event]:
    """A form gets its number, and opens its operating day where nobody has."""
    publications = {index: _publication(given.others.get(publication_stream(index))) for index in ps1.indexes(form)}
    on = books.operating_day(today, calendars.of(form.facility))
    sale = ps1.Sale(
        publications,
        _calendar(given.others.get(CALENDAR)),
        today,
        on,
        facility_place,
        given.recalled,
        ps1.recognisable(form, given),
    )
    if isinstance(form, AcceptSubscription):
        accepted = [ps1.accept(books, form, sale, given.fresh_id)]
    else:
        accepted = ps1.accept_order(books, form, sale, given.fresh_id)
    if on in books.days:
        return accepted
    return [day.opened(form.facility, on, form.entered_by or form.worker, calendars.zone), *accepted]


def _day(moment: datetime, zone: tzinfo) -> date:
    try:
        return moment.astimezone(zone).date()
    except OverflowError:  # the first or last hours of the calendar
        return moment.date()


def _publication(state: State | None) -> Publication:
    return state if isinstance(state, Publication) else Publication()


def _calendar(state: State | None) -> Calendar:
    return state if isinstance(state, Calendar) else Calendar()


def _books(state: State) -> Books:
    return state if isinstance(state, Books) else Books()


def _accepted(state: State) -> Subscription:
    if isinstance(state, Subscription):
        return state
    # Its delivery card is made by a reaction, and may be under way.
    raise Refused(
        "unknown_abonement",
        "no form of this number was accepted; its number stands on it: <facility>.<year>.<number>",
        "abonement",
        later=True,
    )


# ── what then is known ───────────────────────────────────────────────────────────────────────────────────────


def evolve(state: State, event: Event, occurred_at: datetime) -> State:
    """The publication, the calendar, the facility's books or the subscription after `event`."""
    match event:
        case CatalogueEntryPublished():
            return _publication(state).with_entry(event)
        case DeliveryTariffSet():
            return _publication(state).with_tariff(event)
        case CampaignAnnounced():
            return _calendar(state).with_campaign(event)
        case CutOffsSet():
            return _calendar(state).with_cut_offs(event)
        case SubscriptionAccepted(abonement=None):  # of the time before forms had numbers: on a stream of its own
            return Subscription(changes.card_of(event, occurred_at.date()), event.copies)
        case DeliveryCardMade():
            return Subscription(event, event.copies)
        case (
            SubscriptionAccepted()
            | DayOpened()
            | DayCounted()
            | DayCertified()
            | BooksCarriedForward()
            | RefundBooked()
        ):
            return _books(state).evolve(event)
        case _:
            return changes.evolve(state, event) if isinstance(state, Subscription) else state


def publication_stream(index: str) -> str:
    """All entries and tariffs of one publication."""
    return f"publication-{index}"


def facility_stream(facility: str) -> str:
    """All forms, days and refunds of one facility."""
    return f"facility-{facility}"


def stream_of(message: Message, fresh_id: str) -> str:
    """Where a message is decided."""
    match message:
        case PublishCatalogueEntry() | SetDeliveryTariff():
            return publication_stream(message.index)
        case AnnounceCampaign() | SetCutOffs():
            return CALENDAR
        case AcceptSubscription() | AcceptOrder() | OpenDay() | CountDay() | CertifyDay():
            return facility_stream(message.facility)
        case SubscriptionAnnulled() | SubscriptionReversed():
            return facility_stream(message.facility)
        case AnnulSubscription() | RedirectSubscription() | ReverseSubscription():
            return f"subscription-{message.abonement}"
        case SubscriptionAccepted():
            return f"subscription-{message.abonement or message.subscription_id}"
        case _:
            return f"subscription-{fresh_id}"


def reads(message: Message) -> tuple[str, ...]:
    """A form is accepted by the catalogue and the calendar; changes hold from when the calendar allows."""
    match message:
        case AcceptSubscription() | AcceptOrder():
            return (CALENDAR, *dict.fromkeys(publication_stream(index) for index in ps1.indexes(message)))
        case RedirectSubscription():
            return (CALENDAR, publication_stream(message.index))
        case AnnulSubscription():
            return (CALENDAR,)
        case _:
            return ()


def recalls(message: Message) -> tuple[Recall, ...]:
    """What a form's facility must not have entered before."""
    return ps1.recalls(message) if isinstance(message, AcceptSubscription | AcceptOrder) else ()


def whose_keys(message: Message, _known: Mapping[str, State]) -> tuple[str, ...]:
    """Whom a form names may be forgotten meanwhile."""
    match message:
        case AcceptSubscription(subscriber=Subscriber(consumer_id=str() as named)):
            return (named,)
        case AcceptOrder(subscriber=Subscriber(consumer_id=str() as named)):
            return (named,)
        case _:
            return ()


def case_of(event: Event) -> str | None:
    """Forms and refunds belong to their abonement, what concerns a day to the day, not all to the facility."""
    match event:
        case SubscriptionAccepted() | RefundBooked():
            return event.abonement
        case DayOpened() | DayCounted() | DayCertified() | BooksCarriedForward():
            return event.case_id
        case _:
            return None


def decider(calendars: Calendars, places: Mapping[str, str] = NOWHERE) -> Decider[State]:
    """The rules for a centre whose facilities work by these calendars, and are in these places."""
    return Decider(
        context=Context.SUBSCRIPTIONS,
        commands=subscriptions.COMMANDS,
        reacts_to=(SubscriptionAccepted, SubscriptionAnnulled, SubscriptionReversed),
        initial=Unknown,
        stream_of=stream_of,
        reads=reads,
        recalls=recalls,
        whose_keys=whose_keys,
        case_of=case_of,
        carried_forward=frozenset({BooksCarriedForward}),
        decide=partial(decide, calendars, places),
        evolve=evolve,
    )


_WEEK: tuple[Hours, ...] = (*((Interval(time(9), time(18)),),) * 5, (), ())
DECIDER: Decider[State] = decider(Calendars(deadlines.Calendar(ZoneInfo("Asia/Almaty"), _WEEK)))
"""For a centre that works from Monday to Friday."""
