"""The management review's data (ISO 10002 §8; DOMAIN.md §5, §8): complaints, actions, inspections, impact, issues."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any

import asyncpg

from services.insight.instants import Connection
from services.insight.queries import NotBuiltError
from services.insight.standpoint import Standpoint
from services.insight.views import projections

_BEGINNING = datetime.min.replace(tzinfo=UTC)
_END = datetime.max.replace(tzinfo=UTC)
Table = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Review:
    """What happened in a period, and how it stands at its end. Times are in seconds, scores 1 to 5 or percent."""

    complaints: Table
    """By channel, office and regime: received, of them out of a dissatisfied case; closed; open at the end."""
    causes: Table
    """Of decided complaints: how often named, how often in justified ones; the most frequent first."""
    decisions: Table
    """How many complaints were found justified, partly, or not."""
    closed: Table
    """Why complaints were closed."""
    steps: Table
    """From a complaint's receipt to each step: how many, average, median, 95th percentile."""
    handling: Table
    """Satisfaction with the process itself."""
    told: Table
    """How often complainants were told how things stand."""
    actions: Table
    """By department and origin: ordered; of all that stand at the end: open, overdue; ended as verified or dropped."""
    open_actions: Table
    """Each action that is open at the end, the first due first."""
    inspections: Table
    """By facility, employee and checklist: how many, average and lowest score."""
    impact: Table
    """By survey: asked, reached, advice used, change, solved."""
    success_factors: Table
    """What made consultations effective, the most frequent first."""
    topical_issues: Table
    """Issues topical for the target groups, and the organisation's own needs; the most frequent first."""


# In every statement: $1 and $2 are the period, $3 is the moment at which open is open.
_OPEN = """action AS (
    SELECT DISTINCT ON (o.subject) o.subject, o.department, o.what, o.outcome AS origin,
           o.at, e.outcome, coalesce(m.due_at, o.due_at) AS due_at, coalesce(m.owner, o.owner) AS owner
    FROM read.{table} o
    LEFT JOIN LATERAL (SELECT outcome FROM read.{table} e WHERE e.kind = 'ended' AND e.subject = o.subject AND e.at < $3
                       ORDER BY e.at DESC, e.position DESC LIMIT 1) e ON true
    LEFT JOIN LATERAL (SELECT due_at, owner FROM read.{table} m WHERE m.kind = 'ended' AND m.subject = o.subject
                       AND m.due_at IS NOT NULL AND m.at < $3 ORDER BY m.at DESC, m.position DESC LIMIT 1) m ON true
    WHERE o.kind = 'ordered' AND o.at < $3 ORDER BY o.subject, o.position)"""

_STATEMENTS: dict[str, str] = {
    "complaints": """
WITH closed AS (SELECT subject, min(at) AS at FROM read.{table} WHERE kind = 'step' AND what = 'closed' GROUP BY 1)
SELECT channel, office, regime,
       count(*) FILTER (WHERE r.at >= $1 AND r.at < $2) AS received,
       count(*) FILTER (WHERE r.at >= $1 AND r.at < $2 AND outcome = 'dissatisfied') AS from_dissatisfied,
       count(*) FILTER (WHERE c.at >= $1 AND c.at < $2) AS closed,
       count(*) FILTER (WHERE r.at < $3 AND (c.at IS NULL OR c.at >= $3)) AS open
FROM read.{table} r LEFT JOIN closed c USING (subject) WHERE kind = 'received' AND r.at < $2
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3""",
    "causes": """
SELECT what AS cause, count(*) AS named, count(*) FILTER (WHERE outcome <> 'no') AS justified
FROM read.{table} WHERE kind = 'cause' AND at >= $1 AND at < $2 AND $3 >= $2 GROUP BY 1 ORDER BY 2 DESC, 1""",
    "decisions": """
SELECT outcome AS justified, count(*) AS decisions
FROM read.{table} WHERE kind = 'step' AND what = 'decided' AND at >= $1 AND at < $2 AND $3 >= $2
GROUP BY 1 ORDER BY 1""",
    "closed": """
SELECT outcome AS because, count(*) AS complaints
FROM read.{table} WHERE kind = 'step' AND what = 'closed' AND at >= $1 AND at < $2 AND $3 >= $2
GROUP BY 1 ORDER BY 1""",
    "steps": """
WITH first AS (SELECT what, subject, min(at) AS at, min(began_at) AS began_at
               FROM read.{table} WHERE kind = 'step' GROUP BY 1, 2),
     timed AS (SELECT what, date_part('epoch', at - began_at) AS s FROM first
               WHERE at >= $1 AND at < $2 AND $3 >= $2)
SELECT what AS step, count(*) AS complaints, avg(s) AS average_s,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY s) AS p50_s,
       percentile_cont(0.95) WITHIN GROUP (ORDER BY s) AS p95_s
FROM timed GROUP BY 1
ORDER BY array_position(
    ARRAY['acknowledged', 'assessed', 'investigated', 'decided', 'communicated', 'closed'], what)""",
    "handling": """
SELECT count(*) AS asked, avg(ease)::float8 AS ease, avg(speed)::float8 AS speed, avg(courtesy)::float8 AS courtesy,
       avg(fairness)::float8 AS fairness
FROM read.{table} WHERE kind = 'handling' AND at >= $1 AND at < $2 AND $3 >= $2""",
    "told": """
SELECT what AS how, count(*) AS times
FROM read.{table} WHERE kind = 'told' AND at >= $1 AND at < $2 AND $3 >= $2 GROUP BY 1 ORDER BY 1""",
    "actions": "WITH "
    + _OPEN
    + """
SELECT department, origin, count(*) FILTER (WHERE at >= $1 AND at < $2) AS ordered,
       count(*) FILTER (WHERE outcome IS NULL OR outcome NOT IN ('verified', 'dropped')) AS open,
       count(*) FILTER (WHERE (outcome IS NULL OR outcome NOT IN ('verified', 'dropped', 'completed'))
                              AND due_at < $3) AS overdue,
       count(*) FILTER (WHERE outcome = 'completed') AS to_check,
       count(*) FILTER (WHERE outcome = 'verified') AS verified,
       count(*) FILTER (WHERE outcome = 'dropped') AS dropped
FROM action GROUP BY 1, 2 ORDER BY 1, 2""",
    "open_actions": "WITH "
    + _OPEN
    + """
SELECT subject AS action_id, department, origin, what AS action, owner, due_at, due_at < $3 AS overdue,
       outcome IS NOT DISTINCT FROM 'completed' AS to_check
FROM action WHERE (outcome IS NULL OR outcome NOT IN ('verified', 'dropped')) AND $1 < $2 ORDER BY due_at, 1""",
    "inspections": """
SELECT office AS facility, owner AS employee, what AS checklist, count(*) AS inspections,
       avg(score)::float8 AS average_score, min(score) AS lowest_score
FROM read.{table} WHERE kind = 'inspected' AND at >= $1 AND at < $2 AND $3 >= $2 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3""",
    "impact": """
SELECT months, count(*) AS asked, count(*) FILTER (WHERE outcome <> 'unreached') AS reached,
       count(*) FILTER (WHERE used) AS advice_used, count(*) FILTER (WHERE changed) AS changed,
       count(*) FILTER (WHERE outcome = 'yes') AS solved, count(*) FILTER (WHERE outcome = 'half') AS half_solved
FROM read.{table} WHERE kind = 'impact' AND at >= $1 AND at < $2 AND $3 >= $2 GROUP BY 1 ORDER BY 1""",
    "success_factors": """
SELECT what AS factor, count(*) AS times, count(DISTINCT subject) AS topics
FROM read.{table} WHERE kind = 'factor' AND at >= $1 AND at < $2 AND $3 >= $2 GROUP BY 1 ORDER BY 2 DESC, 1""",
    "topical_issues": """
SELECT what AS issue, subject AS target_group, count(*) AS times,
       count(*) FILTER (WHERE outcome = 'organisation') AS organisation_need
FROM read.{table} WHERE kind = 'issue' AND at >= $1 AND at < $2 AND $3 >= $2 GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2""",
}


async def review(
    connection: Connection,
    seen: Standpoint,
    *,
    begin: datetime | None = None,
    end: datetime | None = None,
) -> Review:
    """What happened from `begin` until before `end`, and what is open then (at the latest now).

    `seen`: what is known, by position and by when it was recorded, and which moment is now.

    Raises:
        NotBuiltError: the projection is not built.
    """
    (projection,) = projections("UTC", ["review"])
    table = replace(seen, since=None, until=None).table(projection)
    until = end or _END
    # What is open is judged at the end of the period, or now while it lasts.
    arguments = (begin or _BEGINNING, min(until, seen.now), min(until, seen.now))
    try:
        async with connection.transaction(readonly=True):
            found = {
                name: [dict(row) for row in await connection.fetch(_typed(statement, table), *arguments)]
                for name, statement in _STATEMENTS.items()
            }
    except asyncpg.UndefinedTableError as error:
        raise NotBuiltError("projection review is not built yet; build it with: tereze rebuild review") from error
    return Review(**{field.name: found[field.name] for field in fields(Review)})


def _typed(statement: str, table: str) -> str:
    """Parameters of one type, whatever a statement does with them."""
    typed = statement.replace("read.{table}", table)
    for parameter in ("$1", "$2", "$3"):
        typed = typed.replace(parameter, f"{parameter}::timestamptz")
    return typed
