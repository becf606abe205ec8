"""The operating day on the board: how far it is, and every line of the protocol against the count (DOMAIN.md §6)."""

from __future__ import annotations

from deploy.board.press import shown
from services.insight.board.press import State
from services.subscriptions.protocol import protocol
from shared.contracts.base import Event
from shared.contracts.subscriptions import Brought, CardPile, Counted

from .press_world import opened
from .test_operating_day import A_DAY, CERTIFIED, DAY, EVENING, counted


def the_day(*events: Event) -> tuple[State, list[tuple[str, int, int | None, int]]]:
    found = protocol("post-1", DAY, [(event, EVENING) for event in events])
    assert found is not None
    day = shown(found)
    return day.state, [(line.what, line.expected, line.found, line.difference) for line in day.lines]


def test_a_day_is_open_until_it_is_counted() -> None:
    state, lines = the_day(*A_DAY)
    assert state is State.OPEN
    assert lines == [
        (Counted.CASH, 251_600, None, 0),
        (Counted.INVOICED, 566_100, None, 0),
        (Counted.CARDS, 1, None, 0),
        (Counted.CARDS, 2, None, 0),
        (Counted.BROUGHT_CASH, 188_700, None, 0),
        (Counted.BROUGHT_CARDS, 1, None, 0),
    ]
    assert the_day(opened()) == (State.OPEN, [(Counted.CASH, 0, None, 0), (Counted.INVOICED, 0, None, 0)])


def test_every_line_stands_beside_what_was_counted() -> None:
    piles = [CardPile(index="75384", months=6, cards=2), CardPile(index="10001", months=1, cards=4)]
    brought = [Brought(worker="postman-9", cash=100, cards=1)]
    state, lines = the_day(*A_DAY, counted(cash=250_000, cards=piles, brought=brought))
    assert state is State.DIFFERS
    assert lines == [
        (Counted.CASH, 251_600, 250_000, -1_600),
        (Counted.INVOICED, 566_100, 566_100, 0),
        (Counted.CARDS, 0, 4, 4),
        (Counted.CARDS, 1, 0, -1),
        (Counted.CARDS, 2, 2, 0),
        (Counted.BROUGHT_CASH, 188_700, 0, -188_700),
        (Counted.BROUGHT_CARDS, 1, 0, -1),
        (Counted.BROUGHT_CASH, 0, 100, 100),
        (Counted.BROUGHT_CARDS, 0, 1, 1),
    ]


def test_what_was_brought_need_not_be_counted_apart() -> None:
    state, lines = the_day(*A_DAY, counted(brought=None))
    assert state is State.AGREES
    assert [found for what, _, found, _ in lines if what.startswith("brought")] == [None, None]


def test_the_last_count_decides_and_the_signature_ends_it() -> None:
    assert the_day(*A_DAY, counted(cash=1), counted())[0] is State.AGREES
    assert the_day(*A_DAY, counted(), counted(cash=1))[0] is State.DIFFERS
    assert the_day(*A_DAY, counted(), CERTIFIED)[0] is State.CERTIFIED


def test_who_did_what_is_named() -> None:
    found = protocol("post-1", DAY, [(event, EVENING) for event in (*A_DAY, counted(cash=1), CERTIFIED)])
    assert found is not None
    day = shown(found)
    assert (day.opened_by, day.counted_by, day.certified_by) == ("counter-1",) * 3
    assert (day.counted_at, day.certified_at, day.differing) == (EVENING, EVENING, 1)
    assert (day.forms, day.cash, day.invoiced, day.cards) == (3, 251_600, 566_100, 3)
    assert [(one.seller, one.worker, one.forms, one.cash, one.invoiced) for one in day.sold] == [
        ("facility", "counter-1", 2, 62_900, 566_100),
        ("postman", "postman-3", 1, 188_700, 0),
    ]
