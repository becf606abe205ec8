"""Tables for people: the parts of a running system, and how it fares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from deploy.cli.lengths import lasting
from deploy.health import Durable, Health, Reader
from deploy.home import Part
from shared.bus.names import ESCALATIONS, OUT_STREAM

_IDLE_S = 60.0
"""A table that nobody added a page to for so long is not being built: a page takes a second."""
_STALLED_S = 60.0
"""A write transaction older than this is pointed at: the house's own last milliseconds."""


def parts_table(parts: Sequence[Part]) -> Table:
    """Every part, and whether it is ready."""
    table = Table("part", "pid", "state")
    for part in parts:
        table.add_row(Text(part.name), str(part.pid or "–"), "[green]ready" if part.ready else "[red]not ready")
    return table


def health_tables(found: Health) -> Iterator[RenderableType]:
    """Readers, durables, and what waits for somebody."""
    if found.readers is not None:
        table = Table("reader of the log", "state")
        for name in ("events behind", "oldest unseen"):
            table.add_column(name, justify="right")
        for reader in found.readers:
            table.add_row(Text(reader.name), _state_of_reader(reader), f"{reader.events_behind:,}", _age(reader))
        yield table
    if found.building:
        table = Table("projection being built", "state")
        for name in ("events", "of", "events/s", "time left"):
            table.add_column(name, justify="right")
        for one in found.building:
            table.add_row(
                Text(one.name),
                "[green]being built" if one.silent_s < _IDLE_S else "[yellow]stopped midway; tereze rebuild goes on",
                f"{one.events:,}",
                _count(one.total),
                f"{one.rate:,.0f}",
                "–" if one.eta_s is None else lasting(one.eta_s),
            )
        yield table
    if found.durables is not None:
        table = Table("durable", "stream", "state")
        for name in ("pending", "unsettled"):
            table.add_column(name, justify="right")
        for durable in found.durables:
            table.add_row(
                Text(durable.name),
                Text(durable.stream),
                _state_of_durable(durable),
                _count(durable.pending),
                _count(durable.unsettled),
            )
        yield table
    yield from _lines(found)


def _lines(found: Health) -> Iterator[str]:
    if found.dead_letters is not None:
        hint = "; see them: tereze dead-letters list" if found.dead_letters else ""
        yield f"Open dead letters: {_alarm(found.dead_letters)}{hint}"
    if found.poison is not None:
        hint = "; correct the fold, then: tereze rebuild" if found.poison else ""
        yield f"Events that a projection can't fold (read.poison): {_alarm(found.poison)}{hint}"
    if found.write_transaction_s is not None:
        long = found.write_transaction_s > _STALLED_S
        hint = " [red]holds all readers back; find it in pg_stat_activity[/]" if long else ""
        age = lasting(found.write_transaction_s) if found.write_transaction_s else "none runs"
        yield f"Oldest write transaction: {age}{hint}"
    for server, trouble in found.unanswered.items():
        yield f"[red]{escape(server)} does not answer ({escape(trouble)}): what it knows can't be told.[/]"


def _state_of_reader(reader: Reader) -> str:
    if not reader.running:
        return "[red]does not run"
    return "[green]runs" if reader.built else "[yellow]not built yet"


def _state_of_durable(durable: Durable) -> str:
    if durable.pending is None:
        return "[red]lost; restart Tereze"
    if (durable.stream == OUT_STREAM or durable.name == ESCALATIONS) and not durable.running:
        return "[yellow]no adapter" if durable.pending else "no adapter"
    return "[green]served" if durable.running else "[red]not served"


def _age(reader: Reader) -> str:
    return "–" if reader.oldest_unseen_s is None else lasting(reader.oldest_unseen_s)


def _count(number: int | None) -> str:
    return "?" if number is None else f"{number:,}"


def _alarm(number: int) -> str:
    return f"[red]{number:,}[/]" if number else "0"
