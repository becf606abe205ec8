"""Who may submit what: one row per command, the roles in DOMAIN.md's columns "who" (§2) and its text (§4, §5, §6).

The first of a row is who usually does it. Two rules run through all rows: the manager may also consult, and where
there is no information officer the consultant does that work (§1). What has no row, nobody may submit.
"""

from __future__ import annotations

from collections.abc import Mapping

from shared.contracts.values import Role
from shared.decider import Refused

Rows = Mapping[str, tuple[Role, ...]]

_CONSULTING = (Role.CONSULTANT, Role.MANAGER)
_FRONT_DESK = (Role.INFORMATION_OFFICER, *_CONSULTING)
_REMOTE_SERVICE = (Role.OPERATOR, Role.SPECIALIST, Role.MANAGER)
_ANSWERING = (*_REMOTE_SERVICE, Role.CONSULTANT)
"""Who may work on a letter: remote service (§4), and a consultant, to whom the routing may give it (§2 stage 1)."""
_HANDLING = (Role.MANAGER, Role.CONSULTANT, Role.SPECIALIST)
"""Who may handle a complaint; whom it is about never does."""

_INTAKE: Rows = {
    "ReceiveRequest": (Role.CHANNEL, *_FRONT_DESK, Role.OPERATOR),
    "CollectDetails": _FRONT_DESK,
    "HandOverCase": (*_CONSULTING, Role.INFORMATION_OFFICER, Role.OPERATOR, Role.SPECIALIST),
    "EndRequest": (*_FRONT_DESK, Role.OPERATOR),
    "ReceiveWrittenRequest": (Role.CHANNEL, *_FRONT_DESK, Role.OPERATOR, Role.COUNTER_WORKER),
    "RegisterWrittenRequest": (Role.OPERATOR, *_FRONT_DESK),
    "CheckCompleteness": _ANSWERING,
    # Of a letter (§4) and of stage 2b, which is the information officer's or the consultant's.
    "AskClarification": (*_ANSWERING, Role.INFORMATION_OFFICER),
    "ReceiveClarification": (Role.OPERATOR, Role.CHANNEL, Role.SPECIALIST, *_FRONT_DESK),
    "EndClarification": (*_ANSWERING, Role.INFORMATION_OFFICER),
    "ForwardWrittenRequest": (Role.OPERATOR, *_CONSULTING),
    "ForwardMisdirected": (Role.OPERATOR, *_FRONT_DESK),
    "ExtendAnswer": (Role.MANAGER,),
    "NotifyOfExtension": _ANSWERING,
    "AnswerWrittenRequest": _ANSWERING,
    "DeclineWrittenRequest": _ANSWERING,
    "RegisterConsumer": (*_FRONT_DESK, Role.OPERATOR, Role.COUNTER_WORKER),
    "VerifyConsumer": (*_FRONT_DESK, Role.OPERATOR, Role.COUNTER_WORKER),
    "MergeConsumers": (Role.MANAGER, Role.INFORMATION_OFFICER, Role.CONSULTANT),
    "ForgetConsumer": (Role.MANAGER,),
    # The telephone system rings and hangs up by itself; what is said and done, people note.
    "ReceiveCall": (Role.CHANNEL, Role.OPERATOR),
    "AnswerCall": (Role.OPERATOR, Role.CHANNEL),
    "FindCallerData": (Role.OPERATOR,),
    "AskSpecialist": (Role.OPERATOR,),
    "ConnectSpecialist": (Role.OPERATOR, Role.SPECIALIST),
    "GiveInformation": (Role.OPERATOR, Role.SPECIALIST),
    "EndCall": (Role.OPERATOR, Role.CHANNEL, Role.SPECIALIST),
    "FinishAfterCall": (Role.OPERATOR,),
    "PromiseCallBack": (Role.OPERATOR, *_FRONT_DESK),
    "TryCallBack": (*_CONSULTING, Role.OPERATOR, Role.SPECIALIST, Role.INFORMATION_OFFICER),
    "HandOverCallBack": (*_CONSULTING, Role.OPERATOR, Role.SPECIALIST, Role.INFORMATION_OFFICER),
    "CloseCallBack": (*_CONSULTING, Role.OPERATOR, Role.SPECIALIST, Role.INFORMATION_OFFICER),
    "PublishScript": (Role.MANAGER,),
    "OpenAgenda": _CONSULTING,
    "BookAppointment": (Role.OPERATOR, Role.CHANNEL, *_FRONT_DESK),
    "RescheduleAppointment": (Role.OPERATOR, Role.CHANNEL, *_FRONT_DESK),
    "CancelAppointment": (Role.OPERATOR, Role.CHANNEL, *_FRONT_DESK),
    "BeginAppointment": _FRONT_DESK,
    "RecordMissedAppointment": _FRONT_DESK,
    "SetRouting": (Role.MANAGER,),
}

_CONSULT: Rows = {
    "PlanConsultation": _CONSULTING,
    "DecidePlanCosts": (Role.MANAGER,),
    "RequirePlan": _CONSULTING,
    "AddPreparationTask": _CONSULTING,
    "CompletePreparation": _FRONT_DESK,
    "HoldConsultation": _CONSULTING,
    "RescheduleConsultation": _FRONT_DESK,
    "AwaitConsumer": _CONSULTING,
    "ResumeConsultation": _CONSULTING,
    "RecordNoShow": _FRONT_DESK,
    "CancelConsultation": _CONSULTING,
    "HandOverConsultation": (Role.MANAGER, Role.CONSULTANT),
    "RecordTopicalIssue": (Role.CONSULTANT, Role.INFORMATION_OFFICER, Role.MANAGER),
    "RecordNoTopicalIssue": (Role.CONSULTANT, Role.INFORMATION_OFFICER, Role.MANAGER),
}

_FEEDBACK: Rows = {
    "AssessSatisfaction": _CONSULTING,
    "RecordNotAssessed": _CONSULTING,
    "EvaluateEffectiveness": (Role.MANAGER, Role.CONSULTANT),
    "RecordSuccessFactors": (Role.MANAGER,),
    "RecordImprovement": (Role.MANAGER,),
    "EvaluateImpact": (Role.MANAGER, Role.CONSULTANT),
    "ExtendImpact": (Role.MANAGER,),
    "RecordUnreached": (Role.MANAGER, Role.CONSULTANT),
    "HandOverFeedback": (Role.MANAGER,),
    # Whoever is turned to takes a complaint in, and may say how it stands (§5).
    "ReceiveComplaint": (Role.CHANNEL, *_FRONT_DESK, *_REMOTE_SERVICE[:2], Role.COUNTER_WORKER),
    "TellComplaintStatus": (*_FRONT_DESK, *_REMOTE_SERVICE[:2], Role.COUNTER_WORKER),
    "WithdrawComplaint": (Role.CHANNEL, *_FRONT_DESK, *_REMOTE_SERVICE[:2], Role.COUNTER_WORKER),
    "RecordComplainantsAnswer": (Role.CHANNEL, *_FRONT_DESK, *_REMOTE_SERVICE[:2]),
    "RecordComplainantsReply": (Role.CHANNEL, *_FRONT_DESK, *_REMOTE_SERVICE[:2]),
    "AssessComplaintHandling": (Role.CHANNEL, *_FRONT_DESK, *_REMOTE_SERVICE[:2]),
    "RecordComplainantUnreached": (*_FRONT_DESK, *_REMOTE_SERVICE[:2]),
    "AssessComplaint": _HANDLING,
    "TakeImmediateAction": _HANDLING,
    "AskComplainant": _HANDLING,
    "InvestigateComplaint": _HANDLING,
    "CommunicateDecision": _HANDLING,
    "CarryOutRemedy": _HANDLING,
    "CloseComplaint": _HANDLING,
    "ForwardComplaint": _HANDLING,
    "AssignComplaint": (Role.MANAGER,),
    "DecideComplaint": (Role.MANAGER,),
    "ExtendComplaint": (Role.MANAGER,),
    "EscalateComplaint": _HANDLING,
    "RecordRecourseOutcome": _HANDLING,
    "AddCause": (Role.MANAGER,),
    "RetireCause": (Role.MANAGER,),
    "OrderAction": (Role.MANAGER,),
    "MoveAction": (Role.MANAGER,),
    "DropAction": (Role.MANAGER,),
    # An action's owner may be anybody at the centre.
    "CompleteAction": (*_FRONT_DESK, *_REMOTE_SERVICE[:2], Role.COUNTER_WORKER),
    "VerifyAction": (Role.MANAGER, Role.CONSULTANT, Role.SPECIALIST),
    "RecordInspection": (Role.MANAGER,),
}

_SUBSCRIPTIONS: Rows = {
    "PublishCatalogueEntry": (Role.MANAGER,),
    "SetDeliveryTariff": (Role.MANAGER,),
    "AnnounceCampaign": (Role.MANAGER,),
    "SetCutOffs": (Role.MANAGER,),
    "AcceptSubscription": (Role.COUNTER_WORKER,),
    "AcceptOrder": (Role.COUNTER_WORKER,),
    "OpenDay": (Role.COUNTER_WORKER,),
    # The manager's taking back of a form may open a day, which is then the manager's to certify.
    "CountDay": (Role.COUNTER_WORKER, Role.MANAGER),
    "CertifyDay": (Role.COUNTER_WORKER, Role.MANAGER),
    "AnnulSubscription": (Role.COUNTER_WORKER,),
    "RedirectSubscription": (Role.COUNTER_WORKER,),
    "ReverseSubscription": (Role.COUNTER_WORKER, Role.MANAGER),
}

MAY: Rows = {**_INTAKE, **_CONSULT, **_FEEDBACK, **_SUBSCRIPTIONS}
"""Command type → the roles that may submit it."""


def usual(type_name: str) -> Role:
    """Who usually submits a command of this type."""
    return MAY[type_name][0]


def check(type_name: str, role: Role) -> None:
    """Refuse a submission by a role that the table does not give it to.

    Raises:
        Refused: code `role_may_not`.
    """
    allowed = MAY.get(type_name, ())
    if role not in allowed:
        who = ", ".join(allowed) or "nobody"
        raise Refused(
            "role_may_not",
            f"{type_name} is not for {role} to submit, but for: {who}; have it submitted by one of these, "
            "who states the role in this header (absent, it means channel)",
            "ce-role",
        )


def actor_of(source: str, role: Role) -> str:
    """What the log keeps of who submitted: the source, which holds no blank, and the role."""
    return f"{source} {role}"


def source_and_role(actor: str) -> tuple[str, str | None]:
    """An event's actor, taken apart. No role: a service reacted, or it was submitted before roles were stated."""
    source, _, role = actor.partition(" ")
    return source, role or None
