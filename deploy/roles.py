"""Who may do what: the bus users' permissions and the database roles' grants, least first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.bus.names import (
    ESCALATIONS,
    EVENTS_STREAM,
    IN_STREAM,
    OUT_STREAM,
    REPLAY,
    REPLAY_STREAM,
    ask_subject,
    submit_subject,
)
from shared.contracts import COMMANDS, Context
from shared.contracts.values import Role
from shared.contracts.watch import CONTEXT as WATCH
from shared.roles import MAY

CONTEXTS: tuple[str, ...] = tuple(Context)
STORED: tuple[str, ...] = (*CONTEXTS, WATCH)
"""Whose events the store keeps: the services', and what the watch over deadlines tells of."""
BUS_USERS: tuple[str, ...] = (*CONTEXTS, "relay", "insight", "watch", "notify", "adapter", "channel", "replay", "admin")
DATABASE_ROLES: tuple[str, ...] = (*CONTEXTS, "relay", "insight", "watch", "notify", "admin")

# Answers go to the asker's inbox. Naming the inboxes costs the server nothing; `allow_responses` would
# make it remember the reply subject of every message a service pulls.
_INBOXES = ("_INBOX.>", "_INBOX_admin.>", "_INBOX_adapter.>", "_INBOX_channel.>")
# Intake takes out of the queue what is no service's. JetStream has no narrower right: a message is read and
# deleted by its number, whatever its subject.
_SWEEP = tuple(f"$JS.API.STREAM.{call}.{IN_STREAM}" for call in ("INFO", "MSG.GET", "MSG.DELETE"))


# Notify looks through the messages it published, and deletes those to a person who was forgotten.
_ERASE = (
    f"$JS.API.CONSUMER.CREATE.{OUT_STREAM}.>",
    f"$JS.API.CONSUMER.MSG.NEXT.{OUT_STREAM}.*",
    f"$JS.API.STREAM.MSG.DELETE.{OUT_STREAM}",
)

# A consumer under test makes its own durables on replays, as deploy/streams.py makes the real ones, and drops them.
_TRY_OUT = (
    f"$JS.API.STREAM.INFO.{REPLAY_STREAM}",
    *(f"$JS.API.CONSUMER.{call}.{REPLAY_STREAM}.>" for call in ("CREATE", "DURABLE.CREATE", "INFO", "DELETE")),
    f"$JS.API.CONSUMER.MSG.NEXT.{REPLAY_STREAM}.*",
    f"$JS.ACK.{REPLAY_STREAM}.>",
)


def database_role(name: str) -> str:
    """The database role of a part, e.g. `intake` → `tereze_intake`."""
    return f"tereze_{name}"


def durable(context: str) -> str:
    """A service's consumer of its submissions."""
    return context


def reactions_durable(context: str) -> str:
    """A service's consumer of the others' events."""
    return f"{context}-reactions"


@dataclass(frozen=True, slots=True)
class Permissions:
    """The subjects a bus user may publish and subscribe to."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]
    held_back: tuple[str, ...] = ()
    """What the server does not deliver, although a wildcard of `subscribe` covers it."""


def _consume(stream: str, consumer: str) -> tuple[str, ...]:
    """What pulling from an existing durable takes: look it up, ask for messages, acknowledge."""
    return (
        f"$JS.API.CONSUMER.INFO.{stream}.{consumer}",
        f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}",
        f"$JS.ACK.{stream}.{consumer}.>",
    )


def _submissions(role: Role) -> tuple[str, ...]:
    """The subjects of what a role may submit: its bus user can't submit anything else, whatever role it states."""
    types = [command for name, command in COMMANDS.items() if role in MAY[name]]
    return tuple(
        subject(command.context, command.type_name()) for command in types for subject in (submit_subject, ask_subject)
    )


def permissions(user: str) -> Permissions:
    """A bus user's rights. Its inbox prefix is `_INBOX_<user>`."""
    inbox = f"_INBOX_{user}.>"
    if user == "admin":
        return Permissions((">",), (">",))
    if user in {"adapter", "channel"}:
        # It takes messages to consumers from whichever channel's durable is its own.
        submitted = ("tereze.in.>", "tereze.ask.>") if user == "adapter" else _submissions(Role.CHANNEL)
        pulled = _consume(OUT_STREAM, "*") + (_consume(EVENTS_STREAM, ESCALATIONS) if user == "adapter" else ())
        return Permissions((*submitted, *pulled), (inbox, "tereze.answers.>"))
    if user == "relay":
        return Permissions(("tereze.events.>",), (inbox, "tereze.wake", "tereze.clock"))
    if user == "notify":
        return Permissions(("tereze.out.*", *_ERASE), (inbox, "tereze.wake", "tereze.clock"))
    if user == WATCH:
        return Permissions((), (inbox,))  # it speaks through the log alone
    if user == "replay":
        # Who replays, and who is under test: neither can reach anything that is in use.
        return Permissions((f"{REPLAY}.>", *_TRY_OUT), (inbox, f"{REPLAY}.>"))
    if user == "insight":
        return Permissions((), (inbox, "tereze.wake", "tereze.clock", "tereze.events.>"))
    # Intake also answers requests that are no service's: all but the others' (shared/bus/strays.py).
    strays = user == Context.INTAKE
    return Permissions(
        (
            *(_SWEEP if strays else ()),
            *_consume(IN_STREAM, durable(user)),
            *_consume(EVENTS_STREAM, reactions_durable(user)),
            "tereze.answers.>",
            "tereze.wake",
            *_INBOXES,
        ),
        (inbox, "tereze.ask.>" if strays else f"tereze.ask.{user}.>", "tereze.clock"),
        tuple(f"tereze.ask.{other}.>" for other in CONTEXTS if other != user) if strays else (),
    )


def bus_users(passwords: Mapping[str, str]) -> str:
    """The `authorization` block of a nats-server configuration; a password may be a `$VARIABLE`."""
    lines = ["authorization {", "  users: ["]
    for user in BUS_USERS:
        allowed = permissions(user)
        lines += [
            f"    {{ user: {user}, password: {_value(passwords[user])}, permissions: {{",
            f"        publish: {_subjects(allowed.publish)}",
            f"        subscribe: {_subjects(allowed.subscribe, allowed.held_back)} }} }}",
        ]
    return "\n".join([*lines, "  ]", "}", ""])


def _value(password: str) -> str:
    """Quoted, unless a variable: a bare word that begins like a number is a syntax error to nats-server."""
    return password if password.startswith("$") else f'"{password}"'


def _subjects(allowed: tuple[str, ...], denied: tuple[str, ...] = ()) -> str:
    if not allowed:
        return '{ deny: [">"] }'
    return f"{{ allow: {_list(allowed)}, deny: {_list(denied)} }}" if denied else _list(allowed)


def _list(subjects: tuple[str, ...]) -> str:
    return "[" + ", ".join(f'"{subject}"' for subject in subjects) + "]"
