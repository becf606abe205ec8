"""Whose a case is: a person's records, which one answers since they were merged, and whether they are forgotten.

Read from the log, so it is never behind; of a person it says ids and times only.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.insight.instants import Connection
from shared.contracts.intake import ContactsLearnt, registry
from shared.contracts.values import Context

_ENTRIES = [one.type_name() for one in (*registry.EVENTS, ContactsLearnt)]
"""What is written about the records themselves."""
# The services are named, for only a list that the planner knows leaves out the partition that has no index by consumer.
CASES = f"""
SELECT DISTINCT ON (correlation_id) correlation_id, data->>'consumer_id' AS consumer_id, context, type, occurred_at
FROM store.event
WHERE context IN ({", ".join(f"'{one}'" for one in Context)})
  AND data->>'consumer_id' = ANY($1::text[]) AND type <> ALL($2::text[])
ORDER BY correlation_id, occurred_at, position
"""  # noqa: S608 - the names are ours
"""The cases of these consumers, each by the first that was written about them in it, without these types."""


class UnknownPersonError(LookupError):
    """There is no event of this consumer."""


@dataclass(frozen=True, slots=True)
class Person:
    """One record of a consumer."""

    consumer_id: str
    into: str | None = None
    """The record that answers for this one since they were merged."""
    forgotten_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CaseOf:
    """A case of somebody, by the first that was written about them in it."""

    case_id: str
    consumer_id: str
    service: str
    type: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Whole:
    """A person with all their records and cases; `consumer_id` answers for them."""

    consumer_id: str
    records: list[Person]
    cases: list[CaseOf]


async def persons(connection: Connection, consumer_ids: Collection[str]) -> list[Person]:
    """How it stands with these consumers, and with those that answer for them by now."""
    found: dict[str, Person] = {}
    missing = list(dict.fromkeys(consumer_ids))
    while missing:
        rows = await connection.fetch(
            """SELECT correlation_id AS consumer_id, type, data->>'into' AS into, occurred_at FROM store.event
               WHERE context = 'intake' AND correlation_id = ANY($1::text[])
                 AND type IN ('ConsumerMerged', 'ConsumerForgotten') AND data->>'consumer_id' = correlation_id""",
            missing,
        )
        into = {row["consumer_id"]: row["into"] for row in rows if row["type"] == "ConsumerMerged"}
        forgotten = {row["consumer_id"]: row["occurred_at"] for row in rows if row["type"] == "ConsumerForgotten"}
        found |= {one: Person(one, into.get(one), forgotten.get(one)) for one in missing}
        missing = [one for one in dict.fromkeys(into.values()) if one not in found]
    return list(found.values())


async def person(connection: Connection, consumer_id: str) -> Whole:
    """All records of the person whom this one belongs to, and the cases of each, in the order of their beginnings.

    Raises:
        UnknownPersonError: nothing was ever written about them.
    """
    chain = await persons(connection, [consumer_id])
    answers = next((one.consumer_id for one in chain if one.into is None), min(one.consumer_id for one in chain))
    ids = await _absorbed_by(connection, answers)
    rows = await connection.fetch(CASES, ids, _ENTRIES)
    cases = [
        CaseOf(row["correlation_id"], row["consumer_id"], row["context"], row["type"], row["occurred_at"])
        for row in rows
    ]
    entered = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM store.event WHERE context = 'intake' AND correlation_id = ANY($1::text[]))", ids
    )
    if not cases and not entered:
        raise UnknownPersonError(f"nothing is known of a consumer {consumer_id!r}; `tereze case` says whose a case is")
    return Whole(answers, await persons(connection, ids), sorted(cases, key=lambda case: (case.at, case.case_id)))


async def _absorbed_by(connection: Connection, consumer_id: str) -> Sequence[str]:
    """This record and all that were merged into it, also by way of others."""
    ids, further = [consumer_id], [consumer_id]
    while further:
        rows = await connection.fetch(
            """SELECT DISTINCT data->>'other' AS other FROM store.event
               WHERE context = 'intake' AND correlation_id = ANY($1::text[]) AND type = 'ConsumerAbsorbed'""",
            further,
        )
        further = [row["other"] for row in rows if row["other"] not in ids]
        ids += further
    return ids
