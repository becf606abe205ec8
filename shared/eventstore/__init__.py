"""The event store on PostgreSQL: append, read in a sound order, seal personal data."""

from .codec import UnreadableEvent, decode, encode, unseal_event
from .group import GroupCommit
from .log import Log
from .model import Append, Appended, Cursor, NewEvent, Outcome, Page, RecordedEvent
from .store import EventStore
from .vault import FORGOTTEN, Vault

__all__ = [
    "FORGOTTEN",
    "Append",
    "Appended",
    "Cursor",
    "EventStore",
    "GroupCommit",
    "Log",
    "NewEvent",
    "Outcome",
    "Page",
    "RecordedEvent",
    "UnreadableEvent",
    "Vault",
    "decode",
    "encode",
    "unseal_event",
]
