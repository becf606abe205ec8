"""What a person at the terminal is told when something can't be done."""

from __future__ import annotations


class Problem(Exception):
    """An error whose text is for the user: it says what is wrong and what to do next."""
