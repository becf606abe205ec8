"""CloudEvents 1.0 in binary mode over NATS: attributes in `ce-*` headers, JSON in the body.

Header values are percent-encoded, as the CloudEvents NATS binding asks: raw Cyrillic in a header is
not portable between clients.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from urllib.parse import quote, unquote

from pydantic import ValidationError

from shared.bus import names
from shared.bus.answers import Reason
from shared.contracts import COMMANDS, EVENTS, Context, commands_of
from shared.contracts.base import STORED, Command, Message
from shared.contracts.values import Role

FUTURE_TOLERANCE = timedelta(minutes=5)
MAX_REASONS = 20
_CONTEXTS = frozenset(Context)
_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
_ASCII = frozenset(map(chr, range(0x21, 0x7F))) - {"%", '"'}


class Invalid(Exception):
    """The message cannot become a submission; `reasons` say why."""

    def __init__(self, *reasons: Reason) -> None:
        super().__init__(reasons[0].message)
        self.reasons = reasons


@dataclass(frozen=True, slots=True)
class Submission:
    """A checked message, ready to be decided on."""

    id: str
    message_id: str
    """Unique over all sources: what the inbox remembers."""
    fingerprint: bytes
    source: str
    role: Role | None
    """Who submitted it; None for another service's event."""
    type: str
    message: Message
    occurred_at: datetime
    traceparent: str | None


def encode_header(value: str) -> str:
    """Percent-encode what the binding does not allow bare."""
    return value if _ASCII.issuperset(value) else quote(value, safe="!#$&'()*+,-./:;<=>?@[]^_`{|}~")


def headers_of(
    command: type[Message],
    *,
    event_id: str,
    source: str,
    role: Role = Role.CHANNEL,
    time: datetime | None = None,
    traceparent: str | None = None,
) -> dict[str, str]:
    """The headers of a message of this type, for whoever publishes it."""
    headers = {
        names.SPEC: "1.0",
        names.ID: encode_header(event_id),
        names.SOURCE: encode_header(source),
        names.ROLE: role.value,
        names.TYPE: command.type_name(),
        names.SCHEMA: names.schema_urn(command.context, command.type_name(), command.schema_version),
        "content-type": "application/json",
    }
    if time is not None:
        headers[names.TIME] = time.isoformat()
    if traceparent is not None:
        headers[names.TRACEPARENT] = traceparent
    return headers


def parse_submission(subject: str, headers: Mapping[str, str] | None, body: bytes, now: datetime) -> Submission:
    """Check a message from outside, attribute by attribute, then its body against the contract.

    Raises:
        Invalid: with every reason that can be told at this stage.
    """
    head = headers or {}
    parts = subject.split(".")
    if len(parts) != 4 or parts[2] not in _CONTEXTS:
        raise Invalid(
            Reason("foreign_subject", f"{subject} is no submission subject; use {names.IN}.<context>.<Type>", "subject")
        )
    context, type_name = parts[2], parts[3]
    command = _command(context, type_name)
    id_, source = _identity(head, type_name)
    occurred_at = _time(head, now)
    stated = occurred_at.isoformat() if names.TIME in head else ""
    role = _role(head)
    _version(head, command)
    if len(body) > names.BODY_LIMIT:
        raise Invalid(
            Reason("too_large", f"the body has {len(body)} bytes, at most {names.BODY_LIMIT} are taken", "data")
        )
    return Submission(
        id=id_,
        message_id=f"{source} {id_}",
        # With the time as it was stated: a corrected time under an old id is another message, not a repeat.
        fingerprint=blake2b(body, digest_size=16, key=f"{type_name} {stated}".encode()[:64]).digest(),
        source=source,
        role=role,
        type=type_name,
        message=_payload(command, body),
        occurred_at=occurred_at,
        traceparent=head.get(names.TRACEPARENT),
    )


def parse_event(headers: Mapping[str, str], body: bytes) -> Submission:
    """Read an event that the relay published, as something to react to.

    Raises:
        Invalid: for an event of a newer release than this one: it is kept until this service knows it.
    """
    type_name = headers.get(names.TYPE, "")
    event = EVENTS.get(type_name)
    if event is None:
        raise Invalid(Reason("unknown_type", f"{type_name} is no event this release knows; update it", names.TYPE))
    _version(headers, event)
    try:
        message = event.model_validate_json(body, context=STORED)
    except ValidationError as error:
        raise Invalid(*_reasons(error, body)) from None
    position = headers[names.POSITION]
    return Submission(
        id=headers[names.ID],
        message_id=f"event/{position}",
        fingerprint=blake2b(position.encode(), digest_size=16).digest(),
        source=f"{names.RESERVED_SOURCE}/{event.context}",
        role=None,
        type=type_name,
        message=message,
        occurred_at=datetime.fromisoformat(headers[names.TIME]),
        traceparent=headers.get(names.TRACEPARENT),
    )


def _command(context: str, type_name: str) -> type[Command]:
    command = COMMANDS.get(type_name)
    if command is None or command.context != context:
        known = ", ".join(commands_of(context))
        hint = f"; {type_name} belongs to {command.context}" if command else ""
        raise Invalid(Reason("unknown_type", f"{context} does not take {type_name}{hint}; it takes: {known}", "type"))
    return command


def _identity(head: Mapping[str, str], type_name: str) -> tuple[str, str]:
    reasons: list[Reason] = []
    if head.get(names.SPEC) != "1.0":
        reasons.append(Reason("attribute_invalid", f"header {names.SPEC} must be 1.0", names.SPEC))
    id_, source = unquote(head.get(names.ID, "")), unquote(head.get(names.SOURCE, ""))
    for name, value in ((names.ID, id_), (names.SOURCE, source)):
        if not value:
            reasons.append(Reason("attribute_missing", f"header {name} is required", name))
        elif len(value) > 200 or not value.isprintable() or "\ufffd" in value:
            # U+FFFD stands for bytes that are no UTF-8: different ids would look the same.
            reasons.append(Reason("attribute_invalid", f"header {name} must be at most 200 printable characters", name))
    if " " in source:
        reasons.append(Reason("attribute_invalid", f"header {names.SOURCE} must be a URI reference", names.SOURCE))
    if source == names.RESERVED_SOURCE or source.startswith(f"{names.RESERVED_SOURCE}/"):
        reasons.append(
            Reason("forged_source", f"sources under {names.RESERVED_SOURCE} are the services' own", names.SOURCE)
        )
    stated = head.get(names.TYPE)
    if stated is None:
        reasons.append(Reason("attribute_missing", f"header {names.TYPE} is required", names.TYPE))
    elif stated != type_name:
        reasons.append(
            Reason("forged_type", f"header {names.TYPE} must be {type_name}, as the subject says", names.TYPE)
        )
    answer_to = head.get(names.ANSWER_TO)
    if answer_to is not None and not names.is_answer_subject(answer_to):
        message = f"header {names.ANSWER_TO} must be a subject under {names.ANSWERS}., without wildcards"
        reasons.append(Reason("attribute_invalid", message, names.ANSWER_TO))
    if reasons:
        raise Invalid(*reasons)
    return id_, source


def _role(head: Mapping[str, str]) -> Role:
    """Whoever states no role speaks for the consumer."""
    stated = unquote(head.get(names.ROLE, Role.CHANNEL))
    try:
        return Role(stated)
    except ValueError:
        known = ", ".join(Role)
        raise Invalid(
            Reason("invalid_role", f"header {names.ROLE} must be one of: {known}; or leave it out", names.ROLE)
        ) from None


def _time(head: Mapping[str, str], now: datetime) -> datetime:
    text = head.get(names.TIME)
    if text is None:
        return now
    try:
        moment = datetime.fromisoformat(unquote(text))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        message = f"header {names.TIME} must be an RFC 3339 time with an offset, e.g. 2026-03-02T09:30:00+05:00"
        raise Invalid(Reason("attribute_invalid", message, names.TIME))
    if moment > now + FUTURE_TOLERANCE:
        raise Invalid(
            Reason("in_the_future", f"header {names.TIME} lies in the future; it says when it happened", names.TIME)
        )
    if moment < _EARLIEST:
        raise Invalid(Reason("attribute_invalid", f"header {names.TIME} lies before 1900", names.TIME))
    return moment.astimezone(UTC)


def _version(head: Mapping[str, str], command: type[Message]) -> None:
    stated = head.get(names.SCHEMA)
    expected = names.schema_urn(command.context, command.type_name(), command.schema_version)
    if stated is not None and unquote(stated) != expected:
        raise Invalid(Reason("unknown_version", f"header {names.SCHEMA} must be {expected} or absent", names.SCHEMA))


def _payload(command: type[Command], body: bytes) -> Command:
    try:
        return command.model_validate_json(body)
    except ValidationError as error:
        raise Invalid(*_reasons(error, body)) from None


def _reasons(error: ValidationError, body: bytes) -> list[Reason]:
    found = error.errors(include_url=False, include_input=False, include_context=False)
    if found[0]["type"] == "json_invalid":
        try:
            body.decode()
        except UnicodeDecodeError as at:
            return [Reason("not_utf8", f"the body is not UTF-8 (byte {at.start})", "data")]
        return [Reason("broken_json", f"the body is not JSON: {found[0]['msg']}", "data")]
    return [
        Reason(f"schema_{one['type']}", one["msg"], ".".join(str(step) for step in one["loc"]))
        for one in found[:MAX_REASONS]
    ]
