"""Submissions that fit nowhere: broken, out of time, about nothing known. Each must be told what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from deploy.demo import people, press, words
from deploy.demo.steps import Chance, Step, Tale
from shared.bus.answers import Status
from shared.contracts.intake import ReceiveRequest, RegisterWrittenRequest
from shared.contracts.values import Channel, Language


def strangers(chance: Chance, at: datetime) -> Iterator[Step]:
    """The submissions, all at `at` (in the second week) and independent of each other."""
    request = ReceiveRequest(
        case_id="demo-x-request",
        channel=Channel.WALK_IN,
        language=Language.EN,
        office="centre-north",
        question=words.TOPICS[0].questions[Language.EN][0],
        responsible=people.MANAGER,
    )
    first = _tale("demo-x-broken", chance)
    first.by_channel(at, request, "broken_json")
    yield replace(first.steps[0], body=b'{"channel": "walk_in", ', command=None)

    second = _tale("demo-x-incomplete", chance)
    second.by_channel(at, request, "schema_missing")
    yield replace(second.steps[0], body=b'{"channel":"walk_in","language":"en","office":"n"}', command=None)

    third = _tale("demo-x-future", chance)
    third.by_channel(at, request, "in_the_future")
    yield replace(third.steps[0], ahead=timedelta(days=2))

    fourth = _tale("demo-x-paper", chance)
    fourth.by_channel(at, request.model_copy(update={"channel": Channel.POST}), "channel_is_written")
    yield from fourth.steps

    fifth = _tale("demo-x-nobody", chance)
    fifth.by_desk(
        at,
        RegisterWrittenRequest(case_id="demo-x-nobody", registration_number="0", topic="none", responsible="k-ainur"),
        "unknown_case",
    )
    yield from fifth.steps

    sixth = press_tale("demo-x-press", chance)
    good = press.form(chance, press.STRANGE, at, sixth.thread)
    sixth.by_channel(at, good)
    for code, wrong in (
        ("not_in_catalogue", {"index": "99999"}),
        ("not_signed", {"signed": False}),
        ("subscription_exists", {"subscription_id": sixth.thread}),
        ("term_not_offered", {"index": "75384", "months": 5}),
        ("first_month_past", {"first_month": f"{at.year - 1}-01"}),
    ):
        sixth.by_channel(at, good.model_copy(update={"card": None, "subscription_id": f"demo-x-{code}", **wrong}), code)
    yield from sixth.steps
    other = good.model_copy(update={"copies": good.copies + 1})
    accepted = sixth.steps[0]
    yield replace(
        accepted,
        body=other.model_dump_json(exclude_none=True).encode(),
        command=None,
        status=Status.CONFLICT,
        code="id_reused",
    )


def press_tale(thread: str, chance: Chance) -> Tale:
    """A subscription's steps: its adapter stands in the post offices."""
    return Tale(thread, chance, channel_source="/demo/post-office", kept=True)


def _tale(thread: str, chance: Chance) -> Tale:
    source, kept = people.SOURCES[Channel.WALK_IN]
    return Tale(thread, chance, channel_source=source, kept=kept)
