"""A step of the play: one submission, when it happens, and the answer it must get. And how a case's steps are told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from enum import StrEnum
from itertools import count
from random import Random
from typing import TypeVar

from shared.bus.answers import Status
from shared.contracts.base import Command
from shared.contracts.values import Role
from shared.roles import usual

T = TypeVar("T")
_OPENS, _CLOSES = time(9), time(18)
_SATURDAY = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One submission. Steps of one `thread` are played in their order, threads side by side."""

    thread: str
    at: datetime
    """When it happens in the world."""
    id: str
    source: str
    role: Role
    kept: bool
    """Published onto JetStream (a channel adapter); else asked as a request (the desk)."""
    type: type[Command]
    body: bytes
    command: Command | None
    """None: broken on purpose."""
    ahead: timedelta = timedelta(0)
    """How far the sender's clock runs ahead: its time is later than the step."""
    status: Status = Status.ACCEPTED
    code: str = ""
    """The machine-readable reason, where the answer must give one."""
    entered: datetime | None = None
    """When it is submitted, where that is later than when it happened."""
    leads_to: tuple[str, ...] | None = None
    """The types of the events that it leads to, where that depends on what went before; None: it never does."""


class Slip(StrEnum):
    """What somebody does wrong, and the code of the reason the answer must give."""

    COLLECT_TWICE = "already_collected"
    COSTS_NOT_AGREED = "costs_not_agreed"
    WRONG_FORM = "form_not_for_path"
    NO_CAUSES = "causes_missing"
    IMPACT_TOO_EARLY = "too_early"
    NINE_A_NOT_EFFECTIVE = "not_effective"
    ANSWER_UNREGISTERED = "not_registered"
    UNSIGNED = "signed_by_missing"
    HAS_CONTACTS = "has_contact_details"
    ANSWER_WITHOUT_CONTACTS = "no_contact_details"
    NOT_THEIRS = "role_may_not"


class Chance:
    """Seeded chance: what happens, to whom, and what goes wrong how often."""

    def __init__(self, seed: int, *, slips: int, repeats: int) -> None:
        """Each slip is made `slips` times, and `repeats` accepted messages of each type are sent twice."""
        self.random = Random(seed)
        self._slips = Counter(dict.fromkeys(Slip, slips))
        self._repeats = repeats
        self._repeated: Counter[str] = Counter()
        self._numbers = count(1)

    def number(self) -> int:
        """One that nobody else has: people's contacts are made of it."""
        return next(self._numbers)

    def pick(self, among: Sequence[T]) -> T:
        return self.random.choice(among)

    def often(self, percent: int) -> bool:
        return self.random.randrange(100) < percent

    def minutes(self, least: int, most: int) -> timedelta:
        """A length of time, to the second."""
        return timedelta(seconds=self.random.randint(least * 60, most * 60))

    def days(self, least: int, most: int) -> timedelta:
        return timedelta(days=self.random.randint(least, most))

    def deal(self, weights: dict[T, int], count: int) -> list[T]:
        """`count` cards: one of each kind, as far as they go, the others by weight; shuffled."""
        kinds = sorted(weights, key=lambda kind: -weights[kind])
        others = self.random.choices(kinds, [weights[kind] for kind in kinds], k=max(0, count - len(kinds)))
        cards = [*kinds[:count], *others]
        self.random.shuffle(cards)
        return cards

    def slip(self, slip: Slip) -> bool:
        """Whether it is time to go wrong like this once more."""
        if self._slips[slip] <= 0:
            return False
        self._slips[slip] -= 1
        return True

    def repeat(self, type_name: str) -> bool:
        """Whether the sender, unsure of the answer, sends a message of this type again."""
        if self._repeated[type_name] >= self._repeats:
            return False
        self._repeated[type_name] += 1
        return True


def in_hours(moment: datetime) -> datetime:
    """The same moment where the centre is open (Monday to Friday, 9 to 18), else within its next first hour."""
    day, clock = moment.date(), moment.time()
    if clock >= _CLOSES:
        day += timedelta(days=1)
    if clock >= _CLOSES or clock < _OPENS or day.weekday() >= _SATURDAY:
        clock = time(9, moment.minute, moment.second)
    while day.weekday() >= _SATURDAY:
        day += timedelta(days=1)
    return datetime.combine(day, clock, moment.tzinfo)


class Tale:
    """The steps of one thread, told one after the other."""

    def __init__(self, thread: str, chance: Chance, *, channel_source: str, kept: bool) -> None:
        self.thread = thread
        self.chance = chance
        self.steps: list[Step] = []
        self._channel_source = channel_source
        self._kept = kept

    def by_channel(
        self, at: datetime, command: Command, code: str = "", *, leads_to: tuple[str, ...] | None = None
    ) -> None:
        """The channel's adapter submits `command`; with `code`, in vain."""
        self._tell(at, command, code, self._channel_source, kept=self._kept, leads_to=leads_to)

    def by_desk(
        self,
        at: datetime,
        command: Command,
        code: str = "",
        *,
        role: Role | None = None,
        leads_to: tuple[str, ...] | None = None,
    ) -> None:
        """Somebody at the centre submits `command`, default: whoever usually does; with `code`, in vain."""
        self._tell(at, command, code, "/demo/desk", kept=False, role=role, leads_to=leads_to)

    def entered_later(self, at: datetime, entered: datetime, command: Command) -> None:
        """Somebody at the centre enters at `entered` what happened `at`."""
        self._tell(at, command, "", "/demo/desk", kept=False, entered=entered)

    def _tell(
        self,
        at: datetime,
        command: Command,
        code: str,
        source: str,
        *,
        kept: bool,
        role: Role | None = None,
        entered: datetime | None = None,
        leads_to: tuple[str, ...] | None = None,
    ) -> None:
        step = Step(
            thread=self.thread,
            at=at,
            id=f"{self.thread}:{len(self.steps) + 1:02}",
            source=source,
            role=role or usual(command.type_name()),
            kept=kept,
            type=type(command),
            body=command.model_dump_json(exclude_none=True).encode(),
            command=command,
            status=Status.REJECTED if code else Status.ACCEPTED,
            code=code,
            entered=entered,
            leads_to=leads_to,
        )
        self.steps.append(step)
        if not code and self.chance.repeat(command.type_name()):
            self.steps.append(replace(step, status=Status.DUPLICATE))
