"""What a submitter is told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import orjson


class Status(StrEnum):
    """The four answers to a submission."""

    ACCEPTED = "accepted"
    """Its events are in the store."""
    DUPLICATE = "duplicate"
    """They already were: the same id was accepted before."""
    REJECTED = "rejected"
    """The message is invalid or a rule forbids it; `reasons` say why. Nothing was stored but a dead letter."""
    CONFLICT = "conflict"
    """The id was used for another message, or others kept changing the same case. Nothing was stored."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why not: `code` for machines, `message` for people, `field` where one is to blame."""

    code: str
    message: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class Stored:
    """An event that a submission led to."""

    type: str
    """Empty for a duplicate: it is told where its events are, not what they were."""
    position: int
    case_id: str = ""
    """The case it belongs to: of a form PS-1, its number."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one submission, under the submission's own id."""

    status: Status
    id: str
    type: str
    case_id: str = ""
    events: tuple[Stored, ...] = ()
    reasons: tuple[Reason, ...] = ()

    def to_json(self) -> bytes:
        return orjson.dumps(self)

    @staticmethod
    def from_json(data: bytes) -> Answer:
        """Read an answer as it came over the bus."""
        raw = orjson.loads(data)
        return Answer(
            status=Status(raw["status"]),
            id=raw["id"],
            type=raw["type"],
            case_id=raw["case_id"],
            events=tuple(Stored(**event) for event in raw["events"]),
            reasons=tuple(Reason(**reason) for reason in raw["reasons"]),
        )
