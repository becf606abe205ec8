"""`tereze report` and `tereze review`: what analytics answers, and the pack for a management review."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.cli.asking import database, moment, told
from deploy.cli.asof import Asked, AsKnownOption, AsOfOption
from deploy.cli.options import HomeOption, JsonOption

if TYPE_CHECKING:
    from services.insight.pack import Pack
    from services.insight.reports import Row
    from services.insight.standpoint import Standpoint

FromOption = Annotated[str | None, typer.Option("--from", metavar="TIME", help="From this time on, e.g. 2026-01-01.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(report)
    app.command()(review)


def report(
    home: HomeOption,
    name: Annotated[str | None, typer.Argument(help="Which report; without a name they are listed.")] = None,
    by: Annotated[
        list[str] | None, typer.Option(help="Tell apart by this; may be repeated. `all`: by nothing.")
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Only what has this value, e.g. topic=housing; may be repeated."),
    ] = None,
    begin: FromOption = None,
    as_of: AsOfOption = None,
    as_known: AsKnownOption = False,
    as_json: JsonOption = False,
) -> None:
    """Answer a question about the history: a table, a plot, or data. Without a name: which questions there are.

    Of a position in the log the answer stays the same; of a moment it may change by what is told late.

    Example: [bold]tereze report effectiveness --by topic --from 2026-01-01[/bold]
    """
    import asyncio

    from deploy.cli.insight_view import print_json
    from deploy.cli.report_view import list_of_reports, report_tables
    from deploy.problem import Problem
    from services.insight import reports
    from services.insight.reports import REPORTS
    from services.insight.standpoint import Standpoint
    from services.insight.views import projections
    from shared.settings import Settings

    if name is None:
        if as_json:
            print_json([{"report": one.name, "question": one.question, "by": one.groups} for one in REPORTS.values()])
        else:
            list_of_reports(REPORTS.values())
        return
    question = REPORTS.get(name)
    if question is None:
        raise Problem(f"there is no report {name}; there are: {', '.join(REPORTS)}")
    told_apart = question.default if by is None else tuple(one for one in by if one != "all")
    chosen = _pairs(only or ())

    since, asked = moment(begin, "--from"), Asked(as_of, as_known=as_known, home=home)

    async def ask() -> tuple[list[Row], Standpoint]:
        async with database(home) as (pool, now), pool.acquire() as connection:
            at = await asked.of(connection, *(one.name for one in projections(Settings().timezone)))
            seen = Standpoint(now=now, since=since) if at is None else at.standpoint(since)
            return await reports.answer(connection, question, reports.Asked(seen, told_apart, chosen)), seen

    rows, seen = asyncio.run(told(ask()))
    if as_json:
        print_json(
            {"report": question.name, "question": question.question, "by": told_apart, "only": chosen}
            | {"now": seen.now, "since": seen.since, "position": seen.position, "rows": rows}
        )
    else:
        report_tables(question, told_apart, rows)


def review(
    home: HomeOption,
    begin: FromOption = None,
    end: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Until before this time.")] = None,
    as_of: AsOfOption = None,
    as_known: AsKnownOption = False,
    pdf: Annotated[
        Path | None, typer.Option("--pdf", metavar="FILE", help="Write the pack with all reports, ready to print.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """What a management review looks at: complaints, corrective actions, inspections, impact, topical issues.

    With --pdf or --json the whole pack, with the reports of `tereze report`. The same position and period give the
    same file, byte for byte.

    Example: [bold]tereze review --from 2026-01-01 --to 2026-04-01 --pdf review.pdf[/bold]
    """
    import asyncio

    from deploy.cli.insight_view import print_json
    from deploy.cli.review_view import review_tables
    from services.insight.pack import pack

    since, until = moment(begin, "--from"), moment(end, "--to")
    if since is not None and until is not None and until <= since:
        raise typer.BadParameter("is not after --from; give a later time", param_hint="--to")
    asked = Asked(as_of, as_known=as_known, home=home)

    async def ask() -> Pack:
        async with database(home) as (pool, now), pool.acquire() as connection:
            return await pack(connection, await asked.of(connection), clock=now, begin=since, end=until)

    found = asyncio.run(told(ask()))
    if pdf is not None:
        _write(found, pdf)
    if as_json:
        print_json(found.data())
    elif pdf is None:
        review_tables(found.review)
    else:
        if as_known:
            typer.echo(f"Written: {pdf}.")
            return
        since_when = "" if begin is None else f"--from {begin} "
        same = f"{since_when}--to {found.now.isoformat()} --as-of {found.position}"
        typer.echo(f"Written: {pdf}. The same again, whatever comes: {same}")


def _pairs(texts: list[str] | tuple[()]) -> dict[str, str]:
    """What `--only` says."""
    pairs: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not value:
            raise typer.BadParameter(f"{text!r} is not NAME=VALUE; write e.g. topic=housing", param_hint="--only")
        pairs[name] = value
    return pairs


def _write(found: Pack, pdf: Path) -> None:
    from deploy.documents.pack import draw
    from deploy.problem import Problem

    paper = draw(found)
    for field, characters in paper.unprintable.items():
        typer.echo(f"Warning: {' '.join(characters)} in {field!r} can't be printed; boxes stand there.", err=True)
    try:
        pdf.write_bytes(bytes(paper.output()))
    except OSError as error:
        raise Problem(f"--pdf: {pdf} can't be written ({error.strerror}); name a file in a folder of yours") from error
