"""What consultations cost against what came of them; whether one was enough; what became of the advice."""

from __future__ import annotations

from services.insight.instants import Connection
from services.insight.reports.base import Asked, Column, Kind, Report, Row, month_of, share, tell

DIMENSIONS = ("consultant", "topic", "form", "office", "channel")
_GROUPS = (*DIMENSIONS, "month")


def _groups(fact: str) -> dict[str, str]:
    """SQL: the dimensions of a fact, and its month."""
    return {**{name: f"{fact}.{name}" for name in DIMENSIONS}, "month": month_of(f"{fact}.at")}


# A case's resources are those of all its consultations, also of those before the time that is asked about.
_SPENT = """
WITH spent AS (
    SELECT case_id, count(*) AS consultations, sum(minutes) AS minutes, sum(cost) AS cost
    FROM read.{effectiveness+} h WHERE kind = 'held' GROUP BY case_id
), said AS (
    SELECT DISTINCT ON (case_id) case_id, process, result
    FROM read.{effectiveness+} a WHERE kind = 'assessed' ORDER BY case_id, at DESC, position DESC
), evaluated AS (
    SELECT e.*, consultations, spent.minutes AS spent_minutes, spent.cost AS spent_cost, said.process AS said_process,
           said.result AS said_result
    FROM read.{effectiveness} e LEFT JOIN spent USING (case_id) LEFT JOIN said USING (case_id)
    WHERE kind = 'effectiveness'
)"""
_RATIO = f"""
    count(*) AS cases, count(*) FILTER (WHERE effective) AS effective,
    {share("count(*) FILTER (WHERE effective)", "count(*)")} AS effective_share,
    coalesce(sum(consultations), 0)::bigint AS consultations,
    coalesce(sum(spent_minutes), 0)::bigint * 60 AS spent_s, coalesce(sum(spent_cost), 0)::bigint AS cost,
    avg(said_process)::float8 AS process, avg(said_result)::float8 AS result,
    avg(degree_solved)::float8 / 100 AS solved,
    sum(degree_solved)::float8 / 100 * 60 / nullif(sum(spent_minutes), 0) AS solved_per_hour,
    sum(spent_cost)::float8 * 100 / nullif(sum(degree_solved), 0) AS cost_per_solved"""


async def _effectiveness(connection: Connection, asked: Asked) -> list[Row]:
    return await tell(connection, asked, first=_SPENT, source="evaluated e", measures=_RATIO, groups=_groups("e"))


EFFECTIVENESS = Report(
    name="effectiveness",
    question="What was spent on the cases evaluated in stage 8, against satisfaction and the degree solved?",
    columns=(
        Column("cases", Kind.COUNT),
        Column("effective", Kind.COUNT, detail=True),
        Column("effective_share", Kind.SHARE),
        Column("consultations", Kind.COUNT, detail=True),
        Column("spent_s", Kind.SECONDS),
        Column("cost", Kind.TIYN),
        Column("process", Kind.NUMBER, detail=True),
        Column("result", Kind.NUMBER),
        Column("solved", Kind.SHARE),
        Column("solved_per_hour", Kind.NUMBER),
        Column("cost_per_solved", Kind.TIYN),
    ),
    ask=_effectiveness,
    groups=_GROUPS,
    default=("consultant",),
    bar="solved_per_hour",
)

_CONSULTED = """
WITH begun AS (
    SELECT * FROM read.{effectiveness} b WHERE kind = 'held' AND number = 1
), held AS (
    SELECT case_id, count(*) AS consultations FROM read.{effectiveness+} h WHERE kind = 'held' GROUP BY case_id
), assessed AS (
    SELECT case_id, bool_or(satisfied AND number = 1) AS at_first
    FROM read.{effectiveness+} a WHERE kind = 'assessed' GROUP BY case_id
)"""
_REPEATS = f"""
    count(*) AS cases, coalesce(sum(consultations), 0)::bigint AS consultations,
    count(*) FILTER (WHERE consultations > 1) AS repeated,
    {share("count(*) FILTER (WHERE consultations > 1)", "count(*)")} AS repeated_share,
    count(at_first) AS assessed, count(*) FILTER (WHERE at_first) AS first_contact,
    {share("count(*) FILTER (WHERE at_first)", "count(at_first)")} AS first_contact_share"""


async def _repeats(connection: Connection, asked: Asked) -> list[Row]:
    return await tell(
        connection,
        asked,
        first=_CONSULTED,
        source="begun b LEFT JOIN held USING (case_id) LEFT JOIN assessed USING (case_id)",
        measures=_REPEATS,
        groups=_groups("b"),
    )


REPEATS = Report(
    name="repeats",
    question="How many cases needed a further consultation, and how many were settled at first contact?",
    columns=(
        Column("cases", Kind.COUNT),
        Column("consultations", Kind.COUNT),
        Column("repeated", Kind.COUNT),
        Column("repeated_share", Kind.SHARE),
        Column("assessed", Kind.COUNT),
        Column("first_contact", Kind.COUNT),
        Column("first_contact_share", Kind.SHARE),
    ),
    ask=_repeats,
    groups=_GROUPS,
    default=("topic",),
    bar="first_contact_share",
)

# A survey that reached nobody does not say whose case it is: the case's first consultation does.
_SURVEYED = """
WITH begun AS (
    SELECT * FROM read.{effectiveness+} b WHERE kind = 'held' AND number = 1
), asked AS (
    SELECT r.at, r.months, r.outcome, r.used, r.changed, b.consultant, b.topic, b.form, b.office, b.channel
    FROM read.{review} r LEFT JOIN begun b ON b.case_id = r.subject WHERE r.kind = 'impact'
)"""
_REACHED = "count(*) FILTER (WHERE outcome <> 'unreached')"
_IMPACT = f"""
    count(*) AS asked, {_REACHED} AS reached,
    count(*) FILTER (WHERE used) AS used, {share("count(*) FILTER (WHERE used)", _REACHED)} AS used_share,
    count(*) FILTER (WHERE changed) AS changed, {share("count(*) FILTER (WHERE changed)", _REACHED)} AS changed_share,
    count(*) FILTER (WHERE outcome = 'yes') AS solved, count(*) FILTER (WHERE outcome = 'half') AS half_solved,
    {share("count(*) FILTER (WHERE outcome = 'yes')", _REACHED)} AS solved_share"""


async def _impact(connection: Connection, asked: Asked) -> list[Row]:
    return await tell(
        connection,
        asked,
        first=_SURVEYED,
        source="asked a",
        measures=_IMPACT,
        groups={**_groups("a"), "after_months": "months"},
        keys=("after_months",),
    )


IMPACT = Report(
    name="impact",
    question="What became of the advice one, three and six months after: used, something changed, problem solved?",
    keys=("after_months",),
    columns=(
        Column("asked", Kind.COUNT),
        Column("reached", Kind.COUNT),
        Column("used", Kind.COUNT, detail=True),
        Column("used_share", Kind.SHARE),
        Column("changed", Kind.COUNT, detail=True),
        Column("changed_share", Kind.SHARE),
        Column("solved", Kind.COUNT, detail=True),
        Column("half_solved", Kind.COUNT, detail=True),
        Column("solved_share", Kind.SHARE),
    ),
    ask=_impact,
    groups=_GROUPS,
    bar="solved_share",
)
