"""The catalogue of causes of dissatisfaction (stages 6b and 9b, complaints): data, which a manager adds to.

A cause is retired, never removed: where it was named it stays, with its words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from shared.contracts.base import Event
from shared.contracts.quality import AddCause, CauseAdded, CauseRetired, RetireCause
from shared.decider import Given, Refused

STREAM = "catalogue-causes"

SHIPPED: Mapping[str, str] = MappingProxyType(
    {
        "unclear_explanation": "the explanation was not understood",
        "incomplete_information": "information was missing",
        "wrong_information": "information was wrong",
        "long_wait": "the wait was long",
        "missed_deadline": "a time limit or a promise was not kept",
        "wrong_department": "the consumer was sent to the wrong place",
        "no_sample_form": "there was no sample of a form",
        "discourtesy": "an employee was not courteous",
        "language": "not in the consumer's language",
        "not_reachable": "nobody could be reached",
        "premises": "the premises, queue or equipment",
        "not_solved": "the problem is not solved",
        "service_refused": "the service was refused without good ground",
        "fee_demanded": "money was asked for what is free",
    }
)
"""With these a centre begins; what they mean, in English."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The causes that may be named, and those that once could."""

    current: frozenset[str] = field(default=frozenset(SHIPPED))
    retired: frozenset[str] = frozenset()


def add(catalogue: Catalogue, cause: AddCause) -> CauseAdded:
    """A code means one thing for ever: neither a current nor a retired one is given again."""
    if cause.code in catalogue.current:
        raise Refused("cause_exists", f"{cause.code} is in the catalogue; name it, or choose another code", "code")
    if cause.code in catalogue.retired:
        raise Refused(
            "cause_was_retired", f"{cause.code} stands in the history with its own meaning; choose another code", "code"
        )
    return CauseAdded(code=cause.code, kk=cause.kk, ru=cause.ru, en=cause.en)


def retire(catalogue: Catalogue, cause: RetireCause) -> CauseRetired:
    """It may be named no more."""
    check(catalogue, [cause.code], "code")
    return CauseRetired(code=cause.code, reason=cause.reason)


def evolve(catalogue: Catalogue, event: Event) -> Catalogue:
    """The catalogue after `event`."""
    match event:
        case CauseAdded():
            return replace(catalogue, current=catalogue.current | {event.code})
        case CauseRetired():
            return Catalogue(catalogue.current - {event.code}, catalogue.retired | {event.code})
        case _:
            return catalogue


def check(catalogue: Catalogue, named: Sequence[str], what: str = "causes") -> None:
    """Refuse a cause that is not in the catalogue, and say which are.

    Raises:
        Refused: `unknown_cause`.
    """
    for cause in named:
        if cause not in catalogue.current:
            state = "is retired" if cause in catalogue.retired else "is not in the catalogue"
            raise Refused(
                "unknown_cause",
                f"cause {cause} {state}; name one of: {', '.join(sorted(catalogue.current))}; "
                "or have the manager add it (AddCause)",
                what,
            )


def check_named(given: Given[Any], named: Sequence[str], what: str = "causes") -> None:
    """`check` against the catalogue as it stands; a message that names causes reads it."""
    known = given.others.get(STREAM)
    check(known if isinstance(known, Catalogue) else Catalogue(), named, what)
