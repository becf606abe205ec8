"""The words of the causes that a centre added to the catalogue, in its three languages (docs/domain.md, causes)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from services.insight.board.texts import LANGUAGES
from services.insight.instants import Connection

Causes: TypeAlias = Mapping[str, Mapping[str, str]]
"""By language, then by the cause's code. Those that every centre begins with are in the texts."""
_WORDS = ", ".join(f"data->>'{language}'" for language in LANGUAGES)
_ADDED = f"""
SELECT data->>'code' AS code, {_WORDS} FROM store.event
WHERE context = 'feedback' AND stream_id = 'catalogue-causes' AND type = 'CauseAdded'
"""  # noqa: S608


async def added(connection: Connection) -> Causes:
    """Every cause that was ever added: a retired one still stands in history."""
    rows = await connection.fetch(_ADDED)
    return {
        language: {row["code"]: row[number] for row in rows if row[number]}
        for number, language in enumerate(LANGUAGES, 1)
    }
