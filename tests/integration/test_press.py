"""Press subscriptions on a running system: one facility, many hands at once; its day; its documents (DOMAIN.md §6)."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections import Counter
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
import orjson
import pytest
from pypdf import PdfReader

from deploy.launcher import System
from deploy.supervisor import Supervised
from shared.bus.answers import Answer, Status
from shared.bus.client import Submitter
from shared.contracts.subscriptions import AcceptSubscription
from shared.contracts.values import Role
from tests.conftest import StartSystem

NOW = datetime.now(UTC) - timedelta(minutes=5)
FACILITY = "po-busy-1"
BOTH = "po-busy-2"
FORMS, ORDERS, TITLES_EACH, CONNECTIONS = 400, 40, 3, 5
PRICE = 62_900
_ids = count()


@pytest.fixture(scope="module")
async def press(start_system: StartSystem) -> System:
    """The service with its relay, and one publication in the catalogue."""
    system = await start_system(("subscriptions", "relay"), movable_clock=False)
    async with Submitter(system.url_for("adapter"), "/desk", Role.MANAGER) as manager:
        entry = {
            "index": "75384",
            "title": "Ғылым және өңір",
            "editor_phone": "0",
            "issues_a_year": 12,
            "min_months": 2,
            "max_months": 12,
            "distribution": "card",
            "territory": "kz",
            "effective_from": "2020-01-01",
            "prices": [{"months": 2, "city": PRICE, "rural": PRICE + 400}],
        }
        assert (await ask(manager, "PublishCatalogueEntry", entry)).status is Status.ACCEPTED
        campaign = {
            "campaign_id": "always",
            "title": "Жазылу",
            "opens": "2020-01-01",
            "closes": "2099-12-31",
            "first_month": "2020-01",
            "last_month": "2099-12",
        }
        assert (await ask(manager, "AnnounceCampaign", campaign)).status is Status.ACCEPTED
    return system


@pytest.fixture
async def database(press: System) -> Any:
    async with asyncpg.create_pool(press.dsn_for("admin"), min_size=1, max_size=2) as pool:
        yield pool


async def ask(submitter: Submitter, type_name: str, data: Any, *, event_id: str = "") -> Answer:
    return await submitter.ask(
        type_name, orjson.dumps(data), event_id=event_id or f"m{next(_ids)}", time=NOW, timeout_s=60
    )


def form(**more: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "index": "75384",
        "first_month": "2099-01",
        "months": 2,
        "copies": 1,
        "zone": "city",
        "facility": FACILITY,
        "seller": "facility",
        "worker": "w1",
        "signed": True,
        "payment": "cash",
        "subscriber": {"kind": "individual", "name": "Үмбетәлі Һәкімұлы", "address": "Шымкент, Қонаев 1"},
    }
    return facts | more


def order() -> dict[str, Any]:
    whole = form(payment="invoice")
    line = {name: whole.pop(name) for name in ("index", "first_month", "months", "copies")}
    return whole | {"lines": [line] * TITLES_EACH}


def numbers(answers: list[Answer]) -> list[str]:
    """Every form's number in some answers, as its event tells it."""
    return [
        event.case_id for answer in answers for event in answer.events if event.type in {"SubscriptionAccepted", ""}
    ]


async def test_numbers_have_no_gap_however_many_ask_at_once_and_twice(
    press: System, database: asyncpg.Pool[asyncpg.Record]
) -> None:
    sent = [("AcceptSubscription", form()) for _ in range(FORMS)] + [("AcceptOrder", order()) for _ in range(ORDERS)]
    messages = [(f"busy-{number}", *one) for number, one in enumerate(sent)]
    wrong = [(f"wrong-{number}", "AcceptSubscription", form(months=7)) for number in range(40)]
    twice = [*messages, *messages[::3], *wrong]
    Random(5).shuffle(twice)
    async with AsyncExitStack() as stack:
        desks = [
            await stack.enter_async_context(Submitter(press.url_for("adapter"), "/desk", Role.COUNTER_WORKER))
            for _ in range(CONNECTIONS)
        ]
        answers = await asyncio.gather(
            *(ask(desks[n % CONNECTIONS], name, data, event_id=i) for n, (i, name, data) in enumerate(twice))
        )
    total = FORMS + ORDERS * TITLES_EACH
    told = Counter(answer.status for answer in answers)
    assert told == {Status.ACCEPTED: len(messages), Status.DUPLICATE: len(messages[::3]), Status.REJECTED: len(wrong)}
    by_id: dict[str, set[tuple[str, ...]]] = {}
    for answer in answers:
        if answer.status is not Status.REJECTED:
            by_id.setdefault(answer.id, set()).add(tuple(numbers([answer])[-TITLES_EACH:]))
            assert answer.case_id == numbers([answer])[-1]
    # Whoever asked twice was told the same numbers twice: a repeated message gets no new one.
    assert all(len({told[-1] for told in several}) == 1 for several in by_id.values())
    year = NOW.year
    stored = await database.fetch(
        "SELECT data->>'abonement' AS number, correlation_id FROM store.event WHERE type = 'SubscriptionAccepted'"
        " AND stream_id = $1 ORDER BY version",
        f"facility-{FACILITY}",
    )
    assert [row["number"] for row in stored] == [f"{FACILITY}.{year}.{n:06}" for n in range(1, total + 1)]
    assert all(row["number"] == row["correlation_id"] for row in stored)
    opened = await database.fetchval(
        "SELECT count(*) FROM store.event WHERE type = 'DayOpened' AND stream_id = $1", f"facility-{FACILITY}"
    )
    assert opened == 1


async def test_two_processes_of_the_service_tell_no_sender_that_they_are_busy(
    press: System, database: asyncpg.Pool[asyncpg.Record], tmp_path: Path
) -> None:
    """Regression: the forms of one facility are one stream, and who lost five races for it was told `busy`."""
    environment = {
        **os.environ,
        "TEREZE_HOME": str(press.home.path),
        "TEREZE_NATS_URL": press.url_for("subscriptions"),
        "TEREZE_DATABASE_URL": press.dsn_for("subscriptions"),
        "TEREZE_READY_FILE": str(tmp_path / "ready"),
    }
    second = Supervised(
        "second", "services.subscriptions", environment, tmp_path / "log", tmp_path / "ready", changed=lambda: None
    )
    second.start()
    await second.until_ready(60)
    try:
        async with AsyncExitStack() as stack:
            desks = [
                await stack.enter_async_context(Submitter(press.url_for("adapter"), "/desk", Role.COUNTER_WORKER))
                for _ in range(CONNECTIONS)
            ]
            posted = [f"posted-{number}" for number in range(FORMS)]
            for number, one in enumerate(posted):
                data = orjson.dumps(form(facility=BOTH))
                await desks[number % CONNECTIONS].send(AcceptSubscription, data, event_id=one, time=NOW)
            answers = await asyncio.gather(
                *(
                    ask(
                        desks[number % CONNECTIONS],
                        "AcceptSubscription",
                        form(facility=BOTH),
                        event_id=f"asked-{number}",
                    )
                    for number in range(FORMS)
                )
            )
            async with asyncio.timeout(60):
                answers += [await desks[number % CONNECTIONS].answers.get() for number in range(FORMS)]
    finally:
        await second.stop()
    assert Counter((answer.status, *(one.code for one in answer.reasons)) for answer in answers) == {
        (Status.ACCEPTED,): 2 * FORMS
    }
    given = [f"{BOTH}.{NOW.year}.{n:06}" for n in range(1, 2 * FORMS + 1)]
    assert sorted(numbers(answers)) == given
    stored = await database.fetch(
        "SELECT data->>'abonement' AS number FROM store.event WHERE type = 'SubscriptionAccepted' AND stream_id = $1"
        " ORDER BY version",
        f"facility-{BOTH}",
    )
    assert [row["number"] for row in stored] == given


async def test_the_day_is_reconciled_and_certified_and_its_documents_say_so(press: System, tmp_path: Path) -> None:
    day = await _local_day(press)
    first = f"{FACILITY}.{NOW.year}.000001"
    forms = FORMS + ORDERS * TITLES_EACH
    counted: dict[str, Any] = {
        "facility": FACILITY,
        "day": day,
        "worker": "w1",
        "cash": FORMS * PRICE - 1,
        "invoiced": ORDERS * TITLES_EACH * PRICE,
        "cards": [{"index": "75384", "months": 2, "cards": forms}],
    }
    signing = {"facility": FACILITY, "day": day, "worker": "w1", "signature": "Ә. Қыдырәлі"}
    async with Submitter(press.url_for("adapter"), "/desk", Role.COUNTER_WORKER) as desk:
        assert (await ask(desk, "CountDay", counted)).status is Status.ACCEPTED
        refused = await ask(desk, "CertifyDay", signing)
        assert refused.reasons[0].code == "does_not_reconcile"
        shown = await tereze(press, "day", FACILITY, day)
        assert "differs: cash" in shown
        assert "Not certified" in shown
        assert (await ask(desk, "CountDay", counted | {"cash": FORMS * PRICE})).status is Status.ACCEPTED
        assert (await ask(desk, "CertifyDay", signing)).status is Status.ACCEPTED
        late = await ask(desk, "AcceptSubscription", form())
        assert [event.type for event in late.events] == ["DayOpened", "SubscriptionAccepted"]
        assert late.case_id == f"{FACILITY}.{_next(day)[:4]}." + (
            f"{forms + 1:06}" if _next(day)[:4] == day[:4] else "000001"
        )
        annulled = await ask(desk, "AnnulSubscription", {"abonement": first, "worker": "w1"})
        assert annulled.status is Status.ACCEPTED, annulled
        moved = await ask(
            desk,
            "RedirectSubscription",
            {
                "abonement": late.case_id,
                "index": "75384",
                "worker": "w1",
                "address": "Тараз, Төле би 9",
                "zone": "city",
            },
        )
        assert moved.status is Status.ACCEPTED, moved
    protocol = json.loads(await tereze(press, "day", FACILITY, day, "--json"))
    assert protocol["paid"]["cash"] == {
        "forms": FORMS,
        "accepted": FORMS * PRICE,
        "paid_back": 0,
        "balance": FORMS * PRICE,
    }
    assert protocol["cards"] == [{"index": "75384", "months": 2, "cards": forms}]
    assert (protocol["reconciles"], protocol["certified"]["signature"]) == (True, "Ә. Қыдырәлі")
    assert len(protocol["forms"]) == forms
    paper = tmp_path / "protocol.pdf"
    await tereze(press, "day", FACILITY, day, "--pdf", str(paper))
    assert "Ә. Қыдырәлі (w1)" in text(paper)

    await tereze(press, "ps1", first, "--pdf", str(tmp_path / "ps1.pdf"))
    printed = text(tmp_path / "ps1.pdf")
    for part in (f"АБОНЕМЕНТ № {first}", "Ғылым және өңір", "Үмбетәлі Һәкімұлы", "629,00 ₸", "аннулировано с 2099-01"):
        assert part in printed, part
    data = json.loads(await tereze(press, "ps1", first, "--json"))
    assert data["form"]["name"] == "Үмбетәлі Һәкімұлы"
    assert [change["refund"] for change in data["changes"]] == [PRICE]
    lists = json.loads(
        await tereze(press, "delivery-list", "2099-02", "--system", "card", "--point", FACILITY, "--json")
    )
    assert len(lists) == forms  # one annulled, one late
    addresses = {one["abonement"]: one["address"] for one in lists}
    assert first not in addresses
    assert addresses[late.case_id] == "Тараз, Төле би 9"
    assert json.loads(await tereze(press, "delivery-list", "2099-02", "--system", "address", "--json")) == []


async def test_a_form_is_found_by_its_senders_own_id_too(press: System) -> None:
    """Regression: `tereze case` and `tereze ps1` knew a form by its number alone."""
    async with Submitter(press.url_for("adapter"), "/desk", Role.COUNTER_WORKER) as desk:
        ours = await ask(desk, "AcceptSubscription", form(facility="po-own", subscription_id="own-7"))
        others = [
            await ask(desk, "AcceptSubscription", form(facility=facility, subscription_id="both-8"))
            for facility in ("po-own", "po-other")
        ]
        several = await ask(desk, "AcceptOrder", order())
    assert {answer.status for answer in (ours, *others, several)} == {Status.ACCEPTED}
    timeline = json.loads(await tereze(press, "case", "own-7", "--json"))
    assert timeline == json.loads(await tereze(press, "case", ours.case_id, "--json"))
    assert timeline["case_id"] == ours.case_id
    data = json.loads(await tereze(press, "ps1", "own-7", "--json"))
    assert data == json.loads(await tereze(press, "ps1", ours.case_id, "--json"))
    assert (data["form"]["subscription_id"], data["form"]["abonement"]) == ("own-7", ours.case_id)
    of_order = json.loads(await tereze(press, "ps1", several.case_id, "--json"))["form"]
    assert json.loads(await tereze(press, "ps1", of_order["subscription_id"], "--json"))["form"] == of_order
    for command in ("case", "ps1"):
        said = " ".join((await tereze(press, command, "both-8", fails=True)).split())
        assert "several forms have the id both-8; name one by its number" in said
        assert all(other.case_id in said for other in others)
    assert "no case 'own-9'" in await tereze(press, "case", "own-9", fails=True)


async def test_what_can_not_be_printed_is_named(press: System, tmp_path: Path) -> None:
    stranger = {"kind": "individual", "name": "张伟", "address": "Тараз, Абай 1"}
    async with Submitter(press.url_for("adapter"), "/desk", Role.COUNTER_WORKER) as desk:
        found = await ask(desk, "AcceptSubscription", form(facility="po-own", subscriber=stranger))
    out, err = await run(press, "ps1", found.case_id, "--pdf", str(tmp_path / "ps1.pdf"))
    assert "Written: " in out
    assert "Warning: 张 伟 in 'Жазылушы / Подписчик' can't be printed; boxes stand there." in err
    assert "missing the following glyphs" not in err
    assert "□□ (жеке тұлға / физическое лицо)" in text(tmp_path / "ps1.pdf")


async def test_what_is_not_there_is_said_in_a_sentence(press: System) -> None:
    assert "no form has the number or the id x.2026.000001" in await tereze(press, "ps1", "x.2026.000001", fails=True)
    assert "had no operating day" in await tereze(press, "day", "po-x", "2026-01-01", fails=True)
    assert "is not a date" in await tereze(press, "day", "po-x", "yesterday", fails=True)
    assert "is not a month" in await tereze(press, "delivery-list", "2026-13", fails=True)
    assert "none of: card, address" in await tereze(press, "delivery-list", "2026-01", "--system", "x", fails=True)


async def _local_day(press: System) -> str:
    found = await tereze(press, "case", f"{FACILITY}.{NOW.year}.000001", "--json")
    (accepted,) = [one for one in json.loads(found)["entries"] if one["type"] == "SubscriptionAccepted"]
    return accepted["data"]["day"]


def _next(day: str) -> str:
    return (datetime.fromisoformat(day) + timedelta(days=1)).date().isoformat()


def text(paper: Path) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(paper.read_bytes())).pages).split())


async def tereze(system: System, *arguments: str, fails: bool = False) -> str:
    out, err = await run(system, *arguments, fails=fails)
    return err if fails else out


async def run(system: System, *arguments: str, fails: bool = False) -> tuple[str, str]:
    """Standard output and standard error."""
    done = await asyncio.to_thread(
        subprocess.run,
        (sys.executable, "-m", "deploy.cli.main", *arguments),
        env={**os.environ, "TEREZE_HOME": str(system.home.path), "COLUMNS": "120"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == int(fails), done.stderr
    return done.stdout, done.stderr
