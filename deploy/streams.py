"""The one place where streams and durable consumers are declared. Idempotent; changed settings are applied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module

import nats
from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)
from nats.js.errors import NotFoundError

from deploy.roles import CONTEXTS, durable, reactions_durable
from shared.bus.names import (
    ESCALATIONS,
    EVENTS_STREAM,
    IN_STREAM,
    OUT_STREAM,
    REPLAY,
    REPLAY_STREAM,
    event_subject,
    out_subject,
)
from shared.contracts.outgoing import OUT_CHANNELS
from shared.contracts.watch import DeadlinesEscalated
from shared.decider import Decider
from shared.settings import Settings

_GIB = 2**30
_DAY_S = 24 * 3600


def _streams(replicas: int) -> tuple[StreamConfig, ...]:
    """Durations in seconds. A full work queue refuses new submissions: nothing accepted is ever dropped."""
    told_for = Settings().messages_for_days * _DAY_S
    return (
        StreamConfig(
            name=IN_STREAM,
            # All of them: what no service reads is answered and kept as a dead letter (shared/bus/strays.py).
            subjects=["tereze.in.>"],
            retention=RetentionPolicy.WORK_QUEUE,
            discard=DiscardPolicy.NEW,
            storage=StorageType.FILE,
            max_bytes=4 * _GIB,
            duplicate_window=120,
            num_replicas=replicas,
        ),
        StreamConfig(
            name=EVENTS_STREAM,
            subjects=["tereze.events.>"],
            retention=RetentionPolicy.LIMITS,
            discard=DiscardPolicy.OLD,
            storage=StorageType.FILE,
            max_age=7 * _DAY_S,
            duplicate_window=600,
            num_replicas=replicas,
        ),
        StreamConfig(
            name=OUT_STREAM,
            subjects=["tereze.out.*"],
            retention=RetentionPolicy.LIMITS,
            discard=DiscardPolicy.NEW,
            storage=StorageType.FILE,
            max_bytes=4 * _GIB,
            max_age=told_for,
            # As long as anything is kept at all, and nothing older is told of: no message goes out twice, ever.
            duplicate_window=told_for,
            num_replicas=replicas,
        ),
        StreamConfig(
            name=REPLAY_STREAM,
            subjects=[f"{REPLAY}.>"],
            retention=RetentionPolicy.LIMITS,
            discard=DiscardPolicy.OLD,
            storage=StorageType.FILE,
            max_bytes=_GIB,
            # A replay can be had again: it lies there for who tries something out, and takes no room for long.
            max_age=_DAY_S,
            duplicate_window=120,
            num_replicas=replicas,
        ),
    )


def _consumer(name: str, subjects: Sequence[str], *, ack_wait_s: float = 8) -> ConsumerConfig:
    return ConsumerConfig(
        durable_name=name,
        filter_subjects=list(subjects),
        ack_policy=AckPolicy.EXPLICIT,
        # What a killed process had in hand comes again after this many seconds: within the patience of a message
        # that waits for it (shared/bus/deliveries.py), and far above what a batch takes.
        ack_wait=ack_wait_s,
        max_deliver=-1,
        max_ack_pending=20_000,
    )


def reactions() -> dict[str, list[str]]:
    """The subjects of the events that each service reacts to, as its decider says."""
    found: dict[str, list[str]] = {}
    for context in CONTEXTS:
        decider: Decider[object] = import_module(f"services.{context}.domain").DECIDER
        found[context] = [event_subject(event.context, event.type_name()) for event in decider.reacts_to]
    return found


async def events_are_gone(admin_url: str) -> bool:
    """Whether the stream of events is not there: never declared, or lost with the server's data."""
    connection = await nats.connect(admin_url, inbox_prefix=b"_INBOX_admin")
    try:
        await connection.jetstream().stream_info(EVENTS_STREAM)
    except NotFoundError:
        return True
    finally:
        await connection.close()
    return False


async def declare(admin_url: str, reacts_to: Mapping[str, Sequence[str]], *, replicas: int = 1) -> None:
    """Declare all streams and durables; `reacts_to` is `reactions()`. `replicas` 3 on a cluster."""
    connection = await nats.connect(admin_url, inbox_prefix=b"_INBOX_admin")
    try:
        js = connection.jetstream()
        for config in _streams(replicas):
            await _declare_stream(js, str(config.name), config)
        for context in CONTEXTS:
            await js.add_consumer(IN_STREAM, _consumer(durable(context), [f"tereze.in.{context}.>"]))
            await _declare_reactions(js, context, reacts_to.get(context, ()))
        digests = event_subject(DeadlinesEscalated.context, DeadlinesEscalated.type_name())
        await js.add_consumer(EVENTS_STREAM, _consumer(ESCALATIONS, [digests], ack_wait_s=60))
        for channel in OUT_CHANNELS:
            await js.add_consumer(OUT_STREAM, _consumer(channel, [out_subject(channel)], ack_wait_s=60))
    finally:
        await connection.close()


async def _declare_stream(js: JetStreamContext, name: str, config: StreamConfig) -> None:
    try:
        await js.stream_info(name)
    except NotFoundError:
        await js.add_stream(config)
    else:
        await js.update_stream(config)


async def _declare_reactions(js: JetStreamContext, context: str, subjects: Sequence[str]) -> None:
    name = reactions_durable(context)
    if subjects:
        await js.add_consumer(EVENTS_STREAM, _consumer(name, subjects))
        return
    with suppress(NotFoundError):
        await js.delete_consumer(EVENTS_STREAM, name)
