"""The centre's data file: opening hours, holidays, regimes."""

from __future__ import annotations

from datetime import date, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from services.insight.views import projections
from shared.centre import SHIPPED, CentreFileError, centre, parse
from shared.contracts.values import Regime
from shared.deadlines import Interval
from shared.regimes import CASE_TYPES

ZONE = ZoneInfo("Asia/Almaty")
WEEK = "[hours]\nmonday = ['09:00-13:00', '14:00-18:00']\n"


def test_the_shipped_file_is_the_default() -> None:
    shipped = centre("Asia/Almaty")
    assert shipped.fingerprint == 0
    assert shipped.case_types == CASE_TYPES
    assert shipped.calendars.default.hours(date(2026, 3, 10)) == (
        Interval(time(9), time(13)),
        Interval(time(14), time(18, 30)),
    )
    assert not shipped.calendars.default.is_open_on(date(2026, 3, 9))


def test_an_office_may_have_hours_and_days_of_its_own_the_others_keep_the_centres() -> None:
    text = (
        WEEK + "[days]\n2026-03-02 = []\n"
        "[offices.North.hours]\nsaturday = ['10:00-24:00']\n[offices.North.days]\n2026-03-02 = ['08:00-09:00']\n"
    )
    calendars = parse(text, ZONE).calendars
    north, any_other = calendars.of("North"), calendars.of("South")
    assert any_other is calendars.default is calendars.of(None)
    assert north.hours(date(2026, 3, 7)) == (Interval(time(10), time.max),)
    assert (north.hours(date(2026, 3, 9)), any_other.hours(date(2026, 3, 7))) == ((), ())
    assert (north.hours(date(2026, 3, 2)), any_other.hours(date(2026, 3, 2))) == ((Interval(time(8), time(9)),), ())


def test_where_a_post_office_is_stands_beside_its_hours() -> None:
    found = parse(WEEK + "[offices.po-1]\nplace = 'taraz'\n[offices.North.hours]\nmonday = ['10:00-12:00']\n", ZONE)
    assert found.places == {"po-1": "taraz"}
    assert found.calendars.of("po-1").hours(date(2026, 3, 2)) == found.calendars.default.hours(date(2026, 3, 2))


def test_a_centre_has_its_own_checklists_or_those_that_are_shipped() -> None:
    assert parse(WEEK, ZONE).checklists.keys() == {"counter", "phone"}
    assert parse(WEEK + "[checklists.tour]\nsmile = 3\n", ZONE).checklists == {"tour": {"smile": 3}}


def test_case_types_are_put_under_regimes() -> None:
    types = parse(
        WEEK + "[regimes]\ndefault = 'administrative'\n[regimes.case_types]\ntip = 'house'\n", ZONE
    ).case_types
    assert (types.regime("tip"), types.regime("appeal")) == (Regime.HOUSE, Regime.ADMINISTRATIVE)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hours = [", "Invalid value"),
        ("country = 'KZ'", "hours"),
        (WEEK + "[days]\nsoon = []\n", "days.soon"),
        (WEEK + "[offices.North]\nhour = 1\n", "offices.North.hour"),
        ("[hours]\nmonday = ['9 to 5']\n", "09:00-13:00"),
        ("[hours]\n", "never open"),
        ("country = 'XX'\n" + WEEK, "ISO code"),
        (WEEK + "[checklists]\n", "checklists.*at least 1"),
        (WEEK + "[checklists.tour]\n", "checklists.tour.*at least 1"),
        (WEEK + "[checklists.tour]\nSmile = 1\n", "checklists.tour.Smile"),
        (WEEK + "[checklists.tour]\nsmile = 0\n", "checklists.tour.smile.*greater than or equal to 1"),
        (WEEK + "[checklists.tour]\nsmile = 'yes'\n", "checklists.tour.smile.*integer"),
        (WEEK + "[regimes.case_types]\ntip = 'mine'\n", "regimes.case_types.tip"),
    ],
)
def test_a_file_that_can_not_be_says_where(text: str, message: str) -> None:
    with pytest.raises(CentreFileError, match=message):
        parse(text, ZONE)


def test_another_calendar_is_another_version_of_what_was_reckoned_by_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shipped,) = projections("Asia/Almaty", ["sla"])
    path = tmp_path / "centre.toml"
    monkeypatch.setenv("TEREZE_CENTRE_FILE", str(path))
    path.write_text(SHIPPED.read_text() + "other = 'consumer_protection'\n[checklists.tour]\nsmile = 3\n")
    (same,) = projections("Asia/Almaty", ["sla"])
    assert same.version == shipped.version, "regimes and scores stand in the events"
    other = tmp_path / "other.toml"
    monkeypatch.setenv("TEREZE_CENTRE_FILE", str(other))
    other.write_text(WEEK)
    (another,) = projections("Asia/Almaty", ["sla"])
    assert shipped.version < another.version < 2**31


def test_a_file_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEREZE_CENTRE_FILE", str(tmp_path / "none.toml"))
    with pytest.raises(CentreFileError, match=r"none\.toml.*TEREZE_CENTRE_FILE"):
        centre()
