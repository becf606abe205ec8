"""Complaints by ISO 10002: DOMAIN.md §5 and §9, step by step."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from services.feedback.checklists import CHECKLISTS
from services.feedback.domain import DECIDER, decider
from shared.centre import parse
from shared.contracts import COMMANDS
from shared.contracts.base import Command, Event, personal_fields
from shared.contracts.complaints import (
    COMMANDS as OF_COMPLAINTS,
)
from shared.contracts.complaints import (
    EVENTS as COMPLAINT_EVENTS,
)
from shared.contracts.complaints import (
    Acknowledged,
    AssignComplaint,
    Closed,
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
    ComplaintStatus,
    ComplaintStatusTold,
    ComplaintWithdrawn,
    DecisionAccepted,
    DecisionCommunicated,
    DecisionRejected,
    Depth,
    ExtendComplaint,
    ForwardComplaint,
    ImmediateActionTaken,
    Justified,
    Level,
    RecordComplainantsAnswer,
    RecordComplainantUnreached,
    RecordRecourseOutcome,
    Recourse,
    RecourseEnded,
    RecourseOutcome,
    RemedyCarriedOut,
    TakeImmediateAction,
    TellComplaintStatus,
    WithdrawComplaint,
)
from shared.contracts.feedback import AssessmentDue, Dissatisfied
from shared.contracts.intake import Consumer
from shared.contracts.quality import ActionDue, ActionOrigin
from shared.contracts.values import Channel, Form, Path, Regime

from .complaint_words import (
    ACCEPT,
    ACCEPTED,
    ASK,
    ASSESSED,
    CARRY_OUT,
    CLOSE,
    CLOSED,
    DECIDED,
    HANDLING,
    INVESTIGATED,
    RECEIVED,
    RECOURSE,
    REJECT,
    REJECTED,
    REVIEW,
    STEP,
    TELL,
    TO_COURT,
    TOLD,
    after,
    assess,
    investigate,
    receive,
    respond,
)
from .given_when_then import ALMATY, NINE, Outcome, given, refused

NEXT_DAY = NINE + timedelta(days=1)
NEXT_MONTH = NINE + timedelta(days=40)


def when(past: tuple[Command, ...], command: Command, at: datetime = NEXT_DAY) -> Outcome:
    """After these commands, this one."""
    return given(DECIDER, after(*past)).when(command, at=at)


# ── received and acknowledged ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("channel", "how"),
    [
        (Channel.COMPLAINTS_BOOK, Acknowledged.IN_PERSON),
        (Channel.POST, Acknowledged.MESSAGE),
        (Channel.WEB, Acknowledged.MESSAGE),
        (Channel.EMAIL, Acknowledged.MESSAGE),
        (Channel.PHONE, Acknowledged.IN_PERSON),
        (Channel.WALK_IN, Acknowledged.IN_PERSON),
        (Channel.VOICE_MAIL, Acknowledged.MESSAGE),
    ],
)
def test_a_complaint_is_taken_in_on_every_channel_and_acknowledged_at_once(channel: Channel, how: Acknowledged) -> None:
    outcome = given(DECIDER).when(receive(channel=channel))
    outcome.then_one(
        ComplaintReceived, channel=channel, remedy_sought="an apology", responsible="m-1", has_contacts=True
    )
    told = outcome.then_one(ComplaintAcknowledged, how=how, limit=5, limit_unit="working_days")
    [said] = [event for event in told.events if isinstance(event, ComplaintAcknowledged)]
    assert said.procedure[0] == "acknowledge"
    assert said.procedure[-1] == "recourse"


def test_whatever_it_lacks_it_is_taken_in() -> None:
    bare = receive(case_id=None, channel=Channel.POST, consumer=Consumer(), remedy_sought=None)
    outcome = given(DECIDER).when(bare)
    outcome.then_one(ComplaintReceived, case_id="fresh", consumer_id="c-fresh", has_contacts=False)
    outcome.then_one(ComplaintAcknowledged, how=Acknowledged.IMPOSSIBLE)


@pytest.mark.parametrize(
    ("case_type", "regime", "limit", "unit"),
    [
        ("service_complaint", Regime.PUBLIC_SERVICES, 5, "working_days"),
        ("claim", Regime.CONSUMER_PROTECTION, 10, "days"),
        ("appeal", Regime.ADMINISTRATIVE, 15, "working_days"),
        ("parking", Regime.HOUSE, 10, "days"),
    ],
)
def test_the_case_type_settles_whose_limits_hold(case_type: str, regime: Regime, limit: int, unit: str) -> None:
    outcome = given(DECIDER).when(receive(case_type=case_type))
    outcome.then_one(ComplaintReceived, regime=regime)
    outcome.then_one(ComplaintAcknowledged, regime=regime, limit=limit, limit_unit=unit)


def test_a_centre_puts_complaints_under_regimes_of_its_own() -> None:
    """Regression: a complaint was under the shipped regimes, whatever the centre's data file said."""
    own = """
        [hours]
        monday = ["09:00-18:00"]
        [regimes]
        default = "administrative"
        [regimes.case_types]
        book = "public_services"
    """
    rules = decider(ALMATY, parse(own, ALMATY).case_types, CHECKLISTS)
    for case_type, regime in (("book", Regime.PUBLIC_SERVICES), ("claim", Regime.ADMINISTRATIVE)):
        outcome = given(rules).when(receive(case_type=case_type))
        outcome.then_one(ComplaintReceived, regime=regime)
        outcome.then_one(ComplaintAcknowledged, regime=regime)


def test_a_number_is_given_once() -> None:
    when(RECEIVED, receive()).then(refused("already_exists", "case_id"))


@pytest.mark.parametrize("lacks", [{"responsible": None, "received_by": None}, {"concerned": ["m-1"]}])
def test_nobody_is_sent_away_for_want_of_who_answers_and_the_office_names_somebody_first(lacks: Any) -> None:
    taken = receive(**lacks)
    given(DECIDER).when(taken).then_one(ComplaintReceived, responsible="central").then_one(
        ComplaintAcknowledged, responsible="central", received_by=taken.received_by or "central"
    )
    when((taken,), assess(assessed_by="m-2")).then(refused("nobody_responsible", "case_id", early=True))
    named = AssignComplaint(case_id="X1", responsible="m-2", reason="free to answer for it")
    when((taken, named), assess(assessed_by="m-2")).then_one(ComplaintAssessed, responsible="m-2")


def test_a_complaint_is_taken_and_answered_as_long_as_it_is() -> None:
    long = "😀" * 100_000
    taken = receive(complaint=long, remedy_sought=long)
    given(DECIDER).when(taken).then_one(ComplaintReceived, complaint=long)
    sealed = len(taken.model_dump_json().encode()) * 4 / 3
    assert sealed < 2_000_000, "a message of the bus holds no more"
    when((*ASSESSED, investigate()), respond(response=long)).then_one(ComplaintDecided, response=long)


def _dissatisfied() -> tuple[Event, ...]:
    where: dict[str, Any] = {
        "consumer_id": "c-A1",
        "case_id": "A1",
        "consultation_id": "A1-1",
        "number": 1,
        "channel": Channel.WALK_IN,
        "office": "central",
        "topic": "pensions",
        "form": Form.OFFICE,
        "consultant": "k-1",
        "held_at": NINE,
    }
    due = AssessmentDue(**where, path=Path.AT_ONCE, manager="m-1", started_at=NINE, minutes_spent=10, cost=0, people=1)
    not_content = Dissatisfied(**where, closed_at=NINE, causes=["long_wait"], agreed_follow_up_at=None)
    return (due, not_content)


def test_a_complaint_may_grow_out_of_a_dissatisfied_case() -> None:
    case = given(DECIDER, elsewhere={"feedback-A1": _dissatisfied()})
    grown = case.when(receive(about="A1", consumer=Consumer()))
    grown.then_one(
        ComplaintReceived, about="A1", dissatisfied=True, consumer_id="c-A1", topic="pensions", has_contacts=True
    )
    unknown = given(DECIDER).when(receive(about="A2"))
    unknown.then_one(ComplaintReceived, about="A2", dissatisfied=False, consumer_id="c-X1")


def test_to_complain_costs_nothing_and_what_is_said_is_sealed() -> None:
    fields = {name for command in OF_COMPLAINTS for name in COMMANDS[command.type_name()].model_fields}
    assert not {"price", "cost", "fee", "amount"} & fields
    sealed = {name for event in COMPLAINT_EVENTS for name in personal_fields(event)}
    assert sealed >= {
        "complaint",
        "remedy_sought",
        "findings",
        "response",
        "remedy",
        "said",
        "question",
        "answer",
        "name",
    }


# ── one responsible person ───────────────────────────────────────────────────────────────────────────────────


def test_somebody_else_takes_over_by_name_and_with_a_reason() -> None:
    hand_over = AssignComplaint(case_id="X1", responsible="m-2", reason="on leave")
    when(RECEIVED, hand_over).then_one(ComplaintAssigned, responsible="m-2", previous="m-1")
    outcome = when((*RECEIVED, hand_over), assess())
    outcome.then_one(ComplaintAssessed, responsible="m-2")
    same = hand_over.model_copy(update={"responsible": "m-1"})
    when(RECEIVED, same).then(refused("same_person", "responsible"))
    about_her = (receive(concerned=["k-7"]),)
    when(about_her, hand_over.model_copy(update={"responsible": "k-7"})).then(refused("not_impartial", "responsible"))


# ── assessed on five criteria ────────────────────────────────────────────────────────────────────────────────

L, M, H = Level.LOW, Level.MEDIUM, Level.HIGH


@pytest.mark.parametrize(
    ("levels", "at_once", "similar", "depth"),
    [
        ((L, L, L, L), False, 0, Depth.BRIEF),
        ((M, L, L, L), False, 0, Depth.BRIEF),
        ((M, L, M, L), False, 0, Depth.THOROUGH),
        ((L, L, H, L), False, 0, Depth.THOROUGH),
        ((L, L, L, H), False, 0, Depth.THOROUGH),
        ((H, L, L, L), False, 0, Depth.FULL),
        ((L, H, L, L), False, 0, Depth.FULL),
        ((L, L, L, L), True, 0, Depth.FULL),
        ((L, L, L, L), False, 2, Depth.BRIEF),
        ((L, L, L, L), False, 3, Depth.THOROUGH),
        ((M, M, L, L), False, 3, Depth.FULL),
    ],
)
def test_the_depth_of_the_investigation_is_in_proportion(
    levels: tuple[Level, ...], at_once: bool, similar: int, depth: Depth
) -> None:
    severity, safety, complexity, impact = levels
    found = assess(severity, at_once=at_once, safety=safety, complexity=complexity, impact=impact, similar=similar)
    when(RECEIVED, found).then_one(ComplaintAssessed, depth=depth, immediate_action_needed=at_once)


def test_a_complaint_is_assessed_once_by_somebody_impartial() -> None:
    when(ASSESSED, assess()).then(refused("already_assessed", "case_id"))
    about_her = (receive(concerned=["k-7"]),)
    when(about_her, assess(assessed_by="k-7")).then(refused("not_impartial", "assessed_by"))


WRONG = assess(case_type="appeal", reclassified_because="asks for an administrative act")


def test_what_was_taken_in_as_something_else_is_put_right_when_it_is_assessed() -> None:
    """Regression: the regime that whoever took it in had chosen held for good (§9)."""
    put_right = when(RECEIVED, WRONG)
    facts: dict[str, Any] = {"previous_regime": Regime.PUBLIC_SERVICES, "regime": Regime.ADMINISTRATIVE}
    put_right.then_one(ComplaintReclassified, previous_case_type="service_complaint", case_type="appeal", **facts)
    put_right.then_one(ComplaintReclassified, limit=15, limit_unit="working_days", reason=WRONG.reclassified_because)
    put_right.then_one(ComplaintAssessed, regime=Regime.ADMINISTRATIVE)
    # What holds since then is that regime's: an extension, the notice where it is sent.
    longer = ExtendComplaint(case_id="X1", reason="an expert is needed", notified_at=NINE)
    when((*RECEIVED, WRONG), longer).then_one(ComplaintExtended, regime=Regime.ADMINISTRATIVE)
    sent = ForwardComplaint(case_id="X1", to="city transport", reason="a bus", notified=False)
    when((*RECEIVED, WRONG), sent).then(refused("notice_missing", "notified"))


def test_another_type_is_named_with_the_reason_and_a_regime_that_stays_is_told_to_nobody() -> None:
    silent = WRONG.model_copy(update={"reclassified_because": None})
    when(RECEIVED, silent).then(refused("reason_missing", "reclassified_because"))
    of_nothing = WRONG.model_copy(update={"case_type": None})
    when(RECEIVED, of_nothing).then(refused("reason_missing", "case_type"))
    same = WRONG.model_copy(update={"case_type": "service_complaint"})
    when(RECEIVED, same).then(refused("same_type", "case_type"))
    house = (receive(case_type="parking"),)
    by_house = when(house, WRONG.model_copy(update={"case_type": "heating"}))
    by_house.then_one(ComplaintReclassified, regime=Regime.HOUSE, limit=None, limit_unit=None)
    assert not any(isinstance(event, ComplaintReclassified) for event in when(RECEIVED, assess()).events)


def test_a_cause_is_of_the_catalogue() -> None:
    outcome = when(RECEIVED, assess(causes=["the_moon"])).then(refused("unknown_cause", "causes"))
    assert "long_wait" in str(outcome.refusal)


def test_what_cannot_wait_is_done_before_the_investigation() -> None:
    urgent = (*RECEIVED, assess(at_once=True))
    deep = investigate(investigator="m-3", heard=["k-1"], evidence=["a photograph"])
    when(urgent, deep).then(refused("immediate_action_owed", "case_id", early=True))
    take = TakeImmediateAction(case_id="X1", taken_by="k-1", action="the lift is shut")
    when(urgent, take).then_one(ImmediateActionTaken, action="the lift is shut")
    when((*urgent, take), deep).then_one(ComplaintInvestigated)
    when((*urgent, take), take).then(refused("no_immediate_action_owed", "case_id"))
    when(RECEIVED, take).then(refused("no_immediate_action_owed", "case_id", early=True))


# ── the complainant is asked ─────────────────────────────────────────────────────────────────────────────────


def test_the_clock_waits_while_the_complainant_is_asked() -> None:
    answer = RecordComplainantsAnswer(case_id="X1", answer="on Monday")
    when(ASSESSED, ASK).then_one(ComplainantAsked, question="on which day?")
    when((*ASSESSED, ASK), answer).then_one(ComplainantAnswered, answered=True)
    when((*ASSESSED, ASK), ASK).then(refused("already_asked", "case_id"))
    when((*ASSESSED, ASK), investigate()).then(refused("answer_awaited", "case_id"))
    when((*INVESTIGATED, ASK), respond()).then(refused("answer_awaited", "case_id"))
    when(ASSESSED, answer).then(refused("nothing_asked", "case_id"))
    when(DECIDED, ASK).then(refused("already_decided", "case_id"))
    nameless = (receive(consumer=Consumer()),)
    when(nameless, ASK).then(refused("nobody_to_ask", "case_id"))


def test_the_complainant_is_waited_for_until_a_time_to_come_and_no_longer() -> None:
    """Regression: "nothing came" was taken a minute after the question, and otherwise nobody ever had to go on."""
    nothing = RecordComplainantsAnswer(case_id="X1")
    asked_at, week = NINE + timedelta(hours=2), timedelta(days=7)
    when(ASSESSED, ASK).then_one(ComplainantAsked, until=NEXT_DAY + week, ask_id="X1-q1")
    when((*ASSESSED, ASK), nothing, asked_at + week - timedelta(minutes=1)).then(refused("too_early", "time"))
    when((*ASSESSED, ASK), nothing, asked_at + week).then_one(ComplainantAnswered, answered=False, ask_id="X1-q1")
    agreed = ASK.model_copy(update={"until": NEXT_DAY + timedelta(hours=1)})
    when(ASSESSED, agreed).then_one(ComplainantAsked, until=agreed.until)
    when(ASSESSED, agreed, NEXT_DAY + timedelta(hours=1)).then(refused("agreed_in_the_past", "until"))
    once_more = (*ASSESSED, ASK, RecordComplainantsAnswer(case_id="X1", answer="on Monday"))
    when(once_more, ASK).then_one(ComplainantAsked, ask_id="X1-q2")


def test_what_was_asked_before_it_was_timed_is_gone_on_with_at_any_time() -> None:
    [*before, (asked, at)] = after(*ASSESSED, ASK)
    assert isinstance(asked, ComplainantAsked)
    untimed = asked.model_copy(update={"until": None, "ask_id": None})
    outcome = given(DECIDER, (*before, (untimed, at))).when(RecordComplainantsAnswer(case_id="X1"), at=NEXT_DAY)
    outcome.then_one(ComplainantAnswered, answered=False, ask_id=None)


# ── investigated ─────────────────────────────────────────────────────────────────────────────────────────────


def test_no_investigation_before_the_assessment_and_none_twice() -> None:
    when(RECEIVED, investigate()).then(refused("not_assessed", "case_id", early=True))
    when(ASSESSED, investigate()).then_one(ComplaintInvestigated, depth=Depth.BRIEF, causes=["long_wait"])
    when(INVESTIGATED, investigate()).then(refused("already_investigated", "case_id"))


def test_a_thorough_investigation_hears_those_concerned() -> None:
    thorough = (*RECEIVED, assess(complexity=Level.HIGH))
    when(thorough, investigate()).then(refused("nobody_heard", "heard"))
    when(thorough, investigate(heard=["k-1"])).then_one(ComplaintInvestigated, depth=Depth.THOROUGH)


def test_a_full_investigation_rests_on_evidence_and_is_not_the_responsible_persons() -> None:
    full = (*RECEIVED, assess(Level.HIGH))
    when(full, investigate(heard=["k-1"])).then(refused("evidence_missing", "evidence"))
    alone = investigate(heard=["k-1"], evidence=["the queue's record"])
    when(full, alone).then(refused("not_independent", "investigator"))
    when(full, alone.model_copy(update={"investigator": "m-3"})).then_one(ComplaintInvestigated, depth=Depth.FULL)


def test_whom_it_is_about_neither_investigates_nor_decides() -> None:
    about_her = (receive(concerned=["k-7"]), assess())
    when(about_her, investigate(investigator="k-7")).then(refused("not_impartial", "investigator"))
    when(ASSESSED, investigate(concerned=["m-1"])).then(refused("not_impartial", "investigator"))
    found = (*ASSESSED, investigate(concerned=["k-7"]))
    when(found, respond(decided_by="k-7")).then(refused("not_impartial", "decided_by"))
    by_her = {"asked_by": "k-7", "communicated_by": "k-7", "closed_by": "k-7"}
    when(found, ASK.model_copy(update=by_her)).then(refused("not_impartial", "asked_by"))
    decided = (*found, respond())
    when(decided, TELL.model_copy(update=by_her)).then(refused("not_impartial", "communicated_by"))
    accepted = (*decided, TELL, ACCEPT)
    when(accepted, CLOSE.model_copy(update=by_her)).then(refused("not_impartial", "closed_by"))
    when(accepted, CLOSE).then_one(ComplaintClosed, because=Closed.ACCEPTED)


def test_whom_it_turns_out_to_be_about_answers_for_it_no_longer() -> None:
    """Regression: they told and closed it, and were to check that the cause, they themselves, was gone."""
    about_him = investigate(investigator="s-2", concerned=["m-1"])
    when(ASSESSED, about_him).then(refused("not_impartial", "concerned", early=True))
    to_m_2 = AssignComplaint(case_id="X1", responsible="m-2", reason="it is about m-1")
    found = (*ASSESSED, to_m_2, about_him)
    outcome = when(found, respond(decided_by="m-2"))
    outcome.then_one(ActionDue, verifier="m-2")
    back = to_m_2.model_copy(update={"responsible": "m-1"})
    when(found, back).then(refused("not_impartial", "responsible"))


# ── decided ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_justified_complaint_leads_to_its_cause_being_removed_across_departments() -> None:
    outcome = when(INVESTIGATED, respond())
    outcome.then_one(ComplaintDecided, justified=Justified.YES, causes=["long_wait"], actions=1)
    outcome.then_one(
        ActionDue,
        action_id="X1-a1",
        origin=ActionOrigin.COMPLAINT,
        department="front_office",
        owner="k-2",
        due=date(2026, 3, 20),
        verifier="m-1",
        consumer_id=None,
    )


def test_a_justified_complaint_without_action_says_why() -> None:
    when(INVESTIGATED, respond(actions=[])).then(refused("cause_not_removed", "actions"))
    why = respond(actions=[], no_action_because="the window is open again")
    when(INVESTIGATED, why).then_one(ComplaintDecided, actions=0)
    when(INVESTIGATED, respond(Justified.NO, actions=[])).then_one(ComplaintDecided, justified=Justified.NO)


def test_a_justified_complaint_has_a_cause() -> None:
    found = (*RECEIVED, assess(causes=[]), investigate())
    when(found, respond()).then(refused("causes_missing", "causes"))
    when(found, respond(causes=["premises"])).then_one(ComplaintDecided, causes=["premises"])


def test_an_action_has_a_day_to_come_and_is_not_checked_by_its_owner() -> None:
    late = STEP.model_copy(update={"due": date(2026, 3, 1)})
    when(INVESTIGATED, respond(actions=[late])).then(refused("due_in_the_past", "actions"))
    far = STEP.model_copy(update={"due": date(9999, 12, 31)})
    when(INVESTIGATED, respond(actions=[far])).then(refused("due_too_far", "actions"))
    own = STEP.model_copy(update={"owner": "m-1"})
    when(INVESTIGATED, respond(actions=[own])).then(refused("own_work", "actions"))


def test_a_remedy_has_a_day() -> None:
    when(INVESTIGATED, respond(remedy="an apology")).then(refused("remedy_due_missing", "remedy_due"))
    promised = respond(remedy="an apology", remedy_due=date(2026, 3, 9))
    outcome = when(INVESTIGATED, promised).then_one(ComplaintDecided, remedy="an apology")
    [decided] = [event for event in outcome.events if isinstance(event, ComplaintDecided)]
    assert decided.remedy_due_at is not None
    assert decided.remedy_due_at.isoformat() == "2026-03-10T00:00:00+05:00"


@pytest.mark.parametrize("past", [RECEIVED, ASSESSED])
def test_no_decision_before_the_investigation(past: tuple[Command, ...]) -> None:
    when(past, respond()).then(refused("not_investigated", "case_id", early=True))


def test_a_complaint_is_decided_once() -> None:
    when(DECIDED, respond()).then(refused("not_investigated", "case_id"))


# ── told, accepted or not ────────────────────────────────────────────────────────────────────────────────────


def test_the_decision_is_told_with_every_recourse() -> None:
    outcome = when(DECIDED, TELL)
    outcome.then_one(
        DecisionCommunicated, recourse=RECOURSE, status_id="X1-s1", reply_until=NEXT_DAY + timedelta(days=30)
    )
    when(INVESTIGATED, TELL).then(refused("not_decided", "case_id", early=True))


def test_an_accepted_decision_is_carried_out_and_closed() -> None:
    when(TOLD, ACCEPT).then_one(DecisionAccepted, remedy_due_at=None)
    when(ACCEPTED, CLOSE).then_one(ComplaintClosed, because=Closed.ACCEPTED, closed_by="m-1")
    promised = (*INVESTIGATED, respond(remedy="an apology", remedy_due=date(2026, 3, 9)), TELL, ACCEPT)
    when(promised, CLOSE).then(refused("remedy_owed", "case_id", early=True))
    when(promised, CARRY_OUT).then_one(RemedyCarriedOut)
    when((*promised, CARRY_OUT), CLOSE).then_one(ComplaintClosed, because=Closed.ACCEPTED)
    when(ACCEPTED, CARRY_OUT).then(refused("no_remedy_owed", "case_id", early=True))


def test_a_reply_needs_a_decision_that_was_told() -> None:
    when(INVESTIGATED, ACCEPT).then(refused("not_communicated", "case_id"))
    when(DECIDED, ACCEPT).then(refused("not_communicated", "case_id", early=True))


def test_a_rejected_decision_leaves_the_complaint_open_and_offers_recourse() -> None:
    when(TOLD, REJECT).then_one(DecisionRejected, recourse=RECOURSE)
    outcome = when(REJECTED, CLOSE, at=NEXT_MONTH).then(refused("decision_rejected", "case_id"))
    assert "internal_review" in str(outcome.refusal)
    when(REJECTED, REJECT).then(refused("already_rejected", "case_id", early=True))


def test_a_complainant_may_accept_after_all() -> None:
    when(REJECTED, ACCEPT).then_one(DecisionAccepted)


def test_silence_closes_it_after_thirty_days() -> None:
    awaited = when(TOLD, CLOSE).then(refused("reply_awaited", "time"))
    assert "2026-04-01" in str(awaited.refusal)
    when(TOLD, CLOSE, at=NEXT_MONTH).then_one(ComplaintClosed, because=Closed.NO_REPLY)


def test_without_contacts_it_is_decided_and_closed() -> None:
    nameless = (receive(consumer=Consumer()), assess(), investigate(), respond())
    when(nameless, TELL).then(refused("nobody_to_tell", "case_id"))
    when(nameless, CLOSE).then_one(ComplaintClosed, because=Closed.NOBODY_TO_TELL)


@pytest.mark.parametrize("past", [RECEIVED, ASSESSED, INVESTIGATED, DECIDED])
def test_nothing_is_closed_before_its_decision_is_told(past: tuple[Command, ...]) -> None:
    when(past, CLOSE, at=NEXT_MONTH).then(refused("not_decided", "case_id", early=True))


# ── recourse ─────────────────────────────────────────────────────────────────────────────────────────────────

REVIEWED = (*REJECTED, REVIEW)
AGAIN = (*REVIEWED, investigate(investigator="m-2"), respond(decided_by="m-2"), TELL)


def test_an_internal_review_is_another_round_in_other_hands() -> None:
    when(REJECTED, REVIEW).then_one(
        ComplaintEscalated, internal=True, round_id="X1-r2", responsible="m-2", status_id="X1-s2"
    )
    same = REVIEW.model_copy(update={"responsible": "m-1"})
    when(REJECTED, same).then(refused("not_independent", "responsible"))
    nobody = REVIEW.model_copy(update={"responsible": None})
    when(REJECTED, nobody).then(refused("responsible_missing", "responsible"))
    when(REVIEWED, investigate()).then(refused("not_independent", "investigator"))
    back = AssignComplaint(case_id="X1", responsible="m-1", reason="back from leave")
    when(REVIEWED, back).then(refused("not_independent", "responsible"))
    investigated = (*REVIEWED, investigate(investigator="m-2"))
    when(investigated, respond()).then(refused("not_independent", "decided_by"))
    outcome = when(investigated, respond(decided_by="m-2"))
    outcome.then_one(ComplaintDecided, round_id="X1-r2")
    outcome.then_one(ActionDue, action_id="X1-a2", verifier="m-2")
    when((*AGAIN, ACCEPT), CLOSE).then_one(ComplaintClosed, because=Closed.ACCEPTED, round_id="X1-r2")


def test_a_recourse_is_taken_once_and_only_where_it_was_offered() -> None:
    when(TOLD, REVIEW).then(refused("not_rejected", "case_id", early=True))
    elsewhere = TO_COURT.model_copy(update={"to": Recourse.OMBUDSMAN})
    when(REJECTED, elsewhere).then(refused("not_offered", "to"))
    named = TO_COURT.model_copy(update={"responsible": "m-2"})
    when(REJECTED, named).then(refused("responsible_stays", "responsible"))
    when(REJECTED, TO_COURT).then_one(ComplaintEscalated, internal=False, round_id="X1-r1")
    upheld = RecordRecourseOutcome(case_id="X1", outcome=RecourseOutcome.UPHELD)
    when((*REJECTED, TO_COURT, upheld), TO_COURT).then(refused("not_offered", "to"))


def test_it_closes_when_every_recourse_is_used_up() -> None:
    upheld = RecordRecourseOutcome(case_id="X1", outcome=RecourseOutcome.UPHELD)
    dropped = RecordRecourseOutcome(case_id="X1", outcome=RecourseOutcome.NOT_PURSUED)
    when(REJECTED, upheld).then(refused("no_recourse", "case_id", early=True))
    in_court = (*REJECTED, TO_COURT)
    when(in_court, CLOSE).then(refused("not_decided", "case_id", early=True))
    when(in_court, upheld).then_one(RecourseEnded, recourse=[Recourse.COURT], status_id="X1-s2")
    when((*in_court, upheld), CLOSE).then(refused("decision_rejected", "case_id"))
    when((*in_court, upheld), dropped).then_one(RecourseEnded, recourse=[Recourse.INTERNAL_REVIEW])
    when((*in_court, upheld, dropped), CLOSE).then_one(ComplaintClosed, because=Closed.RECOURSE_EXHAUSTED)
    when(REJECTED, dropped).then_one(RecourseEnded, recourse=[Recourse.COURT, Recourse.INTERNAL_REVIEW])
    when((*REJECTED, dropped), CLOSE).then_one(ComplaintClosed, because=Closed.RECOURSE_EXHAUSTED)


def test_an_overturned_decision_is_made_anew() -> None:
    overturned = RecordRecourseOutcome(case_id="X1", outcome=RecourseOutcome.OVERTURNED, responsible="m-2")
    in_court = (*REJECTED, TO_COURT)
    when(in_court, overturned).then_one(RecourseEnded, round_id="X1-r2", responsible="m-2", status_id=None)
    when((*in_court, overturned), CLOSE).then(refused("not_decided", "case_id", early=True))
    when((*in_court, overturned), investigate(investigator="m-2")).then_one(ComplaintInvestigated, round_id="X1-r2")
    same = overturned.model_copy(update={"responsible": None})
    when(in_court, same).then(refused("not_independent", "responsible"))


# ── other ends ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("past", [RECEIVED, ASSESSED, INVESTIGATED, DECIDED, TOLD, REJECTED])
def test_a_complaint_may_be_taken_back_while_it_is_open(past: tuple[Command, ...]) -> None:
    outcome = when(past, WithdrawComplaint(case_id="X1", said="settled"))
    outcome.then_one(ComplaintWithdrawn, said="settled")
    outcome.then_one(ComplaintClosed, because=Closed.WITHDRAWN)


def test_what_is_another_bodys_business_is_sent_on_with_notice() -> None:
    sent = ForwardComplaint(case_id="X1", to="city transport", reason="a bus", notified=False)
    appeal = (receive(case_type="appeal"),)
    when(appeal, sent).then(refused("notice_missing", "notified"))
    outcome = when(appeal, sent.model_copy(update={"notified": True}))
    outcome.then_one(ComplaintForwarded, to="city transport")
    outcome.then_one(ComplaintClosed, because=Closed.FORWARDED)
    when(DECIDED, sent).then(refused("already_decided", "case_id"))


def test_what_was_answered_is_neither_sent_on_nor_put_off_in_its_review() -> None:
    """Regression: a review, which begins where the investigation does, was ended by sending the complaint on."""
    appeal = (receive(case_type="appeal"), *REVIEWED[1:])
    sent = ForwardComplaint(case_id="X1", to="city transport", reason="a bus", notified=True)
    when(appeal, sent).then(refused("already_answered", "case_id"))
    longer = ExtendComplaint(case_id="X1", reason="an expert is needed", notified_at=NINE)
    when(appeal, longer).then(refused("already_answered", "case_id"))


@pytest.mark.parametrize(
    "command",
    [assess(), ASK, investigate(), respond(), TELL, ACCEPT, REVIEW, CLOSE, WithdrawComplaint(case_id="X1")],
    ids=lambda command: type(command).__name__,
)
def test_after_the_end_nothing_is_done(command: Command) -> None:
    when(CLOSED, command).then(refused("closed", "case_id"))


# ── longer, and how things stand ─────────────────────────────────────────────────────────────────────────────


def test_an_answer_is_put_off_once_where_the_regime_allows_it_and_with_notice() -> None:
    longer = ExtendComplaint(case_id="X1", reason="an expert is needed", notified_at=NINE)
    when(RECEIVED, longer).then(refused("not_assessed", "case_id", early=True))
    when(ASSESSED, longer).then(refused("no_extension", "case_id"))
    house = (receive(case_type="parking"), assess())
    when(house, longer).then_one(ComplaintExtended, days=None)
    when(house, longer.model_copy(update={"days": 11})).then(refused("extension_too_long", "days"))
    when(house, longer.model_copy(update={"days": 10})).then_one(ComplaintExtended, days=10)
    appeal = (receive(case_type="appeal"), assess())
    when(appeal, longer.model_copy(update={"days": 60})).then(refused("extension_too_long", "days"))
    when(appeal, longer.model_copy(update={"days": 59})).then_one(ComplaintExtended, days=59)
    when(house, longer.model_copy(update={"notified_at": None})).then(refused("notice_missing", "notified_at"))
    when((*house, longer), longer).then(refused("already_extended", "case_id"))


TOLD_STATUS = TellComplaintStatus(case_id="X1", told_by="o-1", on_request=False)
ON_REQUEST = TOLD_STATUS.model_copy(update={"on_request": True})


def test_how_things_stand_is_told_again_and_again_until_the_decision() -> None:
    when(ASSESSED, TOLD_STATUS).then_one(
        ComplaintStatusTold, status=ComplaintStatus.ASSESSED, status_id="X1-s1", next_status_id="X1-s2"
    )
    when((*ASSESSED, TOLD_STATUS), ON_REQUEST).then_one(
        ComplaintStatusTold, on_request=True, status_id="X1-s2", next_status_id="X1-s3"
    )
    when(TOLD, TOLD_STATUS).then(refused("nothing_to_tell", "on_request"))


@pytest.mark.parametrize(
    ("past", "status"),
    [
        (RECEIVED, ComplaintStatus.RECEIVED),
        (INVESTIGATED, ComplaintStatus.INVESTIGATED),
        (DECIDED, ComplaintStatus.DECIDED),
        (TOLD, ComplaintStatus.COMMUNICATED),
        (ACCEPTED, ComplaintStatus.ACCEPTED),
        (REJECTED, ComplaintStatus.REJECTED),
        ((*REJECTED, TO_COURT), ComplaintStatus.UNDER_RECOURSE),
        (CLOSED, ComplaintStatus.CLOSED),
    ],
)
def test_how_things_stand_is_told_on_request_at_any_time(past: tuple[Command, ...], status: ComplaintStatus) -> None:
    when(past, ON_REQUEST).then_one(ComplaintStatusTold, status=status, on_request=True)


# ── the process itself ───────────────────────────────────────────────────────────────────────────────────────


def test_the_complainant_is_asked_about_the_process_once_it_is_over() -> None:
    when(CLOSED, HANDLING).then_one(ComplaintHandlingAssessed, ease=4, speed=2, courtesy=5, fairness=4)
    when(ACCEPTED, HANDLING).then(refused("still_open", "case_id", early=True))
    when((*CLOSED, HANDLING), HANDLING).then(refused("already_assessed", "case_id"))


def test_who_can_not_be_reached_is_recorded_as_that() -> None:
    in_vain = RecordComplainantUnreached(case_id="X1", attempts=3)
    when(CLOSED, in_vain).then_one(ComplainantUnreached, attempts=3)
    when((*CLOSED, in_vain), HANDLING).then(refused("already_assessed", "case_id"))


# ── which complaint, and when ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "command", [assess(), investigate(), respond(), TELL, ACCEPT, CLOSE], ids=lambda command: type(command).__name__
)
def test_no_step_without_a_complaint(command: Command) -> None:
    given(DECIDER).when(command).then(refused("unknown_complaint", "case_id", early=True))


def test_no_step_before_the_one_it_follows_nor_in_the_future() -> None:
    when(ASSESSED, investigate(), at=NINE).then(refused("before_previous", "time"))
    case = given(DECIDER, after(*ASSESSED))
    case.when(investigate(), at=NEXT_DAY, now=NINE).then(refused("in_the_future", "time"))
