"""Regimes: whose rules hold for a case, and what they say of its answer (DOMAIN.md §4, §9).

A centre may choose from them; which one holds is settled by the case's type (`CaseTypes`, set in the centre's
data file, `shared/centre.toml`) and recorded in the case's events, so that a later change of the file judges
nothing anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from shared.contracts.values import DeclineGround, Regime
from shared.deadlines import Span, Unit, days, months, working_days

_NOBODY_TO_ANSWER = frozenset({DeclineGround.NO_CONTACT_DETAILS})


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """What a regime says of a written request."""

    answer: Span
    """The answer is due after this."""
    from_working_day: bool = True
    """What comes on a day on which the centre is closed counts from the next working day: so with any appeal (§9)."""
    extension: Span | None = None
    """The answer may be put off once, with a reason, by at most this; None: not at all."""
    extension_notice: Span | None = None
    """The consumer is told of the extension within this; None: at the same time, with the extension itself."""
    forward: Span | None = None
    """What is another body's business is sent on to it within this; None: the regime sets no limit."""
    forward_notice: bool = False
    """The consumer is told where it was sent."""
    refusals: frozenset[DeclineGround] = _NOBODY_TO_ANSWER
    """Grounds on which no action may be taken. Any other is recorded as the ground of an answer."""
    coupon: bool = True
    """A coupon is given at once: unique number, date, time and receiver. Acceptance can't be refused."""

    @property
    def surely_days(self) -> int:
        """So many calendar days are within the extension, whenever it begins: two months may have no more than 59."""
        longest = self.extension
        if longest is None:
            return 0
        return longest.amount * 59 // 2 if longest.unit is Unit.MONTHS else longest.amount

    def allows_refusal(self, ground: DeclineGround) -> bool:
        """Whether a request may be closed on this ground without an answer in substance."""
        return ground in self.refusals


RULES: Mapping[Regime, Rules] = MappingProxyType(
    {
        # Table 5: 10 days, and 10 more; §4's grounds of no action.
        Regime.HOUSE: Rules(answer=days(10), extension=days(10), refusals=frozenset(DeclineGround)),
        Regime.CONSUMER_PROTECTION: Rules(answer=days(10)),
        Regime.ADMINISTRATIVE: Rules(
            answer=working_days(15),
            extension=months(2),
            extension_notice=working_days(3),
            forward=working_days(3),
            forward_notice=True,
        ),
        Regime.PUBLIC_SERVICES: Rules(answer=working_days(5)),
    }
)
"""By regime. A request without contact details can be answered under none: there is nobody to be told."""


@dataclass(frozen=True, slots=True)
class CaseTypes:
    """Which regime each type of case is under; what is not named is under the default."""

    by_type: Mapping[str, Regime] = field(default_factory=dict[str, Regime])
    default: Regime = Regime.HOUSE

    def regime(self, case_type: str | None) -> Regime:
        """The regime of a case of this type; None: its type is not known (yet)."""
        return self.default if case_type is None else self.by_type.get(case_type, self.default)

    def rules(self, case_type: str | None) -> Rules:
        """What that regime says."""
        return RULES[self.regime(case_type)]


CASE_TYPES = CaseTypes(
    {
        "claim": Regime.CONSUMER_PROTECTION,
        "appeal": Regime.ADMINISTRATIVE,
        "service_complaint": Regime.PUBLIC_SERVICES,
    }
)
"""As shipped: a consumer's claim, an appeal to an authority, a complaint about a public service; else the house's."""
