"""Policies: how long something may take, and since when that holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Unit(StrEnum):
    """What a span is counted in."""

    SECONDS = "seconds"
    """On the wall clock, whatever the time zone does meanwhile."""
    DAYS = "days"
    """Calendar days: the same local time so many days later."""
    MONTHS = "months"
    """Calendar months: the same local time on the same day of a later month, or on its last day."""
    WORKING_SECONDS = "working_seconds"
    """While the centre is open."""
    WORKING_DAYS = "working_days"
    """Days on which the centre is open: until it closes on the last of so many days after that of the start."""


WORKING = frozenset({Unit.WORKING_SECONDS, Unit.WORKING_DAYS})
"""Units that need a calendar."""
_NOMINAL_S = {
    Unit.SECONDS: 1,
    Unit.DAYS: 86_400,
    Unit.MONTHS: 30 * 86_400,
    Unit.WORKING_SECONDS: 1,
    Unit.WORKING_DAYS: 86_400,
}


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time in one unit; not negative."""

    amount: int
    unit: Unit

    def __post_init__(self) -> None:
        if self.amount < 0:
            raise ValueError(f"a span of {self.amount} {self.unit} is negative; give 0 or more")

    @property
    def nominal_s(self) -> int:
        """Its usual length in seconds, for people to compare with: a day as 24 hours, a month as 30 days.

        A working day too counts as 24 hours, a working second as one second.
        """
        return self.amount * _NOMINAL_S[self.unit]

    @property
    def code(self) -> str:
        """As it is kept in rows; `Span.parse` reads it."""
        return f"{self.unit}:{self.amount}"

    @classmethod
    def parse(cls, code: str) -> Span:
        """The span of a `code`."""
        unit, _, amount = code.partition(":")
        return cls(int(amount), Unit(unit))

    def __str__(self) -> str:
        working = "working " if self.unit in WORKING else ""
        unit = self.unit.removeprefix("working_")
        for size, name in ((3600, "h"), (60, "min")):
            if unit == Unit.SECONDS and self.amount and self.amount % size == 0:
                return f"{self.amount // size} {working}{name}"
        return f"{self.amount} {working}{unit if self.amount != 1 else unit[:-1]}"


def minutes(amount: int) -> Span:
    """So many minutes on the wall clock."""
    return Span(amount * 60, Unit.SECONDS)


def hours(amount: int) -> Span:
    """So many hours on the wall clock."""
    return Span(amount * 3600, Unit.SECONDS)


def days(amount: int) -> Span:
    """So many calendar days."""
    return Span(amount, Unit.DAYS)


def months(amount: int) -> Span:
    """So many calendar months."""
    return Span(amount, Unit.MONTHS)


def seconds(amount: int) -> Span:
    """So many seconds on the wall clock."""
    return Span(amount, Unit.SECONDS)


def working_minutes(amount: int) -> Span:
    """So many minutes while the centre is open."""
    return Span(amount * 60, Unit.WORKING_SECONDS)


def working_hours(amount: int) -> Span:
    """So many hours while the centre is open."""
    return Span(amount * 3600, Unit.WORKING_SECONDS)


def working_days(amount: int) -> Span:
    """So many working days."""
    return Span(amount, Unit.WORKING_DAYS)


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of a limit. A limit given as a range (20 min – 2 h) has a norm and a maximum (DOMAIN.md §2)."""

    name: str
    version: int
    in_force_from: datetime
    """It judges what starts at this moment or later, until a higher version comes into force."""
    limit: Span
    norm: Span | None = None
    from_working_day: bool = False
    """What comes on a day on which the centre is closed counts from the next working day (§9)."""

    @property
    def needs_calendar(self) -> bool:
        """Whether it can't be reckoned by the wall clock alone."""
        spans = (self.limit,) if self.norm is None else (self.limit, self.norm)
        return self.from_working_day or any(span.unit in WORKING for span in spans)


class UnknownPolicyError(LookupError):
    """No version of this policy was in force at that moment."""


class Policies:
    """All versions of all policies."""

    def __init__(self, policies: Iterable[Policy]) -> None:
        self._versions: dict[str, list[Policy]] = {}
        for policy in sorted(policies, key=lambda policy: (policy.in_force_from, policy.version), reverse=True):
            self._versions.setdefault(policy.name, []).append(policy)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all policies."""
        return tuple(self._versions)

    def versions(self, name: str) -> tuple[Policy, ...]:
        """All versions of a policy, the latest first."""
        return tuple(self._versions.get(name, ()))

    def in_force(self, name: str, at: datetime) -> Policy:
        """The version that judges what starts at `at`.

        Raises:
            UnknownPolicyError: when none was in force.
        """
        for policy in self.versions(name):
            if policy.in_force_from <= at:
                return policy
        raise UnknownPolicyError(
            f"no policy {name!r} was in force at {at.isoformat()}; add one with an earlier in-force date"
        )
