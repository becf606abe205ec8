"""Limits of stages 2a and 2b, and of mail (DOMAIN.md §2, §4 Table 5)."""

from __future__ import annotations

from services.insight.policies.base import first
from shared.deadlines import Policy, days, minutes
from shared.regimes import RULES

POLICIES: tuple[Policy, ...] = (
    first("details_visit", minutes(10), minutes(5)),  # 2a
    first("details_email", days(1)),  # 2b
    first("mail_register", days(1)),  # Table 5
    first("mail_answer", days(10)),  # Table 5, where a case's regime is not known
    *(
        first(f"mail_answer.{regime}", rules.answer, from_working_day=rules.from_working_day)
        for regime, rules in RULES.items()
    ),
)
