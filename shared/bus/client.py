"""What a program needs to submit messages: used by the commands, the importer and the demonstration.

Nothing here that a channel adapter in any other language could not do with plain NATS and CloudEvents.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from secrets import token_hex
from types import TracebackType
from urllib.parse import urlsplit

import nats
import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from shared.bus import names
from shared.bus.answers import Answer, Status
from shared.bus.cloudevents import headers_of
from shared.contracts import COMMANDS
from shared.contracts.base import Command
from shared.contracts.values import Role


class NoAnswerError(Exception):
    """No service answered in time. Sending again with the same id is safe."""


class Submitter:
    """Submits messages under one source and in one role, by request (`ask`) or fire-and-forget (`send`).

    Use as an async context manager. Answers to published messages arrive in `answers`, where the
    submission asked for them.
    """

    def __init__(self, url: str, source: str, role: Role = Role.CHANNEL) -> None:
        self._url = url
        self._source = source
        self._role = role
        self._address = f"{names.ANSWERS}.{token_hex(8)}"
        self.answers: asyncio.Queue[Answer] = asyncio.Queue()

    async def __aenter__(self) -> Submitter:
        user = urlsplit(self._url).username or "adapter"
        self._client: Client = await nats.connect(
            self._url,
            name="tereze-submitter",
            inbox_prefix=names.inbox_prefix(user).encode(),
            max_reconnect_attempts=-1,
        )

        async def answered(msg: Msg) -> None:
            self.answers.put_nowait(Answer.from_json(msg.data))

        await self._client.subscribe(self._address, cb=answered)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.drain()

    def headers(
        self, command: type[Command], event_id: str, time: datetime | None, role: Role | None = None
    ) -> dict[str, str]:
        """The CloudEvents headers of a submission of this source, perhaps in another role than usual."""
        return headers_of(command, event_id=event_id, source=self._source, role=role or self._role, time=time)

    async def ask(
        self,
        type_name: str,
        body: bytes,
        *,
        event_id: str,
        time: datetime | None = None,
        role: Role | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 15.0,
    ) -> Answer:
        """Submit and wait for the answer.

        Raises:
            NoAnswerError: when nobody answered; the message may or may not have been accepted.
        """
        command = COMMANDS[type_name]
        head = {**self.headers(command, event_id, time, role), **(headers or {})}
        try:
            reply = await self._client.request(
                names.ask_subject(command.context, type_name), body, timeout=timeout_s, headers=head
            )
        except (nats.errors.NoRespondersError, nats.errors.TimeoutError) as error:
            message = f"the {command.context} service did not answer; see `tereze status`, then send it again"
            raise NoAnswerError(message) from error
        return Answer.from_json(reply.data)

    async def ask_command(self, command: Command, *, event_id: str, time: datetime | None = None) -> Answer:
        """`ask`, for a command that is already built."""
        body = command.model_dump_json(exclude_none=True).encode()
        return await self.ask(command.type_name(), body, event_id=event_id, time=time)

    async def send(
        self,
        command: type[Command],
        body: bytes,
        *,
        event_id: str,
        time: datetime | None = None,
        role: Role | None = None,
    ) -> None:
        """Publish and go on; the service's answer comes to `answers`. No answer: send again, under the same id.

        JetStream's own acknowledgement is not asked for: the answer says more, and says it end to end.
        """
        head = self.headers(command, event_id, time, role)
        head[names.ANSWER_TO] = self._address
        await self._client.publish(names.submit_subject(command.context, command.type_name()), body, headers=head)


__all__ = ["Answer", "NoAnswerError", "Status", "Submitter"]
