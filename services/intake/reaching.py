"""Whether the consumer of a case can be asked or told anything, as it stands now (DOMAIN.md §3, §4, §7).

What their message gave counts, and what the information base has learnt since: who gave a name only may have phoned
meanwhile, or turned out to be somebody known. Who was forgotten can't be reached by what they gave before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from services.intake.contacts import record_of, record_stream, survivor, survivors
from services.intake.state import Request, State, Written
from shared.contacts import can_be_reached, unnamed
from shared.contracts.base import Message
from shared.decider import Blind, Given


def needs(message: Message, _blind: Blind, known: Mapping[str, State]) -> Iterator[str]:
    """The case, which names the consumer; their record, and whose it became. Backfilled history is taken as it is."""
    case_id = getattr(message, "case_id", "")
    yield f"case-{case_id}"
    case = known.get(f"case-{case_id}")
    if isinstance(case, Request) or (isinstance(case, Written) and not case.history):
        yield record_stream(whose(case, case_id))
        yield from survivors(known)


def whose(case: Request | Written, case_id: str) -> str:
    """Under which id the case's consumer is entered, or may be."""
    return case.consumer_id or unnamed(case_id)


def is_reachable(case: Request | Written, case_id: str, given: Given[State]) -> bool:
    """Whether the message or the information base has a phone, a mail or an address, and they are not forgotten."""
    who = whose(case, case_id)
    records = [record_of(one, given.others) for one in (who, survivor(who, given.others))]
    if any(one.forgotten for one in records):
        return False
    told = case.has_contacts if isinstance(case, Written) else case.reachable
    return told or any(can_be_reached(one.known) for one in records)
