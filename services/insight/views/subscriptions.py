"""`subscriptions`: what was subscribed to, and what was annulled or taken back of it (DOMAIN.md §6, §8).

One fact a row. Who subscribed, and where to, is not in it.
"""

from __future__ import annotations

from collections.abc import Iterable

from services.insight.projection import Projection, Row, Seen
from shared.centre import Centre

ACCEPTED, ANNULLED, REVERSED = "accepted", "annulled", "reversed"

COLUMNS = (
    ("kind", "text NOT NULL"),
    ("at", "timestamptz NOT NULL"),
    ("abonement", "text NOT NULL"),
    ("publication", "text NOT NULL"),
    ("title", "text"),
    ("term", "smallint NOT NULL"),
    ("zone", "text"),
    ("seller", "text"),
    ("worker", "text"),
    ("facility", "text"),
    ("payment", "text"),
    ("copies", "integer NOT NULL"),
    ("amount", "bigint NOT NULL"),
)
"""`term` in months, `amount` in tiyn: of what is annulled, the refund."""


def projection(_centre: Centre) -> Projection:
    """The projection."""
    return Projection(
        name="subscriptions",
        version=1,
        columns=COLUMNS,
        folds={
            "SubscriptionAccepted": _accepted,
            "SubscriptionAnnulled": _annulled,
            "SubscriptionReversed": _reversed,
        },
    )


def _fact(event: Seen, kind: str, abonement: str, amount: int) -> Row:
    data = event.data
    form = (data["index"], data.get("title"), data["months"], data.get("zone"))
    sold = (data["seller"], data["worker"], data["facility"], data["payment"])
    return (event.position, 0, kind, event.occurred_at, abonement, *form, *sold, data["copies"], amount)


def _accepted(event: Seen) -> Iterable[Row]:
    data = event.data
    # Before forms had numbers, they were known by the sender's id.
    yield _fact(event, ACCEPTED, data.get("abonement") or data["subscription_id"], data["amount"])


def _annulled(event: Seen) -> Iterable[Row]:
    yield _fact(event, ANNULLED, event.data["abonement"], event.data["refund"])


def _reversed(event: Seen) -> Iterable[Row]:
    yield _fact(event, REVERSED, event.data["abonement"], event.data["amount"])
