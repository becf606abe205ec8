"""The play, whole: everything that is submitted, when, and what must be answered. Pure and seeded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from deploy.demo import complaints, counter, letters, people, plots, press, words
from deploy.demo.calls import PLOTS, calls
from deploy.demo.consultations import consultation
from deploy.demo.desk import desk
from deploy.demo.letters import letter
from deploy.demo.plots import End, Later
from deploy.demo.steps import Chance, Step, Tale
from deploy.demo.strangers import press_tale, strangers
from deploy.demo.twists import TWISTS, Twist, prepared
from shared.contracts.values import Channel, Language

WEEKS_AGO = 32
"""The fortnight begins so many weeks ago: the latest of what follows it is over by today."""
DAILY = timedelta(days=28)
"""So long the play goes day by day, then week by week."""
_WORKDAYS = tuple(day for day in range(14) if day % 7 < 5)

AnyPlot = plots.Plot | letters.Plot


@dataclass(frozen=True, slots=True)
class Script:
    """The play. It ends at `ends`, when nothing more happens but the reckoning."""

    begins: datetime
    """A Monday's midnight in the centre's time zone."""
    ends: datetime
    steps: tuple[Step, ...]
    shown: str
    """The case whose life is worth a look: a missed limit, dissatisfied, and satisfied after a follow-up."""

    def ticks(self) -> Iterator[tuple[datetime, list[list[Step]]]]:
        """Until when each stretch of time goes, and what is played in it: a list for each thread."""
        stretches: dict[datetime, dict[str, list[Step]]] = {}
        for step in self.steps:
            until = self._until(step.entered or step.at)
            stretches.setdefault(until, {}).setdefault(step.thread, []).append(step)
        for until in sorted(stretches):
            yield until, list(stretches[until].values())

    def _until(self, at: datetime) -> datetime:
        days = (at - self.begins).days
        if timedelta(days=days) >= DAILY:
            days = days // 7 * 7 + 6
        return self.begins + timedelta(days=days + 1)


def write(*, ends: datetime, cases: int, seed: int) -> Script:
    """The script of a centre with two offices, five consultants and so many cases. `ends` is in its time zone."""
    monday = ends.date() - timedelta(days=ends.weekday(), weeks=WEEKS_AGO)
    begins = datetime(monday.year, monday.month, monday.day, tzinfo=ends.tzinfo)
    chance = Chance(seed, slips=max(1, cases // 150), repeats=max(1, cases // 100))
    shown = _worth_a_look()
    spoken = round(cases * 0.72) - 1
    plots: list[AnyPlot] = [*_consultations(chance, spoken), *_letters(chance, cases - spoken - 1)]
    arrivals = [(_arrival(chance, plot, begins), plot) for plot in plots]
    arrivals.append((begins + timedelta(hours=9, minutes=20), shown))
    arrivals.sort(key=lambda arrival: arrival[0])
    steps: list[Step] = []
    shown_case = ""
    for number, (received_at, plot) in enumerate(arrivals, start=1):
        source, kept = people.SOURCES[plot.channel]
        tale = Tale(f"demo-{number:04}", chance, channel_source=source, kept=kept)
        if isinstance(plot, letters.Plot):
            letter(tale, plot, received_at)
        else:
            consultation(tale, plot, received_at)
        if plot is shown:
            shown_case = tale.thread
        steps += tale.steps
    steps += _press(chance, begins, max(8, cases // 5))
    steps += calls(chance, begins, max(PLOTS, cases // 10))
    steps += desk(chance, begins)
    steps += complaints.complaints(chance, begins, max(10, cases // 12))
    steps += complaints.inspections(chance, begins)
    steps += strangers(chance, begins + timedelta(days=9, hours=12))
    return Script(begins, ends, tuple(steps), shown_case)


def _worth_a_look() -> plots.Plot:
    return plots.Plot(
        channel=Channel.WALK_IN,
        language=Language.KK,
        office="centre-north",
        topic=words.TOPICS[0],
        prepared=True,
        end=End.AFTER_ANOTHER,
        effectiveness=Later.IN_TIME,
        effective=True,
        impact=Later.IN_TIME,
        details_late=True,
        plan_late=False,
        held_late=False,
    )


def _consultations(chance: Chance, count: int) -> list[plots.Plot]:
    when = {Later.IN_TIME: 62, Later.LATE: 20, Later.NEVER: 18}
    cards = zip(
        chance.deal(plots.CHANNELS, count),
        chance.deal(people.LANGUAGES, count),
        chance.deal(dict.fromkeys(range(len(words.TOPICS)), 1), count),
        chance.deal(plots.ENDS, count),
        chance.deal(when, count),
        chance.deal(when, count),
        chance.deal(TWISTS, count),
        strict=True,
    )
    return [
        plots.Plot(
            channel=channel,
            language=language,
            office=chance.pick(tuple(people.OFFICES)),
            topic=words.TOPICS[topic],
            prepared=prepared(twist, present=channel in plots.PRESENT, otherwise=chance.often(45)),
            end=end,
            twist=Twist.NONE if end in plots.NEVER_BEGUN else twist,
            effectiveness=effectiveness,
            effective=chance.often(75),
            impact=impact,
            details_late=chance.often(15),
            plan_late=chance.often(20),
            held_late=chance.often(15),
        )
        for channel, language, topic, end, effectiveness, impact, twist in cards
    ]


def _letters(chance: Chance, count: int) -> list[letters.Plot]:
    cards = zip(
        chance.deal(letters.CHANNELS, count),
        chance.deal(people.LANGUAGES, count),
        chance.deal(letters.ENDS, count),
        strict=True,
    )
    return [
        letters.Plot(
            channel=channel,
            language=language,
            office=chance.pick(tuple(people.OFFICES)),
            topic=chance.pick(words.TOPICS),
            end=end,
            registered_late=chance.often(20),
        )
        for channel, language, end in cards
    ]


def _arrival(chance: Chance, plot: AnyPlot, begins: datetime) -> datetime:
    """People come and phone, and paper is handed over, while the centre is open; mail and messages at any time."""
    if plot.channel in {Channel.EMAIL, Channel.WEB, Channel.VOICE_MAIL}:
        return begins + timedelta(days=chance.random.randrange(14)) + chance.minutes(10, 22 * 60)
    return begins + timedelta(days=chance.pick(_WORKDAYS)) + chance.minutes(9 * 60, 16 * 60)


def _press(chance: Chance, begins: datetime, count: int) -> list[Step]:
    opening = press_tale("demo-catalogue", chance)
    press.catalogue(opening, begins + timedelta(hours=8))
    steps = opening.steps
    for number, facility in enumerate(press.FACILITIES):
        tale = press_tale(f"demo-{facility}", chance)
        share = count // len(press.FACILITIES) + (number < count % len(press.FACILITIES))
        counter.fortnight(tale, facility, begins, _WORKDAYS[1:], share)
        steps += tale.steps
    return steps
