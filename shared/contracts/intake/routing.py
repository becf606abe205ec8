"""Routing: who is responsible for which topic, in which language (DOMAIN.md §2 stage 1)."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.base import Command, Event, Id, Short
from shared.contracts.values import Language

from .common import InIntake


class Route(BaseModel):
    """One row: these people take this topic in these languages."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    topic: Short | None = None
    """None: any topic that no other row names."""
    languages: Annotated[list[Language], Field(min_length=1, max_length=len(Language))]
    people: Annotated[list[Id], Field(min_length=1, max_length=100)]


class SetRouting(InIntake, Command):
    """A manager says who takes what in an office. It replaces what was said before; cases stay with whom they have.

    Their manager is the new one as long as their details are not collected; then it is handed over one by one
    (`HandOverConsultation`).
    """

    office: Short
    routes: Annotated[list[Route], Field(max_length=200)]
    manager: Id
    """Takes what no row fits."""


class RoutingSet(InIntake, Event):
    """This table holds in the office from now on."""

    office: str
    routes: list[Route]
    manager: Id


class LoadCounted(InIntake, Event):
    """`responsible` holds this case, or, None, nobody any more: what the next request is given by."""

    case_id: Id
    office: str
    responsible: Id | None


COMMANDS: tuple[type[Command], ...] = (SetRouting,)
EVENTS: tuple[type[Event], ...] = (RoutingSet, LoadCounted)
