"""Annulment, redirection, taking a wrong form back: events beside the form, never changes of it (DOMAIN.md §6, §9)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from services.subscriptions.changes import refund
from services.subscriptions.domain import DECIDER
from shared.contracts.base import Event
from shared.contracts.subscriptions import (
    AnnulSubscription,
    DeliveryTariffSet,
    RedirectSubscription,
    ReverseSubscription,
    SubscriptionAnnulled,
    SubscriptionRedirected,
    SubscriptionReversed,
    TermPrice,
)
from shared.contracts.values import Payment, Seller, Zone

from .given_when_then import at, given, refused
from .press_world import accepted, card, published
from .test_subscription_campaigns import cut_offs

NUMBER = "post-1.2026.000001"
DECEMBER = at("2026-12-01 10:00")


def accepted_form(*since: Event, calendar: tuple[Event, ...] = (), **facts: Any) -> given:
    """A form for January to June 2027, whose issues come out in February, April and June."""
    places = {"campaigns-all": calendar, "publication-75384": (published(places=["taraz", "post-1"]),)}
    return given(DECIDER, (card(**facts), *since), places)


def annul(**more: Any) -> AnnulSubscription:
    return AnnulSubscription(abonement=NUMBER, worker="counter-1", **more)


def annulled(**facts: Any) -> SubscriptionAnnulled:
    whole: dict[str, Any] = {
        "consumer_id": "c-S1",
        "abonement": NUMBER,
        "facility": "post-1",
        "index": "75384",
        "months": 6,
        "copies": 1,
        "copies_left": 0,
        "from_month": "2027-01",
        "issues_left": 3,
        "issues": 3,
        "refund": 188_700,
        "payment": Payment.CASH,
        "seller": Seller.POSTMAN,
        "worker": "postman-3",
        "annulled_by": "counter-1",
        "form_day": date(2026, 10, 5),
        "reason": None,
    }
    return SubscriptionAnnulled(**whole | facts)


# ── annulment ────────────────────────────────────────────────────────────────────────────────────────────────


def test_before_it_begins_all_of_it_is_paid_back() -> None:
    accepted_form().when(annul(), at=DECEMBER).then(annulled())
    assert DECIDER.stream_of(annul(), "fresh") == f"subscription-{NUMBER}"


@pytest.mark.parametrize(
    ("moment", "from_month", "left", "back"),
    [
        ("2027-01-10 23:59", "2027-02", 3, 188_700),
        ("2027-01-11 00:00", "2027-03", 2, 125_800),
        ("2027-02-10 12:00", "2027-03", 2, 125_800),
        ("2027-03-11 12:00", "2027-05", 1, 62_900),
        ("2027-05-10 12:00", "2027-06", 1, 62_900),
    ],
)
def test_what_can_no_longer_be_delivered_is_paid_back_by_the_cut_off(
    moment: str, from_month: str, left: int, back: int
) -> None:
    case = accepted_form(calendar=(cut_offs(10),))
    case.when(annul(), at=at(moment)).then(annulled(from_month=from_month, issues_left=left, refund=back))


def test_the_cut_off_is_that_of_the_place_it_is_delivered_to() -> None:
    calendar = (cut_offs(10), cut_offs(15, "taraz"))
    here, there = accepted_form(calendar=calendar), accepted_form(calendar=calendar, place="taraz")
    here.when(annul(), at=at("2027-01-12 12:00")).then_one(SubscriptionAnnulled, from_month="2027-03")
    there.when(annul(), at=at("2027-01-12 12:00")).then_one(SubscriptionAnnulled, from_month="2027-02")


def test_without_a_cut_off_it_holds_from_the_next_month_on() -> None:
    accepted_form().when(annul(), at=at("2027-01-31 23:59")).then_one(SubscriptionAnnulled, from_month="2027-02")


def test_once_no_issue_is_left_it_is_too_late() -> None:
    case = accepted_form(calendar=(cut_offs(10),))
    case.when(annul(), at=at("2027-05-11 00:00")).then(refused("too_late_to_annul", "time"))


def test_copies_are_annulled_one_after_the_other() -> None:
    many: dict[str, Any] = {"copies": 5, "amount": 5 * 188_700}
    first = annulled(copies=2, copies_left=3, refund=2 * 188_700, reason="moved")
    accepted_form(**many).when(annul(copies=2, reason="moved"), at=DECEMBER).then(first)
    case = accepted_form(first, **many)
    case.when(annul(copies=4), at=DECEMBER).then(refused("more_than_left", "copies"))
    case.when(annul(), at=DECEMBER).then(annulled(copies=3, refund=3 * 188_700))
    case = accepted_form(first, annulled(copies=3), **many)
    case.when(annul(), at=DECEMBER).then(refused("annulled_already", "abonement"))


def test_another_facility_may_pay_it_back() -> None:
    accepted_form().when(annul(facility="post-2"), at=DECEMBER).then(annulled(facility="post-2"))
    assert DECIDER.stream_of(annulled(facility="post-2"), "fresh") == "facility-post-2"


@pytest.mark.parametrize(
    ("amount", "left", "issues", "back"),
    [
        (100, 1, 3, 33),
        (100, 2, 3, 67),
        (1, 1, 2, 1),
        (3, 1, 2, 2),
        (199, 1, 2, 100),
        (7, 0, 3, 0),
        (188_700, 3, 3, 188_700),
    ],
)
def test_half_a_tiyn_is_rounded_upwards(amount: int, left: int, issues: int, back: int) -> None:
    assert refund(amount, 1, 1, left, issues) == back


@for_all(
    price=st.integers(0, 10**13),
    copies=st.integers(1, 1000),
    issues=st.integers(1, 366),
    part=st.integers(0, 366),
)
def test_a_refund_is_never_more_than_was_paid_and_off_by_less_than_a_tiyn(
    price: int, copies: int, issues: int, part: int
) -> None:
    left = min(part, issues)
    back = refund(price * copies, copies, copies, left, issues)
    assert 0 <= back <= price * copies
    assert abs(back * issues - price * copies * left) * 2 <= issues
    assert refund(price * copies, copies, copies, issues, issues) == price * copies


def test_a_form_of_the_time_before_numbers_is_annulled_under_its_id() -> None:
    old = accepted(abonement=None, day=None, issues=[], distribution=None)
    case = given(DECIDER, ((old, at("2026-10-05 11:00")),))
    outcome = case.when(AnnulSubscription(abonement="S1", worker="counter-1"), at=at("2027-01-05 10:00"))
    outcome.then_one(SubscriptionAnnulled, from_month="2027-02", issues_left=5, issues=6, refund=157_250)


def test_nothing_is_known_of_a_number_that_was_never_given() -> None:
    unknown = refused("unknown_abonement", "abonement", later=True)
    given(DECIDER).when(annul(), at=DECEMBER).then(unknown)
    given(DECIDER).when(redirect(), at=DECEMBER).then(unknown)
    given(DECIDER).when(take_back(), at=DECEMBER).then(unknown)


# ── redirection ──────────────────────────────────────────────────────────────────────────────────────────────


def redirect(**more: Any) -> RedirectSubscription:
    facts: dict[str, Any] = {"index": "75384", "worker": "counter-1", "address": "Тараз, Абай 5", "place": "taraz"}
    facts["zone"] = Zone.CITY
    return RedirectSubscription(abonement=NUMBER, **facts | more)


def redirected(**facts: Any) -> SubscriptionRedirected:
    whole: dict[str, Any] = {
        "consumer_id": "c-S1",
        "abonement": NUMBER,
        "index": "75384",
        "from_month": "2027-02",
        "address": "Тараз, Абай 5",
        "place": "taraz",
        "sorting_point": "taraz",
        "carrier": "taraz",
        "redirected_by": "counter-1",
        "zone": Zone.CITY,
    }
    return SubscriptionRedirected(**whole | facts)


@pytest.mark.parametrize(
    ("moment", "from_month"),
    [("2026-12-01 10:00", "2027-02"), ("2027-01-10 10:00", "2027-02"), ("2027-01-11 10:00", "2027-04")],
)
def test_from_the_next_possible_issue_on_it_goes_to_the_other_address(moment: str, from_month: str) -> None:
    case = accepted_form(calendar=(cut_offs(25, redirection_day=10),))
    case.when(redirect(), at=at(moment)).then(redirected(from_month=from_month))


def test_until_it_goes_elsewhere_the_cut_off_of_the_old_place_counts() -> None:
    """Regression: a redirection asked for too late for April let an annulment of the same day pay April back."""
    calendar = (cut_offs(10), cut_offs(15, "taraz"))
    monthly: dict[str, Any] = {"calendar": calendar, "issues": [1] * 6}
    moves = redirected(from_month="2027-05")
    accepted_form(**monthly).when(redirect(), at=at("2027-03-12 11:00")).then(moves)
    case = accepted_form(moves, **monthly)
    case.when(annul(), at=at("2027-03-12 11:00")).then_one(SubscriptionAnnulled, from_month="2027-05", issues_left=2)
    case.when(redirect(), at=at("2027-03-12 11:00")).then(moves)
    case.when(annul(), at=at("2027-04-12 11:00")).then_one(SubscriptionAnnulled, from_month="2027-05", issues_left=2)
    back = redirected(from_month="2027-06", place="post-1", sorting_point="post-1", carrier="post-1")
    again = accepted_form(moves, back, **monthly)
    again.when(annul(), at=at("2027-04-12 11:00")).then_one(SubscriptionAnnulled, from_month="2027-05")
    again.when(annul(), at=at("2027-05-12 11:00")).then(refused("too_late_to_annul", "time"))


def test_who_moves_within_a_place_keeps_its_sorters_and_carrier_unless_told_otherwise() -> None:
    case = accepted_form(place="post-1", sorting_point="sort-7", carrier="area-4")
    here = {"place": "post-1", "sorting_point": "sort-7"}
    case.when(redirect(place=None), at=DECEMBER).then(redirected(**here, carrier="area-4"))
    case.when(redirect(place=None, carrier="area-5"), at=DECEMBER).then(redirected(**here, carrier="area-5"))
    case.when(redirect(sorting_point="sort-9"), at=DECEMBER).then(redirected(sorting_point="sort-9"))


def test_it_is_redirected_within_the_publications_territory() -> None:
    accepted_form().when(redirect(place="oral"), at=DECEMBER).then(refused("outside_territory", "place"))


def test_where_the_term_costs_otherwise_it_is_not_redirected_but_annulled_and_accepted_anew() -> None:
    """Regression: a city form went to the country, and nobody was charged or told."""
    case = accepted_form(calendar=(cut_offs(10),))
    case.when(redirect(zone=Zone.RURAL), at=DECEMBER).then(refused("priced_otherwise", "zone"))
    case.when(redirect(zone=Zone.CITY), at=DECEMBER).then(redirected(zone=Zone.CITY))
    accepted_form(zone=Zone.RURAL).when(redirect(zone=Zone.CITY), at=DECEMBER).then(refused("priced_otherwise", "zone"))
    case.when(annul(), at=DECEMBER).then_one(SubscriptionAnnulled, refund=188_700)
    # And none evades it by not saying the zone.
    assert RedirectSubscription.model_fields["zone"].is_required()


def test_prices_of_the_forms_day_say_whether_zones_cost_the_same() -> None:
    same = published(places=["taraz"], prices=[TermPrice(months=6, city=5, rural=5)])
    later = published(effective_from=date(2026, 11, 1), places=["taraz"])
    tariff = DeliveryTariffSet(
        index="75384",
        effective_from=date(2026, 1, 1),
        prices=[TermPrice(months=6, city=1, rural=2)],
        set_by="the distributor",
    )
    for known, expected in (
        ((same, later), redirected(zone=Zone.RURAL)),
        ((same, later, tariff), refused("priced_otherwise", "zone")),
    ):
        case = given(DECIDER, (card(),), {"publication-75384": known})
        case.when(redirect(zone=Zone.RURAL), at=DECEMBER).then(expected)
    moved = given(DECIDER, (card(), redirected(zone=Zone.RURAL)), {"publication-75384": (same, later)})
    moved.when(redirect(zone=Zone.RURAL, place=None), at=DECEMBER).then(redirected(zone=Zone.RURAL))


def test_sold_after_the_certification_it_costs_what_it_did_on_the_day_of_its_sale() -> None:
    """Regression: such a form belongs to the next operating day, by whose prices its zones were compared."""
    same = published(places=["taraz"], prices=[TermPrice(months=6, city=5, rural=5)])
    differ = published(places=["taraz"], effective_from=date(2026, 10, 6))
    known = {"publication-75384": (same, differ)}
    sold = given(DECIDER).when(accepted(day=date(2026, 10, 6)), at=at("2026-10-05 18:30")).events
    to_the_country = redirect(zone=Zone.RURAL)
    given(DECIDER, sold, known).when(to_the_country, at=DECEMBER).then(redirected(zone=Zone.RURAL))
    # Of a card from before the day was kept, the operating day is known.
    old = card(day=date(2026, 10, 6), sold_on=None)
    given(DECIDER, (old,), known).when(to_the_country, at=DECEMBER).then(refused("priced_otherwise", "zone"))


def test_a_slip_in_the_number_is_noticed_by_the_index() -> None:
    accepted_form().when(redirect(index="10001"), at=DECEMBER).then(refused("another_publication", "index"))


def test_after_the_last_possible_issue_it_stays_where_it_is() -> None:
    accepted_form().when(redirect(), at=at("2027-06-01 10:00")).then(refused("too_late_to_redirect", "time"))


def test_what_is_annulled_or_taken_back_is_not_redirected() -> None:
    accepted_form(annulled()).when(redirect(), at=DECEMBER).then(refused("annulled_already", "abonement"))
    accepted_form(taken_back()).when(redirect(), at=DECEMBER).then(refused("taken_back", "abonement"))


# ── taking a wrong form back ─────────────────────────────────────────────────────────────────────────────────


def take_back() -> ReverseSubscription:
    return ReverseSubscription(abonement=NUMBER, worker="counter-1", ground="wrong term")


def taken_back(**facts: Any) -> SubscriptionReversed:
    whole: dict[str, Any] = {
        "consumer_id": "c-S1",
        "abonement": NUMBER,
        "facility": "post-1",
        "index": "75384",
        "months": 6,
        "copies": 1,
        "amount": 188_700,
        "payment": Payment.CASH,
        "seller": Seller.POSTMAN,
        "worker": "postman-3",
        "reversed_by": "counter-1",
        "form_day": date(2026, 10, 5),
        "ground": "wrong term",
    }
    return SubscriptionReversed(**whole | facts)


def test_a_wrong_form_is_taken_back_whole_until_its_delivery_begins() -> None:
    accepted_form().when(take_back(), at=at("2026-12-31 23:59")).then(taken_back())
    accepted_form().when(take_back(), at=at("2027-01-01 00:00")).then(refused("delivery_began", "abonement"))
    this_month = accepted_form(first_month="2026-10")
    this_month.when(take_back(), at=at("2026-10-05 18:00")).then_one(SubscriptionReversed)
    this_month.when(take_back(), at=at("2026-10-06 09:00")).then(refused("delivery_began", "abonement"))


def test_it_is_taken_back_once_and_not_after_a_refund() -> None:
    accepted_form(taken_back()).when(take_back(), at=DECEMBER).then(refused("taken_back", "abonement"))
    accepted_form(taken_back()).when(annul(), at=DECEMBER).then(refused("taken_back", "abonement"))
    in_part = accepted_form(annulled(copies=1, copies_left=1), copies=2, amount=2 * 188_700)
    in_part.when(take_back(), at=DECEMBER).then(refused("annulled_in_part", "abonement"))
