"""The published language: what each service accepts and what it says happened."""

from __future__ import annotations

from . import consult, feedback, intake, subscriptions, watch
from .base import Command, Event, Message, optional_fields, personal_fields
from .values import Context

_MODULES = {
    Context.INTAKE: intake,
    Context.CONSULT: consult,
    Context.FEEDBACK: feedback,
    Context.SUBSCRIPTIONS: subscriptions,
}
COMMANDS: dict[str, type[Command]] = {c.type_name(): c for m in _MODULES.values() for c in m.COMMANDS}
EVENTS: dict[str, type[Event]] = {e.type_name(): e for m in (*_MODULES.values(), watch) for e in m.EVENTS}


def commands_of(context: str) -> dict[str, type[Command]]:
    """The commands that one service accepts, by type name."""
    return {name: command for name, command in COMMANDS.items() if command.context == context}


__all__ = [
    "COMMANDS",
    "EVENTS",
    "Command",
    "Context",
    "Event",
    "Message",
    "commands_of",
    "optional_fields",
    "personal_fields",
]
