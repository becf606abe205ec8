"""A case as its page shows it. What is personal comes sealed or forgotten, and only its name is shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from services.insight.board.texts import Texts
from services.insight.board.words import spoken
from services.insight.timeline import SEALED, Entry
from shared.bus.names import RESERVED_SOURCE
from shared.eventstore.vault import FORGOTTEN
from shared.telemetry import names
from shared.telemetry.local import LocalSpan, Trace

_MONEY = frozenset({"cost", "material_costs", "price", "amount"})
_LEFT_OUT = frozenset({"has_contacts", "contacts"})
"""Ids are left out, too: they say nothing to people, and whose a case is, who may see it sees elsewhere on the page."""
NAMED = ("responsible", "consultant", "manager", "operator", "specialist", "owner", "worker", "verifier")
"""Fields that name somebody of the centre in a role."""
_SECTIONS = {"causes": "cause", "code": "cause", "indicator": "indicator"}
"""Fields whose words have a section of their own in the texts."""
_COLOURS = 6
_NS = 1_000_000_000
_SCALE = 1000


@dataclass(frozen=True, slots=True)
class Said:
    """One event."""

    at: datetime
    service: str
    type: str
    role: str | None
    details: list[tuple[str, str]]
    hidden: list[str]
    """Names of what is sealed, or forgotten."""
    hidden_as: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One span of a trace, in thousandths of the trace's length."""

    depth: int
    service: str
    name: str
    colour: int
    left: int
    width: int
    lasted: str
    failed: str | None
    outcome: str


@dataclass(frozen=True, slots=True)
class Waterfall:
    """One trace."""

    at: datetime
    lasted: str
    spans: list[Bar]


def days(entries: Sequence[Entry], texts: Texts) -> list[tuple[datetime, list[Said]]]:
    """The events by the day they happened on, in the centre's time."""
    found: list[tuple[datetime, list[Said]]] = []
    for _, some in groupby(entries, key=lambda entry: entry.at.astimezone(texts.zone).date()):
        of_day = list(some)
        found.append((of_day[0].at, [_said(entry, texts) for entry in of_day]))
    return found


def people(entries: Sequence[Entry]) -> list[tuple[tuple[str, str], int]]:
    """Who had to do with a case in which role, and in how many events: the named ones, then desks and services."""
    named = Counter(
        (field, who) for entry in entries for field in NAMED if isinstance(who := entry.data.get(field), str)
    )
    acts = Counter((entry.role or "reaction", entry.actor.removeprefix(f"{RESERVED_SOURCE}/")) for entry in entries)
    return [
        *sorted(named.items(), key=lambda one: (NAMED.index(one[0][0]), -one[1], one[0])),
        *sorted(acts.items(), key=lambda one: (one[0][0] == "reaction", -one[1], one[0])),
    ]


def waterfalls(traces: Sequence[Trace]) -> list[Waterfall]:
    """The traces, ready to be drawn."""
    colours: dict[str, int] = {}
    return [
        Waterfall(
            datetime.fromtimestamp(trace.start_ns / _NS, UTC),
            _lasted(trace.end_ns - trace.start_ns),
            [_bar(trace, depth, span, colours) for depth, span in trace.walk()],
        )
        for trace in traces
    ]


def _said(entry: Entry, texts: Texts) -> Said:
    shown = {
        name: value for name, value in entry.data.items() if _told(name) and value not in (None, False, "", [], {})
    }
    hidden = [name for name, value in shown.items() if value in (SEALED, FORGOTTEN)]
    forgotten = any(shown[name] == FORGOTTEN for name in hidden)
    return Said(
        entry.at,
        entry.service,
        entry.type,
        entry.role,
        [
            (texts.named("field", name), _value(name, value, texts))
            for name, value in shown.items()
            if name not in hidden
        ],
        [texts.named("field", name) for name in hidden],
        texts("ui.forgotten" if forgotten else "ui.sealed"),
    )


def _told(name: str) -> bool:
    return name not in _LEFT_OUT and not name.endswith("_id")


def _value(name: str, value: Any, texts: Texts) -> str:
    if isinstance(value, bool):
        return texts(f"value.{'yes' if value else 'no'}")
    if isinstance(value, int | float):
        return f"{texts.number(value / 100)} ₸" if name in _MONEY else texts.number(value)
    if isinstance(value, list | dict):
        return ", ".join(_parts(name, value, texts))
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return _word(name, str(value), texts)
    return texts.moment(moment) if moment.tzinfo else str(value)


def _word(name: str, said: str, texts: Texts) -> str:
    """Words of the contract are translated; what the centre itself named, and what people wrote, is left as it is."""
    if name in _SECTIONS:
        return texts.named(_SECTIONS[name], said)
    return texts.value(name, said) if said in spoken().get(name, ()) else said


def _parts(name: str, value: list[Any] | dict[str, Any], texts: Texts) -> Iterator[str]:
    if isinstance(value, list):
        yield from (_value(name, one, texts) for one in value)
    else:
        yield from (
            f"{texts.named('field', key)}: {_value(key, one, texts)}"
            for key, one in value.items()
            if one is not None and _told(key)
        )


def _bar(trace: Trace, depth: int, span: LocalSpan, colours: dict[str, int]) -> Bar:
    whole = max(trace.end_ns - trace.start_ns, 1)
    service = span.service.removeprefix("tereze-")
    left = min((span.start_ns - trace.start_ns) * _SCALE // whole, _SCALE - 4)
    return Bar(
        depth,
        service,
        span.name,
        colours.setdefault(service, len(colours) % _COLOURS),
        left,
        # However short, it is seen.
        max(min((span.end_ns - span.start_ns) * _SCALE // whole, _SCALE - left), 4),
        _lasted(span.end_ns - span.start_ns),
        span.failed,
        str(span.attributes.get(names.OUTCOME, "")),
    )


def _lasted(ns: int) -> str:
    milliseconds = ns / 1_000_000
    return f"{milliseconds / 1000:.2f} s" if milliseconds >= 1000 else f"{milliseconds:.1f} ms"
