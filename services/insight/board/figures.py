"""What the page of figures reckons out of the answers: rankings and sums."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_COUNTED = ("received", "closed", "open")


@dataclass(frozen=True, slots=True)
class Cause:
    """A cause, the most frequent first."""

    name: str
    named: int
    part: float
    """Of the most frequent one."""
    cumulative: float
    """The share of this one and all before it."""


def ranked(causes: Sequence[tuple[str, int]]) -> list[Cause]:
    """Causes for a Pareto chart."""
    in_order = sorted(causes, key=lambda one: (-one[1], one[0]))
    whole = sum(named for _, named in in_order)
    found: list[Cause] = []
    so_far = 0
    for name, named in in_order:
        so_far += named
        found.append(Cause(name, named, named / in_order[0][1], so_far / whole))
    return found


def by_channel(complaints: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Complaints by channel, over all offices and regimes."""
    sums: defaultdict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(_COUNTED, 0))
    for row in complaints:
        for name in _COUNTED:
            sums[row["channel"]][name] += row[name]
    return [{"channel": channel, **counts} for channel, counts in sorted(sums.items(), key=lambda one: one[0] or "")]
