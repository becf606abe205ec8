"""Who complains is in the one information base, too (DOMAIN.md §3, §5; ADR 0015): feedback takes complaints in, intake
knows whose they are.

A complaint that names nobody is sealed under an id of its own, `c-<complaint>`. Where its contacts, or the case it is
about, lead to somebody known, that record answers for the id from then on, and takes it along when it is forgotten.
Otherwise the id is entered as somebody new; without any contact it stands alone until somebody merges it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from services.intake import registry
from services.intake.contacts import learnt_of, owner, owners_of, record_of, record_stream, survivor
from services.intake.state import Record, Request, State, Written
from shared.contracts.base import Event
from shared.contracts.complaints import ComplaintReceived
from shared.contracts.intake import ConsumerMerged, ConsumerRegistered, ContactAdded
from shared.decider import Blind, Given

BY = "intake"
"""Who merges, where no employee does."""


def needs(received: ComplaintReceived, _blind: Blind, known: Mapping[str, State]) -> Iterator[str]:
    """The complainant's record, whose the contacts are, and whose the case is that the complaint is about."""
    yield record_stream(received.consumer_id or "")
    if received.about is not None:
        yield f"case-{received.about}"
    if (of_case := _of_case(received, known)) is not None:
        yield record_stream(of_case)
    yield from owners_of(received.contacts, known)


def enter(state: State, received: ComplaintReceived, given: Given[State]) -> Sequence[Event]:
    """The complainant is recognised, or entered. Told twice, nothing more happens."""
    record = state if isinstance(state, Record) else Record()
    who = received.consumer_id or ""
    if record.forgotten:
        return []
    if who != f"c-{received.case_id}" or record.registered or record.into is not None:
        return _learnt(record, who, received, given)
    entered = [ConsumerRegistered(consumer_id=who, known=received.known)] if received.contacts else []
    free = [one for one in received.contacts if owner(one, given.others) is None]
    mine: list[Event] = [*entered, *(ContactAdded(consumer_id=who, contact=one) for one in free)]
    owners = [owner(one, given.others) for one in received.contacts]
    if any(one is not None and record_of(one, given.others).forgotten for one in owners):
        # Their contacts are not released yet: they complained before they asked to be forgotten.
        return registry.forgetting(record, who)
    of_case = _of_case(received, given.others)
    if of_case is not None and record_of(of_case, given.others).forgotten:
        of_case = None  # who comes back begins anew
    into = next((one for one in (of_case, *owners) if one is not None and one != who), None)
    if into is None:
        return mine
    return [*mine, ConsumerMerged(consumer_id=who, into=into, merged_by=BY, reason="complained as somebody known")]


def _learnt(record: Record, who: str, received: ComplaintReceived, given: Given[State]) -> Sequence[Event]:
    """Whose the complaint is, is settled: what it tells anew goes to the record that answers."""
    answers = survivor(who, given.others)
    told = frozenset(received.known)
    learnt = learnt_of(answers, received.contacts, told, given.others, case_id=received.case_id)
    if learnt is None:
        return []
    return [learnt] if answers != who else registry.learn(record, learnt)


def _of_case(received: ComplaintReceived, known: Mapping[str, State]) -> str | None:
    case = known.get(f"case-{received.about}")
    if not isinstance(case, Request | Written) or case.consumer_id is None:
        return None
    return survivor(case.consumer_id, known)
