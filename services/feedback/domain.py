"""The rules of feedback: what a consultation was worth (DOMAIN.md §2 stages 5, 6, 8, 9, 10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from shared.contracts import feedback
from shared.contracts.base import Event, Message
from shared.contracts.consult import ConsultHeld
from shared.contracts.feedback import (
    AssessmentDue,
    AssessSatisfaction,
    Dissatisfied,
    EffectivenessEvaluated,
    EvaluateEffectiveness,
    EvaluateImpact,
    ImpactEvaluated,
    ImprovementRecorded,
    RecordImprovement,
    RecordSuccessFactors,
    SatisfactionAssessed,
    Satisfied,
    SuccessFactorsRecorded,
)
from shared.contracts.values import Context
from shared.decider import Decider, Given, Refused
from shared.rules import months_after, not_before, not_in_the_future

IMPACT_AFTER_MONTHS = 1
"""Stage 10: an impact shows one to three months later, where needed up to six. Later still is late, not refused."""


# ── what is known of a case ──────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Unknown:
    """No consultation of this case is known here yet."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """A case with at least one consultation held.

    `latest` is the latest consultation. Each `…_at` is when that stage was done; None: not yet. The resources are
    the sums over all the case's consultations.
    """

    latest: AssessmentDue
    consultations: int
    minutes_spent: int
    cost: int
    assessed: bool = False
    satisfied_at: datetime | None = None
    evaluated_at: datetime | None = None
    effective: bool = False
    stage_9_at: datetime | None = None
    impact_known: bool = False


State = Unknown | Feedback


# ── what may be done ─────────────────────────────────────────────────────────────────────────────────────────


def decide(state: State, message: Message, given: Given[State]) -> Sequence[Event]:
    """What happens when `message` arrives; see each rule below.

    Raises:
        Refused: `unknown_case` (tried again for a while: the consultation may be under way), and the rules' codes.
    """
    match message, state:
        case ConsultHeld(), _:
            return owe_assessment(state, message)
        case AssessSatisfaction(), Feedback():
            not_in_the_future(given.occurred_at, given.now)
            return assess(state, message, given)
        case EvaluateEffectiveness(), Feedback():
            not_in_the_future(given.occurred_at, given.now)
            return [evaluate_effectiveness(state, message, given)]
        case RecordSuccessFactors(), Feedback():
            not_in_the_future(given.occurred_at, given.now)
            return [record_success_factors(state, message, given)]
        case RecordImprovement(), Feedback():
            not_in_the_future(given.occurred_at, given.now)
            return [record_improvement(state, message, given)]
        case EvaluateImpact(), Feedback():
            not_in_the_future(given.occurred_at, given.now)
            return [evaluate_impact(state, message, given)]
        case (
            (
                AssessSatisfaction()
                | EvaluateEffectiveness()
                | RecordSuccessFactors()
                | RecordImprovement()
                | EvaluateImpact()
            ),
            Unknown(),
        ):
            raise Refused(
                "unknown_case",
                f"no consultation of case {message.case_id} was held yet; hold it first (HoldConsultation)",
                "case_id",
                later=True,
            )
        case _:
            raise Refused("unknown_type", f"feedback has no rule for {message.type_name()}; see `tereze contract`")


def owe_assessment(state: State, held: ConsultHeld) -> Sequence[AssessmentDue]:
    """A consultation was held: its assessment is due (stage 5). Told of it twice, it is due once."""
    known = state.consultations if isinstance(state, Feedback) else 0
    if held.number <= known:
        return []
    if held.number > known + 1:
        raise Refused(
            "unknown_consultation",
            f"consultation {known + 1} of case {held.case_id} is not known here yet; resend this one after it",
            "number",
            later=True,
        )
    return [
        AssessmentDue(
            consumer_id=held.consumer_id,
            case_id=held.case_id,
            consultation_id=held.consultation_id,
            number=held.number,
            channel=held.channel,
            office=held.office,
            topic=held.topic,
            path=held.path,
            form=held.form,
            consultant=held.consultant,
            manager=held.manager,
            started_at=held.started_at,
            held_at=held.ended_at,
            minutes_spent=held.minutes_spent,
            cost=held.cost,
            people=held.people,
        )
    ]


def assess(state: Feedback, said: AssessSatisfaction, given: Given[State]) -> Sequence[Event]:
    """Stage 5, and with it 6a or 6b: each consultation is assessed once, in its last minutes or after it."""
    if state.assessed:
        raise Refused(
            "nothing_to_assess",
            "every consultation of this case is assessed; hold a further one first, where one is due",
            "case_id",
            later=True,
        )
    consultation = state.latest
    not_before(consultation.started_at, given.occurred_at, "the consultation began")
    closed_at = said.closed_at or given.occurred_at
    not_before(given.occurred_at, closed_at, "the assessment", "closed_at")
    not_in_the_future(closed_at, given.now, "closed_at")
    assessed = SatisfactionAssessed(
        consumer_id=consultation.consumer_id,
        case_id=said.case_id,
        consultation_id=consultation.consultation_id,
        number=consultation.number,
        channel=consultation.channel,
        office=consultation.office,
        topic=consultation.topic,
        form=consultation.form,
        consultant=consultation.consultant,
        process=said.process,
        result=said.result,
        satisfied=said.satisfied,
        solved=said.solved,
    )
    return [assessed, _satisfied(state, said, closed_at) if said.satisfied else _dissatisfied(state, said, closed_at)]


def _satisfied(state: Feedback, said: AssessSatisfaction, closed_at: datetime) -> Satisfied:
    """Stage 6a: wishes are noted and the consultation goes into the journal."""
    for field in ("causes", "further_needs", "agreed_follow_up_at"):
        if getattr(said, field):
            raise Refused(
                "causes_without_dissatisfaction",
                f"a satisfied consumer has no {field}; leave it out, or send satisfied=false",
                field,
            )
    consultation = state.latest
    return Satisfied(
        consumer_id=consultation.consumer_id,
        case_id=said.case_id,
        consultation_id=consultation.consultation_id,
        number=consultation.number,
        channel=consultation.channel,
        office=consultation.office,
        topic=consultation.topic,
        form=consultation.form,
        path=consultation.path,
        consultant=consultation.consultant,
        manager=consultation.manager,
        held_at=consultation.held_at,
        closed_at=closed_at,
        consultations=state.consultations,
        minutes_spent=state.minutes_spent,
        cost=state.cost,
        wishes=said.wishes,
    )


def _dissatisfied(state: Feedback, said: AssessSatisfaction, closed_at: datetime) -> Dissatisfied:
    """Stage 6b: the causes and the further needs are found, and the next consultation may be agreed."""
    if not said.causes:
        raise Refused(
            "causes_missing", "find out why the consumer is dissatisfied and name at least one cause", "causes"
        )
    if said.wishes:
        raise Refused(
            "wishes_without_satisfaction", "put a dissatisfied consumer's wishes into further_needs", "wishes"
        )
    if said.agreed_follow_up_at is not None and said.agreed_follow_up_at <= closed_at:
        raise Refused(
            "follow_up_in_the_past",
            "the further consultation must be agreed for a time after the assessment",
            "agreed_follow_up_at",
        )
    consultation = state.latest
    return Dissatisfied(
        consumer_id=consultation.consumer_id,
        case_id=said.case_id,
        consultation_id=consultation.consultation_id,
        number=consultation.number,
        channel=consultation.channel,
        office=consultation.office,
        topic=consultation.topic,
        form=consultation.form,
        consultant=consultation.consultant,
        held_at=consultation.held_at,
        closed_at=closed_at,
        causes=said.causes,
        further_needs=said.further_needs,
        agreed_follow_up_at=said.agreed_follow_up_at,
    )


def evaluate_effectiveness(
    state: Feedback, verdict: EvaluateEffectiveness, given: Given[State]
) -> EffectivenessEvaluated:
    """Stage 8, after 6a and once: the resources of all consultations against satisfaction and degree solved."""
    if state.evaluated_at is not None:
        raise Refused("already_evaluated", "this case's effectiveness is evaluated; go on with stage 9", "case_id")
    if state.satisfied_at is None:
        raise Refused(
            "not_satisfied_yet",
            "effectiveness is evaluated once the consumer is satisfied; assess or follow up first",
            "case_id",
            later=True,
        )
    not_before(state.satisfied_at, given.occurred_at, "the consultation was closed")
    consultation = state.latest
    return EffectivenessEvaluated(
        consumer_id=consultation.consumer_id,
        case_id=verdict.case_id,
        consultation_id=consultation.consultation_id,
        channel=consultation.channel,
        office=consultation.office,
        topic=consultation.topic,
        form=consultation.form,
        consultant=consultation.consultant,
        evaluated_by=verdict.evaluated_by,
        effective=verdict.effective,
        degree_solved=verdict.degree_solved,
        consultations=state.consultations,
        minutes_spent=state.minutes_spent,
        cost=state.cost,
    )


def record_success_factors(state: Feedback, found: RecordSuccessFactors, given: Given[State]) -> SuccessFactorsRecorded:
    """Stage 9a: why an effective consultation went well, once."""
    _stage_9_is_due(state, given)
    if not state.effective:
        raise Refused("not_effective", "this case was not effective; send RecordImprovement instead", "case_id")
    return SuccessFactorsRecorded(consumer_id=state.latest.consumer_id, case_id=found.case_id, factors=found.factors)


def record_improvement(state: Feedback, found: RecordImprovement, given: Given[State]) -> ImprovementRecorded:
    """Stage 9b: why a consultation was not effective, and who does what about it until when, once."""
    _stage_9_is_due(state, given)
    if state.effective:
        raise Refused("effective", "this case was effective; send RecordSuccessFactors instead", "case_id")
    return ImprovementRecorded(
        consumer_id=state.latest.consumer_id, case_id=found.case_id, causes=found.causes, actions=found.actions
    )


def _stage_9_is_due(state: Feedback, given: Given[State]) -> None:
    if state.evaluated_at is None:
        raise Refused("not_evaluated", "evaluate effectiveness first (EvaluateEffectiveness)", "case_id", early=True)
    if state.stage_9_at is not None:
        raise Refused("already_recorded", "stage 9 of this case is recorded; stage 10 comes next", "case_id")
    not_before(state.evaluated_at, given.occurred_at, "effectiveness was evaluated")


def evaluate_impact(state: Feedback, found: EvaluateImpact, given: Given[State]) -> ImpactEvaluated:
    """Stage 10, after 9a or 9b and once: what became of the advice, a month or more after the last consultation."""
    if state.impact_known:
        raise Refused("already_evaluated", "this case's impact is evaluated; nothing is left to do", "case_id")
    if state.stage_9_at is None:
        raise Refused(
            "stage_9_missing",
            "record success factors or improvement first (stage 9), after effectiveness (stage 8)",
            "case_id",
            early=True,
        )
    consultation = state.latest
    earliest = months_after(consultation.held_at, IMPACT_AFTER_MONTHS)
    if given.occurred_at < earliest:
        raise Refused(
            "too_early",
            f"an impact shows a month after the consultation; evaluate it from {earliest.isoformat()} on",
            "time",
        )
    not_before(state.stage_9_at, given.occurred_at, "stage 9 was recorded")
    return ImpactEvaluated(
        consumer_id=consultation.consumer_id,
        case_id=found.case_id,
        consultation_id=consultation.consultation_id,
        channel=consultation.channel,
        office=consultation.office,
        topic=consultation.topic,
        form=consultation.form,
        consultant=consultation.consultant,
        evaluated_by=found.evaluated_by,
        advice_used=found.advice_used,
        changed=found.changed,
        solved=found.solved,
        note=found.note,
    )


# ── what then is known ───────────────────────────────────────────────────────────────────────────────────────


def evolve(state: State, event: Event, occurred_at: datetime) -> State:
    """The case's feedback after `event`."""
    match event, state:
        case AssessmentDue(), Unknown():
            return Feedback(latest=event, consultations=1, minutes_spent=event.minutes_spent, cost=event.cost)
        case AssessmentDue(), Feedback():
            return replace(
                state,
                latest=event,
                consultations=state.consultations + 1,
                minutes_spent=state.minutes_spent + event.minutes_spent,
                cost=state.cost + event.cost,
                assessed=False,
            )
        case Satisfied(), Feedback():
            return replace(state, assessed=True, satisfied_at=event.closed_at)
        case Dissatisfied(), Feedback():
            return replace(state, assessed=True)
        case EffectivenessEvaluated(), Feedback():
            return replace(state, evaluated_at=occurred_at, effective=event.effective)
        case ((SuccessFactorsRecorded() | ImprovementRecorded()), Feedback()):
            return replace(state, stage_9_at=occurred_at)
        case ImpactEvaluated(), Feedback():
            return replace(state, impact_known=True)
        case _:
            return state


def stream_of(message: Message, fresh_id: str) -> str:
    """One stream for all the feedback of a case."""
    return f"feedback-{getattr(message, 'case_id', None) or fresh_id}"


DECIDER: Decider[State] = Decider(
    context=Context.FEEDBACK,
    commands=feedback.COMMANDS,
    reacts_to=(ConsultHeld,),
    initial=Unknown,
    stream_of=stream_of,
    decide=decide,
    evolve=evolve,
)
