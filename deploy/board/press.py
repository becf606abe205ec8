"""The operating days for the board, out of the subscriptions' own protocol: one reckoning, on paper and on screen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime

from services.insight.board.press import Compared, OperatingDay, Press, Sold, State
from services.insight.instants import Connection
from services.subscriptions.protocol import Protocol, protocol
from shared.contracts.base import Event
from shared.contracts.subscriptions import Brought, CardPile, Counted, DayCounted
from shared.eventstore.codec import decode
from shared.eventstore.rows import COLUMNS, recorded

_OF_DAYS = "context = 'subscriptions' AND occurred_at <= $1"
_LATEST = f"SELECT max(data->>'day') FROM store.event WHERE {_OF_DAYS} AND type = 'DayOpened'"  # noqa: S608
_BESIDE = f"""SELECT
    (SELECT max(data->>'day') FROM store.event WHERE {_OF_DAYS} AND type = 'DayOpened' AND data->>'day' < $2),
    (SELECT min(data->>'day') FROM store.event WHERE {_OF_DAYS} AND type = 'DayOpened' AND data->>'day' > $2)
"""  # noqa: S608
_OF_DAY = f"SELECT {COLUMNS} FROM store.event WHERE {_OF_DAYS} AND data->>'day' = $2 ORDER BY position"  # noqa: S608


async def press(connection: Connection, on: date | None, until: datetime) -> Press:
    """Every facility's day by what had happened `until` then."""
    latest = on or _date(await connection.fetchval(_LATEST, until))
    if latest is None:
        return Press()
    beside = await connection.fetchrow(_BESIDE, until, latest.isoformat())
    before, after = (None, None) if beside is None else map(_date, beside)
    history: defaultdict[str, list[tuple[Event, datetime]]] = defaultdict(list)
    for row in recorded(await connection.fetch(_OF_DAY, until, latest.isoformat())):
        event = decode(row)
        if isinstance(facility := getattr(event, "facility", None), str):
            history[facility].append((event, row.occurred_at))
    found = [protocol(facility, latest, events) for facility, events in sorted(history.items())]
    return Press(latest, before, after, [shown(one) for one in found if one is not None and one.opened is not None])


def shown(one: Protocol) -> OperatingDay:
    """A protocol as the board shows it."""
    counted_at, counted = one.counts[-1] if one.counts else (None, None)
    return OperatingDay(
        one.facility,
        _state(one),
        *(one.totals.forms, one.totals.reversed_forms, one.totals.cash, one.totals.invoiced, one.totals.paid_back),
        sum(one.totals.piles.values()),
        None if one.opened is None else one.opened.worker,
        None if one.opened is None else one.opened.due_at,
        counted_at,
        None if counted is None else counted.worker,
        one.certified_at,
        None if one.certified is None else one.certified.worker,
        tuple(_lines(one, counted)),
        tuple(Sold(by.seller, by.worker, by.forms, by.cash, by.invoiced) for by in one.sold_by),
    )


def _state(one: Protocol) -> State:
    if one.certified is not None:
        return State.CERTIFIED
    if not one.counts:
        return State.OPEN
    return State.AGREES if one.reconciles else State.DIFFERS


def _lines(one: Protocol, counted: DayCounted | None) -> Iterator[Compared]:
    """Every line that a day is reconciled by, whether it differs or not."""
    totals, nothing = one.totals, counted is None
    yield Compared(Counted.CASH, totals.cash, None if counted is None else counted.cash)
    yield Compared(Counted.INVOICED, totals.invoiced, None if counted is None else counted.invoiced)
    piles = {(pile.index, pile.months): pile for pile in (() if counted is None else counted.cards)}
    for index, months in sorted({*totals.piles, *piles}):
        pile = piles.get((index, months), CardPile(index=index, months=months, cards=0))
        expected, found = totals.piles.get((index, months), 0), None if nothing else pile.cards
        if expected or found:
            yield Compared(Counted.CARDS, expected, found, index, months)
    # Whether what was brought is counted by who brought it is the counter's choice.
    told = None if counted is None or counted.brought is None else {by.worker: by for by in counted.brought}
    workers: set[str] = {*totals.brought, *(told or {})}
    for worker in sorted(workers):
        cash, cards = totals.brought.get(worker, (0, 0))
        found = None if told is None else told.get(worker, Brought(worker=worker, cash=0, cards=0))
        yield Compared(Counted.BROUGHT_CASH, cash, None if found is None else found.cash, worker=worker)
        yield Compared(Counted.BROUGHT_CARDS, cards, None if found is None else found.cards, worker=worker)


def _date(said: str | None) -> date | None:
    return None if said is None else date.fromisoformat(said)
