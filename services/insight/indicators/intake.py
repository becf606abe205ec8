"""What intake owes: stages 2a and 2b, and mail (DOMAIN.md §2, §4 Table 5)."""

from __future__ import annotations

from typing import Any

from services.insight.indicators.base import Indicator, On
from shared.contracts.intake import (
    DetailsCollected,
    RequestReceived,
    WrittenRequestAnswered,
    WrittenRequestDeclined,
    WrittenRequestReceived,
    WrittenRequestRegistered,
)
from shared.contracts.values import Channel

_PRESENT = frozenset({Channel.WALK_IN, Channel.PHONE, Channel.VOICE_MAIL})


def _present(data: dict[str, Any]) -> bool:
    return data["channel"] in _PRESENT


def _in_writing(data: dict[str, Any]) -> bool:
    return data["channel"] not in _PRESENT


def _not_history(data: dict[str, Any]) -> bool:
    return not data["history"]


_COLLECTED = (On(event=DetailsCollected),)
_DECLINED = On(event=WrittenRequestDeclined)

INDICATORS: tuple[Indicator, ...] = (
    Indicator(
        name="details_visit",
        stage="2a",
        clock="details",
        start=On(event=RequestReceived, when=_present, owner="responsible"),
        stops=_COLLECTED,
    ),
    Indicator(
        name="details_email",
        stage="2b",
        clock="details",
        start=On(event=RequestReceived, when=_in_writing, owner="responsible"),
        stops=_COLLECTED,
    ),
    Indicator(
        name="mail_register",
        stage="Table 5",
        clock="mail_register",
        start=On(event=WrittenRequestReceived, when=_not_history),
        stops=(On(event=WrittenRequestRegistered), _DECLINED),
    ),
    Indicator(
        name="mail_answer",
        stage="Table 5",
        clock="mail_answer",
        start=On(event=WrittenRequestReceived),
        stops=(On(event=WrittenRequestAnswered), _DECLINED),
    ),
)
