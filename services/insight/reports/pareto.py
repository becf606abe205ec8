"""Causes, the most frequent first, with their share and how much all down to them make up: Pareto."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from services.insight.instants import Connection
from services.insight.reports.base import Asked, Column, Kind, Report, Row, month_of, tell
from services.insight.reports.worth import DIMENSIONS

_SHARES = (Column("share", Kind.SHARE), Column("cumulative", Kind.SHARE))


def pareto(rows: Sequence[Row], count: str = "named") -> list[Row]:
    """Rows with a count, the largest first, each with its share and the cumulative one; the last of these is 1."""
    ranked = sorted(rows, key=lambda row: row[count], reverse=True)
    total = sum(row[count] for row in ranked)
    running = accumulate(row[count] for row in ranked)
    return [row | {"share": row[count] / total, "cumulative": so_far / total}
            for row, so_far in zip(ranked, running, strict=True) if total]  # fmt: skip


async def _causes(connection: Connection, asked: Asked) -> list[Row]:
    return pareto(
        await tell(
            connection,
            asked,
            source="(SELECT * FROM read.{effectiveness} e WHERE kind = 'cause') c",
            measures="count(*) AS named, count(DISTINCT case_id) AS cases",
            groups={
                **{name: name for name in DIMENSIONS},
                "month": month_of("at"),
                "cause": "cause",
            },
            keys=("cause",),
        )
    )


CAUSES = Report(
    name="causes",
    question="What were consumers dissatisfied with (stage 6b)? The most frequent first, with the cumulative share.",
    keys=("cause",),
    columns=(Column("named", Kind.COUNT), Column("cases", Kind.COUNT), *_SHARES),
    ask=_causes,
    filters=(*DIMENSIONS, "month"),
    bar="named",
)


async def _complaint_causes(connection: Connection, asked: Asked) -> list[Row]:
    return pareto(
        await tell(
            connection,
            asked,
            source="(SELECT * FROM read.{review} r WHERE kind = 'cause') c",
            measures="count(*) AS named, count(*) FILTER (WHERE outcome <> 'no') AS justified",
            groups={
                "cause": "what",
                "month": month_of("at"),
                **{name: name for name in ("channel", "office", "regime")},
            },
            keys=("cause",),
        )
    )


COMPLAINT_CAUSES = Report(
    name="complaint-causes",
    question="What were decided complaints about? The most frequent cause first, with the cumulative share.",
    keys=("cause",),
    columns=(Column("named", Kind.COUNT), Column("justified", Kind.COUNT), *_SHARES),
    ask=_complaint_causes,
    filters=("channel", "office", "regime", "month"),
    bar="named",
)
