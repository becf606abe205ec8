"""Routing: who becomes responsible, by topic, language and load (DOMAIN.md §2 stage 1).

Load is the number of open cases that the routing gave to somebody. It is counted on the office's own stream, one event
after the other, so it is never wrong; requests decided in the same instant see the same load, and are spread by chance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from zlib import crc32

from services.intake.state import Office, Request, State, Written
from shared.contracts.base import Event, Message
from shared.contracts.consult import CaseEnded
from shared.contracts.feedback import Satisfied
from shared.contracts.intake import (
    CaseAssigned,
    CaseHandedOver,
    CaseReleased,
    DetailsCollected,
    LoadCounted,
    RoutingSet,
    SetRouting,
)
from shared.contracts.values import Language
from shared.decider import Blind, Given, Refused

Reacted = CaseAssigned | CaseHandedOver | CaseReleased | DetailsCollected | CaseEnded | Satisfied
"""What changes who holds what."""


def office_stream(office: str) -> str:
    """The stream of an office's routing."""
    return f"routing-{office}"


def responsible(office: str, topic: str | None, language: Language, given: Given[State]) -> str | None:
    """Whose a new case becomes: of those whom the table names, who holds the fewest; None where there is no table."""
    known = given.others.get(office_stream(office))
    if not isinstance(known, Office) or known.manager is None:
        return None
    fitting = [row for row in known.routes if row.topic == topic and topic is not None and language in row.languages]
    fitting = fitting or [row for row in known.routes if row.topic is None and language in row.languages]
    people = list(dict.fromkeys(one for row in fitting for one in row.people)) or [known.manager]
    load = Counter(known.held.values())
    return min(people, key=lambda one: (load[one], crc32(f"{given.fresh_id} {one}".encode())))


def manager_of(office: str, given: Given[State]) -> str | None:
    """Who manages the office; None where there is no table that names anybody."""
    known = given.others.get(office_stream(office))
    return known.manager if isinstance(known, Office) else None


def manager_now(request: Request, given: Given[State]) -> str | None:
    """Who manages a request's case: the office's manager by the table that holds now, not by that of its receipt."""
    return manager_of(request.office, given) or request.manager


def set_routing(state: State, table: SetRouting) -> RoutingSet:
    """A manager's table replaces the former one; open cases stay with whom they have."""
    told: set[tuple[str | None, Language]] = set()
    for row in table.routes:
        for language in row.languages:
            if (row.topic, language) in told:
                raise Refused(
                    "route_repeated",
                    f"topic {row.topic or 'any other'} in {language} stands twice; name all its people in one row",
                    "routes",
                )
            told.add((row.topic, language))
    return RoutingSet(office=table.office, routes=table.routes, manager=table.manager)


def released(routed: bool, case_id: str, office: str) -> list[Event]:
    """A settled case leaves the load, where the routing had given it to somebody."""
    return [CaseReleased(case_id=case_id, office=office)] if routed else []


def needs(message: Message, _blind: Blind, _known: Mapping[str, State]) -> Iterator[str]:
    """The case itself says who holds it by now: these events may come late and out of turn."""
    if isinstance(message, CaseAssigned | CaseHandedOver | DetailsCollected):
        yield f"case-{message.case_id}"


def count(state: State, message: Reacted, given: Given[State]) -> Sequence[Event]:
    """Keep the load: a case counts to whoever holds it until it is settled. Only what the routing gave is counted."""
    held = state.held if isinstance(state, Office) else {}
    case_id = message.case_id
    holder: str | None
    match message:
        case CaseAssigned() | CaseHandedOver():
            passed_on = isinstance(message, CaseHandedOver) or message.previous is not None
            if passed_on and case_id not in held:
                return []
            holder = _holder(case_id, message.responsible, given)
        case DetailsCollected():
            holder = _holder(case_id, message.consultant, given) if case_id in held else None
        case CaseReleased() | CaseEnded() | Satisfied():
            holder = None
    if held.get(case_id) == holder:
        return []
    return [LoadCounted(case_id=case_id, office=message.office, responsible=holder)]


def _holder(case_id: str, told: str, given: Given[State]) -> str | None:
    match given.others.get(f"case-{case_id}"):
        case Written() as case:
            return None if case.closed else case.responsible
        case Request() as case:
            return None if case.ended else case.holder
        case _:
            return told


def evolve(state: State, event: Event) -> Office:
    """The office after `event`."""
    office = state if isinstance(state, Office) else Office()
    match event:
        case RoutingSet():
            return replace(office, routes=tuple(event.routes), manager=event.manager)
        case LoadCounted():
            others = {case: who for case, who in office.held.items() if case != event.case_id}
            held = others if event.responsible is None else others | {event.case_id: event.responsible}
            return replace(office, held=held)
        case _:
            return office
