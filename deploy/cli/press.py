"""`tereze ps1`, `day`, `delivery-list`: the documents of press subscriptions, on screen, as PDF and as data."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from deploy.cli.options import HomeOption, JsonOption

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    import asyncpg

    from deploy.documents.paper import Paper

T = TypeVar("T")
PdfOption = Annotated[Path | None, typer.Option("--pdf", metavar="FILE", help="Write it as PDF, ready to print.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(ps1)
    app.command()(day)
    app.command("delivery-list")(delivery_list)


def ps1(
    home: HomeOption,
    abonement: Annotated[
        str, typer.Argument(metavar="ABONEMENT", help="The form's number, from its answer, or the id it was sent with.")
    ],
    pdf: PdfOption = None,
    as_json: JsonOption = False,
) -> None:
    """Form PS-1 with its delivery card, and what became of it. Shows the subscriber's name and address.

    Example: [bold]tereze ps1 po-north-1.2026.000001 --pdf form.pdf[/bold]
    """
    from deploy.cli.press_view import abonement_data, abonement_table
    from deploy.documents import ps1 as document
    from deploy.documents import read
    from deploy.problem import Problem

    async def asked(pool: asyncpg.Pool[asyncpg.Record], zone: ZoneInfo) -> read.Abonement | None:
        found = await read.abonement(pool, abonement, zone)
        if found is None and (number := await read.number_of(pool, abonement)):
            found = await read.abonement(pool, number, zone)
        return found

    found = _ask(home, asked)
    if found is None:
        raise Problem(
            f"no form has the number or the id {abonement}; the number is the case in the answer to AcceptSubscription"
        )
    _show(pdf, lambda: document.draw(found), as_json, lambda: abonement_data(found), lambda: abonement_table(found))


def day(
    home: HomeOption,
    facility: Annotated[str, typer.Argument(metavar="FACILITY", help="The post office.")],
    on: Annotated[str, typer.Argument(metavar="DATE", help="The operating day, e.g. 2026-03-02.")],
    pdf: PdfOption = None,
    as_json: JsonOption = False,
) -> None:
    """The extended protocol of an operating day: totals, cards by index and term, every difference, the signature.

    Example: [bold]tereze day po-north-1 2026-03-02 --pdf protocol.pdf[/bold]
    """
    from datetime import date

    from deploy.cli.press_view import protocol_data, protocol_tables
    from deploy.documents import day as document
    from deploy.documents import read
    from deploy.problem import Problem

    try:
        when = date.fromisoformat(on)
    except ValueError:
        raise Problem(f"{on!r} is not a date; write e.g. 2026-03-02") from None
    found = _ask(home, lambda pool, zone: read.day(pool, facility, when, zone))
    if found is None:
        raise Problem(f"{facility} had no operating day on {on}; see: tereze sla --by office")
    _show(pdf, lambda: document.draw(found), as_json, lambda: protocol_data(found), lambda: protocol_tables(found))


def delivery_list(
    home: HomeOption,
    month: Annotated[str, typer.Argument(metavar="MONTH", help="Which month's deliveries, e.g. 2026-04.")],
    index: Annotated[str | None, typer.Option(help="Only this publication.")] = None,
    system: Annotated[str | None, typer.Option(help="Only this distribution system: card or address.")] = None,
    point: Annotated[str | None, typer.Option(help="Only this intermediate point or carrier.")] = None,
    pdf: PdfOption = None,
    as_json: JsonOption = False,
) -> None:
    """What is delivered in a month, where to: by intermediate point (card system) or carrier, then by address.

    Shows subscribers' names and addresses.

    Example: [bold]tereze delivery-list 2026-04 --system card --pdf lists.pdf[/bold]
    """
    import re

    from deploy.cli.press_view import deliveries_data, deliveries_tables
    from deploy.documents import delivery as document
    from deploy.documents import read
    from deploy.problem import Problem

    if not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", month):
        raise Problem(f"{month!r} is not a month; write e.g. 2026-04")
    if system not in {None, "card", "address"}:
        raise Problem(f"--system: {system!r} is none of: card, address")
    everything = _ask(home, lambda pool, zone: read.delivery_list(pool, month, zone, index=index))
    found = [one for one in everything if system in {None, one.distribution} and point in {None, one.point}]
    _show(pdf, lambda: document.draw(month, found), as_json, lambda: deliveries_data(found),
          lambda: deliveries_tables(month, found))  # fmt: skip


def _ask(home: Path, question: Callable[[asyncpg.Pool[asyncpg.Record], ZoneInfo], Awaitable[T]]) -> T:
    """Ask the running system's database as its owner: whoever may open what is sealed."""
    import asyncio
    from zoneinfo import ZoneInfo

    import asyncpg

    from deploy.home import running
    from deploy.problem import Problem
    from shared.settings import Settings

    async def asked() -> T:
        state = running(home)
        pool = asyncpg.create_pool(
            state.database_url, min_size=1, max_size=2, server_settings={"application_name": "tereze-cli"}
        )
        async with pool as opened:
            return await question(opened, ZoneInfo(Settings().timezone))

    try:
        return asyncio.run(asked())
    except (OSError, asyncpg.PostgresConnectionError) as error:
        raise Problem(f"The database does not answer ({type(error).__name__}). See: tereze status") from error


def _show(
    pdf: Path | None,
    draw: Callable[[], Paper],
    as_json: bool,
    data: Callable[[], Any],
    tables: Callable[[], None],
) -> None:
    """As asked for: on paper, as data, or on screen."""
    from deploy.problem import Problem

    if pdf is not None:
        paper = draw()
        for field, characters in paper.unprintable.items():
            typer.echo(f"Warning: {' '.join(characters)} in {field!r} can't be printed; boxes stand there.", err=True)
        try:
            pdf.write_bytes(bytes(paper.output()))
        except OSError as error:
            raise Problem(
                f"--pdf: {pdf} can't be written ({error.strerror}); name a file in a folder of yours"
            ) from error
    if as_json:
        from deploy.cli.insight_view import print_json

        print_json(data())
    elif pdf is None:
        tables()
    else:
        typer.echo(f"Written: {pdf}")
