"""`tereze sla`, `effectiveness`, `rebuild`, `case`, `person`: what the event history says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.cli.asking import database, told
from deploy.cli.asof import Asked, AsKnownOption, AsOfOption, by_any_id
from deploy.cli.options import HomeOption, JsonOption

if TYPE_CHECKING:
    import asyncpg


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(sla)
    app.command()(effectiveness)
    app.command()(rebuild)
    app.command()(case)
    app.command()(person)


def sla(
    home: HomeOption,
    as_of: AsOfOption = None,
    as_known: AsKnownOption = False,
    office: Annotated[str | None, typer.Option(help="Only this office.")] = None,
    channel: Annotated[str | None, typer.Option(help="Only this channel, e.g. post.")] = None,
    topic: Annotated[str | None, typer.Option(help="Only this topic.")] = None,
    by: Annotated[str | None, typer.Option(help="Tell apart by: office, topic, owner or policy.")] = None,
    as_json: JsonOption = False,
) -> None:
    """How the limits are kept: per indicator and channel, how many were met, breached, or are open.

    What a day is, its policy says: a calendar day in the centre's time zone (TEREZE_TIMEZONE), or a working day by
    its opening hours and holidays (TEREZE_CENTRE_FILE). While the centre waits for the consumer a clock is paused.

    Example: [bold]tereze sla --as-of 2026-03-02 --by office[/bold]
    """
    import asyncio

    from deploy.cli.insight_view import nothing_matches, print_json, sla_table
    from services.insight import queries

    filters = {"office": office, "channel": channel, "topic": topic}
    group = _choice(queries.SlaGroup, by) if by is not None else None
    asked = Asked(as_of, as_known=as_known, home=home)

    async def ask() -> tuple[list[queries.SlaRow], dict[str, list[str]]]:
        async with database(home) as (pool, now), pool.acquire() as connection:
            rows = await queries.sla(connection, now=now, as_of=await asked.of(connection, "sla"), by=group, **filters)
            named = [] if rows else [name for name, value in filters.items() if value is not None]
            return rows, {name: await queries.sla_values(connection, name) for name in named}

    rows, known = asyncio.run(told(ask()))
    if as_json:
        print_json([_named(row, group) for row in rows])
    elif known:
        sought = {name: value for name, value in filters.items() if value is not None}
        typer.echo(nothing_matches(sought, known, past=asked.past))
    else:
        sla_table(rows, group)


def effectiveness(
    home: HomeOption,
    by: Annotated[
        str, typer.Option(help="Tell apart by: consultant, topic, form, office or channel; all together.")
    ] = "all",
    as_of: AsOfOption = None,
    as_known: AsKnownOption = False,
    as_json: JsonOption = False,
) -> None:
    """What consultations cost and what came of them; causes of dissatisfaction, ranked.

    Example: [bold]tereze effectiveness --by consultant[/bold]
    """
    import asyncio

    from deploy.cli.insight_view import effectiveness_tables, print_json
    from services.insight import queries

    group = _choice(queries.EffectivenessGroup, by)
    asked = Asked(as_of, as_known=as_known, home=home)

    async def ask() -> tuple[list[queries.EffectivenessRow], list[queries.CauseRow]]:
        async with database(home) as (pool, _), pool.acquire() as connection:
            at = await asked.of(connection, "effectiveness")
            return (
                await queries.effectiveness(connection, by=group, as_of=at),
                await queries.causes(connection, as_of=at),
            )

    rows, causes = asyncio.run(told(ask()))
    if as_json:
        from dataclasses import asdict

        named = None if group is queries.EffectivenessGroup.ALL else group
        print_json({"effectiveness": [_named(row, named) for row in rows], "causes": [asdict(row) for row in causes]})
    else:
        effectiveness_tables(rows, causes, group)


def rebuild(
    home: HomeOption,
    names: Annotated[list[str] | None, typer.Argument(help="Which projections; default: all.")] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Change nothing: compare live and rebuilt, row for row.")
    ] = False,
    anew: Annotated[
        bool, typer.Option("--anew", help="From the beginning, even where an earlier rebuild was stopped midway.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Build projections anew from the event store; readers see the old one until the new one is whole.

    Stop it with Ctrl-C whenever you like: the next rebuild goes on where this one was. `tereze status` shows how far
    it is, with rate and time left, whoever builds.

    Example: [bold]tereze rebuild sla --verify[/bold]
    """
    import asyncio

    from deploy.cli.common import progress_bar
    from deploy.cli.insight_view import differences_table, print_json
    from services.insight.progress import Progress
    from services.insight.projection import Projection
    from services.insight.rebuild import rebuild as build
    from services.insight.verify import verify as compare
    from services.insight.views import projections
    from shared.settings import Settings

    bar = progress_bar(shown=not as_json)

    async def one(pool: asyncpg.Pool[asyncpg.Record], projection: Projection) -> dict[str, Any]:
        task = bar.add_task(projection.name, total=None)

        def report(progress: Progress) -> None:
            rate = f"{projection.name} ({progress.rate:,.0f} events/s)"
            bar.update(task, completed=progress.done, total=progress.total, description=rate)

        result: dict[str, Any] = {"projection": projection.name, "version": projection.version}
        if verify:
            verdict = await compare(pool, projection, report)
            result |= {
                "events": verdict.events,
                "rows": verdict.rows,
                "differences": verdict.differences,
                "first": verdict.first,
            }
        else:
            progress = await build(pool, projection, report, anew=anew)
            result |= {"events": progress.done, "seconds": progress.elapsed_s, "events_per_second": progress.rate}
        return result

    async def every() -> list[dict[str, Any]]:
        async with database(home) as (pool, _):
            return [await one(pool, projection) for projection in projections(Settings().timezone, names or ())]

    with bar:
        results = asyncio.run(told(every()))
    differences = sum(result.get("differences", 0) for result in results)
    if as_json:
        print_json(results)
    elif verify:
        differences_table(results)
    if differences:
        typer.echo(f"{differences} rows differ. Put it right with: tereze rebuild", err=True)
        raise typer.Exit(1)


def case(
    home: HomeOption,
    case_id: Annotated[str, typer.Argument(metavar="ID", help="The case's id, from the answer to its first message.")],
    as_of: AsOfOption = None,
    as_known: AsKnownOption = False,
    as_json: JsonOption = False,
) -> None:
    """One case over all services: what happened when, and which deadlines were met and missed.

    Personal values are never shown: they are sealed in the store, and of who was forgotten nobody can read them.

    Example: [bold]tereze case c-2026-0001[/bold]
    """
    import asyncio
    from dataclasses import asdict

    from deploy.cli.case_view import case_tables
    from deploy.cli.insight_view import print_json
    from services.insight.timeline import Timeline, timeline
    from services.insight.views import projections
    from shared.settings import Settings

    timezone = Settings().timezone
    (projection,) = projections(timezone, ["sla"])

    asked = Asked(as_of, as_known=as_known, home=home)

    async def ask() -> Timeline:
        async with database(home) as (pool, now), pool.acquire() as connection:
            at = await asked.of(connection)
            return await by_any_id(
                connection, case_id, lambda known: timeline(connection, known, sla=projection, now=now, as_of=at)
            )

    found = asyncio.run(told(ask()))
    if as_json:
        print_json(asdict(found))
    else:
        case_tables(found, timezone)


def person(
    home: HomeOption,
    consumer_id: Annotated[
        str, typer.Argument(metavar="ID", help="The consumer's id; `tereze case` says whose it is.")
    ],
    as_json: JsonOption = False,
) -> None:
    """One person over all services: every record of theirs, merged ones included, and the cases of each.

    Who asks to be forgotten is forgotten under all of these. What they said is not shown.

    Example: [bold]tereze person c-2026-0001[/bold]
    """
    import asyncio
    from dataclasses import asdict

    from deploy.cli.case_view import person_tables
    from deploy.cli.insight_view import print_json
    from services.insight import persons
    from shared.settings import Settings

    async def ask() -> persons.Whole:
        async with database(home) as (pool, _), pool.acquire() as connection:
            return await persons.person(connection, consumer_id)

    found = asyncio.run(told(ask()))
    if as_json:
        print_json(asdict(found))
    else:
        person_tables(found, Settings().timezone)


def _named(row: Any, group: Any) -> dict[str, Any]:
    """A row as JSON: `group` under the name of what it is."""
    from dataclasses import asdict

    values = asdict(row)
    value = values.pop("group")
    return values if group is None else {str(group): value, **values}


def _choice(kind: Any, value: str) -> Any:
    if value not in set(kind):
        raise typer.BadParameter(f"{value!r} is none of: {', '.join(kind)}", param_hint="--by")
    return kind(value)
