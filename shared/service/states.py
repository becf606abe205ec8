"""The states that a batch's decisions rest on: of the streams decided on, and of the others that they read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, Protocol, TypeVar

from shared.contracts.base import Message
from shared.decider import Blind, Decider, Recall
from shared.eventstore.codec import decode
from shared.eventstore.model import RecordedEvent
from shared.service.cache import StateCache, StreamState

S = TypeVar("S")


class Streams(Protocol):
    """What reading states needs of an event store."""

    async def load(
        self, stream_ids: Sequence[str], since: Sequence[str] = ()
    ) -> Mapping[str, Sequence[RecordedEvent]]: ...
    async def load_from(self, versions: Mapping[str, int]) -> Mapping[str, Sequence[RecordedEvent]]: ...
    async def said(
        self, type_name: str, field: str, wanted: Collection[tuple[str, str]]
    ) -> frozenset[tuple[str, str]]: ...


class Known(NamedTuple, Generic[S]):
    """What a round of decisions may use."""

    states: dict[str, StreamState[S]]
    read: set[str]
    """The streams that were read from the store just now."""
    others: dict[int, set[str]]
    """Which other streams each message's decision needs."""


@dataclass(frozen=True, slots=True)
class States(Generic[S]):
    """Reads states for one service."""

    decider: Decider[S]
    store: Streams
    cache: StateCache[S]

    async def read(
        self, messages: Mapping[int, Message], streams: Mapping[int, str], blind: Blind, *, trusting: bool
    ) -> Known[S]:
        """What is known of all streams that `messages` need; `streams` are those that they are decided on.

        Where `trusting`, these go by what is remembered. Other streams' states are always read: the version check of
        the append does not cover them.
        """
        known = Known[S]({}, set(), {index: set(self.decider.reads(one)) for index, one in messages.items()})
        missing = {stream_id for further in known.others.values() for stream_id in further}
        for index, message in messages.items():
            entry = self.cache.get(streams[index]) if trusting else None
            if entry is not None:
                known.states[streams[index]] = entry
            elif not trusting or type(message) not in self.decider.opens:
                missing.add(streams[index])
        own = frozenset(streams.values())
        looking: Collection[int] = messages
        while looking:
            found: dict[int, set[str]] = {}
            for index in looking:
                before = states_of(known.others[index], known.states)
                named = self.decider.looks_up(messages[index], blind, before)
                if named and (further := set(named) - known.others[index]):
                    found[index] = further
                    known.others[index] |= further
                    missing |= further - known.read
            if missing:
                await self._read(missing, own, known.states)
                known.read.update(missing)
                missing = set[str]()
            looking = found
        return known

    async def recalled(
        self, messages: Mapping[int, Message], streams: Mapping[int, str]
    ) -> Mapping[int, frozenset[Recall]]:
        """What was said before on each message's stream, of what its decision asks after; most ask nothing."""
        asked = {index: asks for index, one in messages.items() if (asks := self.decider.recalls(one))}
        wanted: defaultdict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
        for index, asks in asked.items():
            for one in asks:
                wanted[one.type, one.field].add((streams[index], one.text))
        said = {names: await self.store.said(*names, found) for names, found in wanted.items()}
        return {
            index: frozenset(one for one in asks if (streams[index], one.text) in said[one.type, one.field])
            for index, asks in asked.items()
        }

    async def _read(self, stream_ids: Collection[str], own: Collection[str], known: dict[str, StreamState[S]]) -> None:
        """Read these streams into `known`.

        Of another stream that is remembered (a register of many years may be long) only what came since is read. The
        streams that are decided on are read whole, or from where they were carried forward: what is remembered of
        them has just turned out to be too little.
        """
        remembered = {
            stream_id: one
            for stream_id in stream_ids
            if stream_id not in own and (one := self.cache.get(stream_id)) is not None
        }
        whole = [stream_id for stream_id in stream_ids if stream_id not in remembered]
        if remembered:
            since = await self.store.load_from({stream_id: one.version for stream_id, one in remembered.items()})
            for stream_id, recorded in since.items():
                before = remembered[stream_id]
                if recorded and recorded[0].version == before.version:
                    self._evolve(stream_id, before.state, recorded, recorded[1:], known)
                else:  # the store is not the one that it was: put back from a backup
                    self.cache.drop(stream_id)
                    whole.append(stream_id)
        if whole:
            carried_forward = sorted(kind.type_name() for kind in self.decider.carried_forward)
            for stream_id, recorded in (await self.store.load(whole, carried_forward)).items():
                if recorded:
                    self._evolve(stream_id, self.decider.initial(), recorded, recorded, known)

    def _evolve(
        self,
        stream_id: str,
        state: S,
        recorded: Sequence[RecordedEvent],
        fresh: Sequence[RecordedEvent],
        known: dict[str, StreamState[S]],
    ) -> None:
        for one in fresh:
            state = self.decider.evolve(state, decode(one), one.occurred_at)
        entry = StreamState(state, recorded[-1].version, recorded[-1].traceparent)
        self.cache.put(stream_id, entry)
        known[stream_id] = entry


def states_of(stream_ids: Collection[str], known: Mapping[str, StreamState[S]]) -> dict[str, S]:
    """The bare states of those streams that are known."""
    if not stream_ids:
        return {}
    return {stream_id: known[stream_id].state for stream_id in stream_ids if stream_id in known}
