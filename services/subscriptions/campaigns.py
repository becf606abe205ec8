"""Campaigns and cut-off days, as data (DOMAIN.md §6, §9).

Cut-offs differ by place and change by date. A cut-off is a day of the month: what is asked for until then holds from
the next month on, what is asked for later from the one after.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from services.subscriptions.months import later, month_of, next_by
from shared.contracts.subscriptions import AnnounceCampaign, CampaignAnnounced, CutOffsSet, SetCutOffs
from shared.decider import Refused

ANY_DAY = 31
"""Where no cut-off stands, a change holds from the next month on."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """All campaigns, and all cut-offs, the latest `effective_from` first."""

    campaigns: tuple[CampaignAnnounced, ...] = ()
    cut_offs: tuple[CutOffsSet, ...] = ()

    def with_campaign(self, campaign: CampaignAnnounced) -> Calendar:
        """The calendar once a campaign is announced."""
        return Calendar((*self.campaigns, campaign), self.cut_offs)

    def with_cut_offs(self, cut_offs: CutOffsSet) -> Calendar:
        """The calendar once cut-offs are set."""
        everything = sorted((*self.cut_offs, cut_offs), key=lambda one: one.effective_from, reverse=True)
        return Calendar(self.campaigns, tuple(everything))

    def differ_by_place(self, day: date) -> bool:
        """Whether on a day some place has cut-offs of its own."""
        return any(one.place is not None and one.effective_from <= day for one in self.cut_offs)

    def cut_offs_at(self, place: str | None, day: date) -> CutOffsSet | None:
        """The place's own cut-offs in force on a day, else those of all places; None: there are none."""
        in_force = [one for one in self.cut_offs if one.effective_from <= day]
        own = [one for one in in_force if place is not None and one.place == place]
        return next(iter(own or [one for one in in_force if one.place is None]), None)


def announce(known: Calendar, campaign: AnnounceCampaign) -> CampaignAnnounced:
    """A campaign has an id of its own, and ends after it begins."""
    if campaign.closes < campaign.opens:
        raise Refused("closes_before_opening", "the campaign closes before it opens; correct one date", "closes")
    if campaign.last_month < campaign.first_month:
        raise Refused("last_before_first", "the last month is before the first; correct one of them", "last_month")
    if any(campaign.campaign_id == one.campaign_id for one in known.campaigns):
        raise Refused(
            "campaign_exists",
            f"campaign {campaign.campaign_id} is announced already and is never overwritten; give it another id",
            "campaign_id",
        )
    return CampaignAnnounced(**dict(campaign))


def set_cut_offs(known: Calendar, cut_offs: SetCutOffs) -> CutOffsSet:
    """Cut-offs hold from a date; what held before stays as it was."""
    if any((one.place, one.effective_from) == (cut_offs.place, cut_offs.effective_from) for one in known.cut_offs):
        raise Refused(
            "effective_date_taken",
            f"{cut_offs.place or 'everywhere'} has cut-offs from {cut_offs.effective_from} already, and they are "
            "never overwritten; set the new ones from another date",
            "effective_from",
        )
    redirection = cut_offs.annulment_day if cut_offs.redirection_day is None else cut_offs.redirection_day
    return CutOffsSet(
        place=cut_offs.place,
        effective_from=cut_offs.effective_from,
        order_day=cut_offs.order_day,
        annulment_day=cut_offs.annulment_day,
        redirection_day=redirection,
    )


# ── what they say of a form ──────────────────────────────────────────────────────────────────────────────────


def may_begin(known: Calendar, place: str | None, day: date, first_month: str) -> None:
    """A subscription begins this month or later; where a cut-off for ordering stands, when that allows."""
    if place is None and known.differ_by_place(day):
        raise Refused(
            "place_missing",
            "until when is ordered differs by place; name the place it is delivered to, or have the facility's written "
            "into the centre's data file",
            "place",
        )
    this_month = month_of(day)
    if first_month < this_month:
        raise Refused("first_month_past", f"{first_month} is over; choose {this_month} or a later month", "first_month")
    cut_offs = known.cut_offs_at(place, day)
    earliest = this_month if cut_offs is None else next_by(cut_offs.order_day, day)
    if cut_offs is not None and first_month < earliest:
        raise Refused(
            "after_cut_off",
            f"orders from {first_month} on were taken until day {cut_offs.order_day} of the month before "
            f"({place or 'everywhere'}); choose {earliest} or a later month",
            "first_month",
        )


def campaign_for(known: Calendar, day: date, first_month: str, months: int) -> str:
    """The campaign that a form belongs to: it runs on the day, and is for all months of the term."""
    running = [one for one in known.campaigns if one.opens <= day <= one.closes]
    if not running:
        coming = min((one.opens for one in known.campaigns if one.opens > day), default=None)
        when = "have one announced (AnnounceCampaign)" if coming is None else f"the next one opens on {coming}"
        raise Refused("no_campaign", f"no subscription campaign runs on {day}; {when}", "time", early=True)
    last_month = later(first_month, months - 1)
    for one in running:
        if one.first_month <= first_month and last_month <= one.last_month:
            return one.campaign_id
    terms = ", ".join(f"{one.first_month} to {one.last_month}" for one in running)
    raise Refused(
        "outside_campaign",
        f"{first_month} to {last_month} is outside what is subscribed to on {day}; choose months within {terms}",
        "first_month",
    )


def holds_from(known: Calendar, place: str | None, day: date, *, annulment: bool) -> str:
    """The first month from which an annulment or a redirection asked for on a day can hold."""
    cut_offs = known.cut_offs_at(place, day)
    if cut_offs is None:
        return next_by(ANY_DAY, day)
    return next_by(cut_offs.annulment_day if annulment else cut_offs.redirection_day, day)
