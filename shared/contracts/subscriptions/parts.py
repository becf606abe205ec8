"""What several messages of press subscriptions are made of."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from ..base import Tiyn

PublicationIndex = Annotated[str, StringConstraints(pattern=r"^[0-9]{5}$")]
Months = Annotated[int, Field(ge=1, le=12)]
Copies = Annotated[int, Field(ge=1, le=100_000)]
IssuesAMonth = Annotated[int, Field(ge=0, le=31)]
DayOfMonth = Annotated[int, Field(ge=1, le=31, description="31 is the month's last day, whichever it is")]
# What a day took less what it paid back: a day of refunds is below zero.
TiynBalance = Annotated[int, Field(ge=-(10**15), le=10**15, description="money in tiyn; below zero: paid out")]


class OfSubscriptions:
    """A message of this service."""

    context: ClassVar[str] = "subscriptions"


class Part(BaseModel):
    """A part of a message: frozen, and of known fields only."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TermPrice(Part):
    """The price of one term in both zones, in tiyn."""

    months: Months
    city: Tiyn
    rural: Tiyn
