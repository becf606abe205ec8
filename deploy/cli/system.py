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
    """Say of each part whether it is ready; the exit status is 0 once all are.

    Example: [bold]tereze status --json[/bold]
    """
    import json
    from dataclasses import asdict

    from deploy.home import find_running, running

    if as_json:
        state = find_running(home)
        parts = state.parts() if state else []
        ready = bool(parts) and all(part.ready for part in parts)
        typer.echo(
            json.dumps(
                {"home": str(home), "running": state is not None, "ready": ready, "parts": [asdict(p) for p in parts]}
            )
        )
        raise typer.Exit(0 if ready else 1)

    from rich.console import Console
    from rich.table import Table

    parts = running(home).parts()
    table = Table("part", "pid", "state")
    for part in parts:
        table.add_row(part.name, str(part.pid or "–"), "[green]ready" if part.ready else "[red]not ready")
    Console().print(table)
    late = [part.name for part in parts if not part.ready]
    if late:
        typer.echo(f"Not ready: {', '.join(late)}. Its log: {home}/logs/{late[0]}.log", err=True)
        raise typer.Exit(1)
