"""The board of a running system as those see it who have it open: `tereze board` as a process, pages, live streams."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import orjson
import psutil

_PASSWORD = "a long enough password"  # noqa: S105 - of an account that lives as long as a measurement
_PATIENCE_S = 120.0
_OPEN = re.compile(r"<strong>([\d\D]*?)</strong>")


class Board:
    """A board that is served, and somebody who is logged in."""

    def __init__(self, address: str, http: httpx2.AsyncClient, process: psutil.Process) -> None:
        self._address = urlsplit(address)
        self._http = http
        self._process = process

    async def page(self, path: str) -> float:
        """Seconds until a page has come, whole. AssertionError: it is another one."""
        began = time.perf_counter()
        answer = await self._http.get(path)
        if answer.status_code != 200:
            raise AssertionError(f"{path}: status {answer.status_code}")
        return time.perf_counter() - began

    async def changes(self, query: str = "") -> AsyncGenerator[tuple[float, bytes]]:
        """What the live stream sends, piece by piece, each with the moment at which it came (`time.monotonic`)."""
        reader, writer = await asyncio.open_connection(self._address.hostname, self._address.port, limit=1 << 20)
        cookies = "; ".join(f"{name}={value}" for name, value in self._http.cookies.items())
        asked = f"GET /live{query} HTTP/1.1\r\nHost: {self._address.netloc}\r\nCookie: {cookies}\r\n\r\n"
        try:
            writer.write(asked.encode())
            head = await reader.readuntil(b"\r\n\r\n")
            if b" 200 " not in head.partition(b"\r\n")[0]:
                raise AssertionError(f"the live stream was not opened: {head[:80]!r}")
            while size := int(await reader.readline(), 16):
                piece = await reader.readexactly(size)
                await reader.readexactly(2)
                yield time.monotonic(), piece
        finally:
            writer.close()

    def cpu_seconds(self) -> float:
        """What its process has used so far."""
        return sum(self._process.cpu_times()[:2])


def clocks_open(piece: bytes) -> int | None:
    """How many clocks run, by a piece of the stream; None: it does not say."""
    if not piece.startswith(b"data: {"):
        return None
    tiles: str = orjson.loads(piece[len(b"data: ") :])["parts"].get("tiles", "")
    found = _OPEN.search(tiles)
    return None if found is None else int(re.sub(r"\D", "", found[1]))


@asynccontextmanager
async def board(home: Path) -> AsyncGenerator[Board]:
    """Serve the board of the system in `home`, with an account, and log in."""
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(_PASSWORD)
        file.flush()
        account = await _tereze(
            home, *("board-account", "add", "bench", "--role", "manager", "--password-file", file.name)
        )
        if await account.wait():
            raise AssertionError("no account was made")
    process = await _tereze(home, "board")
    try:
        async with asyncio.timeout(_PATIENCE_S):
            said = "" if process.stdout is None else (await process.stdout.readline()).decode()
        (address,) = re.findall(r"http://127\.0\.0\.1:\d+/", said)
        async with httpx2.AsyncClient(base_url=address, timeout=_PATIENCE_S, follow_redirects=True) as http:
            form = await http.get("/login")
            (token,) = re.findall(r'name="csrf" value="([^"]+)"', form.text)
            fields = {"csrf": token, "next": "/", "name": "bench", "password": _PASSWORD}
            await http.post("/login", data=fields)
            found = Board(address, http, psutil.Process(process.pid))
            await _ready(found)
            yield found
    finally:
        process.terminate()
        await process.wait()


async def _ready(found: Board) -> None:
    """Wait until it shows what is due."""
    until = time.monotonic() + _PATIENCE_S
    while True:
        try:
            await found.page("/")
        except AssertionError:
            if time.monotonic() > until:
                raise
            await asyncio.sleep(0.2)
        else:
            return


async def _tereze(home: Path, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.cli.main", *arguments),
        env={**os.environ, "TEREZE_HOME": str(home)},
        stdout=asyncio.subprocess.PIPE,
    )
