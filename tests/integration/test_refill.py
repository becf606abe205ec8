"""The stream of events is made again from the log: what was lost with the bus reaches who reacts to it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import nats
import orjson
import pytest

from deploy.launcher import System
from shared.bus import names
from shared.bus.answers import Answer, Status
from shared.bus.cloudevents import headers_of
from shared.contracts import COMMANDS
from shared.roles import usual

REQUEST: dict[str, Any] = {
    "channel": "walk_in",
    "language": "kk",
    "office": "north",
    "question": "Қалай жазыламын?",
    "responsible": "manager-1",
    # Without a contact to be found by: nothing follows in the registry.
    "consumer": {"name": "Айгүл", "address": "Абай көшесі, 1"},
}
DETAILS: dict[str, Any] = {
    "expected_result": "a form filled in",
    "form": "office",
    "preparation_needed": False,
    "consultant_has_time": True,
    "presence_required": True,
    "consultant": "consultant-1",
}

_ALL_PUBLISHED = "SELECT position = (SELECT max(position) FROM store.event) FROM ops.relay"


@pytest.mark.parametrize("lost", ["nats", "nats/jetstream/$G/streams/TEREZE_EVENTS"])
async def test_events_lost_with_the_bus_are_published_again(new_folder: Callable[[], Path], lost: str) -> None:
    """Regression: the relay stood past events that no stream held any more, and their reactions never came."""
    system = System(new_folder())
    try:
        # An event that its reader has had, and one that it has not; the relay has published both.
        await system.start(("intake", "consult", "relay"))
        await _details(system, "case-1")
        await _until(system, "SELECT count(*) = 1 FROM store.event WHERE type = 'ConsultationOpened'")
        await system.kill("consult")
        await _details(system, "case-2")
        await _until(system, _ALL_PUBLISHED)
        await system.stop()
        shutil.rmtree(system.home.path / lost)
        # The one reaction comes, the other not again.
        await system.start(("intake", "consult", "relay"))
        await _until(system, "SELECT count(*) = 6 FROM store.event")
        await _until(system, _ALL_PUBLISHED)
        opened = (
            "SELECT array_agg(data->>'case_id' ORDER BY position) FROM store.event WHERE type = 'ConsultationOpened'"
        )
        assert await _fetch(system, opened) == ["case-1", "case-2"]
        assert await _fetch(system, "SELECT count(*) FROM ops.dead_letter") == 0
    finally:
        await system.stop()


async def _details(system: System, case_id: str) -> None:
    await _ask(system, "ReceiveRequest", {**REQUEST, "case_id": case_id})
    await _ask(system, "CollectDetails", {**DETAILS, "case_id": case_id})


async def _ask(system: System, type_name: str, data: dict[str, Any]) -> None:
    command = COMMANDS[type_name]
    client = await nats.connect(system.url_for("adapter"), inbox_prefix=b"_INBOX_adapter")
    try:
        subject = names.ask_subject(command.context, type_name)
        head = headers_of(command, event_id=f"{type_name}-{data['case_id']}", source="/test", role=usual(type_name))
        reply = await client.request(subject, orjson.dumps(data), timeout=20, headers=head)
    finally:
        await client.close()
    answer = Answer.from_json(reply.data)
    assert answer.status is Status.ACCEPTED, answer


async def _fetch(system: System, query: str) -> Any:
    connection = await asyncpg.connect(system.dsn_for("admin"))
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def _until(system: System, query: str) -> None:
    async with asyncio.timeout(20):
        while not await _fetch(system, query):  # noqa: ASYNC110 - the condition is in the database
            await asyncio.sleep(0.05)
