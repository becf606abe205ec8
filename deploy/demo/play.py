"""Plays a script against a running system, as channel adapters would: over the bus, with an adapter's rights."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from secrets import token_hex

from deploy.demo.script import Script
from deploy.demo.steps import Step
from shared.bus import names
from shared.bus.answers import Answer, Status
from shared.bus.client import NoAnswerError, Submitter
from shared.clock import MovableClock

ANSWER_WITHIN_S = 20.0
_TRIES = 3

Told = Callable[[datetime, int], None]
"""Told the simulated time, and how many more steps are done."""


class Player:
    """Plays one script. `wrong` then says of each thread that went another way where it first did."""

    def __init__(
        self,
        script: Script,
        nats_url: str,
        clock: MovableClock,
        told: Told,
        rest: Callable[[], Awaitable[None]],
    ) -> None:
        """`rest` waits until all that a stretch of time led to has happened: in the world, a night lies between."""
        self._script = script
        self._url = nats_url
        self._clock = clock
        self._told = told
        self._rest = rest
        self._adapters: dict[str, _Adapter] = {}
        self._lost: set[str] = set()
        self.wrong: list[str] = []

    async def play(self) -> None:
        """Let time pass stretch by stretch; in each, all threads go on side by side."""
        async with AsyncExitStack() as stack:
            for source in sorted({step.source for step in self._script.steps}):
                self._adapters[source] = await stack.enter_async_context(_Adapter(self._url, source))
            for until, threads in self._script.ticks():
                self._clock.set(until)
                self._told(until - timedelta(seconds=1), 0)
                async with asyncio.TaskGroup() as group:
                    for thread in threads:
                        group.create_task(self._play_thread(thread, until))
                await self._rest()

    async def _play_thread(self, steps: Sequence[Step], until: datetime) -> None:
        for step in steps:
            if step.thread not in self._lost:
                answer = await self._submit(step)
                if not _as_expected(step, answer):
                    self._lost.add(step.thread)
                    self.wrong.append(_told_instead(step, answer))
            self._told(until - timedelta(seconds=1), 1)

    async def _submit(self, step: Step) -> Answer | None:
        """Send it until it is answered: the same id has one effect, however often it is sent."""
        adapter = self._adapters[step.source]
        # What is worth a look later is traced whatever the load.
        traced = token_hex(16) if step.thread == self._script.shown else None
        for _ in range(_TRIES):
            try:
                return await (adapter.publish(step) if step.kept else adapter.ask(step, traced))
            except (NoAnswerError, TimeoutError):
                continue
        return None


class _Adapter:
    """One channel's adapter: publishes onto JetStream or asks, and matches the answers to its messages."""

    def __init__(self, url: str, source: str) -> None:
        self._submitter = Submitter(url, source)
        self._waiting: dict[str, asyncio.Future[Answer]] = {}

    async def __aenter__(self) -> _Adapter:
        await self._submitter.__aenter__()
        self._listening = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, *error: object) -> None:
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        await self._submitter.__aexit__(None, None, None)

    async def _listen(self) -> None:
        while True:
            answer = await self._submitter.answers.get()
            waiting = self._waiting.pop(answer.id, None)
            if waiting is not None and not waiting.done():
                waiting.set_result(answer)

    async def ask(self, step: Step, trace_id: str | None) -> Answer:
        headers = {names.TRACEPARENT: f"00-{trace_id}-{token_hex(8)}-01"} if trace_id else {}
        return await self._submitter.ask(
            step.type.type_name(),
            step.body,
            event_id=step.id,
            time=step.at + step.ahead,
            role=step.role,
            headers=headers,
            timeout_s=ANSWER_WITHIN_S,
        )

    async def publish(self, step: Step) -> Answer:
        answered = self._waiting[step.id] = asyncio.get_running_loop().create_future()
        await self._submitter.send(step.type, step.body, event_id=step.id, time=step.at + step.ahead, role=step.role)
        return await asyncio.wait_for(answered, ANSWER_WITHIN_S)


def _as_expected(step: Step, answer: Answer | None) -> bool:
    if answer is None:
        return False
    # Sent again because an answer was lost, it may have been accepted the first time.
    same = answer.status is step.status or {answer.status, step.status} == {Status.ACCEPTED, Status.DUPLICATE}
    return same and (not step.code or (bool(answer.reasons) and answer.reasons[0].code == step.code))


def _told_instead(step: Step, answer: Answer | None) -> str:
    wanted = f"{step.status} {step.code}".strip()
    if answer is None:
        told = f"no answer within {ANSWER_WITHIN_S:.0f} s, {_TRIES} times"
    else:
        told = " ".join([answer.status, *(f"{reason.code}: {reason.message}" for reason in answer.reasons[:1])])
    return f"{step.type.type_name()} {step.id} should be {wanted}, was: {told}"
