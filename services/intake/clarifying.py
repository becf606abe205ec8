"""Asking the consumer for what is missing, by any channel: of a written request (§4), by stage 2b (§2)."""

from __future__ import annotations

from services.intake.state import Request, State, Written
from shared.contracts.intake import AskClarification
from shared.decider import Given, Refused


def may_ask(case: Request | Written, asked: AskClarification, given: Given[State]) -> None:
    """One question at a time, until a time that is agreed and still to come.

    Raises:
        Refused: `clarification_asked`, `agreed_in_the_past`.
    """
    if case.waits_until is not None:
        raise Refused(
            "clarification_asked", "the consumer is asked already; wait for the answer or the agreed time", "case_id"
        )
    if asked.until <= given.occurred_at:
        raise Refused("agreed_in_the_past", "agree on a time that is still to come", "until")


def was_asked(case: Request | Written) -> None:
    """What the consumer clarifies is taken however late, where anything was asked.

    Raises:
        Refused: `not_asked`.
    """
    if not case.asked:
        raise Refused("not_asked", "nothing was asked; send AskClarification first", "case_id", early=True)


def is_over(case: Request | Written, given: Given[State]) -> None:
    """The wait ends without an answer when the agreed time is over, not before.

    Raises:
        Refused: `not_asked`, `too_early`.
    """
    if case.waits_until is None:
        raise Refused("not_asked", "no clarification is awaited; go on with what is known", "case_id", early=True)
    if given.occurred_at < case.waits_until:
        raise Refused("too_early", f"the consumer has until {case.waits_until.isoformat()}; wait until then", "case_id")
