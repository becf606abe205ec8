"""Connections to NATS that no message can break.

The server hands on what a publisher sent, to the byte: subjects that are not UTF-8 or hold a vertical tab, header
blocks that are cut short or carry a status that is no text. nats-py 2.16 trusts all of these: its reader ends
silently on the first (the service is deaf until pings time out, after four minutes), and on a vertical tab it
reconnects, only to be given the same message again. One message of one adapter would stop a service for good.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

from faststream.nats import NatsBroker
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.protocol import parser

from shared.bus import names

# The server parts a protocol line at blanks and tabs only; `\s`, as nats-py has it, also means VT and FF.
_TOKEN: Final = rb"[^ \t\r\n]+"
parser.MSG_RE = re.compile(rb"\AMSG[ \t]+(%b)[ \t]+(%b)[ \t]+((%b)[ \t]+)?(\d+)\r\n" % (_TOKEN, _TOKEN, _TOKEN))
parser.HMSG_RE = re.compile(
    rb"\AHMSG[ \t]+(%b)[ \t]+(%b)[ \t]+((%b)[ \t]+)?(\d+)[ \t]+(\d+)\r\n" % (_TOKEN, _TOKEN, _TOKEN)
)


class SturdyClient(Client):
    """A NATS client that takes every message as far as it can be read."""

    async def headers_of(self, raw: bytes) -> dict[str, str] | None:
        """The headers in a raw header block; none where the block is damaged."""
        return await self._process_headers(raw)

    async def _process_headers(self, headers: Any) -> dict[str, str] | None:
        try:
            return await super()._process_headers(headers)
        except (IndexError, ValueError):
            # A status line that is cut short, or no text: what follows it can't be trusted either.
            return None

    @staticmethod
    def _parse_header_lines(raw: bytes) -> dict[str, str]:
        """As nats-py does it, but names are checked once: that was a fifth of a service's time."""
        found: dict[str, str] = {}
        for line in raw.split(b"\r\n"):
            name, colon, value = line.partition(b":")
            if colon and (key := _header_name(name)) is not None:
                found[key] = value.strip().decode("utf-8", "replace")
        return found

    def _build_message(
        self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: dict[str, str] | None
    ) -> Msg:
        # Bytes that are no text stay visible as \xNN, and match no subject that anybody meant.
        return super()._build_message(sid, _readable(subject), _readable(reply), data, headers)


@lru_cache(maxsize=1024)
def _header_name(raw: bytes) -> str | None:
    try:
        name = raw.strip().decode("ascii")
    except UnicodeDecodeError:
        return None
    return None if any(map(str.isspace, name)) else name


def _readable(name: bytes) -> bytes:
    return name.decode(errors="backslashreplace").encode()


class SturdyBroker(NatsBroker):
    """FastStream's broker over a `SturdyClient`."""

    async def connect(self) -> SturdyClient:
        """Connect, once."""
        client = await super().connect()
        if not isinstance(client, SturdyClient):
            raise TypeError("the broker was connected before")
        return client

    async def _connect(self) -> SturdyClient:
        client = SturdyClient()
        await client.connect(**self._connection_kwargs)
        self.config.connect(client)
        return client


async def connect(url: str, user: str) -> SturdyClient:
    """A NATS connection that never gives up, under a user's own inbox prefix."""
    client = SturdyClient()
    await client.connect(
        url,
        name=f"tereze-{user}",
        inbox_prefix=names.inbox_prefix(user).encode(),
        max_reconnect_attempts=-1,
        reconnect_time_wait=1,
    )
    return client
