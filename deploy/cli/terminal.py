"""The terminal that people read: what others wrote is shown there, and must not command it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook
from rich.segment import Segment
from rich.table import Table

_PIPED = 1_000
"""Columns of what is read by a program: nothing is broken where it would not be in a file."""
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class _Harmless:
    """What is to be shown, with a visible mark instead of each control character in its text."""

    def __init__(self, shown: ConsoleRenderable) -> None:
        self._shown = shown

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        for segment in console.render(self._shown, options):
            yield (
                segment
                if segment.control
                else Segment(_CONTROLS.sub("\N{REPLACEMENT CHARACTER}", segment.text), segment.style)
            )


class _Hook(RenderHook):
    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [_Harmless(_whole(shown)) for shown in renderables]


def _whole(shown: ConsoleRenderable) -> ConsoleRenderable:
    """A table whose texts are broken where they are too long for a line: by itself it would cut them off."""
    if isinstance(shown, Table):
        for column in shown.columns:
            if not column.no_wrap:
                column.overflow = "fold"
    return shown


def terminal(*, highlight: bool = True) -> Console:
    """A console on which a text's escape sequences (colours, titles, moves of the cursor) have no effect.

    Nothing is cut off: what does not fit is broken, and what is piped has all the room it wants.
    """
    wide = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    console = Console(highlight=highlight, width=_PIPED if wide else None)
    console.push_render_hook(_Hook())
    return console
