"""The board's words: the same in all languages; its colours: readable."""

from __future__ import annotations

import json
import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path as FilePath
from string import Formatter
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.feedback.causes import SHIPPED
from services.insight.board.accounts import Role as BoardRole
from services.insight.board.case_page import NAMED
from services.insight.board.case_page import days as days_of
from services.insight.board.draw import HERE
from services.insight.board.now import TIERS
from services.insight.board.press import State
from services.insight.board.texts import FOLDER, LANGUAGES, negotiated, texts
from services.insight.board.words import spoken
from services.insight.indicators import INDICATORS
from services.insight.judge import Norm, Verdict
from services.insight.queries import EffectivenessGroup
from services.insight.timeline import Entry
from shared.bus.answers import Status
from shared.contracts import EVENTS
from shared.contracts.subscriptions import Counted
from shared.contracts.values import Channel, Context, Path, Role, Seller
from shared.deadlines import days, minutes, months, working_days, working_hours

FROZEN = FilePath(__file__).parent / "frozen_events"
ZONE = ZoneInfo("Asia/Almaty")


def words(language: str) -> dict[str, dict[str, Any]]:
    return tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_texts_with_the_same_placeholders(language: str) -> None:
    def shape(said: dict[str, dict[str, Any]]) -> list[tuple[str, str, list[str]]]:
        return [
            (section, name, sorted(field for _, field, _, _ in Formatter().parse(text) if field))
            for section, entries in said.items()
            for name, text in entries.items()
        ]

    assert shape(words(language)) == shape(words("en"))
    assert all(text.strip() for entries in words(language).values() for text in entries.values())


@pytest.mark.parametrize(
    ("section", "names"),
    [
        ("indicator", {indicator.name for indicator in INDICATORS}),
        ("tier", set(TIERS)),
        ("verdict", set(Verdict)),
        ("norm", set(Norm)),
        ("account", set(BoardRole)),
        ("role", {*Role, *NAMED, "reaction"}),
        ("channel", set(Channel)),
        ("service", {*Context, "watch"}),
        ("group", set(EffectivenessGroup)),
        ("day", set(State)),
        ("counted", set(Counted)),
        ("seller", set(Seller)),
        ("event", set(EVENTS)),
    ],
)
def test_whatever_is_shown_has_a_name(section: str, names: set[str]) -> None:
    assert set(words("en")[section]) == names


def test_every_field_of_an_event_and_every_word_in_it_has_a_name() -> None:
    told = words("en")
    assert set(told["field"]) == {name for name in spoken() if not name.endswith("_id")}
    said = {(name, value) for name, values in spoken().items() for value in values if value not in set(Path)}
    assert {one for one in said if one[1] not in told["value"] and ".".join(one) not in told["value"]} == set()
    assert {value for value in told["value"] if "." in value} <= {".".join(one) for one in said}
    assert set(told["cause"]) == set(SHIPPED)
    assert set(told["outcome"]) == {*Status, "later"}


@pytest.mark.parametrize("language", ["kk", "ru"])
@pytest.mark.parametrize("frozen", sorted(FROZEN.glob("*.json")), ids=lambda path: path.stem)
def test_every_event_there_ever_was_is_shown_in_words_of_the_language(frozen: FilePath, language: str) -> None:
    """By the frozen examples of all events, of former versions too: a code that comes through is a text that lacks."""
    data = json.loads(frozen.read_text(encoding="utf-8"))
    type_name, at = frozen.stem.partition(".")[0], datetime(2026, 3, 2, tzinfo=UTC)
    entry = Entry(1, at, at, "intake", type_name, "/desk", {name: one for name, one in data.items() if one is not None})
    ((_, (said,)),) = days_of([entry], texts(language, ZONE))
    names = [*(name for name, _ in said.details), *said.hidden]
    assert [name for name in names if not re.search("[а-яёәғқңөұүһі]", name, re.IGNORECASE)] == []
    coded = {word for values in spoken().values() for word in values if "_" in word}
    assert [value for _, value in said.details if coded & set(value.split(", "))] == []


@pytest.mark.parametrize("language", ["kk", "ru"])
def test_no_text_is_left_in_english(language: str) -> None:
    """One that shares no letter with its alphabet was forgotten."""
    left = {
        f"{section}.{name}": text
        for section, entries in words(language).items()
        for name, text in entries.items()
        if re.search("[A-Za-z]{2}", re.sub(r"\{.*?\}", "", text))
        and not re.search("[а-яәғқңөұүһі]", text, re.IGNORECASE)
    }
    assert left == {}


@pytest.mark.parametrize("template", sorted((HERE / "templates").rglob("*.html")), ids=lambda path: path.name)
def test_templates_ask_for_texts_that_there_are(template: FilePath) -> None:
    asked = re.findall(r"""t\('([a-z]+)\.([a-z0-9_]+)'[,)]""", template.read_text(encoding="utf-8"))
    assert [pair for pair in asked if pair[1] not in words("en")[pair[0]]] == []


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "kk"),
        ("de-DE,de;q=0.9", "kk"),
        ("ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        ("de,en-GB;q=0.7,ru;q=0.3", "en"),
        ("en;q=0.1,kk;q=0.9", "kk"),
        ("ru;q=0,en", "en"),
        ("ru;q=often,en", "en"),
    ],
)
def test_a_browser_gets_the_language_it_likes_best_of_ours(accepted: str, language: str) -> None:
    assert negotiated(accepted) == language


@pytest.mark.parametrize(
    ("language", "moment", "length", "share"),
    [
        ("kk", "2 нау. 2026, 09:30", "2 сағ 5 мин", "87%"),
        ("ru", "2 мар. 2026, 09:30", "2 ч 5 мин", "87 %"),
        ("en", "2 Mar 2026, 09:30", "2 hrs 5 mins", "87%"),
    ],
)
def test_times_and_numbers_are_written_as_the_language_writes_them(
    language: str, moment: str, length: str, share: str
) -> None:
    told = texts(language, ZONE)
    assert told.moment(datetime(2026, 3, 2, 4, 30, tzinfo=UTC)).replace("\u202f", " ") == moment
    assert told.length(2 * 3600 + 5 * 60 + 3) == length
    assert told.share(0.874).replace("\N{NO-BREAK SPACE}", " ") == share


def test_limits_are_said_in_their_own_unit() -> None:
    told = texts("en", ZONE)
    said = [told.span(span) for span in (minutes(90), days(10), months(3), working_days(15), working_hours(2))]
    assert said == ["1 hr 30 mins", "10 days", "3 mths", "15 working days", "2 hrs of working time"]


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_stands_out_from_its_ground_as_wcag_aa_asks(scheme: int) -> None:
    blocks = re.findall(r":root \{(.*?)\}", (HERE / "static" / "board.css").read_text(encoding="utf-8"), re.S)
    named = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", blocks[scheme]))
    on_grounds = [(text, ground) for text in ("ink", "soft", "accent", "late", "hour") for ground in ("ground", "card")]
    own = [(name, f"{name}-ground") for name in ("late", "hour", "met", "paused")]
    pairs = [*on_grounds, *own, ("on-accent", "accent"), ("ink", "hour-ground"), ("ink", "late-ground")]
    assert {
        pair: round(contrast(named[pair[0]], named[pair[1]]), 2)
        for pair in pairs
        if contrast(named[pair[0]], named[pair[1]]) < 4.5
    } == {}
