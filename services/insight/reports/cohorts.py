"""Cohorts: what came of the cases whose first consultation was in one month, one, three and six months after it."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from services.insight.instants import Connection
from services.insight.reports.base import Asked, Column, Kind, Report, Row, local, month_of, tell
from services.insight.reports.worth import DIMENSIONS
from shared.contracts.feedback import Survey
from shared.settings import Settings

AFTER = tuple(int(survey) for survey in Survey)
WHATS = ("satisfied", "effective", "impact")

# With impact is a case of which a survey found that something changed or the problem is solved.
_BEGUN = """
WITH begun AS (
    SELECT * FROM read.{effectiveness} b WHERE kind = 'held' AND number = 1
), came AS (
    SELECT case_id, min(at) FILTER (WHERE kind = 'assessed' AND satisfied) AS satisfied_at,
           min(at) FILTER (WHERE kind = 'effectiveness' AND effective) AS effective_at
    FROM read.{effectiveness+} c GROUP BY case_id
), surveyed AS (
    SELECT subject AS case_id, min(months) FILTER (WHERE changed OR outcome = 'yes') AS impact_after
    FROM read.{review+} r WHERE kind = 'impact' GROUP BY subject
)"""


def _by(event: str, months: int) -> str:
    return f"count(*) FILTER (WHERE {local(event)} <= {local('b.at')} + interval '{months} months')"


def _measures() -> str:
    counts = [
        *(f"{_by('satisfied_at', months)} AS satisfied_{months}" for months in AFTER),
        *(f"{_by('effective_at', months)} AS effective_{months}" for months in AFTER),
        *(f"count(*) FILTER (WHERE impact_after <= {months}) AS impact_{months}" for months in AFTER),
    ]
    return ", ".join(["count(*) AS cases", *counts])


async def _ask(connection: Connection, asked: Asked) -> list[Row]:
    rows = await tell(
        connection,
        asked,
        first=_BEGUN,
        source="begun b LEFT JOIN came USING (case_id) LEFT JOIN surveyed USING (case_id)",
        measures=_measures(),
        groups={**{name: f"b.{name}" for name in DIMENSIONS}, "cohort": month_of("b.at")},
        keys=("cohort",),
    )
    now = asked.seen.now.astimezone(ZoneInfo(Settings().timezone))
    return [shares(row, now) for row in rows]


def shares(row: Row, now: datetime) -> Row:
    """A cohort's counts as shares of all its cases; None: not so long after for all of them yet."""
    return row | {
        f"{what}_{months}_share": row[f"{what}_{months}"] / row["cases"]
        if _is_over(row["cohort"], months, now)
        else None
        for what in WHATS
        for months in AFTER
    }


def _is_over(month: str, after: int, now: datetime) -> bool:
    """Whether so many months went by since the last moment of a month."""
    year, number = (int(part) for part in month.split("-"))
    return now.year * 12 + now.month - 1 >= year * 12 + number + after


COHORTS = Report(
    name="cohorts",
    question="Of the cases begun in one month, which share was satisfied, effective, with impact 1, 3, 6 months after?",
    keys=("cohort",),
    columns=(
        Column("cases", Kind.COUNT),
        *(Column(f"{what}_{months}", Kind.COUNT, detail=True) for what in WHATS for months in AFTER),
        *(Column(f"{what}_{months}_share", Kind.SHARE) for what in WHATS for months in AFTER),
    ),
    ask=_ask,
    groups=DIMENSIONS,
    bar="cases",
    curves=tuple((what, tuple(f"{what}_{months}_share" for months in AFTER)) for what in WHATS),
)
