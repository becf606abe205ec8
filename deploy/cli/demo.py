"""`tereze demo`: a fortnight of a made-up centre, and the months after it, in a minute."""

from __future__ import annotations

from typing import Annotated

import typer

from deploy.cli.options import HomeOption


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)


def demo(
    home: HomeOption,
    cases: Annotated[int, typer.Option(min=10, max=5000, help="How many cases the fortnight brings.")] = 200,
    seed: Annotated[int, typer.Option(help="Another seed plays another fortnight.")] = 1,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the system running, to look around in it.")] = False,
) -> None:
    """Play a fortnight of a made-up centre, let the months pass, and show what the system makes of it.

    Starts a system of its own in the folder `demo` within the data folder, made anew each time; a system that runs in
    the data folder itself is left alone. The exit status is 0 only if every figure agrees with what was played.

    Example: [bold]tereze demo --keep[/bold]
    """
    from deploy.demo.run import demonstrate

    if not demonstrate(home, cases=cases, seed=seed, keep=keep):
        raise typer.Exit(1)
