"""Lengths of time, for people."""

from __future__ import annotations

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def lasting(seconds: float | None) -> str:
    """A length of time in its two largest units, e.g. "2 h 5 min"; "–": none."""
    if seconds is None:
        return "–"
    left, parts = round(abs(seconds)), list[str]()
    for size, unit in _UNITS:
        amount, left = divmod(left, size)
        if amount:
            parts.append(f"{amount} {unit}")
    return " ".join(parts[:2]) or "0 s"


def brief(seconds: float | None) -> str:
    """The same for narrow columns, e.g. "2h 5m"."""
    return lasting(seconds).replace(" min", "m").replace(" d", "d").replace(" h", "h").replace(" s", "s")
