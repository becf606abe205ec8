"""`review`: what a management review looks at (ISO 10002; DOMAIN.md §5, §8, stages 9-11). One fact a row."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from services.insight.instants import Instant, instant
from services.insight.projection import Fold, Projection, Row, Seen
from shared.centre import Centre

RECEIVED, CAUSE, STEP, TOLD, HANDLING = "received", "cause", "step", "told", "handling"
ORDERED, ENDED, INSPECTED, IMPACT, FACTOR, ISSUE = "ordered", "ended", "inspected", "impact", "factor", "issue"

_SCORES = ("ease", "speed", "courtesy", "fairness")
_MEASURES = (
    ("what", "text"),
    ("outcome", "text"),
    ("months", "smallint"),
    ("used", "boolean"),
    ("changed", "boolean"),
    ("due_at", "timestamptz"),
    ("began_at", "timestamptz"),
    *((name, "smallint") for name in (*_SCORES, "score")),
)
_DIMENSIONS = ("subject", "office", "channel", "regime", "department", "owner")
COLUMNS = (
    ("kind", "text NOT NULL"),
    ("at", "timestamptz NOT NULL"),
    *((name, "text") for name in _DIMENSIONS),
    *_MEASURES,
)

_STEPS = {
    "ComplaintAcknowledged": "acknowledged",
    "ComplaintAssessed": "assessed",
    "ComplaintInvestigated": "investigated",
    "ComplaintDecided": "decided",
    "DecisionCommunicated": "communicated",
    "ComplaintClosed": "closed",
}
"""Each step is timed from the complaint's receipt; in a review, its first time counts."""
STEP_NAMES = tuple(_STEPS.values())
_ENDS = {
    "ActionCompleted": "completed",
    "ActionDropped": "dropped",
    "ActionVerified": "verified",
    "ActionReopened": "reopened",
    "ActionMoved": "moved",
}


def projection(_centre: Centre) -> Projection:
    """The projection."""
    return Projection(
        name="review",
        version=1,
        columns=COLUMNS,
        folds={
            "ComplaintReceived": _received,
            **dict.fromkeys(_STEPS, _step),
            "ComplaintStatusTold": _told,
            "ComplaintHandlingAssessed": _handling,
            "ActionOrdered": _ordered,
            **dict.fromkeys(_ENDS, _ended),
            "InspectionRecorded": _inspected,
            "ImpactEvaluated": _impact,
            "ImpactUnreached": _unreached,
            "SuccessFactorsRecorded": _words(FACTOR, lambda data: data["factors"], "topic"),
            "TopicalIssueRecorded": _words(ISSUE, lambda data: [data["issue"]], "target_group"),
        },
    )


def _fact(event: Seen, kind: str, subject: str | None, seq: int = 0, *, at: Instant | None = None, **facts: Any) -> Row:
    dimensions = (facts.get(name, event.data.get(name)) for name in _DIMENSIONS[1:])
    return (
        event.position,
        seq,
        kind,
        event.occurred_at if at is None else at,
        subject,
        *dimensions,
        *(facts.get(name) for name, _ in _MEASURES),
    )


def _received(event: Seen) -> Iterable[Row]:
    outcome = "dissatisfied" if event.data["dissatisfied"] else None
    yield _fact(event, RECEIVED, event.data["case_id"], outcome=outcome)


def _step(event: Seen) -> Iterable[Row]:
    data = event.data
    outcome = {
        "ComplaintAssessed": data.get("depth"),
        "ComplaintDecided": data.get("justified"),
        "ComplaintClosed": data.get("because"),
    }.get(event.type)
    began_at = instant(data["received_at"])
    yield _fact(event, STEP, data["case_id"], what=_STEPS[event.type], outcome=outcome, began_at=began_at)
    if event.type == "ComplaintDecided":
        for seq, cause in enumerate(data["causes"], start=1):
            yield _fact(event, CAUSE, data["case_id"], seq, what=cause, outcome=data["justified"])


def _told(event: Seen) -> Iterable[Row]:
    yield _fact(event, TOLD, event.data["case_id"], what="on request" if event.data["on_request"] else "unasked")


def _handling(event: Seen) -> Iterable[Row]:
    yield _fact(event, HANDLING, event.data["case_id"], **{name: event.data[name] for name in _SCORES})


def _ordered(event: Seen) -> Iterable[Row]:
    data = event.data
    due_at = instant(data["due_at"])
    yield _fact(event, ORDERED, data["action_id"], what=data["action"], outcome=data["origin"], due_at=due_at)


def _ended(event: Seen) -> Iterable[Row]:
    data = event.data
    due = data.get("due_at")
    # Done is the end where nobody checks whether the cause is gone.
    unchecked = event.type == "ActionCompleted" and data["verifier"] is None
    outcome = "verified" if unchecked else _ENDS[event.type]
    due_at = None if due is None else instant(due)
    yield _fact(event, ENDED, data["action_id"], outcome=outcome, due_at=due_at)


def _inspected(event: Seen) -> Iterable[Row]:
    data = event.data
    yield _fact(
        event,
        INSPECTED,
        data["case_id"],
        office=data["facility"],
        owner=data["employee"],
        what=data["checklist"],
        score=data["score"],
    )


def _impact(event: Seen) -> Iterable[Row]:
    data = event.data
    yield _fact(
        event,
        IMPACT,
        data["case_id"],
        months=data.get("months", 1),
        outcome=data["solved"],
        used=data["advice_used"],
        changed=data["changed"],
    )


def _unreached(event: Seen) -> Iterable[Row]:
    yield _fact(event, IMPACT, event.data["case_id"], months=event.data["months"], outcome="unreached")


def _words(kind: str, said: Callable[[dict[str, Any]], list[str]], about: str) -> Fold:
    """Words that name nobody, and what they are about."""

    def fold(event: Seen) -> Iterable[Row]:
        for seq, words in enumerate(said(event.data)):
            need = "organisation" if event.data.get("organisation_need") else None
            subject = event.data.get(about)
            yield _fact(event, kind, subject, seq, what=words, outcome=need)

    return fold
