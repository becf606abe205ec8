"""`tereze overdue`: what is late now, and what is about to be."""

from __future__ import annotations

from typing import Annotated

import typer

from deploy.cli.asking import database, told
from deploy.cli.asof import Asked, AsKnownOption, AsOfOption
from deploy.cli.options import HomeOption, JsonOption


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(overdue)


def overdue(
    home: HomeOption,
    office: Annotated[str | None, typer.Option(help="Only this office.")] = None,
    owner: Annotated[str | None, typer.Option(help="Only what this person answers for.")] = None,
    show: Annotated[int, typer.Option(min=0, help="So many cases by name, the longest overdue first.")] = 10,
    as_of: AsOfOption = None,
    as_known: AsKnownOption = False,
    as_json: JsonOption = False,
) -> None:
    """What is overdue, and what approaches its due moment: by owner and indicator, and the worst cases.

    A deadline approaches once 80 % of its time is used up (TEREZE_APPROACHING_PERCENT). While the centre waits for
    the consumer, nothing is overdue that was not so before.

    Example: [bold]tereze overdue --office north[/bold]
    """
    import asyncio
    from dataclasses import asdict

    from deploy.cli.insight_view import print_json
    from deploy.cli.overdue_view import groups_of, overdue_tables
    from services.insight.queries.overdue import DueClock
    from services.insight.queries.overdue import overdue as look
    from shared.settings import Settings

    asked = Asked(as_of, as_known=as_known, home=home)

    async def ask() -> list[DueClock]:
        async with database(home) as (pool, now), pool.acquire() as connection:
            at = await asked.of(connection, "sla")
            return await look(connection, now=now, as_of=at, office=office, owner=owner)

    found = asyncio.run(told(ask()))
    if as_json:
        print_json({"groups": [asdict(one) for one in groups_of(found)], "clocks": [asdict(one) for one in found]})
    else:
        overdue_tables(found, show, Settings().timezone)
