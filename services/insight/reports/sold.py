"""Subscriptions sold: by publication, term, zone, seller; and what was given back of them."""

from __future__ import annotations

from services.insight.instants import Connection
from services.insight.reports.base import Asked, Column, Kind, Report, Row, month_of, tell

_DIMENSIONS = ("term", "zone", "seller", "worker", "facility", "payment")

# Of a form that is told apart by when it was accepted, all that happened since counts.
_FORMS = """
WITH form AS (
    SELECT * FROM read.{subscriptions} f WHERE kind = 'accepted'
), back AS (
    SELECT abonement, coalesce(sum(copies) FILTER (WHERE kind = 'annulled'), 0) AS annulled_copies,
           coalesce(sum(amount) FILTER (WHERE kind = 'annulled'), 0) AS refunded,
           bool_or(kind = 'reversed') AS reversed,
           coalesce(sum(amount) FILTER (WHERE kind = 'reversed'), 0) AS reversed_amount
    FROM read.{subscriptions+} b WHERE kind <> 'accepted' GROUP BY abonement
)"""
_MEASURES = """
    count(*) AS forms, coalesce(sum(copies), 0)::bigint AS copies, coalesce(sum(amount), 0)::bigint AS amount,
    coalesce(sum(annulled_copies), 0)::bigint AS annulled_copies, coalesce(sum(refunded), 0)::bigint AS refunded,
    count(*) FILTER (WHERE reversed) AS reversed, coalesce(sum(reversed_amount), 0)::bigint AS reversed_amount,
    (coalesce(sum(amount), 0) - coalesce(sum(refunded), 0) - coalesce(sum(reversed_amount), 0))::bigint AS net"""


async def _ask(connection: Connection, asked: Asked) -> list[Row]:
    return await tell(
        connection,
        asked,
        first=_FORMS,
        source="form f LEFT JOIN back USING (abonement)",
        measures=_MEASURES,
        groups={
            "publication": "concat_ws(' ', f.publication, f.title)",
            "month": month_of("f.at"),
            **{name: f"f.{name}" for name in _DIMENSIONS},
        },
    )


SUBSCRIPTIONS = Report(
    name="subscriptions",
    question="What was subscribed to: forms, copies and money; and what was annulled or taken back of it?",
    columns=(
        Column("forms", Kind.COUNT),
        Column("copies", Kind.COUNT),
        Column("amount", Kind.TIYN),
        Column("annulled_copies", Kind.COUNT),
        Column("refunded", Kind.TIYN),
        Column("reversed", Kind.COUNT),
        Column("reversed_amount", Kind.TIYN, detail=True),
        Column("net", Kind.TIYN),
    ),
    ask=_ask,
    groups=("publication", *_DIMENSIONS, "month"),
    default=("publication",),
    bar="net",
)
