"""Log lines of every process: to standard error, one line each, in one form."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from traceback import format_tb
from typing import Final

from .traceparent import parse

# What `extra=` may carry into a line. Anything else given there is left out: a name or a text put into
# a record by mistake does not reach the log.
_FIELDS: Final = ("case_id", "trace_id", "position", "outcome", "code")


class _Lines(logging.Formatter):
    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        given = [f"{name}={_one_line(value)}" for name in _FIELDS if (value := getattr(record, name, None)) is not None]
        line = " ".join([when, record.levelname, self._service, _one_line(record.getMessage()), *given])
        if record.exc_info and record.exc_info[1]:
            line += "\n" + _bare(record.exc_info[1])
        return line


def configure_logging(service: str, level: int = logging.INFO) -> None:
    """Send the process's log to standard error as `time level service message key=value…` lines.

    `case_id`, `trace_id`, `position`, `outcome` and `code` are added where given through `extra` (see
    `ids`). Messages hold codes and ids, never a personal value.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(_Lines(service))
    logging.basicConfig(level=level, handlers=[handler], force=True)


def ids(*, traceparent: str | None = None, case_id: str | None = None) -> dict[str, str]:
    """The `extra` of a log call that ties the line to its trace and its case."""
    context = parse(traceparent)
    found = {"trace_id": f"{context.trace_id:032x}"} if context else {}
    if case_id is not None:
        found["case_id"] = case_id
    return found


def _one_line(value: object) -> str:
    """A value from outside must not be able to write a log line of its own."""
    return " ".join(str(value).splitlines())


def _bare(error: BaseException) -> str:
    """Where it broke and on what kind of error, without the error's own text.

    The text of a failed validation or of a database error quotes the values it stumbled over.
    """
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    before = _bare(cause) + "\nwhich led to\n" if cause else ""
    code = getattr(error, "sqlstate", None) or getattr(error, "strerror", None)
    kind = f"{type(error).__module__}.{type(error).__qualname__}" + (f" ({code})" if code else "")
    return before + kind + "\n" + "".join(format_tb(error.__traceback__)).rstrip()
