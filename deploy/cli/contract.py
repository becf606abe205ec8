"""`tereze contract`: what adapters may send and will hear."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command()(contract)


def contract(
    as_json: Annotated[bool, typer.Option("--json", help="JSON is what is printed with or without this.")] = False,
) -> None:
    """Print the contract for channel adapters: an AsyncAPI 3.0 document with JSON Schemas.

    Needs no running system.

    Example: [bold]tereze contract > tereze.asyncapi.json[/bold]
    """
    del as_json
    import json
    from importlib.metadata import version

    from shared.bus.asyncapi import document

    typer.echo(json.dumps(document(version("tereze")), ensure_ascii=False, indent=2))
