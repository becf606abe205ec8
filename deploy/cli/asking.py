"""How commands ask the read side: its database, moments from the command line, and what may go wrong in a sentence."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    import asyncpg

_YEARS = (1900, 9000)


@asynccontextmanager
async def database(home: Any) -> AsyncGenerator[tuple[asyncpg.Pool[asyncpg.Record], datetime]]:
    """The running system's database as the read side's role, which owns the projections; and its time."""
    from pathlib import Path

    import asyncpg

    from deploy.home import running
    from deploy.roles import database_role
    from shared.clock import MovableClock, SystemClock

    state = running(home)
    clock = MovableClock(Path(state.clock_file)) if state.clock_file else SystemClock()
    pool = await asyncpg.create_pool(
        state.database_url,
        min_size=1,
        max_size=3,
        command_timeout=600,
        server_settings={"application_name": "tereze-cli", "role": database_role("insight")},
    )
    async with pool:
        yield pool, clock.now()


async def told(work: Any) -> Any:
    """Turn what is expected to go wrong into a sentence for the user."""
    import asyncpg

    from deploy.problem import Problem
    from services.insight import (
        explain,
        persons,
        queries,
        rebuild,
        reports,
        sampled,
        standpoint,
        timeline,
        verify,
        views,
    )

    try:
        return await work
    except (
        explain.UnknownIndicatorError,
        persons.UnknownPersonError,
        queries.NotBuiltError,
        rebuild.BusyError,
        rebuild.IncompleteError,
        rebuild.PoisonError,
        reports.UnknownQuestionError,
        sampled.SampleError,
        standpoint.UnknownPositionError,
        timeline.UnknownCaseError,
        verify.NotBuiltError,
        views.UnknownProjectionError,
    ) as error:
        raise Problem(str(error)) from error
    except (OSError, asyncpg.PostgresConnectionError) as error:
        raise Problem(f"The database does not answer ({type(error).__name__}). See: tereze status") from error


def moment(text: str | None, option: str = "--as-of") -> datetime | None:
    """A time from the command line; without an offset it is the centre's time."""
    if text is None:
        return None
    from zoneinfo import ZoneInfo

    from deploy.problem import Problem
    from shared.settings import Settings

    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is not a time; write e.g. 2026-03-02 or 2026-03-02T09:30+05:00", param_hint=option
        ) from None
    at = at if at.tzinfo else at.replace(tzinfo=ZoneInfo(Settings().timezone))
    # The first and last years can't be reckoned with: in another zone, or a deadline later, they are none.
    if not _YEARS[0] <= at.year < _YEARS[1]:
        raise Problem(f"{option}: {text} is too far away; give a time from the year {_YEARS[0]} to {_YEARS[1] - 1}")
    return at
