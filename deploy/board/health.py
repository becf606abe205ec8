"""What `tereze status` knows, line by line, for the board."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.health import Durable, Health, Reader, health
from deploy.home import State
from services.insight.board.health import Part
from shared.bus.names import OUT_STREAM

_STALLED_S = 60.0
"""A write transaction older than this holds every reader back."""


async def parts_of(state: State) -> list[Part]:
    """Every part of a running system, and how far behind it is."""
    return [*_processes(state), *lines(await health(state))]


def lines(found: Health) -> Iterator[Part]:
    """Readers, queues, and what should be none."""
    for server in found.unanswered:
        yield Part(server, "unanswered", good=False)
    for reader in found.readers or []:
        yield Part(reader.name, _of_reader(reader), reader.running, reader.events_behind, reader.oldest_unseen_s)
    for queue in found.durables or []:
        state = _of_queue(queue)
        # Somebody else's adapter may come any time: nothing is wrong, but messages wait.
        good = None if state == "no_adapter" and queue.pending else state in {"served", "no_adapter"}
        yield Part(f"{queue.stream} {queue.name}", state, good, queue.pending)
    for name, number in (("dead_letters", found.dead_letters), ("poison", found.poison)):
        if number is not None:
            yield Part(name, "some" if number else "none", not number, number)
    if (age := found.write_transaction_s) is not None:
        yield Part("write_transaction", "some" if age > _STALLED_S else "none", age <= _STALLED_S, None, age)


def _processes(state: State) -> Iterator[Part]:
    for part in state.parts():
        yield Part(part.name, "ready" if part.ready else "not_ready", part.ready)


def _of_reader(reader: Reader) -> str:
    if not reader.running:
        return "stopped"
    return "runs" if reader.built else "not_built"


def _of_queue(queue: Durable) -> str:
    if queue.pending is None:
        return "lost"
    if queue.stream == OUT_STREAM and not queue.running:
        return "no_adapter"
    return "served" if queue.running else "not_served"
