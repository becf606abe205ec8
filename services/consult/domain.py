"""The rules of consult: how a consultation is prepared, held and followed up (DOMAIN.md §2 stages 3, 4, 7, 11)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto

from shared.contracts import consult
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
from shared.contracts.feedback import Dissatisfied
from shared.contracts.intake import DetailsCollected
from shared.contracts.values import Channel, Context, Form, Path
from shared.decider import Decider, Given, Refused
from shared.rules import not_before, not_in_the_future

FOLLOW_UP_WITHIN = timedelta(days=3)
"""Stage 7: the next consultation is due this long after the previous one, unless the consumer agreed otherwise."""

FORMS: dict[Path, frozenset[Form]] = {
    Path.AT_ONCE: frozenset({Form.PHONE, Form.OFFICE}),
    Path.REMOTE: frozenset({Form.OFFLINE, Form.ONLINE}),
    Path.PRESENT: frozenset({Form.OFFICE, Form.PREMISES}),
    Path.PREPARED: frozenset(Form),
}
"""The forms that the stage table allows a first consultation. A follow-up takes whatever form the question asks for."""


# ── what is known of a consultation ──────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Unknown:
    """No such case here yet."""


class Next(Enum):
    """What must happen next."""

    PLAN = auto()
    CONSULTATION = auto()
    ASSESSMENT = auto()


@dataclass(frozen=True, slots=True)
class Consultation:
    """A case in the hands of a consultant; `latest_at` is when the last step towards `next` was made."""

    consumer_id: str | None
    channel: Channel
    office: str
    topic: str | None
    path: Path
    consultant: str
    manager: str
    next: Next
    latest_at: datetime
    held: int = 0
    first_ended_at: datetime | None = None


State = Unknown | Consultation


# ── what may be done ─────────────────────────────────────────────────────────────────────────────────────────


def decide(state: State, message: Message, given: Given[State]) -> Sequence[Event]:
    """What happens when `message` arrives; see each rule below.

    Raises:
        Refused: `unknown_case` (tried again for a while: the details may be under way), and the rules' codes.
    """
    match message, state:
        case DetailsCollected(), Unknown():
            return [open_consultation(message)]
        case DetailsCollected(), Consultation():
            return []
        case Dissatisfied(), Consultation():
            return owe_follow_up(state, message)
        case PlanConsultation(), Consultation():
            not_in_the_future(given.occurred_at, given.now)
            return [plan(state, message, given)]
        case HoldConsultation(), Consultation():
            not_in_the_future(given.occurred_at, given.now)
            return [hold(state, message, given)]
        case RecordTopicalIssue(), Consultation():
            not_in_the_future(given.occurred_at, given.now)
            return [record_topical_issue(state, message, given)]
        case ((Dissatisfied() | PlanConsultation() | HoldConsultation() | RecordTopicalIssue()), Unknown()):
            raise Refused(
                "unknown_case",
                f"there is no consultation for case {message.case_id}; collect its details first (CollectDetails)",
                "case_id",
                later=True,
            )
        case _:
            raise Refused("unknown_type", f"consult has no rule for {message.type_name()}; see `tereze contract`")


def path_of(details: DetailsCollected) -> Path:
    """Stage 3's branch: by 2a or 2b, then by preparation and time, or by the consumer's presence."""
    if details.stage == "2a":
        at_once = details.consultant_has_time and not details.preparation_needed
        return Path.AT_ONCE if at_once else Path.PREPARED
    return Path.PRESENT if details.presence_required else Path.REMOTE


def needs_plan(path: Path) -> bool:
    """3a-b and 3b-b rest on a plan-assignment; 3a-a and 3b-a are held at once."""
    return path in (Path.PREPARED, Path.PRESENT)


def open_consultation(details: DetailsCollected) -> ConsultationOpened:
    """Stage 2 is done: the request takes its branch of stage 3."""
    return ConsultationOpened(
        consumer_id=details.consumer_id,
        case_id=details.case_id,
        channel=details.channel,
        office=details.office,
        topic=details.topic,
        path=path_of(details),
        consultant=details.consultant,
        manager=details.manager,
    )


def plan(state: Consultation, agreed: PlanConsultation, given: Given[State]) -> ConsultationPlanned:
    """Stages 3a-b and 3b-b: time, place and form are agreed with the consumer, costs with the manager."""
    if not needs_plan(state.path) or state.held:
        raise Refused("plan_not_needed", "this consultation is held without a plan; send HoldConsultation", "case_id")
    if state.next is not Next.PLAN:
        raise Refused("already_planned", "the plan-assignment stands; hold the consultation by it", "case_id")
    if agreed.material_costs > 0 and agreed.agreed_by_manager is None:
        raise Refused(
            "costs_not_agreed",
            "agree the material costs with the manager first, then name them in agreed_by_manager",
            "agreed_by_manager",
        )
    _form_fits(state.path, agreed.form)
    not_before(state.latest_at, given.occurred_at, "the details were collected")
    if agreed.planned_at < given.occurred_at:
        raise Refused(
            "planned_in_the_past",
            f"{agreed.planned_at.isoformat()} is before the time of planning; plan a later time",
            "planned_at",
        )
    return ConsultationPlanned(
        consumer_id=state.consumer_id,
        case_id=agreed.case_id,
        planned_at=agreed.planned_at,
        place=agreed.place,
        form=agreed.form,
        expected_result=agreed.expected_result,
        further_information=agreed.further_information,
        material_costs=agreed.material_costs,
        agreed_by_manager=agreed.agreed_by_manager,
    )


def hold(state: Consultation, done: HoldConsultation, given: Given[State]) -> ConsultHeld:
    """Stages 3a-a, 3b-a, 4 and 7: a consultation was held; its assessment comes before any further one."""
    if state.next is Next.PLAN:
        raise Refused("not_planned", "agree a plan-assignment first (PlanConsultation)", "case_id", early=True)
    if state.next is Next.ASSESSMENT:
        raise Refused(
            "not_assessed",
            f"consultation {state.held} must be assessed first (AssessSatisfaction); "
            "a further one is held only where the consumer is dissatisfied",
            "case_id",
            later=True,
        )
    if state.held == 0:
        _form_fits(state.path, done.form)
    if done.started_at > given.occurred_at:
        raise Refused(
            "ends_before_start", "the message's time is the consultation's end; correct it or started_at", "started_at"
        )
    not_before(state.latest_at, done.started_at, _last_step(state), "started_at")
    number = state.held + 1
    return ConsultHeld(
        consumer_id=state.consumer_id,
        case_id=done.case_id,
        consultation_id=f"{done.case_id}-{number}",
        number=number,
        channel=state.channel,
        office=state.office,
        topic=state.topic,
        path=state.path,
        form=done.form,
        consultant=done.consultant or state.consultant,
        manager=state.manager,
        started_at=done.started_at,
        ended_at=given.occurred_at,
        minutes_spent=done.minutes_spent,
        cost=done.cost,
        people=done.people,
    )


def owe_follow_up(state: Consultation, dissatisfied: Dissatisfied) -> Sequence[FollowUpDue]:
    """Stage 7: a dissatisfied consumer is owed a further consultation, by its consultant, with a due date.

    Told of the same dissatisfaction twice, nothing more is owed.
    """
    if dissatisfied.number > state.held:
        raise Refused(
            "unknown_consultation",
            f"consultation {dissatisfied.number} of case {dissatisfied.case_id} is not known here yet; resend it later",
            "number",
            later=True,
        )
    if dissatisfied.number < state.held or state.next is not Next.ASSESSMENT:
        return []
    number = dissatisfied.number + 1
    agreed_at = dissatisfied.agreed_follow_up_at
    return [
        FollowUpDue(
            consumer_id=state.consumer_id,
            case_id=dissatisfied.case_id,
            consultation_id=f"{dissatisfied.case_id}-{number}",
            number=number,
            channel=state.channel,
            office=state.office,
            topic=state.topic,
            owner=dissatisfied.consultant,
            due_at=agreed_at or dissatisfied.held_at + FOLLOW_UP_WITHIN,
            agreed=agreed_at is not None,
        )
    ]


def record_topical_issue(state: Consultation, found: RecordTopicalIssue, given: Given[State]) -> TopicalIssueRecorded:
    """Stage 11: what a consultation showed to be topical; so one must have been held."""
    if state.first_ended_at is None:
        raise Refused("not_held", "no consultation of this case was held yet; hold it first", "case_id", early=True)
    not_before(state.first_ended_at, given.occurred_at, "the consultation ended")
    return TopicalIssueRecorded(
        consumer_id=state.consumer_id,
        case_id=found.case_id,
        issue=found.issue,
        target_group=found.target_group,
        organisation_need=found.organisation_need,
    )


def _form_fits(path: Path, form: Form) -> None:
    if form not in FORMS[path]:
        allowed = ", ".join(sorted(FORMS[path]))
        raise Refused("form_not_for_path", f"stage {path} is held as {allowed}, not {form}; correct the form", "form")


def _last_step(state: Consultation) -> str:
    if state.held:
        return f"consultation {state.held} was assessed"
    return "the plan was agreed" if needs_plan(state.path) else "the details were collected"


# ── what then is known ───────────────────────────────────────────────────────────────────────────────────────


def evolve(state: State, event: Event, occurred_at: datetime) -> State:
    """The consultation after `event`."""
    match event, state:
        case ConsultationOpened(), _:
            return Consultation(
                consumer_id=event.consumer_id,
                channel=event.channel,
                office=event.office,
                topic=event.topic,
                path=event.path,
                consultant=event.consultant,
                manager=event.manager,
                next=Next.PLAN if needs_plan(event.path) else Next.CONSULTATION,
                latest_at=occurred_at,
            )
        case ConsultationPlanned(), Consultation():
            return replace(state, next=Next.CONSULTATION, latest_at=occurred_at)
        case ConsultHeld(), Consultation():
            return replace(
                state,
                next=Next.ASSESSMENT,
                held=event.number,
                latest_at=event.ended_at,
                first_ended_at=state.first_ended_at or event.ended_at,
            )
        case FollowUpDue(), Consultation():
            # Stage 5 begins in the consultation's last minutes, so the dissatisfaction may be noted before its end.
            return replace(
                state,
                next=Next.CONSULTATION,
                consultant=event.owner,
                latest_at=max(state.latest_at, occurred_at),
            )
        case _:
            return state


def stream_of(message: Message, fresh_id: str) -> str:
    """One stream for all the consultations of a case."""
    return f"consultation-{getattr(message, 'case_id', None) or fresh_id}"


DECIDER: Decider[State] = Decider(
    context=Context.CONSULT,
    commands=consult.COMMANDS,
    reacts_to=(DetailsCollected, Dissatisfied),
    opens=frozenset({DetailsCollected}),
    initial=Unknown,
    stream_of=stream_of,
    decide=decide,
    evolve=evolve,
)
