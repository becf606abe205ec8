"""What outsiders may do to a message. Each `Attack` says which answer is specific to it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from hypothesis import strategies as st

from shared.bus import names
from shared.contracts import COMMANDS
from shared.contracts.values import Role
from shared.roles import MAY
from tests.faults.samples import TYPES, Draft, sample

Change = Callable[[Draft], None]


@dataclass(frozen=True)
class Attack:
    """A change to a message, and the codes of which the first reason must have one."""

    kind: str
    change: Change
    codes: frozenset[str]
    types: tuple[str, ...] = TYPES
    asks: bool = True
    """Whether it makes sense as a request too."""
    answered: bool = True
    """Whether the message still says, readably, where its answer goes."""


def _attack(kind: str, change: Change, *codes: str, **more: Any) -> Attack:
    return Attack(kind, change, frozenset(codes), **more)


# ── headers ──────────────────────────────────────────────────────────────────────────────────────────────────


def _set(name: str, value: bytes | str) -> Change:
    raw = value.encode() if isinstance(value, str) else value

    def change(draft: Draft) -> None:
        draft.headers[name.encode()] = raw

    return change


def _drop(name: str) -> Change:
    def change(draft: Draft) -> None:
        del draft.headers[name.encode()]

    return change


_header_text = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=60).map(str.strip)
_unprintable = st.sampled_from(["%00", "%0A", "%E2%80%AE", "%C2%85", "%EE%80%80", "a%09b", "%ff", "%C0%80"])
_damaged_bytes = st.binary(min_size=1, max_size=20).map(lambda raw: b"x\xff" + raw.translate(None, b"\r\n\0"))
_required = st.sampled_from([names.ID, names.SOURCE])


def _missing() -> st.SearchStrategy[Attack]:
    code = {names.SPEC: "attribute_invalid"}
    return st.sampled_from([names.ID, names.SOURCE, names.TYPE, names.SPEC]).map(
        lambda name: _attack(f"without {name}", _drop(name), code.get(name, "attribute_missing"))
    )


def _bad_identity() -> st.SearchStrategy[Attack]:
    values = st.one_of(
        st.builds(lambda before, bad: before + bad, st.from_regex(r"[a-z]{0,9}", fullmatch=True), _unprintable).map(
            str.encode
        ),
        st.integers(201, 5000).map(lambda length: b"a" * length),
        _damaged_bytes,
        st.just(b""),
    )
    return st.builds(
        lambda name, value: _attack(
            "bad identity", _set(name, value), "attribute_invalid" if value else "attribute_missing"
        ),
        _required,
        values,
    )


def _forged() -> st.SearchStrategy[Attack]:
    sources = ["/tereze", "/tereze/intake", "%2Ftereze%2Fintake", "/tereze/", "/%74ereze"]
    return st.one_of(
        st.sampled_from(sources).map(lambda it: _attack("forged source", _set(names.SOURCE, it), "forged_source")),
        st.one_of(_header_text.map(str.encode), _damaged_bytes)
        .filter(lambda value: value.decode(errors="replace") not in COMMANDS)
        .map(lambda value: _attack("forged type", _set(names.TYPE, value), "forged_type")),
        _header_text.filter(lambda text: text != "1.0").map(
            lambda text: _attack("bad specversion", _set(names.SPEC, text), "attribute_invalid")
        ),
    )


def _unknown_version() -> st.SearchStrategy[Attack]:
    urns = st.builds("urn:tereze:{}:{}:{}".format, _header_text, st.sampled_from(TYPES), st.integers(2))
    return st.one_of(_header_text, urns).map(
        lambda urn: _attack("unknown version", _set(names.SCHEMA, urn), "unknown_version")
    )


def _bad_time() -> st.SearchStrategy[Attack]:
    fixed = [
        "0001-01-01T00:00:00+00:00",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
        "9999-12-31T23:59:59.999999+00:00",
        "2026-03-02T09:30:00",
        "2026-03-02",
        "2026-02-30T09:30:00+05:00",
        "2026-03-02T09:30:00+99:99",
        "2026-03-02T25:30:00+05:00",
        "+2026-03-02T09:30:00Z",
        "1899-12-31T23:59:59Z",
        "1e9",
        "NaN",
    ]
    later = st.datetimes(min_value=datetime(2100, 1, 1)).map(lambda at: f"{at.isoformat()}Z")  # noqa: DTZ001
    return st.one_of(st.sampled_from(fixed), later, _header_text).map(
        lambda text: _attack("bad time", _set(names.TIME, text), "attribute_invalid", "in_the_future")
    )


def _bad_role() -> st.SearchStrategy[Attack]:
    unknown = st.one_of(_header_text.filter(lambda text: text not in set(Role)).map(str.encode), _damaged_bytes)
    not_theirs = st.sampled_from([(name, role) for name in TYPES for role in Role if role not in MAY[name]])
    return st.one_of(
        unknown.map(lambda value: _attack("unknown role", _set(names.ROLE, value), "invalid_role")),
        not_theirs.map(
            lambda pair: _attack("role may not", _set(names.ROLE, pair[1]), "role_may_not", types=(pair[0],))
        ),
    )


def _bad_answer_to() -> st.SearchStrategy[Attack]:
    subjects = st.sampled_from(
        [
            "tereze.answers.>",
            "tereze.answers.*",
            "tereze.answers",
            "tereze.answers.",
            "tereze.answers.a b",
            "tereze.answers..a",
            "tereze.in.intake.ReceiveRequest",
            "tereze.events.intake.RequestReceived",
            "tereze.wake",
            "$JS.ACK.TEREZE_IN.intake.1.1.1.1.1",
            "_INBOX_admin.x",
            ">",
            "",
        ]
    )
    values = st.one_of(subjects.map(str.encode), _header_text.map(str.encode), _damaged_bytes)
    return values.map(
        lambda value: _attack("bad answer-to", _set(names.ANSWER_TO, value), "attribute_invalid", answered=False)
    )


def _broken_header_block() -> st.SearchStrategy[Attack]:
    blocks = st.one_of(
        st.sampled_from(
            [
                b"NATS/1.0",
                b"NATS/1.0\r\n",
                b"NATS/1.0 \xff\xff\xff\r\n\r\n",
                b"NATS/1.0 404 No\xff\r\n\r\n",
                b"NATS/1.0 503\r\n\r\n",
                b"NATS/1.0 100 Idle Heartbeat\r\n\r\n",
                b"NATS/1.0\r\nce-id\r\n\r\n",
                b"NATS/1.0\r\n: nameless\r\n\r\n",
                b"NATS/1.0\r\nStatus: 404\r\n\r\n",
                b"\r\n\r\n",
            ]
        ),
        st.binary(min_size=1, max_size=60),
    )

    def attack(block: bytes) -> Attack:
        def change(draft: Draft) -> None:
            draft.raw_headers = block

        return _attack("broken header block", change, "attribute_invalid", answered=False)

    return blocks.map(attack)


# ── bodies ───────────────────────────────────────────────────────────────────────────────────────────────────


def _raw(kind: str, body: bytes, *codes: str) -> Attack:
    def change(draft: Draft) -> None:
        draft.raw_body = body

    return _attack(kind, change, *codes)


def _is_json(raw: bytes) -> bool:
    try:
        json.loads(raw)
    except (ValueError, RecursionError):
        return False
    return True


def _broken_json() -> st.SearchStrategy[Attack]:
    def truncated(share: float) -> Attack:
        def change(draft: Draft) -> None:
            whole = orjson.dumps(draft.body)
            draft.raw_body = whole[: int(share * (len(whole) - 1))]

        return _attack("truncated JSON", change, "broken_json", "not_utf8")

    noise = st.one_of(st.text(st.characters(exclude_categories=["Cs"]), max_size=80).map(str.encode), st.just(b""))
    return st.one_of(
        noise.filter(lambda raw: not _is_json(raw)).map(lambda raw: _raw("broken JSON", raw, "broken_json")),
        st.floats(0, 1, exclude_max=True).map(truncated),
        st.integers(201, 20_000).map(
            lambda depth: _raw("deep nesting", b"[" * depth + b"]" * depth, "broken_json", "schema_model_type")
        ),
        st.binary(min_size=1, max_size=40).map(lambda raw: _raw("not UTF-8", b'{"a": "\xff' + raw + b'"}', "not_utf8")),
        st.sampled_from([rb'{"a": "\ud800"}', rb'{"\udfff": 1}', rb'"\ud83d\u0041"']).map(
            lambda raw: _raw("lone surrogate", raw, "broken_json")
        ),
    )


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)


AT_THE_EDGE = [
    *(10**30, -1, 0, 10**400, 1e308, "\0"),
    *("0001-01-01", "1900-01-01", "2200-12-31", "9999-12-31", "0000-01", "1900-01", "2200-12", "9999-12", "00:00"),
]


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a body at which something stands, as what holds it and the key there."""
    keys = sorted(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from places(value[key])


def _wrong_schema() -> st.SearchStrategy[Attack]:
    def unknown_field(name: str, value: Any) -> Attack:
        def change(draft: Draft) -> None:
            draft.raw_body = json.dumps({**draft.body, f"~{name}": value}).encode()

        return _attack("unknown field", change, "schema_extra_forbidden")

    def missing_field(which: int) -> Attack:
        def change(draft: Draft) -> None:
            fields = COMMANDS[draft.subject.decode().rpartition(".")[2]].model_fields
            required = sorted(name for name, field in fields.items() if field.is_required())
            del draft.body[required[which % len(required)]]

        return _attack("missing field", change, "schema_missing")

    def wrong_value(which: int, value: Any) -> Attack:
        def change(draft: Draft) -> None:
            found = list(places(draft.body))
            holder, key = found[which % len(found)]
            holder[key] = value
            draft.raw_body = json.dumps(draft.body).encode()

        return Attack("wrong value", change, frozenset())

    def evil_text(text: str) -> Attack:
        def change(draft: Draft) -> None:
            holder, key = next((holder, key) for holder, key in places(draft.body) if isinstance(holder[key], str))
            holder[key] = text

        return _attack("evil text", change)

    return st.one_of(
        st.builds(unknown_field, st.text(st.characters(exclude_categories=["Cs"]), max_size=30), _json),
        st.integers(0, 30).map(missing_field),
        st.builds(wrong_value, st.integers(0, 200), _json),
        st.builds(wrong_value, st.integers(0, 200), st.sampled_from(AT_THE_EDGE)),
        st.sampled_from(["\0", "a\0b", "x" * 5000, ""]).map(evil_text),
        _json.filter(lambda value: not isinstance(value, dict)).map(
            lambda value: _raw(
                "no object", json.dumps(value).encode(), "schema_model_type", "schema_model_attributes_type"
            )
        ),
    )


def _huge() -> st.SearchStrategy[Attack]:
    # Few are of 1 MiB: they cost the test's time, not the service's.
    sizes = st.one_of(*[st.integers(65_537, 90_000)] * 9, st.just(2**20))
    return sizes.map(lambda size: _raw("huge body", b'"' + b"x" * (size - 2) + b'"', "too_large"))


# ── subjects ─────────────────────────────────────────────────────────────────────────────────────────────────

_odd_token = st.one_of(
    st.binary(min_size=1, max_size=12).map(lambda raw: b"\xfe" + raw.translate(None, b" \t\r\n.")),
    st.from_regex(rb"[A-Za-z0-9_-]{1,40}", fullmatch=True),
    st.sampled_from([b"*", b">", b"a\x0bb", b"a\x0cb", b"\0", b"\xff", "Қазақ".encode(), b"x" * 1000]),
).filter(lambda token: token.decode(errors="replace") not in COMMANDS)


def _unknown_type() -> st.SearchStrategy[Attack]:
    def unknown(token: bytes) -> Attack:
        def change(draft: Draft) -> None:
            draft.subject = draft.subject.rpartition(b".")[0] + b"." + token

        return _attack("unknown type", change, "unknown_type")

    def longer(token: bytes) -> Attack:
        def change(draft: Draft) -> None:
            draft.subject += b"." + token

        return _attack("too many tokens", change, "foreign_subject")

    def of_another(context: str) -> Attack:
        def change(draft: Draft) -> None:
            draft.subject = b"tereze.in.%b.%b" % (context.encode(), draft.subject.rpartition(b".")[2])

        types = tuple(name for name in TYPES if COMMANDS[name].context != context)
        return _attack("another service's type", change, "unknown_type", types=types)

    return st.one_of(
        _odd_token.map(unknown),
        _odd_token.map(longer),
        st.sampled_from(["intake", "consult", "feedback", "subscriptions"]).map(of_another),
    )


def _foreign() -> st.SearchStrategy[Attack]:
    def attack(tokens: list[bytes]) -> Attack:
        def change(draft: Draft) -> None:
            draft.subject = b"tereze.in." + b".".join(tokens)

        return _attack("foreign subject", change, "foreign_subject")

    known = {b"intake", b"consult", b"feedback", b"subscriptions"}
    tokens = st.lists(_odd_token, min_size=1, max_size=3).filter(lambda them: them[0] not in known)
    return st.one_of(tokens, st.sampled_from([[name] for name in sorted(known)])).map(attack)


# ── what the rules forbid ────────────────────────────────────────────────────────────────────────────────────

_OF_INTAKE = ("CollectDetails", "RegisterWrittenRequest", "AnswerWrittenRequest", "DeclineWrittenRequest")


def _unknown_case() -> st.SearchStrategy[Attack]:
    return st.from_regex(r"nobody-[a-z0-9]{1,20}", fullmatch=True).map(
        lambda case: _attack(
            "unknown case", lambda draft: draft.body.update(case_id=case), "unknown_case", types=_OF_INTAKE
        )
    )


def _wrong_stage() -> st.SearchStrategy[Attack]:
    """`spoken` is a request for a consultation, `written` a written one that is not registered; the test opens them."""

    def on(case_id: str) -> Change:
        return lambda draft: draft.body.update(case_id=case_id)

    return st.sampled_from(
        [
            _attack("wrong kind", on("spoken"), "wrong_kind", types=_OF_INTAKE[1:]),
            _attack("wrong kind", on("written"), "wrong_kind", types=_OF_INTAKE[:1]),
            _attack("wrong stage", on("written"), "not_registered", types=("AnswerWrittenRequest",)),
            _attack("case exists", on("spoken"), "case_exists", types=("ReceiveRequest", "ReceiveWrittenRequest")),
        ]
    )


ATTACKS: st.SearchStrategy[Attack] = st.one_of(
    _missing(),
    _bad_identity(),
    _forged(),
    _unknown_version(),
    _bad_time(),
    _bad_role(),
    _bad_answer_to(),
    _broken_header_block(),
    _broken_json(),
    _wrong_schema(),
    _huge(),
    _unknown_type(),
    _foreign(),
    _unknown_case(),
    _wrong_stage(),
)


def applied(attack: Attack, number: int, turn: int) -> Draft:
    """The attack on a sample, of another type at each turn."""
    draft = sample(attack.types[(number + turn) % len(attack.types)], number)
    attack.change(draft)
    return draft
