"""All questions that analytics answers (DOMAIN.md §8). To add one: a `Report` in a module here, and its row."""

from __future__ import annotations

from services.insight.instants import Connection
from services.insight.queries.base import reading
from services.insight.reports.base import Asked, Column, Kind, Report, Row
from services.insight.reports.cohorts import COHORTS
from services.insight.reports.complaints import COMPLAINTS, PROCESS, STEPS
from services.insight.reports.issues import ISSUES
from services.insight.reports.limits import LIMITS, TREND
from services.insight.reports.pareto import CAUSES, COMPLAINT_CAUSES
from services.insight.reports.sold import SUBSCRIPTIONS
from services.insight.reports.worth import EFFECTIVENESS, IMPACT, REPEATS

REPORTS = {
    one.name: one
    for one in (
        LIMITS,
        TREND,
        EFFECTIVENESS,
        CAUSES,
        REPEATS,
        IMPACT,
        COHORTS,
        ISSUES,
        COMPLAINTS,
        COMPLAINT_CAUSES,
        STEPS,
        PROCESS,
        SUBSCRIPTIONS,
    )
}

__all__ = ["REPORTS", "Asked", "Column", "Kind", "Report", "Row", "UnknownQuestionError", "answer"]


class UnknownQuestionError(LookupError):
    """There is no such report, or it can't be told apart or chosen by that."""


async def answer(connection: Connection, report: Report, asked: Asked) -> list[Row]:
    """The rows of a report's answer; their fields are `report.heads(asked.by)`.

    Raises:
        UnknownQuestionError: it can't be told apart or chosen by what is asked for.
        NotBuiltError: a projection that it needs is not built.
    """
    for name in asked.by:
        if name not in report.groups:
            there = ", ".join(report.groups) or "nothing"
            raise UnknownQuestionError(f"{report.name} is not told apart by {name!r}; it is by: {there}")
    for name in asked.only or {}:
        known = (*report.groups, *report.filters)
        if name not in known:
            raise UnknownQuestionError(f"{report.name} is not chosen by {name!r}; it is by: {', '.join(known)}")
    async with reading(connection):
        return await report.ask(connection, asked)
