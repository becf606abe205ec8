"""Rules as examples: given what happened, when a message arrives, then events, or a refusal by its code."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from shared.contracts.base import Event, Message
from shared.contracts.values import Role
from shared.decider import Decider, Given, Key, Recall, Refused

ALMATY = timezone(timedelta(hours=5))
FRESH_ID = "fresh"


def at(moment: str) -> datetime:
    """`at("2026-03-02 09:00")`, in the centre's time."""
    return datetime.fromisoformat(moment).replace(tzinfo=ALMATY)


NINE = at("2026-03-02 09:00")


@dataclass(frozen=True)
class refused:  # noqa: N801 - reads as a word in `then(refused(...))`
    """The expected refusal."""

    code: str
    field: str = ""
    later: bool = False
    early: bool = False


@dataclass(frozen=True)
class Outcome:
    """What the rules said."""

    events: tuple[Event, ...] = ()
    refusal: Refused | None = None

    def then(self, *expected: Event | refused) -> Outcome:
        """Exactly these events, or exactly this refusal, which always says what to do next."""
        if len(expected) == 1 and isinstance(expected[0], refused):
            no = self.refusal
            assert no is not None, f"expected {expected[0]}, got {self.events}"
            assert refused(no.code, no.field, no.later, no.early) == expected[0]
            assert len(no.message) > 20
        else:
            assert self.refusal is None, f"expected {expected}, got {self.refusal!r}"
            assert self.events == expected
        return self

    def then_one(self, kind: type[Event], **facts: Any) -> Outcome:
        """Among the events exactly one of this kind, and it holds these facts."""
        assert self.refusal is None, f"expected {kind.__name__}, got {self.refusal!r}"
        [event] = [event for event in self.events if type(event) is kind]
        assert {name: getattr(event, name) for name in facts} == facts
        return self

    def then_nothing(self) -> Outcome:
        """Accepted, and nothing happens."""
        return self.then()


def blind(kind: str, text: str) -> str:
    """A readable stand-in for the installation's keyed index."""
    return f"{kind}.{text}"


def look_up(decider: Decider[Any], message: Message, states: Mapping[str, Any]) -> dict[str, Any]:
    """Of these streams' states those that the decision may use, as the runtime would find them."""
    asked: set[str] = set()
    others: dict[str, Any] = {}
    further = set(decider.reads(message)) | set(decider.looks_up(message, blind, others))
    while further:
        asked |= further
        others |= {stream: states[stream] for stream in further if stream in states}
        further = set(decider.looks_up(message, blind, others)) - asked
    return others


def recall(decider: Decider[Any], message: Message, said: Collection[Event]) -> frozenset[Recall]:
    """What of that which must not be said twice these events of its stream say."""
    return frozenset(
        one
        for one in decider.recalls(message)
        for event in said
        if event.type_name() == one.type and getattr(event, one.field) == one.text
    )


@dataclass(frozen=True)
class given:  # noqa: N801 - reads as a word in `given(...).when(...)`
    """What happened so far on the stream: events, each with its time (default: nine o'clock)."""

    decider: Decider[Any]
    happened: tuple[Event | tuple[Event, datetime], ...] = ()
    elsewhere: Mapping[str, tuple[Event, ...]] = field(default_factory=dict[str, tuple[Event, ...]])
    """Events of the other streams that the decision may read."""
    keys: Mapping[str, Key] = field(default_factory=dict[str, Key])
    """How it stands with consumers' keys; of whom nothing is said here, nothing was ever sealed."""

    def when(
        self, message: Message, at: datetime = NINE, now: datetime | None = None, role: Role | None = None
    ) -> Outcome:
        """A message arrives that happened `at`, from somebody in this role; the clock says `now` (default: `at`)."""
        states = {name: self._state(past) for name, past in self.elsewhere.items()}
        if self.happened:
            states.setdefault(self.decider.stream_of(message, FRESH_ID), self._state(self.happened))
        others = look_up(self.decider, message, states)
        keys = {who: self.keys.get(who, Key.NONE) for who in self.decider.whose_keys(message, others)}
        said = [one[0] if isinstance(one, tuple) else one for one in self.happened]
        recalled = recall(self.decider, message, said)
        facts = Given(at, now or at, FRESH_ID, others, blind, keys, role, recalled)
        try:
            return Outcome(tuple(self.decider.decide(self._state(self.happened), message, facts)))
        except Refused as refusal:
            return Outcome(refusal=refusal)

    def _state(self, happened: tuple[Event | tuple[Event, datetime], ...]) -> Any:
        state = self.decider.initial()
        for one in happened:
            event, when = one if isinstance(one, tuple) else (one, NINE)
            state = self.decider.evolve(state, event, when)
        return state
