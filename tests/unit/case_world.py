"""A world in memory: all services' rules, and reactions that arrive late, twice and in any order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.consult.domain import DECIDER as CONSULT
from services.feedback.domain import DECIDER as FEEDBACK
from services.intake.domain import DECIDER as INTAKE
from services.subscriptions.domain import DECIDER as SUBSCRIPTIONS
from shared.contracts.base import Event, Message
from shared.contracts.intake import ConsumerForgotten
from shared.contracts.values import Role
from shared.decider import Decider, Given, Key, Refused
from shared.eventstore.codec import sealed_for

from .given_when_then import blind, look_up

SERVICES: tuple[Decider[Any], ...] = (INTAKE, CONSULT, FEEDBACK, SUBSCRIPTIONS)


@dataclass(frozen=True)
class Happened:
    """An event with its time in the world."""

    event: Event
    at: datetime


@dataclass(frozen=True)
class Reaction:
    """An event on its way to a service that reacts to it."""

    to: Decider[Any]
    happened: Happened


class World:
    """Everything that happened to one case, in order, and what is still under way."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.log: list[Happened] = []
        self.under_way: list[Reaction] = []
        self._states: dict[str, dict[str, Any]] = {service.context: {} for service in SERVICES}

    def submit(self, command: Message, at: datetime | None = None, role: Role | None = Role.MANAGER) -> Sequence[Event]:
        """A command for whoever accepts it, in a role: by default that of who may do nearly everything.

        Raises:
            Refused: by the rules. Anything else is a fault of theirs.
        """
        [service] = [service for service in SERVICES if type(command) in service.commands]
        return self._decide(service, command, at or self.now, role)

    def accepts(self, command: Message) -> bool:
        """Whether a command would be accepted now. Nothing happens."""
        try:
            self.weigh(command, self.now)
        except Refused:
            return False
        return True

    def weigh(self, command: Message, at: datetime) -> Sequence[Event]:
        """What a command would lead to now, followed to the state after it. Nothing happens.

        Raises:
            Refused: by the rules. Anything else is a fault of theirs.
        """
        [service] = [service for service in SERVICES if type(command) in service.commands]
        _, state, events = self._events(service, command, at, Role.MANAGER)
        for event in events:
            state = service.evolve(state, event, at)
        return events

    def deliver(self, index: int, *, again: bool = False) -> None:
        """Deliver one event under way; `again`: it will come once more. What must wait stays under way."""
        reaction = self.under_way[index]
        try:
            self._decide(reaction.to, reaction.happened.event, reaction.happened.at, None)
        except Refused as refusal:
            assert refusal.later, f"a reaction was refused for good: {refusal!r}"
            return
        if not again:
            self.under_way.remove(reaction)

    def settle(self) -> None:
        """Deliver everything under way, and what comes of it."""
        while self.under_way:
            before = len(self.under_way), len(self.log)
            for index in reversed(range(len(self.under_way))):
                self.deliver(index)
            assert (len(self.under_way), len(self.log)) != before, f"stuck: {self.under_way}"

    def state(self, context: str, stream_id: str) -> Any:
        """What a service knows on one of its streams."""
        return self._states[context][stream_id]

    def states(self, context: str) -> dict[str, Any]:
        """What a service knows on all of its streams, by their ids."""
        return self._states[context]

    def of(self, *kinds: type[Event]) -> list[Happened]:
        """What happened of these kinds, in order."""
        return [one for one in self.log if isinstance(one.event, kinds)]

    def _decide(self, service: Decider[Any], message: Message, at: datetime, role: Role | None) -> Sequence[Event]:
        stream_id, state, events = self._events(service, message, at, role)
        for event in events:
            state = service.evolve(state, event, at)
            happened = Happened(event, at)
            self.log.append(happened)
            self.under_way += [Reaction(other, happened) for other in SERVICES if type(event) in other.reacts_to]
        self._states[service.context][stream_id] = state
        return events

    def _events(
        self, service: Decider[Any], message: Message, at: datetime, role: Role | None
    ) -> tuple[str, Any, Sequence[Event]]:
        """The stream a message is decided on, its state, and what the rules say; nothing changes yet."""
        states = self._states[service.context]
        stream_id = service.stream_of(message, "fresh")
        state = states.get(stream_id, service.initial())
        others = look_up(service, message, states)
        keys = {who: self._key(who) for who in service.whose_keys(message, others)}
        facts = Given(occurred_at=at, now=self.now, fresh_id="fresh", others=others, blind=blind, keys=keys, role=role)
        return stream_id, state, service.decide(state, message, facts)

    def _key(self, consumer_id: str) -> Key:
        if any(one.event.consumer_id == consumer_id for one in self.of(ConsumerForgotten)):
            return Key.DELETED
        return Key.KEPT if any(sealed_for(one.event) == consumer_id for one in self.log) else Key.NONE
