"""Quality inspections: an employee at work, by a checklist, scored in percent (DOMAIN.md §5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from services.feedback.days import end_of
from shared.centre import Checklists
from shared.contracts.base import Event
from shared.contracts.quality import ActionDue, ActionOrigin, InspectionRecorded, Mark, Marked, RecordInspection
from shared.decider import Given, Refused

_HALVES = {Mark.MET: 2, Mark.PARTLY: 1, Mark.NOT_MET: 0}


@dataclass(frozen=True, slots=True)
class Inspection:
    """An inspection that was recorded."""


def record(inspection: RecordInspection, given: Given[Any], zone: tzinfo, checklists: Checklists) -> Sequence[Event]:
    """Every point of the checklist is marked once, by somebody other than the inspected; actions may follow."""
    points = checklists.get(inspection.checklist)
    if points is None:
        raise Refused(
            "unknown_checklist",
            f"there is no checklist {inspection.checklist}; take one of: {', '.join(sorted(checklists))}",
            "checklist",
        )
    if inspection.inspector == inspection.employee:
        raise Refused("own_work", "nobody inspects their own work; name somebody else", "inspector")
    _each_point_once(points, inspection.marks)
    inspection_id = inspection.inspection_id or given.fresh_id
    for step in inspection.actions:
        end_of(step.due, given.occurred_at, zone, "actions")
        if step.owner == inspection.inspector:
            raise Refused("own_work", "the inspector checks the actions later; name another owner", "actions")
    recorded = InspectionRecorded(
        case_id=inspection_id,
        checklist=inspection.checklist,
        employee=inspection.employee,
        facility=inspection.facility,
        inspector=inspection.inspector,
        channel=inspection.channel,
        marks=inspection.marks,
        score=score(points, inspection.marks),
    )
    owed = [
        ActionDue(
            case_id=inspection_id,
            action_id=f"{inspection_id}-a{number}",
            origin=ActionOrigin.INSPECTION,
            action=step.action,
            department=step.department,
            owner=step.owner,
            due=step.due,
            causes=[],
            verifier=inspection.inspector,
            office=inspection.facility,
            topic=None,
            channel=inspection.channel,
        )
        for number, step in enumerate(inspection.actions, start=1)
    ]
    return [recorded, *owed]


def score(points: Mapping[str, int], marks: Sequence[Marked]) -> int:
    """Percent of the weight that applies; what is partly met counts half.

    Raises:
        Refused: `nothing_applies`.
    """
    applying = [(points[one.point], _HALVES[one.mark]) for one in marks if one.mark is not Mark.NOT_APPLICABLE]
    reachable = sum(weight * 2 for weight, _ in applying)
    if reachable == 0:
        raise Refused("nothing_applies", "mark at least one point as met, partly met or not met", "marks")
    return round(100 * sum(weight * halves for weight, halves in applying) / reachable)


def _each_point_once(points: Mapping[str, int], marks: Sequence[Marked]) -> None:
    marked = Counter(one.point for one in marks)
    for point in marked:
        if point not in points:
            raise Refused(
                "unknown_point", f"{point} is not on this checklist; its points are: {', '.join(points)}", "marks"
            )
    twice = [point for point, count in marked.items() if count > 1]
    missing = [point for point in points if point not in marked]
    if twice or missing:
        raise Refused(
            "checklist_incomplete",
            f"mark every point once (not_applicable where it does not apply); missing: {', '.join(missing) or 'none'}; "
            f"more than once: {', '.join(twice) or 'none'}",
            "marks",
        )
