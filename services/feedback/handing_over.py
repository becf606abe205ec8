"""What is still to come of a case's stages 5 to 10 changes hands: an impact shows after months, and people leave."""

from __future__ import annotations

from services.feedback.case import Feedback
from shared.contracts.feedback import FeedbackHandedOver, HandOverFeedback
from shared.decider import Refused


def hand_over(case: Feedback, passed: HandOverFeedback) -> FeedbackHandedOver:
    """To another consultant what is owed of the consultations held, to another manager all that follows."""
    if passed.consultant is None and passed.manager is None:
        raise Refused("nobody_named", "name the new consultant, the new manager, or both", "manager")
    if passed.consultant == case.consultant:
        raise Refused("same_person", f"it is {case.consultant}'s already; name somebody else", "consultant")
    if passed.manager == case.manager:
        raise Refused("same_person", f"it is {case.manager}'s already; name somebody else", "manager")
    if passed.consultant is not None and case.follow_up_owed:
        raise Refused(
            "follow_up_owed",
            "a further consultation follows this dissatisfaction; HandOverConsultation passes it on with all else that "
            "its consultant owes",
            "consultant",
        )
    # Which topical issues are still owed only consult knows, so a consultant may change whatever has ended here.
    if passed.consultant is None and case.surveyed and case.next_survey is None:
        raise Refused(
            "nothing_owed",
            "this case's impact is evaluated and its manager owes nothing; to ask once more, extend it (ExtendImpact); "
            "where topical issues are still owed, name the new consultant",
            "case_id",
        )
    latest = case.latest
    return FeedbackHandedOver(
        consumer_id=latest.consumer_id,
        case_id=latest.case_id,
        consultation_id=latest.consultation_id,
        survey_id=case.next_survey.survey_id if case.next_survey else None,
        issues_of=[*case.held] if passed.consultant else None,
        office=latest.office,
        topic=latest.topic,
        channel=latest.channel,
        consultant=passed.consultant,
        previous_consultant=case.consultant if passed.consultant else None,
        manager=passed.manager,
        previous_manager=case.manager if passed.manager else None,
        reason=passed.reason,
    )
