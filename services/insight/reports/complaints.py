"""Complaints: how many, how long each step takes, and how content complainants are with the process (ISO 10002)."""

from __future__ import annotations

from services.insight.instants import Connection
from services.insight.reports.base import Asked, Column, Kind, Report, Row, month_of, share, tell
from services.insight.views.review import STEP_NAMES

_DIMENSIONS = ("channel", "office", "regime")
_GROUPS = (*_DIMENSIONS, "month")


def _groups(fact: str) -> dict[str, str]:
    return {**{name: f"{fact}.{name}" for name in _DIMENSIONS}, "month": month_of(f"{fact}.at")}


_RECEIVED = """
WITH decided AS (
    SELECT DISTINCT ON (subject) subject, outcome AS justified
    FROM read.{review+} d WHERE kind = 'step' AND what = 'decided' ORDER BY subject, at DESC, position DESC
), closed AS (
    SELECT subject, min(at) AS closed_at FROM read.{review+} c WHERE kind = 'step' AND what = 'closed' GROUP BY subject
), received AS (
    SELECT * FROM read.{review} r WHERE kind = 'received'
)"""
_COMPLAINTS = f"""
    count(*) AS received, count(*) FILTER (WHERE outcome = 'dissatisfied') AS from_dissatisfied,
    count(justified) AS decided, count(*) FILTER (WHERE justified <> 'no') AS justified,
    {share("count(*) FILTER (WHERE justified <> 'no')", "count(justified)")} AS justified_share,
    count(closed_at) AS closed, count(*) - count(closed_at) AS open"""


async def _complaints(connection: Connection, asked: Asked) -> list[Row]:
    return await tell(
        connection,
        asked,
        first=_RECEIVED,
        source="received r LEFT JOIN decided USING (subject) LEFT JOIN closed USING (subject)",
        measures=_COMPLAINTS,
        groups=_groups("r"),
    )


COMPLAINTS = Report(
    name="complaints",
    question="How many complaints came, how many were found justified, and how many are open?",
    columns=(
        Column("received", Kind.COUNT),
        Column("from_dissatisfied", Kind.COUNT),
        Column("decided", Kind.COUNT),
        Column("justified", Kind.COUNT),
        Column("justified_share", Kind.SHARE),
        Column("closed", Kind.COUNT),
        Column("open", Kind.COUNT),
    ),
    ask=_complaints,
    groups=_GROUPS,
    default=("channel",),
    bar="received",
)

# A step's first time counts, whatever time is asked about.
_STEPS = """
WITH first AS (
    SELECT DISTINCT ON (subject, what) position, seq
    FROM read.{review+} f WHERE kind = 'step' ORDER BY subject, what, at, position
), step AS (
    SELECT s.*, date_part('epoch', at - began_at) AS taken_s FROM read.{review} s JOIN first USING (position, seq)
)"""
_TIMES = """
    count(*) AS complaints, avg(taken_s) AS average_s, percentile_cont(0.5) WITHIN GROUP (ORDER BY taken_s) AS p50_s,
    percentile_cont(0.95) WITHIN GROUP (ORDER BY taken_s) AS p95_s"""


async def _steps(connection: Connection, asked: Asked) -> list[Row]:
    rows = await tell(
        connection,
        asked,
        first=_STEPS,
        source="step s",
        measures=_TIMES,
        groups={**_groups("s"), "step": "what"},
        keys=("step",),
    )
    return sorted(rows, key=lambda row: STEP_NAMES.index(row["step"]))


STEPS = Report(
    name="complaint-steps",
    question="How long does it take from a complaint's receipt to each step?",
    keys=("step",),
    columns=(
        Column("complaints", Kind.COUNT),
        Column("average_s", Kind.SECONDS),
        Column("p50_s", Kind.SECONDS),
        Column("p95_s", Kind.SECONDS),
    ),
    ask=_steps,
    groups=_GROUPS,
    bar="p50_s",
)


async def _process(connection: Connection, asked: Asked) -> list[Row]:
    rows = await tell(
        connection,
        asked,
        source="(SELECT * FROM read.{review} r WHERE kind = 'handling') h",
        measures="""count(*) AS asked, avg(ease)::float8 AS ease, avg(speed)::float8 AS speed,
                    avg(courtesy)::float8 AS courtesy, avg(fairness)::float8 AS fairness,
                    avg(ease + speed + courtesy + fairness)::float8 / 4 AS overall""",
        groups=_groups("h"),
    )
    return [row for row in rows if row["asked"]]


PROCESS = Report(
    name="complaint-process",
    question="How content are complainants with the process itself, from 1 to 5?",
    columns=(
        Column("asked", Kind.COUNT),
        *(Column(name, Kind.NUMBER) for name in ("ease", "speed", "courtesy", "fairness", "overall")),
    ),
    ask=_process,
    groups=_GROUPS,
    default=("channel",),
    bar="overall",
)
