"""What may be submitted in a case: anything at all, a well-formed step, and the step the stage table asks for next."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import strategies as st

from shared.contracts.base import Message
from shared.contracts.consult import (
    AddPreparationTask,
    AwaitConsumer,
    CancelConsultation,
    CaseEnded,
    CompletePreparation,
    ConsultationOpened,
    ConsultHeld,
    DecidePlanCosts,
    HandOverConsultation,
    HoldConsultation,
    PlanConsultation,
    PlanRequired,
    PreparationTask,
    RecordNoShow,
    RecordNoTopicalIssue,
    RecordTopicalIssue,
    RequirePlan,
    RescheduleConsultation,
    ResumeConsultation,
)
from shared.contracts.feedback import (
    AssessmentWaived,
    AssessSatisfaction,
    EffectivenessEvaluated,
    EvaluateEffectiveness,
    EvaluateImpact,
    ExtendImpact,
    HandOverFeedback,
    ImpactEvaluated,
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
from shared.contracts.values import (
    CancelGround,
    Channel,
    ContactGround,
    DeclineGround,
    Form,
    FormReason,
    Language,
    Party,
    Path,
    Preparation,
    Solved,
)

from .case_world import World
from .obligations import COSTS, ISSUES, PLAN, owed

BEGIN = datetime(2026, 3, 2, 4, tzinfo=UTC)
CASE = st.just("A1")
TEXT = st.sampled_from(["көмек керек", "нужна справка", "a form", "?"])
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


TASK = st.builds(
    PreparationTask,
    kind=st.sampled_from(Preparation),
    what=MAYBE,
    owner=st.none() | st.just("officer-1"),
    due_at=st.none() | MOMENT,
)
MONEY = st.sampled_from([0, 10**13])


def any_change() -> st.SearchStrategy[Message]:
    """What may happen to a consultation besides its being planned and held."""
    return st.one_of(
        st.builds(DecidePlanCosts, case_id=CASE, manager=PERSON, agreed=st.booleans(), reason=MAYBE),
        st.builds(RequirePlan, case_id=CASE, reason=TEXT),
        st.builds(AddPreparationTask, case_id=CASE, task=TASK),
        st.builds(
            CompletePreparation,
            case_id=CASE,
            task_id=st.sampled_from(["A1-t1", "A1-t2", "A1-t3"]),
            minutes_spent=st.integers(0, 100_000),
            cost=MONEY,
        ),
        st.builds(
            RescheduleConsultation,
            case_id=CASE,
            by=st.sampled_from(Party),
            reason=TEXT,
            planned_at=MOMENT,
            form=st.none() | st.sampled_from(Form),
            place=MAYBE,
            preparation=st.lists(TASK, max_size=2),
        ),
        st.builds(AwaitConsumer, case_id=CASE, ground=st.sampled_from(ContactGround), contact_by=st.none() | MOMENT),
        st.builds(ResumeConsultation, case_id=CASE),
        st.builds(RecordNoShow, case_id=CASE, minutes_spent=st.integers(0, 100_000), cost=MONEY),
        st.builds(
            CancelConsultation,
            case_id=CASE,
            ground=st.sampled_from(CancelGround),
            reason=MAYBE,
            approved_by=st.none() | PERSON,
        ),
        st.builds(
            HandOverConsultation,
            case_id=CASE,
            consultant=st.none() | PERSON,
            manager=st.none() | PERSON,
            reason=TEXT,
        ),
    )


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
            material_costs=MONEY,
            agreed_by_manager=st.none() | PERSON,
            information_officer=st.none() | st.just("officer-1"),
            preparation=st.lists(TASK, max_size=2),
        ),
        st.builds(
            HoldConsultation,
            case_id=CASE,
            started_at=MOMENT,
            form=st.sampled_from(Form),
            consultant=st.none() | PERSON,
            minutes_spent=st.integers(0, 100_000),
            cost=MONEY,
            form_because=st.none() | st.sampled_from(FormReason),
        ),
        st.builds(RecordTopicalIssue, case_id=CASE, issue=TEXT, target_group=TEXT),
        st.builds(RecordNoTopicalIssue, case_id=CASE),
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
        st.builds(
            HandOverFeedback, case_id=CASE, consultant=st.none() | PERSON, manager=st.none() | PERSON, reason=TEXT
        ),
        st.builds(RecordNotAssessed, case_id=CASE, because=st.sampled_from(NotAssessed)),
    )


ISSUE = RecordTopicalIssue(case_id="A1", issue="queues", target_group="pensioners")
NO_ISSUE = RecordNoTopicalIssue(case_id="A1")


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
        ISSUE,
        NO_ISSUE,
        RecordUnreached(case_id="A1", attempts=2),
        HandOverFeedback(case_id="A1", manager=f"manager-{1 + now.minute % 3}", reason="on leave"),
        HandOverFeedback(case_id="A1", consultant=f"consultant-{1 + now.minute % 3}", reason="on leave"),
        ExtendImpact(case_id="A1", extended_by="manager-1", reason="the court sits in autumn"),
        EvaluateEffectiveness(case_id="A1", evaluated_by="manager-1", degree_solved=50, effective=True),
        RecordSuccessFactors(case_id="A1", factors=["asked first"]),
        RecordImprovement(case_id="A1", causes=["unclear_explanation"], actions=[step]),
        EvaluateImpact(case_id="A1", evaluated_by="manager-1", advice_used=True, changed=True, solved=Solved.YES),
    ]


def changes(world: World) -> list[Message]:
    """What may become of a consultation, in a form that only the state of the case can speak against."""
    now, still = world.now, owed(world.log)
    copies = PreparationTask(kind=Preparation.COPIES, due_at=now + timedelta(hours=1))
    plan = PlanConsultation(
        case_id="A1",
        planned_at=now + timedelta(days=1),
        place="room 4",
        form=Form.OFFICE,
        expected_result="a form",
        preparation=[copies, PreparationTask(kind=Preparation.ROOM)],
        information_officer="officer-1",
    )
    tasks = [what for what in still if "-t" in what] or ["A1-t1"]
    later = RescheduleConsultation(case_id="A1", by=Party.CONSUMER, reason="ill", planned_at=now + timedelta(days=2))
    return [
        plan,
        plan.model_copy(update={"material_costs": 500}),
        DecidePlanCosts(case_id="A1", manager="manager-1", agreed=True),
        DecidePlanCosts(case_id="A1", manager="manager-1", agreed=False, reason="too dear"),
        RequirePlan(case_id="A1", reason="the archive must be asked"),
        AddPreparationTask(case_id="A1", task=copies),
        CompletePreparation(case_id="A1", task_id=tasks[0], minutes_spent=20),
        later,
        later.model_copy(update={"by": Party.CENTRE, "planned_at": now + timedelta(hours=3)}),
        AwaitConsumer(case_id="A1", ground=ContactGround.FURTHER_INFORMATION, contact_by=now + timedelta(days=1)),
        ResumeConsultation(case_id="A1"),
        RecordNoShow(case_id="A1", minutes_spent=15),
        CancelConsultation(case_id="A1", ground=CancelGround.CENTRE_UNABLE),
        CancelConsultation(case_id="A1", ground=CancelGround.CONSUMER_ABSENT),
        HandOverConsultation(case_id="A1", consultant=f"consultant-{1 + now.minute % 3}", reason="speaks English"),
        HandOverConsultation(case_id="A1", manager=f"manager-{1 + now.minute % 2}", reason="on leave"),
        # Lives that end at once are short of everything else.
        *([CancelConsultation(case_id="A1", ground=CancelGround.CONSUMER_WITHDREW)] if len(world.log) > 16 else []),
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
    if not world.of(RequestReceived) or world.of(ImpactEvaluated, ImpactUnreached, CaseEnded, AssessmentWaived):
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
                anonymous_because="asks for a neighbour",
            )
        case _ if any(what.endswith(ISSUES) for what in owed(world.log)):
            return NO_ISSUE if content else ISSUE
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
    path = world.of(ConsultationOpened, PlanRequired)[-1].event
    assert isinstance(path, ConsultationOpened | PlanRequired)
    form = {Path.AT_ONCE: Form.PHONE, Path.REMOTE: Form.ONLINE}.get(path.path, Form.OFFICE)
    still = owed(world.log)
    if COSTS in still:
        # A month has passed since they were proposed: the planned time may be over.
        return DecidePlanCosts(case_id="A1", manager=still[COSTS].owner, agreed=False, reason="plan it anew")
    if PLAN in still:
        return PlanConsultation(
            case_id="A1", planned_at=world.now + timedelta(days=1), place="room 4", form=form, expected_result="a form"
        )
    if any("-c" in what for what in still):
        return RescheduleConsultation(
            case_id="A1", by=Party.CONSUMER, reason="is back", planned_at=world.now + timedelta(days=1)
        )
    return HoldConsultation(
        case_id="A1", started_at=world.now, form=form, minutes_spent=30, form_because=FormReason.QUESTION
    )


def _stage_9(world: World) -> Message:
    [verdict] = [one.event for one in world.of(EffectivenessEvaluated) if isinstance(one.event, EffectivenessEvaluated)]
    if verdict.effective:
        return RecordSuccessFactors(case_id="A1", factors=["asked first"])
    step = ImprovementAction(action="train", owner="manager-1", due=world.now.date() + timedelta(days=30))
    return RecordImprovement(case_id="A1", causes=["unclear_explanation"], actions=[step])
