"""Who may submit what: a row for every command, enforced before any rule is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.bus import names
from shared.bus.answers import Answer, Status
from shared.bus.cloudevents import Invalid, headers_of, parse_submission
from shared.contracts import COMMANDS
from shared.contracts.base import Event, Message
from shared.contracts.intake import ReceiveRequest
from shared.contracts.values import Context, Role
from shared.decider import Decider, Given, Refused
from shared.eventstore.model import Append, Appended, Outcome, RecordedEvent
from shared.roles import MAY, actor_of, check, source_and_role
from shared.service.processor import Incoming, Processor

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
REQUEST = b'{"channel": "walk_in", "language": "kk", "office": "n", "question": "?", "responsible": "m-1"}'
SUBJECT = names.submit_subject("intake", "ReceiveRequest")

OF_A_LETTER = (
    *("RegisterWrittenRequest", "CheckCompleteness", "ReceiveClarification", "ForwardWrittenRequest"),
    *("NotifyOfExtension", "AnswerWrittenRequest", "DeclineWrittenRequest"),
)
# What the stage table says in its column "who", and the texts beside it, as read by hand.
SAMPLES = {
    ("ReceiveRequest", Role.CHANNEL): True,
    ("ReceiveWrittenRequest", Role.COUNTER_WORKER): True,  # the complaints book lies at the counter
    ("CollectDetails", Role.INFORMATION_OFFICER): True,
    ("CollectDetails", Role.CONSULTANT): True,  # where there is no information officer
    ("CollectDetails", Role.CHANNEL): False,
    ("PlanConsultation", Role.MANAGER): True,  # may also consult
    ("PlanConsultation", Role.INFORMATION_OFFICER): False,
    ("RegisterWrittenRequest", Role.OPERATOR): True,
    ("AnswerWrittenRequest", Role.SPECIALIST): True,
    ("AnswerWrittenRequest", Role.CHANNEL): False,
    ("AnswerWrittenRequest", Role.INFORMATION_OFFICER): False,
    ("AskClarification", Role.INFORMATION_OFFICER): True,  # 2b: who wrote is written back to, or phoned
    ("EndClarification", Role.INFORMATION_OFFICER): True,
    ("AskClarification", Role.CONSULTANT): True,
    ("EndClarification", Role.CONSULTANT): True,
    ("AskClarification", Role.CHANNEL): False,
    **{(step, Role.CONSULTANT): True for step in OF_A_LETTER},  # stage 1: the routing may give them a letter
    ("RecordSuccessFactors", Role.MANAGER): True,
    ("RecordSuccessFactors", Role.CONSULTANT): False,
    ("HandOverCallBack", Role.SPECIALIST): True,
    ("HandOverCallBack", Role.CHANNEL): False,
    ("HandOverFeedback", Role.MANAGER): True,
    ("HandOverFeedback", Role.CONSULTANT): False,
    ("PublishCatalogueEntry", Role.COUNTER_WORKER): False,
    ("AcceptSubscription", Role.COUNTER_WORKER): True,
    ("AcceptSubscription", Role.CONSULTANT): False,
    ("CertifyDay", Role.COUNTER_WORKER): True,
    ("CertifyDay", Role.CHANNEL): False,
    ("SetDeliveryTariff", Role.COUNTER_WORKER): False,
}


def test_every_command_has_a_row_and_every_row_a_command() -> None:
    assert set(MAY) == set(COMMANDS)


def test_the_documents_table_is_this_one() -> None:
    """The way to renew a row: its roles as they stand in `shared/roles.py`, with blanks."""
    written = (ROOT / "docs" / "domain.md").read_text(encoding="utf-8").partition("| command | roles |\n|---|---|\n")[2]
    rows = written.partition("\n\n")[0].splitlines()
    assert rows == [f"| `{name}` | {', '.join(roles).replace('_', ' ')} |" for name, roles in MAY.items()]


def test_every_row_names_somebody_and_nobody_twice() -> None:
    for type_name, roles in MAY.items():
        assert roles, type_name
        assert len(set(roles)) == len(roles), type_name


def test_the_manager_may_also_consult_and_the_consultant_does_the_information_officers_work() -> None:
    for type_name, roles in MAY.items():
        assert Role.CONSULTANT not in roles or Role.MANAGER in roles, type_name
        assert Role.INFORMATION_OFFICER not in roles or Role.CONSULTANT in roles, type_name


@pytest.mark.parametrize(("type_name", "role"), SAMPLES)
def test_the_table_says_what_the_stages_say(type_name: str, role: Role) -> None:
    assert (role in MAY[type_name]) is SAMPLES[type_name, role]


def test_what_has_no_row_nobody_may_submit() -> None:
    for role in Role:
        with pytest.raises(Refused, match="nobody") as refused:
            check("NoSuchCommand", role)
        assert refused.value.code == "role_may_not"


@dataclass
class Ledger:
    """A store and a vault that only note what reaches them."""

    appended: list[Append] = field(default_factory=list[Append])

    async def append(self, batch: Sequence[Append]) -> list[Appended]:
        self.appended += batch
        return [Appended(Outcome.APPENDED) for _ in batch]

    async def load(self, stream_ids: Sequence[str], since: Sequence[str] = ()) -> Mapping[str, Sequence[RecordedEvent]]:
        return dict.fromkeys(stream_ids, ())

    async def cases(self, stream_ids: Sequence[str], positions: Sequence[int]) -> Mapping[int, str]:
        return {}

    async def load_from(self, versions: Mapping[str, int]) -> Mapping[str, Sequence[RecordedEvent]]:
        return dict.fromkeys(versions, ())

    async def said(self, type_name: str, field: str, wanted: Collection[tuple[str, str]]) -> frozenset[tuple[str, str]]:
        return frozenset()

    async def seen(self, message_ids: Sequence[str]) -> Mapping[str, tuple[bytes, tuple[int, ...]]]:
        known = {one.message_id: one.fingerprint for one in self.appended}
        return {message_id: (known[message_id], ()) for message_id in message_ids if message_id in known}

    async def keys_for(self, consumer_ids: Sequence[str]) -> Mapping[str, bytes | None]:
        return dict.fromkeys(consumer_ids)

    async def forget(self, consumer_id: str) -> bool:
        raise AssertionError(f"nobody asked to forget {consumer_id}")


def agreeable(context: Context) -> Decider[None]:
    """Rules that take everything."""

    def decide(_state: None, _message: Message, _given: Given[None]) -> Sequence[Event]:
        return ()

    return Decider(
        context=context,
        commands=(),
        initial=lambda: None,
        stream_of=lambda _message, fresh_id: f"case-{fresh_id}",
        decide=decide,
        evolve=lambda state, _event, _at: state,
    )


def submitted(type_name: str, role: Role | None, number: int = 1) -> Incoming:
    return Incoming(
        id=f"m{number}",
        message_id=f"/desk m{number}",
        fingerprint=b"same",
        type=type_name,
        message=COMMANDS[type_name].model_construct(),
        occurred_at=NOW,
        actor="/desk",
        role=role,
        traceparent=None,
    )


def process(ledger: Ledger, *batch: Incoming) -> list[Answer]:
    processor = Processor(agreeable(Context.INTAKE), ledger, ledger)
    return [result.answer for result in asyncio.run(processor.process(batch, NOW))]


@given(st.lists(st.tuples(st.sampled_from(sorted(COMMANDS)), st.sampled_from(Role)), min_size=1, max_size=6))
def test_in_any_batch_each_stands_or_falls_by_its_own_role(pairs: list[tuple[str, Role]]) -> None:
    ledger = Ledger()
    answers = process(ledger, *(submitted(*pair, number) for number, pair in enumerate(pairs)))
    for (type_name, role), answer in zip(pairs, answers, strict=True):
        if role in MAY[type_name]:
            assert answer.status is Status.ACCEPTED
        else:
            [reason] = answer.reasons
            assert (answer.status, reason.code, reason.field) == (Status.REJECTED, "role_may_not", names.ROLE)
            assert all(allowed in reason.message for allowed in MAY[type_name])
    assert len(ledger.appended) == sum(role in MAY[type_name] for type_name, role in pairs)


def test_a_reaction_has_no_role_and_needs_none() -> None:
    assert [answer.status for answer in process(Ledger(), submitted("RecordSuccessFactors", None))] == [Status.ACCEPTED]


@pytest.mark.parametrize("role", [Role.MANAGER, Role.CONSULTANT, None])
def test_the_rules_are_told_in_which_role_something_was_submitted(role: Role | None) -> None:
    told: list[Role | None] = []

    def decide(_state: None, _message: Message, facts: Given[None]) -> Sequence[Event]:
        told.append(facts.role)
        return ()

    ledger = Ledger()
    processor = Processor(replace(agreeable(Context.INTAKE), decide=decide), ledger, ledger)
    asyncio.run(processor.process([submitted("PlanConsultation", role)], NOW))
    assert told == [role]


def test_who_repeats_an_accepted_message_in_a_lesser_role_is_told_that_it_was_accepted() -> None:
    ledger = Ledger()
    process(ledger, submitted("RecordSuccessFactors", Role.MANAGER))
    assert [a.status for a in process(ledger, submitted("RecordSuccessFactors", Role.CHANNEL))] == [Status.DUPLICATE]


def test_without_a_role_one_speaks_for_the_consumer() -> None:
    head = headers_of(ReceiveRequest, event_id="m1", source="/web")
    del head[names.ROLE]
    assert parse_submission(SUBJECT, head, REQUEST, NOW).role is Role.CHANNEL


@given(st.sampled_from(Role))
def test_a_stated_role_is_read(role: Role) -> None:
    head = headers_of(ReceiveRequest, event_id="m1", source="/web", role=role)
    assert parse_submission(SUBJECT, head, REQUEST, NOW).role is role


@given(st.text(max_size=30).filter(lambda text: unquote(text) not in set(Role)))
def test_an_unknown_role_is_invalid(text: str) -> None:
    head = headers_of(ReceiveRequest, event_id="m1", source="/web") | {names.ROLE: text}
    with pytest.raises(Invalid) as invalid:
        parse_submission(SUBJECT, head, REQUEST, NOW)
    [reason] = invalid.value.reasons
    assert (reason.code, reason.field) == ("invalid_role", names.ROLE)
    assert all(role in reason.message for role in Role)


@given(st.text(st.characters(exclude_characters=" "), min_size=1), st.sampled_from(Role))
def test_an_actor_is_the_source_and_the_role(source: str, role: Role) -> None:
    assert source_and_role(actor_of(source, role)) == (source, role)


def test_an_actor_of_before_roles_or_of_a_reaction_has_none() -> None:
    assert source_and_role("/demo/desk") == ("/demo/desk", None)
