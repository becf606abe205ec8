"""The words of messages to consumers: one TOML file a language, `templates/<language>.toml`.

    [frame]              greeting ({name}), greeting_unnamed, closing
    [format]             moment, date (strftime), decimal, thousands
    [words.<Enum>]       each value of one of the contract's closed lists, in words
    [[event.<Type>]]     subject, text; `when` (optional): the values that the event's fields must have

Of an event's entries the first one is taken that fits: its `when` holds, and all its placeholders have values. Where
none fits, nothing is sent. A placeholder `{field}` stands for the event's field (personal ones are opened), `{case_id}`
for the case's number, `{at}` for when it happened; `{amount:money}` says tiyn as tenge, `{due_at:date}` leaves the
hour out.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from enum import Enum
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

FOLDER = Path(__file__).parent / "templates"
FALLBACK = "kk"
"""For who speaks a language that there is no file for, or one that is not known: the state language."""
COMMON = frozenset({"case_id", "at"})
"""Placeholders that every event has a value for."""
SPECS = frozenset({"", "money", "date"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One template."""

    subject: str
    text: str
    when: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def placeholders(self) -> set[tuple[str, str]]:
        """The fields that it names, each with how it is to be said."""
        return {pair for part in (self.subject, self.text) for pair in placeholders(part)}

    def fits(self, values: Mapping[str, Any]) -> bool:
        """Whether it can be said of an event with these values."""
        return all(_matches(values.get(name), wanted) for name, wanted in self.when.items()) and all(
            values.get(name) not in (None, "", []) for name, _ in self.placeholders()
        )


@dataclass(frozen=True, slots=True)
class Words:
    """One language's file."""

    language: str
    frame: Mapping[str, str]
    format: Mapping[str, str]
    words: Mapping[str, Mapping[str, str]]
    entries: Mapping[str, tuple[Entry, ...]]

    def write(
        self, event_type: str, values: Mapping[str, Any], name: str | None, zone: tzinfo
    ) -> tuple[str, str] | None:
        """Subject and text of the message about an event; None where no entry fits. `name`: whom to greet."""
        entry = next((one for one in self.entries.get(event_type, ()) if one.fits(values)), None)
        if entry is None:
            return None
        said = _Saying(self, zone)
        greeting = self.frame["greeting"].format(name=name) if name else self.frame["greeting_unnamed"]
        text = "\n\n".join((greeting, said.vformat(entry.text.strip(), (), values), self.frame["closing"]))
        return said.vformat(entry.subject, (), values), text


class _Saying(Formatter):
    """Says values the way a language does."""

    def __init__(self, words: Words, zone: tzinfo) -> None:
        self._words = words
        self._zone = zone

    def format_field(self, value: Any, format_spec: str) -> str:
        how = self._words.format
        match value:
            case Enum():
                return self._words.words[type(value).__name__][value.value]
            case datetime():
                moment = value.astimezone(self._zone)
                return moment.strftime(how["date" if format_spec == "date" else "moment"])
            case date():
                return value.strftime(how["date"])
            case int() if format_spec == "money":
                tenge, tiyn = divmod(value, 100)
                return f"{tenge:,}".replace(",", how["thousands"]) + f"{how['decimal']}{tiyn:02} ₸"
            case list() | tuple():
                return ", ".join(self.format_field(one, format_spec) for one in value)
            case _:
                return str(value)


def placeholders(text: str) -> Iterator[tuple[str, str]]:
    """The placeholders of a text, each with how it is to be said."""
    for _, name, spec, _ in Formatter().parse(text):
        if name is not None:
            yield name, spec or ""


@cache
def languages() -> Mapping[str, Words]:
    """Every language that there is a file for."""
    return {path.stem: _read(path) for path in sorted(FOLDER.glob("*.toml"))}


def words_of(language: str | None) -> Words:
    """The file of a language, else of the state language."""
    known = languages()
    return known.get(language or FALLBACK) or known[FALLBACK]


def event_types() -> frozenset[str]:
    """The types of events that something is said about."""
    return frozenset(name for words in languages().values() for name in words.entries)


def _read(path: Path) -> Words:
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    return Words(
        language=path.stem,
        frame=raw["frame"],
        format=raw["format"],
        words=raw.get("words", {}),
        entries={name: tuple(Entry(**one) for one in entries) for name, entries in raw["event"].items()},
    )


def _matches(value: Any, wanted: Any) -> bool:
    return value in wanted if isinstance(wanted, list) else value == wanted
