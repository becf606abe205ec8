"""What the reports must say of imported cases, reckoned by pandas from the file alone."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import pandas as pd

ZONE = ZoneInfo("Asia/Almaty")
LIMIT_DAYS = 10
Key: TypeAlias = tuple[str, str | None, str]
Told: TypeAlias = dict[Key, tuple[int, int, int, int, float | None, float | None, float | None]]
"""(office, topic, month) -> count, met, breached, open, share within the limit, median and 95th percentile in days."""


def _midnight(day: Any) -> datetime | None:
    """A date begins at its midnight on the centre's clock."""
    return None if pd.isna(day) else datetime.combine(pd.Timestamp(day).date(), time(), ZONE).astimezone(UTC)


def by_office_topic_and_month(cases: pd.DataFrame) -> Told:
    """Answered within ten calendar days, later, or not yet: all that are open are long past due."""
    opened, closed = pd.to_datetime(cases["opendate"]), pd.to_datetime(cases["closedate"])
    days = (closed - opened).dt.days
    # Lengths are those on the clock that hangs on the wall of the world: a change of its zone makes a day longer.
    begun, ended = (pd.to_datetime(each.map(_midnight), utc=True) for each in (opened, closed))
    topic = cases["complaint_type"].str.strip()
    table = pd.DataFrame(
        {
            "office": cases["account"],
            "topic": topic.where(topic != "", None),
            "month": opened.dt.strftime("%Y-%m"),
            "met": days <= LIMIT_DAYS,
            "breached": days > LIMIT_DAYS,
            "open": days.isna(),
            "taken": (ended - begun).dt.total_seconds() / 86_400,
        }
    )
    table["topic"] = table["topic"].astype(object).where(table["topic"].notna(), "")
    grouped = table.groupby(["office", "topic", "month"])
    sums = grouped[["met", "breached", "open"]].sum()
    sums["count"] = grouped.size()
    sums["p50"] = grouped["taken"].quantile(0.5)
    sums["p95"] = grouped["taken"].quantile(0.95)
    return {
        (str(office), str(topic) or None, str(month)): (
            int(row["count"]),
            int(row["met"]),
            int(row["breached"]),
            int(row["open"]),
            _rounded(row["met"] / row["count"]),
            _rounded(row["p50"]),
            _rounded(row["p95"]),
        )
        for (office, topic, month), row in sums.iterrows()  # pyright: ignore[reportGeneralTypeIssues]
    }


def as_reported(rows: list[dict[str, Any]]) -> Told:
    """The same, of the rows of `tereze report limits --by office --by topic --by month --json`."""
    return {
        (row["office"], row["topic"], row["month"]): (
            row["clocks"],
            row["met"],
            row["breached"],
            row["open"],
            _rounded(row["kept"]),
            _rounded(None if row["p50_s"] is None else row["p50_s"] / 86_400),
            _rounded(None if row["p95_s"] is None else row["p95_s"] / 86_400),
        )
        for row in rows
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None or pd.isna(value) else round(float(value), 6)
