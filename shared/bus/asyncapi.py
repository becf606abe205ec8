"""The contract for channel adapters as an AsyncAPI 3.0.0 document, made from the models themselves.

It stands beside the bus's names and not beside the contracts because it describes both, and the
contracts may not know the bus.
"""

from __future__ import annotations

from typing import Any, Final

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from shared.bus import names
from shared.bus.answers import Answer
from shared.contracts import COMMANDS, EVENTS
from shared.contracts.base import Message
from shared.contracts.outgoing import OUT_CHANNELS, ConsumerMessage
from shared.contracts.values import Role
from shared.roles import MAY

Json = dict[str, Any]

ASYNCAPI: Final = "3.0.0"
_SCHEMAS: Final = "#/components/schemas"
_MESSAGES: Final = "#/components/messages"
# Channels by name; the keys may hold dots, which need no escaping in a reference.
_ANSWERS: Final = "answers"
_REPLIES: Final = "replies"
_OUT: Final = "out"

_DESCRIPTION: Final = """\
What a channel adapter publishes to Tereze and what it hears back, seen from the adapter: `send` is what the
adapter sends, `receive` what it gets.

Messages are CloudEvents 1.0 in binary mode: attributes in `ce-*` headers, percent-encoded where not plain ASCII, and
JSON in UTF-8 in the body. A submission goes to `tereze.in.<context>.<Type>`, where JetStream keeps it until it is
processed, or to `tereze.ask.<context>.<Type>`, answered by reply and kept nowhere. Sending the same `ce-id` from the
same `ce-source` again has no second effect, so that whoever hears no answer simply sends again.

Every submission is answered `accepted`, `duplicate`, `rejected` or `conflict`. Fields marked `x-personal` hold a
person's text: in submissions it is plain, in events it is sealed, and stays unreadable once that person is forgotten.

Messages to the consumer leave on `tereze.out.<channel>`, ready to be delivered. An adapter pulls those of its channel
from the durable consumer of the channel's name (stream `TEREZE_OUT`), acknowledges each once it is delivered, and
keeps none.

Who submits says in which role, in `ce-role`; without it the submission counts as the consumer's own (`channel`). The
headers of each message list the roles that may submit it.
"""


def document(version: str, host: str = "127.0.0.1:4222") -> Json:
    """The contract of release `version`; `host` is the default of the server's variable."""
    return {
        "asyncapi": ASYNCAPI,
        "id": "urn:tereze:contract",
        "info": {
            "title": "Tereze: contract for channel adapters",
            "version": version,
            "description": _DESCRIPTION,
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": {"nats": _server(host)},
        "channels": _channels(),
        "operations": _operations(),
        "components": {
            "messages": _messages(),
            "schemas": _schemas(),
            "securitySchemes": {"user": {"type": "userPassword", "description": "A user of the bus, and its rights."}},
        },
    }


def _server(host: str) -> Json:
    return {
        "host": "{host}",
        "protocol": "nats",
        "description": "The bus. An adapter connects as the user `adapter`, with the inbox prefix `_INBOX_adapter`; "
        "one that only speaks for consumers as `channel`, with `_INBOX_channel`.",
        "variables": {"host": {"default": host, "description": "Host and port of a NATS server."}},
        "security": [{"$ref": "#/components/securitySchemes/user"}],
    }


def _channels() -> Json:
    channels: Json = {}
    for name, command in COMMANDS.items():
        context = command.context
        channels[f"in.{context}.{name}"] = _channel(
            names.submit_subject(context, name), name, f"Submissions kept until processed (stream {names.IN_STREAM})."
        )
        channels[f"ask.{context}.{name}"] = _channel(
            names.ask_subject(context, name), name, "Submissions answered at once by reply, and kept nowhere."
        )
    for name, event in EVENTS.items():
        channels[f"events.{event.context}.{name}"] = _channel(
            names.event_subject(event.context, name),
            name,
            f"What happened (stream {names.EVENTS_STREAM}); for users with the right to read it.",
        )
    channels[_ANSWERS] = _channel(
        f"{names.ANSWERS}.{{address}}",
        "Answer",
        f"Answers to submissions whose header `{names.ANSWER_TO}` named this subject.",
    )
    channels[_ANSWERS]["parameters"] = {
        "address": {"description": "The adapter's own choice: one to eight tokens of letters, digits, _ and -."}
    }
    channels[_OUT] = _channel(
        names.out_subject("{channel}"),
        ConsumerMessage.type_name(),
        f"Messages to consumers, for a channel's adapter to deliver (stream {names.OUT_STREAM}, a durable for each).",
    )
    channels[_OUT]["parameters"] = {
        "channel": {"description": "The way to the consumer.", "enum": [str(channel) for channel in OUT_CHANNELS]}
    }
    # The address is null where it is only known at run time: AsyncAPI's form of a reply subject.
    channels[_REPLIES] = _channel(None, "Answer", "Where the adapter asked to be answered.")
    return channels


def _channel(address: str | None, message: str, description: str) -> Json:
    return {
        "address": address,
        "description": description,
        "servers": [{"$ref": "#/servers/nats"}],
        "messages": {message: {"$ref": f"{_MESSAGES}/{message}"}},
    }


def _operations() -> Json:
    operations: Json = {}
    for name, command in COMMANDS.items():
        summary = _summary(command)
        kept, asked = f"in.{command.context}.{name}", f"ask.{command.context}.{name}"
        operations[f"submit{name}"] = _operation("send", kept, name, summary) | {
            "description": f"Answered on the subject in `{names.ANSWER_TO}`, where that header is given.",
            "reply": _reply({"location": f"$message.header#/{names.ANSWER_TO}"}),
        }
        operations[f"ask{name}"] = _operation("send", asked, name, summary) | {
            "description": "A NATS request: answered on the request's own reply subject.",
            "reply": _reply(None),
        }
    for name, event in EVENTS.items():
        operations[f"on{name}"] = _operation("receive", f"events.{event.context}.{name}", name, _summary(event))
    operations["deliver"] = _operation("receive", _OUT, ConsumerMessage.type_name(), _summary(ConsumerMessage))
    operations["onAnswer"] = _operation("receive", _ANSWERS, "Answer", "The answer to one submission.")
    return operations


def _operation(action: str, channel: str, message: str, summary: str) -> Json:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": summary,
        "messages": [{"$ref": f"#/channels/{channel}/messages/{message}"}],
    }


def _reply(address: Json | None) -> Json:
    reply: Json = {
        "channel": {"$ref": f"#/channels/{_REPLIES}"},
        "messages": [{"$ref": f"#/channels/{_REPLIES}/messages/Answer"}],
    }
    return reply | {"address": address} if address else reply


def _messages() -> Json:
    messages = {
        name: _message(model, headers)
        for models, headers in (
            (COMMANDS, "SubmissionHeaders"),
            (EVENTS, "EventHeaders"),
            ({ConsumerMessage.type_name(): ConsumerMessage}, "OutHeaders"),
        )
        for name, model in models.items()
    }
    messages["Answer"] = {
        "name": "Answer",
        "title": "Answer",
        "summary": "The answer to one submission.",
        "contentType": "application/json",
        "correlationId": {"location": "$message.payload#/id", "description": f"The submission's {names.ID}."},
        "payload": {"$ref": f"{_SCHEMAS}/Answer"},
    }
    return messages


def _message(model: type[Message], headers: str) -> Json:
    name = model.type_name()
    urn = names.schema_urn(model.context, name, model.schema_version)
    fixed: Json = {"properties": {names.TYPE: {"const": name}, names.SCHEMA: {"const": urn}}}
    if name in COMMANDS:
        fixed["properties"][names.ROLE] = {"enum": list(MAY[name])}
        if Role.CHANNEL not in MAY[name]:
            fixed["required"] = [names.ROLE]
    return {
        "name": name,
        "title": name,
        "summary": _summary(model),
        "contentType": "application/json",
        "correlationId": {"location": f"$message.header#/{names.ID}", "description": "The submission's or event's id."},
        "tags": [{"name": model.context}],
        "headers": {
            "type": "object",
            "allOf": [{"$ref": f"{_SCHEMAS}/{headers}"}, fixed],
        },
        "payload": {"$ref": f"{_SCHEMAS}/{name}"},
    }


def _schemas() -> Json:
    inputs = [_input(name, "validation", model) for name, model in COMMANDS.items()]
    inputs += [_input(name, "serialization", model) for name, model in EVENTS.items()]
    inputs.append(_input(ConsumerMessage.type_name(), "serialization", ConsumerMessage))
    inputs.append(_input("Answer", "serialization", Answer))
    _, found = TypeAdapter.json_schemas(inputs, ref_template=f"{_SCHEMAS}/{{model}}")
    schemas: Json = found["$defs"]
    for name in ("Answer", "Reason", "Stored"):
        # These have defaults for whoever makes an answer; whoever reads one always finds every field.
        schemas[name]["required"] = list(schemas[name]["properties"])
    return schemas | {
        "SubmissionHeaders": _submission_headers(),
        "EventHeaders": _event_headers(),
        "OutHeaders": _out_headers(),
    }


def _input(name: str, mode: JsonSchemaMode, model: type[Any]) -> tuple[str, JsonSchemaMode, TypeAdapter[Any]]:
    return name, mode, TypeAdapter(model)


def _submission_headers() -> Json:
    return _headers(
        {
            names.ID: _text("Yours to choose; the same id from the same source counts once.") | {"maxLength": 200},
            names.SOURCE: _text(f"A URI reference naming the adapter; not under {names.RESERVED_SOURCE}.")
            | {"maxLength": 200},
            names.TIME: _time("When it happened in the world; default: now. Not in the future."),
            names.ROLE: _text("In which role it is submitted.") | {"enum": list(Role), "default": Role.CHANNEL},
            names.ANSWER_TO: _text("Where to answer: a subject without wildcards.")
            | {"pattern": rf"^{names.ANSWERS.replace('.', '[.]')}([.][A-Za-z0-9_-]{{1,64}}){{1,8}}$"},
            names.MSG_ID: _text("JetStream's own check for repeated publishing; optional."),
        },
        required=[names.ID, names.SOURCE],
    )


def _event_headers() -> Json:
    return _headers(
        {
            names.ID: _text("`e` and the position.") | {"pattern": "^e[0-9]+$"},
            names.SOURCE: _text(f"{names.RESERVED_SOURCE}/<context>."),
            names.TIME: _time("When it happened in the world."),
            names.SUBJECT: _text("The case."),
            names.POSITION: _text("Its place in the log; an event seen twice has the same.") | {"pattern": "^[0-9]+$"},
        },
        required=[names.ID, names.SOURCE, names.TIME, names.SCHEMA, names.SUBJECT, names.POSITION],
    )


def _out_headers() -> Json:
    return _headers(
        {
            names.ID: _text("Of the event it tells of; a message delivered again has the same.")
            | {"pattern": "^e[0-9]+$"},
            names.SOURCE: _text(f"{names.RESERVED_SOURCE}/{ConsumerMessage.context}."),
            names.TIME: _time("When what it tells of happened."),
            names.SUBJECT: _text("The case."),
            names.CONSUMER: _text("The consumer's id."),
        },
        required=[names.ID, names.SOURCE, names.TIME, names.SCHEMA, names.SUBJECT, names.CONSUMER],
    )


def _headers(own: Json, *, required: list[str]) -> Json:
    common: Json = {
        names.SPEC: {"type": "string", "const": "1.0"},
        names.TYPE: _text("The last token of the subject."),
        names.SCHEMA: _text("urn:tereze:<context>:<Type>:<version>; another version is refused."),
        names.TRACEPARENT: _text("W3C Trace Context; ties the trace to the sender's."),
    }
    return {"type": "object", "properties": common | own, "required": [names.SPEC, names.TYPE, *required]}


def _text(description: str) -> Json:
    return {"type": "string", "description": description}


def _time(description: str) -> Json:
    return {"type": "string", "format": "date-time", "description": description}


def _summary(model: type[Message]) -> str:
    return (model.__doc__ or model.type_name()).strip().splitlines()[0]
