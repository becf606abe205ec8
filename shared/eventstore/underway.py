"""Whether other services' events of a case are still on their way to this one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TypeAlias

import asyncpg

from shared.contracts.base import Event

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"


class UnderWay:
    """Knows which cases have events that `context` reacts to and has not taken in yet.

    It sees that such an event is stored, and of which case, never what it says.
    """

    def __init__(self, pool: Pool, context: str, reacts_to: Iterable[type[Event]]) -> None:
        self._pool = pool
        sources: defaultdict[str, list[str]] = defaultdict(list)
        for event in reacts_to:
            sources[event.context].append(event.type_name())
        self._sources = [
            (
                f"""SELECT DISTINCT e.correlation_id FROM store.event_{source} e
                    WHERE e.correlation_id = ANY($1::text[]) AND e.type = ANY($2::text[]) AND NOT EXISTS (
                        SELECT FROM store.inbox_{context} i WHERE i.message_id = 'event/' || e.position)""",  # noqa: S608 - contexts are ours
                types,
            )
            for source, types in sources.items()
        ]

    async def of(self, case_ids: Sequence[str]) -> set[str]:
        """Those of the cases of which something is under way."""
        found: set[str] = set()
        for statement, types in self._sources:
            found.update(row[0] for row in await self._pool.fetch(statement, case_ids, types))
        return found
