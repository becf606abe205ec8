"""How the system fares, as the board shows it; whoever starts the board says where it is asked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """One line: a process, a reader of the log, a queue, or something that should be none."""

    name: str
    state: str
    """A name in the texts' section `state`."""
    good: bool | None
    """None: it is as it should be, and still worth knowing."""
    waiting: int | None = None
    """Events or messages that it has not come to; None: nothing waits for such a part, or nobody knows."""
    oldest_s: float | None = None

    @property
    def rank(self) -> int:
        """What is wrong comes first."""
        return {False: 0, None: 1, True: 2}[self.good]
