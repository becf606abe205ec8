"""When it goes otherwise: a new time, waiting for the consumer, no-show, cancellation, hand-over (§2)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from services.consult.plans import BEGINS_WITHIN, form_fits
from services.consult.preparation import end_tasks, move_tasks, not_too_costly, pass_tasks, set_tasks
from services.consult.state import Consultation, Next, State
from services.consult.turns import agreed_time, something_is_coming
from shared.contracts.base import Event
from shared.contracts.consult import (
    AwaitConsumer,
    CancelConsultation,
    CaseEnded,
    ConsultationCancelled,
    ConsultationHandedOver,
    ConsultationRescheduled,
    ConsultationResumed,
    ContactDue,
    HandOverConsultation,
    NoShowRecorded,
    PlanProposed,
    RecordNoShow,
    RescheduleConsultation,
    ResumeConsultation,
)
from shared.contracts.values import CancelGround, ContactGround, Party, Path, Role, TaskEnd
from shared.decider import Given, Refused
from shared.rules import not_before

NEW_TIME_WITHIN = timedelta(days=2)
"""How soon a new time is agreed after one has fallen through: as long as stage 3b-b has for the first one."""
CONTACT_WITHIN = timedelta(days=3)
"""How soon the consultant gets in touch with a consumer who is waited for, unless agreed otherwise."""
REMOTE_ENDS_WITHIN = timedelta(hours=2)
"""How long a consultation may take (stage 4): 3b-a is timed to its end."""
NO_SHOWS = 2
"""Who did not come so often may be taken for absent at once."""

AWAITED_FOR = frozenset({ContactGround.ASKED_TO_WAIT, ContactGround.FURTHER_INFORMATION, ContactGround.UNREACHABLE})
NEEDS_APPROVAL = frozenset({CancelGround.DUPLICATE_REQUEST, CancelGround.OUT_OF_REMIT})


def reschedule(state: Consultation, changed: RescheduleConsultation, given: Given[State]) -> Sequence[Event]:
    """A new time is agreed. The clock moves there where the centre is not at fault; the open tasks move with it."""
    something_is_coming(state, given)
    _not_at_once(state)
    if state.next not in (Next.CONSULTATION, Next.NEW_TIME):
        raise Refused("not_planned", "there is no time to change yet; agree the plan (PlanConsultation)", "case_id")
    if changed.planned_at < given.occurred_at:
        raise Refused(
            "planned_in_the_past", f"{changed.planned_at.isoformat()} is over; agree a later time", "planned_at"
        )
    if changed.form is not None and state.held == 0:
        form_fits(state.path, changed.form)
    asked = changed.by is Party.CONSUMER if state.contact is None else state.contact.paused
    moved = ConsultationRescheduled(
        consumer_id=state.consumer_id,
        case_id=changed.case_id,
        consultation_id=state.coming(changed.case_id),
        number=state.number,
        by=changed.by,
        reason=changed.reason,
        previous_at=state.agreed_at,
        planned_at=changed.planned_at,
        due_at=_due_at(state, changed.planned_at) if asked and not state.centre_at_fault else None,
        form=changed.form,
        place=changed.place,
        contact_id=state.contact.id if state.contact else None,
    )
    return [
        moved,
        *move_tasks(state, changed.case_id, changed.planned_at, given.occurred_at),
        *set_tasks(state, changed.case_id, changed.preparation, given, agreed_at=changed.planned_at),
    ]


def _due_at(state: Consultation, planned_at: datetime) -> datetime:
    if state.held:
        return planned_at
    return planned_at + (REMOTE_ENDS_WITHIN if state.path is Path.REMOTE else BEGINS_WITHIN)


def await_consumer(state: Consultation, found: AwaitConsumer, given: Given[State]) -> Sequence[Event]:
    """The case waits for the consumer; who gets in touch with them, and until when, stays an obligation."""
    something_is_coming(state, given)
    _not_at_once(state)
    if state.next is Next.COSTS:
        raise Refused("plan_proposed", "the case waits for its manager; send DecidePlanCosts first", "case_id")
    if found.ground not in AWAITED_FOR:
        raise Refused(
            "ground_not_for_waiting",
            f"{found.ground} is recorded by RecordNoShow or CancelConsultation; wait on one of "
            f"{', '.join(sorted(AWAITED_FOR))}",
            "ground",
        )
    contact_by = found.contact_by or given.occurred_at + CONTACT_WITHIN
    if contact_by <= given.occurred_at:
        raise Refused("contact_in_the_past", "agree to get in touch at a later time", "contact_by")
    off = end_tasks(state, found.case_id, TaskEnd.CALLED_OFF) if state.agreed_at else ()
    return [*off, _contact_due(state, found.case_id, found.ground, contact_by)]


def resume(state: Consultation, back: ResumeConsultation, given: Given[State]) -> ConsultationResumed:
    """The consumer is back; where a time had been agreed, a new one must be."""
    something_is_coming(state, given)
    if state.contact is None:
        raise Refused("not_awaited", "the case does not wait for the consumer; go on with it", "case_id", early=True)
    if state.next is Next.NEW_TIME:
        raise Refused("no_time_agreed", "agree the new time at once (RescheduleConsultation)", "case_id")
    return ConsultationResumed(
        consumer_id=state.consumer_id,
        case_id=back.case_id,
        contact_id=state.contact.id,
        consultation_id=state.coming(back.case_id),
        number=state.number,
    )


def record_no_show(state: Consultation, absent: RecordNoShow, given: Given[State]) -> Sequence[Event]:
    """The consumer did not come to the agreed time: the clock waits, and a new time is to be agreed."""
    something_is_coming(state, given)
    planned_at = agreed_time(state)
    if given.occurred_at < planned_at:
        raise Refused("too_early", f"the consumer is expected at {planned_at.isoformat()}; wait until then", "time")
    not_too_costly(state, absent.cost)
    return [
        NoShowRecorded(
            **state.about(absent.case_id),
            consultation_id=state.coming(absent.case_id),
            number=state.number,
            consultant=state.consultant,
            planned_at=planned_at,
            times=state.no_shows + 1,
            minutes_spent=absent.minutes_spent,
            cost=absent.cost,
        ),
        *end_tasks(state, absent.case_id, TaskEnd.LAPSED),
        _contact_due(state, absent.case_id, ContactGround.NO_SHOW, given.occurred_at + NEW_TIME_WITHIN),
    ]


def cancel(state: Consultation, off: CancelConsultation, given: Given[State]) -> Sequence[Event]:
    """Called off. Where only the centre was unable, the consultation is still owed; else the case ends here."""
    something_is_coming(state, given)
    _may_be_cancelled(state, off, given)
    cancelled = ConsultationCancelled(
        **state.about(off.case_id),
        consultation_id=state.coming(off.case_id),
        number=state.number,
        consultant=state.consultant,
        by=Party.CONSUMER if off.ground is CancelGround.CONSUMER_WITHDREW else Party.CENTRE,
        ground=off.ground,
        reason=off.reason,
        approved_by=off.approved_by,
        planned_at=state.agreed_at,
    )
    if off.ground is CancelGround.CENTRE_UNABLE:
        due_at = given.occurred_at + NEW_TIME_WITHIN
        then = _contact_due(state, off.case_id, ContactGround.CENTRE_UNABLE, due_at)
    else:
        then = _case_ended(state, off)
    return [cancelled, *end_tasks(state, off.case_id, TaskEnd.CALLED_OFF), then]


def _may_be_cancelled(state: Consultation, off: CancelConsultation, given: Given[State]) -> None:
    if off.ground is CancelGround.CENTRE_UNABLE:
        agreed_time(state)
    elif off.ground is CancelGround.CONSUMER_ABSENT and not _is_absent(state, given.occurred_at):
        raise Refused(
            "not_absent_yet",
            f"a consumer is absent who did not come {NO_SHOWS} times, or whom the contact that was due did not bring "
            "back; record that first (RecordNoShow, AwaitConsumer)",
            "ground",
        )
    elif off.ground in NEEDS_APPROVAL and off.approved_by != state.manager:
        raise Refused(
            "approval_missing",
            f"only {state.manager} may end a case that the consumer did not withdraw; name them in approved_by",
            "approved_by",
        )


def _is_absent(state: Consultation, now: datetime) -> bool:
    contact = state.contact
    return contact is not None and contact.paused and (state.no_shows >= NO_SHOWS or now >= contact.due_at)


def _case_ended(state: Consultation, off: CancelConsultation) -> CaseEnded:
    proposed = _waiting_proposal(state)
    return CaseEnded(
        **state.about(off.case_id),
        consultation_id=state.coming(off.case_id),
        number=state.number,
        consultant=state.consultant,
        manager=state.manager,
        ground=off.ground,
        held=state.held,
        minutes_in_vain=state.minutes_before,
        cost_in_vain=state.cost_before,
        contact_id=state.contact.id if state.contact else None,
        proposal_id=proposed.proposal_id if proposed else None,
    )


def _waiting_proposal(state: Consultation) -> PlanProposed | None:
    return state.proposal if state.next is Next.COSTS else None


def hand_over(state: Consultation, passed: HandOverConsultation, given: Given[State]) -> Sequence[Event]:
    """To another consultant whatever is owed in this case, once it has ended the issues that it showed; to another
    manager, what the first one owes.
    """
    if state.next is Next.NOTHING and state.issues_owed and passed.manager is None:
        not_before(state.latest_at, given.occurred_at, "the latest step of this case")
    else:
        something_is_coming(state, given)
    _somebody_else(state, passed, given)
    consultant = passed.consultant or state.consultant
    proposed = _waiting_proposal(state)
    handed = ConsultationHandedOver(
        consumer_id=state.consumer_id,
        case_id=passed.case_id,
        consultation_id=state.coming(passed.case_id),
        number=state.number,
        previous_consultant=state.consultant,
        consultant=consultant,
        reason=passed.reason,
        contact_id=state.contact.id if state.contact else None,
        # Whoever held them: feedback may have passed them on meanwhile, and no other hand-over would reach them.
        issues_of=[*state.issues_owed] if passed.consultant else [],
        manager=passed.manager,
        previous_manager=state.manager if passed.manager else None,
        proposal_id=proposed.proposal_id if proposed else None,
    )
    return [handed, *(pass_tasks(state, passed.case_id, consultant) if passed.consultant else ())]


def _somebody_else(state: Consultation, passed: HandOverConsultation, given: Given[State]) -> None:
    if passed.consultant is None and passed.manager is None:
        raise Refused("nobody_named", "name the new consultant, the new manager, or both", "consultant")
    if passed.consultant == state.consultant:
        raise Refused("same_consultant", f"{state.consultant} has this case already; name another one", "consultant")
    if passed.manager == state.manager:
        raise Refused("same_manager", f"{state.manager} manages this case already; name another one", "manager")
    # Else whoever consults could choose who agrees the costs (§2, 3a-b).
    if passed.manager is not None and given.role is not Role.MANAGER:
        raise Refused("manager_decides", "only a manager hands a case to another manager; leave it to them", "manager")


def _contact_due(state: Consultation, case_id: str, ground: ContactGround, due_at: datetime) -> ContactDue:
    return ContactDue(
        **state.about(case_id),
        contact_id=f"{case_id}-c{state.contacts + 1}",
        consultation_id=state.coming(case_id),
        number=state.number,
        ground=ground,
        owner=state.consultant,
        due_at=due_at,
        paused=ground is not ContactGround.CENTRE_UNABLE,
        previous_contact_id=state.contact.id if state.contact else None,
    )


def _not_at_once(state: Consultation) -> None:
    if state.path is Path.AT_ONCE and state.held == 0:
        raise Refused(
            "held_at_once",
            "stage 3a-a is held at once; where that can't be, it goes over to a plan (RequirePlan), or is cancelled",
            "case_id",
        )
