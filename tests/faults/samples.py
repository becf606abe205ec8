"""A submission of every type that fits its schema; whether a rule takes it is another matter."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from deploy.demo.script import write
from shared.bus import names
from shared.bus.answers import Status
from shared.contracts import COMMANDS
from shared.roles import usual

PAST = "2026-03-02T09:30:00+05:00"
ACCEPTED = ("ReceiveRequest", "ReceiveWrittenRequest", "PublishCatalogueEntry")
"""Types whose sample opens something new, so that it is accepted."""

_OWN: dict[str, dict[str, Any]] = {
    "ReceiveRequest": {
        "channel": "walk_in",
        "language": "kk",
        "office": "north",
        "question": "Қалай жазыламын?",
        "responsible": "manager-1",
        "consumer": {"name": "Айгүл", "phone": "+77010000000"},
    },
    "CollectDetails": {
        "expected_result": "a form filled in",
        "form": "office",
        "preparation_needed": False,
        "consultant_has_time": True,
        "presence_required": True,
        "consultant": "consultant-1",
    },
    "ReceiveWrittenRequest": {
        "channel": "post",
        "language": "ru",
        "office": "north",
        "question": "Когда ответите?",
        "consumer": {"name": "Иван", "address": "Алматы"},
    },
    "RegisterWrittenRequest": {"registration_number": "17/2", "topic": "roads", "responsible": "manager-1"},
    "AnswerWrittenRequest": {"answer": "Жауап", "signed_by": "The head", "executor_contact": "+77020000000"},
    "DeclineWrittenRequest": {"ground": "unreadable", "notified": True},
    "PlanConsultation": {"planned_at": PAST, "place": "room 4", "form": "office", "expected_result": "a draft"},
    "HoldConsultation": {"started_at": PAST, "form": "office", "minutes_spent": 40},
    "RecordTopicalIssue": {"issue": "forms are hard to read", "target_group": "pensioners"},
    "AssessSatisfaction": {"process": 4, "result": 5, "satisfied": True, "solved": "yes"},
    "EvaluateEffectiveness": {"evaluated_by": "manager-1", "degree_solved": 90, "effective": True},
    "RecordSuccessFactors": {"factors": ["prepared materials"]},
    "RecordImprovement": {
        "causes": ["wrong_information"],
        "actions": [{"action": "train", "owner": "manager-1", "due": "2026-06-01"}],
    },
    "EvaluateImpact": {"evaluated_by": "manager-1", "advice_used": True, "changed": True, "solved": "yes"},
    "PublishCatalogueEntry": {
        "title": "Жас Алаш",
        "editor_phone": "+77270000000",
        "issues_a_year": 6,
        "min_months": 2,
        "max_months": 12,
        "distribution": "card",
        "territory": "KZ",
        "effective_from": "2020-01-01",
        "prices": [{"months": 2, "city": 62900, "rural": 63300}],
    },
    "AcceptSubscription": {
        "first_month": "2199-01",
        "months": 2,
        "copies": 1,
        "zone": "city",
        "facility": "f1",
        "seller": "facility",
        "worker": "w1",
        "signed": True,
        "payment": "cash",
        "subscriber": {"kind": "individual", "name": "Олжас", "address": "Алматы"},
    },
    "SetDeliveryTariff": {
        "effective_from": "2020-01-01",
        "prices": [{"months": 2, "city": 12900, "rural": 13300}],
        "set_by": "distributor",
    },
    "AnnounceCampaign": {
        "campaign_id": "winter",
        "title": "Қысқы науқан",
        "opens": "2026-01-01",
        "closes": "2026-12-31",
        "first_month": "2027-01",
        "last_month": "2027-12",
    },
    "SetCutOffs": {"place": "shymkent", "effective_from": "2026-01-01", "order_day": 15, "annulment_day": 10},
    "AcceptOrder": {
        "zone": "rural",
        "facility": "f2",
        "seller": "facility",
        "worker": "w1",
        "signed": True,
        "payment": "invoice",
        "subscriber": {"kind": "legal_entity", "name": "№ 4 мектеп", "address": "Алматы"},
        "lines": [{"index": "75384", "first_month": "2199-01", "months": 2, "copies": 3}],
    },
    "OpenDay": {"facility": "f3", "day": "2026-03-02", "worker": "w1"},
    "CountDay": {
        "facility": "f3",
        "day": "2026-03-02",
        "worker": "w1",
        "cash": 62900,
        "invoiced": 0,
        "cards": [{"index": "75384", "months": 2, "cards": 1}],
    },
    "CertifyDay": {"facility": "f3", "day": "2026-03-02", "worker": "w1", "signature": "А. Әлиева, оператор"},
    "AnnulSubscription": {"abonement": "f1.2026.000001", "worker": "w1"},
    "RedirectSubscription": {"abonement": "f1.2026.000001", "worker": "w1", "address": "Шымкент", "zone": "city"},
    "ReverseSubscription": {"abonement": "f1.2026.000001", "worker": "w1", "ground": "wrong term"},
}


def _played() -> dict[str, dict[str, Any]]:
    """What the demonstration submits: its first accepted message of each type."""
    script = write(ends=datetime(2026, 11, 22, 10, tzinfo=ZoneInfo("Asia/Almaty")), cases=200, seed=4)
    found: dict[str, dict[str, Any]] = {}
    for step in script.steps:
        if step.status is Status.ACCEPTED:
            found.setdefault(step.type.type_name(), orjson.loads(step.body))
    return found


_BODIES = _played() | _OWN
TYPES = tuple(_BODIES)


@dataclass
class Draft:
    """One message on its way to be made hostile: everything about it can be changed."""

    subject: bytes
    headers: dict[bytes, bytes]
    body: dict[str, Any]
    raw_body: bytes | None = None
    raw_headers: bytes | None = None

    def body_bytes(self) -> bytes:
        return self.raw_body if self.raw_body is not None else orjson.dumps(self.body)

    def header_block(self) -> bytes:
        if self.raw_headers is not None:
            return self.raw_headers
        lines = b"".join(b"%b: %b\r\n" % pair for pair in self.headers.items())
        return b"NATS/1.0\r\n%b\r\n" % lines


def sample(type_name: str, number: int, **fields: Any) -> Draft:
    """A submission of this type under an id of its own."""
    body = deepcopy(_BODIES[type_name]) | fields
    model = COMMANDS[type_name]
    if "case_id" in model.model_fields:
        body.setdefault("case_id", f"case-{number}")
    if "index" in model.model_fields:
        body.setdefault("index", f"{number % 100_000:05d}")
    headers = {
        names.SPEC: "1.0",
        names.ID: f"m{number}",
        names.SOURCE: "/hostile",
        names.TYPE: type_name,
        names.ROLE: usual(type_name),
        names.TIME: "2026-05-05T10:00:00+05:00",
    }
    subject = names.submit_subject(model.context, type_name)
    return Draft(subject.encode(), {name.encode(): value.encode() for name, value in headers.items()}, body)
