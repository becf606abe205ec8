"""Campaigns, and the days of the month until which something still holds from the next month on (§6, §9)."""

from __future__ import annotations

from ..base import CalendarDay, Code, Command, Event, Month, Short
from .parts import DayOfMonth, OfSubscriptions


class AnnounceCampaign(OfSubscriptions, Command):
    """Between two dates, subscriptions are accepted to certain months."""

    campaign_id: Code
    title: Short
    opens: CalendarDay
    closes: CalendarDay
    """The last day on which forms are accepted."""
    first_month: Month
    last_month: Month


class SetCutOffs(OfSubscriptions, Command):
    """Until which day of a month something can be asked for from the next month on; a day later, from the one after.

    In force from a date, for one place or, without `place`, wherever no other cut-off stands. Never overwritten.
    """

    place: Code | None = None
    effective_from: CalendarDay
    order_day: DayOfMonth
    annulment_day: DayOfMonth
    redirection_day: DayOfMonth | None = None
    """Default: as for annulment."""


class CampaignAnnounced(OfSubscriptions, Event):
    """The campaign runs from `opens` to `closes`."""

    campaign_id: str
    title: str
    opens: CalendarDay
    closes: CalendarDay
    first_month: Month
    last_month: Month


class CutOffsSet(OfSubscriptions, Event):
    """These cut-offs hold from `effective_from` on."""

    place: str | None
    effective_from: CalendarDay
    order_day: int
    annulment_day: int
    redirection_day: int


COMMANDS: tuple[type[Command], ...] = (AnnounceCampaign, SetCutOffs)
EVENTS: tuple[type[Event], ...] = (CampaignAnnounced, CutOffsSet)
