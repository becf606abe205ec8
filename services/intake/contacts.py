"""Contacts: how a consumer is recognised without their words being kept in the clear (DOMAIN.md §2 stage 2a).

A contact's index (`shared/contacts.py`) names a stream, `contact-<index>`, that says whose it is. Two records that
claim one contact at the same moment both stand, and are found as possible duplicates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.intake.state import Claim, Record, State
from shared.contacts import contacts, in_order, said
from shared.contracts.base import Event
from shared.contracts.intake import (
    Consumer,
    Contact,
    ContactAdded,
    ContactClaimed,
    ContactDropped,
    ContactKind,
    ContactReleased,
    ContactsLearnt,
    PossibleDuplicateFound,
)
from shared.decider import Blind, Given, Refused


@dataclass(frozen=True, slots=True)
class Recognised:
    """Who it is, and what need not be asked again."""

    consumer_id: str
    known: bool
    to_verify: tuple[ContactKind, ...]
    learnt: ContactsLearnt | None
    """What the information base did not know yet; None: nothing."""


def claim_stream(contact: Contact) -> str:
    """The stream that says whose a contact is."""
    return f"contact-{contact.index}"


def record_stream(consumer_id: str) -> str:
    """The stream of a consumer's entry in the information base."""
    return f"consumer-{consumer_id}"


def looks_up(consumer: Consumer, blind: Blind, known: Mapping[str, State]) -> Iterator[str]:
    """The streams that recognising this consumer needs: the contacts, whose they are, and who answers for those."""
    if consumer.consumer_id is not None:
        yield record_stream(consumer.consumer_id)
    yield from owners_of(contacts(consumer, blind), known)


def owners_of(mine: Sequence[Contact], known: Mapping[str, State]) -> Iterator[str]:
    """The streams that say whose these contacts are, and who answers for those."""
    for contact in mine:
        yield claim_stream(contact)
        claim = known.get(claim_stream(contact))
        if isinstance(claim, Claim):
            yield from map(record_stream, claim.owners[:1])
    yield from survivors(known)


def survivors(known: Mapping[str, State]) -> Iterator[str]:
    """The streams of the records that answer for those in `known`."""
    for state in known.values():
        if isinstance(state, Record) and state.into is not None:
            yield record_stream(state.into)


def survivor(consumer_id: str, known: Mapping[str, State]) -> str:
    """Who answers for this record after all merges; of a circle (two merged each into the other) the least id."""
    seen: list[str] = []
    while consumer_id not in seen:
        seen.append(consumer_id)
        record = known.get(record_stream(consumer_id))
        if not isinstance(record, Record) or record.into is None:
            return consumer_id
        consumer_id = record.into
    return min(seen[seen.index(consumer_id) :])


def recognise(consumer: Consumer, given: Given[State], *, case_id: str, otherwise: str) -> Recognised:
    """Who asks: whom the message names, else whose contact it gives, else somebody new, called `otherwise`.

    A forgotten consumer is nobody's acquaintance: who comes back begins anew.
    """
    known, mine = given.others, contacts(consumer, given.blind)
    owners = {one.index: owner(one, known) for one in mine}
    named = [survivor(consumer.consumer_id, known)] if consumer.consumer_id else []
    for candidate in (*named, *filter(None, owners.values())):
        if not record_of(candidate, known).forgotten:
            consumer_id = candidate
            break
    else:
        consumer_id = otherwise
    record = record_of(consumer_id, known)
    learnt = learnt_of(consumer_id, mine, said(consumer), known, case_id=case_id)
    return Recognised(consumer_id, record.registered, tuple(in_order(record.known)), learnt)


def learnt_of(
    consumer_id: str, mine: Sequence[Contact], told: frozenset[ContactKind], known: Mapping[str, State], *, case_id: str
) -> ContactsLearnt | None:
    """What the base does not know of this consumer yet, of what a message told; None: nothing."""
    record = record_of(consumer_id, known)
    new = [one for one in mine if one not in record.contacts and owner(one, known) != consumer_id]
    if new or (record.registered and told - record.known):
        return ContactsLearnt(consumer_id=consumer_id, case_id=case_id, contacts=new, known=in_order(told))
    return None


def owner(contact: Contact, known: Mapping[str, State]) -> str | None:
    """Who answers to this contact; None: nobody."""
    claim = known.get(claim_stream(contact))
    return survivor(claim.owners[0], known) if isinstance(claim, Claim) and claim.owners else None


def record_of(consumer_id: str, known: Mapping[str, State]) -> Record:
    """What the base knows of this consumer; an empty record where it knows nothing."""
    record = known.get(record_stream(consumer_id))
    return record if isinstance(record, Record) else Record()


def in_the_base(named: str, given: Given[State]) -> str:
    """Who answers for this record in the information base.

    Raises:
        Refused: `unknown_consumer`; later, somebody who is being entered may be known.
    """
    who = survivor(named, given.others)
    record = record_of(who, given.others)
    if record.forgotten or not (record.registered or record.absorbed):
        raise Refused(
            "unknown_consumer",
            f"consumer {named} is not in the information base; leave consumer_id out if it has no data of the caller, "
            "or enter them first (RegisterConsumer)",
            "consumer_id",
            later=not record.forgotten,
        )
    return who


# ── whose a contact is ───────────────────────────────────────────────────────────────────────────────────────


def decide(state: State, message: ContactAdded | ContactDropped, given: Given[State]) -> Sequence[Event]:
    """A record gained or lost a contact: the contact's own stream follows. Told twice, nothing more happens."""
    owners = state.owners if isinstance(state, Claim) else ()
    consumer_id = message.consumer_id
    if consumer_id is None:
        return []
    if isinstance(message, ContactDropped):
        if consumer_id not in owners:
            return []
        return [ContactReleased(consumer_id=consumer_id, contact=message.contact)]
    record = record_of(consumer_id, given.others)
    if consumer_id in owners or message.contact not in record.contacts:
        return []
    claimed = ContactClaimed(consumer_id=consumer_id, contact=message.contact)
    if not owners:
        return [claimed]
    return [claimed, PossibleDuplicateFound(consumer_id=owners[0], other=consumer_id, contact=message.contact)]


def evolve(state: State, event: ContactClaimed | ContactReleased) -> Claim:
    """Whose the contact is after `event`."""
    owners = state.owners if isinstance(state, Claim) else ()
    consumer_id = event.consumer_id or ""
    others = tuple(one for one in owners if one != consumer_id)
    return Claim((*others, consumer_id) if isinstance(event, ContactClaimed) else others)
