"""Rebuilds `sla` in a process of its own: `python -m tests.bench.rebuild_once` with `TEREZE_DATABASE_URL`.

Prints events, seconds and the peak of its resident memory in MiB, as JSON.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import uvloop

from services.insight.rebuild import rebuild
from services.insight.views import projections
from shared.process import connect_pool
from shared.settings import Settings


async def main() -> None:
    """Rebuild once."""
    settings = Settings()
    pool = await connect_pool(settings.database_url, "bench-rebuild")
    (sla,) = projections(settings.timezone, ["sla"])
    began = time.perf_counter()
    progress = await rebuild(pool, sla)
    seconds = time.perf_counter() - began
    await pool.close()
    print(json.dumps({"events": progress.done, "seconds": seconds, "peak_mib": _peak_mib()}))


def _peak_mib() -> float:
    """VmHWM rather than `getrusage`: that one remembers the process that started this one."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


if __name__ == "__main__":
    uvloop.run(main())
