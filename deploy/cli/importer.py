"""`tereze import`: backfill history from a file."""

from __future__ import annotations

import asyncio
import csv
import json
import time
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from deploy.cli.options import HomeOption, JsonOption

EXAMPLE = """
Backfill history as written requests, each received (and answered) when the file says.

The rows go through the bus and the intake service like any other message. Running the same import again
goes on where it stopped and changes nothing that is there. Rows that can't be taken go to a rejects file.

Example:

  tereze import cases.csv --columns id=number,received_at=opened,answered_at=closed,office=branch,topic=kind
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("import", help=EXAMPLE)(import_)


def import_(
    home: HomeOption,
    file: Annotated[Path, typer.Argument(help="A .csv or .parquet file with a header.")],
    columns: Annotated[
        str, typer.Option(help="field=column,…; fields: id, received_at, answered_at, office, topic, question")
    ],
    channel: Annotated[str, typer.Option(help="The channel the requests came by.")] = "post",
    language: Annotated[str, typer.Option(help="The language they were written in: kk, ru or en.")] = "kk",
    rejects: Annotated[Path | None, typer.Option(help="Where rejects go (default: FILE.rejects.csv).")] = None,
    restart: Annotated[bool, typer.Option(help="Begin with the first row, whatever was imported before.")] = False,
    as_json: JsonOption = False,
) -> None:
    from rich.console import Console

    from deploy.backfill.flow import Backfill, Progress
    from deploy.backfill.resume import Bookmark
    from deploy.backfill.rows import Columns, cases, read_table
    from deploy.cli.common import progress_bar
    from deploy.home import running
    from shared.bus.client import Submitter
    from shared.contracts.values import Channel, Language
    from shared.settings import Settings

    state = running(home)
    mapped = Columns.parse(columns)
    table = read_table(file, mapped)
    bookmark = Bookmark(Path(state.home), file, mapped, f"{Channel(channel)} {Language(language)}")
    start = 0 if restart else bookmark.read()
    began = time.monotonic()

    async def go() -> Progress:
        with progress_bar(shown=not as_json) as bar:
            task = bar.add_task("importing", total=table.height, completed=start)
            saved = [0.0]

            def told(progress: Progress) -> None:
                bar.update(task, completed=start + progress.rows)
                if time.monotonic() - saved[0] > 1:
                    saved[0] = time.monotonic()
                    bookmark.write(progress.done_before)

            async with Submitter(state.nats_url, "/import") as submitter:
                backfill = Backfill(submitter, channel=channel, language=language, told=told)
                return await backfill.run(cases(table, ZoneInfo(Settings().timezone), skip=start), start)

    done = asyncio.run(go())
    bookmark.write(done.done_before)
    repeated = table.height - table["id"].n_unique()
    rejects_file = rejects or file.with_name(f"{file.name}.rejects.csv")
    if done.rejects:
        with rejects_file.open("w", newline="", encoding="utf-8") as opened:
            writer = csv.writer(opened)
            writer.writerow(("row", "id", "code", "reason"))
            writer.writerows((one.row, one.id, one.code, one.reason) for one in done.rejects)
    seconds = time.monotonic() - began
    summary = {
        "rows": table.height,
        "already_imported": start,
        "accepted": done.accepted,
        "duplicates": done.duplicates,
        "answered": done.answered,
        "repeated_ids": repeated,
        "rejected": len(done.rejects),
        "rejects_file": str(rejects_file) if done.rejects else None,
        "seconds": round(seconds, 1),
    }
    if as_json:
        typer.echo(json.dumps(summary))
    else:
        console = Console()
        for name, value in summary.items():
            if value is not None:
                console.print(f"  {name.replace('_', ' '):<17} {value}")
    if done.rejects:
        raise typer.Exit(1)
