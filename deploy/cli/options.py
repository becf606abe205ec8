"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

_CHECKOUT = Path(__file__).resolve().parents[2]


def default_home() -> Path:
    """`.tereze` in the checkout, wherever the command is called from; else in the current folder."""
    return (_CHECKOUT if (_CHECKOUT / "pyproject.toml").exists() else Path.cwd()) / ".tereze"


HomeOption = Annotated[
    Path,
    typer.Option(
        "--home",
        envvar="TEREZE_HOME",
        default_factory=default_home,
        show_default=".tereze in the checkout",
        help="The system's data folder.",
        rich_help_panel="Where",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
