"""Regimes: what each says of the answer, and which one holds for a type of case (DOMAIN.md §4, §9)."""

from __future__ import annotations

import pytest

from shared.contracts.values import DeclineGround, Regime
from shared.deadlines import days, months, working_days
from shared.regimes import CASE_TYPES, RULES, CaseTypes


def test_the_limits_are_those_of_table_5_and_of_the_laws() -> None:
    assert {regime: (rules.answer, rules.extension) for regime, rules in RULES.items()} == {
        Regime.HOUSE: (days(10), days(10)),
        Regime.CONSUMER_PROTECTION: (days(10), None),
        Regime.ADMINISTRATIVE: (working_days(15), months(2)),
        Regime.PUBLIC_SERVICES: (working_days(5), None),
    }


def test_an_authority_sends_on_what_is_not_its_business_and_tells_of_an_extension_in_three_working_days() -> None:
    rules = RULES[Regime.ADMINISTRATIVE]
    assert (rules.forward, rules.forward_notice, rules.extension_notice) == (working_days(3), True, working_days(3))
    assert all(other.forward is None for regime, other in RULES.items() if regime is not Regime.ADMINISTRATIVE)


@pytest.mark.parametrize("ground", DeclineGround)
def test_only_the_house_takes_no_action_on_its_own_grounds(ground: DeclineGround) -> None:
    allowing = {regime for regime, rules in RULES.items() if rules.allows_refusal(ground)}
    assert allowing == (set(Regime) if ground is DeclineGround.NO_CONTACT_DETAILS else {Regime.HOUSE})


def test_every_regime_gives_a_coupon_and_counts_from_the_next_working_day() -> None:
    assert all(rules.coupon and rules.from_working_day for rules in RULES.values())


def test_a_type_of_case_is_under_its_regime_and_any_other_under_the_default() -> None:
    assert CASE_TYPES.regime("appeal") is Regime.ADMINISTRATIVE
    assert CASE_TYPES.regime("enquiry") is CASE_TYPES.regime(None) is Regime.HOUSE
    chosen = CaseTypes({"enquiry": Regime.PUBLIC_SERVICES}, default=Regime.ADMINISTRATIVE)
    assert chosen.rules("enquiry").answer == working_days(5)
    assert chosen.regime("appeal") is Regime.ADMINISTRATIVE
