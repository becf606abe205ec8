"""Campaigns and cut-off days: data that differ by place and change by date (DOMAIN.md §6, §9)."""

from __future__ import annotations

from datetime import date, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.subscriptions.domain import DECIDER, decider
from services.subscriptions.months import next_by
from shared.contracts.base import Event
from shared.contracts.subscriptions import (
    AnnounceCampaign,
    CampaignAnnounced,
    CutOffsSet,
    SetCutOffs,
    SubscriptionAccepted,
)
from shared.deadlines import Calendar, Calendars, Interval

from .given_when_then import at, given, refused
from .press_world import ALWAYS, form, on_sale, published

CENTRE, VILLAGE = 15, 10


def campaign(**more: Any) -> AnnounceCampaign:
    facts: dict[str, Any] = {
        "campaign_id": "2027",
        "title": "2027 жылға жазылу",
        "opens": date(2026, 9, 1),
        "closes": date(2026, 12, 15),
        "first_month": "2027-01",
        "last_month": "2027-12",
    }
    return AnnounceCampaign(**facts | more)


def announced(**more: Any) -> CampaignAnnounced:
    return CampaignAnnounced(**campaign(**more).model_dump())


def cut_offs(day: int, place: str | None = None, since: date = date(2026, 1, 1), **more: Any) -> CutOffsSet:
    facts: dict[str, Any] = {"order_day": day, "annulment_day": day, "redirection_day": day}
    return CutOffsSet(place=place, effective_from=since, **facts | more)


def selling(*calendar: Event) -> given:
    """A campaign always runs, unless the calendar says when."""
    campaigns = () if any(isinstance(one, CampaignAnnounced) for one in calendar) else (ALWAYS,)
    return given(DECIDER, elsewhere={**on_sale(published()), "campaigns-all": (*campaigns, *calendar)})


def test_a_campaign_is_announced_once_and_runs_forwards() -> None:
    given(DECIDER).when(campaign()).then(announced())
    given(DECIDER, (announced(),)).when(campaign(title="other")).then(refused("campaign_exists", "campaign_id"))
    given(DECIDER).when(campaign(closes=date(2026, 8, 31))).then(refused("closes_before_opening", "closes"))
    given(DECIDER).when(campaign(last_month="2026-12")).then(refused("last_before_first", "last_month"))
    assert DECIDER.stream_of(campaign(), "fresh") == "campaigns-all"


def test_forms_are_accepted_within_the_campaigns_dates() -> None:
    case = selling(announced())
    for moment in ("2026-09-01 00:00", "2026-12-15 23:59"):
        case.when(form(), at=at(moment)).then_one(SubscriptionAccepted, campaign="2027")
    case.when(form(), at=at("2026-08-31 23:59")).then(refused("no_campaign", "time", early=True))
    case.when(form(), at=at("2026-12-16 00:00")).then(refused("no_campaign", "time", early=True))


def test_a_campaign_is_for_its_months() -> None:
    case, october = selling(announced()), at("2026-10-05 11:00")
    case.when(form(6, first_month="2027-07"), at=october).then_one(SubscriptionAccepted, campaign="2027")
    case.when(form(6, first_month="2027-08"), at=october).then(refused("outside_campaign", "first_month"))
    case.when(form(6, first_month="2026-12"), at=october).then(refused("outside_campaign", "first_month"))
    current = announced(campaign_id="current", first_month="2026-11", last_month="2026-12")
    two = selling(announced(), current)
    two.when(form(2, first_month="2026-11"), at=october).then_one(SubscriptionAccepted, campaign="current")


def test_where_no_campaign_was_ever_announced_no_form_is_accepted() -> None:
    outcome = given(DECIDER, elsewhere={"publication-75384": (published(),)}).when(form(), at=at("2026-12-31 11:00"))
    outcome.then(refused("no_campaign", "time", early=True))
    assert "AnnounceCampaign" in str(outcome.refusal)


def test_cut_offs_hold_from_a_date_and_are_never_overwritten() -> None:
    setting = SetCutOffs(place="taraz", effective_from=date(2026, 1, 1), order_day=15, annulment_day=12)
    given(DECIDER).when(setting).then(cut_offs(15, "taraz", annulment_day=12, redirection_day=12))
    case = given(DECIDER, (cut_offs(10, "taraz"), cut_offs(10)))
    case.when(setting).then(refused("effective_date_taken", "effective_from"))
    case.when(setting.model_copy(update={"place": None})).then(refused("effective_date_taken", "effective_from"))
    later = setting.model_copy(update={"effective_from": date(2026, 7, 1), "redirection_day": 20})
    case.when(later).then(cut_offs(15, "taraz", date(2026, 7, 1), annulment_day=12, redirection_day=20))


@pytest.mark.parametrize(
    ("place", "moment", "earliest"),
    [
        ("regional-centre", "2026-11-15 23:59", "2026-12"),
        ("regional-centre", "2026-11-16 00:00", "2027-01"),
        ("village", "2026-11-10 12:00", "2026-12"),
        ("village", "2026-11-11 12:00", "2027-01"),
    ],
)
def test_the_15th_in_regional_centres_the_10th_elsewhere(place: str, moment: str, earliest: str) -> None:
    case = selling(cut_offs(VILLAGE), cut_offs(CENTRE, "regional-centre"))
    before = {"2026-12": "2026-11", "2027-01": "2026-12"}[earliest]
    ordered = form(2, place=place, first_month=earliest)
    case.when(ordered, at=at(moment)).then_one(SubscriptionAccepted, first_month=earliest)
    too_soon = ordered.model_copy(update={"first_month": before})
    case.when(too_soon, at=at(moment)).then(refused("after_cut_off", "first_month"))


def test_leaving_the_place_out_evades_no_cut_off() -> None:
    """Regression: on the 20th, taraz was refused for November, and the same form without a place was accepted."""
    others = {**on_sale(published()), "campaigns-all": (ALWAYS, cut_offs(CENTRE, "taraz"))}
    unsaid, evening = form(2, first_month="2026-11"), at("2026-10-20 12:00")
    given(DECIDER, elsewhere=others).when(unsaid, at=evening).then(refused("place_missing", "place"))
    calendars = Calendars(Calendar(ZoneInfo("Asia/Almaty"), ((Interval(time(9), time(18)),),) * 7))
    in_taraz = given(decider(calendars, {"post-1": "taraz"}), elsewhere=others)
    in_taraz.when(unsaid, at=evening).then(refused("after_cut_off", "first_month"))
    in_taraz.when(form(2, first_month="2026-12"), at=evening).then_one(SubscriptionAccepted, place="taraz")
    in_taraz.when(form(2, first_month="2026-11", place="village"), at=evening).then_one(
        SubscriptionAccepted, place="village"
    )
    not_yet = {**others, "campaigns-all": (ALWAYS, cut_offs(CENTRE, "taraz", date(2026, 11, 1)))}
    given(DECIDER, elsewhere=not_yet).when(unsaid, at=evening).then_one(SubscriptionAccepted, place=None)


def test_a_cut_off_changes_by_its_date() -> None:
    case = selling(cut_offs(20, since=date(2026, 11, 1)), cut_offs(10))
    case.when(form(2, first_month="2026-11"), at=at("2026-10-15 12:00")).then(refused("after_cut_off", "first_month"))
    case.when(form(2, first_month="2026-12"), at=at("2026-11-15 12:00")).then_one(SubscriptionAccepted)
    not_yet = selling(cut_offs(10, since=date(2027, 1, 1)))
    not_yet.when(form(2, first_month="2026-10"), at=at("2026-10-31 12:00")).then_one(SubscriptionAccepted)


def test_a_place_may_have_a_date_of_its_own_for_one_campaign() -> None:
    """The 18th of December 2026 for the year 2027, and the 15th ever before and after."""
    special = (cut_offs(18, "taraz", date(2026, 12, 1)), cut_offs(15, "taraz", date(2027, 1, 1)))
    case = selling(announced(closes=date(2026, 12, 31)), cut_offs(15, "taraz"), cut_offs(10), *special)
    ordered = form(2, place="taraz", first_month="2027-01")
    case.when(ordered, at=at("2026-12-18 23:59")).then_one(SubscriptionAccepted, campaign="2027")
    case.when(ordered, at=at("2026-12-19 00:00")).then(refused("after_cut_off", "first_month"))
    elsewhere = ordered.model_copy(update={"place": "village"})
    case.when(elsewhere, at=at("2026-12-11 00:00")).then(refused("after_cut_off", "first_month"))
    november = form(2, place="taraz", first_month="2026-12")
    earlier = selling(cut_offs(15, "taraz"), *special)
    earlier.when(november, at=at("2026-11-16 00:00")).then(refused("after_cut_off", "first_month"))


@pytest.mark.parametrize(
    ("cut_off", "day", "month"),
    [
        (31, date(2027, 2, 28), "2027-03"),
        (15, date(2026, 12, 15), "2027-01"),
        (15, date(2026, 12, 16), "2027-02"),
        (1, date(2026, 12, 2), "2027-02"),
    ],
)
def test_a_cut_off_after_the_months_end_is_its_end(cut_off: int, day: date, month: str) -> None:
    assert next_by(cut_off, day) == month
