"""`tereze replay`: history once more, for consumers under test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from deploy.cli.asking import moment
from deploy.cli.options import HomeOption, JsonOption

if TYPE_CHECKING:
    from pathlib import Path

    from deploy.replay import Replayed, Report, Span

_INTERRUPTED = 130
"""What a shell says of a program that Ctrl-C ended."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(replay)


def replay(
    home: HomeOption,
    begin: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="What happened from this time on, e.g. 2026-03-02.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="TIME", help="What happened before this time.")] = None,
    speed: Annotated[
        float, typer.Option(metavar="FACTOR", help="So many times as fast as it happened; 3600 is an hour a second.")
    ] = 1.0,
    name: Annotated[str, typer.Option(help="Names the subjects: tereze.replay.NAME.<context>.<Type>.")] = "trial",
    as_json: JsonOption = False,
) -> None:
    """Publish history once more, for consumers under test: to tereze.replay.NAME.>, in its order and at its pace.

    Nothing that is in use hears it. Events are as they were published first: what is personal is sealed. They stay in
    the stream TEREZE_REPLAY for a day; a consumer connects with the URL of: tereze url replay. Ctrl-C ends it cleanly.

    Example: [bold]tereze replay --from 2026-03-02 --to 2026-03-03 --speed 3600[/bold]
    """
    import asyncio
    import json
    from dataclasses import asdict

    from deploy.cli.common import progress_bar
    from deploy.problem import Problem
    from deploy.replay import Span, is_name

    if not is_name(name):
        raise Problem(f"--name: {name!r} can't be part of a subject; use letters, digits, - and _, at most 32")
    if not 0 < speed < float("inf"):
        raise Problem(f"--speed: {speed:g} is no pace; give a number above 0, e.g. 3600 for an hour a second")
    span = Span(moment(begin, "--from"), moment(end, "--to"))
    if span.begin is not None and span.end is not None and span.end <= span.begin:
        raise Problem("--to is not after --from; give a later time")
    with progress_bar(shown=not as_json) as bar:
        task = bar.add_task(f"replaying to tereze.replay.{name}.>", total=None)
        done = asyncio.run(
            _replayed(
                home,
                name,
                span,
                speed,
                lambda total: bar.update(task, total=total),
                lambda events: bar.update(task, completed=events),
            )
        )
    if as_json:
        typer.echo(json.dumps(asdict(done)))
    else:
        how = "Replayed" if done.whole else "Stopped after"
        last = f", the last from position {done.position}" if done.events else ""
        typer.echo(f"{how} {done.events:,} events{last}.")
    if not done.whole:
        raise typer.Exit(_INTERRUPTED)


async def _replayed(home: Path, name: str, span: Span, speed: float, counted: Report, report: Report) -> Replayed:
    import asyncio
    import signal

    import asyncpg
    import nats.errors
    import nats.js.errors

    from deploy.home import bus_url, running
    from deploy.problem import Problem
    from deploy.replay import Replay, count
    from deploy.roles import database_role
    from shared.bus.connection import connect

    state = running(home)
    settings = {"application_name": "tereze-replay", "role": database_role("insight")}
    try:
        async with asyncpg.create_pool(state.database_url, min_size=1, max_size=2, server_settings=settings) as pool:
            client = await connect(bus_url(state, "replay"), "replay")
            going = Replay(pool, client, name, speed=speed)
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, going.stop)
            counted(await count(pool, span))
            try:
                return await going.run(span, report)
            finally:
                await client.close()
    except nats.js.errors.NoStreamResponseError as error:
        raise Problem("the stream TEREZE_REPLAY is not there yet; restart: tereze down, tereze up") from error
    except (nats.errors.Error, nats.js.errors.Error, TimeoutError) as error:
        raise Problem(f"the bus does not take it ({type(error).__name__}: {error}). See: tereze status") from error
    except (OSError, asyncpg.PostgresConnectionError) as error:
        raise Problem(f"the database does not answer ({type(error).__name__}). See: tereze status") from error
