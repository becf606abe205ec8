"""States of recently used streams, so that a case's next message need not read its history again."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, NamedTuple, TypeVar

S = TypeVar("S")


class StreamState(NamedTuple, Generic[S]):
    """A stream as far as we know it; the store's version check tells when we know too little."""

    state: S
    version: int
    traceparent: str | None
    """Of the stream's latest event: links the traces of a case over its months."""


class StateCache(Generic[S]):
    """A bounded least-recently-used map. Wrong entries do no harm: an append on them is a conflict, and no
    refusal rests on them.
    """

    def __init__(self, capacity: int = 50_000) -> None:
        self._capacity = capacity
        self._entries: OrderedDict[str, StreamState[S]] = OrderedDict()

    def get(self, stream_id: str) -> StreamState[S] | None:
        entry = self._entries.get(stream_id)
        if entry is not None:
            self._entries.move_to_end(stream_id)
        return entry

    def put(self, stream_id: str, entry: StreamState[S]) -> None:
        known = self._entries.get(stream_id)
        if known is not None and known.version > entry.version:
            return
        self._entries[stream_id] = entry
        self._entries.move_to_end(stream_id)
        if len(self._entries) > self._capacity:
            self._entries.popitem(last=False)

    def drop(self, stream_id: str) -> None:
        self._entries.pop(stream_id, None)
