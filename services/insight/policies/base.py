"""How a service's file names its limits."""

from __future__ import annotations

from datetime import UTC, datetime

from shared.deadlines import Policy, Span

_ALWAYS = datetime.min.replace(tzinfo=UTC)


def first(name: str, limit: Span, norm: Span | None = None, *, from_working_day: bool = False) -> Policy:
    """The first version of a policy, in force since ever. A range has a norm and a limit."""
    return Policy(name, 1, _ALWAYS, limit, norm, from_working_day)
