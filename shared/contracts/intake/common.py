"""What all of intake's messages share: who asks, and how they can be reached and recognised."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, StringConstraints, field_validator

from shared.contracts.base import LongId, PersonalText


class InIntake:
    """Mixed into every message: it is intake's."""

    context: ClassVar[str] = "intake"


class ContactKind(StrEnum):
    """What the information base may know of a consumer."""

    NAME = "name"
    PHONE = "phone"
    EMAIL = "email"
    ADDRESS = "address"
    IDENTIFIER = "identifier"
    """A personal or business identification number."""


BlindIndex = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9.+@_\-]{0,127}$")]
"""A contact's keyed hash: finds its owner, and says nothing to whoever lacks the installation's key."""


class Consumer(BaseModel):
    """Who asks, as far as the channel knows. Without any contact a written request is not considered (§4)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    consumer_id: LongId | None = None
    name: PersonalText | None = None
    phone: PersonalText | None = None
    email: PersonalText | None = None
    address: PersonalText | None = None
    identifier: PersonalText | None = None

    @field_validator("name", "phone", "email", "address", "identifier", mode="before")
    @classmethod
    def _left_empty(cls, value: object) -> object:
        """A form sends empty what was not filled in; nobody is turned away for that."""
        return None if isinstance(value, str) and not value.strip() else value


class Contact(BaseModel):
    """A way to recognise a consumer, without saying which."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: ContactKind
    index: BlindIndex
