"""`tereze explain`: why a deadline's verdict is what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from deploy.cli.asking import database, told
from deploy.cli.asof import Asked, AsKnownOption, AsOfOption, by_any_id
from deploy.cli.options import HomeOption, JsonOption

if TYPE_CHECKING:
    from services.insight.explain import Explanation


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(explain)


def explain(
    home: HomeOption,
    case_id: Annotated[str, typer.Argument(metavar="CASE", help="The case's id.")],
    indicator: Annotated[str, typer.Argument(metavar="INDICATOR", help="Which limit, as `tereze case` names it.")],
    as_of: AsOfOption = None,
    as_known: AsKnownOption = False,
    as_json: JsonOption = False,
) -> None:
    """Why a limit was kept or not: the policy, the time counted day by day, each pause and move, and the verdict.

    A case may have several clocks of one indicator, as a complaint's rounds have: each is explained.

    Example: [bold]tereze explain c-2026-0001 mail_answer[/bold]
    """
    import asyncio
    from dataclasses import asdict

    from deploy.cli.explain_view import explanations
    from deploy.cli.insight_view import print_json
    from services.insight import explain as why
    from services.insight.views import projections
    from shared.settings import Settings

    timezone = Settings().timezone
    (projection,) = projections(timezone, ["sla"])
    asked = Asked(as_of, as_known=as_known, home=home)

    async def ask() -> list[Explanation]:
        async with database(home) as (pool, now), pool.acquire() as connection:
            at = await asked.of(connection)
            return await by_any_id(
                connection,
                case_id,
                lambda known: why.explain(connection, known, indicator, sla=projection, now=now, as_of=at),
            )

    found = asyncio.run(told(ask()))
    if as_json:
        print_json([asdict(one) for one in found])
    else:
        explanations(found, timezone)
