"""The limits that monitoring holds the centre to: DOMAIN.md §2 by stage, and §4, Table 5.

A range is a norm and a maximum. To change a limit, add a version with its in-force date; what started before
that date is judged by the version of its time.
"""

from __future__ import annotations

from datetime import UTC, datetime

from shared.deadlines import Policies, Policy, Span, days, hours, minutes, months

_ALWAYS = datetime.min.replace(tzinfo=UTC)


def _first(name: str, limit: Span, norm: Span | None = None) -> Policy:
    return Policy(name, 1, _ALWAYS, limit, norm)


POLICIES = Policies(
    [
        _first("details_visit", minutes(10), minutes(5)),  # 2a
        _first("details_email", days(1)),  # 2b
        _first("consult_at_once", hours(2), minutes(20)),  # 3a-a
        _first("plan_visit", minutes(20), minutes(15)),  # 3a-b
        _first("consult_remote", days(7), days(2)),  # 3b-a
        _first("plan_remote", days(2)),  # 3b-b
        _first("consult_planned", hours(2), minutes(20)),  # 4
        _first("satisfaction", minutes(10), minutes(5)),  # 5
        _first("closing", minutes(10), minutes(5)),  # 6a, 6b
        _first("follow_up", days(3)),  # 7; the event says when it is due, agreed dates included
        _first("effectiveness", months(1)),  # 8
        # "1–3 months, where needed up to 6": no extension can be recorded yet, so 3 is the limit.
        _first("impact", months(3), months(1)),  # 10
        _first("mail_register", days(1)),  # Table 5
        _first("mail_answer", days(10)),  # Table 5
    ]
)
