"""`tereze url`: where the bus is, for a program of one's own."""

from __future__ import annotations

from typing import Annotated

import typer

from deploy.cli.options import HomeOption


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(url)


def url(
    home: HomeOption,
    user: Annotated[
        str,
        typer.Argument(
            help="The bus user: adapter; channel, for a consumer's own messages only; replay, for consumers under "
            "test; or one of the services."
        ),
    ] = "adapter",
) -> None:
    """Print the NATS URL of a bus user, with its password: what a channel adapter connects to.

    Each user hears answers in an inbox of its own only, which the client must be told, or requests are refused:
    _INBOX_adapter for adapter, _INBOX_channel for channel, and so on: _INBOX_ and the user's name. In Python
    nats.connect(url, inbox_prefix=b"_INBOX_channel"), in Go nats.CustomInboxPrefix("_INBOX_channel").

    Example: [bold]NATS_URL=$(tereze url) python my_adapter.py[/bold]
    """
    from deploy.home import bus_url, running
    from deploy.problem import Problem
    from deploy.roles import BUS_USERS

    if user not in BUS_USERS:
        raise Problem(f"there is no bus user {user}; there are: {', '.join(sorted(BUS_USERS))}")
    typer.echo(bus_url(running(home), user))
