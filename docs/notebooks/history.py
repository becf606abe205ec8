"""The history of the running system, replayed: move the slider, and everything stands as it stood then.

Open it with: make notebook
Where the system's data folder is not .tereze: TEREZE_HOME=.tereze/demo make notebook
"""

import marimo

app = marimo.App(width="medium", app_title="Tereze: history")


@app.cell
def _():
    import altair as alt
    import marimo as mo
    import polars as pl

    from deploy.analysis import history
    from deploy.problem import Problem

    _hint = "Try the demonstration's: `tereze demo --keep`, then `TEREZE_HOME=.tereze/demo make notebook`"
    try:
        centre = history()
    except Problem as problem:
        mo.stop(True, mo.md(f"{problem}. {_hint}"))
    events = centre.events()
    mo.stop(events.is_empty(), mo.md(f"Nothing has happened yet. {_hint}"))
    return alt, centre, events, mo, pl


@app.cell
def _(events, mo):
    # Two hundred steps at most: a slider of every event could not be moved to any of them.
    _every = max(1, events.height // 200)
    _steps = [*range(1, events.height, _every), events.height]
    until = mo.ui.slider(steps=_steps, value=events.height, label="events so far", full_width=True, show_value=True)
    until
    return (until,)


@app.cell
def _(events, mo, until):
    past = events.head(until.value)
    position = past["position"][-1]
    mo.md(f"""
    # As it stood at position {position:,}

    The latest of its events happened on **{past["occurred_at"].max():%d.%m.%Y at %H:%M} UTC**.
    For the same as a file: `tereze export --as-of {position} events.parquet`
    """)
    return past, position


@app.cell
def _(alt, past, pl):
    _days = past.group_by(pl.col("occurred_at").dt.date().alias("day"), "context").len("events").sort("day", "context")
    alt.Chart(_days).mark_bar().encode(x="day:T", y="events:Q", color="context:N", tooltip=["day", "context", "events"])
    return


@app.cell
def _(mo, past, pl):
    _stages = past.filter(pl.col("stage").is_not_null(), pl.col("stage") != "11").sort(
        "case_id", "occurred_at", "position"
    )
    followed = (
        _stages.select("stage", pl.col("stage").shift(-1).over("case_id").alias("next"))
        .drop_nulls()
        .group_by("stage", "next")
        .len("times")
        .sort("stage", "next")
    )
    _lines = [f'    s{a.replace("-", "")}["{a}"] -->|{n}| s{b.replace("-", "")}["{b}"]' for a, b, n in followed.rows()]
    mo.vstack([mo.md("## Which stage followed which"), mo.mermaid("\n".join(["graph LR", *_lines]))])
    return


@app.cell
def _(centre, mo, pl, position):
    clocks = centre.clocks(at=position)
    _table = (
        clocks.group_by("indicator", "verdict")
        .agg(pl.len().alias("clocks"), pl.col("taken_s").median().alias("median, s"))
        .sort("indicator", "verdict")
    )
    mo.vstack([mo.md("## How the limits were kept, as far as was known then"), mo.ui.table(_table, selection=None)])
    return


@app.cell
def _(mo, past):
    mo.vstack([mo.md("## The events"), mo.ui.table(past.reverse(), selection=None, page_size=20)])
    return


if __name__ == "__main__":
    app.run()
