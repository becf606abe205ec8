"""`tereze up`, `down`, `status`: the system as a whole."""

from __future__ import annotations

from typing import Annotated

import typer

from deploy.cli.options import HomeOption, JsonOption


def register(app: typer.Typer) -> None:
    app.command()(up)
    app.command()(down)
    app.command()(status)


def up(
    home: HomeOption,
    detach: Annotated[bool, typer.Option("--detach", help="Return when all is ready and leave it running.")] = False,
    movable_clock: Annotated[
        bool, typer.Option("--movable-clock", help="Let time be moved (demonstrations and tests only).")
    ] = False,
) -> None:
    """Start everything and stay; Ctrl-C stops it.

    Embedded NATS and PostgreSQL are used unless TEREZE_NATS_URL / TEREZE_DATABASE_URL name others.

    Example: [bold]tereze up --detach[/bold]
    """
    from deploy.run import run_attached, run_detached

    (run_detached if detach else run_attached)(home, movable_clock=movable_clock)


def down(home: HomeOption) -> None:
    """Stop the running system, and whatever a killed one left behind.

    Example: [bold]tereze down[/bold]
    """
    from deploy.run import stop_running

    typer.echo(stop_running(home))


def status(home: HomeOption, as_json: JsonOption = False) -> None:
    """Say of each part whether it is ready, how far its readers are behind, and what waits or was set aside.

    The exit status is 0 once every part is ready.

    Example: [bold]tereze status --json[/bold]
    """
    import asyncio

    from deploy.home import find_running, running

    state = find_running(home) if as_json else running(home)
    parts = state.parts() if state else []
    late = [part.name for part in parts if not part.ready]
    ready = bool(parts) and not late
    if state is None:
        found = None
    else:
        from deploy.health import health

        found = asyncio.run(health(state))
    if as_json:
        import json
        from dataclasses import asdict

        document = {
            "home": str(home),
            "running": state is not None,
            "ready": ready,
            "parts": [asdict(part) for part in parts],
            "health": None if found is None else asdict(found),
        }
        typer.echo(json.dumps(document))
    else:
        from deploy.cli.health_view import health_tables, parts_table
        from deploy.cli.terminal import terminal

        console = terminal()
        console.print(parts_table(parts))
        if found is not None:
            console.print(*health_tables(found), sep="\n")
    if late:
        typer.echo(
            f"Not ready: {', '.join(late)}. What died is started again by itself; if it stays so, read "
            f"{home}/logs/{late[0]}.log, then: tereze down, tereze up",
            err=True,
        )
    if not ready:
        raise typer.Exit(1)
