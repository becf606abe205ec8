"""Messages to consumers: every language says the same, of fields that the events have, in words for every value."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from services.notify.templates import COMMON, FALLBACK, SPECS, Entry, event_types, languages, words_of
from shared.contracts import EVENTS
from shared.contracts.intake import ReceiveRequest
from shared.contracts.values import CancelGround, Context, DeclineGround, Form, Language

ROOT = Path(__file__).parents[2]
ALMATY = ZoneInfo("Asia/Almaty")
AT = datetime(2026, 3, 2, 4, 30, tzinfo=UTC)
ENTRIES = [
    pytest.param(language, type_name, number, entry, id=f"{language}-{type_name}-{number}")
    for language, words in languages().items()
    for type_name, entries in words.entries.items()
    for number, entry in enumerate(entries)
]


def kinds(annotation: Any) -> Iterator[type]:
    """The plain types that a field's values may have, None aside."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from kinds(get_args(annotation)[0])
    elif origin in {Union, UnionType, list, tuple}:
        for inner in get_args(annotation):
            yield from kinds(inner)
    elif isinstance(annotation, type) and annotation is not type(None):
        yield annotation


def kinds_of(type_name: str, field: str) -> set[type]:
    if field in COMMON:
        return {datetime} if field == "at" else {str}
    return set(kinds(EVENTS[type_name].model_fields[field].annotation))


def example(kind: type) -> Any:
    """A value of a field."""
    if issubclass(kind, Enum):
        return next(iter(kind))
    return {int: 123_456, str: "Айгүл", datetime: AT, date: date(2026, 3, 2), bool: True}[kind]


def values_for(type_name: str, entry: Entry) -> dict[str, Any]:
    """What an event says for which this entry is meant."""
    values = {field: example(next(iter(kinds_of(type_name, field)))) for field, _ in entry.placeholders()}
    for field, wanted in entry.when.items():
        [kind, *_] = kinds_of(type_name, field)
        values[field] = kind(wanted[0] if isinstance(wanted, list) else wanted)
    return values


def test_every_language_of_the_contract_has_a_file() -> None:
    assert set(languages()) >= set(Language)


def test_every_language_says_the_same() -> None:
    reference = words_of(FALLBACK)
    for words in languages().values():
        assert words.frame.keys() == reference.frame.keys()
        assert words.format.keys() == reference.format.keys()
        assert words.entries.keys() == reference.entries.keys(), words.language
        for name, entries in words.entries.items():
            same = [(one.when, one.placeholders()) for one in reference.entries[name]]
            assert [(one.when, one.placeholders()) for one in entries] == same, f"{words.language}: {name}"


@pytest.mark.parametrize(("language", "type_name", "number", "entry"), ENTRIES)
def test_an_entry_speaks_of_what_its_event_says(language: str, type_name: str, number: int, entry: Entry) -> None:
    fields = EVENTS[type_name].model_fields.keys() | COMMON
    assert {name for name, _ in entry.placeholders()} | entry.when.keys() <= fields
    for name, spec in entry.placeholders():
        found = kinds_of(type_name, name)
        assert spec in SPECS
        assert spec != "money" or found == {int}, f"{name} is no money"
        assert spec != "date" or found <= {date, datetime}, f"{name} is no date"
        for kind in found:
            if issubclass(kind, Enum):
                words = words_of(language).words.get(kind.__name__, {})
                assert words.keys() >= {one.value for one in kind}, f"[words.{kind.__name__}] lacks some"
    for name, wanted in entry.when.items():
        for one in wanted if isinstance(wanted, list) else [wanted]:
            assert any(isinstance(one, kind) or one in set(_values(kind)) for kind in kinds_of(type_name, name))


def _values(kind: type) -> list[Any]:
    return [one.value for one in kind] if issubclass(kind, Enum) else []


@pytest.mark.parametrize(("language", "type_name", "number", "entry"), ENTRIES)
def test_an_entry_can_be_reached_and_is_said_whole(language: str, type_name: str, number: int, entry: Entry) -> None:
    # Given an event that says what the entry needs, and no more
    values = values_for(type_name, entry)
    words = words_of(language)
    assert next(place for place, one in enumerate(words.entries[type_name]) if one.fits(values)) == number
    # When the message about it is written
    written = words.write(type_name, values, "Айгүл", ALMATY)
    # Then nothing is left open
    assert written is not None
    subject, text = written
    assert "\n" not in subject
    assert len(subject) <= 100
    for part in (subject, text):
        assert "{" not in part
        assert "None" not in part
    assert text.startswith(words.frame["greeting"].format(name="Айгүл"))


def test_values_are_said_as_the_language_says_them() -> None:
    said = words_of("ru").write("ConsultationPlanned", planned("office", "каб. 4"), None, ALMATY)
    assert said is not None
    assert said[0] == "Ваша консультация 02.03.2026 09:30"
    assert "Здравствуйте!\n\nКонсультация" in said[1]
    assert "в нашем офисе.\nМесто: каб. 4\n" in said[1]
    declined = {"case_id": "c1", "ground": DeclineGround.UNREADABLE}
    ground = words_of("kk").write("WrittenRequestDeclined", declined, None, ALMATY)
    assert ground is not None
    assert "Негізі: мәтінді оқу мүмкін емес." in ground[1]
    values = {"title": "T", "index": "75384", "months": 6, "first_month": "2026-04", "copies": 1, "amount": 188_705}
    bought = words_of("en").write("SubscriptionAccepted", values | {"case_id": "po-1.2026.000001"}, None, ALMATY)
    assert bought is not None
    assert "To pay: 1,887.05 ₸\nNumber: po-1.2026.000001" in bought[1]


def planned(form: str, place: str | None) -> dict[str, Any]:
    return {"case_id": "c1", "planned_at": AT, "form": Form(form), "place": place}


def test_who_is_told_of_an_extension_later_is_told_the_same_as_who_is_told_at_once() -> None:
    """Regression: the notice that a regime leaves three days for was recorded, and nothing left the house."""
    facts = {"case_id": "c1", "days": 20, "reason": "an expert's opinion"}
    for words in languages().values():
        at_once = words.write("AnswerExtended", {**facts, "notified": True}, None, ALMATY)
        assert at_once is not None
        assert words.write("AnswerExtended", {**facts, "notified": False}, None, ALMATY) is None
        assert words.write("ExtensionNoticeGiven", facts, None, ALMATY) == at_once


def test_whose_request_is_ended_hears_of_it_in_words_of_that_ground() -> None:
    """Regression: whose request was ended as a duplicate, or as out of remit, heard nothing (§7)."""
    ends = [ground for ground in CancelGround if ground is not CancelGround.CENTRE_UNABLE]  # that is still owed
    for words in languages().values():
        said = [words.write("RequestEnded", {"case_id": "c1", "ground": one}, None, ALMATY) for one in ends]
        assert all(one is not None and "c1" in one[0] and "c1" in one[1] for one in said), words.language
        assert len({one[1] for one in said if one is not None}) == len(ends)


def test_without_what_an_entry_needs_the_next_one_is_taken_or_nothing_said() -> None:
    words = words_of("en")
    without_place = words.write("ConsultationPlanned", planned("office", None), None, ALMATY)
    assert without_place is not None
    assert "Place" not in without_place[1]
    assert words.write("ConsultationPlanned", {"case_id": "c1", "form": Form.PHONE}, None, ALMATY) is None
    assert words.write("NoSuchEvent", {"case_id": "c1"}, None, ALMATY) is None


def test_braces_in_a_persons_words_are_words() -> None:
    values = {"case_id": "c1", "answer": "{ground} {0.__class__}", "signed_by": "{}", "executor_contact": "%s"}
    written = words_of("en").write("WrittenRequestAnswered", values, "{name} {x}", ALMATY)
    assert written is not None
    assert "{ground} {0.__class__}" in written[1]
    assert "Dear {name} {x}," in written[1]


def test_an_unknown_language_falls_back_to_the_state_language() -> None:
    assert words_of("xx").language == words_of(None).language == FALLBACK


def test_a_language_without_texts_is_refused_with_those_there_are() -> None:
    data = {"channel": "phone", "language": "ka", "office": "n", "question": "?", "responsible": "m-1"}
    with pytest.raises(ValidationError, match="'kk', 'ru' or 'en'"):
        ReceiveRequest.model_validate(data)


_IN_THE_NEW_LANGUAGE = """
from datetime import UTC, datetime
from zoneinfo import ZoneInfo
from services.intake.domain import DECIDER
from services.notify.templates import words_of
from shared.contracts.intake import ReceiveRequest, SetRouting
from shared.decider import Given

at = datetime(2026, 3, 2, 4, 30, tzinfo=UTC)
data = {"channel": "phone", "language": "ka", "office": "n", "question": "?", "responsible": "m-1"}
request = ReceiveRequest.model_validate(data | {"case_id": "c1"})
given = Given(at, at, "fresh", blind=lambda kind, text: text)
received = DECIDER.decide(DECIDER.initial(), request, given)[0]
everything = [{"languages": ["kk", "ru", "en", "ka"], "people": ["k-1"]}]
SetRouting.model_validate({"office": "n", "routes": everything, "manager": "m-1"})
values = {name: getattr(received, name) for name in type(received).model_fields} | {"case_id": "c1", "at": at}
print(words_of(received.language).write(received.type_name(), values, "ნინო", ZoneInfo("Asia/Almaty"))[1])
"""


def test_a_further_language_is_one_file_and_one_line(tmp_path: Path) -> None:
    """As docs/domain.md says; done to a copy of the code, for a running process has its list of languages."""
    for part in ("shared", "services"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    values = tmp_path / "shared/contracts/values.py"
    last = '    EN = "en"\n'
    values.write_text(values.read_text("utf-8").replace(last, f'{last}    KA = "ka"\n'), "utf-8")
    templates = tmp_path / "services/notify/templates"
    english = (templates / "en.toml").read_text("utf-8")
    (templates / "ka.toml").write_text(english.replace("Dear {name},", "ძვირფასო {name},"), "utf-8")
    written = subprocess.run(
        (sys.executable, "-c", _IN_THE_NEW_LANGUAGE),
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert written.stdout.startswith("ძვირფასო ნინო,"), written.stderr


def test_something_is_said_about_the_events_of_all_services() -> None:
    assert {EVENTS[name].context for name in event_types()} == set(Context)
