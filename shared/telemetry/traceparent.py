"""W3C Trace Context: the `traceparent` that messages and events carry."""

from __future__ import annotations

import re
from random import Random
from typing import Final

from opentelemetry.trace import SpanContext, TraceFlags

_FORM: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_UNSAMPLED: Final = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f][02468ace]")
_NO_TRACE: Final = "0" * 32
_NO_SPAN: Final = "0" * 16
# A generator of our own: seeding the global one, as simulations do, must not repeat trace ids.
_random: Final = Random()  # noqa: S311 - identifiers, not secrets


def parse(text: str | None) -> SpanContext | None:
    """The remote span that `text` names, or None where it is absent or malformed (never an error)."""
    found = _FORM.fullmatch(text) if text else None
    if found is None:
        return None
    version, trace_id, span_id, flags, more = found.groups()
    if version == "ff" or (version == "00" and more) or trace_id == _NO_TRACE or span_id == _NO_SPAN:
        return None
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)))


def is_unsampled(text: str) -> bool:
    """True where `text` is a plain traceparent whose sender decided not to record: to be handed on as it is."""
    # One pattern and nothing built: in a bulk import this is what almost every message costs.
    return _UNSAMPLED.fullmatch(text) is not None


def write(context: SpanContext) -> str:
    """`context` as a traceparent of version 00."""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"


def fresh_unsampled() -> str:
    """A new trace that nobody records; it says so to all who come after."""
    ids = _random.randbytes(24).hex()
    return f"00-{ids[:32]}-{ids[32:]}-00"
