"""Moments of the past on the command line: as corrected since, or as known then."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias, TypeVar

import typer

from deploy.cli.asking import moment

if TYPE_CHECKING:
    import asyncpg

    from services.insight.queries import AsOf

    Connection: TypeAlias = asyncpg.pool.PoolConnectionProxy[asyncpg.Record]

T = TypeVar("T")

AsOfOption = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="TIME|POSITION",
        help="As it stood then: a time (2026-03-02, 2026-03-02T09:30+05:00), by what had happened; or the position of "
        "an event in the log, by what had been recorded.",
    ),
]
AsKnownOption = Annotated[
    bool,
    typer.Option("--as-known", help="With --as-of TIME: by what had been recorded then, not by what came in since."),
]


async def by_any_id(connection: Connection, case_id: str, ask: Callable[[str], Awaitable[T]]) -> T:
    """Ask of a case; of a subscription's form, which is one under its number, by the id its sender knows, too."""
    from deploy.documents.read import number_of
    from services.insight.case_log import UnknownCaseError

    try:
        return await ask(case_id)
    except UnknownCaseError:
        number = await number_of(connection, case_id)
        if number is None or number == case_id:
            raise
        return await ask(number)


class Asked:
    """What `--as-of` and `--as-known` say, checked before anything is asked."""

    def __init__(self, as_of: str | None, *, as_known: bool, home: Path) -> None:
        """BadParameter or Problem: they don't go together, or can't be meant."""
        if as_known and as_of is None:
            raise typer.BadParameter(
                "says of which moment only with --as-of; add --as-of TIME", param_hint="--as-known"
            )
        self._home = home
        self._known = as_known
        self._position = int(as_of) if as_of is not None and as_of.isdecimal() else None
        self._at = None if self._position is not None else moment(as_of)
        if self._position is not None and self._position >= 1 << 63:
            raise typer.BadParameter(f"{as_of} is no position: none is so high", param_hint="--as-of")

    @property
    def past(self) -> bool:
        """Whether it is another moment than now."""
        return self._at is not None or self._position is not None

    async def of(self, connection: Connection, *views: str) -> AsOf | None:
        """The moment to ask these views of, or the log itself; None: now."""
        from services.insight.queries import AsOf, as_of_position
        from services.insight.views import projections
        from shared.settings import Settings

        if self._position is not None:
            asked = projections(Settings().timezone, views) if views else ()
            return await as_of_position(connection, self._position, asked)
        if self._at is None:
            return None
        self._known_by_then()
        return AsOf.known(self._at) if self._known else AsOf.corrected(self._at)

    def stated(self) -> int | datetime | None:
        """The position or the moment as it was given; None: neither."""
        if self._at is None:
            return self._position
        self._known_by_then()
        return self._at

    def _known_by_then(self) -> None:
        """Problem: what was recorded by then can't be told here."""
        from deploy.home import running
        from deploy.problem import Problem

        if self._known and running(self._home).clock_file:
            raise Problem(
                "--as-known: this system's clock can be moved, so what was recorded by a time of it can't be told; "
                "give --as-of a position (tereze case … --json names them)"
            )
