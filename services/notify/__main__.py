"""Messages to consumers as a process: `python -m services.notify`."""

from __future__ import annotations

import os
from datetime import timedelta
from zoneinfo import ZoneInfo

from services.notify.messages import Composer
from services.notify.notifier import NAME, Notifier
from shared.bus.connection import connect
from shared.bus.follower import follow
from shared.process import connect_pool, run_process
from shared.settings import Settings
from shared.telemetry import setup
from shared.telemetry.logs import configure_logging


async def main() -> None:
    """Write to consumers until told to stop."""
    settings = Settings()
    telemetry = setup(NAME, settings.home)
    # A cursor lost with a crash of the database costs some publishing again, which the stream drops.
    session = {"synchronous_commit": "off", "enable_seqscan": "off"}
    pool = await connect_pool(settings.database_url, f"tereze-{NAME}", session=session)
    client = await connect(settings.nats_url, NAME)
    max_age = timedelta(days=settings.messages_for_days)
    composer = Composer(pool, ZoneInfo(settings.timezone), max_age)
    await follow(Notifier(pool, client, telemetry, composer), pool, client, telemetry)


YIELDS = 5
"""Niceness. Where there is not processor enough for all, taking requests in goes before writing about them."""

if __name__ == "__main__":
    configure_logging(NAME)
    os.nice(YIELDS)
    run_process(main())
