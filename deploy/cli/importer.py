"""`tereze import`: backfill history from a file."""

from __future__ import annotations

import asyncio
import json
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from deploy.cli.options import HomeOption, JsonOption

if TYPE_CHECKING:
    from deploy.backfill.resume import Rejects

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
    from deploy.backfill.flow import Backfill, Progress
    from deploy.backfill.resume import Bookmark, Mark, Rejects
    from deploy.backfill.rows import Columns, cases, read_table
    from deploy.cli.common import progress_bar
    from deploy.home import running
    from deploy.problem import Problem
    from shared.bus.client import Submitter
    from shared.contracts.values import Channel, Language, Role
    from shared.settings import Settings

    _among("--channel", Channel, channel)
    _among("--language", Language, language)
    state = running(home)
    mapped = Columns.parse(columns)
    table = read_table(file, mapped)
    bookmark = Bookmark(Path(state.home), file, mapped, f"{Channel(channel)} {Language(language)}")
    before = Mark() if restart else bookmark.read()
    start = before.rows
    written = rejects or (Path(before.rejects_file) if before.rejects_file else None)
    try:
        rejected = Rejects(written or file.with_name(f"{file.name}.rejects.csv"), before)
    except OSError as error:
        raise Problem(f"the rejects can't be written ({error}); name another file with --rejects") from error
    # Before the first row: whoever interrupts a restart must not find the end of the run before it.
    bookmark.write(rejected.mark(start))
    began = time.monotonic()

    async def go() -> Progress:
        with progress_bar(shown=not as_json) as bar:
            task = bar.add_task("importing", total=table.height, completed=start)
            saved = [0.0]

            def told(progress: Progress) -> None:
                bar.update(task, completed=start + progress.rows)
                if time.monotonic() - saved[0] > 1:
                    saved[0] = time.monotonic()
                    bookmark.write(rejected.mark(progress.done_before))

            async with Submitter(state.nats_url, "/import", Role.MANAGER) as submitter:
                backfill = Backfill(submitter, channel=channel, language=language, told=told, rejected=rejected.add)
                return await backfill.run(cases(table, ZoneInfo(Settings().timezone), skip=start), start)

    try:
        done = asyncio.run(go())
    finally:
        rejected.close()
    bookmark.write(rejected.mark(done.done_before))
    repeated = table.height - table["id"].n_unique()
    seconds = time.monotonic() - began
    summary = {
        "rows": table.height,
        "already_imported": start,
        "accepted": done.accepted,
        "duplicates": done.duplicates,
        "answered": done.answered,
        "repeated_ids": repeated,
        "rejected": rejected.count,
        "rejects_file": str(rejected.path) if rejected.count else None,
        "seconds": round(seconds, 1),
    }
    _tell(summary, rejected, as_json=as_json)
    if rejected.count:
        raise typer.Exit(1)


def _among(option: str, kind: type[StrEnum], value: str) -> None:
    from deploy.problem import Problem

    if value not in set(kind):
        raise Problem(f"{option}: {value!r} is not known; there are: {', '.join(kind)}")


def _tell(summary: dict[str, Any], rejected: Rejects, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(summary))
    else:
        for name, value in summary.items():
            if value is not None:
                typer.echo(f"  {name.replace('_', ' '):<17} {value}")
    if rejected.count:
        lost = f"; {rejected.lost} of them are no longer in there, --restart finds them" if rejected.lost else ""
        told = f"{rejected.count} rows of this file were rejected, see {rejected.path}{lost}"
        typer.echo(f"{told}. Correct them and import them.", err=True)
