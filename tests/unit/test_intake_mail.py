"""Written requests after their receipt: DOMAIN.md §4 and §9."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.intake.domain import DECIDER, decider
from shared.contracts.base import Event
from shared.contracts.intake import (
    AnswerExtended,
    AnswerWrittenRequest,
    AskClarification,
    CaseAssigned,
    CaseReleased,
    CheckCompleteness,
    ClarificationAsked,
    ClarificationEnded,
    ClarificationReceived,
    CompletenessChecked,
    DeclineWrittenRequest,
    EndClarification,
    ExtendAnswer,
    ExtensionNoticeGiven,
    ForwardMisdirected,
    ForwardWrittenRequest,
    HandOverCase,
    MisdirectedForwarded,
    NotifyOfExtension,
    ReceiveClarification,
    ReceiveWrittenRequest,
    RegisterWrittenRequest,
    WrittenRequestAnswered,
    WrittenRequestDeclined,
    WrittenRequestForwarded,
    WrittenRequestReceived,
    WrittenRequestRegistered,
)
from shared.contracts.values import Channel, DeclineGround, Language, Regime
from shared.deadlines import months
from shared.regimes import RULES, CaseTypes

from .given_when_then import NINE, at, given, refused

TEN, ELEVEN, NEXT_WEEK = at("2026-03-02 10:00"), at("2026-03-02 11:00"), at("2026-03-09 10:00")
HOUSE, LAW, APPEAL, SERVICE = Regime.HOUSE, Regime.CONSUMER_PROTECTION, Regime.ADMINISTRATIVE, Regime.PUBLIC_SERVICES


def came(regime: Regime = HOUSE, *, has_contacts: bool = True, routed: bool = False) -> WrittenRequestReceived:
    return WrittenRequestReceived(
        consumer_id="c-W1",
        case_id="W1",
        channel=Channel.POST,
        language=Language.RU,
        office="central",
        topic=None,
        history=False,
        has_contacts=has_contacts,
        regime=regime,
        responsible="o-1" if routed else "central",
        routed=routed,
    )


def registered(regime: Regime = HOUSE) -> WrittenRequestRegistered:
    return WrittenRequestRegistered(
        case_id="W1",
        registration_number="W1",
        topic="heating",
        responsible="o-1",
        channel=Channel.POST,
        office="central",
        regime=regime,
    )


def at_work(regime: Regime = HOUSE, *more: Event | tuple[Event, Any], **facts: bool) -> given:
    return given(DECIDER, (came(regime, **facts), registered(regime), *more))


def asked(number: int = 1) -> ClarificationAsked:
    return ClarificationAsked(
        case_id="W1",
        channel=Channel.POST,
        office="central",
        topic="heating",
        responsible="o-1",
        missing=["address"],
        by=Channel.PHONE,
        until=NEXT_WEEK,
        number=number,
    )


CHECKED = CompletenessChecked(case_id="W1", missing=[])
ANSWER = AnswerWrittenRequest(case_id="W1", answer="Repaired.", signed_by="The head", executor_contact="+7 717 200")
ASK = AskClarification(case_id="W1", missing=["address"], by=Channel.PHONE, until=NEXT_WEEK)
EXTEND = ExtendAnswer(case_id="W1", days=10, reason="another body must be asked", notified=True)
FORWARD = ForwardWrittenRequest(case_id="W1", specialist="s-1", reason="a legal question")
STEPS: tuple[Any, ...] = (
    CheckCompleteness(case_id="W1"),
    ASK,
    ReceiveClarification(case_id="W1", clarification="Abai 1"),
    EndClarification(case_id="W1"),
    FORWARD,
    EXTEND,
    NotifyOfExtension(case_id="W1"),
)


def test_a_letter_is_taken_and_answered_as_long_as_it_is() -> None:
    long = "ә" * 100_000
    request = ReceiveWrittenRequest(channel=Channel.POST, language=Language.KK, office="central", question=long)
    given(DECIDER).when(request).then_one(WrittenRequestReceived, question=long)
    came_back = AnswerWrittenRequest(case_id="W1", answer=long, signed_by="The head", executor_contact="+7 717 200")
    at_work(HOUSE, CHECKED).when(came_back, at=TEN).then_one(WrittenRequestAnswered, answer=long)


# ── type of case, regime, coupon, number ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("case_type", "regime"),
    [(None, HOUSE), ("letter", HOUSE), ("claim", LAW), ("appeal", APPEAL), ("service_complaint", SERVICE)],
)
def test_the_type_of_the_case_chooses_the_regime(case_type: str | None, regime: Regime) -> None:
    request = ReceiveWrittenRequest(
        case_id="W1", channel=Channel.POST, language=Language.RU, office="central", case_type=case_type
    )
    given(DECIDER).when(request).then_one(WrittenRequestReceived, regime=regime, case_type=case_type)


def test_another_centre_puts_its_types_under_other_regimes() -> None:
    ours = decider(CaseTypes({"letter": SERVICE}, LAW))
    request = ReceiveWrittenRequest(case_id="W1", channel=Channel.POST, language=Language.RU, office="central")
    given(ours).when(request).then_one(WrittenRequestReceived, regime=LAW)
    letter = request.model_copy(update={"case_type": "letter"})
    given(ours).when(letter).then_one(WrittenRequestReceived, regime=SERVICE)


def test_what_came_without_a_type_is_classified_when_it_is_registered() -> None:
    register = RegisterWrittenRequest(case_id="W1", topic="heating", responsible="o-1", case_type="appeal")
    given(DECIDER, (came(),)).when(register, at=TEN).then_one(
        WrittenRequestRegistered, regime=APPEAL, reclassified=True, received_at=NINE
    )
    plain = register.model_copy(update={"case_type": None})
    given(DECIDER, (came(LAW),)).when(plain, at=TEN).then_one(WrittenRequestRegistered, regime=LAW, reclassified=False)
    # The regime that holds since then decides what may be done.
    case = given(DECIDER, (came(), registered(APPEAL)))
    case.when(DeclineWrittenRequest(case_id="W1", ground=DeclineGround.UNREADABLE, notified=True), at=TEN).then(
        refused("ground_not_allowed", "ground")
    )


@pytest.mark.parametrize("regime", list(Regime))
def test_any_appeal_gets_a_coupon_at_once_whatever_it_lacks(regime: Regime) -> None:
    types = {HOUSE: "letter", LAW: "claim", APPEAL: "appeal", SERVICE: "service_complaint"}
    empty = ReceiveWrittenRequest(
        case_id="W1", channel=Channel.POST, language=Language.RU, office="central", case_type=types[regime]
    )
    given(DECIDER).when(empty).then_one(WrittenRequestReceived, coupon_number="W1", received_by="central")
    by_name = empty.model_copy(update={"received_by": "o-7", "case_id": None})
    given(DECIDER).when(by_name).then_one(WrittenRequestReceived, coupon_number="fresh", received_by="o-7")


def test_a_request_is_registered_under_its_case_unless_a_journal_has_numbers_of_its_own() -> None:
    register = RegisterWrittenRequest(case_id="W1", topic="heating", responsible="o-1")
    given(DECIDER, (came(),)).when(register, at=TEN).then_one(WrittenRequestRegistered, registration_number="W1")
    numbered = register.model_copy(update={"registration_number": "26/0001"})
    given(DECIDER, (came(),)).when(numbered, at=TEN).then_one(WrittenRequestRegistered, registration_number="26/0001")


def test_somebody_must_be_responsible_for_the_answer() -> None:
    register = RegisterWrittenRequest(case_id="W1", topic="heating")
    given(DECIDER, (came(),)).when(register, at=TEN).then(refused("nobody_responsible", "responsible"))
    given(DECIDER, (came(routed=True),)).when(register, at=TEN).then_one(WrittenRequestRegistered, responsible="o-1")
    other = register.model_copy(update={"responsible": "o-2"})
    given(DECIDER, (came(routed=True),)).when(other, at=TEN).then_one(CaseAssigned, responsible="o-2")


def test_who_was_handed_a_letter_that_no_routing_gave_answers_it_unless_another_is_named() -> None:
    """Regression: it was registered to nobody: "nobody was found by routing", though somebody had it."""
    taken = given(DECIDER, (came(),))
    handed = taken.when(HandOverCase(case_id="W1", to="o-3", reason="on duty"), at=NINE).events
    theirs = given(DECIDER, (came(), *handed))
    register = RegisterWrittenRequest(case_id="W1", topic="heating")
    theirs.when(register, at=TEN).then_one(WrittenRequestRegistered, responsible="o-3", previous="o-3")
    other = register.model_copy(update={"responsible": "o-2"})
    theirs.when(other, at=TEN).then_one(WrittenRequestRegistered, responsible="o-2", previous="o-3")
    older = came().model_copy(update={"responsible": None})
    given(DECIDER, (older,)).when(register, at=TEN).then(refused("nobody_responsible", "responsible"))


# ── complete? clarify ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("step", STEPS)
def test_nothing_is_done_before_registration_nor_after_the_end_nor_before_the_last_step(step: Any) -> None:
    given(DECIDER, (came(),)).when(step, at=TEN).then(refused("not_registered", "case_id", early=True))
    end = WrittenRequestAnswered(case_id="W1")
    at_work(HOUSE, end).when(step, at=TEN).then(refused("closed", "case_id"))
    at_work(HOUSE, (CompletenessChecked(case_id="W1", missing=[]), ELEVEN)).when(step, at=TEN).then(
        refused("before_previous", "time")
    )
    given(DECIDER).when(step).then(refused("unknown_case", "case_id", early=True))


def test_no_answer_before_it_was_seen_whether_the_letter_is_complete() -> None:
    """Regression: a letter was answered whose completeness nobody had checked: a stage skipped (§4)."""
    case = at_work()
    case.when(ANSWER, at=ELEVEN).then(refused("unchecked", "case_id", early=True))
    for step in (CheckCompleteness(case_id="W1"), ASK):
        since = case.when(step, at=TEN).events
        seen = at_work(HOUSE, *((event, TEN) for event in since))
        seen.when(ANSWER, at=ELEVEN).then_one(WrittenRequestAnswered, answer=ANSWER.answer)
    # What is refused, answered on such a ground, or another body's business, needs no check; nor do older records.
    decline = DeclineWrittenRequest(case_id="W1", ground=DeclineGround.UNREADABLE, notified=True)
    on_ground = ANSWER.model_copy(update={"ground": DeclineGround.UNREADABLE})
    for end in (decline, on_ground, ForwardMisdirected(case_id="W1", body="akimat", notified=True)):
        assert case.when(end, at=ELEVEN).refusal is None
    taken_over = given(DECIDER, (came().model_copy(update={"history": True}),))
    assert taken_over.when(ANSWER, at=ELEVEN).refusal is None


def test_what_was_found_incomplete_is_not_answered_before_the_consumer_was_asked() -> None:
    """Regression: a letter that lacked what an answer needs was answered at once, and nobody asked (§4)."""
    lacks = CompletenessChecked(case_id="W1", missing=["address"])
    case = at_work(HOUSE, (lacks, TEN))
    case.when(ANSWER, at=ELEVEN).then(refused("incomplete", "case_id", early=True))
    asked = case.when(ASK, at=TEN).events
    found = case.when(CheckCompleteness(case_id="W1"), at=TEN).events
    for since in (asked, found):
        mended = at_work(HOUSE, (lacks, TEN), *((event, TEN) for event in since))
        mended.when(ANSWER, at=ELEVEN).then_one(WrittenRequestAnswered, answer=ANSWER.answer)
    decline = DeclineWrittenRequest(case_id="W1", ground=DeclineGround.UNREADABLE, notified=True)
    # What is missing is no ground to keep from the consumer that nothing will be done, or who will answer.
    assert case.when(decline, at=ELEVEN).refusal is None
    taken_over = given(DECIDER, (came().model_copy(update={"history": True}), registered(), (lacks, TEN)))
    assert taken_over.when(ANSWER, at=ELEVEN).refusal is None


def test_completeness_is_checked_and_what_is_missing_is_named() -> None:
    at_work().when(CheckCompleteness(case_id="W1"), at=TEN).then_one(CompletenessChecked, missing=[])
    at_work().when(CheckCompleteness(case_id="W1", missing=("address",)), at=TEN).then_one(
        CompletenessChecked, missing=["address"]
    )


def test_the_consumer_is_asked_by_any_channel_until_an_agreed_time() -> None:
    at_work().when(ASK, at=TEN).then_one(
        ClarificationAsked, by=Channel.PHONE, until=NEXT_WEEK, number=1, responsible="o-1"
    )
    at_work(HOUSE, asked()).when(ASK, at=TEN).then(refused("clarification_asked", "case_id"))
    over = ASK.model_copy(update={"until": NINE})
    at_work().when(over, at=TEN).then(refused("agreed_in_the_past", "until"))
    at_work(has_contacts=False).when(ASK, at=TEN).then(refused("no_contact_details", "case_id"))
    again = ClarificationReceived(case_id="W1", clarification="?", number=1)
    at_work(HOUSE, asked(), again).when(ASK, at=TEN).then_one(ClarificationAsked, number=2)


def test_an_answer_of_the_consumer_is_taken_in_time_and_late() -> None:
    told = ReceiveClarification(case_id="W1", clarification="Abai 1")
    at_work(HOUSE, asked()).when(told, at=TEN).then_one(ClarificationReceived, clarification="Abai 1", number=1)
    late = at_work(HOUSE, asked(), (ClarificationEnded(case_id="W1", number=1), NEXT_WEEK))
    late.when(told, at=NEXT_WEEK).then_one(ClarificationReceived, number=1)
    at_work().when(told, at=TEN).then(refused("not_asked", "case_id", early=True))


def test_the_wait_ends_when_the_agreed_time_is_over_and_not_before() -> None:
    end = EndClarification(case_id="W1")
    at_work(HOUSE, asked()).when(end, at=NEXT_WEEK).then_one(ClarificationEnded, number=1)
    at_work(HOUSE, asked()).when(end, at=TEN).then(refused("too_early", "case_id"))
    at_work().when(end, at=TEN).then(refused("not_asked", "case_id", early=True))


@pytest.mark.parametrize(
    "end",
    [
        ANSWER,
        DeclineWrittenRequest(case_id="W1", ground=DeclineGround.UNREADABLE, notified=True),
        ForwardMisdirected(case_id="W1", body="akimat", notified=True),
    ],
)
def test_whatever_ends_a_request_ends_the_wait_and_its_place_in_the_load(end: Any) -> None:
    events = at_work(HOUSE, asked(), routed=True).when(end, at=TEN).events
    assert [type(event) for event in (events[0], events[-1])] == [ClarificationEnded, CaseReleased]
    assert len(at_work(HOUSE, CHECKED).when(end, at=TEN).events) == 1


# ── specialist, misdirected ──────────────────────────────────────────────────────────────────────────────────


def test_a_hard_question_is_passed_to_a_specialist_whose_clock_is_his_own() -> None:
    first = at_work().when(FORWARD, at=TEN)
    first.then_one(WrittenRequestForwarded, specialist="s-1", previous="o-1", forwarded=1, replaced=None)
    with_him = at_work(HOUSE, first.events[0])
    with_him.when(FORWARD, at=TEN).then(refused("has_it_already", "specialist"))
    on = FORWARD.model_copy(update={"specialist": "s-2"})
    with_him.when(on, at=TEN).then_one(WrittenRequestForwarded, forwarded=2, replaced=1, previous="s-1")
    checked = at_work(HOUSE, CHECKED, first.events[0])
    checked.when(ANSWER, at=TEN).then_one(WrittenRequestAnswered, forwarded=1)
    at_work(routed=True).when(FORWARD, at=TEN).then_one(CaseAssigned, responsible="s-1")


def test_a_misdirected_appeal_is_sent_on_with_notice_where_the_regime_asks_for_it() -> None:
    silent = ForwardMisdirected(case_id="W1", body="akimat", notified=False)
    told = silent.model_copy(update={"notified": True})
    at_work(APPEAL).when(silent, at=TEN).then(refused("notice_missing", "notified"))
    at_work(APPEAL).when(told, at=TEN).then_one(MisdirectedForwarded, body="akimat", regime=APPEAL, received_at=NINE)
    at_work(LAW).when(silent, at=TEN).then_one(MisdirectedForwarded, notified=False)
    at_work(has_contacts=False).when(told, at=TEN).then(refused("notice_impossible", "notified"))


@pytest.mark.parametrize(
    "end",
    [
        ForwardMisdirected(case_id="W1", body="akimat", notified=True),
        DeclineWrittenRequest(case_id="W1", ground=DeclineGround.UNREADABLE, notified=True),
        ANSWER,
    ],
    ids=lambda end: type(end).__name__,
)
def test_every_written_request_is_registered_whatever_becomes_of_it(end: Any) -> None:
    given(DECIDER, (came(HOUSE),)).when(end, at=TEN).then(refused("not_registered", "case_id", early=True))
    assert at_work(HOUSE, CHECKED).when(end, at=TEN).events


# ── put off ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("regime", "longest"), [(HOUSE, 10), (APPEAL, 59)])
def test_an_answer_is_put_off_once_by_no_more_than_the_regime_allows(regime: Regime, longest: int) -> None:
    most = EXTEND.model_copy(update={"days": longest})
    outcome = at_work(regime).when(most, at=TEN).then_one(AnswerExtended, days=longest, regime=regime)
    more = EXTEND.model_copy(update={"days": longest + 1})
    at_work(regime).when(more, at=TEN).then(refused("extension_too_long", "days"))
    at_work(regime, *outcome.events).when(EXTEND, at=TEN).then(refused("already_extended", "case_id"))


def test_an_answer_may_be_put_off_by_all_that_the_regime_allows_which_may_be_months() -> None:
    everything = EXTEND.model_copy(update={"days": None})
    at_work(HOUSE).when(everything, at=TEN).then_one(AnswerExtended, days=10, months=None)
    untold = everything.model_copy(update={"notified": False})
    owed = at_work(APPEAL).when(untold, at=TEN).then_one(AnswerExtended, days=None, months=2)
    at_work(APPEAL, *owed.events).when(NotifyOfExtension(case_id="W1"), at=TEN).then_one(
        ExtensionNoticeGiven, days=None, months=2
    )


@pytest.mark.parametrize("regime", [LAW, SERVICE])
def test_some_regimes_know_no_extension(regime: Regime) -> None:
    at_work(regime).when(EXTEND, at=TEN).then(refused("no_extension", "case_id"))


def test_the_consumer_is_told_of_an_extension_at_once_or_where_the_regime_leaves_time_soon() -> None:
    untold = EXTEND.model_copy(update={"notified": False})
    at_work(HOUSE).when(untold, at=TEN).then(refused("notice_missing", "notified"))
    at_work(has_contacts=False).when(EXTEND, at=TEN).then(refused("notice_impossible", "notified"))
    owed = at_work(APPEAL).when(untold, at=TEN).then_one(AnswerExtended, notified=False)
    notice = NotifyOfExtension(case_id="W1")
    at_work(APPEAL, *owed.events).when(notice, at=TEN).then_one(
        ExtensionNoticeGiven, days=EXTEND.days, reason=EXTEND.reason
    )
    at_work(APPEAL).when(notice, at=TEN).then(refused("nothing_owed", "case_id", early=True))


def test_an_extension_in_days_is_never_longer_than_the_months_of_the_regime() -> None:
    appeal = RULES[APPEAL]
    assert (RULES[HOUSE].surely_days, RULES[LAW].surely_days, appeal.extension) == (10, 0, months(2))
    for start in (NINE + timedelta(days=day) for day in range(800)):
        month = (start.month + 1) % 12 + 1
        later = start.replace(year=start.year + (start.month > 10), month=month, day=1)
        assert (later - start.replace(day=1)).days >= appeal.surely_days


# ── refuse ───────────────────────────────────────────────────────────────────────────────────────────────────

FOUR = [ground for ground in DeclineGround if ground is not DeclineGround.NO_CONTACT_DETAILS]


@pytest.mark.parametrize("ground", FOUR)
@pytest.mark.parametrize("regime", list(Regime))
def test_the_four_grounds_refuse_only_under_the_houses_rules_and_else_go_into_an_answer(
    ground: DeclineGround, regime: Regime
) -> None:
    decline = DeclineWrittenRequest(case_id="W1", ground=ground, notified=True)
    if regime is HOUSE:
        at_work(regime).when(decline, at=TEN).then_one(WrittenRequestDeclined, ground=ground)
    else:
        outcome = at_work(regime).when(decline, at=TEN).then(refused("ground_not_allowed", "ground"))
        assert "AnswerWrittenRequest" in str(outcome.refusal)
    with_ground = ANSWER.model_copy(update={"ground": ground})
    at_work(regime).when(with_ground, at=TEN).then_one(WrittenRequestAnswered, ground=ground)


@pytest.mark.parametrize("regime", list(Regime))
def test_without_contact_details_nothing_is_considered_under_any_regime(regime: Regime) -> None:
    decline = DeclineWrittenRequest(case_id="W1", ground=DeclineGround.NO_CONTACT_DETAILS, notified=False)
    at_work(regime, has_contacts=False).when(decline, at=TEN).then_one(WrittenRequestDeclined, notified=False)
