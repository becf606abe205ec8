"""Limits of stages 2a and 2b, of mail and of the telephone (DOMAIN.md §2, §4 Table 5, §9)."""

from __future__ import annotations

from services.insight.policies.base import first
from shared.deadlines import Policy, days, minutes, seconds, working_days, working_minutes
from shared.regimes import RULES

POLICIES: tuple[Policy, ...] = (
    first("details_visit", minutes(10), minutes(5)),  # 2a
    first("details_visit.voice_mail", working_minutes(10), working_minutes(5)),  # 2a: heard while the centre is open
    # What comes on a day on which the centre is closed counts from the next working day (§9: any appeal).
    first("details_email", days(1), from_working_day=True),  # 2b
    first("mail_register", days(1), from_working_day=True),  # Table 5
    first("mail_pass", days(1), from_working_day=True),  # Table 5: to a specialist, the same day from the receipt on
    first("mail_answer", days(10), from_working_day=True),  # Table 5, where a case's regime is not known
    first("mail_answer.taken_over", days(10)),  # older records know days of receipt: ten days from such a day
    *(
        first(f"mail_answer.{regime}", rules.answer, from_working_day=rules.from_working_day)
        for regime, rules in RULES.items()
    ),
    first("mail_specialist", days(10)),  # Table 5: the same as the operator's
    first("clarification", working_days(1)),  # once the agreed time is over, the request goes on by the next day
    first("misdirected", working_days(3)),  # where a case's regime is not known; likewise the next
    first("extension_notice", working_days(3)),
    *(
        first(f"misdirected.{regime}", rules.forward, from_working_day=rules.from_working_day)
        for regime, rules in RULES.items()
        if rules.forward is not None
    ),
    *(
        first(f"extension_notice.{regime}", rules.extension_notice)
        for regime, rules in RULES.items()
        if rules.extension_notice is not None
    ),
    first("call_waiting", seconds(40)),  # Table 5, all six
    first("call_data", seconds(45)),
    first("call_information", minutes(5)),
    first("after_call", minutes(5)),
    first("specialist_connect", seconds(40)),
    first("specialist_information", minutes(5)),
    first("call_back", days(1)),  # the promise says until when
    first("appointment", minutes(15)),  # the source names no limit: so long a booked consumer may be kept waiting
)
