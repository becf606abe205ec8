"""What may be written into a message: words, in every contract alike. What was stored before always loads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from shared.bus import names
from shared.bus.cloudevents import Invalid, headers_of, parse_event, parse_submission
from shared.contracts import COMMANDS
from shared.contracts.base import AboutNobody, PersonalText, Short, Text
from shared.contracts.intake import Consumer, ReceiveRequest, Route, RoutingSet
from shared.contracts.values import Language
from shared.eventstore.codec import decode
from shared.eventstore.model import RecordedEvent

NOW = datetime(2026, 5, 4, 3, 0, tzinfo=UTC)
LONG = [TypeAdapter[str](Text), TypeAdapter[str](PersonalText)]
LABELS = [TypeAdapter[str](Short), TypeAdapter[str](AboutNobody)]
REQUEST = {"channel": "walk_in", "language": "kk", "office": "north", "question": "Қашан?", "responsible": "m-1"}


def submitted(**data: Any) -> ReceiveRequest:
    head = headers_of(ReceiveRequest, event_id="1", source="/test")
    body = json.dumps(REQUEST | data).encode()
    message = parse_submission("tereze.in.intake.ReceiveRequest", head, body, NOW).message
    assert isinstance(message, ReceiveRequest)
    return message


@pytest.mark.parametrize("blank", [" ", "\n", "\t \u00a0"])
@pytest.mark.parametrize("field", ["question", "office", "topic"])
def test_a_blank_text_is_refused_with_what_to_do(field: str, blank: str) -> None:
    with pytest.raises(Invalid) as no:
        submitted(**{field: blank})
    [reason] = no.value.reasons
    assert reason.field == field
    assert "blank" in reason.message or "control character" in reason.message


@pytest.mark.parametrize("control", ["\x00", "\x07", "\x1b[2J", "\x7f", "\x9b2J"])
@pytest.mark.parametrize("field", ["question", "office", "topic"])
def test_what_only_steers_a_terminal_is_refused_by_its_number(field: str, control: str) -> None:
    with pytest.raises(Invalid) as no:
        submitted(**{field: f"north{control}"})
    [reason] = no.value.reasons
    assert (reason.code, reason.field) == ("schema_value_error", field)
    assert f"U+{ord(control[0]):04X}" in reason.message


def test_words_stay_as_they_were_written_and_labels_lose_the_blanks_around_them() -> None:
    said = " Бір.\r\n\tЕкі\x0bүш 👨‍👩‍👧 "
    message = submitted(question=said, office=" north\n")
    assert (message.question, message.office) == (said, "north")
    with pytest.raises(Invalid):
        submitted(office="north\nsouth")


def test_a_field_of_a_form_left_empty_turns_nobody_away() -> None:
    assert submitted(consumer={"name": "Асель", "phone": " ", "email": ""}).consumer == Consumer(name="Асель")


@given(st.text(max_size=200))
def test_whatever_is_taken_says_something_and_is_taken_again(text: str) -> None:
    for kind in (*LONG, *LABELS):
        try:
            once = kind.validate_python(text)
        except (ValidationError, UnicodeEncodeError):
            continue
        assert once.strip()
        assert kind.validate_python(once) == once
        assert "\x1b" not in once


def test_every_free_text_of_every_command_is_checked() -> None:
    """A plain `str` takes anything; what has a pattern says itself what it takes."""
    texts = [(f"{name}.{path}", marks) for name, command in COMMANDS.items() for path, marks in _texts(command)]
    assert not [place for place, marks in texts if not _checked(marks)]
    assert {"ReceiveRequest.consumer.phone", "PlanConsultation.agenda", "SetRouting.routes.topic"} <= dict(texts).keys()


def test_what_was_stored_before_loads_as_it_is() -> None:
    """Events repeat parts of commands, whose rules are younger than some of the history."""
    old = RoutingSet(office="north", routes=[Route(topic="x", languages=[Language.KK], people=["k-1"])], manager="m-1")
    data = old.model_dump_json().replace('"x"', '" \\u001b"').encode()
    recorded = RecordedEvent(
        1, "1", "intake", "routing-north", 1, "RoutingSet", 1, data, NOW, NOW, "1", "1", "/t", None
    )
    told = parse_event(
        {names.TYPE: "RoutingSet", names.POSITION: "1", names.ID: "1", names.TIME: NOW.isoformat()}, data
    )
    for event in (decode(recorded), told.message):
        assert isinstance(event, RoutingSet)
        assert event.routes[0].topic == " \x1b"


def _texts(model: type[BaseModel]) -> Iterator[tuple[str, list[Any]]]:
    """The places of all texts in a message, each with its validators."""
    for name, info in model.model_fields.items():
        for path, marks in _of(info.annotation, list(info.metadata)):
            yield f"{name}{path}", marks


def _of(kind: Any, marks: list[Any]) -> Iterator[tuple[str, list[Any]]]:
    if kind is str:
        yield "", marks
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        for path, inner in _texts(kind):
            yield f".{path}", inner
    for inner in get_args(kind):
        if not isinstance(inner, type) or inner is str or issubclass(inner, BaseModel):
            yield from _of(inner, marks + list(getattr(kind, "__metadata__", ())))


def _checked(marks: list[Any]) -> bool:
    return any(getattr(one, "pattern", None) or getattr(one, "func", None) is not None for one in marks)
