"""The watch at work: it follows the log with the fold of `sla`, and appends what is to be told to the log.

Its memory is the clocks that run; it is made anew at each start, from the view and the log. What was told stands in
the store: an alarm's id goes into the inbox with its event, so whatever dies, and however many run, it is told once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from services.insight import ledger
from services.insight.clocks import FACTS, Fact, Rules
from services.insight.instants import Connection, Pool, log_connection, moment
from services.insight.pages import last_between, read_page
from services.insight.projection import Projection, Row, Seen
from services.insight.queries.base import reading
from services.insight.queries.overdue import running_clocks
from services.insight.watch.agenda import Agenda
from services.insight.watch.teller import Teller
from shared.clock import Clock
from shared.eventstore.model import Cursor
from shared.process import obey_cancellation
from shared.troubles import STORE_TROUBLES

log = logging.getLogger(__name__)

EVERY_S = 1.0
"""So often it looks: an alarm is so much late."""
PAGE = 10_000
_HORIZON_S = 0.05
_LONGEST_WAIT_S = 5.0
_NOTE_EVERY = timedelta(seconds=10)
"""So often at least it is noted down how far it has looked."""
_ALONE = "SELECT pg_try_advisory_lock(hashtextextended('tereze watch', 0))"


@dataclass(frozen=True, slots=True)
class Post:
    """What a watch needs. Of the `pool` it takes three connections."""

    pool: Pool
    sla: Projection
    rules: Rules
    clock: Clock
    teller: Teller
    backlog: timedelta
    """What had passed so long before it could be known is no news."""
    places: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "places", tuple(map(self.sla.column_names.index, FACTS)))

    def facts(self, rows: Sequence[Row]) -> list[Fact]:
        """Rows that the fold made, their times as times."""
        return [
            Fact(*(_timed(name, row[place]) for name, place in zip(FACTS, self.places, strict=True))) for row in rows
        ]


def _timed(name: str, value: Any) -> Any:
    return moment(value) if isinstance(value, int) and (name == "at" or name.endswith("_at")) else value


async def run(post: Post) -> None:
    """Look again and again until cancelled; what troubles the store is waited out. Of several, one looks at a time."""
    wait = EVERY_S
    while True:
        try:
            async with log_connection(post.pool) as connection:
                while not await connection.fetchval(_ALONE):  # noqa: ASYNC110 - another process's lock
                    await asyncio.sleep(EVERY_S)
                watch = await Watch.begun(post)
                while True:
                    obey_cancellation()
                    await watch.look(connection)
                    wait = EVERY_S
                    await asyncio.sleep(EVERY_S)
        except STORE_TROUBLES as trouble:
            obey_cancellation()
            log.warning("the watch waits %.1f s: %s: %s", wait, type(trouble).__name__, trouble)
            await asyncio.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT_S)


class Watch:
    """Looks at the clocks, one look after the other."""

    def __init__(self, post: Post, agenda: Agenda, seen: Cursor, looked_at: datetime, noted: Cursor) -> None:
        self._post = post
        self._agenda = agenda
        self._seen = seen
        self._looked_at = self._noted_at = looked_at
        self._noted = noted

    @classmethod
    async def begun(cls, post: Post) -> Watch:
        """With what runs by the view; what came after it is in the log, as is all where there is no view."""
        now = post.clock.now()
        async with post.pool.acquire() as connection:
            row = await connection.fetchrow("SELECT looked_at, xid, position FROM ops.watch")
            if row is None:
                raise RuntimeError("ops.watch is empty; start Tereze once with `tereze up` to migrate the database")
            async with reading(connection):
                checkpoint = await ledger.checkpoint(connection, post.sla)
                clocks = [] if checkpoint is None else await running_clocks(connection)
        # A movable clock that was put back has looked at nothing that lies before it.
        looked_at = min(row["looked_at"] or now, now)
        agenda = Agenda(post.rules, clocks, since=looked_at, backlog=post.backlog)
        return cls(post, agenda, checkpoint or Cursor(), looked_at, Cursor(row["xid"], row["position"]))

    async def look(self, connection: Connection) -> None:
        """Tell what has passed, with all in mind that was stored before this look. `connection` reads the log."""
        now = self._post.clock.now()
        await self._read(connection)
        await self._post.teller.tell(self._agenda.look(now), now)
        await self._post.teller.escalate(self._agenda, self._looked_at, now)
        self._looked_at = now
        await self._note(connection, now)

    async def _read(self, connection: Connection) -> None:
        """Take in the log, with all transactions that have begun by now.

        Those that still run may end a clock: nothing is told before they have ended. A snapshot does not number them
        all, but a transaction's own number is beyond theirs.
        """
        own: int = await connection.fetchval("SELECT pg_current_xact_id()")
        sla = self._post.sla
        while True:
            obey_cancellation()
            page = await read_page(connection, self._seen, PAGE, types=sla.types, without=sla.unread_fields)
            for event in page.events:
                for fact in self._post.facts(self._rows(event)):
                    self._agenda.take(fact)
            self._seen = page.seen
            if len(page.events) == PAGE:
                continue
            if self._seen.xid >= own:
                return
            await asyncio.sleep(_HORIZON_S)

    def _rows(self, event: Seen) -> list[Row]:
        try:
            return self._post.sla.rows(event)
        except Exception:
            # The projection sets it aside (read.poison); one event must not keep all deadlines from being watched.
            log.exception("the watch can't fold %s", event.type, extra={"position": event.position})
            return []

    async def _note(self, connection: Connection, now: datetime) -> None:
        """Write down how far it has looked, where that is news."""
        last = await last_between(connection, self._noted, self._seen)
        if last is None and timedelta() <= now - self._noted_at < _NOTE_EVERY:
            return
        self._noted, self._noted_at = last or self._noted, now
        async with self._post.pool.acquire() as writing, writing.transaction():
            # Lost with a crash of the database, it costs some looking again.
            await writing.execute("SET LOCAL synchronous_commit = off")
            await writing.execute(
                "UPDATE ops.watch SET looked_at = $1, xid = $2::text::xid8, position = $3, updated_at = now()",
                now,
                str(self._noted.xid),
                self._noted.position,
            )


async def cursors(pool: Pool) -> dict[str, Cursor]:
    """How far the watch has come in the log, under its name."""
    row = await pool.fetchrow("SELECT xid, position FROM ops.watch")
    return {} if row is None else {"watch": Cursor(row["xid"], row["position"])}
