"""`tereze trace CASE`: what happened to a case's messages, service by service, as a waterfall."""

from __future__ import annotations

from typing import Annotated

import typer

from deploy.cli.options import HomeOption, JsonOption


def register(app: typer.Typer) -> None:
    app.command()(trace)


def trace(
    case: Annotated[str, typer.Argument(help="The case's id.")], home: HomeOption, as_json: JsonOption = False
) -> None:
    """Show a case's traces, oldest first: who did what, when, and for how long.

    Reads what the processes kept on this machine; the system need not be running.

    Example: [bold]tereze trace c-2026-0001[/bold]
    """
    from deploy.problem import Problem
    from deploy.waterfall import as_data, show
    from shared.telemetry.local import spans_of_case

    traces = spans_of_case(home, case)
    if not traces:
        raise Problem(_nothing_found(case))
    if as_json:
        import json

        typer.echo(json.dumps(as_data(case, traces), ensure_ascii=False))
        return
    from deploy.cli.terminal import terminal

    show(case, traces, terminal())


def _nothing_found(case: str) -> str:
    import os

    from opentelemetry.sdk.environment_variables import OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT

    collector = os.environ.get(OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) or os.environ.get(OTEL_EXPORTER_OTLP_ENDPOINT)
    if collector:
        return f"no trace of case {case} is kept here: spans go to the collector at {collector}; look there"
    return (
        f"no trace of case {case} is kept here. See whether the case exists: tereze case {case}. If it does, its "
        "messages came in a bulk of which only a part is traced, its traces are old and made room for newer ones, "
        "or the services were started with OTEL_EXPORTER_OTLP_ENDPOINT set and their collector has them"
    )
