"""The board's words, one TOML file a language, and how its numbers and times are written (Babel's data, CLDR)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from babel import Locale
from babel.dates import format_date, format_datetime, format_time, get_day_names
from babel.numbers import format_decimal, format_percent
from babel.units import format_unit

from services.insight.instants import Instant, moment
from shared.deadlines import Span, Unit

FOLDER = Path(__file__).parent / "texts"
FALLBACK = "kk"
LANGUAGES = {"kk": "Қазақша", "ru": "Русский", "en": "English"}
"""Each under its own name."""
_UNITS = ((86_400, "duration-day"), (3_600, "duration-hour"), (60, "duration-minute"), (1, "duration-second"))
_SPANS = {
    Unit.SECONDS: "duration-second",
    Unit.DAYS: "duration-day",
    Unit.MONTHS: "duration-month",
}


@dataclass(frozen=True, slots=True)
class Texts:
    """One language."""

    language: str
    words: Mapping[str, Mapping[str, str]]
    zone: tzinfo

    @property
    def locale(self) -> Locale:
        """Babel's data of the language."""
        return Locale.parse("en_GB" if self.language == "en" else self.language)

    def __call__(self, key: str, **values: Any) -> str:
        """The text under `section.name`."""
        section, _, name = key.partition(".")
        return self.words[section][name].format(**values)

    def named(self, section: str, name: str | None) -> str:
        """What something is called; of what has no text, its own name."""
        return "–" if not name else self.words[section].get(name, name)

    def knowing(self, causes: Mapping[str, Mapping[str, str]]) -> Texts:
        """The same, with the words of the causes that the centre added: by language, then by code."""
        known = {**self.words["cause"], **causes.get(self.language, {})}
        return replace(self, words={**self.words, "cause": known})

    def value(self, field: str, said: str) -> str:
        """A word of the contract, as a field of an event has it; some words mean another thing in another field."""
        values = self.words["value"]
        return values.get(f"{field}.{said}") or values.get(said, said)

    def number(self, value: float | None) -> str:
        """A number with its thousands apart."""
        return "–" if value is None else format_decimal(value, locale=self.locale)

    def money(self, tiyn: int) -> str:
        """A sum in tenge."""
        return f"{format_decimal(Decimal(tiyn).scaleb(-2), '#,##0.00', locale=self.locale)} ₸"

    def share(self, value: float | None) -> str:
        """A share of 1, as percent."""
        return "–" if value is None else format_percent(value, locale=self.locale)

    def moment(self, at: datetime | Instant | None) -> str:
        """A day and a time."""
        return "–" if at is None else format_datetime(self._local(at), "d MMM y, HH:mm", locale=self.locale)

    def day(self, at: datetime | Instant) -> str:
        """A day, with its weekday."""
        return format_date(self._local(at), "full", locale=self.locale)

    def time(self, at: datetime | Instant) -> str:
        """A time of the day, to the second."""
        return format_time(self._local(at), "HH:mm:ss", locale=self.locale)

    def iso(self, at: datetime | Instant) -> str:
        """For machines: in the centre's time, with its offset."""
        return self._local(at).isoformat(timespec="seconds")

    def exact(self, at: datetime | Instant) -> str:
        """A day and a time, to the second where it is not a whole minute: to be reckoned with."""
        local = self._local(at)
        return format_datetime(local, f"d MMM y, {_clock_pattern(local)}", locale=self.locale)

    def clock(self, at: datetime | Instant) -> str:
        """A time of the day, likewise."""
        local = self._local(at)
        return format_time(local, _clock_pattern(local), locale=self.locale)

    def short_date(self, on: date) -> str:
        """A date in short, with its weekday."""
        return format_date(on, "EEE d MMM", locale=self.locale)

    def month(self, on: date) -> str:
        """A month of a year."""
        return format_date(on, "LLL y", locale=self.locale)

    def full_date(self, on: date) -> str:
        """A date with its weekday."""
        return format_date(on, "full", locale=self.locale)

    def length(self, seconds: float | None, units: int = 2) -> str:
        """A length of time in its largest units; in all four of them it can be added up."""
        if seconds is None:
            return "–"
        left, parts = round(abs(seconds)), list[str]()
        for size, unit in _UNITS:
            amount, left = divmod(left, size)
            if amount:
                parts.append(self._unit(amount, unit))
        return " ".join(parts[:units]) or self._unit(0, "duration-second")

    def span(self, span: Span) -> str:
        """A policy's limit."""
        if span.unit is Unit.SECONDS:
            return self.length(span.amount)
        if span.unit is Unit.WORKING_DAYS:
            return self("ui.working_days", n=span.amount)
        if span.unit is Unit.WORKING_SECONDS:
            return self("ui.working_time", n=self.length(span.amount))
        return self._unit(span.amount, _SPANS[span.unit])

    def weekdays(self) -> list[str]:
        """Short names, Monday first."""
        names = get_day_names("abbreviated", locale=self.locale)
        return [names[number] for number in range(7)]

    def _unit(self, amount: float, unit: str) -> str:
        return format_unit(amount, unit, length="short", locale=self.locale)

    def _local(self, at: datetime | Instant) -> datetime:
        return (moment(at) if isinstance(at, int) else at).astimezone(self.zone)


def _clock_pattern(local: datetime) -> str:
    return "HH:mm:ss" if local.second else "HH:mm"


@cache
def texts(language: str, zone: tzinfo) -> Texts:
    """The texts of one of `LANGUAGES`."""
    return Texts(language, tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8")), zone)


def negotiated(accepted: str) -> str:
    """The language of ours that a browser's `Accept-Language` likes best; else the state language."""
    wanted: list[tuple[float, str]] = []
    for part in accepted[:500].split(","):
        name, _, quality = part.partition(";q=")
        try:
            weight = float(quality or 1)
        except ValueError:
            continue
        wanted.append((-weight, name.strip().lower().partition("-")[0]))
    # The sort keeps the order of those that are liked alike.
    liked = [name for weight, name in sorted(wanted, key=lambda one: one[0]) if weight < 0 and name in LANGUAGES]
    return liked[0] if liked else FALLBACK
