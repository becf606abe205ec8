"""The clocks that boards show: as the judge says, whatever order rows come in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.insight.board.clocks import Clocks, Row
from services.insight.board.draw import ORDER
from services.insight.board.filters import Filters
from services.insight.board.now import Tier, summarise, values
from services.insight.instants import instant
from shared.centre import centre

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
CALENDARS = centre("Asia/Almaty").calendars


def row(position: int, op: str, clock: str, at: timedelta, **more: Any) -> Row:
    """A row of the projection, `at` before or after `NOW`."""
    empty: dict[str, Any] = dict.fromkeys(Row._fields)
    base: dict[str, Any] = {
        "position": position,
        "seq": 0,
        "op": op,
        "clock_id": clock,
        "at": instant(NOW + at),
        "case_id": clock,
        "recorded_at": instant(NOW + at),
    }
    return Row(**{**empty, **base, **more})


def started(position: int, clock: str, due: timedelta, **more: Any) -> Row:
    due_at = instant(NOW + due)
    given: dict[str, Any] = {"indicator": "details_visit", "due_at": due_at, "policy_version": 1, "owner": "aliya"}
    return row(position, "start", clock, -timedelta(hours=1), **{**given, **more})


def of(*rows: Row) -> Clocks:
    clocks = Clocks(CALENDARS)
    clocks.take(rows, NOW)
    return clocks


def test_a_hand_over_of_before_the_clock_began_is_not_of_that_clock() -> None:
    before = row(1, "pass", "a", -timedelta(hours=2), owner="berik")
    after = row(3, "pass", "b", -timedelta(hours=2), owner="berik")
    clocks = of(before, started(2, "a", timedelta(hours=1)), started(2, "b", timedelta(hours=1)), after)
    assert {one.case_id: one.owner for one in clocks.running()} == {"a": "aliya", "b": "berik"}


def test_what_is_owed_is_told_by_how_much_time_is_left() -> None:
    clocks = of(
        started(1, "a", -timedelta(minutes=1)),
        started(2, "b", timedelta(hours=1)),
        started(3, "c", timedelta(hours=2)),
        started(4, "d", timedelta(days=2), owner="berik"),
    )
    found = summarise(clocks, Filters(), NOW, ORDER)
    assert found.all.open == {Tier.LATE: 1, Tier.HOUR: 1, Tier.DAY: 1, Tier.LATER: 1, Tier.PAUSED: 0}
    assert [one.case_id for one in found.late] == ["a"]
    assert [one.case_id for one in found.due] == ["b", "c", "d"]
    assert [(line.key, line.total) for line in found.owners] == [("aliya", 3), ("berik", 1)], "who is late comes first"


def test_time_alone_makes_late_what_was_due() -> None:
    clocks = of(started(1, "a", timedelta(minutes=5)))
    assert summarise(clocks, Filters(), NOW, ORDER).all.open[Tier.LATE] == 0
    assert summarise(clocks, Filters(), NOW + timedelta(minutes=6), ORDER).all.open[Tier.LATE] == 1


def test_what_is_done_is_no_longer_owed_and_counts_for_a_day() -> None:
    clocks = of(
        started(1, "a", timedelta(minutes=5)),
        row(2, "stop", "a", -timedelta(minutes=5)),
        started(3, "b", -timedelta(minutes=30)),
        row(4, "stop", "b", -timedelta(minutes=20)),
        started(5, "c", timedelta(minutes=5)),
        row(6, "cancel", "c", -timedelta(minutes=5)),
    )
    found = summarise(clocks, Filters(), NOW, ORDER)
    assert (found.all.total, found.all.met, found.all.breached) == (0, 1, 1), "what is cancelled is not judged"
    assert [one.case_id for one in found.breached] == ["b"]
    tomorrow = summarise(clocks, Filters(), NOW + timedelta(days=1), ORDER)
    assert (tomorrow.all.met, tomorrow.all.breached) == (0, 0)


def test_a_clock_that_waits_for_the_consumer_is_not_late() -> None:
    clocks = of(started(1, "a", timedelta(minutes=1)), row(2, "pause", "a", -timedelta(minutes=10)))
    assert summarise(clocks, Filters(), NOW + timedelta(hours=1), ORDER).all.open[Tier.PAUSED] == 1
    clocks.take([row(3, "resume", "a", timedelta(hours=1))], NOW + timedelta(hours=1))
    (one,) = clocks.running()
    assert one.due_at == instant(NOW + timedelta(hours=1, minutes=11)), "what was left of its time is left"


def test_a_clock_that_was_late_before_it_waited_stays_late() -> None:
    clocks = of(started(1, "a", -timedelta(minutes=20)), row(2, "pause", "a", -timedelta(minutes=10)))
    assert summarise(clocks, Filters(), NOW, ORDER).all.open[Tier.LATE] == 1


def test_a_pause_that_came_before_its_clock_began_counts() -> None:
    clocks = of(row(1, "pause", "a", -timedelta(hours=2)), started(2, "a", timedelta(minutes=5)))
    assert summarise(clocks, Filters(), NOW, ORDER).all.open[Tier.PAUSED] == 1


def test_who_takes_over_owes_it() -> None:
    clocks = of(started(1, "a", timedelta(minutes=5)), row(2, "pass", "a", -timedelta(minutes=9), owner="berik"))
    assert [line.key for line in summarise(clocks, Filters(owner="berik"), NOW, ORDER).owners] == ["berik"]
    assert summarise(clocks, Filters(owner="aliya"), NOW, ORDER).all.total == 0


def test_operations_of_clocks_that_do_not_run_are_kept_for_as_long_as_there_is_room() -> None:
    clocks = Clocks(CALENDARS, room=2)
    clocks.take([row(n, "pause", f"c{n}", -timedelta(hours=2)) for n in range(4)], NOW)
    clocks.take([started(9, "c0", timedelta(minutes=5)), started(10, "c3", timedelta(minutes=5))], NOW)
    assert summarise(clocks, Filters(), NOW, ORDER).all.open[Tier.PAUSED] == 1


def test_the_filters_offer_what_there_is() -> None:
    clocks = of(started(1, "a", timedelta(), office="north"), started(2, "b", timedelta(), office="south"))
    assert values(clocks, NOW)["office"] == ["north", "south"]


@given(st.permutations(range(6)), st.integers(1, 6))
def test_page_by_page_or_at_once_the_clocks_are_the_same(order: list[int], page: int) -> None:
    """Whatever arrives in whatever pages: what a board shows is what it would show had it been opened later."""
    rows = [
        started(1, "a", timedelta(minutes=1)),
        row(2, "pause", "a", -timedelta(minutes=30)),
        row(3, "resume", "a", -timedelta(minutes=20)),
        started(4, "b", timedelta(hours=3)),
        row(5, "stop", "b", -timedelta(minutes=1)),
        row(6, "pass", "a", -timedelta(minutes=5), owner="berik"),
    ]
    arriving = [rows[index] for index in order]
    slowly = Clocks(CALENDARS)
    for begin in range(0, len(arriving), page):
        slowly.take(arriving[begin : begin + page], NOW)
    one, other = (summarise(clocks, Filters(), NOW, ORDER) for clocks in (slowly, of(*arriving)))
    assert one == other
