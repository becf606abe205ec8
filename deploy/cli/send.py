"""`tereze send`: submit one message, and see the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from deploy.cli.options import HomeOption, JsonOption

if TYPE_CHECKING:
    from shared.bus.answers import Answer

EXAMPLE = """
Submit one message and print the answer: accepted, duplicate, rejected or conflict.

TYPE is one of the types that `tereze contract` lists. Sending again with the same --id has no second effect.
The exit status is 0 for accepted and duplicate.

Example:

  tereze send ReceiveWrittenRequest --data '{"channel": "web", "language": "en", "office": "north",
  "question": "When do you open?", "consumer": {"email": "a@example.org"}}'

What only the centre's staff may submit takes the role of somebody who may:

  tereze send PlanConsultation --role consultant --data @plan.json
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("send", help=EXAMPLE)(send)


def send(
    home: HomeOption,
    type_name: Annotated[str, typer.Argument(metavar="TYPE", help="What is submitted.")],
    data: Annotated[str, typer.Option(help="The message as JSON; @FILE reads it from a file, - from standard input.")],
    event_id: Annotated[str | None, typer.Option("--id", help="The message's id (default: a new one).")] = None,
    time: Annotated[str | None, typer.Option(help="When it happened, with an offset (default: now).")] = None,
    source: Annotated[str, typer.Option(help="Who sends it.")] = "/command-line",
    role: Annotated[str, typer.Option(help="In which role, e.g. consultant.")] = "channel",
    as_json: JsonOption = False,
) -> None:
    import asyncio
    import sys
    from datetime import datetime
    from pathlib import Path
    from uuid import uuid4

    import nats.errors

    from deploy.home import running
    from deploy.problem import Problem
    from shared.bus.answers import Status
    from shared.bus.client import NoAnswerError, Submitter
    from shared.contracts import COMMANDS
    from shared.contracts.values import Role

    if type_name not in COMMANDS:
        raise Problem(f"there is no type {type_name}; there are: {', '.join(COMMANDS)}")
    if role not in set(Role):
        raise Problem(f"--role: {role!r} is not known; there are: {', '.join(Role)}")
    if data == "-":
        body = sys.stdin.buffer.read()
    elif data.startswith("@"):
        if not Path(data[1:]).is_file():
            raise Problem(f"--data: {data[1:]} is no file; give the path of a JSON file after the @")
        body = Path(data[1:]).read_bytes()
    else:
        body = data.encode()
    moment = None
    if time is not None:
        try:
            moment = datetime.fromisoformat(time)
        except ValueError:
            raise Problem(f"--time: {time!r} is not a time; write e.g. 2026-03-02T09:30:00+05:00") from None
    state = running(home)

    async def ask() -> Answer:
        async with Submitter(state.nats_url, source, Role(role)) as submitter:
            return await submitter.ask(type_name, body, event_id=event_id or str(uuid4()), time=moment)

    try:
        answer = asyncio.run(ask())
    except NoAnswerError as error:
        raise Problem(str(error)) from error
    except nats.errors.MaxPayloadError as error:
        raise Problem(f"--data: {len(body):,} bytes are more than the bus takes; send a shorter message") from error
    if as_json:
        typer.echo(answer.to_json().decode())
    else:
        _print(answer)
    if answer.status in {Status.ACCEPTED, Status.DUPLICATE} and (left := left_to_do(type_name, body)):
        typer.echo(left, err=True)
    if answer.status not in {Status.ACCEPTED, Status.DUPLICATE}:
        raise typer.Exit(1)


def left_to_do(type_name: str, body: bytes) -> str | None:
    """What an accepted message has not done, though whoever sent it may think so; None: nothing."""
    import orjson

    from deploy.cli.case_view import still_named

    if type_name != "ForgetConsumer":
        return None
    return f"Forgotten in what was accepted. {still_named(orjson.loads(body)['consumer_id'])}"


def _print(answer: Answer) -> None:
    from rich.text import Text

    from deploy.cli.terminal import terminal
    from shared.bus.answers import Status

    console = terminal()
    colour = "green" if answer.status in {Status.ACCEPTED, Status.DUPLICATE} else "red"
    rest = f"  {answer.type}  id {answer.id}  case {answer.case_id or '–'}"
    console.print(Text.assemble((str(answer.status), colour), rest))
    for event in answer.events:
        console.print(Text(f"  event {event.type or '(as before)'} at position {event.position}"))
    for reason in answer.reasons:
        console.print(Text(f"  {reason.code}: {reason.message}" + (f"  [{reason.field}]" if reason.field else "")))
