"""Where the servers are, from the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What a process of Tereze needs to know, as `TEREZE_…` variables.

    `nats_url` and `database_url` carry the process's own user, with that user's rights.
    """

    model_config = SettingsConfigDict(env_prefix="TEREZE_")

    home: Path = Path(".tereze")
    nats_url: str = ""
    database_url: str = ""
    timezone: str = "Asia/Almaty"
    """The centre's time zone: calendar days are counted in it."""
    messages_for_days: Annotated[float, Field(gt=0, le=90)] = 7.0
    """No message tells a consumer of what was recorded longer ago, and none waits longer for its channel's adapter."""
    dead_letters_for_days: Annotated[float, Field(gt=0, le=365)] = 30.0
    """A dead letter from outside is deleted after so long: nothing else ends what it says of a person (ADR 0004)."""
    approaching_percent: Annotated[int, Field(ge=1, le=99)] = 80
    """A deadline approaches once so much of the time given is used up."""
    digest_minutes: Annotated[int, Field(ge=1, le=24 * 60)] = 60
    """So often a manager is told at most of the deadlines that came near and passed."""
    alarms_for_days: Annotated[float, Field(gt=0, le=90)] = 1.0
    """Nobody is told of a deadline that had passed so long before it could be known: older records tell no news."""
    centre_file: Path | None = None
    """Opening hours, holidays and regimes of this centre; None: those of `shared/centre.toml`."""
