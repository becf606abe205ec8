"""The contract for adapters says what the models do: both accept the same messages and refuse the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator
from pydantic import ValidationError

from services.notify.notifier import headers_of as message_headers
from shared.bus import names
from shared.bus.answers import Answer, Reason, Status, Stored
from shared.bus.asyncapi import document
from shared.bus.cloudevents import headers_of as submission_headers
from shared.bus.relay import headers_of as event_headers
from shared.contracts import COMMANDS, EVENTS, Message, personal_fields
from shared.contracts.outgoing import Addressee, ConsumerMessage
from shared.contracts.values import Channel, Role
from shared.eventstore.model import RecordedEvent
from shared.roles import MAY, usual

DOCUMENT = document("1.2.3")
SCHEMAS = DOCUMENT["components"]["schemas"]
ALL: dict[str, type[Message]] = {**COMMANDS, **EVENTS}

# An example of each pattern and format that the contracts use: a new one fails here, and is added.
EXAMPLES = {
    r"^[a-z0-9][a-z0-9_\-]{0,63}$": "late_answer",
    r"^[A-Za-z0-9][A-Za-z0-9._~\-]{0,63}$": "c-2026.1",
    r"^[A-Za-z0-9][A-Za-z0-9._~\-]{0,79}$": "c-2026.1",
    r"^[A-Za-z0-9][A-Za-z0-9.+@_\-]{0,127}$": "9b1c",
    r"^([01][0-9]|2[0-3]):[0-5][0-9]$": "09:30",
    r"^[0-9]{5}$": "75384",
    r"^[0-9]{4}-(0[1-9]|1[0-2])$": "2026-03",
    "date": "2026-03-02",
    "date-time": "2026-03-02T09:30:00+05:00",
}


def resolve(ref: str) -> Any:
    found: Any = DOCUMENT
    for step in ref.removeprefix("#/").split("/"):
        found = found[step.replace("~1", "/").replace("~0", "~")]
    return found


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from nodes(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from nodes(inner)


def validator(schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator(
        {**schema, "components": DOCUMENT["components"]}, format_checker=Draft202012Validator.FORMAT_CHECKER
    )


def example(schema: dict[str, Any], *, whole: bool) -> Any:
    """An instance of `schema`: with all fields or only with the required ones."""
    if "$ref" in schema:
        return example(resolve(schema["$ref"]), whole=whole)
    if "anyOf" in schema:
        return example(schema["anyOf"][0], whole=whole)
    if "enum" in schema:
        return schema["enum"][0]
    match schema["type"]:
        case "object":
            chosen = schema["properties"] if whole else schema.get("required", ())
            return {name: example(schema["properties"][name], whole=whole) for name in chosen}
        case "array":
            return [example(schema["items"], whole=whole)] * max(schema.get("minItems", 0), int(whole))
        case "integer":
            return schema.get("minimum", 3)
        case "boolean":
            return True
        case "string":
            key = schema.get("pattern") or schema.get("format")
            return EXAMPLES[key] if key else "мәтін"
    raise AssertionError(f"no example of {schema}")


def test_every_reference_leads_somewhere() -> None:
    refs = [node["$ref"] for node in nodes(DOCUMENT) if isinstance(node.get("$ref"), str)]
    assert len(refs) > len(ALL)
    for ref in refs:
        assert resolve(ref) is not None, ref


def test_every_schema_is_a_json_schema_of_both_drafts() -> None:
    # AsyncAPI 3 reads schemas as draft 07; the tools of adapters mostly as 2020-12.
    headers = [message["headers"] for message in DOCUMENT["components"]["messages"].values() if "headers" in message]
    for schema in [*SCHEMAS.values(), *headers]:
        Draft202012Validator.check_schema(schema)
        Draft7Validator.check_schema(schema)


def test_the_document_has_what_asyncapi_3_requires() -> None:
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert DOCUMENT["info"].keys() >= {"title", "version"}
    for channel in DOCUMENT["channels"].values():
        parameters = {part[1:-1] for part in (channel["address"] or "").split(".") if part.startswith("{")}
        assert parameters == set(channel.get("parameters", {}))
        assert channel["messages"]
    for operation in DOCUMENT["operations"].values():
        assert operation["action"] in {"send", "receive"}
        for given in (operation, operation.get("reply", operation)):
            # Messages of an operation are named through its channel, and the channel must have them.
            assert all(
                message["$ref"].startswith(given["channel"]["$ref"] + "/messages/") for message in given["messages"]
            )
        if "address" in operation.get("reply", {}):
            assert resolve(operation["reply"]["channel"]["$ref"])["address"] is None


def test_every_command_can_be_submitted_and_asked_and_every_event_received() -> None:
    for name, command in COMMANDS.items():
        for verb, subject in (("submit", names.submit_subject), ("ask", names.ask_subject)):
            operation = DOCUMENT["operations"][f"{verb}{name}"]
            assert operation["action"] == "send"
            assert resolve(operation["channel"]["$ref"])["address"] == subject(command.context, name)
            assert "reply" in operation
    for name, event in EVENTS.items():
        operation = DOCUMENT["operations"][f"on{name}"]
        assert operation["action"] == "receive"
        assert resolve(operation["channel"]["$ref"])["address"] == names.event_subject(event.context, name)
    assert resolve(DOCUMENT["operations"]["deliver"]["channel"]["$ref"])["address"] == names.out_subject("{channel}")
    assert len(DOCUMENT["operations"]) == 2 * len(COMMANDS) + len(EVENTS) + 2


@pytest.mark.parametrize("whole", [True, False], ids=["all fields", "required fields"])
@pytest.mark.parametrize("name", ALL)
def test_what_the_schema_describes_the_model_takes_and_writes(name: str, whole: bool) -> None:
    # Given a message made from the published schema alone
    schema = SCHEMAS[name]
    given = example(schema, whole=whole)
    validator(schema).validate(given)
    # When the model reads it, and writes it again
    written = json.loads(ALL[name].model_validate_json(json.dumps(given)).model_dump_json())
    # Then what it writes is again what the schema describes
    validator(schema).validate(written)


@pytest.mark.parametrize("name", ALL)
def test_what_the_schema_refuses_the_model_refuses(name: str) -> None:
    schema = SCHEMAS[name]
    given = example(schema, whole=True)
    wrong = [{key: value for key, value in given.items() if key != missing} for missing in schema.get("required", ())]
    wrong.append({**given, "misspelt": 1})
    for message in wrong:
        assert not validator(schema).is_valid(message)
        with pytest.raises(ValidationError):
            ALL[name].model_validate_json(json.dumps(message))


@pytest.mark.parametrize("name", ALL)
def test_personal_fields_are_marked(name: str) -> None:
    properties = SCHEMAS[name]["properties"]
    marked = {field for field, schema in properties.items() if any(node.get("x-personal") for node in nodes(schema))}
    assert marked == set(personal_fields(ALL[name]))


def test_a_nested_person_is_marked() -> None:
    for holder, fields in (
        ("Consumer", {"name", "phone", "email", "address", "identifier"}),
        ("Subscriber", {"name", "phone", "email", "address"}),
    ):
        properties = SCHEMAS[holder]["properties"]
        assert fields == {
            field for field, schema in properties.items() if any(n.get("x-personal") for n in nodes(schema))
        }


@pytest.mark.parametrize("name", COMMANDS)
def test_the_headers_we_send_are_the_headers_described(name: str) -> None:
    schema = DOCUMENT["components"]["messages"][name]["headers"]
    headers = submission_headers(
        COMMANDS[name],
        event_id="42",
        source="/channels/телефон",
        role=usual(name),
        time=datetime(2026, 3, 2, tzinfo=UTC),
        traceparent="00-" + "a" * 32 + "-" + "b" * 16 + "-01",
    ) | {names.ANSWER_TO: "tereze.answers.desk.7"}
    validator(schema).validate(headers)
    assert not validator(schema).is_valid(headers | {names.TYPE: "Another"})
    for role in Role:
        assert validator(schema).is_valid(headers | {names.ROLE: role}) == (role in MAY[name])
    unstated = {key: value for key, value in headers.items() if key != names.ROLE}
    assert validator(schema).is_valid(unstated) == (Role.CHANNEL in MAY[name])
    assert not validator(schema).is_valid(headers | {names.ANSWER_TO: "tereze.answers.*"})
    assert not validator(schema).is_valid({key: value for key, value in headers.items() if key != names.ID})


@pytest.mark.parametrize("name", EVENTS)
def test_the_headers_of_events_are_the_headers_described(name: str) -> None:
    moment = datetime(2026, 3, 2, tzinfo=UTC)
    event = RecordedEvent(
        xid=7,
        position=42,
        context=EVENTS[name].context,
        stream_id="case-c1",
        version=1,
        type=name,
        schema_version=EVENTS[name].schema_version,
        data=b"{}",
        occurred_at=moment,
        recorded_at=moment,
        causation_id="m1",
        correlation_id="c1",
        actor="/channels/web",
        traceparent=None,
    )
    validator(DOCUMENT["components"]["messages"][name]["headers"]).validate(event_headers(event, None))


def test_messages_to_consumers_are_as_described() -> None:
    person = Addressee(name="Айгүл", phone="+7701")
    sent = ConsumerMessage(
        case_id="c1",
        channel=Channel.PHONE,
        language="kk",
        to=person,
        subject="s",
        text="t",
        event_type="RequestReceived",
    )
    written = json.loads(sent.model_dump_json())
    validator(SCHEMAS["ConsumerMessage"]).validate(written)
    assert not validator(SCHEMAS["ConsumerMessage"]).is_valid({**written, "channel": "pigeon"})
    marked = {
        name
        for holder in ("ConsumerMessage", "Addressee")
        for name, schema in SCHEMAS[holder]["properties"].items()
        if any(node.get("x-personal") for node in nodes(schema))
    }
    assert marked == {"subject", "text", "name", "phone", "email", "address"}
    recorded = RecordedEvent(
        *(7, 42, "intake", "case-c1", 1, "RequestReceived", 1, b'{"consumer_id": "c-c1"}'),
        *(datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC), "m1", "c1", "/web", None),
    )
    schema = DOCUMENT["components"]["messages"]["ConsumerMessage"]["headers"]
    validator(schema).validate(message_headers(recorded, sent, None))


@pytest.mark.parametrize(
    "answer",
    [
        Answer(Status.ACCEPTED, "42", "ReceiveRequest", "c1", (Stored("RequestReceived", 7),)),
        Answer(Status.REJECTED, "42", "ReceiveRequest", reasons=(Reason("wrong_stage", "not now", "case_id"),)),
    ],
)
def test_answers_are_as_described(answer: Answer) -> None:
    written = json.loads(answer.to_json())
    validator(SCHEMAS["Answer"]).validate(written)
    assert not validator(SCHEMAS["Answer"]).is_valid({**written, "status": "perhaps"})
    assert not validator(SCHEMAS["Answer"]).is_valid({key: value for key, value in written.items() if key != "reasons"})


def test_the_answer_offers_every_status() -> None:
    assert SCHEMAS["Status"]["enum"] == list(Status)
