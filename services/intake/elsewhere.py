"""Who complains or subscribes is in the one information base, too (DOMAIN.md §3, §5, §6; ADR 0015): other services take
complaints and forms in, intake knows whose they are.

What names nobody is sealed under an id of its own, `c-<complaint>` or `c-<subscription>`. Where its contacts, or the
case it is about, lead to somebody known, that record answers for the id from then on, and takes it along when it is
forgotten. Otherwise the id is entered as somebody new; without any contact it stands alone until somebody merges it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from services.intake import registry
from services.intake.contacts import learnt_of, owner, owners_of, record_of, record_stream, survivor
from services.intake.state import Record, Request, State, Written
from shared.contacts import unnamed
from shared.contracts.base import Event
from shared.contracts.complaints import ComplaintReceived
from shared.contracts.intake import ConsumerMerged, ConsumerRegistered, ContactAdded
from shared.contracts.subscriptions import SubscriptionAccepted
from shared.decider import Blind, Given

BY = "intake"
"""Who merges, where no employee does."""


Received = ComplaintReceived | SubscriptionAccepted


def needs(received: Received, _blind: Blind, known: Mapping[str, State]) -> Iterator[str]:
    """The person's record, whose the contacts are, and whose the case is that a complaint is about."""
    yield record_stream(received.consumer_id or "")
    if isinstance(received, ComplaintReceived) and received.about is not None:
        yield f"case-{received.about}"
    if (of_case := _of_case(received, known)) is not None:
        yield record_stream(of_case)
    yield from owners_of(received.contacts, known)


def enter(state: State, received: Received, given: Given[State]) -> Sequence[Event]:
    """The person is recognised, or entered. Told twice, nothing more happens."""
    record = state if isinstance(state, Record) else Record()
    who = received.consumer_id or ""
    if record.forgotten:
        return []
    settled = record.registered or record.into is not None
    if settled and isinstance(received, SubscriptionAccepted) and who in _ids_of_its_own(received):
        return []  # another form of the same order, which says the same; or somebody else's case has the same id
    if settled or who not in _ids_of_its_own(received):
        return _learnt(record, who, received, given)
    entered = [ConsumerRegistered(consumer_id=who, known=received.known)] if received.contacts else []
    free = [one for one in received.contacts if owner(one, given.others) is None]
    mine: list[Event] = [*entered, *(ContactAdded(consumer_id=who, contact=one) for one in free)]
    owners = [owner(one, given.others) for one in received.contacts]
    if any(one is not None and record_of(one, given.others).forgotten for one in owners):
        # Their contacts are not released yet: they came before they asked to be forgotten.
        return registry.forgetting(record, who)
    of_case = _of_case(received, given.others)
    if of_case is not None and record_of(of_case, given.others).forgotten:
        of_case = None  # who comes back begins anew
    into = next((one for one in (of_case, *owners) if one is not None and one != who), None)
    if into is None:
        return mine
    did = "complained" if isinstance(received, ComplaintReceived) else "subscribed"
    return [*mine, ConsumerMerged(consumer_id=who, into=into, merged_by=BY, reason=f"{did} as somebody known")]


def _ids_of_its_own(received: Received) -> tuple[str, ...]:
    """Under which ids it may be sealed that names nobody: the forms of one order share the order's."""
    if isinstance(received, ComplaintReceived):
        return (unnamed(received.case_id),)
    order = received.subscription_id.rpartition("-")[0]
    return (unnamed(received.subscription_id), unnamed(order))


def _learnt(record: Record, who: str, received: Received, given: Given[State]) -> Sequence[Event]:
    """Whose it is, is settled: what it tells anew goes to the record that answers."""
    answers = survivor(who, given.others)
    told = frozenset(received.known)
    case_id = received.case_id if isinstance(received, ComplaintReceived) else received.abonement or ""
    learnt = learnt_of(answers, received.contacts, told, given.others, case_id=case_id)
    if learnt is None:
        return []
    return [learnt] if answers != who else registry.learn(record, learnt)


def _of_case(received: Received, known: Mapping[str, State]) -> str | None:
    if not isinstance(received, ComplaintReceived):
        return None
    case = known.get(f"case-{received.about}")
    if not isinstance(case, Request | Written) or case.consumer_id is None:
        return None
    return survivor(case.consumer_id, known)
