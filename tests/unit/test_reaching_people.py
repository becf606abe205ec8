"""By which channel, in which language, and with which contacts a case's consumer is reached."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.contacts import NEEDS, SAYING, TOLD, WAYS, Saying, reached, reached_elsewhere, way
from shared.contracts.outgoing import OUT_CHANNELS
from shared.contracts.values import Channel

CASE, CONSUMER = "case-1", "c-1"
ALL = {"name": "n", "phone": "p", "email": "e", "address": "a"}


def said(place: int, type_name: str, correlation_id: str = CASE, **data: Any) -> Saying:
    return Saying((0, place), correlation_id, type_name, {"consumer_id": CONSUMER, **data})


def test_what_opens_a_case_says_how_its_consumer_is_reached() -> None:
    assert {"RequestReceived", "WrittenRequestReceived", "SubscriptionAccepted"} <= set(SAYING)
    assert {"ConsultHeld", "FollowUpDue"}.isdisjoint(SAYING)


def test_the_case_says_channel_and_language_and_the_latest_word_counts_for_contacts() -> None:
    found = reached(
        CONSUMER,
        {CASE},
        [
            said(9, "WrittenRequestReceived", phone="new"),
            said(2, "RequestReceived", channel="phone", language="ru", phone="old", name="Иван"),
            said(1, "WrittenRequestReceived", CONSUMER, channel="web", language="en", email="base"),
        ],
    )
    assert (found.channel, found.language, found.history) == (Channel.PHONE, "ru", False)
    assert found.sealed == {"name": (CONSUMER, "Иван"), "phone": (CONSUMER, "new"), "email": (CONSUMER, "base")}


def test_what_is_said_of_another_person_does_not_count() -> None:
    other = said(1, "RequestReceived", channel="web", phone="other")
    assert reached(CONSUMER, {CASE}, [other._replace(data={**other.data, "consumer_id": "c-2"})]).sealed == {}


def test_without_a_word_in_the_case_the_information_base_says_the_language() -> None:
    assert reached(CONSUMER, {CASE}, [said(1, "RequestReceived", CONSUMER, language="en")]).language == "en"


def test_what_stands_in_another_case_or_another_record_of_the_person_only_fills_what_is_missing() -> None:
    walked_in = said(3, "RequestReceived", channel="walk_in", phone="own")
    of_other_record = said(5, "SubscriptionAccepted", "po-1.2026.000001", name="later", email="theirs")
    of_other_record = of_other_record._replace(data={**of_other_record.data, "consumer_id": "c-2"})
    elsewhere = [
        of_other_record,
        said(1, "RequestReceived", "case-0", channel="post", language="ru", phone="old", name="earlier"),
    ]
    found = reached_elsewhere(reached(CONSUMER, {CASE}, [walked_in]), elsewhere)
    assert found.sealed == {"phone": (CONSUMER, "own"), "name": ("c-2", "later"), "email": ("c-2", "theirs")}
    # How a case came is its own word, and so is its language, where it has one.
    assert (found.channel, found.language) == (Channel.WALK_IN, "ru")
    spoken = said(3, "RequestReceived", channel="walk_in", language="en")
    assert reached_elsewhere(reached(CONSUMER, {CASE}, [spoken]), elsewhere).language == "en"


def test_what_lies_in_another_stream_of_the_case_is_its_own_word() -> None:
    booked = said(2, "AppointmentBooked", "day-1", channel="phone", language="ru", phone="p")
    found = reached(CONSUMER, {CASE, "day-1"}, [said(1, "ConsumerRegistered", CONSUMER, phone="old"), booked])
    assert (found.channel, found.language, found.sealed) == (Channel.PHONE, "ru", {"phone": (CONSUMER, "p")})


def test_a_case_taken_over_from_older_records_is_known_as_one() -> None:
    assert reached(CONSUMER, {CASE}, [said(1, "WrittenRequestReceived", history=True)]).history


@pytest.mark.parametrize(
    ("channel", "known", "expected"),
    [
        (Channel.PHONE, ALL, Channel.PHONE),
        (Channel.EMAIL, ALL, Channel.EMAIL),
        (Channel.POST, ALL, Channel.POST),
        (Channel.WEB, {}, Channel.WEB),
        (Channel.VOICE_MAIL, ALL, Channel.PHONE),
        (Channel.WALK_IN, ALL, Channel.PHONE),
        (Channel.WALK_IN, {"email": "e", "address": "a"}, Channel.EMAIL),
        (Channel.WALK_IN, {"name": "n", "address": "a"}, None),
        (Channel.COMPLAINTS_BOOK, {"address": "a"}, Channel.POST),
        (Channel.EMAIL, {"phone": "p"}, Channel.PHONE),
        (None, {"address": "a"}, None),
        (None, {"phone": "p"}, Channel.PHONE),
    ],
)
def test_the_way_back_is_the_way_the_case_came_or_the_next_best(
    channel: Channel | None, known: dict[str, str], expected: Channel | None
) -> None:
    assert way(channel, known) is expected


@given(st.sampled_from([*Channel, None]), st.dictionaries(st.sampled_from(sorted(ALL)), st.text(max_size=3)))
def test_no_message_leaves_by_a_channel_that_lacks_what_it_needs(
    channel: Channel | None, known: dict[str, str]
) -> None:
    found = way(channel, known)
    assert found is None or all(known.get(need) for need in NEEDS[found])


def test_every_channel_has_a_way_and_every_way_a_durable() -> None:
    assert set(WAYS) == {*Channel, None}
    assert {one for ways in WAYS.values() for one in ways} == set(NEEDS) == set(TOLD) == set(OUT_CHANNELS)
