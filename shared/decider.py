"""The decider: how a service's rules meet the rest of the house.

`decide(state, message, given) -> events` and `evolve(state, event, occurred_at) -> state` are pure. A message is a
submitted command, or an event of another service that this one reacts to. What may not be is
`Refused`, with a machine-readable reason that names the rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

from shared.contracts.base import Command, Event, Message
from shared.contracts.values import Context, Role

S = TypeVar("S")
Blind: TypeAlias = Callable[[str, str], str]
"""(kind, text) -> the text's keyed index: the same for the same text; it tells nothing to who lacks the key."""


class Key(Enum):
    """Whether the vault holds a consumer's key (ADR 0004)."""

    NONE = auto()
    """Nothing was ever sealed for them."""
    KEPT = auto()
    DELETED = auto()
    """They are forgotten: what is written about them is lost."""


class Refused(Exception):
    """A rule says no.

    `later` is true where an event still under way may turn the no into a yes (the case is not known
    here *yet*): the message is tried again for a while before it is refused for good. `early` is true
    where an earlier message of the same case may do so: one that was published before this one, and is
    delivered after it because a process died with it in hand.
    """

    def __init__(self, code: str, message: str, field: str = "", *, later: bool = False, early: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field
        self.later = later
        self.early = early


class Recall(NamedTuple):
    """What an event of the stream that a message is decided on may have said: a field of its type, and the text."""

    type: str
    field: str
    text: str


def _no_index(kind: str, _text: str) -> str:
    raise TypeError(f"no key was given to index a {kind} with")


NOTHING: Mapping[str, Any] = MappingProxyType({})


class Given(NamedTuple, Generic[S]):
    """What a decision may use besides its own stream: the time, a fresh id, other streams' states.

    (A tuple, like all that is made for each message: a frozen dataclass takes three times as long to make.)
    """

    occurred_at: datetime
    """When the thing happened in the world (CloudEvents `time`)."""
    now: datetime
    """The service's clock."""
    fresh_id: str
    """An id derived from the message's own, so that a repeated message asks for the same one."""
    others: Mapping[str, S] = NOTHING
    """States of the streams that `Decider.reads` and `Decider.looks_up` named."""
    blind: Blind = _no_index
    """Indexes what is personal, under the installation's key."""
    keys: Mapping[str, Key] = NOTHING
    """How it stands with the keys of those whom `Decider.whose_keys` named."""
    role: Role | None = None
    """In which role it was submitted; None: another service's event."""
    recalled: frozenset[Recall] = frozenset()
    """What of that which `Decider.recalls` named was said on the stream it is decided on, however long ago."""


def _reads_nothing(_message: Message) -> tuple[str, ...]:
    return ()


def _looks_nothing_up(_message: Message, _blind: Blind, _known: Mapping[str, S]) -> Iterable[str]:
    return ()


def _asks_for_no_key(_message: Message, _known: Mapping[str, S]) -> Iterable[str]:
    return ()


def _recalls_nothing(_message: Message) -> tuple[Recall, ...]:
    return ()


def _forgets_nobody(_message: Message) -> str | None:
    return None


def _its_streams(_event: Event) -> str | None:
    return None


@dataclass(frozen=True, kw_only=True)
class Decider(Generic[S]):
    """A service's rules, whole. Stream ids are `<kind>-<id>`; `<id>` is the correlation (case) id, unless
    `case_of` says another one.
    """

    context: Context
    commands: tuple[type[Command], ...]
    reacts_to: tuple[type[Event], ...] = ()
    opens: frozenset[type[Message]] = frozenset()
    """Messages that start a new stream: nothing is read for them before the append."""
    initial: Callable[[], S]
    stream_of: Callable[[Message, str], str]
    """(message, fresh_id) -> the stream it is decided on."""
    reads: Callable[[Message], tuple[str, ...]] = _reads_nothing
    """Other streams of this service whose state the decision needs."""
    looks_up: Callable[[Message, Blind, Mapping[str, S]], Iterable[str]] = _looks_nothing_up
    """(message, index, other streams' states so far) -> further streams; asked until it names none that is new."""
    whose_keys: Callable[[Message, Mapping[str, S]], Iterable[str]] = _asks_for_no_key
    """(message, other streams' states) -> the consumers whose keys the decision asks after."""
    recalls: Callable[[Message], tuple[Recall, ...]] = _recalls_nothing
    """What must not be said twice on the stream it is decided on, and may stand before what was carried forward. Each
    type and field needs an index of its own (deploy/migrate.py).
    """
    forgets: Callable[[Message], str | None] = _forgets_nobody
    """An event that says a consumer is forgotten -> whose key is deleted before it is reacted to."""
    case_of: Callable[[Event], str | None] = _its_streams
    """The case that an event belongs to, where its stream is that of many cases; None: its stream's."""
    carried_forward: frozenset[type[Event]] = frozenset()
    """Events that hold all that is known of their stream: states are made from the latest of them on."""
    decide: Callable[[S, Message, Given[S]], Sequence[Event]]
    evolve: Callable[[S, Event, datetime], S]
    """(state, event, when it happened in the world) -> state; total: an event it has no use for changes nothing."""

    @property
    def names_cases(self) -> bool:
        """Whether its events may belong to other cases than their streams'."""
        return self.case_of is not _its_streams
