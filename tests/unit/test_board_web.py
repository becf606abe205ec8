"""The board's addresses, by Starlette's test client: who sees what, and what no other page can make a browser do."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import pytest
from argon2 import PasswordHasher
from httpx2 import Response
from starlette.testclient import TestClient

from deploy.board.press import shown
from services.insight.board.accounts import Account, Accounts, Role, to_json
from services.insight.board.app import create
from services.insight.board.clocks import Clocks
from services.insight.board.filters import Filters
from services.insight.board.health import Part
from services.insight.board.hub import Hub
from services.insight.board.press import OperatingDay, Press, State
from services.insight.board.sessions import COOKIE, IDLE_S, LONGEST_S, Sessions
from services.insight.board.sources import Case, Figures
from services.insight.board.trend import Period, Point, Trend
from services.insight.board.week import Week
from services.insight.persons import Person
from services.insight.queries import CauseRow, EffectivenessGroup
from services.insight.review import Review
from services.insight.timeline import SEALED, Entry, Timeline, UnknownCaseError
from services.subscriptions.protocol import protocol
from tests.unit.test_board_clocks import CALENDARS, NOW, of, started
from tests.unit.test_board_why import EVER, letter
from tests.unit.test_operating_day import A_DAY, DAY, EVENING, counted

PASSWORD = "a long enough password"  # noqa: S105
# As weak as can be, since these tests log in often; the real one is as strong as the library makes it.
HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
WRONG = {"password": "x"}
ADDED = {"en": {"place": "Cold waiting room"}, "ru": {"place": "Холодный зал"}, "kk": {"place": "Суық зал"}}
EMPTY = Review(**{name: [] for name in Review.__dataclass_fields__})


class Still:
    """A hub that follows nothing."""

    def __init__(self) -> None:
        self.clocks: Clocks | None = of(
            started(1, "late-1", -timedelta(minutes=3), office="north"),
            started(2, "due-<b>", timedelta(hours=3), office="south", owner="<script>alert(1)</script>"),
        )
        self.version, self.health, self.first = (
            1,
            [Part("relay", "runs", good=True, waiting=7)],
            NOW - timedelta(days=9),
        )
        self.drawing = Hub.drawing.__get__(self)
        self._drawing_s = 0.0

    def now(self) -> datetime:
        return NOW


class Told:
    """Sources that know one case, and remember what they were asked."""

    def __init__(self) -> None:
        self.asked: list[object] = []

    async def past(self, as_of: datetime) -> Clocks:
        self.asked.append(as_of)
        return of(started(1, "then-1", timedelta(hours=1)))

    async def case(self, case_id: str, now: datetime, as_of: datetime | None) -> Case:
        self.asked.append((case_id, as_of))
        if case_id != "late-1":
            raise UnknownCaseError(case_id)
        said = {"question": SEALED, "topic": "<i>papers</i>", "cost": 150_000, "consumer_id": "person-7"}
        entry = Entry(1, NOW, NOW, "intake", "RequestReceived", "/desk", said, "operator")
        return Case(Timeline(case_id, [entry], [], [Person("person-7")]), ADDED, [letter(EVER)], [])

    async def press(self, on: date | None, now: datetime, as_of: datetime | None) -> Press:
        self.asked.append((on, as_of))
        found = protocol("post-1", DAY, [(event, EVENING) for event in (*A_DAY, counted(cash=1))])
        assert found is not None
        return Press(DAY, None, DAY + timedelta(days=1), [shown(found), OperatingDay("post-2", State.OPEN, *[0] * 6)])

    async def trend(self, filters: Filters, by: Period, now: datetime) -> Trend:
        self.asked.append((filters, by))
        weeks = [date(2026, 3, 2), date(2026, 3, 9)]
        return Trend(weeks, {"mail_answer": dict(zip(weeks, (Point(1, 4), Point(3, 3)), strict=True))})

    async def figures(self, filters: Filters, by: EffectivenessGroup, now: datetime) -> Figures:
        self.asked.append((filters, by))
        return Figures([], [], [CauseRow("long_wait", 3, 3), CauseRow("place", 1, 1)], ADDED, EMPTY, Week({(0, 9): 4}))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "accounts.json"
    path.write_text(to_json({role: Account(role, role, HASH) for role in Role}))
    return path


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def hub() -> Still:
    return Still()


@pytest.fixture
def browser(file: Path, told: Told, hub: Still) -> TestClient:
    app = create(cast(Any, hub), told, Accounts(file), CALENDARS.zone)
    return TestClient(app, base_url="http://127.0.0.1", follow_redirects=False, headers={"accept-language": "en"})


def token(page: Response) -> str:
    (found,) = set(re.findall(r'name="csrf" value="([^"]+)"', page.text))
    return found


def log_in(browser: TestClient, role: Role, **fields: str) -> Response:
    given = {"name": role, "password": PASSWORD, "csrf": token(browser.get("/login")), **fields}
    return browser.post("/login", data=given)


def test_nobody_sees_anything_before_they_log_in(browser: TestClient, told: Told) -> None:
    for path in ("/", "/case?id=late-1", "/figures?by=topic"):
        answer = browser.get(path)
        assert answer.status_code == 303
        where = urlsplit(answer.headers["location"])
        assert (where.path, parse_qs(where.query)["next"]) == ("/login", [path])
    assert browser.get("/live").status_code == 401
    assert told.asked == []


def test_after_the_log_in_one_is_where_one_wanted_to_be(browser: TestClient) -> None:
    assert log_in(browser, Role.STAFF, next="/?office=north").headers["location"] == "/?office=north"


@pytest.mark.parametrize("elsewhere", ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "/a\r\nb"])
def test_the_log_in_leads_to_no_other_site(browser: TestClient, elsewhere: str) -> None:
    assert log_in(browser, Role.STAFF, next=elsewhere).headers["location"] == "/"


@pytest.mark.parametrize(
    ("role", "seen"),
    [
        (Role.OPERATIONS, {"/", "/live", "/case", "health"}),
        (Role.STAFF, {"/", "/live", "/case", "/press", "person"}),
        (Role.MANAGER, {"/", "/live", "/case", "/figures", "/press", "health", "person"}),
        (Role.ANALYST, {"/figures"}),
    ],
)
def test_each_role_sees_its_own(browser: TestClient, hub: Still, role: Role, seen: set[str]) -> None:
    log_in(browser, role)
    first, case, figures = browser.get("/"), browser.get("/case?id=late-1"), browser.get("/figures")
    found = {path for path, page in (("/", first), ("/case", case), ("/figures", figures)) if page.status_code == 200}
    assert {page.status_code for page in (case, figures)} <= {200, 403}
    press = browser.get("/press")
    assert press.status_code in {200, 403}
    found |= {"/press"} if press.status_code == 200 else set()
    found |= {"/live"} if 'data-live="/live"' in first.text else set()
    found |= {"health"} if "relay" in first.text else set()
    found |= {"person"} if "person-7" in case.text else set()
    assert found == seen
    if role is Role.ANALYST:
        assert first.headers["location"] == "/figures"
        assert browser.get("/live").status_code == 403


def test_what_others_wrote_commands_no_browser(browser: TestClient) -> None:
    log_in(browser, Role.MANAGER)
    pages = (
        browser.get("/").text + browser.get("/case?id=late-1").text + browser.get("/?office=<script>x</script>").text
    )
    assert "&lt;script&gt;alert(1)" in pages
    assert "<script>" not in pages
    assert "<i>papers" not in pages


def test_what_is_sealed_stays_so_whoever_looks(browser: TestClient) -> None:
    log_in(browser, Role.MANAGER)
    page = browser.get("/case?id=late-1").text
    assert "Question" in page
    assert SEALED not in page
    assert "1,500 ₸" in page


def test_each_deadline_of_a_case_says_why(browser: TestClient) -> None:
    log_in(browser, Role.MANAGER)
    page = browser.get("/case?id=late-1").text
    assert "mail_answer, version 1, in force since ever" in page
    assert "Mon 9 Mar – Tue 10 Mar: days 1–2, 09:00–13:00, 14:00–18:00" in page
    assert "Waited for the consumer" in page


def test_no_page_runs_or_loads_anything_but_the_boards_own_files(browser: TestClient) -> None:
    log_in(browser, Role.MANAGER)
    for page in (browser.get("/"), browser.get("/case?id=late-1"), browser.get("/figures"), browser.get("/nothing")):
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert page.headers["cache-control"] == "no-store"
        assert re.findall(r'(?:src|href)="(?:https?:)?//', page.text) == []
        assert re.findall(r"<script(?![^>]* src=)|<style|\son[a-z]+=|\sstyle=", page.text) == []


@pytest.mark.parametrize("path", ["/static/board.js", "/static/board.css", "/static/icon.svg"])
def test_the_boards_own_files_are_there_for_everybody_and_fetch_nothing(browser: TestClient, path: str) -> None:
    answer = browser.get(path)
    assert answer.status_code == 200
    assert re.findall(r"(?:https?:)?//(?!www\.w3\.org/2000/svg)[a-z]+\.", answer.text) == []


def test_a_session_is_for_this_server_and_no_script(browser: TestClient) -> None:
    said = log_in(browser, Role.STAFF).headers["set-cookie"]
    assert f"{COOKIE}=" in said
    assert "HttpOnly" in said
    assert "SameSite=strict" in said


def test_a_form_without_its_token_changes_nothing(browser: TestClient) -> None:
    for wrong in ("", "other"):
        assert log_in(browser, Role.STAFF, csrf=wrong).status_code == 403
        assert browser.get("/").status_code == 303
    log_in(browser, Role.STAFF)
    assert browser.post("/logout", data={"csrf": "other"}).status_code == 403
    assert browser.get("/").status_code == 200
    assert browser.post("/logout", data={"csrf": token(browser.get("/"))}).status_code == 303
    assert browser.get("/").status_code == 303


def test_a_form_that_another_site_posts_changes_nothing(browser: TestClient) -> None:
    fields = {"name": "staff", "password": PASSWORD, "csrf": token(browser.get("/login"))}
    assert browser.post("/login", data=fields, headers={"origin": "http://evil.example"}).status_code == 403
    assert browser.post("/login", data=fields, headers={"origin": "http://127.0.0.1"}).status_code == 303


def test_the_board_answers_to_this_machines_own_name_only(browser: TestClient) -> None:
    """Else a page under a name that is made to lead here could read along."""
    assert browser.get("/login", headers={"host": "evil.example"}).status_code == 400
    assert browser.get("/login", headers={"host": "localhost:17000"}).status_code == 200


def test_an_endless_form_is_refused(browser: TestClient) -> None:
    assert log_in(browser, Role.STAFF, name="x" * 20_000).status_code == 413


def test_a_wrong_password_is_told_like_a_wrong_name_and_many_of_them_must_wait(browser: TestClient) -> None:
    told = {log_in(browser, Role.STAFF, **WRONG).status_code, log_in(browser, Role.STAFF, name="who").status_code}
    assert told == {403}
    for _ in range(4):
        log_in(browser, Role.STAFF, **WRONG)
    assert log_in(browser, Role.STAFF).status_code == 429, "the right password, too"
    assert log_in(browser, Role.MANAGER).status_code == 303


def test_who_is_removed_or_has_another_password_is_out_at_once(browser: TestClient, file: Path) -> None:
    log_in(browser, Role.STAFF)
    file.write_text(to_json({"staff": Account("staff", Role.STAFF, HASH[:-1] + ("A" if HASH[-1] != "A" else "B"))}))
    assert browser.get("/").status_code == 303
    file.unlink()
    assert browser.get("/").status_code == 303


def test_a_session_ends_with_its_time(file: Path) -> None:
    time = 0.0
    accounts = Accounts(file)
    sessions = Sessions(accounts, lambda: time)
    account = accounts.all()["staff"]
    idle, busy = sessions.begin(account), sessions.begin(account)
    for time in range(0, LONGEST_S, IDLE_S // 2):
        assert sessions.of(busy) is not None
        # An open board is nobody who does anything.
        assert (sessions.of(idle, asked=False) is not None) == (time < IDLE_S)
    time = LONGEST_S
    assert sessions.of(busy) is None


def test_the_language_is_the_browsers_until_another_is_chosen(browser: TestClient) -> None:
    assert '<html lang="en">' in browser.get("/login").text
    assert '<html lang="kk">' in browser.get("/login", headers={"accept-language": "fr"}).text
    assert '<html lang="ru">' in browser.get("/login?lang=ru").text
    assert '<html lang="ru">' in browser.get("/login").text, "it is remembered"
    log_in(browser, Role.MANAGER)
    page = browser.get("/?office=north&lang=kk")
    assert "Мерзімі өткен" in page.text
    assert 'href="/?office=north&amp;lang=en"' in page.text


def test_filters_live_in_the_address(browser: TestClient) -> None:
    log_in(browser, Role.MANAGER)
    page = browser.get("/?office=north").text
    assert "late-1" in page
    assert "due-&lt;b&gt;" not in page
    assert 'data-live="/live?office=north"' in page
    assert '<option value="north" selected>' in page
    gone = browser.get("/?office=gone").text
    assert '<option value="gone" selected>' in gone, "what was asked for is shown, even where there is none of it"


def test_the_board_is_shown_as_it_stood(browser: TestClient, told: Told) -> None:
    log_in(browser, Role.MANAGER)
    page = browser.get("/?as_of=2026-03-01T17:00").text
    assert told.asked == [datetime(2026, 3, 1, 12, tzinfo=UTC)], "without an offset it is the centre's time"
    assert "then-1" in page
    assert "late-1" not in page
    assert "1 Mar 2026, 17:00" in page
    assert "data-live=" not in page.replace('data-live="Live"', ""), "what is past does not change"
    assert "/case?id=then-1&amp;as_of=2026-03-01T17%3A00%2B05%3A00" in page, "a case is opened as of then"
    assert "relay" not in page


def test_trends_show_the_share_in_each_period(browser: TestClient, told: Told) -> None:
    log_in(browser, Role.ANALYST)
    page = browser.get("/trends?by=month&office=north&indicator=mail_answer").text
    assert told.asked == [(Filters(office="north", indicator="mail_answer"), Period.MONTH)]
    assert re.findall(r"(\d+%) <small>(\d+/\d+)", page) == [("25%", "1/4"), ("100%", "3/3")] * 2
    assert 'points="0.0,18.0 120.0,0.0"' in page
    browser.get("/trends?by=century")
    assert told.asked[-1] == (Filters(), Period.WEEK)


def test_an_operating_day_shows_every_line_against_the_count(browser: TestClient, told: Told) -> None:
    log_in(browser, Role.STAFF)
    page = browser.get("/press?as_of=2026-10-05T18:30").text
    assert told.asked[0] == (None, datetime(2026, 10, 5, 13, 30, tzinfo=UTC))
    said = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "Cash 2,516.00 ₸ 0.01 ₸ -2,515.99 ₸" in said
    assert "Cards 75384, 6 months 2 2 0" in said
    assert "counted, differs" in said
    assert "postman : postman-3 1 1,887.00 ₸ 0.00 ₸" in said.replace("postman:", "postman :")
    assert 'href="/press?as_of=2026-10-05T18%3A30%2B05%3A00&amp;day=2026-10-06"' in page, "the next day, as of then"


def test_one_post_office_is_chosen_and_a_day_named(browser: TestClient, told: Told) -> None:
    log_in(browser, Role.STAFF)
    page = browser.get("/press?office=post-2&day=2026-10-05").text
    assert told.asked == [(DAY, None)]
    assert 'id="day-post-2"' in page
    assert 'id="day-post-1"' not in page
    assert browser.get("/press?day=2026-13-05").status_code == 400


@pytest.mark.parametrize("text", ["yesterday", "9999-12-31", "0001-01-01T00:00", "2026-03-01T25:00"])
def test_a_time_that_is_none_is_told(browser: TestClient, text: str) -> None:
    log_in(browser, Role.MANAGER)
    answer = browser.get("/", params={"as_of": text})
    assert (answer.status_code, text in answer.text) == (400, True)


def test_what_is_not_there_is_told(browser: TestClient, hub: Still) -> None:
    log_in(browser, Role.MANAGER)
    assert browser.get("/case?id=nobodys").status_code == 404
    assert browser.get("/case").status_code == 404
    assert browser.get("/nothing").status_code == 404
    hub.clocks = None
    assert browser.get("/").status_code == 503


def test_causes_are_ranked_with_their_cumulative_share(browser: TestClient, told: Told) -> None:
    log_in(browser, Role.ANALYST)
    page = browser.get("/figures?by=topic&office=north").text
    assert told.asked == [(Filters(office="north"), EffectivenessGroup.TOPIC)]
    assert re.findall(r"\d+%", page) == ["75%", "100%"]
    assert "long wait" in page
    assert "Cold waiting room" in page, "what the centre added has its own words"


# What stands in a page by itself: names, not what people and machines are called.
_NAMED = re.compile(
    r"<(h[1-3]|dt|label|button|summary|caption|option)\b[^>]*>(.*?)</\1>"
    r'|<(th) scope="col"[^>]*>(.*?)</th>|<(span) class="chip[^>]*>(.*?)</span>|(?:placeholder|aria-label)(=)"([^"]*)"',
    re.DOTALL,
)
# Ids, codes and languages' own names, which are no words of ours.
_THEIR_OWN = re.compile(
    r"\b(late-1|due-|b|north|south|o\d*|post-\d|script|alert|mail_answer|aliya|English|p)\b|&[a-z]+;"
)


@pytest.mark.parametrize("language", ["kk", "ru"])
@pytest.mark.parametrize("path", ["/", "/case?id=late-1", "/figures", "/trends", "/press", "/nothing", "/login"])
def test_no_name_on_any_page_is_left_in_english(browser: TestClient, path: str, language: str) -> None:
    log_in(browser, Role.MANAGER)
    page = browser.get(f"{path}{'&' if '?' in path else '?'}lang={language}").text
    said = ["".join(found[1::2]) for found in _NAMED.findall(page)]
    plain = [_THEIR_OWN.sub("", re.sub(r"<[^>]*>", " ", one)) for one in said]
    assert len(plain) > 1
    assert [one.strip() for one in plain if re.search(r"[A-Za-z]{2,}|_", one)] == []
