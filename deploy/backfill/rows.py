"""Reading a file's rows as cases: which column is what, which rows can't be one, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from deploy.problem import Problem

FIELDS = ("id", "received_at", "answered_at", "office", "topic", "question")
REQUIRED = ("id", "received_at", "office")


@dataclass(frozen=True, slots=True)
class Case:
    """One row that can be submitted."""

    row: int
    case_id: str
    received_at: datetime
    answered_at: datetime | None
    office: str
    topic: str | None
    question: str | None


@dataclass(frozen=True, slots=True)
class Reject:
    """One row, or one of its two messages, that could not be taken; `row` counts from 1."""

    row: int
    id: str
    code: str
    reason: str


class Columns(dict[str, str]):
    """The file's column for each field, from `field=column,…`."""

    @classmethod
    def parse(cls, text: str) -> Columns:
        """Raises: Problem, with the fields there are."""
        columns = cls()
        for part in filter(None, (one.strip() for one in text.split(","))):
            field, equals, column = part.partition("=")
            if not equals or field not in FIELDS or not column:
                raise Problem(f"--columns: {part!r} is not field=column; fields are: {', '.join(FIELDS)}")
            columns[field] = column
        missing = [field for field in REQUIRED if field not in columns]
        if missing:
            raise Problem(f"--columns: no column given for {', '.join(missing)}; add {missing[0]}=<column>")
        return columns


def read_table(path: Path, columns: Mapping[str, str]) -> pl.DataFrame:
    """The mapped columns of a .csv or .parquet file, under the fields' names. CSV cells stay text.

    Raises: Problem, where the file or one of its columns is not there, or it can't be read.
    """
    if not path.is_file():
        raise Problem(f"{path} is no file; give the path of a .csv or .parquet file")
    try:
        return _read(path, columns)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        first = str(error).partition("\n")[0]
        advice = "save it as CSV in UTF-8, with as many cells in each row as in the header, or as Parquet anew"
        raise Problem(f"{path} can't be read ({first}); {advice}") from error


def _read(path: Path, columns: Mapping[str, str]) -> pl.DataFrame:
    match path.suffix.lower():
        case ".parquet":
            table = pl.scan_parquet(path)
        case ".csv":
            table = pl.scan_csv(path, infer_schema=False)
        case other:
            raise Problem(f"{path}: {other or 'no suffix'} is not read; convert it to .csv or .parquet")
    there = table.collect_schema().names()
    absent = [column for column in columns.values() if column not in there]
    if absent:
        raise Problem(f"{path} has no column {', '.join(absent)}; it has: {', '.join(there)}")
    return table.select(**{field: pl.col(column) for field, column in columns.items()}).collect()


def cases(table: pl.DataFrame, zone: ZoneInfo, *, skip: int = 0) -> Iterator[Case | Reject]:
    """Every row in the file's order as a case, or why not.

    An id that the file repeats is kept as a case of its own (`ID-2`, `ID-3`, … in the file's order, without
    those that the file gives to other rows): two rows are two records, and dropping one would lose history.
    `skip` rows are only counted.
    """
    # Every id, and the last number given to a row that repeats it: one dictionary, since files are long.
    numbers = dict.fromkeys(map(_id, table["id"]), 0)
    for number, row in enumerate(table.iter_rows(named=True), start=1):
        given = _id(row["id"])
        case_id = _own(given, numbers)
        if number > skip:
            yield _case(number, given, case_id, row, zone)


def _id(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _own(given: str, numbers: dict[str, int]) -> str:
    """The id itself the first time, then the next of `ID-2`, `ID-3`, … that no row has."""
    occurrence = numbers[given] + 1
    while occurrence > 1 and f"{given}-{occurrence}" in numbers:
        occurrence += 1
    numbers[given] = occurrence
    return given if occurrence == 1 else f"{given}-{occurrence}"


def _case(number: int, given: str, case_id: str, row: Mapping[str, Any], zone: ZoneInfo) -> Case | Reject:
    if not given:
        return Reject(number, "", "id_missing", "the row has no id")
    received = _moment(row["received_at"], zone)
    if received is None:
        return Reject(
            number, given, "received_at_unreadable", f"received_at is not a date or time: {row['received_at']!r}"
        )
    answered = None
    if not _empty(row.get("answered_at")):
        answered = _moment(row["answered_at"], zone)
        if answered is None:
            return Reject(
                number, given, "answered_at_unreadable", f"answered_at is not a date or time: {row['answered_at']!r}"
            )
        if answered < received:
            return Reject(number, given, "answered_before_received", "answered_at is before received_at")
    if _empty(row["office"]):
        return Reject(number, given, "office_missing", "the row has no office")
    return Case(
        row=number,
        case_id=case_id,
        received_at=received,
        answered_at=answered,
        office=str(row["office"]),
        topic=_text(row.get("topic")),
        question=_text(row.get("question")),
    )


def _empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _text(value: Any) -> str | None:
    return None if _empty(value) else str(value)


def _moment(value: Any, zone: ZoneInfo) -> datetime | None:
    """A date is its midnight; what names no zone is in the centre's."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    if isinstance(value, datetime):
        return value if value.tzinfo is not None else value.replace(tzinfo=zone)
    return datetime.combine(value, time(), zone) if isinstance(value, date) else None
