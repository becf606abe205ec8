"""What the reports must say of imported cases, reckoned by pandas from the file alone."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import pandas as pd
from pandas.tseries.holiday import USFederalHolidayCalendar
from pandas.tseries.offsets import CustomBusinessDay

ZONE = ZoneInfo("Asia/Almaty")
LIMIT_DAYS = 10
WORKING_DAYS = 10
IN_WORKING_DAYS = f"""
[[limits]]
policy = "mail_answer.*"
limit = "{WORKING_DAYS} working days"
from_working_day = true
calendar = "us"

[calendars.us]
country = "US"
[calendars.us.hours]
""" + "\n".join(f'{day}day = ["09:00-17:00"]' for day in ("mon", "tues", "wednes", "thurs", "fri"))
"""Another rule for `tereze what-if`: working days on a calendar with the federal holidays of the United States."""
Key: TypeAlias = tuple[str, str | None, str]
Told: TypeAlias = dict[Key, tuple[int, int, int, int, float | None, float | None, float | None]]
"""(office, topic, month) -> count, met, breached, open, share within the limit, median and 95th percentile in days."""


Shares: TypeAlias = dict[Key, tuple[int, float]]
"""(office, topic, month) -> how many were answered within the working days, and which share of all."""


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
    grouped = _grouped(table)
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


def _grouped(table: pd.DataFrame) -> Any:
    told = table["topic"].astype(object).where(table["topic"].notna(), "")
    return table.assign(topic=told).groupby(["office", "topic", "month"])


def by_working_days(cases: pd.DataFrame) -> tuple[pd.DataFrame, Shares]:
    """Each case, whether it is late by either limit; and what was in time by the second: pandas' own business days.

    The table has the case's id, the group's three columns, `late` (calendar days) and `late_working`.
    """
    opened, closed = pd.to_datetime(cases["opendate"]), pd.to_datetime(cases["closedate"])
    working = CustomBusinessDay(calendar=USFederalHolidayCalendar())
    # What comes on a closed day counts from the next working day; the day it counts from is not counted.
    due = opened.map({day: working.rollforward(day) + WORKING_DAYS * working for day in opened.unique()})
    nth = cases.groupby("unique_key").cumcount()
    topic = cases["complaint_type"].str.strip()
    table = pd.DataFrame(
        {
            "case": cases["unique_key"].where(nth == 0, cases["unique_key"] + "-" + (nth + 1).astype(str)),
            "office": cases["account"],
            "topic": topic.where(topic != "", None),
            "month": opened.dt.strftime("%Y-%m"),
            "late": ~((closed - opened).dt.days <= LIMIT_DAYS),
            "late_working": ~(closed <= due),
        }
    )
    return table, _shares(_grouped(table.assign(met=~table["late_working"]))["met"].agg(["sum", "size"]))


def as_flipped(cases: pd.DataFrame, told: Told, flips: list[dict[str, Any]]) -> Shares:
    """The same, of the report and of the clocks that `tereze what-if --json` says flip. `cases`: whose they are."""
    table = pd.DataFrame(
        [(*key, counted[1], counted[0]) for key, counted in told.items()],
        columns=["office", "topic", "month", "sum", "size"],
    )
    table = table.assign(topic=table["topic"].astype(object).where(table["topic"].notna(), ""))
    sums = table.set_index(["office", "topic", "month"])
    late = {"met": -1, "breached": 1, "overdue": 1}
    came = pd.DataFrame([(one["case_id"], (late[one["before"]] - late[one["after"]]) // 2) for one in flips],
                        columns=["case", "came"])  # fmt: skip
    sums["sum"] += (
        _grouped(came.merge(cases, on="case", validate="1:1"))["came"].sum().reindex(sums.index, fill_value=0)
    )
    return _shares(sums)


def _shares(sums: pd.DataFrame) -> Shares:
    return {
        (str(office), str(topic) or None, str(month)): (int(row["sum"]), round(float(row["sum"] / row["size"]), 6))
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
