"""The watch over deadlines: each passed moment is told of once, never after the end, whatever happened when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.insight.clocks import ENDS, Clock, Fact, Rules, clocks_of
from services.insight.judge import Verdict
from services.insight.queries.overdue import Due, due_clocks
from services.insight.watch.agenda import Agenda, Alarm, Kind
from services.insight.watch.digests import begins, written
from shared.contracts.watch import DeadlineApproaching, DeadlineBreached
from shared.deadlines import Calendar, Calendars, Interval, Policies, Policy, days, hours, working_days

ZONE = ZoneInfo("Asia/Almaty")
DAY = (Interval(time(9), time(13)), Interval(time(14), time(18)))
CALENDAR = Calendar(ZONE, [DAY] * 5 + [()] * 2, days={date(2026, 3, 9): ()})
EVER = datetime(1990, 1, 1, tzinfo=UTC)
LIMITS = {None: days(10), "quick": hours(2), "public_services": working_days(5)}
POLICIES = Policies(
    Policy("answer" if variant is None else f"answer.{variant}", 1, EVER, limit) for variant, limit in LIMITS.items()
)
RULES = Rules(POLICIES, Calendars(CALENDAR), 80)
BACKLOG = timedelta(days=1)


def at(text: str) -> datetime:
    """A local time in March 2026: day, hour and minute. The 2nd is a Monday."""
    return datetime.strptime(f"2026-03-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=ZONE)


def fact(op: str, when: datetime, clock: str = "a", variant: str | None = None, due: datetime | None = None) -> Fact:
    """A row of the view, on a clock of the indicator `answer`."""
    start = op == "start"
    if start and due is None:
        due = CALENDAR.add(LIMITS[variant], when)
    return Fact(
        op=op,
        clock_id=f"answer:{clock}",
        at=when,
        case_id=clock,
        indicator="answer" if start else None,
        variant=variant,
        channel="post" if start else None,
        office="north" if start else None,
        topic=None,
        owner="k1" if start else None,
        due_at=due,
        norm_due_at=None,
        span=None,
        position=0,
    )


def agenda(*facts: Fact, since: str = "02 09:00") -> Agenda:
    return Agenda(RULES, clocks_of(facts), since=at(since), backlog=BACKLOG)


def told(alarms: Sequence[Alarm]) -> list[tuple[str, Kind]]:
    return [(alarm.clock.fact.case_id, alarm.kind) for alarm in alarms]


STARTED = fact("start", at("02 10:00"))


def test_a_deadline_comes_near_and_passes_and_each_is_told_once() -> None:
    watched = agenda(STARTED)
    assert told(watched.look(at("10 10:00"))) == []
    assert told(watched.look(at("10 10:01"))) == [("a", Kind.APPROACHING)]
    assert told(watched.look(at("12 10:00"))) == [], "due now is not late"
    assert told(watched.look(at("12 10:01"))) == [("a", Kind.BREACHED)]
    assert told(watched.look(at("20 10:01"))) == []


def test_what_passed_while_nobody_looked_is_told_as_passed_and_not_as_near() -> None:
    (alarm,) = agenda(STARTED).look(at("25 10:00"))
    assert (alarm.kind, alarm.moment) == (Kind.BREACHED, at("12 10:00"))


@pytest.mark.parametrize("end", sorted(ENDS))
def test_what_has_ended_is_told_of_no_more(end: str) -> None:
    watched = agenda(STARTED)
    watched.look(at("03 10:00"))
    watched.take(fact(end, at("11 10:00")))
    assert told(watched.look(at("20 10:00"))) == []


@pytest.mark.parametrize("end", sorted(ENDS))
def test_what_ended_too_late_before_anybody_looked_is_told_once_as_passed(end: str) -> None:
    watched = agenda(STARTED)
    watched.look(at("03 10:00"))
    watched.take(fact(end, at("12 10:01")))
    (alarm,) = watched.look(at("20 10:00"))
    assert (alarm.kind, alarm.moment, alarm.judged.ended_at) == (Kind.BREACHED, at("12 10:00"), at("12 10:01"))
    assert told(watched.look(at("20 10:01"))) == []


def test_what_was_told_of_already_is_not_told_again_when_it_ends() -> None:
    watched = agenda(STARTED)
    assert told(watched.look(at("13 10:00"))) == [("a", Kind.BREACHED)]
    watched.take(fact("stop", at("14 10:00")))
    assert told(watched.look(at("14 10:01"))) == []


def test_older_records_that_ended_too_late_are_no_news() -> None:
    watched = agenda(since="20 10:00")
    watched.take(STARTED)
    watched.take(fact("stop", at("19 10:00")))
    assert told(watched.look(at("20 10:01"))) == []


def test_while_the_centre_waits_nothing_comes_near_and_the_moved_deadline_is_another_one() -> None:
    watched = agenda(STARTED)
    assert told(watched.look(at("10 11:00"))) == [("a", Kind.APPROACHING)]
    watched.take(fact("pause", at("10 12:00")))
    assert told(watched.look(at("20 12:00"))) == []
    watched.take(fact("resume", at("20 12:00")))
    assert told(watched.look(at("20 12:01"))) == [("a", Kind.APPROACHING)], "little is left of the new one, too"
    (alarm,) = watched.look(at("22 10:01"))
    assert (alarm.kind, alarm.moment) == (Kind.BREACHED, at("22 10:00"))


def test_what_was_late_before_the_pause_is_told() -> None:
    assert told(agenda(STARTED, fact("pause", at("13 10:00"))).look(at("13 11:00"))) == [("a", Kind.BREACHED)]


def test_an_extension_puts_off_what_is_told() -> None:
    watched = agenda(STARTED, fact("move", at("11 10:00"), due=at("22 10:00")))
    assert told(watched.look(at("13 10:00"))) == []
    assert told(watched.look(at("18 10:01"))) == [("a", Kind.APPROACHING)]
    assert told(watched.look(at("22 10:01"))) == [("a", Kind.BREACHED)]


def test_older_records_and_the_first_look_at_a_store_in_use_tell_no_old_news() -> None:
    old = fact("start", at("02 10:00"), "old"), fact("pause", at("03 10:00"), "old"), fact("resume", at("04 10:00"))
    assert told(agenda(*old, since="20 10:00").look(at("20 10:01"))) == []
    watched = agenda(since="20 10:00")
    watched.take(STARTED)
    assert told(watched.look(at("20 10:01"))) == []


def test_what_was_entered_a_little_too_late_to_be_done_in_time_is_told() -> None:
    watched = agenda(since="13 09:59")
    watched.take(STARTED)
    assert told(watched.look(at("13 10:00"))) == [("a", Kind.BREACHED)]


def test_a_regime_under_which_it_is_late_by_days_is_news() -> None:
    watched = agenda(STARTED)
    assert told(watched.look(at("06 10:00"))) == []
    watched.take(fact("vary", at("06 10:00"), variant="quick"))
    assert told(watched.look(at("06 10:01"))) == [("a", Kind.BREACHED)]


def test_the_share_is_counted_in_the_time_of_the_limit_without_pauses() -> None:
    # Five working days after Monday the 2nd end on Tuesday the 10th, as Monday the 9th is closed: 47 hours from 10:00.
    def near(*facts: Fact) -> datetime:
        (clock,) = clocks_of(facts)
        return RULES.stand(clock, at("31 12:00")).approaching_at

    start = fact("start", at("02 10:00"), variant="public_services")
    assert CALENDAR.worked(near(start), at("10 18:00")) == timedelta(hours=47) / 5
    assert near(start) == at("06 16:36")
    waited = near(start, fact("pause", at("03 09:00")), fact("resume", at("04 09:00")))
    assert waited == at("10 16:36"), "a working day later"
    after_due = near(start, fact("pause", at("12 09:00")), fact("resume", at("13 09:00")))
    assert after_due == near(start)


# ── whatever happens, in whatever order it is told, and however often the watch is killed ───────────────────────────

_OPERATIONS = st.sampled_from(["pause", "pause", "resume", "resume", "move", "vary", "pass", "stop", "lapse", "cancel"])
_STEPS = st.lists(
    st.one_of(
        st.just(("look",)),
        st.just(("kill",)),
        st.tuples(st.just("start"), st.sampled_from(list(LIMITS)), st.integers(0, 6 * 60)),
        st.tuples(_OPERATIONS, st.integers(0, 3), st.integers(0, 36 * 60), st.integers(-48 * 60, 14 * 24 * 60)),
    ),
    min_size=3,
    max_size=25,
)


class Log:
    """What is stored so far, and another way to say what is to be told of: by judging every clock at every look."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self.starts = 0

    def add(self, step: tuple[object, ...], now: datetime) -> Fact | None:
        match step:
            case ("start", variant, int(late)):
                self.starts += 1
                new = fact("start", now - timedelta(minutes=late), str(self.starts), variant)  # pyright: ignore[reportArgumentType]
            case (str(op), int(which), int(late), int(to)) if self.starts:
                clock = str(which % self.starts + 1)
                variant = "quick" if op == "vary" else None
                due = now + timedelta(minutes=to) if op == "move" else None
                new = fact(op, now - timedelta(minutes=late), clock, variant, due)
            case _:
                return None
        self.facts.append(new)
        return new

    def owed(self, now: datetime) -> set[tuple[str, Kind, datetime]]:
        found: set[tuple[str, Kind, datetime]] = set()
        for clock in clocks_of(self.facts):
            standing = RULES.stand(clock, now)
            judged = standing.judged
            if judged.verdict is Verdict.OVERDUE:
                found.add((clock.fact.clock_id, Kind.BREACHED, judged.due_at))
            elif judged.verdict is Verdict.OPEN and standing.approaching_at < now:
                found.add((clock.fact.clock_id, Kind.APPROACHING, judged.due_at))
        for number, end in enumerate(self.facts):
            before = [one for one in self.facts[:number] if one.clock_id == end.clock_id]
            if end.op in ENDS:
                for clock in clocks_of(before):  # none, where it had ended before
                    clock.operations.append(end.operation())
                    judged = RULES.stand(clock, now).judged
                    if judged.ended_at is not None and judged.ended_at > judged.due_at:
                        found.add((clock.fact.clock_id, Kind.BREACHED, judged.due_at))
        return found


@given(_STEPS, st.lists(st.integers(1, 5 * 24 * 60), min_size=26, max_size=26))
def test_every_look_tells_what_is_owed_by_then_and_nothing_twice(
    steps: list[tuple[object, ...]], passed: list[int]
) -> None:
    now, log = at("02 09:00"), Log()
    inbox: dict[str, tuple[str, Kind, datetime]] = {}
    forever = timedelta(days=999)
    watched = Agenda(RULES, since=now, backlog=forever)
    alive: set[str] = set()
    looked = 0
    for step, minutes in zip([*steps, ("look",)], passed, strict=False):
        now += timedelta(minutes=minutes)
        if step == ("look",):
            owed = log.owed(now)
            for alarm in watched.look(now):
                which = (alarm.clock.fact.clock_id, alarm.kind, alarm.judged.due_at)
                assert which in owed, "it was in time, it waits, or another moment is due"
                assert alarm.id not in alive, "told twice by one watch"
                alive.add(alarm.id)
                inbox[alarm.id] = which
            assert owed <= set(inbox.values()), "past it, and not told of"
            looked = len(log.facts)
            assert len(set(inbox.values())) == len(inbox), "one moment under two ids"
        elif step == ("kill",):
            watched, alive = Agenda(RULES, clocks_of(log.facts[:looked]), since=now, backlog=forever), set()
            for one in log.facts[looked:]:
                watched.take(one)
        elif (new := log.add(step, now)) is not None:
            watched.take(new)


# ── digests, and what `tereze overdue` shows ────────────────────────────────────────────────────────────────────────


def event(
    kind: type[DeadlineApproaching | DeadlineBreached], clock: str, noticed: str, office: str | None = "north"
) -> DeadlineApproaching | DeadlineBreached:
    said: dict[str, object] = {
        "clock_id": f"answer:{clock}",
        "indicator": "answer",
        "policy": "answer",
        "policy_version": 1,
        "case_id": clock,
        "office": office,
        "owner": "k1",
        "started_at": at("02 10:00"),
        "due_at": at("12 10:00"),
        "noticed_at": at(noticed),
    }
    return kind.model_validate(said | ({"used_percent": 80} if kind is DeadlineApproaching else {}))


def test_a_storm_is_one_digest_for_each_office() -> None:
    facts = [fact("start", at(f"02 10:{minute:02}"), str(minute)) for minute in range(40)]
    watched = agenda(*facts)
    assert len(watched.look(at("13 10:00"))) == 40
    watched.take(fact("stop", at("13 10:05"), "0"))
    news = [event(DeadlineBreached, str(minute), "13 10:00") for minute in range(40)]
    news += [event(DeadlineApproaching, "elsewhere", "13 10:59", office=None)]
    nowhere, north = written(news, list(watched.overdue(at("13 11:00"))), watched, timedelta(hours=1))
    assert (nowhere.office, nowhere.approaching, nowhere.breached, nowhere.overdue) == (None, 1, 0, 0)
    assert (north.office, north.approaching, north.breached, north.settled, north.overdue) == ("north", 0, 40, 1, 39)
    assert (north.since, north.until) == (at("13 10:00"), at("13 11:00"))
    assert [(one.owner, one.breached, one.overdue) for one in north.owners] == [("k1", 40, 39)]
    assert [one.case_id for one in north.worst] == ["1", "2", "3", "4", "5"], "the longest overdue"


def test_where_nothing_is_told_no_digest_is_written() -> None:
    watched = agenda(STARTED)
    watched.look(at("13 10:00"))
    assert written([], list(watched.overdue(at("13 11:00"))), watched, timedelta(hours=1)) == []


def test_intervals_begin_at_multiples_of_their_length() -> None:
    assert begins(at("13 10:37"), timedelta(minutes=15)) == at("13 10:30")
    assert begins(at("13 10:30"), timedelta(minutes=15)) == at("13 10:30")


def test_overdue_shows_what_is_late_and_what_is_near_and_nothing_that_waits() -> None:
    clocks: list[Clock] = clocks_of(
        [
            fact("start", at("02 10:00"), "late"),
            fact("start", at("04 10:00"), "near"),
            fact("start", at("12 10:00"), "fresh"),
            *(fact("start", at("02 10:00"), "waits"), fact("pause", at("03 10:00"), "waits")),
            *(fact("start", at("02 10:00"), "done"), fact("stop", at("13 10:00"), "done")),
        ]
    )
    found = due_clocks(clocks, at("13 10:00"), RULES)
    assert [(one.case_id, one.due, one.by_s) for one in found] == [
        ("late", Due.OVERDUE, -86_400.0),
        ("near", Due.APPROACHING, 86_400.0),
    ]
