"""Random but lawful histories of cases, written straight into the store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import asyncpg

from shared.contracts import EVENTS
from shared.contracts.base import Event

START = datetime(2026, 1, 5, 4, 0, tzinfo=UTC)
SECRET = "v1.sealed-secret"  # noqa: S105
CAUSES = ["unclear_explanation", "late", "rude", "no_result"]


@dataclass(frozen=True)
class Happening:
    """An event of a case, when it occurred."""

    case_id: str
    occurred_at: datetime
    event: Event


def make(type_name: str, **data: Any) -> Event:
    """An event of the published language, checked by its contract."""
    return EVENTS[type_name].model_validate(data)


def written(random: Random, case_id: str, at: datetime) -> Iterator[Happening]:
    """A written request: perhaps registered, perhaps answered or declined, in time or not."""
    yield Happening(
        case_id,
        at,
        make(
            "WrittenRequestReceived",
            case_id=case_id,
            channel=random.choice(["post", "email", "web", "complaints_book"]),
            language="kk",
            office=f"Centre {random.randint(1, 3)}",
            topic=random.choice(["housing", "pensions", None]),
            history=random.random() < 0.3,
            has_contacts=True,
            name=SECRET,
            question=SECRET,
        ),
    )
    if random.random() < 0.6:
        at += timedelta(hours=random.uniform(0, 40))
        yield Happening(
            case_id,
            at,
            make(
                "WrittenRequestRegistered",
                case_id=case_id,
                registration_number="R-1",
                topic="housing",
                responsible="o1",
            ),
        )
    at += timedelta(days=random.uniform(0, 20))
    if random.random() < 0.7:
        yield Happening(case_id, at, make("WrittenRequestAnswered", case_id=case_id, answer=SECRET))
    elif random.random() < 0.5:
        yield Happening(
            case_id, at, make("WrittenRequestDeclined", case_id=case_id, ground="already_answered", notified=True)
        )


def consulted(random: Random, case_id: str, at: datetime) -> Iterator[Happening]:
    """A consultation through its stages, broken off anywhere; with up to two follow-ups."""
    path = random.choice(["3a-a", "3a-b", "3b-a", "3b-b"])
    place = {
        "channel": random.choice(["walk_in", "phone"] if path.startswith("3a") else ["email", "web"]),
        "office": f"Centre {random.randint(1, 3)}",
        "topic": random.choice(["housing", "pensions"]),
    }
    consultant, form = f"k{random.randint(1, 4)}", random.choice(["office", "phone", "online"])

    def happening(type_name: str, **data: Any) -> Happening:
        return Happening(case_id, at, make(type_name, case_id=case_id, **data))

    def goes_on() -> bool:
        return random.random() < 0.9

    yield happening("RequestReceived", language="ru", responsible="o1", question=SECRET, name=SECRET, **place)
    if not goes_on():
        return
    at += timedelta(minutes=random.uniform(1, 15))
    yield happening(
        "DetailsCollected",
        language="ru",
        stage="2a" if path.startswith("3a") else "2b",
        expected_result=SECRET,
        form=form,
        preferred_at=None,
        place=SECRET,
        preparation_needed=path == "3a-b",
        consultant_has_time=True,
        presence_required=path == "3b-b",
        consultant=consultant,
        manager="m1",
        **place,
    )
    yield happening("ConsultationOpened", path=path, consultant=consultant, manager="m1", **place)
    if path in {"3a-b", "3b-b"} and goes_on():
        at += timedelta(minutes=random.uniform(1, 30))
        yield happening(
            "ConsultationPlanned",
            planned_at=at + timedelta(days=1),
            place=SECRET,
            form=form,
            expected_result=SECRET,
            material_costs=0,
            agreed_by_manager=None,
        )
    minutes_spent = cost = 0
    for number in (1, 2, 3):
        if not goes_on():
            return
        began = at + timedelta(hours=random.uniform(0, 100))
        at = began + timedelta(minutes=random.uniform(10, 150))
        spent, paid = random.randint(10, 150), random.randint(0, 10**6)
        minutes_spent, cost = minutes_spent + spent, cost + paid
        consultation = {"consultation_id": f"{case_id}-{number}", "consultant": consultant, "form": form, **place}
        held_at = at
        yield happening(
            "ConsultHeld",
            number=number,
            path=path,
            manager="m1",
            started_at=began,
            ended_at=held_at,
            minutes_spent=spent,
            cost=paid,
            people=1,
            **consultation,
        )
        if not goes_on():
            return
        at += timedelta(minutes=random.uniform(-5, 15))
        satisfied = random.random() < 0.6
        yield happening(
            "SatisfactionAssessed",
            number=number,
            process=random.randint(1, 5),
            result=random.randint(1, 5),
            satisfied=satisfied,
            solved=random.choice(["yes", "half", "no"]),
            **consultation,
        )
        closed_at = at + timedelta(minutes=random.uniform(0, 15))
        if satisfied:
            yield happening(
                "Satisfied",
                number=number,
                path=path,
                manager="m1",
                held_at=held_at,
                closed_at=closed_at,
                consultations=number,
                minutes_spent=minutes_spent,
                cost=cost,
                wishes=SECRET,
                **consultation,
            )
            break
        yield happening(
            "Dissatisfied",
            number=number,
            held_at=held_at,
            closed_at=closed_at,
            causes=random.sample(CAUSES, random.randint(1, 3)),
            further_needs=SECRET,
            agreed_follow_up_at=None,
            **consultation,
        )
        yield happening(
            "FollowUpDue",
            consultation_id=f"{case_id}-{number + 1}",
            number=number + 1,
            owner=consultant,
            due_at=held_at + timedelta(days=3),
            agreed=False,
            **place,
        )
    else:
        return
    at += timedelta(days=random.uniform(1, 40))
    if goes_on():
        yield happening(
            "EffectivenessEvaluated",
            evaluated_by="m1",
            effective=random.random() < 0.7,
            degree_solved=random.randint(0, 100),
            consultations=number,
            minutes_spent=minutes_spent,
            cost=cost,
            **consultation,
        )
    at += timedelta(days=random.uniform(10, 100))
    if goes_on():
        yield happening(
            "ImpactEvaluated",
            evaluated_by="m1",
            advice_used=random.random() < 0.5,
            changed=random.random() < 0.5,
            solved=random.choice(["yes", "half", "no"]),
            **consultation,
        )


def history(seed: int, cases: int) -> list[Happening]:
    """The events of many cases, mixed as they occurred."""
    random = Random(seed)
    happenings: list[Happening] = []
    for number in range(cases):
        kind = random.choice([written, consulted])
        at = START + timedelta(minutes=random.uniform(0, 60 * 24 * 60))
        happenings.extend(kind(random, f"case-{seed}-{number}", at))
    # Stable: what occurred at one moment stays in its case's order.
    return sorted(happenings, key=lambda happening: happening.occurred_at)


async def append(connection: asyncpg.Connection[asyncpg.Record], happenings: Sequence[Happening]) -> list[int]:
    """Write events as the services would; returns their positions."""
    versions: dict[str, int] = {}
    positions: list[int] = []
    for happening in happenings:
        context = happening.event.context
        stream = f"{context}-{happening.case_id}"
        if stream not in versions:
            versions[stream] = await connection.fetchval(
                "SELECT coalesce(max(version), 0) FROM store.event WHERE stream_id = $1", stream
            )
        versions[stream] += 1
        positions.append(
            await connection.fetchval(
                """INSERT INTO store.event (context, stream_id, version, type, schema_version, data, occurred_at,
                                            causation_id, correlation_id, actor)
                   VALUES ($1, $2, $3, $4, 1, $5, $6, 'test', $7, 'tester') RETURNING position""",
                context,
                stream,
                versions[stream],
                happening.event.type_name(),
                happening.event.model_dump_json(),
                happening.occurred_at,
                happening.case_id,
            )
        )
    return positions
