"""Writes alarms and digests into the log: each once, by an id that says which it is."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from pydantic import ValidationError

from services.insight.indicators import policy_name
from services.insight.instants import Pool
from services.insight.watch import digests
from services.insight.watch.agenda import Agenda, Alarm, Kind
from shared.bus import names
from shared.contracts.base import STORED, Event
from shared.contracts.watch import CONTEXT, DeadlineApproaching, DeadlineBreached
from shared.eventstore import Append, EventStore, NewEvent, Outcome, encode

log = logging.getLogger(__name__)

_BATCH = 500
_ACTOR = f"{names.RESERVED_SOURCE}/{CONTEXT}"
_TELLS: dict[str, type[DeadlineApproaching | DeadlineBreached]] = {
    one.type_name(): one for one in (DeadlineApproaching, DeadlineBreached)
}
_TOLD = """
SELECT type, data::text AS data FROM store.event
WHERE context = $1 AND type = ANY($2::text[])
  AND (data->>'noticed_at')::timestamptz >= $3 AND (data->>'noticed_at')::timestamptz < $4
ORDER BY position
"""


@dataclass(frozen=True, slots=True)
class _Said:
    """An event on its way into the log."""

    id: str
    event: Event
    at: datetime
    case_id: str

    def append(self) -> Append:
        # A stream of its own: neither what it is decided on nor another watch can make it a conflict.
        own = blake2b(self.id.encode(), digest_size=10).hexdigest()
        event = NewEvent(self.event.type_name(), self.event.schema_version, encode(self.event, {}), self.at)
        return Append(
            message_id=self.id,
            # The same alarm is the same by its id: a watch that looked later says another `noticed_at`.
            fingerprint=own.encode(),
            stream_id=f"deadline-{own}",
            expected_version=0,
            correlation_id=self.case_id,
            actor=_ACTOR,
            traceparent=None,
            events=(event,),
        )


class Teller:
    """`percent` is what the rules go by; a digest is written every `digest_every`, where there is news."""

    def __init__(self, pool: Pool, *, percent: int, digest_every: timedelta) -> None:
        self._pool = pool
        self._store = EventStore(pool, CONTEXT)
        self._percent = percent
        self._every = digest_every

    async def tell(self, alarms: Sequence[Alarm], now: datetime) -> None:
        """Append the events of these alarms; those that are there already change nothing."""
        said: list[_Said] = []
        for alarm in alarms:
            try:
                said.append(self._of(alarm, now))
            except ValidationError:
                # One that can't be told must not keep the others from being told.
                log.exception("nothing is told of %s", alarm.id)
        await self._append(said)

    async def escalate(self, agenda: Agenda, looked_at: datetime, now: datetime) -> None:
        """Write the digests of the intervals that ended since the last look."""
        since, until = (digests.begins(at, self._every) for at in (looked_at, now))
        if since >= until:
            return
        rows = await self._pool.fetch(_TOLD, CONTEXT, list(_TELLS), since, until)
        told = [_TELLS[row["type"]].model_validate_json(row["data"], context=STORED) for row in rows]
        written = digests.written(told, list(agenda.overdue(now)), agenda, self._every)
        await self._append(
            [
                _Said(
                    f"escalated/{one.office or ''}/{one.until.isoformat()}", one, now, f"digest-{one.until:%Y%m%dT%H%M}"
                )
                for one in written
            ]
        )

    def _of(self, alarm: Alarm, now: datetime) -> _Said:
        fact, judged = alarm.clock.fact, alarm.judged
        said: dict[str, Any] = {
            "clock_id": fact.clock_id,
            "indicator": alarm.clock.indicator,
            "policy": policy_name(alarm.clock.indicator, judged.variant),
            "policy_version": judged.policy_version,
            "case_id": fact.case_id,
            "channel": fact.channel,
            "office": fact.office,
            "topic": fact.topic,
            "owner": judged.owner,
            "started_at": judged.started_at,
            "due_at": judged.due_at,
            "noticed_at": now,
        }
        event = (
            DeadlineBreached.model_validate({**said, "ended_at": judged.ended_at})
            if alarm.kind is Kind.BREACHED
            else DeadlineApproaching.model_validate({**said, "used_percent": self._percent})
        )
        return _Said(alarm.id, event, alarm.moment, fact.case_id)

    async def _append(self, said: Sequence[_Said]) -> None:
        for begin in range(0, len(said), _BATCH):
            batch = said[begin : begin + _BATCH]
            outcomes = await self._store.append([one.append() for one in batch])
            for one, outcome in zip(batch, outcomes, strict=True):
                if outcome.outcome is Outcome.APPENDED:
                    log.info("%s: %s", one.event.type_name(), one.id)
                elif outcome.outcome is not Outcome.DUPLICATE:
                    raise AssertionError(f"{one.id} is the first of its stream, and yet a {outcome.outcome}")
