"""The read side as a process: `python -m services.insight`."""

from __future__ import annotations

import asyncio
import logging
from functools import partial

from nats.aio.client import Client
from nats.aio.msg import Msg

from services.insight import lives
from services.insight.ledger import live_cursors
from services.insight.runner import Runner
from services.insight.views import projections
from shared.bus import names
from shared.eventstore.log import Log
from shared.lag import tell_lag
from shared.process import close_pool, connect_pool, end, run_process, until_told_to_stop
from shared.settings import Settings
from shared.telemetry import setup
from shared.telemetry.logs import configure_logging
from shared.troubles import BUS_TROUBLES

log = logging.getLogger(__name__)


async def main() -> None:
    """Follow the log until told to stop. Neither server has to be there at the start, nor all the time."""
    settings = Settings()
    telemetry = setup("insight", settings.home)
    followed = projections(settings.timezone)
    pool = await connect_pool(settings.database_url, "tereze-insight", size=3 * len(followed) + 3)
    runner = Runner(pool, followed, telemetry)
    following = asyncio.create_task(runner.run())
    listening = asyncio.create_task(listen(settings.nats_url, runner))
    keeping = [asyncio.create_task(lives.keep(pool, one)) for one in followed if one.clocks]
    telling = asyncio.create_task(tell_lag(Log(pool), telemetry.metrics, partial(live_cursors, pool)))
    await runner.opened()
    await until_told_to_stop(following, listening, telling, *keeping)
    await end(telling, listening, *keeping, following)
    await close_pool(pool)
    telemetry.shutdown()


async def listen(url: str, runner: Runner) -> None:
    """Wake the runner whenever the log has grown. Without the bus it polls, so a lost bus costs a moment only."""

    async def woken(_: Msg) -> None:
        runner.wake()

    async def quietly(error: Exception) -> None:
        log.info("the bus: %s", type(error).__name__)

    client = Client()
    while True:
        try:
            await client.connect(
                url,
                name="tereze-insight",
                inbox_prefix=names.inbox_prefix("insight").encode(),
                max_reconnect_attempts=-1,
                reconnect_time_wait=1,
                error_cb=quietly,
            )
            break
        except BUS_TROUBLES as trouble:
            log.warning("the bus is not reachable (%s); the log is polled meanwhile", type(trouble).__name__)
            await asyncio.sleep(1.0)
    try:
        await client.subscribe(names.WAKE, cb=woken)
        await asyncio.Event().wait()
    finally:
        await client.close()


if __name__ == "__main__":
    configure_logging("insight")
    run_process(main())
