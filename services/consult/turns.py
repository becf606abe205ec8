"""Whose turn it is: what can't go on yet, or not any more, is refused in the same words everywhere."""

from __future__ import annotations

from datetime import datetime

from services.consult.state import Consultation, Next, State
from shared.decider import Given, Refused
from shared.rules import not_before


def something_is_coming(state: Consultation, given: Given[State]) -> None:
    """Refuse what needs a coming consultation where there is none, and what claims to be before the latest step.

    Raises:
        Refused: `case_ended`, `not_assessed`, `before_previous`.
    """
    if state.next is Next.NOTHING:
        raise ended()
    if state.next is Next.ASSESSMENT:
        raise not_assessed(state)
    not_before(state.latest_at, given.occurred_at, "the latest step of this case")


def not_assessed(state: Consultation) -> Refused:
    """The refusal of anything further before the assessment of what was held."""
    return Refused(
        "not_assessed",
        f"nothing more is due: a further consultation is held only where consultation {state.held} was assessed "
        "(AssessSatisfaction) and the consumer is dissatisfied; else open a new case (ReceiveRequest). "
        "What is owed after it changes hands by HandOverFeedback",
        "case_id",
        later=True,
    )


def ended() -> Refused:
    """The refusal of anything further once the case has ended without another consultation."""
    return Refused("case_ended", "this case has ended; open a new one for anything further (ReceiveRequest)", "case_id")


def not_waiting(state: Consultation) -> None:
    """Refuse to go on while the consumer is waited for.

    Raises:
        Refused: `consumer_awaited`.
    """
    if state.contact is not None:
        raise Refused(
            "consumer_awaited",
            "the case waits for the consumer; say that they are back first (ResumeConsultation)",
            "case_id",
            early=True,
        )


def agreed_time(state: Consultation) -> datetime:
    """When the coming consultation is to begin.

    Raises:
        Refused: `no_time_agreed`.
    """
    if state.agreed_at is None:
        raise Refused("no_time_agreed", "no time is agreed for the coming consultation; agree one first", "case_id")
    return state.agreed_at
