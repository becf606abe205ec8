"""A NATS publisher that sends what it is told, to the byte: no client library would."""

from __future__ import annotations

import asyncio
import json
from types import TracebackType
from urllib.parse import urlsplit

_FLUSH_BYTES = 256 * 1024


class RawPublisher:
    """Publishes over one connection; errors that the server tells are kept in `errors`. An async context manager."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)
        self.errors: list[str] = []
        self._unsent = 0

    async def __aenter__(self) -> RawPublisher:
        self._reader, self._writer = await asyncio.open_connection(self._url.hostname, self._url.port)
        options = {
            "verbose": False,
            "pedantic": False,
            "headers": True,
            "no_responders": True,
            "user": self._url.username,
            "pass": self._url.password,
            "lang": "none",
            "version": "1",
            "protocol": 1,
        }
        self._writer.write(b"CONNECT %b\r\n" % json.dumps(options).encode())
        self._pongs: asyncio.Queue[None] = asyncio.Queue()
        self._reading = asyncio.create_task(self._read())
        await self.flush()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reading.cancel()
        self._writer.close()

    async def publish(self, subject: bytes, headers: bytes, body: bytes, reply: bytes) -> None:
        """Send one message. It arrived once `flush` returns."""
        line = b"HPUB %b %b %d %d\r\n" % (subject, reply, len(headers), len(headers) + len(body))
        self._writer.write(b"%b%b%b\r\n" % (line, headers, body))
        self._unsent += len(body) + len(headers)
        if self._unsent > _FLUSH_BYTES:
            await self.flush()

    async def flush(self) -> None:
        """Wait until the server has read all that was sent."""
        self._unsent = 0
        self._writer.write(b"PING\r\n")
        await self._writer.drain()
        async with asyncio.timeout(20):
            await self._pongs.get()

    async def _read(self) -> None:
        while line := await self._reader.readline():
            if line.startswith(b"PING"):
                self._writer.write(b"PONG\r\n")
            elif line.startswith(b"PONG"):
                self._pongs.put_nowait(None)
            elif line.startswith(b"-ERR"):
                self.errors.append(line.decode(errors="backslashreplace").strip())
