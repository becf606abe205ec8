"""Calendar months as they are written, "2027-01", and what lies between them."""

from __future__ import annotations

from calendar import monthrange
from datetime import date


def month_of(day: date) -> str:
    """The month that a day is in."""
    return f"{day.year:04}-{day.month:02}"


def later(month: str, count: int) -> str:
    """The month `count` months later."""
    index = int(month[:4]) * 12 + int(month[5:]) - 1 + count
    return f"{index // 12:04}-{index % 12 + 1:02}"


def term(first: str, count: int) -> tuple[str, ...]:
    """The months of a term."""
    return tuple(later(first, number) for number in range(count))


def first_day(month: str) -> date:
    """The day on which a month begins."""
    return date(int(month[:4]), int(month[5:]), 1)


def next_by(cut_off: int, day: date) -> str:
    """The first month that what is asked for on `day` can hold from, where day `cut_off` of a month is the last one
    for the next month. A month that is shorter ends on its last day.
    """
    in_time = day.day <= min(cut_off, monthrange(day.year, day.month)[1])
    return later(month_of(day), 1 if in_time else 2)
