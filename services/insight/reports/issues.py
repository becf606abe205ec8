"""Topical issues (stage 11): what consultations showed of the target groups and of the organisation's own needs."""

from __future__ import annotations

from services.insight.instants import Connection
from services.insight.reports.base import Asked, Column, Kind, Report, Row, month_of, tell


async def _ask(connection: Connection, asked: Asked) -> list[Row]:
    rows = await tell(
        connection,
        asked,
        source="(SELECT * FROM read.{review} r WHERE kind = 'issue') i",
        measures="count(*) AS times, count(*) FILTER (WHERE outcome = 'organisation') AS organisation_need",
        groups={"issue": "what", "target_group": "subject", "month": month_of("at")},
        keys=("issue", "target_group"),
    )
    return sorted(rows, key=lambda row: -row["times"])


ISSUES = Report(
    name="issues",
    question="Which issues are topical for the target groups, and what does the organisation itself need (stage 11)?",
    keys=("issue", "target_group"),
    columns=(Column("times", Kind.COUNT), Column("organisation_need", Kind.COUNT)),
    ask=_ask,
    groups=("month",),
    filters=("target_group",),
    bar="times",
)
