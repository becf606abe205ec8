"""`tereze what-if`: all history judged by another rule."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.cli.asking import database, told
from deploy.cli.options import HomeOption, JsonOption

if TYPE_CHECKING:
    from services.insight.proposal import Proposal
    from services.insight.whatif import WhatIf

_SHOWN = 20


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("what-if")(what_if)


def what_if(
    home: HomeOption,
    policy: Annotated[Path, typer.Option("--policy", metavar="FILE", help="Limits, norms and calendars, as TOML.")],
    first: Annotated[int, typer.Option("--first", min=0, help="How many clocks that flip are shown.")] = _SHOWN,
    as_json: JsonOption = False,
) -> None:
    """What if the limits had been others: judge all history anew, and compare it with what stands. Changes nothing.

    The file states policies as `tereze sla --by policy` names them, say: [[limits]] policy = "mail_answer.house",
    limit = "5 working days", in_force_from = 2026-03-01. All it may say is in docs/insight.md. --json tells all flips.

    Example: [bold]tereze what-if --policy five-days.toml[/bold]
    """
    import asyncio

    from deploy.cli.common import progress_bar
    from deploy.cli.whatif_view import Spool, what_if_tables
    from services.insight import whatif
    from services.insight.progress import Progress
    from shared.centre import centre
    from shared.settings import Settings

    timezone = Settings().timezone
    proposal = _read(policy, timezone)
    bar = progress_bar(shown=not as_json)
    spool = Spool(None if as_json else first)

    async def ask() -> WhatIf:
        task = bar.add_task("folding", total=None)

        def report(progress: Progress) -> None:
            rate = f"folding ({progress.rate:,.0f} events/s)"
            bar.update(task, completed=progress.done, total=progress.total, description=rate)

        async with database(home) as (pool, now):
            return await whatif.what_if(pool, centre(timezone), proposal, now=now, flipped=spool.add, report=report)

    with spool:
        with bar:
            found = asyncio.run(told(ask()))
        if as_json:
            spool.print_json(found, proposal)
        else:
            what_if_tables(found, proposal, spool, timezone)


def _read(path: Path, timezone: str) -> Proposal:
    from zoneinfo import ZoneInfo

    from deploy.problem import Problem
    from services.insight.proposal import ProposalError, parse

    try:
        return parse(path.read_text(encoding="utf-8"), ZoneInfo(timezone))
    except (OSError, UnicodeDecodeError) as error:
        raise Problem(f"--policy: {path} can't be read ({error})") from error
    except ProposalError as error:
        raise Problem(f"--policy: {path}: {error}") from error
