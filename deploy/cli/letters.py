"""`tereze dead-letters`: what was rejected, sending it again, and deleting it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from deploy.cli.options import HomeOption, JsonOption

if TYPE_CHECKING:
    from rich.table import Table

    from deploy.home import State
    from shared.bus.deadletters import DeadLetters, LetterSummary

T = TypeVar("T")
_SHORTEST = 4
Number = Annotated[int, typer.Argument(metavar="N", help="The letter's number in the list.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    letters = typer.Typer(no_args_is_help=True, help="What was rejected: list it, show it, send it again, delete it.")
    letters.command("list")(list_)
    letters.command()(show)
    letters.command()(resend)
    letters.command()(delete)
    app.add_typer(letters, name="dead-letters")


def list_(
    home: HomeOption,
    context: Annotated[str | None, typer.Option(help="Only of this service.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also those already sent again.")] = False,
    after: Annotated[int, typer.Option(help="Only letters with a higher number.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List dead letters, oldest first, with the reasons.

    Example: [bold]tereze dead-letters list --context intake[/bold]
    """
    from zoneinfo import ZoneInfo

    import orjson

    from deploy.cli.terminal import terminal
    from shared.settings import Settings

    async def read(letters: DeadLetters, _: State) -> list[LetterSummary]:
        return await letters.list(context=context, resent=everything, after=after, limit=limit)

    found = _with_letters(home, read)
    if as_json:
        typer.echo(orjson.dumps(found).decode())
        return
    terminal().print(_table(found, ZoneInfo(Settings().timezone)) if found else "No dead letters.")


def _table(found: Sequence[LetterSummary], zone: tzinfo) -> Table:
    """What strangers sent is no markup, and must not stop the one command that shows it."""
    from rich.table import Table
    from rich.text import Text

    table = Table("n", "received", "service", "type", "source", "reasons")
    for one in found:
        reasons = "\n".join(f"{reason['code']} {reason['field']}".strip() for reason in one.reasons)
        told = (Text(cell) for cell in (one.context, one.type, one.source, reasons))
        table.add_row(str(one.id), f"{one.received_at.astimezone(zone):%Y-%m-%d %H:%M:%S}", *told)
    return table


def show(home: HomeOption, number: Number, as_json: JsonOption = False) -> None:
    """Show one letter as it was sent, personal data included.

    Example: [bold]tereze dead-letters show 7[/bold]
    """
    import orjson

    from deploy.cli.terminal import terminal
    from deploy.problem import Problem

    async def read(letters: DeadLetters, _: State) -> dict[str, Any]:
        content = await letters.open(number)
        if content is None:
            raise Problem(f"there is no dead letter {number}; see: tereze dead-letters list --all")
        body = content.body.decode("utf-8", "backslashreplace")
        reasons = (await letters.list(resent=True, after=number - 1, limit=1))[0].reasons
        return {"subject": content.subject, "headers": content.headers, "body": body, "reasons": reasons}

    letter = _with_letters(home, read)
    if as_json:
        typer.echo(orjson.dumps(letter).decode())
        return
    reasons = letter.pop("reasons")
    console = terminal()
    for name, value in letter.items():
        console.print(f"{name}:", value, markup=False, emoji=False)
    for one in reasons:
        field = f"  [{one['field']}]" if one["field"] else ""
        console.print(f"reason: {one['code']}: {one['message']}{field}", markup=False, emoji=False)


def resend(
    home: HomeOption,
    number: Number,
    data: Annotated[
        str | None, typer.Option(help="A corrected body as JSON, instead of the one that was sent.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Send one letter again, as it was or with a corrected body, and print the answer.

    Example: [bold]tereze dead-letters resend 7[/bold]
    """
    from deploy.problem import Problem
    from shared.bus import names
    from shared.bus.answers import Answer, Status
    from shared.bus.relay import connect

    async def again(letters: DeadLetters, state: State) -> Answer:
        import nats.errors

        content = await letters.open(number)
        if content is None:
            raise Problem(f"there is no dead letter {number}; see: tereze dead-letters list --all")
        body = content.body if data is None else data.encode()
        if content.subject.startswith(f"{names.EVENTS}."):
            # Every reader of the stream gets it once more; whoever had it knows it by its position.
            headers = {name: value for name, value in content.headers.items() if name != names.MSG_ID}
            client = await connect(state.nats_url, "admin")
            async with letters.resending(number):
                await client.jetstream().publish(content.subject, body, headers=headers)
            await client.drain()
            return Answer(Status.ACCEPTED, content.headers.get(names.ID, ""), content.subject.rpartition(".")[2])
        client = await connect(state.nats_url, "admin")
        try:
            subject = content.subject.replace(names.IN, names.ASK, 1)
            reply = await client.request(subject, body, timeout=15, headers=content.headers)
        except nats.errors.MaxPayloadError:
            raise Problem(f"--data: {len(body):,} bytes are more than the bus takes; shorten it") from None
        except (nats.errors.NoRespondersError, nats.errors.TimeoutError):
            raise Problem("no service answered; see `tereze status`, then resend") from None
        finally:
            await client.drain()
        answer = Answer.from_json(reply.data)
        if answer.status in {Status.ACCEPTED, Status.DUPLICATE}:
            await letters.mark_resent(number)
        return answer

    answer = _with_letters(home, again)
    if as_json:
        typer.echo(answer.to_json().decode())
    else:
        typer.echo(f"{answer.status}  {answer.type}  case {answer.case_id or '–'}")
        for reason in answer.reasons:
            typer.echo(f"  {reason.code}: {reason.message}  {reason.field}")
    if answer.status not in {Status.ACCEPTED, Status.DUPLICATE}:
        raise typer.Exit(1)


def delete(
    home: HomeOption,
    numbers: Annotated[list[int] | None, typer.Argument(metavar="[N]...", help="The letters' numbers.")] = None,
    naming: Annotated[
        list[str] | None,
        typer.Option(help="All in which this stands: an id, a phone, a name, as it was written. May be repeated."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Delete letters for good; of a person who asks to be forgotten, all that name them.

    Letters from outside go by themselves after TEREZE_DEAD_LETTERS_FOR_DAYS (30).

    Example: [bold]tereze dead-letters delete --naming c-2026-0001 --naming 7015550101[/bold]
    """
    import orjson

    from deploy.problem import Problem

    if not numbers and not naming:
        raise Problem("say which: their numbers, or --naming and what stands in them")
    if any(len(word.strip()) < _SHORTEST for word in naming or ()):
        raise Problem(f"--naming: give at least {_SHORTEST} characters; fewer stand in too many letters")

    async def gone(letters: DeadLetters, _: State) -> dict[str, object]:
        found = sorted({*(numbers or ()), *(await letters.naming(naming) if naming else ())})
        return {"deleted": await letters.delete(found), "numbers": found}

    done = _with_letters(home, gone)
    typer.echo(orjson.dumps(done).decode() if as_json else f"Letters deleted: {done['deleted']}")


def _with_letters(home: Path, work: Callable[[DeadLetters, State], Awaitable[T]]) -> T:
    import asyncio

    import asyncpg

    from deploy.home import running
    from shared.bus.deadletters import DeadLetters

    state = running(home)

    async def go() -> T:
        async with asyncpg.create_pool(state.database_url, min_size=1, max_size=2) as pool:
            return await work(DeadLetters(pool), state)

    return asyncio.run(go())
