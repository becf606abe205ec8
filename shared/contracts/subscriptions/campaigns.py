"""Campaigns, and the days of the month until which something still holds from the next month on (§6, §9)."""

from __future__ import annotations

from datetime import date

from ..base import Code, Command, Event, Short
from .parts import DayOfMonth, Month, OfSubscriptions


class AnnounceCampaign(OfSubscriptions, Command):
    """Between two dates, subscriptions are accepted to certain months."""

    campaign_id: Code
    title: Short
    opens: date
    closes: date
    """The last day on which forms are accepted."""
    first_month: Month
    last_month: Month


class SetCutOffs(OfSubscriptions, Command):
    """Until which day of a month something can be asked for from the next month on; a day later, from the one after.

    In force from a date, for one place or, without `place`, wherever no other cut-off stands. Never overwritten.
    """

    place: Code | None = None
    effective_from: date
    order_day: DayOfMonth
    annulment_day: DayOfMonth
    redirection_day: DayOfMonth | None = None
    """Default: as for annulment."""


class CampaignAnnounced(OfSubscriptions, Event):
    """The campaign runs from `opens` to `closes`."""

    campaign_id: str
    title: str
    opens: date
    closes: date
    first_month: Month
    last_month: Month


class CutOffsSet(OfSubscriptions, Event):
    """These cut-offs hold from `effective_from` on."""

    place: str | None
    effective_from: date
    order_day: int
    annulment_day: int
    redirection_day: int


COMMANDS: tuple[type[Command], ...] = (AnnounceCampaign, SetCutOffs)
EVENTS: tuple[type[Event], ...] = (CampaignAnnounced, CutOffsSet)
