"""The consumer registry: enter, verify, merge, forget (DOMAIN.md §2 stage 2a, §3; ADR 0015).

What one employee learnt no other asks again: who is in the base is verified. Words lie sealed in the events; a record's
state knows only which data there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from services.intake.contacts import looks_up, record_stream, survivor, survivors
from services.intake.state import Claim, Record, State
from shared.contacts import contacts, in_order, said, unnamed
from shared.contracts.base import Event, Message
from shared.contracts.intake import (
    Consumer,
    ConsumerAbsorbed,
    ConsumerForgotten,
    ConsumerMerged,
    ConsumerRegistered,
    ConsumerVerified,
    Contact,
    ContactAdded,
    ContactDropped,
    ContactsLearnt,
    ForgetConsumer,
    ForgettingOwed,
    MergeConsumers,
    RegisterConsumer,
    VerifyConsumer,
)
from shared.decider import Blind, Given, Key, Refused

Rules = (
    RegisterConsumer | VerifyConsumer | MergeConsumers | ForgetConsumer
    | ContactsLearnt | ConsumerMerged | ForgettingOwed | ConsumerForgotten
)  # fmt: skip
"""What is decided on a consumer's stream."""


def stream_of(message: Rules, fresh_id: str) -> str:
    """The record that a message is about."""
    match message:
        case RegisterConsumer():
            return record_stream(message.consumer.consumer_id or unnamed(fresh_id))
        case MergeConsumers():
            return record_stream(message.merged)
        case ConsumerMerged():
            return record_stream(message.into)
        case ForgettingOwed():
            return record_stream(message.other)
        case _:
            return record_stream(message.consumer_id or "")


def needs(message: Message, blind: Blind, known: Mapping[str, State]) -> Iterator[str]:
    """The other streams that a decision on a record needs."""
    match message:
        case RegisterConsumer():
            yield from looks_up(message.consumer, blind, known)
        case VerifyConsumer() | ForgetConsumer():
            yield record_stream(message.consumer_id)
            yield from survivors(known)
        case MergeConsumers():
            yield record_stream(message.merged)
            yield record_stream(message.kept)
            yield from survivors(known)
        case ConsumerMerged():
            yield record_stream(message.consumer_id or "")
        case ContactAdded():
            yield record_stream(message.consumer_id or "")
        case _:
            return


def whose_keys(message: Message) -> Iterator[str]:
    """Who may be in no register, and yet have words sealed for them."""
    match message:
        case ForgetConsumer():
            yield message.consumer_id
        case MergeConsumers():
            yield message.merged
        case _:
            return


def decide(state: State, message: Rules, given: Given[State]) -> Sequence[Event]:
    """What happens to a record; see each rule below."""
    record = state if isinstance(state, Record) else Record()
    match message:
        case RegisterConsumer():
            return register(record, message, given)
        case VerifyConsumer():
            return verify(record, message, given)
        case MergeConsumers():
            return [merge(record, message, given)]
        case ForgetConsumer():
            return forget(record, message.consumer_id, given)
        case ContactsLearnt():
            return learn(record, message)
        case ConsumerMerged():
            return absorb(record, message, given)
        case ForgettingOwed():
            return [] if record.forgotten else forgetting(record, message.other)
        case ConsumerForgotten():
            return []  # the runtime has deleted the key


def register(record: Record, entry: RegisterConsumer, given: Given[State]) -> Sequence[Event]:
    """Enter somebody new. Who is known already, by id or by a contact, is verified instead."""
    who = entry.consumer.consumer_id or unnamed(given.fresh_id)
    _still_answers(record, who, given)
    mine = contacts(entry.consumer, given.blind)
    if not mine:
        raise Refused(
            "no_contact",
            "nobody could be recognised by this; give a phone, an e-mail address or an identification number",
            "consumer",
        )
    for contact in mine:
        claim = given.others.get(f"contact-{contact.index}")
        if isinstance(claim, Claim) and claim.owners:
            raise _already_known(survivor(claim.owners[0], given.others), contact.kind.value)
    if record.registered:
        raise _already_known(who, "consumer_id")
    told = entry.consumer
    registered = ConsumerRegistered(
        consumer_id=who,
        known=in_order(said(told)),
        name=told.name,
        phone=told.phone,
        email=told.email,
        address=told.address,
        identifier=told.identifier,
    )
    return [registered, *(ContactAdded(consumer_id=who, contact=one) for one in mine)]


def verify(record: Record, told: VerifyConsumer, given: Given[State]) -> Sequence[Event]:
    """A repeat contact: what is known is confirmed, what changed is entered; the same data again only confirm."""
    who = told.consumer_id
    _still_answers(record, who, given)
    if not record.registered:
        raise Refused(
            "unknown_consumer",
            f"consumer {who} is not in the information base; enter them first (RegisterConsumer)",
            "consumer_id",
            later=True,
        )
    absent = [kind for kind in told.confirmed if kind not in record.known]
    if absent:
        raise Refused(
            "nothing_to_confirm",
            f"the base has no {', '.join(absent)} of consumer {who}; enter it as new instead of confirming it",
            "confirmed",
        )
    new = Consumer(name=told.name, phone=told.phone, email=told.email, address=told.address, identifier=told.identifier)
    mine = contacts(new, given.blind)
    same = {one.kind for one in mine if one in record.contacts}
    changed = said(new) - same
    confirmed = frozenset(told.confirmed) | same
    if not changed and not confirmed:
        raise Refused("nothing_verified", "name what the consumer confirmed, or give what changed", "confirmed")
    added = [one for one in mine if one not in record.contacts]
    kinds = {one.kind for one in added}
    verified = ConsumerVerified(
        consumer_id=who,
        case_id=told.case_id,
        confirmed=in_order(confirmed - changed),
        changed=in_order(changed),
        name=told.name,
        phone=told.phone,
        email=told.email,
        address=told.address,
        identifier=told.identifier,
    )
    return [
        verified,
        *(ContactDropped(consumer_id=who, contact=one) for one in record.contacts if one.kind in kinds),
        *(ContactAdded(consumer_id=who, contact=one) for one in added),
    ]


def learn(record: Record, learnt: ContactsLearnt) -> Sequence[Event]:
    """A message brought data that the base did not have. Its words are in that message's event; here only which."""
    who = learnt.consumer_id
    if record.forgotten:
        return []
    added = [ContactAdded(consumer_id=who, contact=one) for one in learnt.contacts if one not in record.contacts]
    if not record.registered:
        return [ConsumerRegistered(consumer_id=who, known=learnt.known), *added]
    changed = frozenset(learnt.known) - record.known
    if not changed and not added:
        return []
    case_id = learnt.case_id if len(learnt.case_id) <= 64 else None
    return [
        ConsumerVerified(consumer_id=who, case_id=case_id, confirmed=[], changed=in_order(changed)),
        *added,
    ]


def merge(record: Record, merging: MergeConsumers, given: Given[State]) -> ConsumerMerged:
    """Two records are one person. The kept one answers for both; every word stays under the key it was sealed with."""
    into = survivor(merging.kept, given.others)
    if into == merging.merged:
        raise Refused(
            "merged_with_itself",
            f"{merging.kept} and {merging.merged} are one record already; name two different ones",
            "kept",
        )
    _still_answers(record, merging.merged, given, "merged")
    for who, one, field in (
        (merging.merged, record, "merged"),
        (into, given.others.get(record_stream(into)), "kept"),
    ):
        found = isinstance(one, Record) and (one.registered or one.forgotten)
        # Who left no contact is in no register; found out later, their words are put under who they are.
        if not found and not (who == merging.merged and given.keys.get(who) is Key.KEPT):
            raise Refused(
                "unknown_consumer", f"consumer {who} is not in the information base; check the id", field, later=True
            )
        if isinstance(one, Record) and one.forgotten:
            raise Refused("consumer_forgotten", f"consumer {who} is forgotten; nothing can be merged with them", field)
    return ConsumerMerged(consumer_id=merging.merged, into=into, merged_by=merging.merged_by, reason=merging.reason)


def absorb(record: Record, merged: ConsumerMerged, given: Given[State]) -> Sequence[Event]:
    """The kept record takes the merged one's place. Was its person forgotten meanwhile, the other is forgotten too."""
    other = merged.consumer_id or ""
    if other in record.absorbed:
        return []
    if record.forgotten:
        return [ForgettingOwed(consumer_id=merged.into, other=other)]
    theirs = given.others.get(record_stream(other))
    known = record.known | (theirs.known if isinstance(theirs, Record) else frozenset())
    return [ConsumerAbsorbed(consumer_id=merged.into, other=other, known=in_order(known))]


def forget(record: Record, consumer_id: str, given: Given[State]) -> Sequence[Event]:
    """Forget a person with all their records: keys are deleted, contacts lead nowhere. Their cases go on.

    Who left no contact is in no register, and can be forgotten too: words are sealed for them (`c-<case>`).
    """
    _still_answers(record, consumer_id, given)
    if not (record.registered or record.absorbed or given.keys.get(consumer_id) is Key.KEPT):
        raise Refused(
            "unknown_consumer",
            f"nothing is known of a consumer {consumer_id}; `tereze case` says whose a case is",
            "consumer_id",
            early=True,
        )
    return forgetting(record, consumer_id)


def forgetting(record: Record, consumer_id: str) -> Sequence[Event]:
    """What forgetting one record means, also one that another record answers for."""
    return [
        ConsumerForgotten(consumer_id=consumer_id),
        *(ContactDropped(consumer_id=consumer_id, contact=one) for one in record.contacts),
        *(ForgettingOwed(consumer_id=consumer_id, other=one) for one in sorted(record.absorbed)),
    ]


def _still_answers(record: Record, consumer_id: str, given: Given[State], field: str = "consumer_id") -> None:
    """Of two that were merged each into the other at once, one answers: else neither could be verified or forgotten."""
    answers = survivor(consumer_id, given.others)
    if answers != consumer_id:
        raise Refused(
            "merged_record",
            f"consumer {consumer_id} was merged into {answers}, which answers for both; name that one",
            field,
        )
    if record.forgotten:
        raise Refused(
            "consumer_forgotten",
            f"consumer {consumer_id} is forgotten; who comes back is entered anew, under another id",
            field,
        )


def _already_known(consumer_id: str, by: str) -> Refused:
    return Refused(
        "already_known",
        f"consumer {consumer_id} is in the information base; verify what it says (VerifyConsumer), never ask again",
        f"consumer.{by}",
    )


def evolve(state: State, event: Event) -> Record:
    """The record after `event`."""
    record = state if isinstance(state, Record) else Record()
    match event:
        case ConsumerRegistered():
            return replace(record, registered=True, known=record.known | frozenset(event.known))
        case ConsumerVerified():
            return replace(record, known=record.known | frozenset(event.changed))
        case ContactAdded():
            return replace(record, contacts=(*record.contacts, event.contact))
        case ContactDropped():
            return replace(record, contacts=_without(record.contacts, event.contact))
        case ConsumerMerged():
            return replace(record, into=event.into)
        case ConsumerAbsorbed():
            return replace(record, absorbed=record.absorbed | {event.other}, known=frozenset(event.known))
        case ConsumerForgotten():
            return replace(record, forgotten=True, known=frozenset())
        case _:
            return record


def _without(contacts: tuple[Contact, ...], gone: Contact) -> tuple[Contact, ...]:
    return tuple(one for one in contacts if one != gone)
