"""Subjects, streams and headers: every name on the bus, in one place."""

from __future__ import annotations

import re

IN_STREAM = "TEREZE_IN"
EVENTS_STREAM = "TEREZE_EVENTS"
OUT_STREAM = "TEREZE_OUT"
ESCALATIONS = "escalations"
"""The durable on the stream of events from which an adapter takes managers' digests."""
REPLAY_STREAM = "TEREZE_REPLAY"
IN = "tereze.in"
ASK = "tereze.ask"
EVENTS = "tereze.events"
OUT = "tereze.out"
REPLAY = "tereze.replay"
ANSWERS = "tereze.answers"
WAKE = "tereze.wake"

ID = "ce-id"
SOURCE = "ce-source"
TYPE = "ce-type"
TIME = "ce-time"
SPEC = "ce-specversion"
SCHEMA = "ce-dataschema"
SUBJECT = "ce-subject"
ROLE = "ce-role"
POSITION = "ce-position"
TRACEPARENT = "traceparent"
ANSWER_TO = "tereze-answer-to"
MSG_ID = "Nats-Msg-Id"
CONSUMER = "tereze-consumer"
"""Whom a message to a consumer is for, by id: what is left of it in the stream goes when they are forgotten."""

RESERVED_SOURCE = "/tereze"
"""Sources under this name are the services' own; nobody outside may claim one."""

_ANSWER_SUBJECT = re.compile(rf"{re.escape(ANSWERS)}(\.[A-Za-z0-9_-]{{1,64}}){{1,8}}")
_REPLY_SUBJECT = re.compile(r"_INBOX[A-Za-z0-9_-]{0,64}(\.[A-Za-z0-9_-]{1,64}){1,8}")

BODY_LIMIT = 64 * 1024
"""Bytes. The longest valid submission is below 40 KiB; whatever is larger is refused before it is parsed."""


def submit_subject(context: str, type_name: str) -> str:
    return f"{IN}.{context}.{type_name}"


def ask_subject(context: str, type_name: str) -> str:
    return f"{ASK}.{context}.{type_name}"


def event_subject(context: str, type_name: str) -> str:
    return f"{EVENTS}.{context}.{type_name}"


def out_subject(channel: str) -> str:
    return f"{OUT}.{channel}"


def replay_subject(name: str, context: str, type_name: str) -> str:
    return f"{REPLAY}.{name}.{context}.{type_name}"


def schema_urn(context: str, type_name: str, version: int) -> str:
    return f"urn:tereze:{context}:{type_name}:{version}"


def inbox_prefix(user: str) -> str:
    """Each NATS user has an inbox of its own, so that no one reads another's replies."""
    return f"_INBOX_{user}"


def is_answer_subject(address: str) -> bool:
    """Whether a submission may name `address` in `tereze-answer-to`: under `tereze.answers`, no wildcards."""
    return _ANSWER_SUBJECT.fullmatch(address) is not None


def is_reply_subject(address: str) -> bool:
    """Whether a request may be answered there: in an inbox or under `tereze.answers`, and nowhere else.

    A service has rights that a requester has not; it must not publish for them wherever they say.
    """
    return _REPLY_SUBJECT.fullmatch(address) is not None or is_answer_subject(address)
