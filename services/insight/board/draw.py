"""Draws pages: Jinja's templates, with what they all need."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.insight.board.accounts import Account, Right
from services.insight.board.clocks import STAGES
from services.insight.board.filters import Filters
from services.insight.board.health import Part
from services.insight.board.now import SHOWN, TIERS, Now
from services.insight.board.texts import LANGUAGES, Texts
from services.insight.instants import Instant, moment

HERE = Path(__file__).parent
MENU = (
    ("/", "ui.now", Right.NOW),
    ("/figures", "ui.figures", Right.FIGURES),
    ("/trends", "trend.title", Right.FIGURES),
    ("/press", "press.title", Right.PRESS),
)
REGIONS = ("tiles", "lists", "stages", "owners", "health")
"""The parts of the first page that change by themselves."""

_environment = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_COMMON: dict[str, Any] = {
    "menu": MENU,
    "languages": LANGUAGES,
    "tiers": TIERS,
    "stages": STAGES,
    "shown": SHOWN,
}


def page(template: str, texts: Texts, now: datetime, **values: Any) -> str:
    """A whole page."""
    common = {"account": None, "csrf": "", "filters": Filters(), "here": "", "t": texts, "now_ms": milliseconds(now)}
    return _environment.get_template(template).render({**_COMMON, **common, **values})


def regions(
    texts: Texts, account: Account, filters: Filters, found: Now, health: Sequence[Part] | None
) -> dict[str, str]:
    """The parts of the first page that change by themselves, each under its name."""

    def countdown(due: Instant) -> str:
        return texts.length((due - found.at) / 1_000_000)

    def ms(at: Instant) -> int:
        return milliseconds(moment(at))

    values = {
        "t": texts,
        "account": account,
        "filters": filters,
        "found": found,
        "health": health,
        "countdown": countdown,
        "ms": ms,
        "case_address": filters.case_address,
    }
    names = [name for name in REGIONS if name != "health" or (account.may(Right.HEALTH) and filters.as_of is None)]
    return {name: _environment.get_template(f"now/{name}.html").render({**_COMMON, **values}) for name in names}


def milliseconds(at: datetime) -> int:
    """Since 1970, as browsers count."""
    return round(at.timestamp() * 1000)


ORDER = {name: rank for rank, name in enumerate(STAGES)}
"""The indicators, in the order of their table."""
