"""The consumer registry: the one information base (DOMAIN.md §2 stage 2a, §3)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from shared.contracts.base import AboutNobody, Command, Event, Id, LongId, PersonalText, Sealed

from .common import Consumer, Contact, ContactKind, InIntake


class RegisterConsumer(InIntake, Command):
    """Enter a consumer into the information base. Whoever is in it already is verified instead (`VerifyConsumer`)."""

    consumer: Consumer


class VerifyConsumer(InIntake, Command):
    """A repeat contact: what the base says is confirmed, never asked again; only what changed is entered."""

    consumer_id: LongId
    case_id: Id | None = None
    confirmed: Annotated[tuple[ContactKind, ...], Field(max_length=5)] = ()
    name: PersonalText | None = None
    phone: PersonalText | None = None
    email: PersonalText | None = None
    address: PersonalText | None = None
    identifier: PersonalText | None = None


class MergeConsumers(InIntake, Command):
    """Two records are one person: `merged` answers with `kept` from now on."""

    kept: LongId
    merged: LongId
    merged_by: Id
    reason: AboutNobody


class ForgetConsumer(InIntake, Command):
    """The person asked to be forgotten: nothing accepted that was said by or about them can be read from now on.

    Messages that were rejected are deleted by hand (`tereze dead-letters delete --naming`), or end by time.
    """

    consumer_id: LongId


class ConsumerRegistered(InIntake, Event):
    """The consumer has an entry; `known` says which data it has, never what they say."""

    known: list[ContactKind]
    name: Sealed | None = None
    phone: Sealed | None = None
    email: Sealed | None = None
    address: Sealed | None = None
    identifier: Sealed | None = None


class ConsumerVerified(InIntake, Event):
    """What was confirmed and what was new. Nothing else was asked."""

    case_id: Id | None = None
    confirmed: list[ContactKind]
    changed: list[ContactKind]
    name: Sealed | None = None
    phone: Sealed | None = None
    email: Sealed | None = None
    address: Sealed | None = None
    identifier: Sealed | None = None


class ContactAdded(InIntake, Event):
    """The consumer is found by this contact, too."""

    contact: Contact


class ContactDropped(InIntake, Event):
    """The consumer is not found by this contact any more."""

    contact: Contact


class ContactClaimed(InIntake, Event):
    """This contact leads to this consumer."""

    contact: Contact


class ContactReleased(InIntake, Event):
    """This contact leads to nobody any more, or not to this consumer."""

    contact: Contact


class PossibleDuplicateFound(InIntake, Event):
    """Two records have one contact: perhaps one person. Somebody merges them, or lets them be."""

    other: LongId
    contact: Contact


class ConsumerMerged(InIntake, Event):
    """This record answers with another one from now on."""

    into: LongId
    merged_by: Id
    reason: str


class ConsumerAbsorbed(InIntake, Event):
    """This record now stands for another one, too."""

    other: LongId
    known: list[ContactKind]
    """What the base knows of the person by both."""


class ForgettingOwed(InIntake, Event):
    """A record of a forgotten person that must be forgotten with them."""

    other: LongId


class ConsumerForgotten(InIntake, Event):
    """The consumer is forgotten: the key to all that is sealed of them is deleted."""


COMMANDS: tuple[type[Command], ...] = (RegisterConsumer, VerifyConsumer, MergeConsumers, ForgetConsumer)
EVENTS: tuple[type[Event], ...] = (
    ConsumerRegistered,
    ConsumerVerified,
    ContactAdded,
    ContactDropped,
    ContactClaimed,
    ContactReleased,
    PossibleDuplicateFound,
    ConsumerMerged,
    ConsumerAbsorbed,
    ForgettingOwed,
    ConsumerForgotten,
)
