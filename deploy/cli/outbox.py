"""`tereze outbox`: what was written to consumers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.cli.options import HomeOption, JsonOption

if TYPE_CHECKING:
    from rich.table import Table


_RULE = 40


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(outbox)


def outbox(
    home: HomeOption,
    channel: Annotated[str | None, typer.Option(help="Only by this one: phone, email, web or post.")] = None,
    case: Annotated[str | None, typer.Option(help="Only about this case.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many, the last ones.")] = 20,
    text: Annotated[bool, typer.Option("--text", help="With their texts and addressees: personal data.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show the last messages to consumers, oldest first; adapters deliver them, and they are kept for some days.

    Example: [bold]tereze outbox --case c-2026-0001 --text[/bold]
    """
    import asyncio
    from zoneinfo import ZoneInfo

    import orjson

    from deploy.cli.terminal import terminal
    from deploy.home import running
    from deploy.outbox import last_messages
    from deploy.problem import Problem
    from shared.contracts.outgoing import OUT_CHANNELS
    from shared.settings import Settings

    if channel is not None and channel not in OUT_CHANNELS:
        raise Problem(f"--channel: {channel!r} is not known; there are: {', '.join(OUT_CHANNELS)}")
    state = running(home)
    found = asyncio.run(last_messages(state.nats_url, channel=channel, case_id=case, limit=limit))
    if as_json:
        typer.echo(orjson.dumps(found).decode())
        return
    console = terminal(highlight=False)
    zone = ZoneInfo(Settings().timezone)
    if not found:
        console.print("No messages.")
    elif text:
        for one in found:
            to = ", ".join(value for value in one["to"].values() if value)
            console.print("─" * _RULE)
            console.print(
                f"{_when(one, zone)}  {one['channel']}  {to}\n{one['subject']}\n\n{one['text']}", markup=False
            )
    else:
        console.print(_table(found, zone))


def _table(found: Sequence[dict[str, Any]], zone: tzinfo) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table("when", "channel", "in", "case", "event", "subject")
    for one in found:
        cells = (_when(one, zone), one["channel"], one["language"], one["case_id"], one["event_type"], one["subject"])
        table.add_row(*map(Text, cells))
    return table


def _when(one: dict[str, Any], zone: tzinfo) -> str:
    """In the centre's time, as everywhere else."""
    return f"{datetime.fromisoformat(one['time']).astimezone(zone):%Y-%m-%d %H:%M}"
