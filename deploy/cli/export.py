"""`tereze export`: history for analysts, as a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from deploy.cli.asof import Asked, AsKnownOption, AsOfOption
from deploy.cli.options import HomeOption, JsonOption

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from services.insight.analysis.export import Exported, Format

T = TypeVar("T")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(export)


def export(
    home: HomeOption,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The file to write; one that is there is replaced.")],
    form: Annotated[str, typer.Option("--format", help="parquet, csv, ocel2 (SQLite) or xes.")] = "parquet",
    what: Annotated[
        str, typer.Option(help="events, clocks (judged), or a view: sla, effectiveness, review ...")
    ] = "events",
    as_of: AsOfOption = None,
    as_known: AsKnownOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write events or a view to a file, without what is personal; for the same position always the same bytes.

    ocel2 and xes are event logs for process mining; a view is written as parquet or csv. What the columns are is in
    docs/analysis.md.

    Example: [bold]tereze export --format xes --as-of 12000 cases.xes[/bold]
    """
    import asyncio
    from dataclasses import asdict

    from deploy.analysis import log_of_running
    from deploy.cli.common import progress_bar
    from services.insight.analysis import export as exporting
    from services.insight.analysis.log import cut_at

    chosen = _format(form)
    if what != exporting.EVENTS and chosen.holds_events_only:
        raise typer.BadParameter(f"{form} is for events; write {what} as parquet or csv", param_hint="--format")
    asked = Asked(as_of, as_known=as_known, home=home)
    log = log_of_running(home)
    with progress_bar(shown=not as_json) as bar:
        task = bar.add_task(f"exporting {what}", total=None)

        def report(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        async def write() -> Exported:
            async with log as connection:
                cut = await cut_at(connection, asked.stated(), as_known=as_known)
                return await exporting.export(connection, out, chosen, report, what=what, cut=cut)

        done = asyncio.run(_told(write(), out))
    if as_json:
        import json

        typer.echo(json.dumps(asdict(done)))
    else:
        typer.echo(f"{out}: {done.rows:,} rows of {done.events:,} events, as of position {done.position}")
        typer.echo(f"sha256 {done.sha256}")


async def _told(work: Coroutine[Any, Any, T], out: Path) -> T:
    """Turn what is expected to go wrong into a sentence for the user."""
    import asyncpg

    from deploy.problem import Problem
    from services.insight.folding import PoisonError
    from services.insight.positions import UnknownPositionError
    from services.insight.views import UnknownProjectionError

    try:
        return await work
    except UnknownProjectionError as error:
        raise Problem(f"--what: {error}; and events, clocks") from error
    except (UnknownPositionError, PoisonError) as error:
        raise Problem(str(error)) from error
    except (asyncpg.PostgresConnectionError, ConnectionError) as error:
        raise Problem(f"The database does not answer ({type(error).__name__}). See: tereze status") from error
    except OSError as error:
        raise Problem(f"{out} can't be written ({error}); name another file") from error


def _format(form: str) -> Format:
    from services.insight.analysis.export import Format

    if form not in set(Format):
        raise typer.BadParameter(f"{form!r} is none of: {', '.join(Format)}", param_hint="--format")
    return Format(form)
