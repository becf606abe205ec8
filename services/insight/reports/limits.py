"""How the limits are kept: by stage, channel, topic, consultant, office and month."""

from __future__ import annotations

from dataclasses import replace

from services.insight.indicators import INDICATORS
from services.insight.instants import Connection
from services.insight.queries.base import END_OF_TIME
from services.insight.queries.sla import CLOCKS, TOUCHED, judged
from services.insight.reports.base import Asked, Column, Kind, Report, Row, fetch, month_of, share, tell

SOON = 0.2
"""Due soon is what has no more than this share of its time left."""

# $11 is the moment by which it is judged.
_OVERDUE = "open AND due_at < $11"
MET = "count(*) FILTER (WHERE done_at <= due_at)"
JUDGED = f"count(*) FILTER (WHERE done_at IS NOT NULL OR {_OVERDUE})"
"""SQL, over `timed` as of $11: how many limits were kept, and how many that can be said of."""
_KEPT = share(MET, JUDGED)
_MEASURES = f"""
    count(*) AS clocks, count(*) FILTER (WHERE open) AS open,
    count(*) FILTER (WHERE open AND NOT paused AND due_at >= $11 AND due_at - (due_at - at) * {SOON} <= $11)
        AS due_soon,
    count(*) FILTER (WHERE {_OVERDUE}) AS overdue,
    count(*) FILTER (WHERE open AND paused AND due_at >= $11) AS paused,
    {MET} AS met,
    count(*) FILTER (WHERE done_at <= due_at AND done_at < norm_due_at) AS below_norm,
    count(*) FILTER (WHERE done_at > due_at) AS breached,
    count(*) FILTER (WHERE cancelled_at IS NOT NULL) AS cancelled,
    {_KEPT} AS kept,
    avg(taken_s) AS average_s, percentile_cont(0.5) WITHIN GROUP (ORDER BY taken_s) AS p50_s,
    percentile_cont(0.95) WITHIN GROUP (ORDER BY taken_s) AS p95_s"""

_GROUPS = ("stage", "channel", "topic", "consultant", "office", "month")


def _stage() -> str:
    """SQL: the stage of an indicator."""
    whens = " ".join(f"WHEN '{one.name}' THEN '{one.stage}'" for one in INDICATORS)
    return f"CASE indicator {whens} END"


async def _ask(connection: Connection, asked: Asked) -> list[Row]:
    until = asked.seen.until or END_OF_TIME
    named = "consultant" in asked.by or "consultant" in (asked.only or {})
    clocks = (
        CLOCKS.replace("{table}", "{sla}")
        .replace("{group}", "coalesce(passed_to, owner)" if named else "NULL::text")
        .replace("{joined}", "LEFT JOIN passed USING (position, seq)" if named else "")
    )
    groups = {
        "indicator": "indicator",
        "stage": _stage(),
        "consultant": '"group"',
        "month": month_of("at"),
        **{name: name for name in ("channel", "topic", "office")},
    }
    touched = judged(await fetch(connection, asked.seen, TOUCHED.replace("{table}", "{sla}"), until), asked.seen.now)
    return await tell(
        connection,
        asked,
        first=clocks,
        source="timed",
        measures=_MEASURES,
        groups=groups,
        keys=("indicator",),
        arguments=(until, *touched, asked.seen.now),
    )


_COLUMNS = (
    Column("clocks", Kind.COUNT),
    Column("open", Kind.COUNT),
    Column("due_soon", Kind.COUNT),
    Column("overdue", Kind.COUNT),
    Column("paused", Kind.COUNT, detail=True),
    Column("met", Kind.COUNT),
    Column("below_norm", Kind.COUNT, detail=True),
    Column("breached", Kind.COUNT),
    Column("cancelled", Kind.COUNT, detail=True),
    Column("kept", Kind.SHARE),
    Column("average_s", Kind.SECONDS),
    Column("p50_s", Kind.SECONDS),
    Column("p95_s", Kind.SECONDS),
)
LIMITS = Report(
    name="limits",
    question="How is each limit kept: open, due soon, overdue, breached; average, median, 95th percentile?",
    keys=("indicator",),
    columns=_COLUMNS,
    ask=_ask,
    groups=_GROUPS,
    filters=("indicator",),
    bar="kept",
)
TREND = replace(LIMITS, name="trend", question="How is each limit kept month by month?", default=("month",))
