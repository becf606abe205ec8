"""The watch over deadlines as a process: `python -m services.insight.watch`."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial

from services.insight.clocks import Rules
from services.insight.views import projections
from services.insight.watch.teller import Teller
from services.insight.watch.watcher import Post, cursors, run
from shared.clock import clock_from_environment
from shared.contracts.watch import CONTEXT
from shared.eventstore import Log
from shared.lag import tell_lag
from shared.process import close_pool, connect_pool, end, run_process, until_told_to_stop
from shared.settings import Settings
from shared.telemetry import setup
from shared.telemetry.logs import configure_logging


async def main() -> None:
    """Watch until told to stop. The bus is none of its business: what it says goes into the log, for the relay."""
    settings = Settings()
    telemetry = setup(CONTEXT, settings.home)
    (sla,) = projections(settings.timezone, ["sla"])
    pool = await connect_pool(settings.database_url, f"tereze-{CONTEXT}")
    rules = Rules.of_settings()
    teller = Teller(pool, percent=rules.percent, digest_every=timedelta(minutes=settings.digest_minutes))
    backlog = timedelta(days=settings.alarms_for_days)
    watching = asyncio.create_task(run(Post(pool, sla, rules, clock_from_environment(), teller, backlog)))
    telling = asyncio.create_task(tell_lag(Log(pool), telemetry.metrics, partial(cursors, pool)))
    await until_told_to_stop(watching, telling)
    await end(telling, watching)
    await close_pool(pool)
    telemetry.shutdown()


if __name__ == "__main__":
    configure_logging(CONTEXT)
    run_process(main())
