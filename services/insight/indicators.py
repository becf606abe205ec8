"""What is timed: a table of indicators (DOMAIN.md §2 and Table 5), each a clock that one event starts and others stop.

A clock's id is its name and a field of the event, so that every event says by itself which clocks it touches.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shared.contracts.base import Event
from shared.contracts.consult import ConsultationOpened, ConsultationPlanned, ConsultHeld, FollowUpDue
from shared.contracts.feedback import (
    Dissatisfied,
    EffectivenessEvaluated,
    ImpactEvaluated,
    SatisfactionAssessed,
    Satisfied,
)
from shared.contracts.intake import (
    DetailsCollected,
    RequestReceived,
    WrittenRequestAnswered,
    WrittenRequestDeclined,
    WrittenRequestReceived,
    WrittenRequestRegistered,
)
from shared.contracts.values import Channel, Path

Condition = Callable[[dict[str, Any]], bool]


@dataclass(frozen=True, kw_only=True, slots=True)
class On:
    """An event that touches a clock."""

    event: type[Event]
    key: str = "case_id"
    """The field that says whose clock it is."""
    at: str | None = None
    """The field that says when; None: when the event occurred."""
    when: Condition | None = None
    """Which events of this type are meant; None: all."""
    owner: str | None = None
    """Of a start: the field that names who answers for it."""
    due: str | None = None
    """Of a start: the field that says when it is due, where the event itself does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Indicator:
    """Something that has a limit. Its policy bears its name. Indicators may share a `clock`, and so its stops."""

    name: str
    stage: str
    start: On
    stops: tuple[On, ...]
    clock: str


_PRESENT = frozenset({Channel.WALK_IN, Channel.PHONE, Channel.VOICE_MAIL})


def _present(data: dict[str, Any]) -> bool:
    return data["channel"] in _PRESENT


def _in_writing(data: dict[str, Any]) -> bool:
    return data["channel"] not in _PRESENT


def _path(path: Path) -> Condition:
    return lambda data: data["path"] == path


def _first(path: Path) -> Condition:
    return lambda data: data["number"] == 1 and data["path"] == path


def _planned_or_further(data: dict[str, Any]) -> bool:
    return data["number"] > 1 or data["path"] in {Path.PREPARED, Path.PRESENT}


def _further(data: dict[str, Any]) -> bool:
    return data["number"] > 1


def _not_history(data: dict[str, Any]) -> bool:
    return not data["history"]


_COLLECTED = (On(event=DetailsCollected),)
_PLANNED = (On(event=ConsultationPlanned),)
_HELD = (On(event=ConsultHeld, key="consultation_id", at="ended_at"),)
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
        name="consult_at_once",
        stage="3a-a",
        clock="consult",
        start=On(
            event=ConsultHeld,
            key="consultation_id",
            at="started_at",
            when=_first(Path.AT_ONCE),
            owner="consultant",
        ),
        stops=_HELD,
    ),
    Indicator(
        name="plan_visit",
        stage="3a-b",
        clock="plan",
        start=On(event=ConsultationOpened, when=_path(Path.PREPARED), owner="consultant"),
        stops=_PLANNED,
    ),
    Indicator(
        name="consult_remote",
        stage="3b-a",
        clock="consult_remote",
        start=On(event=ConsultationOpened, when=_path(Path.REMOTE), owner="consultant"),
        stops=(On(event=ConsultHeld, at="ended_at", when=_first(Path.REMOTE)),),
    ),
    Indicator(
        name="plan_remote",
        stage="3b-b",
        clock="plan",
        start=On(event=ConsultationOpened, when=_path(Path.PRESENT), owner="consultant"),
        stops=_PLANNED,
    ),
    Indicator(
        name="consult_planned",
        stage="4",
        clock="consult",
        start=On(
            event=ConsultHeld, key="consultation_id", at="started_at", when=_planned_or_further, owner="consultant"
        ),
        stops=_HELD,
    ),
    Indicator(
        name="satisfaction",
        stage="5",
        clock="satisfaction",
        start=On(event=ConsultHeld, key="consultation_id", at="ended_at", owner="consultant"),
        stops=(On(event=SatisfactionAssessed, key="consultation_id"),),
    ),
    Indicator(
        name="closing",
        stage="6",
        clock="closing",
        start=On(event=SatisfactionAssessed, key="consultation_id", owner="consultant"),
        stops=(
            On(event=Satisfied, key="consultation_id", at="closed_at"),
            On(event=Dissatisfied, key="consultation_id", at="closed_at"),
        ),
    ),
    Indicator(
        name="follow_up",
        stage="7",
        clock="follow_up",
        start=On(event=FollowUpDue, key="consultation_id", owner="owner", due="due_at"),
        # A further consultation is in time if it began in time: that is what is agreed with the consumer.
        stops=(On(event=ConsultHeld, key="consultation_id", at="started_at", when=_further),),
    ),
    Indicator(
        name="effectiveness",
        stage="8",
        clock="effectiveness",
        start=On(event=Satisfied, key="consultation_id", at="held_at", owner="manager"),
        stops=(On(event=EffectivenessEvaluated, key="consultation_id"),),
    ),
    Indicator(
        name="impact",
        stage="10",
        clock="impact",
        start=On(event=Satisfied, key="consultation_id", at="held_at", owner="manager"),
        stops=(On(event=ImpactEvaluated, key="consultation_id"),),
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
