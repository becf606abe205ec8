"""A case's whole life over intake, consult and feedback, whatever is submitted and however late reactions come."""

from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from shared.contracts.base import Event, Message
from shared.contracts.consult import (
    ConsultationOpened,
    ConsultationPlanned,
    ConsultHeld,
    FollowUpDue,
    HoldConsultation,
    PlanConsultation,
    RecordTopicalIssue,
    TopicalIssueRecorded,
)
from shared.contracts.feedback import (
    AssessmentDue,
    AssessmentWaived,
    AssessSatisfaction,
    Dissatisfied,
    EffectivenessEvaluated,
    EvaluateEffectiveness,
    EvaluateImpact,
    ExtendImpact,
    ImpactEvaluated,
    ImpactExtended,
    ImpactSurveyDue,
    ImpactUnreached,
    ImprovementAction,
    ImprovementRecorded,
    NotAssessed,
    RecordImprovement,
    RecordNotAssessed,
    RecordSuccessFactors,
    RecordUnreached,
    SatisfactionAssessed,
    Satisfied,
    SuccessFactorsRecorded,
    Survey,
)
from shared.contracts.intake import (
    AnswerWrittenRequest,
    CollectDetails,
    DeclineWrittenRequest,
    DetailsCollected,
    ReceiveRequest,
    ReceiveWrittenRequest,
    RegisterWrittenRequest,
    RequestReceived,
)
from shared.contracts.quality import ActionDue, ActionOrdered
from shared.contracts.values import Channel, DeclineGround, Form, Language, Path, Solved
from shared.decider import Refused

from .case_world import World

BEGIN = datetime(2026, 3, 2, 4, tzinfo=UTC)
CASE = st.just("A1")
TEXT = st.sampled_from(["көмек керек", "нужна справка", "a form", " "])
MAYBE = st.none() | TEXT
PERSON = st.sampled_from(["consultant-1", "consultant-2", "manager-1"])
MOMENT = st.integers(0, 400 * 24).map(lambda hours: BEGIN + timedelta(hours=hours))
SCORE = st.integers(1, 5)
CODES = st.lists(st.sampled_from(["unclear_explanation", "long_wait", "discourtesy"]), max_size=2)
SOME_CODES = st.lists(st.sampled_from(["unclear_explanation", "long_wait", "discourtesy"]), min_size=1, max_size=2)
ACTION = st.builds(ImprovementAction, action=st.just("train"), owner=PERSON, due=st.just(date(2026, 9, 1)))


def opening() -> st.SearchStrategy[Message]:
    common = {"case_id": CASE, "channel": st.sampled_from(Channel), "language": st.sampled_from(Language)}
    office = st.just("central")
    asked = st.builds(ReceiveRequest, **common, office=office, question=TEXT, responsible=PERSON)
    return asked | st.builds(ReceiveWrittenRequest, **common, office=office, question=MAYBE, history=st.booleans())


def any_other_command() -> st.SearchStrategy[Message]:
    return st.one_of(
        st.builds(CollectDetails, case_id=CASE, expected_result=TEXT, form=st.sampled_from(Form), consultant=PERSON),
        st.builds(RegisterWrittenRequest, case_id=CASE, registration_number=TEXT, topic=TEXT, responsible=PERSON),
        st.builds(AnswerWrittenRequest, case_id=CASE, answer=MAYBE, signed_by=MAYBE, executor_contact=MAYBE),
        st.builds(DeclineWrittenRequest, case_id=CASE, ground=st.sampled_from(DeclineGround), notified=st.booleans()),
        st.builds(
            PlanConsultation,
            case_id=CASE,
            planned_at=MOMENT,
            place=TEXT,
            form=st.sampled_from(Form),
            expected_result=TEXT,
            material_costs=st.sampled_from([0, 10**13]),
            agreed_by_manager=st.none() | PERSON,
        ),
        st.builds(
            HoldConsultation,
            case_id=CASE,
            started_at=MOMENT,
            form=st.sampled_from(Form),
            consultant=st.none() | PERSON,
            minutes_spent=st.integers(0, 100_000),
            cost=st.sampled_from([0, 10**13]),
        ),
        st.builds(RecordTopicalIssue, case_id=CASE, issue=TEXT, target_group=TEXT),
        st.builds(
            AssessSatisfaction,
            case_id=CASE,
            process=SCORE,
            result=SCORE,
            satisfied=st.booleans(),
            solved=st.sampled_from(Solved),
            wishes=MAYBE,
            causes=CODES,
            further_needs=MAYBE,
            agreed_follow_up_at=st.none() | MOMENT,
            closed_at=st.none() | MOMENT,
        ),
        st.builds(EvaluateEffectiveness, case_id=CASE, evaluated_by=PERSON, degree_solved=st.integers(0, 100)),
        st.builds(RecordSuccessFactors, case_id=CASE, factors=st.just(["asked first"])),
        st.builds(RecordImprovement, case_id=CASE, causes=SOME_CODES, actions=st.lists(ACTION, min_size=1, max_size=2)),
        st.builds(EvaluateImpact, case_id=CASE, evaluated_by=PERSON, solved=st.sampled_from(Solved)),
        st.builds(
            RecordUnreached, case_id=CASE, attempts=st.integers(1, 3), months=st.none() | st.sampled_from(Survey)
        ),
        st.builds(ExtendImpact, case_id=CASE, extended_by=PERSON, reason=st.just("the court sits in autumn")),
        st.builds(RecordNotAssessed, case_id=CASE, because=st.sampled_from(NotAssessed)),
    )


class CaseLife(RuleBasedStateMachine):
    """Channels submit what they like; a diligent centre takes the next step of the stage table."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(BEGIN)
        self.judged = 0

    # ── what the outside does ────────────────────────────────────────────────────────────────────────────────

    @rule(command=opening() | any_other_command(), minutes_ago=st.integers(-10, 24 * 60))
    def anything_is_submitted(self, command: Message, minutes_ago: int) -> None:
        with contextlib.suppress(Refused):
            self.world.submit(command, self.world.now - timedelta(minutes=minutes_ago))

    @rule(data=st.data())
    def a_well_formed_step_comes_out_of_turn(self, data: st.DataObject) -> None:
        if data.draw(st.booleans()):
            self.world.settle()
        with contextlib.suppress(Refused):
            self.world.submit(data.draw(st.sampled_from(steps(self.world.now))))

    @rule(minutes=st.integers(1, 45 * 24 * 60))
    def time_passes(self, minutes: int) -> None:
        self.world.now += timedelta(minutes=minutes)

    @precondition(lambda self: self.world.under_way)
    @rule(data=st.data(), again=st.booleans())
    def a_reaction_arrives(self, data: st.DataObject, again: bool) -> None:
        self.world.deliver(data.draw(st.integers(0, len(self.world.under_way) - 1)), again=again)

    # ── what a diligent centre does: the next step is always open to it ──────────────────────────────────────

    @rule(
        channel=st.sampled_from([Channel.WALK_IN, Channel.PHONE, Channel.EMAIL, Channel.WEB]),
        prepare=st.booleans(),
        present=st.booleans(),
        content=st.booleans(),
        effective=st.booleans(),
    )
    def the_next_step_is_taken(
        self, channel: Channel, prepare: bool, present: bool, content: bool, effective: bool
    ) -> None:
        self.world.settle()
        # Nothing submitted so far is later than ten minutes from now; an impact shows after a month.
        self.world.now += timedelta(days=32)
        command = next_step(self.world, channel, prepare, present, content, effective)
        if command is not None:
            assert self.world.submit(command)

    # ── what always holds ────────────────────────────────────────────────────────────────────────────────────

    @invariant()
    def no_stage_is_skipped(self) -> None:
        events = [one.event for one in self.world.log]
        for index in range(self.judged, len(events)):
            before = events[:index]
            names = [type(event).__name__ for event in before]
            assert follows(events[index], before), f"{type(events[index]).__name__} after {names}"
        self.judged = len(events)

    @invariant()
    def every_follow_up_has_an_owner_and_a_due_date_after_the_consultation(self) -> None:
        for one in self.world.of(FollowUpDue):
            owed = one.event
            assert isinstance(owed, FollowUpDue)
            [previous] = [held for held in consultations(self.world) if held.number == owed.number - 1]
            assert owed.owner == previous.consultant
            assert owed.due_at > previous.ended_at or owed.agreed
            assert owed.agreed or owed.due_at == previous.ended_at + timedelta(days=3)

    @invariant()
    def everything_carries_the_consumer_whose_key_seals_it(self) -> None:
        # An action is about the centre's own work: it names nobody.
        about_people = [one.event for one in self.world.log if not isinstance(one.event, ActionDue | ActionOrdered)]
        assert all(event.consumer_id == "c-A1" for event in about_people)

    def teardown(self) -> None:
        """Once everything has arrived, everything that is owed is there, once."""
        self.world.settle()
        world = self.world
        assert len(world.of(ConsultationOpened)) == len(world.of(DetailsCollected)) <= 1
        assert len(world.of(AssessmentDue)) == len(world.of(ConsultHeld))
        assert len(world.of(FollowUpDue)) == len(world.of(Dissatisfied))


def consultations(world: World) -> list[ConsultHeld]:
    return [one.event for one in world.of(ConsultHeld) if isinstance(one.event, ConsultHeld)]


def follows(event: Event, before: list[Event]) -> bool:
    """Whether the stage table lets `event` come after `before`. Written from DOMAIN.md §2, not from the rules."""

    def done(kind: type[Event], **facts: Any) -> bool:
        return any(
            isinstance(one, kind) and all(getattr(one, name) == fact for name, fact in facts.items()) for one in before
        )

    match event:
        case RequestReceived():
            return not before
        case DetailsCollected():
            return done(RequestReceived) and not done(DetailsCollected)
        case ConsultationOpened():
            return done(DetailsCollected)
        case ConsultationPlanned():
            planned = done(ConsultationOpened, path=Path.PREPARED) or done(ConsultationOpened, path=Path.PRESENT)
            return planned and not done(ConsultHeld)
        case ConsultHeld(number=1):
            at_once = done(ConsultationOpened, path=Path.AT_ONCE) or done(ConsultationOpened, path=Path.REMOTE)
            return (at_once or done(ConsultationPlanned)) and not done(ConsultHeld)
        case ConsultHeld(number=number):
            return done(FollowUpDue, number=number) and not done(ConsultHeld, number=number) and not done(Satisfied)
        case FollowUpDue(number=number):
            return done(Dissatisfied, number=number - 1) and not done(FollowUpDue, number=number)
        case AssessmentDue(number=number):
            return done(ConsultHeld, number=number)
        case SatisfactionAssessed(number=number):
            return done(ConsultHeld, number=number) and not done(SatisfactionAssessed, number=number)
        case Satisfied(number=number):
            return done(SatisfactionAssessed, number=number, satisfied=True)
        case Dissatisfied(number=number):
            return done(SatisfactionAssessed, number=number, satisfied=False)
        case EffectivenessEvaluated():
            return done(Satisfied) and not done(EffectivenessEvaluated)
        case SuccessFactorsRecorded():
            return done(EffectivenessEvaluated, effective=True) and not done(SuccessFactorsRecorded)
        case ImprovementRecorded():
            return done(EffectivenessEvaluated, effective=False) and not done(ImprovementRecorded)
        case ImpactEvaluated(survey_id=None) | ImpactUnreached(survey_id=None):
            nine = done(SuccessFactorsRecorded) or done(ImprovementRecorded)
            return nine and not done(ImpactEvaluated) and not done(ImpactUnreached)
        case ImpactEvaluated(survey_id=survey) | ImpactUnreached(survey_id=survey):
            ended = done(ImpactEvaluated, survey_id=survey) or done(ImpactUnreached, survey_id=survey)
            return done(ImpactSurveyDue, survey_id=survey) and not ended
        case ImpactSurveyDue(months=months):
            return (done(ImpactExtended) if months == 6 else True) and not done(ImpactSurveyDue, months=months)
        case ImpactExtended():
            return (done(SuccessFactorsRecorded) or done(ImprovementRecorded)) and not done(ImpactExtended)
        case AssessmentWaived(consultation_id=consultation):
            held = done(ConsultHeld, consultation_id=consultation)
            return held and not done(SatisfactionAssessed, consultation_id=consultation)
        case ActionDue(action_id=action):
            return done(ImprovementRecorded) and not done(ActionDue, action_id=action)
        case ActionOrdered(action_id=action):
            return done(ActionDue, action_id=action) and not done(ActionOrdered, action_id=action)
        case TopicalIssueRecorded():
            return done(ConsultHeld)
        case _:
            # A written request is no consultation: none of its events mixes with those above.
            return not done(RequestReceived)


def steps(now: datetime) -> list[Message]:
    """The steps after stage 2, in a form that only the state of the case can speak against."""
    plan = PlanConsultation(
        case_id="A1", planned_at=now + timedelta(days=1), place="room 4", form=Form.OFFICE, expected_result="a form"
    )
    held = [
        HoldConsultation(case_id="A1", started_at=now, form=form, minutes_spent=30)
        for form in (Form.OFFICE, Form.ONLINE)
    ]
    assessed = [
        AssessSatisfaction(
            case_id="A1",
            process=4,
            result=4,
            satisfied=content,
            solved=Solved.HALF,
            causes=[] if content else ["unclear_explanation"],
        )
        for content in (True, False)
    ]
    step = ImprovementAction(action="train", owner="manager-1", due=now.date() + timedelta(days=30))
    return [
        plan,
        *held,
        *assessed,
        RecordTopicalIssue(case_id="A1", issue="queues", target_group="pensioners"),
        RecordUnreached(case_id="A1", attempts=2),
        ExtendImpact(case_id="A1", extended_by="manager-1", reason="the court sits in autumn"),
        EvaluateEffectiveness(case_id="A1", evaluated_by="manager-1", degree_solved=50, effective=True),
        RecordSuccessFactors(case_id="A1", factors=["asked first"]),
        RecordImprovement(case_id="A1", causes=["unclear_explanation"], actions=[step]),
        EvaluateImpact(case_id="A1", evaluated_by="manager-1", advice_used=True, changed=True, solved=Solved.YES),
    ]


def next_step(
    world: World, channel: Channel, prepare: bool, present: bool, content: bool, effective: bool
) -> Message | None:
    """What the stage table asks for once all reactions have arrived; None at the end, and for a written request."""
    if not world.log:
        return ReceiveRequest(
            case_id="A1",
            channel=channel,
            language=Language.KK,
            office="central",
            question="көмек керек",
            responsible="manager-1",
        )
    if not world.of(RequestReceived) or world.of(ImpactEvaluated, ImpactUnreached):
        return None
    match world.log[-1].event:
        case _ if not world.of(DetailsCollected):
            return CollectDetails(
                case_id="A1",
                expected_result="a form",
                form=Form.OFFICE,
                preparation_needed=prepare,
                consultant_has_time=True,
                presence_required=present,
                consultant="consultant-1",
            )
        case _ if len(world.of(ConsultHeld)) > len(world.of(SatisfactionAssessed)):
            causes = [] if content else ["unclear_explanation"]
            return AssessSatisfaction(
                case_id="A1", process=4, result=4, satisfied=content, solved=Solved.HALF, causes=causes
            )
        case _ if not world.of(Satisfied):
            return _next_consultation(world)
        case _ if not world.of(EffectivenessEvaluated):
            return EvaluateEffectiveness(case_id="A1", evaluated_by="manager-1", degree_solved=50, effective=effective)
        case _ if world.of(SuccessFactorsRecorded, ImprovementRecorded):
            return EvaluateImpact(
                case_id="A1", evaluated_by="manager-1", advice_used=True, changed=True, solved=Solved.YES
            )
        case _:
            return _stage_9(world)


def _next_consultation(world: World) -> Message:
    [opened] = [one.event for one in world.of(ConsultationOpened) if isinstance(one.event, ConsultationOpened)]
    form = {Path.AT_ONCE: Form.PHONE, Path.REMOTE: Form.ONLINE}.get(opened.path, Form.OFFICE)
    if opened.path in (Path.PREPARED, Path.PRESENT) and not world.of(ConsultationPlanned):
        return PlanConsultation(
            case_id="A1", planned_at=world.now + timedelta(days=1), place="room 4", form=form, expected_result="a form"
        )
    return HoldConsultation(case_id="A1", started_at=world.now, form=form, minutes_spent=30)


def _stage_9(world: World) -> Message:
    [verdict] = [one.event for one in world.of(EffectivenessEvaluated) if isinstance(one.event, EffectivenessEvaluated)]
    if verdict.effective:
        return RecordSuccessFactors(case_id="A1", factors=["asked first"])
    step = ImprovementAction(action="train", owner="manager-1", due=world.now.date() + timedelta(days=30))
    return RecordImprovement(case_id="A1", causes=["unclear_explanation"], actions=[step])


CaseLife.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestCaseLife = CaseLife.TestCase


def test_a_case_that_satisfies_only_at_the_third_consultation_runs_from_stage_1_to_stage_10() -> None:
    world = World(BEGIN)
    while not world.of(ImpactEvaluated):
        world.settle()
        world.now += timedelta(days=32)
        content = len(world.of(ConsultHeld)) == 3
        command = next_step(world, Channel.WALK_IN, True, False, content, False)
        assert command is not None
        assert world.submit(command)
    assert [type(one.event).__name__ for one in world.log] == [
        "RequestReceived",
        "DetailsCollected",
        "ConsultationOpened",
        "ConsultationPlanned",
        *("ConsultHeld", "AssessmentDue", "SatisfactionAssessed", "Dissatisfied", "FollowUpDue") * 2,
        *("ConsultHeld", "AssessmentDue", "SatisfactionAssessed", "Satisfied"),
        "EffectivenessEvaluated",
        *("ImprovementRecorded", "ActionDue", "ActionOrdered"),
        "ImpactEvaluated",
    ]
    assert [one.number for one in consultations(world)] == [1, 2, 3]
