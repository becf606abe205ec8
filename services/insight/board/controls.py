"""The controls above a page: its filters, and the slider of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from services.insight.board.filters import Filters
from services.insight.board.texts import Texts

Choice = tuple[str, str, str, list[tuple[str, str]]]
"""A list to choose from: its name, its label, what is chosen, and (value, text) of each."""
_STEPS = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 60, 6 * 60, 24 * 60))
_FINEST = 500
"""So many steps a slider has at most: more can't be told apart by hand."""


@dataclass(frozen=True, slots=True)
class Slider:
    """The slider of time, in minutes since 1970."""

    first: int
    last: int
    """Now."""
    step: int
    value: int
    said: str
    """The moment that is shown, as a form's field takes it; "": now."""


def slider(first: datetime | None, now: datetime, as_of: datetime | None, zone: tzinfo) -> Slider:
    """From the first event to now."""
    begin = min(first or now, now) - timedelta(hours=1)
    step = next((step for step in _STEPS if (now - begin) / step <= _FINEST), _STEPS[-1])
    # The last step is now, so that the slider's end is the present.
    steps = -(-(now - begin) // step)
    begin = now - steps * step
    value = now if as_of is None else min(max(as_of, begin), now)
    said = "" if as_of is None else as_of.astimezone(zone).strftime("%Y-%m-%dT%H:%M")
    return Slider(_minutes(begin), _minutes(now), step // timedelta(minutes=1), _minutes(value), said)


def choices(names: Sequence[str], values: Mapping[str, Sequence[str]], filters: Filters, texts: Texts) -> list[Choice]:
    """A list for each filter; what is asked for is in it, whether there is such a thing now or not."""
    found: list[Choice] = []
    for name in names:
        chosen: str = getattr(filters, name) or ""
        known: set[str] = {*values.get(name, ()), *([chosen] if chosen else ())}
        section = name if name in {"indicator", "channel"} else None
        said: list[tuple[str, str]] = [(value, texts.named(section, value) if section else value) for value in known]
        options = [("", texts("ui.any")), *sorted(said, key=lambda one: one[1])]
        found.append((name, texts(f"ui.{name}"), chosen, options))
    return found


def _minutes(at: datetime) -> int:
    return int(at.timestamp() // 60)
