"""What goes into the event store and what comes out of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class NewEvent(NamedTuple):
    """An event to append: its JSON already holds personal fields sealed. (Tuples: see `RecordedEvent`.)"""

    type: str
    schema_version: int
    data: bytes
    occurred_at: datetime
    correlation_id: str | None = None
    """None: its message's."""


class Append(NamedTuple):
    """One message's effect: all its events on one stream, or none of them.

    `message_id` makes it happen once (the inbox); `fingerprint` tells a repeated message from
    another one under the same id; `expected_version` is the stream's version the decision saw
    (0: no such stream).
    """

    message_id: str
    fingerprint: bytes
    stream_id: str
    expected_version: int
    correlation_id: str
    actor: str
    traceparent: str | None
    events: tuple[NewEvent, ...]


class Outcome(StrEnum):
    """What became of one `Append`."""

    APPENDED = "appended"
    DUPLICATE = "duplicate"
    """The message was appended before: nothing was written now."""
    REUSED = "reused"
    """The message id was appended before with other content: nothing was written now."""
    CONFLICT = "conflict"
    """The stream is not at `expected_version`: load it again and decide anew."""


class Appended(NamedTuple):
    """The outcome of one `Append`; `positions` are those of its events, also when a duplicate."""

    outcome: Outcome
    positions: tuple[int, ...] = ()


class Cursor(NamedTuple):
    """How far a reader has come. The log's order is (transaction, position), see ADR 0002."""

    xid: int = 0
    position: int = 0


class RecordedEvent(NamedTuple):
    """One event as it stands in the log. (A tuple: made from a row ten times faster than a dataclass.)"""

    xid: int
    position: int
    context: str
    stream_id: str
    version: int
    type: str
    schema_version: int
    data: bytes
    occurred_at: datetime
    recorded_at: datetime
    causation_id: str
    correlation_id: str
    actor: str
    traceparent: str | None

    @property
    def cursor(self) -> Cursor:
        return Cursor(self.xid, self.position)


@dataclass(frozen=True, slots=True)
class Page:
    """Consecutive events, and where to go on. An empty page means: nothing final beyond `after`."""

    events: Sequence[RecordedEvent]
    after: Cursor
