"""What leaves for the consumer: one message, for the adapter of a channel to deliver (DOMAIN.md §3)."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from .base import PERSONAL_SCHEMA_KEY, Message, PersonalMark
from .values import Channel

OUT_CHANNELS = (Channel.PHONE, Channel.EMAIL, Channel.WEB, Channel.POST)
"""The channels that messages to consumers leave by."""
# As long as what is told: an answer, and the words around it.
Said = Annotated[str, PersonalMark(), Field(json_schema_extra={PERSONAL_SCHEMA_KEY: True})]


class Addressee(Message):
    """Who it is for: the name, and of the contacts those that the channel needs."""

    context: ClassVar[str] = "notify"

    name: Said | None = None
    phone: Said | None = None
    email: Said | None = None
    address: Said | None = None


class ConsumerMessage(Message):
    """A message to the consumer, for the adapter of `channel` to deliver as it is."""

    context: ClassVar[str] = "notify"

    case_id: str
    channel: Channel
    language: str
    """`kk`, `ru`, `en`: the language that the texts are in."""
    to: Addressee
    subject: Said
    text: Said
    event_type: str
    """The event that it tells of."""
