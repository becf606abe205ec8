"""A complaint's whole life, whatever is submitted in whatever order (ISO 10002; DOMAIN.md §5, §9)."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.feedback.domain import DECIDER
from services.insight.instants import instant, moment
from services.insight.judge import Judged, Operation, Start, judge
from services.insight.policies import POLICIES
from services.insight.projection import Seen
from services.insight.views.sla import START, projection
from shared.centre import centre
from shared.contracts.base import Command, Event
from shared.contracts.complaints import (
    AssignComplaint,
    ComplainantAnswered,
    ComplaintAcknowledged,
    ComplaintAssessed,
    ComplaintClosed,
    ComplaintDecided,
    ComplaintEscalated,
    ComplaintInvestigated,
    ComplaintReceived,
    DecisionAccepted,
    DecisionCommunicated,
    DecisionRejected,
    EscalateComplaint,
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
from shared.contracts.intake import Consumer
from shared.contracts.values import Regime
from shared.deadlines import days
from shared.decider import Given, Refused

from .complaint_words import (
    ACCEPT,
    ANN,
    ASK,
    CARRY_OUT,
    CLOSE,
    HANDLING,
    REJECT,
    STEP,
    TELL,
    TO_COURT,
    after,
    assess,
    investigate,
    receive,
    respond,
)
from .given_when_then import NINE, blind

DUE = date(2026, 3, 20)
SLA = projection(centre("Asia/Almaty"))
PEOPLE = ("m-1", "m-2", "m-3", "m-4")


def steps(today: date) -> list[Command]:
    """Every step there is, in forms that only the complaint's state can speak against."""
    due = today + timedelta(days=20)
    action = STEP.model_copy(update={"due": due})
    by_anybody: list[Command] = []
    for who in PEOPLE:
        by_anybody += [
            AssignComplaint(case_id="X1", responsible=who, reason="on leave"),
            investigate(investigator=who, heard=["k-1"], evidence=["the queue's record"]),
            respond(decided_by=who, actions=[action], remedy="an apology", remedy_due=due),
            respond(Justified.NO, decided_by=who, actions=[]),
            TO_COURT.model_copy(update={"to": Recourse.INTERNAL_REVIEW, "responsible": who}),
            RecordRecourseOutcome(case_id="X1", outcome=RecourseOutcome.OVERTURNED, responsible=who),
        ]
    return [
        *by_anybody,
        *(assess(level, at_once=at_once) for level in Level for at_once in (False, True)),
        TakeImmediateAction(case_id="X1", taken_by="k-1", action="the lift is shut"),
        ASK,
        RecordComplainantsAnswer(case_id="X1", answer="on Monday"),
        RecordComplainantsAnswer(case_id="X1"),
        ExtendComplaint(case_id="X1", reason="an expert is needed", notified_at=NINE),
        TELL,
        ACCEPT,
        REJECT,
        CARRY_OUT,
        TO_COURT,
        *(RecordRecourseOutcome(case_id="X1", outcome=outcome) for outcome in RecourseOutcome),
        CLOSE,
        TellComplaintStatus(case_id="X1", told_by="o-1", on_request=False),
        TellComplaintStatus(case_id="X1", told_by="o-1", on_request=True),
        HANDLING,
        RecordComplainantUnreached(case_id="X1", attempts=2),
    ]


class ComplaintLife(RuleBasedStateMachine):
    """Anything is tried at any time; a diligent centre always has a next step, until the end."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NINE
        self.log: list[tuple[Event, datetime]] = []
        self.judged = 0

    @initialize(contacts=st.booleans(), case_type=st.sampled_from(["service_complaint", "claim", "appeal", "other"]))
    def it_comes_in(self, contacts: bool, case_type: str) -> None:
        self.submit(receive(consumer=ANN if contacts else Consumer(), case_type=case_type))

    def state(self) -> Any:
        state: Any = DECIDER.initial()
        for event, at in self.log:
            state = DECIDER.evolve(state, event, at)
        return state

    def submit(self, command: Command) -> None:
        state = self.state()
        facts = Given(occurred_at=self.now, now=self.now, fresh_id="fresh", others={}, blind=blind)
        self.log += [(event, self.now) for event in DECIDER.decide(state, command, facts)]

    @rule(data=st.data())
    def anything_is_tried(self, data: st.DataObject) -> None:
        with contextlib.suppress(Refused):
            self.submit(data.draw(st.sampled_from(steps(self.now.date()))))

    @rule(
        command=st.sampled_from(
            [
                WithdrawComplaint(case_id="X1"),
                ForwardComplaint(case_id="X1", to="city transport", reason="a bus", notified=True),
            ]
        ),
        chance=st.integers(0, 5),
    )
    def it_ends_otherwise(self, command: Command, chance: int) -> None:
        if chance == 0:
            with contextlib.suppress(Refused):
                self.submit(command)

    @rule(hours=st.integers(1, 24 * 20))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(count=st.integers(1, 4))
    def the_next_steps_are_taken(self, count: int) -> None:
        for _ in range(count):
            command = self.next_step()
            if command is not None:
                self.submit(command)

    @rule(recourse=st.sampled_from([None, TO_COURT, TO_COURT.model_copy(update={"to": Recourse.INTERNAL_REVIEW})]))
    def the_decision_is_rejected_and_closing_is_tried(self, recourse: EscalateComplaint | None) -> None:
        """Seldom reached by chance."""
        for _ in range(8):
            state = self.state()
            if state.closed_at is not None or state.status == "communicated":
                break
            command = self.next_step()
            assert command is not None
            if state.status != "rejected":
                self.submit(command)
        internal = recourse is not None and recourse.to is Recourse.INTERNAL_REVIEW
        in_other_hands = recourse and recourse.model_copy(update={"responsible": "m-9" if internal else None})
        for command in (REJECT, CLOSE, in_other_hands, CLOSE):
            if command is not None:
                with contextlib.suppress(Refused):
                    self.submit(command)

    # ── what always holds ────────────────────────────────────────────────────────────────────────────────────

    @invariant()
    def no_step_is_skipped(self) -> None:
        events = [event for event, _ in self.log]
        for index in range(self.judged, len(events)):
            assert follows(events[index], events[:index]), f"{events[index]!r} after {events[:index]}"
        self.judged = len(events)

    @invariant()
    def a_rejected_decision_never_closes_it(self) -> None:
        said = [event for event, _ in self.log if isinstance(event, DecisionAccepted | DecisionRejected)]
        closed = [event for event, _ in self.log if isinstance(event, ComplaintClosed)]
        if closed and said and isinstance(said[-1], DecisionRejected):
            assert closed[0].because in {"recourse_exhausted", "withdrawn", "no_reply", "forwarded", "nobody_to_tell"}
            if closed[0].because == "no_reply":
                # It is another decision that was told since, to which the complainant said nothing.
                assert self.last(DecisionCommunicated) > self.last(DecisionRejected)
            if closed[0].because == "recourse_exhausted":
                # What was used up in an earlier round is open again after a later decision.
                of = said[-1].round_id
                events = [event for event, _ in self.log]
                used = {one.to for one in events if isinstance(one, ComplaintEscalated) and one.from_round == of}
                ended = [one.recourse for one in events if isinstance(one, RecourseEnded) and one.from_round == of]
                assert set(said[-1].recourse) <= used.union(*ended)

    @invariant()
    def every_obligation_has_an_owner_and_while_it_is_open_there_is_one(self) -> None:
        running = [(name, owner) for name, owner, one in self.clocks() if self.runs(one)]
        assert {owner for name, owner in running if name.startswith("complaint_")} <= {self.state().responsible}
        closed = any(isinstance(event, ComplaintClosed) for event, _ in self.log)
        owed = [name for name, _ in running if name.startswith("complaint_")]
        # While the centre waits for the complainant, somebody owes to go on once the wait is over.
        assert owed.count("complaint_clarification") == self.state().waiting
        if not closed and self.log:
            assert owed, "the complaint is open and nobody owes anything"
        if closed:
            assert set(owed) <= {"complaint_handling"}, owed

    def teardown(self) -> None:
        """Whatever happened, there is a way to the end, and there nothing is owed."""
        for _ in range(25):
            command = self.next_step()
            if command is None:
                break
            self.submit(command)
            self.now += timedelta(hours=1)
        assert self.next_step() is None
        assert not [name for name, _, one in self.clocks() if self.runs(one) and name.startswith("complaint_")]

    # ── reckoning ────────────────────────────────────────────────────────────────────────────────────────────

    def last(self, kind: type[Event]) -> int:
        return max((number for number, (event, _) in enumerate(self.log) if isinstance(event, kind)), default=-1)

    @staticmethod
    def runs(one: Judged) -> bool:
        return one.done_at is None and one.cancelled_at is None

    def clocks(self) -> list[tuple[str, str | None, Judged]]:
        """Indicator, owner, and how it stands, of every clock that its events started."""
        starts: list[dict[str, Any]] = []
        others: defaultdict[str, list[Operation]] = defaultdict(list)
        for position, (event, at) in enumerate(self.log):
            if event.type_name() not in SLA.folds:
                continue
            seen = Seen(position, event.type_name(), instant(at), instant(at), event.model_dump(mode="json"))
            for row in SLA.rows(seen):
                values = dict(zip(SLA.column_names, row, strict=True))
                if values["op"] == START:
                    starts.append(values)
                else:
                    due = moment(values["due_at"]) if values["due_at"] else None
                    others[values["clock_id"]].append(
                        Operation(
                            values["op"],
                            moment(values["at"]),
                            due,
                            values["span"],
                            values["variant"],
                            values["owner"],
                        )
                    )
        found: list[tuple[str, str | None, Judged]] = []
        for one in starts:
            start = Start(
                one["indicator"],
                one["variant"],
                one["office"],
                moment(one["at"]),
                moment(one["due_at"]),
                None,
                one["owner"],
            )
            standing = judge(
                start,
                others[one["clock_id"]],
                now=self.now,
                policies=POLICIES,
                calendars=centre("Asia/Almaty").calendars,
            )
            found.append((one["indicator"], standing.owner, standing))
        return found

    def next_step(self) -> Command | None:
        """What a diligent centre does next; None: the complaint is at its end."""
        state = self.state()
        if state.closed_at is not None:
            return None if state.handling_known else HANDLING
        # Somebody whom nothing speaks against: neither did they handle it before, nor do they answer for it.
        fresh = next(who for who in (f"n-{n}" for n in range(40)) if who not in state.handled_by | state.handling)
        due = self.now.date() + timedelta(days=20)
        match state.status:
            case "received":
                return assess()
            case "assessed" if state.immediate_action_owed:
                return TakeImmediateAction(case_id="X1", taken_by="k-1", action="the lift is shut")
            case "assessed" | "investigated" if state.waiting:
                return RecordComplainantsAnswer(case_id="X1", answer="on Monday")
            case "assessed":
                return investigate(investigator=fresh, heard=["k-1"], evidence=["the queue's record"])
            case "investigated":
                return respond(decided_by=fresh, actions=[STEP.model_copy(update={"due": due})])
            case "decided":
                return TELL if state.reachable else CLOSE
            case "communicated":
                return ACCEPT
            case "accepted":
                return CARRY_OUT if state.remedy_owed else CLOSE
            case "rejected":
                not_pursued = RecordRecourseOutcome(case_id="X1", outcome=RecourseOutcome.NOT_PURSUED)
                return not_pursued if state.recourse else CLOSE
            case "under_recourse":
                return RecordRecourseOutcome(case_id="X1", outcome=RecourseOutcome.UPHELD)
            case status:
                raise AssertionError(status)


def follows(event: Event, before: list[Event]) -> bool:
    """Whether ISO 10002 lets `event` come after `before`. Written from the standard's clauses, not from the rules."""

    def done(kind: type[Event], **facts: Any) -> bool:
        return any(
            isinstance(one, kind) and all(getattr(one, name) == fact for name, fact in facts.items()) for one in before
        )

    if isinstance(event, ComplaintReceived):
        return not before
    if not done(ComplaintReceived):
        return False
    match event:
        case ComplaintAcknowledged():
            return len(before) == 1
        case ComplaintAssessed():
            return not done(ComplaintAssessed)
        case ImmediateActionTaken():
            return done(ComplaintAssessed, immediate_action_needed=True)
        case ComplaintInvestigated(round_id=of):
            at_once = not done(ComplaintAssessed, immediate_action_needed=True) or done(ImmediateActionTaken)
            return done(ComplaintAssessed) and at_once and not done(ComplaintInvestigated, round_id=of)
        case ComplaintDecided(round_id=of):
            return done(ComplaintInvestigated, round_id=of) and not done(ComplaintDecided, round_id=of)
        case DecisionCommunicated(round_id=of):
            return done(ComplaintDecided, round_id=of) and not done(DecisionCommunicated, round_id=of)
        case DecisionAccepted(round_id=of):
            return done(DecisionCommunicated, round_id=of) and not done(DecisionAccepted, round_id=of)
        case DecisionRejected(round_id=of):
            return done(DecisionCommunicated, round_id=of) and not done(DecisionRejected, round_id=of)
        case RemedyCarriedOut(round_id=of):
            return done(DecisionAccepted, round_id=of)
        case ComplaintEscalated(from_round=of) | RecourseEnded(from_round=of):
            return done(DecisionRejected, round_id=of) and not done(DecisionAccepted, round_id=of)
        case ComplainantAnswered():
            return not done(ComplaintClosed)
        case _:
            return True


ComplaintLife.TestCase.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)
TestComplaintLife = ComplaintLife.TestCase


def test_the_answer_is_due_by_the_regime_and_later_by_what_it_allows() -> None:
    """From Monday, 2 March 2026: 8 and 21 to 23 March are holidays, those on a weekend are made up for after it."""
    due: dict[Regime, str] = {}
    for case_type, regime in (
        ("service_complaint", Regime.PUBLIC_SERVICES),
        ("claim", Regime.CONSUMER_PROTECTION),
        ("appeal", Regime.ADMINISTRATIVE),
        ("other", Regime.HOUSE),
    ):
        life = ComplaintLife()
        life.submit(receive(case_type=case_type))
        [answer] = [one for name, _, one in life.clocks() if name == "complaint_answer"]
        due[regime] = f"{answer.due_at.astimezone(NINE.tzinfo):%d %b}"
    assert due == {
        Regime.PUBLIC_SERVICES: "10 Mar",
        Regime.CONSUMER_PROTECTION: "12 Mar",
        Regime.ADMINISTRATIVE: "27 Mar",
        Regime.HOUSE: "12 Mar",
    }


def test_an_extension_moves_the_answer_and_a_question_to_the_complainant_pauses_it() -> None:
    life = ComplaintLife()
    life.submit(receive(case_type="other"))
    life.submit(assess())
    life.submit(ExtendComplaint(case_id="X1", days=4, reason="an expert is needed", notified_at=NINE))
    life.submit(ASK)
    life.now += timedelta(days=3)
    life.submit(RecordComplainantsAnswer(case_id="X1", answer="on Monday"))
    [answer] = [one for name, _, one in life.clocks() if name == "complaint_answer"]
    assert answer.due_at == NINE + timedelta(days=17)
    assert days(4).nominal_s == 4 * 86_400


def test_whoever_takes_a_complaint_over_owes_all_that_is_still_to_be_done() -> None:
    to_m_5 = AssignComplaint(case_id="X1", responsible="m-5", reason="on leave")
    review = TO_COURT.model_copy(update={"to": Recourse.INTERNAL_REVIEW, "responsible": "m-7"})
    pasts: tuple[tuple[Command, ...], ...] = (
        (receive(),),
        (receive(), assess(at_once=True), ASK),
        (receive(), assess(), investigate()),
        (receive(), assess(), investigate(), respond()),
        (receive(), assess(), investigate(), respond(), TELL),
        (receive(), assess(), investigate(), respond(), TELL, REJECT),
        (receive(), assess(), investigate(), respond(), TELL, REJECT, TO_COURT),
        (receive(), assess(), investigate(), respond(), TELL, REJECT, review),
        (receive(), assess(), investigate(), respond(remedy="money", remedy_due=DUE), TELL, ACCEPT),
        (receive(), assess(), investigate(), respond(), TELL, ACCEPT),
        (receive(), assess(), investigate(), respond(), TELL, ACCEPT, CLOSE),
    )
    for past in pasts:
        life = ComplaintLife()
        life.log += after(*past)
        life.now += timedelta(days=1)
        before = {name for name, _, one in life.clocks() if life.runs(one) and name.startswith("complaint_")}
        life.submit(to_m_5)
        owners = {name: owner for name, owner, one in life.clocks() if life.runs(one) and name in before}
        assert owners == dict.fromkeys(before, "m-5")


def test_overturned_outside_the_new_decision_and_the_status_are_owed_by_the_one_now_named() -> None:
    life = ComplaintLife()
    life.log += after(receive(), assess(), investigate(), respond(), TELL, REJECT, TO_COURT)
    life.now += timedelta(days=1)
    life.submit(RecordRecourseOutcome(case_id="X1", outcome=RecourseOutcome.OVERTURNED, responsible="m-5"))
    owed = {name: owner for name, owner, one in life.clocks() if life.runs(one) and name.startswith("complaint_")}
    assert owed == {"complaint_made_anew": "m-5", "complaint_status_outside": "m-5"}


def test_a_later_decision_taken_to_the_same_court_again_is_a_clock_of_its_own() -> None:
    """Regression: the second stay in court was taken for the first one, and so for over."""
    life = ComplaintLife()
    life.log += after(receive(), assess(), investigate(), respond(), TELL, REJECT, TO_COURT)
    life.now += timedelta(days=1)
    life.submit(RecordRecourseOutcome(case_id="X1", outcome=RecourseOutcome.OVERTURNED, responsible="m-5"))
    for command in (investigate(investigator="m-5"), respond(decided_by="m-5"), TELL, REJECT, TO_COURT):
        life.submit(command)
    outside = [life.runs(one) for name, _, one in life.clocks() if name == "complaint_outside"]
    assert outside == [False, True]


def test_withdrawn_late_nothing_counts_as_done() -> None:
    """Regression: a complaint taken back counted as closed in time, and its stay in court never ended."""
    told = (receive(), assess(), investigate(), respond(), TELL)
    for past, name in (
        ((*told, REJECT), "complaint_recourse"),
        ((*told, REJECT, TO_COURT), "complaint_outside"),
        ((*told, ACCEPT), "complaint_close"),
    ):
        life = ComplaintLife()
        life.log += after(*past)
        life.now += timedelta(days=1)
        life.submit(WithdrawComplaint(case_id="X1"))
        [one] = [one for indicator, _, one in life.clocks() if indicator == name]
        assert one.verdict == "cancelled"


def test_withdrawn_or_sent_on_nothing_more_is_owed_but_the_question_how_it_was() -> None:
    for ending in (
        WithdrawComplaint(case_id="X1"),
        ForwardComplaint(case_id="X1", to="city transport", reason="a bus", notified=True),
    ):
        life = ComplaintLife()
        life.log += after(receive(), assess(), ASK)
        life.now += timedelta(days=1)
        life.submit(ending)
        assert [name for name, _, one in life.clocks() if life.runs(one)] == ["complaint_handling"]
