"""IEEE 1849 XES: a trace per case, its events in the order of their time; written case by case."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import orjson
import polars as pl

from services.insight.analysis.objects import Fact, facts_of, persons
from shared.contracts import EVENTS

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849-2016" xes.features="" xmlns="http://www.xes-standard.org/">
<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
<extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
<extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
<extension name="Lifecycle" prefix="lifecycle" uri="http://www.xes-standard.org/lifecycle.xesext"/>
<global scope="trace">
<string key="concept:name" value=""/>
</global>
<global scope="event">
<string key="concept:name" value=""/>
<date key="time:timestamp" value="1970-01-01T00:00:00.000000+00:00"/>
<string key="lifecycle:transition" value="complete"/>
</global>
<classifier name="Event" keys="concept:name"/>
<classifier name="Stage" keys="stage"/>
"""
_TAGS = {Fact.TEXT: "string", Fact.INTEGER: "int", Fact.FLOAT: "float", Fact.BOOLEAN: "boolean", Fact.TIME: "date"}
_INSTEAD = "\N{REPLACEMENT CHARACTER}"
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class XesFile:
    """Takes frames of events in `Order.CASE`."""

    def __init__(self, path: Path, position: int) -> None:
        self._file = path.open("w", encoding="utf-8", newline="\n")
        self._file.write(_HEAD + _attribute("int", "tereze:position", position))
        self._case: list[dict[str, Any]] = []

    def add(self, page: pl.DataFrame) -> None:
        """Write the cases that are whole by now."""
        for row in page.iter_rows(named=True):
            if self._case and self._case[0]["case_id"] != row["case_id"]:
                self._write_case()
            self._case.append(row)

    def close(self) -> None:
        """Write the last case and finish the file."""
        if self._case:
            self._write_case()
        self._file.write("</log>\n")
        self._file.close()

    def _write_case(self) -> None:
        rows = sorted(self._case, key=lambda row: (row["occurred_at"], row["position"]))
        self._file.write("<trace>\n" + _attribute("string", "concept:name", rows[0]["case_id"]))
        for row in rows:
            self._file.write("<event>\n" + "".join(_event(row)) + "</event>\n")
        self._file.write("</trace>\n")
        self._case = []


def _event(row: Mapping[str, Any]) -> Iterator[str]:
    data: dict[str, Any] = orjson.loads(row["data"])
    yield _attribute("string", "concept:name", row["type"])
    yield _attribute("date", "time:timestamp", row["occurred_at"].isoformat(timespec="microseconds"))
    yield _attribute("string", "lifecycle:transition", "complete")
    # Who is named first is who did it: contracts name the consultant before the manager.
    if (resource := next(persons(row["type"], data), None)) is not None:
        yield _attribute("string", "org:resource", resource)
    if row["role"] is not None:
        yield _attribute("string", "org:role", row["role"])
    yield _attribute("int", "position", row["position"])
    yield _attribute("string", "context", row["context"])
    if row["stage"] is not None:
        yield _attribute("string", "stage", row["stage"])
    for name, fact in facts_of(EVENTS[row["type"]]).items():
        if data.get(name) is not None:
            # Beside the names of the standard's extensions and our own.
            yield _attribute(_TAGS[fact], f"data:{name}", data[name])


def _attribute(tag: str, key: str, value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"<{tag} key={quoteattr(key)} value={quoteattr(_NO_XML.sub(_INSTEAD, text))}/>\n"
