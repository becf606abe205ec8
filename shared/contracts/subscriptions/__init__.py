"""The published language of subscriptions: catalogue, campaigns, PS-1, operating days, changes (DOMAIN.md §6)."""

from __future__ import annotations

from ..base import Command, Event
from . import campaigns, catalogue, changes, days, forms
from .campaigns import AnnounceCampaign, CampaignAnnounced, CutOffsSet, SetCutOffs
from .catalogue import CatalogueEntryPublished, DeliveryTariffSet, PublishCatalogueEntry, SetDeliveryTariff
from .changes import (
    AnnulSubscription,
    RedirectSubscription,
    ReverseSubscription,
    SubscriptionAnnulled,
    SubscriptionRedirected,
    SubscriptionReversed,
)
from .days import (
    Booking,
    BooksCarriedForward,
    Brought,
    CardPile,
    CertifyDay,
    CountDay,
    Counted,
    DayCertified,
    DayCounted,
    DayOpened,
    Difference,
    OpenDay,
    RefundBooked,
)
from .forms import (
    AcceptOrder,
    AcceptSubscription,
    DeliveryCardMade,
    OrderLine,
    Subscriber,
    SubscriptionAccepted,
)
from .parts import TermPrice

_MODULES = (catalogue, campaigns, forms, days, changes)
COMMANDS: tuple[type[Command], ...] = tuple(command for module in _MODULES for command in module.COMMANDS)
EVENTS: tuple[type[Event], ...] = tuple(event for module in _MODULES for event in module.EVENTS)

__all__ = [
    "COMMANDS",
    "EVENTS",
    "AcceptOrder",
    "AcceptSubscription",
    "AnnounceCampaign",
    "AnnulSubscription",
    "Booking",
    "BooksCarriedForward",
    "Brought",
    "CampaignAnnounced",
    "CardPile",
    "CatalogueEntryPublished",
    "CertifyDay",
    "CountDay",
    "Counted",
    "CutOffsSet",
    "DayCertified",
    "DayCounted",
    "DayOpened",
    "DeliveryCardMade",
    "DeliveryTariffSet",
    "Difference",
    "OpenDay",
    "OrderLine",
    "PublishCatalogueEntry",
    "RedirectSubscription",
    "RefundBooked",
    "ReverseSubscription",
    "SetCutOffs",
    "SetDeliveryTariff",
    "Subscriber",
    "SubscriptionAccepted",
    "SubscriptionAnnulled",
    "SubscriptionRedirected",
    "SubscriptionReversed",
    "TermPrice",
]
