"""How the person of a case can be reached: what the case and the information base say of them, still sealed.

The base's words lie where they were said: in the person's own record, or in another of their cases. Records that were
merged are one person's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeAlias

import asyncpg
import orjson

from shared.contracts import EVENTS, personal_fields
from shared.contracts.values import Channel, Context

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

FIELDS = ("name", "phone", "email", "address")
"""A personal field of one of these names says it of the event's consumer, in whatever event it stands."""
SAYING = tuple(
    name
    for name, model in EVENTS.items()
    if "language" in model.model_fields or not set(FIELDS).isdisjoint(personal_fields(model))
)
"""The types of events that say how somebody is reached."""

WAYS: Mapping[Channel | None, tuple[Channel, ...]] = {
    Channel.WALK_IN: (Channel.PHONE, Channel.EMAIL),
    Channel.PHONE: (Channel.PHONE, Channel.EMAIL),
    Channel.VOICE_MAIL: (Channel.PHONE, Channel.EMAIL),
    Channel.EMAIL: (Channel.EMAIL, Channel.PHONE),
    Channel.WEB: (Channel.WEB,),
    Channel.POST: (Channel.POST, Channel.EMAIL, Channel.PHONE),
    Channel.COMPLAINTS_BOOK: (Channel.PHONE, Channel.EMAIL, Channel.POST),
    None: (Channel.PHONE, Channel.EMAIL),
}
"""Which channel a case that came by a channel is answered by: the first for which there is what it needs.

Whoever came in person is written to by phone or e-mail, where these are known; paper goes to those who wrote on it.
"""
NEEDS: Mapping[Channel, tuple[str, ...]] = {
    Channel.PHONE: ("phone",),
    Channel.EMAIL: ("email",),
    Channel.POST: ("address",),
    Channel.WEB: (),
}
"""The channels that messages leave by, and what each can't do without."""
TOLD: Mapping[Channel, tuple[str, ...]] = {**NEEDS, Channel.WEB: ("phone", "email")}
"""The contacts that each channel's adapter is told, besides the name."""


# The services are named, for only a list that the planner knows leaves the other partitions out.
ELSEWHERE = f"""
SELECT xid::text::bigint AS xid, position, correlation_id, type, data::text AS data, data->>'consumer_id' AS consumer_id
FROM store.event
WHERE context IN ({", ".join(f"'{one}'" for one in Context)})
  AND data->>'consumer_id' = ANY($1::text[]) AND type = ANY($2::text[])
"""  # noqa: S608 - the names are ours


@dataclass(frozen=True, slots=True)
class Reached:
    """What is known of one case's consumer. `sealed` are tokens by field, each with whose key opens it."""

    consumer_id: str
    channel: Channel | None = None
    language: str | None = None
    history: bool = False
    """A case taken over from older records: nobody waits for a message about it."""
    sealed: Mapping[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])

    @property
    def way(self) -> Channel | None:
        """The channel that a message leaves by; None: there is no way to this person."""
        return way(self.channel, self.sealed)


class Saying(NamedTuple):
    """An event that may say how somebody is reached; `place` is its place in the log's order."""

    place: tuple[int, int]
    correlation_id: str
    type: str
    data: Mapping[str, Any]


def reached(consumer_id: str, own: Collection[str], said: Iterable[Saying]) -> Reached:
    """Fold what was said, in the log's order: the case's own channel and language, and the latest contacts.

    `own` are the ids that the case goes by: what else is said, the information base says.

    Only what is said of this very consumer counts: their key opens it.
    """
    known = Reached(consumer_id)
    for event in sorted(said, key=lambda one: one.place):
        data = event.data
        if data.get("consumer_id") != consumer_id:
            continue
        known = replace(known, sealed={**known.sealed, **_contacts(event)})
        if event.correlation_id not in own:
            known = replace(known, language=known.language or data.get("language"))
            continue
        known = replace(
            known,
            channel=known.channel or _channel(data.get("channel")),
            language=data.get("language") or known.language,
            history=known.history or data.get("history") is True,
        )
    return known


def reached_elsewhere(known: Reached, said: Iterable[Saying]) -> Reached:
    """The same with the latest word on what is missing, from the person's other cases and records."""
    elsewhere: dict[str, tuple[str, str]] = {}
    language = None
    for event in sorted(said, key=lambda one: one.place):
        elsewhere |= _contacts(event)
        language = event.data.get("language") or language
    return replace(known, sealed={**elsewhere, **known.sealed}, language=known.language or language)


def way(channel: Channel | None, known: Mapping[str, object]) -> Channel | None:
    """The channel that a message leaves by, where these contacts are known; None: there is no way to this person."""
    return next((one for one in WAYS[channel] if all(known.get(need) for need in NEEDS[one])), None)


async def read_records(pool: Pool, consumer_ids: Collection[str]) -> dict[str, frozenset[str]]:
    """All records of the person that each of these records is of: those merged into it, and into what it was merged."""
    merged: set[frozenset[str]] = set()
    known: set[str] = set()
    asked = set(consumer_ids)
    while asked:
        rows = await pool.fetch(
            """SELECT correlation_id AS one, coalesce(data->>'into', data->>'other') AS other FROM store.event
               WHERE context = 'intake' AND correlation_id = ANY($1::text[])
                 AND type IN ('ConsumerMerged', 'ConsumerAbsorbed')""",
            sorted(asked),
        )
        merged |= {frozenset((row["one"], row["other"])) for row in rows}
        known |= asked
        asked = {one for pair in merged for one in pair} - known
    return {one: _joined(one, merged) for one in consumer_ids}


async def read_elsewhere(pool: Pool, consumer_ids: Collection[str]) -> dict[str, list[Saying]]:
    """What the log says, in whatever case, about reaching these consumers."""
    rows = await pool.fetch(ELSEWHERE, sorted(consumer_ids), list(SAYING))
    found: dict[str, list[Saying]] = {one: [] for one in consumer_ids}
    for row in rows:
        place = (row["xid"], row["position"])
        saying = Saying(place, row["correlation_id"], row["type"], orjson.loads(row["data"]))
        found[row["consumer_id"]].append(saying)
    return found


async def read_sayings(pool: Pool, ids: Sequence[str]) -> dict[str, list[Saying]]:
    """What the log says about reaching the people of these cases or consumers, by case or consumer."""
    rows = await pool.fetch(
        """SELECT xid::text::bigint AS xid, position, correlation_id, type, data::text AS data FROM store.event
           WHERE correlation_id = ANY($1::text[]) AND type = ANY($2::text[])""",
        list(ids),
        list(SAYING),
    )
    found: dict[str, list[Saying]] = {one: [] for one in ids}
    for row in rows:
        case_id: str = row["correlation_id"]
        place = (row["xid"], row["position"])
        found[case_id].append(Saying(place, case_id, row["type"], orjson.loads(row["data"])))
    return found


def _joined(consumer_id: str, merged: Collection[frozenset[str]]) -> frozenset[str]:
    found, size = {consumer_id}, 0
    while len(found) > size:
        size = len(found)
        found |= {one for pair in merged if not found.isdisjoint(pair) for one in pair}
    return frozenset(found)


def _contacts(event: Saying) -> dict[str, tuple[str, str]]:
    """The contacts that an event says, each with whose key opens it."""
    owner: str = event.data["consumer_id"]
    return {name: (owner, event.data[name]) for name in _contact_fields(event.type) if event.data.get(name) is not None}


def _contact_fields(type_name: str) -> tuple[str, ...]:
    model = EVENTS.get(type_name)
    return () if model is None else tuple(name for name in FIELDS if name in personal_fields(model))


def _channel(value: object) -> Channel | None:
    return Channel(value) if value in set(Channel) else None
