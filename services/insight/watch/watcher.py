"""The watch at work: it follows the log with the fold of `sla`, and appends what is to be told to the log.

Its memory is the clocks that run; it is made anew at each start, from the view and the log. What was told stands in
the store: an alarm's id goes into the inbox with its event, so whatever dies, and however many run, it is told once.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from services.insight import ledger
from services.insight.clocks import ENDS, FACTS, Fact, Rules, clocks_of
from services.insight.instants import Connection, Pool, log_connection, moment
from services.insight.pages import last_between, read_page
from services.insight.projection import Projection, Row, Seen
from services.insight.queries.base import reading
from services.insight.queries.overdue import Placed, facts_of, running_facts
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

    def facts_of(self, event: Seen) -> list[Fact]:
        """What the fold makes of an event, its times as times."""
        rows: list[Row] = []
        try:
            rows = self.sla.rows(event)
        except Exception:
            # The projection sets it aside (read.poison); one event must not keep all deadlines from being watched.
            log.exception("the watch can't fold %s", event.type, extra={"position": event.position})
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


async def _told_between(post: Post, after: Cursor, upto: Cursor) -> list[Placed]:
    """What the log says of clocks beyond a cursor, as far as another one."""
    found: list[Placed] = []
    async with log_connection(post.pool) as connection:
        while after < upto:
            obey_cancellation()
            page = await read_page(
                connection, after, PAGE, types=post.sla.types, without=post.sla.unread_fields, upto=upto
            )
            found += [Placed(event.position, fact) for event in page.events for fact in post.facts_of(event)]
            after = page.seen
    return found


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
        """With what ran when it was last looked, by the view; what came since is in the log, as is all without a view.

        What has ended since then was perhaps late, and nobody was there to tell.
        """
        now = post.clock.now()
        async with post.pool.acquire() as connection:
            row = await connection.fetchrow("SELECT looked_at, xid, position FROM ops.watch")
            if row is None:
                raise RuntimeError("ops.watch is empty; start Tereze once with `tereze up` to migrate the database")
            noted = Cursor(row["xid"], row["position"])
            async with reading(connection):
                checkpoint = await ledger.checkpoint(connection, post.sla)
                known: list[Placed] = []
                since: list[Placed] = []
                if checkpoint is not None:
                    known = await running_facts(connection)
                    since = [] if row["looked_at"] is None else await _told_between(post, noted, checkpoint)
                    ended = {one.fact.clock_id for one in since if one.fact.op in ENDS}
                    known += await facts_of(connection, sorted(ended)) if ended else []
        # A movable clock that was put back has looked at nothing that lies before it.
        looked_at = min(row["looked_at"] or now, now)
        later = {one.position for one in since}
        clocks = clocks_of(one.fact for one in known if one.position not in later)
        agenda = Agenda(post.rules, clocks, since=looked_at, backlog=post.backlog)
        for one in since:
            agenda.take(one.fact)
        return cls(post, agenda, checkpoint or Cursor(), looked_at, noted)

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
                for fact in self._post.facts_of(event):
                    self._agenda.take(fact)
            self._seen = page.seen
            if len(page.events) == PAGE:
                continue
            if self._seen.xid >= own:
                return
            await asyncio.sleep(_HORIZON_S)

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
