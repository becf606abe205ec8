"""The board of a running system in real Chromium, by keyboard."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import nats
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright, expect

from deploy.launcher import System
from shared.bus.names import inbox_prefix
from tests.conftest import StartSystem

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PASSWORD = "a long enough password"  # noqa: S105
expect.set_options(timeout=20_000)  # for machines that are busy

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium is installed; on Debian: apt-get install chromium"
)


@pytest.fixture(scope="module")
async def own(start_system: StartSystem) -> System:
    return await start_system(("intake", "relay", "insight"), movable_clock=False)


def tereze(system: System, *arguments: str) -> tuple[list[str], dict[str, str]]:
    return [sys.executable, "-m", "deploy.cli.main", *arguments], {**os.environ, "TEREZE_HOME": str(system.home.path)}


@pytest.fixture(scope="module")
async def board(own: System, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The address of the board, served as a user would have it served."""
    file: Path = tmp_path_factory.mktemp("board") / "password"
    file.write_text(f"{PASSWORD}\n")
    command, environment = tereze(
        own, *("board-account", "add", "aliya", "--role", "manager"), "--password-file", str(file)
    )
    await asyncio.to_thread(subprocess.run, command, env=environment, check=True, timeout=60)
    command, environment = tereze(own, "board")
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            said = (await process.stdout.readline()).decode()
        (address,) = re.findall(r"http://127\.0\.0\.1:\d+/", said)
        yield address
    finally:
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 20) == 0, "it ends in order"


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as driver:
        # In a container without user namespaces Chromium's own sandbox can't be had.
        started = await driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        await started.close()


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    context = await browser.new_context(locale="en", viewport={"width": 1280, "height": 900})
    yield await context.new_page()
    await context.close()


async def log_in_by_keyboard(page: Page, address: str) -> None:
    await page.goto(address)
    await page.keyboard.type("aliya")  # the cursor is there already
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_contain_text("Now")


async def submit(system: System, owner: str) -> str:
    """Have a request accepted; return its case."""
    bus = await nats.connect(system.url_for("adapter"), inbox_prefix=inbox_prefix("adapter").encode())
    asked = {"channel": "walk_in", "language": "kk", "office": "north", "question": "?", "responsible": owner}
    headers = {"ce-specversion": "1.0", "ce-id": str(uuid.uuid4()), "ce-source": "/board", "ce-type": "ReceiveRequest"}
    try:
        answer = await bus.request("tereze.ask.intake.ReceiveRequest", json.dumps(asked).encode(), 20, headers=headers)
        return json.loads(answer.data)["case_id"]
    finally:
        await bus.close()


async def test_what_is_accepted_appears_by_itself_and_all_is_done_by_keyboard(
    own: System, board: str, page: Page
) -> None:
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
    page.on("request", lambda asked: None if asked.url.startswith(board) else troubles.append(asked.url))
    await log_in_by_keyboard(page, board)
    await page.evaluate("window.loadedOnce = true")
    case_id = await submit(own, "aliya-1")
    await expect(page.locator("#lists")).to_contain_text(case_id)
    await expect(page.locator("#owners")).to_contain_text("aliya-1")
    left = page.locator("#lists [data-due]").first
    await expect(left).to_have_text(re.compile(r"00:0\d:\d\d"))
    before = await left.text_content()
    await expect(left).not_to_have_text(before or "", timeout=5_000)
    assert await page.evaluate("window.loadedOnce"), "nothing was loaded anew"

    await page.get_by_role("link", name="Русский").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("html")).to_have_attribute("lang", "ru")
    await expect(page.locator("h1")).to_contain_text("Сейчас")
    await expect(page.locator("#lists")).to_contain_text("Сбор сведений (очно)")

    await page.get_by_role("link", name=case_id).first.focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_contain_text(case_id)
    await expect(page.locator("main")).to_contain_text("запечатано")

    await page.locator("summary").first.focus()
    await page.keyboard.press("Enter")
    why = page.locator("details[open]")
    await expect(why).to_contain_text("details_visit, версия 1, действует всегда")
    await expect(why).to_contain_text("10 мин; норма 5 мин")
    await expect(why).to_contain_text("Обращение поступило (событие ")
    assert troubles == []


async def test_the_slider_shows_the_board_as_it_stood_and_the_address_says_when(
    own: System, board: str, page: Page
) -> None:
    case_id = await submit(own, "aliya-2")
    await log_in_by_keyboard(page, board)
    await expect(page.locator("#lists")).to_contain_text(case_id)
    await page.get_by_label("Time slider").focus()
    await page.keyboard.press("Home")
    await expect(page.locator(".banner")).to_contain_text("As it stood on")
    await expect(page.locator("#lists")).not_to_contain_text(case_id)
    assert "as_of=" in page.url
    assert await page.evaluate("document.activeElement.id") == "slider", "the keyboard stays where it was"
    await page.keyboard.press("End")
    await expect(page.locator("#lists")).to_contain_text(case_id)
    assert "as_of=" not in page.url


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
async def test_pages_are_accessible_and_fit_a_phone(
    own: System, board: str, page: Page, width: int, scheme: str
) -> None:
    """By axe-core: WCAG 2.2 A and AA, contrast among them."""
    case_id = await submit(own, "aliya-3")
    await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    await page.set_viewport_size({"width": width, "height": 844})
    await log_in_by_keyboard(page, board)
    await expect(page.locator("#lists")).to_contain_text(case_id)
    for path in ("", f"case?id={case_id}", "figures", "trends", "press", "?as_of=2026-01-01T00:00"):
        await page.goto(board + path)
        for closed in await page.locator("details:not([open]) > summary").all():
            await closed.click()
        tags = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
        found = await Axe().run(page, options=tags)
        assert found.violations_count == 0, (path, found.generate_report())
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, path
