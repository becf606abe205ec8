"""What every message of the published language has in common.

A *command* asks a service for something and may be refused; an *event* says what happened and is
kept for ever. Both are frozen pydantic models, named in the words of DOMAIN.md §1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from typing import Annotated, Any, ClassVar, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationInfo


class PersonalMark:
    """Marks a field whose text belongs to a person: sealed in the store, on the bus and in exports."""


STORED = "stored"
"""The validation context of what the log holds: history was taken in by the rules of its time, and must load."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# Blanks and line breaks of any kind are part of a longer text; a word processor's break is a vertical tab.
_CONTROL_IN_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")


def _text(value: str, info: ValidationInfo) -> str:
    """What somebody wrote, to the letter."""
    return _said(value, info, _CONTROL_IN_TEXT)


def _line(value: str, info: ValidationInfo) -> str:
    """A name or a label, by which things are told apart: the blanks around it are none of it."""
    return value if info.context == STORED else _said(value.strip(), info, _CONTROL)


def _said(value: str, info: ValidationInfo, forbidden: re.Pattern[str]) -> str:
    """Refuse lone surrogates, which UTF-8 can't hold; what only steers a terminal or a printer; what says nothing."""
    value.encode()
    if info.context == STORED:
        return value
    if (found := forbidden.search(value)) is not None:
        raise ValueError(f"holds the control character U+{ord(found[0]):04X}; remove it")
    if not value.strip():
        raise ValueError("is blank; write something, or leave the field out")
    return value


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("has no time zone; write an offset, e.g. 2026-03-02T09:30:00+05:00")
    _in_years(value.year)
    return value


def _calendar_day(value: date, info: ValidationInfo) -> date:
    if info.context != STORED:
        _in_years(value.year)
    return value


def _month(value: str, info: ValidationInfo) -> str:
    if info.context != STORED:
        _in_years(int(value[:4]))
    return value


def _in_years(year: int) -> None:
    """Nobody's days lie outside; and what is reckoned from these days still has a date."""
    if not 1900 <= year <= 2200:
        raise ValueError("is outside the years 1900 to 2200")


PERSONAL_SCHEMA_KEY = "x-personal"
Text = Annotated[str, StringConstraints(min_length=1, max_length=4000), AfterValidator(_text)]
Short = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_line)]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_\-]{0,63}$")]
Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._~\-]{0,63}$")]
# An id made from another one (`c-<case>`, `<case>-<number>`): room for what is put before or after it.
LongId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._~\-]{0,79}$")]
When = Annotated[datetime, AfterValidator(_aware)]
CalendarDay = Annotated[date, AfterValidator(_calendar_day)]
Month = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$"), AfterValidator(_month)]
Tiyn = Annotated[int, Field(ge=0, le=10**13, description="money in tiyn, 1/100 tenge: exact, never a float")]
# A sum over many consultations: each of them is within `Tiyn`, their sum need not be.
TiynTotal = Annotated[int, Field(ge=0, description="a sum of money in tiyn, 1/100 tenge")]
# Free words that stay readable for analysis and training, and so are told to whoever writes them.
AboutNobody = Annotated[Short, Field(description="kept for ever in the clear: must not name or describe a person")]
PersonalText = Annotated[
    str,
    StringConstraints(min_length=1, max_length=4000),
    AfterValidator(_text),
    PersonalMark(),
    Field(json_schema_extra={PERSONAL_SCHEMA_KEY: True}),
]
# What somebody writes to the centre is taken as long as it is (§9: no appeal is refused), and answered at length. The
# bound is the bus's: two such texts, with every letter escaped and sealed, stay within one message.
PersonalLetter = Annotated[
    str,
    StringConstraints(min_length=1, max_length=100_000),
    AfterValidator(_text),
    PersonalMark(),
    Field(json_schema_extra={PERSONAL_SCHEMA_KEY: True}),
]
# Events hold the sealed form, which is longer than what was sealed: no length limit there.
Sealed = Annotated[str, PersonalMark(), Field(json_schema_extra={PERSONAL_SCHEMA_KEY: True})]


class Message(BaseModel):
    """A frozen message; unknown fields are refused, so that a misspelt one is not lost silently."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_timedelta="float")

    context: ClassVar[str]
    schema_version: ClassVar[int] = 1

    @classmethod
    def type_name(cls) -> str:
        return cls.__name__


class Command(Message):
    """What may be submitted to a service; its CloudEvents `time` says when it happened in the world."""


class Event(Message):
    """What happened. `consumer_id` says whose key seals the personal fields."""

    consumer_id: LongId | None = None


@cache
def personal_fields(model: type[Message]) -> tuple[str, ...]:
    """Names of the top-level fields that hold a person's text (lists of texts included)."""
    return tuple(name for name, info in model.model_fields.items() if _is_personal(info.metadata, info.annotation))


@cache
def optional_fields(model: type[Message]) -> tuple[str, ...]:
    """Names of the top-level fields that may be left unsaid: their default is None."""
    return tuple(name for name, info in model.model_fields.items() if not info.is_required() and info.default is None)


def _is_personal(metadata: list[Any], annotation: Any) -> bool:
    if any(isinstance(mark, PersonalMark) for mark in metadata):
        return True
    return any(isinstance(mark, PersonalMark) for mark in _marks(annotation))


def _marks(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Annotated:
        yield from get_args(annotation)[1:]
    for inner in get_args(annotation):
        yield from _marks(inner)
