"""From a batch of checked messages to their answers: load, decide, seal, append once, retry what lost a race.

Knows nothing of the bus. Rules are the decider's; storage rules are the store's.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import blake2b
from time import time_ns
from typing import Generic, NamedTuple, Protocol, TypeVar

from shared.bus.answers import Answer, Reason, Status, Stored
from shared.contracts.base import Event, Message
from shared.contracts.values import Role
from shared.decider import Blind, Decider, Given, Key, Refused
from shared.eventstore.codec import encode, sealed_for
from shared.eventstore.index import OWNER, indexing
from shared.eventstore.model import Append, Appended, NewEvent, Outcome
from shared.roles import check
from shared.service.cache import StateCache, StreamState
from shared.service.states import States, Streams, states_of

S = TypeVar("S")
log = logging.getLogger(__name__)

ATTEMPTS = 5
"""Rounds that a message may lose to other writers of its stream before it waits, and at last is told `conflict`."""
INTERNAL_ERROR = Reason(
    "internal_error", "the service failed on this message; tell its operators, who see it as a dead letter"
)


class Store(Streams, Protocol):
    """What the processor needs of an event store."""

    async def append(self, batch: Sequence[Append]) -> list[Appended]: ...
    async def cases(self, stream_ids: Sequence[str], positions: Sequence[int]) -> Mapping[int, str]: ...
    async def seen(self, message_ids: Sequence[str]) -> Mapping[str, tuple[bytes, tuple[int, ...]]]: ...


class Keys(Protocol):
    """What the processor needs of a vault."""

    async def keys_for(self, consumer_ids: Sequence[str]) -> Mapping[str, bytes | None]: ...
    async def standing(self, consumer_ids: Sequence[str]) -> Mapping[str, Key]: ...
    async def forget(self, consumer_id: str) -> bool: ...


class Incoming(NamedTuple):
    """A checked message on its way to a decision: a submission, or another service's event."""

    id: str
    message_id: str
    fingerprint: bytes
    type: str
    message: Message
    occurred_at: datetime
    actor: str
    role: Role | None
    """Who submitted it; None: another service's event, which is not subject to the table of roles."""
    traceparent: str | None


class Result(NamedTuple):
    """The answer, and whether asking again later may change it."""

    answer: Answer
    later: bool = False
    early: bool = False
    """Whether a message that was sent before it, and may come after it, can change the answer."""
    link: str | None = None
    """The traceparent of what happened last on the same stream."""
    append_ns: tuple[int, int] | None = None
    """When the append that settled it began and ended, in nanoseconds since the epoch."""


class _Draft(NamedTuple, Generic[S]):
    """One message's decision on its way into the store."""

    place: int
    """Its message's, in the batch."""
    stream_id: str
    version: int
    """The stream's, that the decision saw."""
    events: Sequence[Event]
    after: StreamState[S]
    link: str | None


def fresh_id(message_id: str) -> str:
    """An id for what a message opens: the same for the same message, and free of personal data."""
    return blake2b(message_id.encode(), digest_size=10).hexdigest()


class Processor(Generic[S]):
    """Decides batches for one service."""

    def __init__(self, decider: Decider[S], store: Store, keys: Keys) -> None:
        self._decider = decider
        self._store = store
        self._keys = keys
        self._cache = StateCache[S]()
        self._states = States(decider, store, self._cache)
        self._blind: Blind | None = None

    async def process(self, batch: Sequence[Incoming], now: datetime) -> list[Result]:
        """Answer every message of the batch, in its order. Each stands or falls alone.

        Raises what the store raises when it can't be reached: then nothing was answered, and all of
        the batch may be sent again.
        """
        results: list[Result | None] = [None] * len(batch)
        pending = _permitted(batch, results)
        if self._blind is None:
            self._blind = indexing((await self._keys.keys_for([OWNER]))[OWNER])
        for index in pending:
            # Before the reaction is noted as done: who dies in between does it again, which changes nothing.
            if (forgotten := self._decider.forgets(batch[index].message)) is not None:
                await self._keys.forget(forgotten)
        for attempt in range(ATTEMPTS):
            pending = await self._round(batch, pending, now, results, trusting=attempt == 0)
            if not pending:
                break
        for index in pending:
            reason = Reason("busy", "others kept changing the same case; send it again", "case_id")
            results[index] = _answer(batch[index], Status.CONFLICT, reasons=(reason,), later=True)
        await self._tell_repeats(batch, results)
        await self._tell_their_cases(batch, results)
        return [result for result in results if result is not None]

    async def _round(
        self,
        batch: Sequence[Incoming],
        pending: Sequence[int],
        now: datetime,
        results: list[Result | None],
        *,
        trusting: bool,
    ) -> list[int]:
        """Decide and append what is pending; return what must be decided anew.

        The store checks what is appended, so a `trusting` round may go by remembered states. Nothing
        checks a refusal: it stands only on a state that was read in this round, or that was stored in it.
        """
        decider = self._decider
        fresh = {index: fresh_id(batch[index].message_id) for index in pending}
        streams = {index: decider.stream_of(batch[index].message, fresh[index]) for index in pending}
        blind = self._blind or indexing(None)
        messages = {index: batch[index].message for index in pending}
        known, read, others = await self._states.read(messages, streams, blind, trusting=trusting)
        # A decision that rests on a stream which a neighbour has moved is put off: these hold for the whole round.
        rest = {index: states_of(others[index], known) for index in pending}
        asked = {
            consumer_id
            for index, message in messages.items()
            for consumer_id in decider.whose_keys(message, rest[index])
        }
        keys = await self._keys.standing(sorted(asked)) if asked else {}
        # After the states: what is said from here on makes the append a conflict.
        recalled = await self._states.recalled(messages, streams)
        drafts: list[_Draft[S]] = []
        refused: list[int] = []
        again: list[int] = []
        moved: set[str] = set()
        waiting: set[str] = set()
        for index in pending:
            incoming, stream_id = batch[index], streams[index]
            if stream_id in waiting or not moved.isdisjoint(others[index]):
                # It would be decided on a neighbour's draft, which may yet turn out not to be stored. Nor may what
                # comes after it on its own stream overtake it.
                waiting.add(stream_id)
                again.append(index)
                continue
            before = known.get(stream_id) or StreamState(decider.initial(), 0, None)
            given = Given(
                incoming.occurred_at,
                now,
                fresh[index],
                rest[index],
                blind,
                keys,
                incoming.role,
                recalled.get(index, frozenset()),
            )
            try:
                events = decider.decide(before.state, incoming.message, given)
                state = before.state
                for event in events:
                    state = decider.evolve(state, event, incoming.occurred_at)
            except Refused as refusal:
                results[index] = _refusal(incoming, refusal, before.traceparent)
                if stream_id in moved:
                    refused.append(index)
                elif stream_id not in read:
                    again.append(index)
                continue
            except Exception:
                # A fault in a rule must cost one message, never its neighbours or the process.
                log.exception("the rules failed on a %s", incoming.type)
                results[index] = _answer(incoming, Status.REJECTED, reasons=(INTERNAL_ERROR,))
                continue
            latest = incoming.traceparent if events else before.traceparent
            after = StreamState(state, before.version + len(events), latest)
            drafts.append(_Draft(index, stream_id, before.version, events, after, before.traceparent))
            known[stream_id] = after
            moved.add(stream_id)
        lost, unstored = await self._append(batch, drafts, results)
        # A refusal that was judged on a neighbour's draft stands only if that draft was stored.
        again += [index for index in refused if streams[index] in unstored]
        for index in again:
            results[index] = None
        return sorted(lost + again)

    def _stream_of(self, incoming: Incoming) -> str:
        return self._decider.stream_of(incoming.message, fresh_id(incoming.message_id))

    async def _append(
        self, batch: Sequence[Incoming], drafts: Sequence[_Draft[S]], results: list[Result | None]
    ) -> tuple[list[int], set[str]]:
        """Append; return the messages that lost a race, and the streams of which some draft was not stored."""
        if not drafts:
            return [], set()
        sealed = await self._seal(batch, drafts)
        lost: list[int] = []
        began = time_ns()
        outcomes = await self._store.append(sealed)
        took = (began, time_ns())
        for draft, append, outcome in zip(drafts, sealed, outcomes, strict=True):
            incoming = batch[draft.place]
            match outcome.outcome:
                case Outcome.APPENDED:
                    self._cache.put(append.stream_id, draft.after)
                    results[draft.place] = _accepted(incoming, append, outcome.positions, draft.link, took)
                case Outcome.DUPLICATE:
                    self._cache.drop(append.stream_id)
                    results[draft.place] = _repeat(incoming, append.correlation_id, outcome.positions)
                case Outcome.REUSED:
                    self._cache.drop(append.stream_id)
                    results[draft.place] = _reused(incoming)
                case Outcome.CONFLICT:
                    self._cache.drop(append.stream_id)
                    lost.append(draft.place)
        stored = zip(drafts, outcomes, strict=True)
        return lost, {draft.stream_id for draft, outcome in stored if outcome.outcome is not Outcome.APPENDED}

    async def _seal(self, batch: Sequence[Incoming], drafts: Sequence[_Draft[S]]) -> list[Append]:
        owners = {owner for draft in drafts for event in draft.events if (owner := sealed_for(event)) is not None}
        keys = await self._keys.keys_for(list(owners)) if owners else {}
        return [_sealed(draft, batch[draft.place], keys, self._decider.case_of) for draft in drafts]

    async def _tell_repeats(self, batch: Sequence[Incoming], results: list[Result | None]) -> None:
        """A repeated message is refused by the rules (its case is further on); its sender is told `duplicate`."""
        refused = [
            index
            for index, result in enumerate(results)
            if result is not None and result.answer.status is Status.REJECTED
        ]
        if not refused:
            return
        seen = await self._store.seen([batch[index].message_id for index in refused])
        for index in refused:
            incoming = batch[index]
            if incoming.message_id in seen:
                fingerprint, positions = seen[incoming.message_id]
                same = fingerprint == incoming.fingerprint
                case_id = self._stream_of(incoming).partition("-")[2]
                results[index] = _repeat(incoming, case_id, positions) if same else _reused(incoming)

    async def _tell_their_cases(self, batch: Sequence[Incoming], results: list[Result | None]) -> None:
        """What was stored under a case of its own (a form's number) is told it again, not a number made anew."""
        if not self._decider.names_cases:
            return
        repeats = {
            index: result
            for index, result in enumerate(results)
            if result is not None and result.answer.status is Status.DUPLICATE and result.answer.events
        }
        if not repeats:
            return
        streams = sorted({self._stream_of(batch[index]) for index in repeats})
        positions = [event.position for result in repeats.values() for event in result.answer.events]
        cases = await self._store.cases(streams, positions)
        for index, result in repeats.items():
            events = tuple(replace(event, case_id=cases.get(event.position, "")) for event in result.answer.events)
            answer = replace(result.answer, case_id=events[-1].case_id or result.answer.case_id, events=events)
            results[index] = result._replace(answer=answer)


def _permitted(batch: Sequence[Incoming], results: list[Result | None]) -> list[int]:
    """The messages whose sender's role may submit them; the others are refused, whatever state their case is in."""
    permitted: list[int] = []
    for index, incoming in enumerate(batch):
        try:
            if incoming.role is not None:
                check(incoming.type, incoming.role)
        except Refused as refusal:
            results[index] = _refusal(incoming, refusal, None)
        else:
            permitted.append(index)
    return permitted


def _sealed(
    draft: _Draft[S],
    incoming: Incoming,
    keys: Mapping[str, bytes | None],
    case_of: Callable[[Event], str | None],
) -> Append:
    return Append(
        message_id=incoming.message_id,
        fingerprint=incoming.fingerprint,
        stream_id=draft.stream_id,
        expected_version=draft.version,
        correlation_id=draft.stream_id.partition("-")[2],
        actor=incoming.actor,
        traceparent=incoming.traceparent,
        events=tuple(
            NewEvent(event.type_name(), event.schema_version, encode(event, keys), incoming.occurred_at, case_of(event))
            for event in draft.events
        ),
    )


def _answer(incoming: Incoming, status: Status, *, reasons: tuple[Reason, ...] = (), later: bool = False) -> Result:
    return Result(Answer(status, incoming.id, incoming.type, reasons=reasons), later)


def _refusal(incoming: Incoming, refusal: Refused, link: str | None) -> Result:
    reason = Reason(refusal.code, refusal.message, refusal.field)
    answer = Answer(Status.REJECTED, incoming.id, incoming.type, reasons=(reason,))
    return Result(answer, refusal.later, refusal.early, link)


def _accepted(
    incoming: Incoming, append: Append, positions: tuple[int, ...], link: str | None, took: tuple[int, int]
) -> Result:
    stored = tuple(
        Stored(event.type, at, event.correlation_id or append.correlation_id)
        for event, at in zip(append.events, positions, strict=True)
    )
    case_id = stored[-1].case_id if stored else append.correlation_id
    answer = Answer(Status.ACCEPTED, incoming.id, incoming.type, case_id, stored)
    return Result(answer, link=link, append_ns=took)


def _repeat(incoming: Incoming, case_id: str, positions: tuple[int, ...]) -> Result:
    stored = tuple(Stored("", at) for at in positions)
    return Result(Answer(Status.DUPLICATE, incoming.id, incoming.type, case_id, stored))


def _reused(incoming: Incoming) -> Result:
    reason = Reason("id_reused", "this id was already used for a message with other content; give each its own", "id")
    return _answer(incoming, Status.CONFLICT, reasons=(reason,))
