"""`tereze board`, `tereze board-account`: the board in a browser, and who may log in there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.cli.options import HomeOption, JsonOption

if TYPE_CHECKING:
    from services.insight.board.accounts import Account

accounts = typer.Typer(no_args_is_help=True, help="Who may log in to the board: add, list, remove.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(board)
    app.add_typer(accounts, name="board-account")


def board(
    home: HomeOption,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Default: a free one, the same every time where it can be.")
    ] = None,
) -> None:
    """Show the board of the running system in a browser, on this machine only; Ctrl-C ends it.

    What is due, by stage and owner, as it happens; a case; figures; everything as it stood at any past moment. Log in
    with an account made by: tereze board-account add

    Example: [bold]tereze board[/bold]
    """
    import asyncio

    from deploy.board.serve import serve
    from deploy.home import running

    state = running(home)
    if not _known(home):
        typer.echo("Nobody may log in yet. Make an account with: tereze board-account add NAME --role manager")

    def opened(address: str) -> None:
        typer.echo(f"The board is at {address} (Ctrl-C ends it).")

    asyncio.run(serve(home, state, port, opened))


@accounts.command("add")
def add(
    name: Annotated[str, typer.Argument(help="The name to log in with.")],
    home: HomeOption,
    role: Annotated[str, typer.Option(help="operations, staff, manager or analyst; docs/board.md says who sees what.")],
    password_file: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="Read the password from this file's first line, not the keyboard."
        ),
    ] = None,
) -> None:
    """Add an account, or give one another role and password; whoever was logged in with it is out.

    Example: [bold]tereze board-account add aliya --role manager[/bold]
    """
    from deploy.problem import Problem
    from services.insight.board.accounts import LONGEST, SHORTEST, Account, Role, hash_password

    if role not in set(Role):
        raise typer.BadParameter(f"{role!r} is none of: {', '.join(Role)}", param_hint="--role")
    if not name.isprintable() or not 0 < len(name.strip()) <= 100 or name != name.strip():
        raise Problem("a name is 1 to 100 printable characters, without blanks around")
    if password_file is not None:
        password = password_file.read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
    else:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    if not SHORTEST <= len(password) <= LONGEST:
        raise Problem(f"a password has {SHORTEST} to {LONGEST} characters; choose another one")
    known = _known(home)
    _write(home, {**known, name: Account(name, Role(role), hash_password(password))})
    typer.echo(f"{name} may log in as {role}.")


@accounts.command("list")
def list_(home: HomeOption, as_json: JsonOption = False) -> None:
    """List the accounts and their roles.

    Example: [bold]tereze board-account list[/bold]
    """
    known = sorted(_known(home).values(), key=lambda one: one.name)
    if as_json:
        import json

        typer.echo(json.dumps([{"name": one.name, "role": one.role} for one in known], ensure_ascii=False))
        return
    from rich.table import Table
    from rich.text import Text

    from deploy.cli.terminal import terminal

    if not known:
        typer.echo("No accounts. Make one with: tereze board-account add NAME --role manager")
        return
    table = Table("name", "role")
    for one in known:
        table.add_row(Text(one.name), one.role)
    terminal().print(table)


@accounts.command("remove")
def remove(name: Annotated[str, typer.Argument(help="Whose account.")], home: HomeOption) -> None:
    """Remove an account; whoever is logged in with it is out at once.

    Example: [bold]tereze board-account remove aliya[/bold]
    """
    from deploy.problem import Problem

    known = _known(home)
    if name not in known:
        raise Problem(f"there is no account {name}; see them with: tereze board-account list")
    _write(home, {other: one for other, one in known.items() if other != name})
    typer.echo(f"{name} may not log in any more.")


def _known(home: Path) -> dict[str, Account]:
    from deploy.home import Home
    from services.insight.board.accounts import FILE, Accounts

    return dict(Accounts(Home.at(home).path / FILE).all())


def _write(home: Path, known: dict[str, Account]) -> None:
    from deploy.home import Home, write_private
    from services.insight.board.accounts import FILE, to_json

    where = Home.at(home)
    where.create()
    write_private(where.path / FILE, to_json(known))
