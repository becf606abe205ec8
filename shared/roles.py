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

_INTAKE: Rows = {
    "ReceiveRequest": (Role.CHANNEL, *_FRONT_DESK, Role.OPERATOR),
    "CollectDetails": _FRONT_DESK,
    "ReceiveWrittenRequest": (Role.CHANNEL, *_FRONT_DESK, Role.OPERATOR, Role.COUNTER_WORKER),
    "RegisterWrittenRequest": (Role.OPERATOR, *_FRONT_DESK),
    "AnswerWrittenRequest": _REMOTE_SERVICE,
    "DeclineWrittenRequest": _REMOTE_SERVICE,
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
}

_FEEDBACK: Rows = {
    "AssessSatisfaction": _CONSULTING,
    "EvaluateEffectiveness": (Role.MANAGER, Role.CONSULTANT),
    "RecordSuccessFactors": (Role.MANAGER,),
    "RecordImprovement": (Role.MANAGER,),
    "EvaluateImpact": (Role.MANAGER, Role.CONSULTANT),
}

_SUBSCRIPTIONS: Rows = {
    "PublishCatalogueEntry": (Role.MANAGER,),
    "AcceptSubscription": (Role.COUNTER_WORKER,),
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
