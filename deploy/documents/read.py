"""What documents are made of, read from the event store. To open what is personal takes the owner's rights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeAlias
from zoneinfo import ZoneInfo

import asyncpg

from deploy.problem import Problem
from services.subscriptions.delivery import Delivery, deliveries
from services.subscriptions.domain import facility_stream
from services.subscriptions.months import later
from services.subscriptions.protocol import Protocol, protocol
from shared.contracts.base import Event
from shared.contracts.subscriptions import SubscriptionAccepted
from shared.eventstore.codec import decode, sealed_for, unseal_event
from shared.eventstore.rows import COLUMNS, recorded
from shared.eventstore.vault import Vault

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
Happened: TypeAlias = "tuple[datetime, Event]"

_CHANGES = ("SubscriptionAnnulled", "SubscriptionRedirected", "SubscriptionReversed")


@dataclass(frozen=True, slots=True)
class Abonement:
    """A form, and what became of it since; times are the centre's."""

    form: SubscriptionAccepted
    accepted_at: datetime
    changes: tuple[Happened, ...]


async def abonement(pool: Pool, number: str, zone: ZoneInfo) -> Abonement | None:
    """The form of this number (or, of the time before forms had numbers, of this id); None: there is none."""
    forms = await _events(
        pool,
        zone,
        "context = 'subscriptions' AND correlation_id = $1 AND type = 'SubscriptionAccepted'",
        number,
    )
    for at, form in forms:
        if isinstance(form, SubscriptionAccepted):
            changes = await _events(
                pool,
                zone,
                "context = 'subscriptions' AND stream_id = $1 AND type = ANY($2)",
                f"subscription-{number}",
                list(_CHANGES),
            )
            return Abonement(form, at, tuple(changes))
    return None


async def number_of(connection: Pool | Connection, subscription_id: str) -> str | None:
    """The number of the form that its sender gave this id; None: there is none.

    Problem: there are several: each facility tells its own apart, and once they were told apart by day only.
    """
    rows = await connection.fetch(
        """SELECT correlation_id FROM store.event
           WHERE context = 'subscriptions' AND type = 'SubscriptionAccepted' AND data->>'subscription_id' = $1
           ORDER BY position LIMIT 10""",
        subscription_id,
    )
    numbers = [row["correlation_id"] for row in rows]
    if len(numbers) > 1:
        raise Problem(f"several forms have the id {subscription_id}; name one by its number: {', '.join(numbers)}")
    return numbers[0] if numbers else None


async def day(pool: Pool, facility: str, on: date, zone: ZoneInfo) -> Protocol | None:
    """A day's protocol; None: the facility had no such day."""
    where = "context = 'subscriptions' AND stream_id = $1 AND data->>'day' = $2"
    rows = await _events(pool, zone, where, facility_stream(facility), on.isoformat(), opened=False)
    return protocol(facility, on, ((event, at) for at, event in rows))


async def delivery_list(pool: Pool, month: str, zone: ZoneInfo, *, index: str | None = None) -> list[Delivery]:
    """All that is delivered in a month, of one publication or of all."""
    # Said so that the index of terms' first months serves: no term is longer than twelve months.
    accepted = await _events(
        pool,
        zone,
        """context = 'subscriptions' AND type = 'SubscriptionAccepted' AND data->>'first_month' BETWEEN $1 AND $2
           AND to_date(data->>'first_month', 'YYYY-MM') + make_interval(months => (data->>'months')::int)
               > to_date($2, 'YYYY-MM')
           AND ($3::text IS NULL OR data->>'index' = $3)""",
        later(month, -11),
        month,
        index,
    )
    forms = [form for _, form in accepted if isinstance(form, SubscriptionAccepted)]
    streams = [f"subscription-{form.abonement or form.subscription_id}" for form in forms]
    changes = await _events(
        pool, zone, "context = 'subscriptions' AND stream_id = ANY($1) AND type = ANY($2)", streams, list(_CHANGES)
    )
    return deliveries(month, forms, [change for _, change in changes])


async def _events(pool: Pool, zone: ZoneInfo, where: str, *values: object, opened: bool = True) -> Sequence[Happened]:
    """Events in their order with their local times; `opened`: with what is personal readable, or shown as forgotten."""
    rows = await pool.fetch(
        f"SELECT {COLUMNS} FROM store.event WHERE {where} ORDER BY position",  # noqa: S608 - the conditions above
        *values,
    )
    happened = [(one.occurred_at.astimezone(zone), decode(one)) for one in recorded(rows)]
    if not opened:
        return happened
    owners = {owner for _, event in happened if (owner := sealed_for(event)) is not None}
    keys = await Vault(pool).existing_keys(owners)
    return [(at, unseal_event(event, keys)) for at, event in happened]
