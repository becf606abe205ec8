"""Draws traces in the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from shared.telemetry import names
from shared.telemetry.local import LocalSpan, Trace

_GAP: Final = 2
_NARROWEST_BAR: Final = 10
_WIDEST_BAR: Final = 60
_NAME_SHARE: Final = 0.4
_OUTCOME_SHARE: Final = 0.3
_COLOURS: Final = ("cyan", "magenta", "green", "yellow", "blue", "bright_cyan", "bright_magenta")
_NS_A_MS: Final = 1_000_000


class Widths(NamedTuple):
    """Columns of the waterfall, in cells."""

    service: int
    name: int
    bar: int
    duration: int
    outcome: int


def show(case: str, traces: Sequence[Trace], console: Console) -> None:
    """Print the traces of `case`, numbered in order of time, with the links from later to earlier ones."""
    numbers = {trace.trace_id: number for number, trace in enumerate(traces, start=1)}
    widths = _widths(traces, console.width)
    colours: dict[str, str] = {}
    console.print(Text.assemble((case, "bold"), f": {len(traces)} {'trace' if len(traces) == 1 else 'traces'}"))
    for trace in traces:
        console.print()
        console.print(_heading(trace, numbers), soft_wrap=True)
        console.print(_waterfall(trace, widths, colours))


def as_data(case: str, traces: Sequence[Trace]) -> dict[str, Any]:
    """The same as JSON-ready data; times in ISO 8601, durations in milliseconds."""
    return {
        "case_id": case,
        "traces": [
            {
                "trace_id": trace.trace_id,
                "started_at": _moment(trace.start_ns).isoformat(),
                "duration_ms": (trace.end_ns - trace.start_ns) / _NS_A_MS,
                "links": list(trace.links),
                "spans": [_span_data(depth, span) for depth, span in trace.walk()],
            }
            for trace in traces
        ],
    }


def _span_data(depth: int, span: LocalSpan) -> dict[str, Any]:
    return {
        "span_id": span.span_id,
        "parent_id": span.parent_id,
        "depth": depth,
        "service": span.service,
        "instance": span.instance,
        "name": span.name,
        "kind": span.kind,
        "started_at": _moment(span.start_ns).isoformat(),
        "duration_ms": (span.end_ns - span.start_ns) / _NS_A_MS,
        "failed": span.failed,
        "attributes": dict(span.attributes),
    }


def _heading(trace: Trace, numbers: Mapping[str, int]) -> Text:
    began = f"{_moment(trace.start_ns):%Y-%m-%d %H:%M:%S.%f}"[:-3]
    line = Text.assemble(
        (str(numbers[trace.trace_id]), "bold"),
        f"  {began} UTC  {_duration(trace.end_ns - trace.start_ns)}  ",
        (trace.trace_id, "dim"),
    )
    earlier = [str(numbers[link]) if link in numbers else f"{link[:8]}… (not kept here)" for link in trace.links]
    return line.append(f"\n   follows {', '.join(earlier)}" if earlier else "")


def _waterfall(trace: Trace, widths: Widths, colours: dict[str, str]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), show_header=False)
    table.add_column(no_wrap=True, width=widths.service)
    table.add_column(no_wrap=True, width=widths.name)
    table.add_column(no_wrap=True, width=widths.bar)
    table.add_column(no_wrap=True, width=widths.duration, justify="right")
    table.add_column(no_wrap=True, width=widths.outcome)
    begin, whole = trace.start_ns, trace.end_ns - trace.start_ns
    for depth, span in trace.walk():
        service = _service(span)
        colour = colours.setdefault(service, _COLOURS[len(colours) % len(_COLOURS)])
        table.add_row(
            Text(service, style=colour),
            Text(_indented(depth, span), style="red" if span.failed else ""),
            Text(_bar(span, begin, whole, widths.bar), style="red" if span.failed else colour),
            _duration(span.end_ns - span.start_ns),
            Text(_outcome(span), style="red" if span.failed else "dim"),
        )
    return table


def _widths(traces: Sequence[Trace], console_width: int) -> Widths:
    """One set of widths for all traces, so that their columns line up; the bars take what is left."""
    rows = [row for trace in traces for row in trace.walk()]
    service = max(len(_service(span)) for _, span in rows)
    name = min(max(len(_indented(depth, span)) for depth, span in rows), int(console_width * _NAME_SHARE))
    outcome = min(max(len(_outcome(span)) for _, span in rows), int(console_width * _OUTCOME_SHARE))
    duration = max(len(_duration(span.end_ns - span.start_ns)) for _, span in rows)
    left = console_width - (service + name + outcome + duration + 5 * _GAP)
    return Widths(service, name, max(_NARROWEST_BAR, min(left, _WIDEST_BAR)), duration, outcome)


def _service(span: LocalSpan) -> str:
    return span.service.removeprefix("tereze-")


def _indented(depth: int, span: LocalSpan) -> str:
    return "  " * depth + span.name


def _outcome(span: LocalSpan) -> str:
    return span.failed or str(span.attributes.get(names.OUTCOME, ""))


def _bar(span: LocalSpan, begin: int, whole: int, width: int) -> str:
    """At least one cell for every span, however short, and none beyond the edge."""
    if whole <= 0:
        return "█"
    left = min(int((span.start_ns - begin) * width / whole), width - 1)
    right = max(round((span.end_ns - begin) * width / whole), left + 1)
    return " " * left + "█" * (right - left)


def _duration(nanoseconds: int) -> str:
    if nanoseconds < _NS_A_MS:
        return f"{nanoseconds / 1000:.0f} µs"
    if nanoseconds < 1000 * _NS_A_MS:
        return f"{nanoseconds / _NS_A_MS:.1f} ms"
    return f"{nanoseconds / _NS_A_MS / 1000:.2f} s"


def _moment(nanoseconds: int) -> datetime:
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC)
