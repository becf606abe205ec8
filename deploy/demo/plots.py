"""What one consultation of the demonstration is to be like: its channel, its end, and what comes months later."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, auto

from deploy.demo import words
from deploy.demo.twists import Twist
from shared.contracts.values import Channel, Language

PRESENT = (Channel.WALK_IN, Channel.PHONE, Channel.VOICE_MAIL)
CHANNELS = {Channel.WALK_IN: 34, Channel.PHONE: 26, Channel.VOICE_MAIL: 8, Channel.EMAIL: 18, Channel.WEB: 14}


class End(StrEnum):
    """How a consultation ends."""

    SATISFIED = auto()
    AFTER_ANOTHER = auto()
    AFTER_ANOTHER_LATE = auto()
    AS_AGREED = auto()
    AGREED_LATE = auto()
    AFTER_TWO_MORE = auto()
    NO_FOLLOW_UP = auto()
    NOT_ASSESSED = auto()
    NOT_HELD = auto()
    NO_DETAILS = auto()


ENDS = {
    End.SATISFIED: 50,
    End.AFTER_ANOTHER: 12,
    End.AFTER_ANOTHER_LATE: 7,
    End.AS_AGREED: 6,
    End.AGREED_LATE: 4,
    End.AFTER_TWO_MORE: 5,
    End.NO_FOLLOW_UP: 4,
    End.NOT_ASSESSED: 4,
    End.NOT_HELD: 4,
    End.NO_DETAILS: 4,
}
NEVER_BEGUN = frozenset({End.NOT_HELD, End.NO_DETAILS})


class Later(StrEnum):
    """When something due in months is done."""

    IN_TIME = auto()
    LATE = auto()
    NEVER = auto()


@dataclass(frozen=True, kw_only=True, slots=True)
class Plot:
    """What one consultation is to be like."""

    channel: Channel
    language: Language
    office: str
    topic: words.Topic
    prepared: bool
    """It must be prepared (3a-b), or the consumer must be present (3b-b)."""
    end: End
    effectiveness: Later
    effective: bool
    impact: Later
    details_late: bool
    plan_late: bool
    held_late: bool
    twist: Twist = Twist.NONE
