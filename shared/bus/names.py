"""Subjects, streams and headers: every name on the bus, in one place."""

from __future__ import annotations

IN_STREAM = "TEREZE_IN"
EVENTS_STREAM = "TEREZE_EVENTS"
IN = "tereze.in"
ASK = "tereze.ask"
EVENTS = "tereze.events"
ANSWERS = "tereze.answers"
WAKE = "tereze.wake"

ID = "ce-id"
SOURCE = "ce-source"
TYPE = "ce-type"
TIME = "ce-time"
SPEC = "ce-specversion"
SCHEMA = "ce-dataschema"
SUBJECT = "ce-subject"
POSITION = "ce-position"
TRACEPARENT = "traceparent"
ANSWER_TO = "tereze-answer-to"
MSG_ID = "Nats-Msg-Id"

RESERVED_SOURCE = "/tereze"
"""Sources under this name are the services' own; nobody outside may claim one."""

BODY_LIMIT = 64 * 1024
"""Bytes. The longest valid submission is below 40 KiB; whatever is larger is refused before it is parsed."""


def submit_subject(context: str, type_name: str) -> str:
    return f"{IN}.{context}.{type_name}"


def ask_subject(context: str, type_name: str) -> str:
    return f"{ASK}.{context}.{type_name}"


def event_subject(context: str, type_name: str) -> str:
    return f"{EVENTS}.{context}.{type_name}"


def schema_urn(context: str, type_name: str, version: int) -> str:
    return f"urn:tereze:{context}:{type_name}:{version}"


def inbox_prefix(user: str) -> str:
    """Each NATS user has an inbox of its own, so that no one reads another's replies."""
    return f"_INBOX_{user}"
