"""Offers submissions to a running system and watches their events come back over the bus.

One light process does both, by plain core NATS, as an adapter and a subscriber of events would.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from dataclasses import dataclass, field
from typing import Any

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg

from shared.bus import names
from shared.bus.cloudevents import headers_of
from shared.contracts.intake import ReceiveRequest, RequestReceived

FIELDS: dict[str, Any] = {
    "channel": "phone",
    "language": "kk",
    "office": "Centre 1",
    "topic": "housing",
    "question": "Тұрғын үй кезегіне қалай тұрамын және қандай құжаттар керек? Өтініш берілді, жауап жоқ.",
    "responsible": "manager-1",
    "consumer": {"name": "Айгүл Серікқызы"},
}
_PHONES = itertools.count(1_000_000)
"""Every stranger has a phone of their own, so that each is looked for and entered as somebody new."""
KNOWN = 5_000
"""People whom the adapter knows by their ids."""
TICK_S = 0.002
"""How often what is due is sent."""
_PATIENCE_S = 20.0


@dataclass(slots=True)
class Flow:
    """What was sent and what came back; times are `time.monotonic()`."""

    due_at: list[float] = field(default_factory=list)
    """When each submission should have been sent: a sender that falls behind makes no latency look better."""
    seen_at: list[float] = field(default_factory=list)
    """When its event came, 0.0 where none did."""
    seen: int = 0
    repeated: int = 0

    def latencies(self, since: float, until: float) -> list[float]:
        """Seconds from due to seen, sorted, of the submissions due in that time and seen at all."""
        return sorted(
            seen - due for due, seen in zip(self.due_at, self.seen_at, strict=True) if seen and since <= due < until
        )

    def seen_a_second(self, since: float, until: float) -> list[int]:
        """How many events came in each whole second of that time."""
        counts = [0] * int(until - since)
        for at in self.seen_at:
            second = int(at - since)
            if at >= since and second < len(counts):
                counts[second] += 1
        return counts


class Load:
    """One run: cases of its own, so that runs on one system do not meet."""

    def __init__(self, run: str, publisher: Client, observer: Client, *, strangers: bool = False) -> None:
        """`strangers`: nobody was known before; each is looked for by phone and entered. Else the adapter says who."""
        self._run = run
        self._strangers = strangers
        self._publisher = publisher
        self._observer = observer
        self._subject = names.submit_subject(ReceiveRequest.context, ReceiveRequest.type_name())
        self.flow = Flow()

    async def offer(self, rate: float, seconds: float) -> None:
        """Open loop: so many a second, whatever comes back."""
        began = time.monotonic()
        for number in range(int(rate * seconds)):
            due = began + number / rate
            while time.monotonic() < due:  # noqa: ASYNC110 - waits for a moment, not for a condition
                await asyncio.sleep(TICK_S)
            await self._send(due)

    async def saturate(self, window: int, seconds: float) -> None:
        """Closed loop: so many under way at any time, as many as go through."""
        until = time.monotonic() + seconds
        while (now := time.monotonic()) < until:
            room = window - (len(self.flow.due_at) - self.flow.seen)
            for _ in range(room):
                await self._send(now)
            await asyncio.sleep(TICK_S)

    async def drained(self) -> None:
        """Wait until everything sent was seen, or nothing more comes."""
        last, since = self.flow.seen, time.monotonic()
        while self.flow.seen < len(self.flow.due_at) and time.monotonic() - since < _PATIENCE_S:
            await asyncio.sleep(0.05)
            if self.flow.seen != last:
                last, since = self.flow.seen, time.monotonic()

    async def observe(self) -> None:
        """Subscribe to the events that this run leads to."""
        flow, mark = self.flow, f"{self._run}-"

        async def came(msg: Msg) -> None:
            case_id = (msg.headers or {}).get(names.SUBJECT, "")
            if not case_id.startswith(mark):
                return
            number = int(case_id[len(mark) :])
            if flow.seen_at[number]:
                flow.repeated += 1
            else:
                flow.seen_at[number] = time.monotonic()
                flow.seen += 1

        subject = names.event_subject(RequestReceived.context, RequestReceived.type_name())
        self._subscription = await self._observer.subscribe(subject, cb=came)
        await self._observer.flush()

    async def stop(self) -> None:
        await self._subscription.unsubscribe()

    def _person(self) -> dict[str, str]:
        if self._strangers:
            return {"phone": f"+7701{next(_PHONES):07d}"}
        return {"consumer_id": f"person-{len(self.flow.due_at) % KNOWN}"}

    async def _send(self, due: float) -> None:
        flow = self.flow
        case_id = f"{self._run}-{len(flow.due_at)}"
        flow.due_at.append(due)
        flow.seen_at.append(0.0)
        person = FIELDS["consumer"] | self._person()
        body = orjson.dumps(FIELDS | {"case_id": case_id, "consumer": person})
        headers = headers_of(ReceiveRequest, event_id=case_id, source="/bench")
        await self._publisher.publish(self._subject, body, headers=headers)
