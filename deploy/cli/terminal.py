"""The terminal that people read: what others wrote is shown there, and must not command it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook
from rich.segment import Segment

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
        return [_Harmless(shown) for shown in renderables]


def terminal(*, highlight: bool = True) -> Console:
    """A console on which a text's escape sequences (colours, titles, moves of the cursor) have no effect."""
    console = Console(highlight=highlight)
    console.push_render_hook(_Hook())
    return console
