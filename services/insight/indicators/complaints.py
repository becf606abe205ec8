"""What a complaint owes, step by step, to its end (DOMAIN.md §5, §9). All of it is the responsible person's."""

from __future__ import annotations

from typing import Any

from services.insight.indicators.base import Indicator, On
from services.insight.indicators.conditions import both, lacks, no, none_of, one_of, says, yes
from shared.contracts.complaints import (
    ComplainantAnswered,
    ComplainantAsked,
    ComplainantUnreached,
    ComplaintAcknowledged,
    ComplaintAssessed,
    ComplaintAssigned,
    ComplaintClosed,
    ComplaintDecided,
    ComplaintEscalated,
    ComplaintExtended,
    ComplaintForwarded,
    ComplaintHandlingAssessed,
    ComplaintInvestigated,
    ComplaintReceived,
    ComplaintReclassified,
    ComplaintStatusTold,
    DecisionAccepted,
    DecisionCommunicated,
    DecisionRejected,
    ImmediateActionTaken,
    RecourseEnded,
    RemedyCarriedOut,
)
from shared.contracts.values import Regime
from shared.deadlines import Span, days
from shared.regimes import RULES

_ISO = "ISO 10002"
_WHO = "responsible"


def _all_that_is_allowed(data: dict[str, Any]) -> Span:
    """Of an extension: so many days, or what the regime allows."""
    asked = data["days"]
    return days(asked) if asked is not None else RULES[Regime(data["regime"])].extension or days(0)


def _passes(key: str) -> tuple[On, ...]:
    """Somebody else answers for it from then on."""
    return (On(event=ComplaintAssigned, key=key, owner=_WHO),)


_CLOSED = (On(event=ComplaintClosed),)
_ROUND_CLOSED = (On(event=ComplaintClosed, key="round_id"),)
_ROUND_OVER = On(event=ComplaintClosed, key="round_id", when=none_of("because", "withdrawn"))
_ROUND_WITHDRAWN = On(event=ComplaintClosed, key="round_id", when=one_of("because", "withdrawn"))
_ASKED = On(event=ComplainantAsked)
_ANSWERED = On(event=ComplainantAnswered)
_STATUS_STOPS = (On(event=ComplaintStatusTold, key="status_id", when=says("status_id")),)
_STATUS_CANCELS = tuple(
    On(event=event, key="status_id", when=says("status_id"))
    for event in (DecisionCommunicated, RecourseEnded, ComplaintClosed)
)
_STATUS_PASSES = (
    On(event=ComplaintAssigned, key="status_id", when=says("status_id"), owner=_WHO),
    On(event=RecourseEnded, key="telling_id", when=says("telling_id"), owner=_WHO),
)
_GOES_ON = says("next_status_id")


def _status(name: str, start: On) -> Indicator:
    return Indicator(
        name=name,
        stage=_ISO,
        clock="complaint_status",
        start=start,
        stops=_STATUS_STOPS,
        passes=_STATUS_PASSES,
        cancels=_STATUS_CANCELS,
    )


def _investigation(name: str, start: On) -> Indicator:
    return Indicator(
        name=name,
        stage=_ISO,
        clock="complaint_investigate",
        start=start,
        stops=(On(event=ComplaintInvestigated, key="round_id"),),
        pauses=(On(event=ComplainantAsked, key="round_id"),),
        resumes=(On(event=ComplainantAnswered, key="round_id"),),
        passes=_passes("round_id"),
        cancels=_ROUND_CLOSED,
    )


def _closing(name: str, start: On) -> Indicator:
    return Indicator(
        name=name,
        stage=_ISO,
        clock="complaint_close",
        start=start,
        stops=(_ROUND_OVER,),
        passes=_passes("round_id"),
        cancels=(_ROUND_WITHDRAWN,),
    )


_IN_TIME = one_of("regime", *(regime for regime, rules in RULES.items() if rules.forward is not None))
_OVERTURNED = one_of("outcome", "overturned")
_INTERNAL = yes("internal")
_OUTSIDE = no("internal")

INDICATORS: tuple[Indicator, ...] = (
    Indicator(
        name="complaint_acknowledge",
        stage=_ISO,
        clock="complaint_acknowledge",
        start=On(event=ComplaintReceived, owner=_WHO),
        stops=(On(event=ComplaintAcknowledged),),
    ),
    Indicator(
        name="complaint_answer",
        stage="§9",
        clock="complaint_answer",
        start=On(event=ComplaintReceived, owner=_WHO),
        stops=(On(event=DecisionCommunicated),),
        pauses=(_ASKED,),
        resumes=(_ANSWERED,),
        moves=(On(event=ComplaintExtended, by=_all_that_is_allowed),),
        passes=_passes("case_id"),
        cancels=_CLOSED,
        variant="regime",
        varies=(On(event=ComplaintReclassified),),
    ),
    Indicator(
        name="complaint_misdirected",
        stage="§9",
        clock="complaint_misdirected",
        # Whose business it is shows once it is sent there: the days run from the receipt none the less.
        start=On(event=ComplaintForwarded, at="received_at", when=_IN_TIME, owner=_WHO),
        stops=(On(event=ComplaintForwarded, when=_IN_TIME),),
        variant="regime",
    ),
    Indicator(
        name="complaint_assess",
        stage=_ISO,
        clock="complaint_assess",
        start=On(event=ComplaintReceived, owner=_WHO),
        stops=(On(event=ComplaintAssessed),),
        pauses=(_ASKED,),
        resumes=(_ANSWERED,),
        passes=_passes("case_id"),
        cancels=_CLOSED,
    ),
    Indicator(
        name="complaint_at_once",
        stage=_ISO,
        clock="complaint_at_once",
        start=On(event=ComplaintAssessed, owner=_WHO, when=yes("immediate_action_needed")),
        stops=(On(event=ImmediateActionTaken),),
        passes=_passes("case_id"),
        cancels=_CLOSED,
    ),
    Indicator(
        name="complaint_clarification",
        stage=_ISO,
        clock="complaint_clarification",
        # It goes on when the complainant answers, or soon after the time that they were given.
        start=On(event=ComplainantAsked, key="ask_id", at="until", owner=_WHO),
        stops=(On(event=ComplainantAnswered, key="ask_id", when=says("ask_id")),),
        passes=(On(event=ComplaintAssigned, key="ask_id", when=says("ask_id"), owner=_WHO),),
        cancels=(On(event=ComplaintClosed, key="ask_id", when=says("ask_id")),),
    ),
    _investigation("complaint_investigate", On(event=ComplaintAssessed, key="round_id", owner=_WHO)),
    _investigation("complaint_review", On(event=ComplaintEscalated, key="round_id", owner=_WHO, when=_INTERNAL)),
    _investigation("complaint_made_anew", On(event=RecourseEnded, key="round_id", owner=_WHO, when=_OVERTURNED)),
    Indicator(
        name="complaint_decide",
        stage=_ISO,
        clock="complaint_decide",
        start=On(event=ComplaintInvestigated, key="round_id", owner=_WHO),
        stops=(On(event=ComplaintDecided, key="round_id"),),
        pauses=(On(event=ComplainantAsked, key="round_id"),),
        resumes=(On(event=ComplainantAnswered, key="round_id"),),
        passes=_passes("round_id"),
        cancels=_ROUND_CLOSED,
    ),
    Indicator(
        name="complaint_tell",
        stage=_ISO,
        clock="complaint_tell",
        start=On(event=ComplaintDecided, key="round_id", owner=_WHO),
        stops=(On(event=DecisionCommunicated, key="round_id"),),
        passes=_passes("round_id"),
        cancels=_ROUND_CLOSED,
    ),
    Indicator(
        name="complaint_reply",
        stage=_ISO,
        clock="complaint_reply",
        start=On(event=DecisionCommunicated, key="round_id", owner=_WHO),
        stops=(
            On(event=DecisionAccepted, key="round_id"),
            On(event=DecisionRejected, key="round_id"),
            On(event=ComplaintClosed, key="round_id", when=one_of("because", "no_reply")),
        ),
        passes=_passes("round_id"),
        cancels=(On(event=ComplaintClosed, key="round_id", when=none_of("because", "no_reply")),),
    ),
    Indicator(
        name="complaint_remedy",
        stage=_ISO,
        clock="complaint_remedy",
        start=On(
            event=DecisionAccepted,
            key="round_id",
            owner=_WHO,
            due="remedy_due_at",
            when=says("remedy_due_at"),
        ),
        stops=(On(event=RemedyCarriedOut, key="round_id"),),
        passes=_passes("round_id"),
        cancels=_ROUND_CLOSED,
    ),
    _closing(
        "complaint_close",
        On(event=DecisionAccepted, key="round_id", owner=_WHO, when=lacks("remedy_due_at")),
    ),
    _closing("complaint_close_after_remedy", On(event=RemedyCarriedOut, key="round_id", owner=_WHO)),
    Indicator(
        name="complaint_recourse",
        stage=_ISO,
        clock="complaint_recourse",
        start=On(event=DecisionRejected, key="round_id", owner=_WHO),
        stops=(
            On(event=ComplaintEscalated, key="from_round", when=_INTERNAL),
            On(event=RecourseEnded, key="from_round", when=_OVERTURNED),
            On(event=DecisionAccepted, key="round_id"),
            _ROUND_OVER,
        ),
        pauses=(On(event=ComplaintEscalated, key="from_round", when=_OUTSIDE),),
        resumes=(On(event=RecourseEnded, key="from_round", when=none_of("outcome", "overturned")),),
        passes=_passes("round_id"),
        cancels=(_ROUND_WITHDRAWN,),
    ),
    Indicator(
        name="complaint_outside",
        stage=_ISO,
        clock="complaint_outside",
        # A later decision may be taken to the same body again.
        start=On(event=ComplaintEscalated, key=("from_round", "to"), owner=_WHO, when=_OUTSIDE),
        stops=(On(event=RecourseEnded, key=("from_round", "item"), each="recourse"),),
        passes=(On(event=ComplaintAssigned, key=("round_id", "under"), when=says("under"), owner=_WHO),),
        cancels=(On(event=ComplaintClosed, key=("round_id", "under"), when=says("under")),),
    ),
    _status("complaint_status", On(event=ComplaintReceived, key="status_id", owner=_WHO)),
    _status(
        "complaint_status_again",
        On(
            event=ComplaintStatusTold,
            key="next_status_id",
            owner=_WHO,
            when=both(_GOES_ON, none_of("status", "under_recourse")),
        ),
    ),
    _status("complaint_status_review", On(event=ComplaintEscalated, key="status_id", owner=_WHO, when=_INTERNAL)),
    _status("complaint_status_outside", On(event=ComplaintEscalated, key="status_id", owner=_WHO, when=_OUTSIDE)),
    _status(
        "complaint_status_still",
        On(
            event=ComplaintStatusTold,
            key="next_status_id",
            owner=_WHO,
            when=both(_GOES_ON, one_of("status", "under_recourse")),
        ),
    ),
    Indicator(
        name="complaint_handling",
        stage=_ISO,
        clock="complaint_handling",
        start=On(event=ComplaintClosed, owner=_WHO, when=none_of("because", "nobody_to_tell")),
        stops=(On(event=ComplaintHandlingAssessed),),
        passes=_passes("case_id"),
        cancels=(On(event=ComplainantUnreached),),
    ),
)
"""Withdrawn or sent on, all that was owed of it ends unjudged, save the question how the process was."""
