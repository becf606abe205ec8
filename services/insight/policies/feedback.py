"""Limits of stages 5, 6 and 8 to 10 (DOMAIN.md §2), of actions, and of complaints (§5, §9).

The answer to a complaint is due by its regime. The sources set no limit to a complaint's other steps: these are the
house's, within the shortest regime's five working days.
"""

from __future__ import annotations

from services.insight.policies.base import first
from shared.deadlines import Policy, days, hours, minutes, months, working_days
from shared.regimes import RULES

POLICIES: tuple[Policy, ...] = (
    first("satisfaction", minutes(10), minutes(5)),  # 5
    first("closing", minutes(10), minutes(5)),  # 6a, 6b
    first("effectiveness", months(1)),  # 8
    # The source sets no limit to stage 9: this is the house's, well before the impact shows.
    first("success_factors", days(7)),  # 9a
    first("improvement", days(7)),  # 9b
    first("impact", months(3), months(1)),  # 10
    first("impact_again", months(3)),  # 10; the survey says when it is due: by three months, extended by six
    first("action", days(30)),  # 9b, §5; the order says when it is due
    first("action_again", days(30)),
    first("action_check", days(30)),
    first("complaint_acknowledge", minutes(10)),  # at once
    first("complaint_answer", days(10), from_working_day=True),  # where no regime is known
    *(
        first(f"complaint_answer.{regime}", rules.answer, from_working_day=rules.from_working_day)
        for regime, rules in RULES.items()
    ),
    first("complaint_misdirected", working_days(3)),  # where no regime is known
    *(
        first(f"complaint_misdirected.{regime}", rules.forward, from_working_day=rules.from_working_day)
        for regime, rules in RULES.items()
        if rules.forward is not None
    ),
    first("complaint_assess", working_days(1)),
    # Once the time that the complainant was given is over, it goes on by the next day, as a letter does.
    first("complaint_clarification", working_days(1)),
    first("complaint_at_once", hours(4)),
    first("complaint_investigate", working_days(3)),
    first("complaint_review", working_days(5)),
    first("complaint_made_anew", working_days(5)),
    first("complaint_decide", working_days(1)),
    first("complaint_tell", working_days(1)),
    first("complaint_reply", days(35)),  # thirty for the complainant, five to close it
    first("complaint_remedy", days(30)),  # the decision says when it is due
    first("complaint_close", working_days(3)),
    first("complaint_close_after_remedy", working_days(3)),
    first("complaint_recourse", days(30)),
    first("complaint_outside", months(3)),
    first("complaint_status", working_days(3)),
    first("complaint_status_again", working_days(3)),
    first("complaint_status_review", working_days(3)),
    first("complaint_status_outside", months(1)),
    first("complaint_status_still", months(1)),
    first("complaint_handling", days(30)),
)
