"""One service as a process: the composition root that all four share, and its test twin.

FastStream carries the connection and the requests; streams are pulled in batches (`shared/bus/puller.py`). Every
message is settled by hand, so that a failed one neither vanishes (the default policy terminates it) nor drags its
neighbours along.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import nats.errors
from faststream import AckPolicy
from faststream.message import StreamMessage
from nats.aio.msg import Msg

from shared.bus import names
from shared.bus.connection import SturdyBroker
from shared.bus.deadletters import DeadLetters
from shared.bus.deliveries import AskDelivery, StreamDelivery
from shared.bus.puller import Puller
from shared.bus.strays import Sweeper, is_stray
from shared.clock import Clock, clock_from_environment
from shared.decider import Decider
from shared.eventstore.store import EventStore
from shared.eventstore.underway import UnderWay
from shared.eventstore.vault import Vault
from shared.process import (
    close_pool,
    connect_service_pool,
    end,
    obey_cancellation,
    run_process,
    until_told_to_stop,
)
from shared.service.desk import Desk
from shared.service.processor import Processor
from shared.settings import Settings
from shared.telemetry import Telemetry, setup
from shared.telemetry.logs import configure_logging
from shared.troubles import STORE_TROUBLES

log = logging.getLogger(__name__)

BATCH = 500
NOBODY = "unknown"
"""The context of dead letters that were meant for no service."""
EXPIRY_S = 3600.0
LINGER_S = 0.01
"""How long a batch may grow before it is decided on: the price of group commit in latency."""


async def _raw(message: StreamMessage[Any]) -> Any:
    """Hand messages on undecoded: one that is not JSON must not fail its whole batch."""
    return message.raw_message


class Service:
    """A service at work, from `start` to `stop`."""

    def __init__(
        self,
        decider: Decider[Any],
        settings: Settings,
        clock: Clock,
        telemetry: Telemetry,
        *,
        sweeps_strays: bool = False,
    ) -> None:
        """`sweeps_strays`: it also answers submissions and requests that are no service's (`shared/bus/strays.py`), and
        ends what dead letters are kept for.
        """
        self._decider = decider
        self._settings = settings
        self._clock = clock
        self._telemetry = telemetry
        self._sweeps_strays = sweeps_strays
        self._asked: asyncio.Queue[AskDelivery] = asyncio.Queue()
        self._stray: asyncio.Queue[AskDelivery] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Connect, subscribe, and take messages. Waits for servers that are not there yet."""
        context = self._decider.context
        self._pool = await connect_service_pool(self._settings.database_url, f"tereze-{context}")
        user = urlsplit(self._settings.nats_url).username or context
        self._broker = SturdyBroker(
            self._settings.nats_url,
            name=f"tereze-{context}",
            inbox_prefix=names.inbox_prefix(user),
            max_reconnect_attempts=-1,
            reconnect_time_wait=1,
            drain_timeout=5,
            error_cb=_report,
            apply_types=False,
            logger=log,
            ack_policy=AckPolicy.MANUAL,
        )
        client = await self._broker.connect()
        processor = Processor(self._decider, EventStore(self._pool, context), Vault(self._pool))
        letters = DeadLetters(self._pool)
        under_way = UnderWay(self._pool, context, self._decider.reacts_to)
        self._desk = Desk(context, processor, letters, client, self._clock, self._telemetry, under_way)

        async def submitted(batch: Sequence[Msg]) -> None:
            await self._desk.submissions([StreamDelivery(msg, client) for msg in batch])

        async def asked(msg: Msg) -> None:
            if msg.subject.startswith(own):
                self._asked.put_nowait(AskDelivery(msg, client, self._asked.put_nowait))
            elif is_stray(msg.subject):
                self._stray.put_nowait(AskDelivery(msg, client, self._stray.put_nowait))

        own = f"{names.ASK}.{context}."
        # One subscription for its own requests and the strays: none comes twice. The server holds back the other
        # services' (deploy/roles.py); where all share one user it does not, and they are dropped above.
        subject = f"{names.ASK}.>" if self._sweeps_strays else f"{own}>"
        requests = self._broker.subscriber(subject, queue=context, decoder=_raw, no_reply=True)
        requests(asked)
        inbox = names.inbox_prefix(user)
        pull = partial(Puller, client, inbox=inbox, batch=BATCH, linger_s=LINGER_S)
        self._pullers = [pull(stream=names.IN_STREAM, durable=context, handle=submitted)]
        if self._decider.reacts_to:
            reactions = f"{context}-reactions"
            self._pullers.append(pull(stream=names.EVENTS_STREAM, durable=reactions, handle=self._desk.events))
        await self._broker.start()
        for puller in self._pullers:
            await puller.start()
        self._tasks = [asyncio.create_task(_answer_requests(self._asked, self._desk))]
        if self._sweeps_strays:
            desk = Desk(NOBODY, processor, letters, client, self._clock, self._telemetry)
            self._tasks.append(asyncio.create_task(Sweeper(client, desk.submissions).run()))
            self._tasks.append(asyncio.create_task(_answer_requests(self._stray, desk)))
            age = timedelta(days=self._settings.dead_letters_for_days)
            self._tasks.append(asyncio.create_task(_expire(letters, age)))
        log.info("%s takes messages", context)

    @property
    def working(self) -> list[asyncio.Task[None]]:
        """The tasks without which it takes no messages."""
        return [*self._tasks, *(puller.working for puller in self._pullers)]

    async def stop(self) -> None:
        """Finish the batch at hand and leave; what was not settled is delivered again to the next process."""
        for puller in self._pullers:
            await puller.stop()
        with contextlib.suppress(nats.errors.Error):  # there is nothing to drain into while the server is away
            await self._broker.stop()
        await end(*self._tasks)
        await close_pool(self._pool)
        self._telemetry.shutdown()


async def _answer_requests(asked: asyncio.Queue[AskDelivery], desk: Desk) -> None:
    """Decide on whatever requests have gathered while the last batch was written."""
    while True:
        obey_cancellation()
        batch = [await asked.get()]
        while not asked.empty() and len(batch) < BATCH:
            batch.append(asked.get_nowait())
        try:
            await desk.submissions(batch)
        except Exception:
            log.exception("a batch of %d requests failed; whoever asked will ask again", len(batch))


async def _expire(letters: DeadLetters, age: timedelta) -> None:
    """Delete letters whose time is over, for ever."""
    while True:
        obey_cancellation()
        try:
            if expired := await letters.expire(age):
                log.warning("%d dead letters were older than %s and are deleted", expired, age)
        except STORE_TROUBLES as trouble:
            log.warning("dead letters wait for their end: %s: %s", type(trouble).__name__, trouble)
        await asyncio.sleep(EXPIRY_S)


async def _report(error: Exception) -> None:
    log.warning("NATS: %s: %s", type(error).__name__, error)


def run(decider: Decider[Any], *, sweeps_strays: bool = False) -> None:
    """Run one service until it is told to stop: the body of every `python -m services.<name>`."""
    configure_logging(decider.context)

    async def main() -> None:
        settings = Settings()
        telemetry = setup(decider.context, settings.home)
        service = Service(decider, settings, clock_from_environment(), telemetry, sweeps_strays=sweeps_strays)
        await service.start()
        await until_told_to_stop(*service.working)
        await service.stop()

    run_process(main())
