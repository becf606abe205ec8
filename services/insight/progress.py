"""How far the building of a table has come."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from services.insight.instants import Connection
from services.insight.ledger import Built


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a rebuild has come."""

    done: int
    total: int
    """An estimate until the end."""
    elapsed_s: float
    before: int = 0
    """Of those done, how many an earlier rebuild had done that was stopped."""

    @property
    def rate(self) -> float:
        """Events a second."""
        return (self.done - self.before) / self.elapsed_s if self.elapsed_s else 0.0

    @property
    def eta_s(self) -> float | None:
        """Seconds that are left; None: not known yet."""
        return max(0, self.total - self.done) / self.rate if self.rate else None


Report = Callable[[Progress], None]
Mark = Callable[[Connection, Built, int], Awaitable[None]]
"""Notes, on the connection that writes the rows, how far the building has come, of so many events."""


def silent(_progress: Progress) -> None:
    """Report nothing."""


@dataclass(frozen=True, slots=True)
class Filled:
    """What a table holds, and what that took."""

    progress: Progress
    built: Built
