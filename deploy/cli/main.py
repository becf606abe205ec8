"""The command `tereze`. Each module beside this one that has a `register(app)` adds its commands.

Those modules import nothing heavy at the top: `tereze --help` must be quick. What draws is in modules called
`…_view`, which a command imports when it runs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pkgutil import iter_modules

import typer

from deploy import cli
from deploy.problem import Problem

app = typer.Typer(
    name="tereze",
    help="Tereze: one window for civic centres. Start with: tereze up",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _register_all() -> None:
    names = (found.name for found in iter_modules(cli.__path__))
    for module in sorted(name for name in names if name != "main" and not name.endswith("_view")):
        register = getattr(import_module(f"deploy.cli.{module}"), "register", None)
        if register is not None:
            register(app)


def _check_arguments(arguments: Sequence[str]) -> None:
    """Neither the bus nor the store takes what is no UTF-8; Python hands such bytes on as surrogates.

    An empty one is a shell's variable that was not set: it must not silently mean "any", "new" or "here".
    """
    for number, argument in enumerate(arguments):
        if any("\ud800" <= character <= "\udfff" for character in argument):
            raise Problem(f"{os.fsencode(argument)!r} is not UTF-8; write it (or name the file) in UTF-8")
        option, given, value = argument.partition("=") if argument.startswith("--") else ("", "=", argument)
        if given and not value.strip():
            before = arguments[number - 1] if number else ""
            what = option or (before if before.startswith("-") else f"argument {number + 1}")
            raise Problem(f"{what} is empty; give it a value or leave it out")


def main() -> None:
    """Run one command; what can't be done is said in a sentence, with exit status 1."""
    _register_all()
    try:
        _check_arguments(sys.argv[1:])
        app()
    except Problem as problem:
        print(f"tereze: {problem}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
