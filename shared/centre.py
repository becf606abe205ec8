"""What is particular to a centre, from its data file: hours, holidays, checklists, regimes (`shared/centre.toml`)."""

from __future__ import annotations

import tomllib
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, time, tzinfo
from functools import cache
from pathlib import Path
from typing import Annotated, Any
from zlib import crc32
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.contracts.base import Code
from shared.contracts.values import Regime
from shared.deadlines import Calendar, Calendars, Hours, Interval
from shared.regimes import CaseTypes
from shared.settings import Settings

SHIPPED = Path(__file__).with_name("centre.toml")
_MIDNIGHT = "24:00"


Checklists = Mapping[str, Mapping[str, int]]
"""Each checklist's points, and what each of them weighs."""
_SAID_BY_EVENTS = frozenset({"regimes", "checklists"})
"""What changes no reckoning: events say what they were decided by."""


class CentreFileError(ValueError):
    """The centre's data file can't be used; the message says where and why."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Week(_Part):
    monday: list[str] = []
    tuesday: list[str] = []
    wednesday: list[str] = []
    thursday: list[str] = []
    friday: list[str] = []
    saturday: list[str] = []
    sunday: list[str] = []

    def weekly(self) -> list[Hours]:
        days = (self.monday, self.tuesday, self.wednesday, self.thursday, self.friday, self.saturday, self.sunday)
        return [_hours(day) for day in days]


class _Office(_Part):
    place: str | None = Field(default=None, min_length=1)
    hours: _Week | None = None
    days: dict[date, list[str]] = {}


class _Regimes(_Part):
    default: Regime = Regime.HOUSE
    case_types: dict[str, Regime] = {}


class _Reckoning(_Part):
    country: str | None = None
    hours: _Week
    days: dict[date, list[str]] = {}
    offices: dict[str, _Office] = {}


_Weight = Annotated[int, Field(ge=1, le=100)]
_Points = Annotated[dict[Code, _Weight], Field(min_length=1, max_length=100)]


class _File(_Reckoning):
    checklists: Annotated[dict[Code, _Points], Field(min_length=1)] | None = None
    regimes: _Regimes = _Regimes()


@dataclass(frozen=True, slots=True)
class Centre:
    """The file's content, checked."""

    calendars: Calendars
    case_types: CaseTypes
    places: Mapping[str, str]
    """Where its post offices are, by facility code: the places that cut-offs and territories know."""
    checklists: Checklists
    """Of quality inspections: the file's own, else those that are shipped."""
    fingerprint: int
    """Tells one content from another: what was reckoned by another one is reckoned anew. 0: as shipped."""


def centre(timezone: str | None = None) -> Centre:
    """The centre of the settings, in its own time zone or in another one; read once a process.

    Raises:
        CentreFileError: its data file can't be used.
    """
    settings = Settings()
    return _read(settings.centre_file or SHIPPED, timezone or settings.timezone)


@cache
def _read(path: Path, timezone: str) -> Centre:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CentreFileError(
            f"the centre's data file {path} can't be read ({error}); see TEREZE_CENTRE_FILE"
        ) from error
    try:
        return parse(text, ZoneInfo(timezone))
    except CentreFileError as error:
        raise CentreFileError(f"the centre's data file {path}: {error}") from error


def parse(text: str, zone: tzinfo) -> Centre:
    """The centre that a data file describes, in a time zone.

    Raises:
        CentreFileError: it is not TOML, or says what can't be.
    """
    with _told():
        said = tomllib.loads(text)
        file = _File.model_validate(said)
        reckoned = _calendars(file, zone)
    shipped = tomllib.loads(SHIPPED.read_text(encoding="utf-8"))
    reckoning = {key: value for key, value in said.items() if key not in _SAID_BY_EVENTS}
    as_shipped = reckoning == {key: value for key, value in shipped.items() if key not in _SAID_BY_EVENTS}
    return Centre(
        reckoned,
        CaseTypes(file.regimes.case_types, file.regimes.default),
        {name: office.place for name, office in file.offices.items() if office.place is not None},
        file.checklists or shipped["checklists"],
        0 if as_shipped else crc32(repr(sorted(reckoning.items())).encode()),
    )


def calendars(said: Mapping[str, Any], zone: tzinfo) -> Calendars:
    """The calendars that a part of such a file describes: country, hours, days and offices.

    Raises:
        CentreFileError: it says what can't be.
    """
    with _told():
        return _calendars(_Reckoning.model_validate(said), zone)


@contextmanager
def _told() -> Generator[None, None, None]:
    try:
        yield
    except ValidationError as error:
        first = error.errors()[0]
        raise CentreFileError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except ValueError as error:
        raise CentreFileError(str(error)) from error


def _calendars(file: _Reckoning, zone: tzinfo) -> Calendars:
    days = _days(file.days)

    def calendar(office: _Office) -> Calendar:
        hours = office.hours or file.hours
        return Calendar(zone, hours.weekly(), country=file.country, days={**days, **_days(office.days)})

    return Calendars(calendar(_Office()), {name: calendar(office) for name, office in file.offices.items()})


def _days(days: Mapping[date, list[str]]) -> dict[date, Hours]:
    return {day: _hours(intervals) for day, intervals in days.items()}


def _hours(intervals: list[str]) -> Hours:
    return tuple(map(_interval, intervals))


def _interval(text: str) -> Interval:
    try:
        opens, closes = text.split("-")
        return Interval(time.fromisoformat(opens), time.max if closes == _MIDNIGHT else time.fromisoformat(closes))
    except ValueError:
        raise ValueError(f"{text!r} is no opening interval; write e.g. 09:00-13:00") from None
