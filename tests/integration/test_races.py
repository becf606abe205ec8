"""Decisions in one batch and on old states: what is stored or refused must rest on what is stored."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from services.intake.domain import DECIDER as INTAKE
from services.subscriptions.domain import DECIDER as SUBSCRIPTIONS
from shared.bus.answers import Status
from shared.contracts import COMMANDS
from shared.decider import Decider
from shared.eventstore.store import EventStore
from shared.eventstore.vault import Vault
from shared.roles import usual
from shared.service.processor import Incoming, Processor, Result
from tests.conftest import RunningServers

NOW = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)


def message(type_name: str, message_id: str, data: dict[str, Any], after: timedelta = timedelta()) -> Incoming:
    return Incoming(
        id=message_id,
        message_id=message_id,
        fingerprint=repr(data).encode(),
        type=type_name,
        message=COMMANDS[type_name].model_validate(data),
        occurred_at=NOW + after,
        actor="/test",
        role=usual(type_name),
        traceparent=None,
    )


def entry(message_id: str, effective_from: str, city: int) -> Incoming:
    data = {
        "index": "64001",
        "title": "A made-up paper",
        "editor_phone": "000",
        "issues_a_year": 12,
        "min_months": 1,
        "max_months": 12,
        "distribution": "card",
        "territory": "everywhere",
        "effective_from": effective_from,
        "prices": [{"months": 6, "city": city, "rural": city}],
    }
    return message("PublishCatalogueEntry", message_id, data)


def subscription(message_id: str, **more: Any) -> Incoming:
    data: dict[str, Any] = {
        "subscription_id": message_id,
        "index": "64001",
        "first_month": "2026-07",
        "months": 6,
        "copies": 1,
        "zone": "city",
        "facility": "post-1",
        "seller": "facility",
        "worker": "w1",
        "signed": True,
        "payment": "cash",
        "subscriber": {"kind": "individual", "name": "A", "address": "B"},
    }
    return message("AcceptSubscription", message_id, data | more)


def from_card(message_id: str, card: str, **more: Any) -> Incoming:
    """A form that a postman's card brings."""
    return subscription(message_id, card=card, seller="postman", worker="p1", entered_by="w1", **more)


def written(step: str, case_id: str) -> Incoming:
    data: dict[str, dict[str, Any]] = {
        "ReceiveWrittenRequest": {
            "case_id": case_id,
            "channel": "post",
            "language": "kk",
            "office": "north",
            "consumer": {"phone": "1"},
        },
        "RegisterWrittenRequest": {
            "case_id": case_id,
            "registration_number": "1",
            "topic": "t",
            "responsible": "m",
        },
        "CheckCompleteness": {"case_id": case_id},
        "AnswerWrittenRequest": {"case_id": case_id, "answer": "a", "signed_by": "s", "executor_contact": "c"},
    }
    return message(step, f"{case_id}-{step}", data[step])


@pytest.fixture
async def pool(clean_store: RunningServers) -> Any:
    """A store in which a subscription campaign runs."""
    async with asyncpg.create_pool(clean_store.dsn(), min_size=1, max_size=4) as opened:
        data = {
            "campaign_id": "always",
            "title": "A campaign",
            "opens": "2020-01-01",
            "closes": "2099-12-31",
            "first_month": "2020-01",
            "last_month": "2099-12",
        }
        await decide(a_process(opened, SUBSCRIPTIONS), message("AnnounceCampaign", "campaign", data))
        yield opened


def a_process(pool: Any, decider: Decider[Any]) -> Processor[Any]:
    return Processor(decider, EventStore(pool, decider.context), Vault(pool))


async def decide(process: Processor[Any], *batch: Incoming) -> Sequence[Result]:
    return await process.process(batch, NOW)


def statuses(results: Sequence[Result]) -> list[str]:
    return [result.answer.status for result in results]


async def test_no_price_is_taken_from_an_entry_that_was_never_stored(pool: Any) -> None:
    """Regression: an entry under a reused id was refused, and its price used all the same, in the same batch."""
    process = a_process(pool, SUBSCRIPTIONS)
    assert statuses(await decide(process, entry("x", "2020-01-01", 100))) == [Status.ACCEPTED]
    results = await decide(process, entry("x", "2021-01-01", 1), subscription("s1"))
    assert statuses(results) == [Status.CONFLICT, Status.ACCEPTED]
    price = await pool.fetchval("SELECT data->>'price' FROM store.event WHERE type = 'SubscriptionAccepted'")
    assert price == "100"


async def test_nothing_is_refused_for_a_neighbour_that_was_not_stored(pool: Any) -> None:
    """Regression: an entry was refused for having the date of another one, which was never stored."""
    process = a_process(pool, SUBSCRIPTIONS)
    await decide(process, entry("x", "2020-01-01", 100))
    results = await decide(process, entry("x", "2021-01-01", 1), entry("y", "2021-01-01", 2))
    assert statuses(results) == [Status.CONFLICT, Status.ACCEPTED]


async def test_what_is_put_off_for_a_neighbour_is_not_overtaken_on_its_own_stream(pool: Any) -> None:
    """Details are collected by what the case says; a hand-over that was sent after them must not come before them."""
    received = {"channel": "walk_in", "language": "kk", "office": "north", "question": "?", "responsible": "k-1"}
    details = {
        "expected_result": "a form",
        "form": "office",
        "preparation_needed": False,
        "consultant_has_time": True,
        "presence_required": False,
        "consultant": "k-1",
    }
    results = await decide(
        a_process(pool, INTAKE),
        message("ReceiveRequest", "r", received | {"case_id": "A1", "consumer": {"phone": "1"}}),
        message("CollectDetails", "c", details | {"case_id": "A1"}),
        message("HandOverCase", "h", {"case_id": "A1", "to": "k-2", "reason": "on leave"}),
    )
    assert statuses(results) == [Status.ACCEPTED, Status.ACCEPTED, Status.REJECTED]
    assert [reason.code for reason in results[2].answer.reasons] == ["with_consult"]


async def test_an_entry_published_by_another_process_counts_at_once(pool: Any) -> None:
    one, other = a_process(pool, SUBSCRIPTIONS), a_process(pool, SUBSCRIPTIONS)
    await decide(one, entry("x", "2020-01-01", 100))
    await decide(one, subscription("s1"))
    await decide(other, entry("y", "2021-01-01", 7))
    await decide(one, subscription("s2"))
    prices = await pool.fetch(
        "SELECT data->>'price' AS p FROM store.event WHERE type = 'SubscriptionAccepted' ORDER BY position"
    )
    assert [row["p"] for row in prices] == ["100", "7"]


async def test_two_processes_never_refuse_on_what_they_remember(pool: Any) -> None:
    """Regression: with a second process, an answer was refused as `not_registered` on a remembered state."""
    one, other = a_process(pool, INTAKE), a_process(pool, INTAKE)
    for number in range(10):
        case_id = f"case-{number}"
        steps = ("ReceiveWrittenRequest", "RegisterWrittenRequest", "CheckCompleteness", "AnswerWrittenRequest")
        for step, process in zip(steps, (one, other, one, other), strict=True):
            assert statuses(await decide(process, written(step, case_id))) == [Status.ACCEPTED], step


async def test_a_taken_case_id_is_told_as_such_by_a_process_just_started(pool: Any) -> None:
    """Regression: with nothing remembered, an existing case was answered `busy, send it again`, for ever."""
    await decide(a_process(pool, INTAKE), written("ReceiveWrittenRequest", "case-1"))
    again = written("ReceiveWrittenRequest", "case-1")
    other = again._replace(message_id="another")
    (result,) = await decide(a_process(pool, INTAKE), other)
    assert (result.answer.status, result.answer.reasons[0].code) == (Status.REJECTED, "case_exists")


async def test_of_another_stream_only_what_came_since_is_read_and_a_restored_store_is_believed(pool: Any) -> None:
    """A remembered register must not outlive the store it was read from: after a restore its events are others."""
    process = a_process(pool, SUBSCRIPTIONS)
    await decide(process, entry("x", "2020-01-01", 100), entry("y", "2021-01-01", 7))
    assert statuses(await decide(process, subscription("s1"))) == [Status.ACCEPTED]
    await pool.execute("DELETE FROM store.event WHERE stream_id = 'publication-64001' AND version = 2")
    await decide(process, subscription("s2"))
    prices = await pool.fetch(
        "SELECT data->>'price' AS p FROM store.event WHERE type = 'SubscriptionAccepted' ORDER BY position"
    )
    assert [row["p"] for row in prices] == ["7", "100"]


async def test_a_repeated_form_is_told_the_number_it_was_given(pool: Any) -> None:
    """Decided anew it would get the next number; and a process just started remembers none."""
    process = a_process(pool, SUBSCRIPTIONS)
    await decide(process, entry("x", "2020-01-01", 100))
    first = await decide(process, subscription("s1"), subscription("s2"))
    numbers = [result.answer.case_id for result in first]
    assert numbers == ["post-1.2026.000001", "post-1.2026.000002"]
    for other in (process, a_process(pool, SUBSCRIPTIONS)):
        again = await decide(other, subscription("s2"), subscription("s1"), subscription("s2"))
        assert statuses(again) == [Status.DUPLICATE] * 3
        assert [result.answer.case_id for result in again] == [numbers[1], numbers[0], numbers[1]]
    (fresh,) = await decide(a_process(pool, SUBSCRIPTIONS), subscription("s3"))
    assert fresh.answer.case_id == "post-1.2026.000003"


async def test_processes_give_no_number_twice_and_who_lost_too_often_is_told_later(pool: Any) -> None:
    """Regression: who lost five races was told `busy`, for good: by a service whose next try would have succeeded."""
    processes = [a_process(pool, SUBSCRIPTIONS) for _ in range(16)]
    await decide(processes[0], entry("x", "2020-01-01", 100))
    waiting = [subscription(f"s{number}") for number in range(64)]
    numbers: list[str] = []
    lost_once = 0
    while waiting:
        told = await asyncio.gather(*(decide(processes[n % 16], one) for n, one in enumerate(waiting)))
        lost: list[Incoming] = []
        for one, (result,) in zip(waiting, told, strict=True):
            if result.answer.status is Status.ACCEPTED:
                numbers.append(result.answer.case_id)
            else:
                assert (result.answer.reasons[0].code, result.later) == ("busy", True)
                lost.append(one)
        lost_once += len(lost)
        waiting = lost
    assert lost_once, "with nobody losing, nothing was shown"
    assert sorted(numbers) == [f"post-1.2026.{number:06}" for number in range(1, 65)]


async def test_a_card_and_a_senders_id_are_entered_once_also_when_the_day_is_certified(pool: Any) -> None:
    """Regression: the day after it was certified, the same card and the same id were accepted once more."""
    process = a_process(pool, SUBSCRIPTIONS)
    await decide(process, entry("x", "2020-01-01", 100))
    assert statuses(await decide(process, from_card("s1", "D-17"))) == [Status.ACCEPTED]
    day = {"facility": "post-1", "day": "2026-05-04", "worker": "w1"}
    piles = [{"index": "64001", "months": 6, "cards": 1}]
    count = message("CountDay", "count", day | {"cash": 100, "invoiced": 0, "cards": piles})
    certified = await decide(process, count, message("CertifyDay", "certify", day | {"signature": "W."}))
    assert statuses(certified) == [Status.ACCEPTED] * 2
    for number, other in enumerate((process, a_process(pool, SUBSCRIPTIONS))):
        told = await decide(
            other,
            from_card(f"card-{number}", "D-17"),
            subscription(f"id-{number}", subscription_id="s1"),
            from_card(f"elsewhere-{number}", "D-17", facility=f"post-2{number}"),
            from_card(f"new-{number}", f"D-18-{number}"),
        )
        assert [one.answer.reasons[0].code if one.answer.reasons else "" for one in told] == [
            "card_entered_already",
            "subscription_exists",
            "",
            "",
        ]
        assert told[-1].answer.case_id == f"post-1.2026.00000{number + 2}", "what was refused takes no number"


async def test_of_many_who_enter_one_card_at_once_one_succeeds(pool: Any) -> None:
    processes = [a_process(pool, SUBSCRIPTIONS) for _ in range(8)]
    await decide(processes[0], entry("x", "2020-01-01", 100))
    told = await asyncio.gather(*(decide(one, from_card(f"f{n}", "D-17")) for n, one in enumerate(processes)))
    codes = sorted(one.answer.reasons[0].code if one.answer.reasons else "" for (one,) in told)
    assert codes.count("") == 1
    assert set(codes[1:]) <= {"card_entered_already", "busy"}
