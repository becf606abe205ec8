"""The clocks of what happened in a world, as `tereze case` reckons them."""

from __future__ import annotations

from collections import Counter

import orjson

from services.insight.case_log import Told, clocks_of
from services.insight.queries import AsOf
from services.insight.timeline import Deadline, deadlines
from services.insight.views.sla import projection
from shared.centre import centre

from .case_world import World
from .obligations import ASSESSMENT, CONSULTATION, COSTS, DETAILS, EFFECTIVENESS, IMPACT, ISSUES, PLAN, STAGE_9, owed

SLA = projection(centre("Asia/Almaty"))
CONTACT, TASK, SURVEY = "contact", "task", "survey"
OWED = {
    **dict.fromkeys(("details_visit", "details_email"), DETAILS),
    **dict.fromkeys(("plan_visit", "plan_remote", "plan_required"), PLAN),
    "costs_agreement": COSTS,
    **dict.fromkeys(("consult_remote", "begin_at_once", "begin_planned", "begin_costed", "follow_up"), CONSULTATION),
    "satisfaction": ASSESSMENT,
    "effectiveness": EFFECTIVENESS,
    **dict.fromkeys(("success_factors", "improvement"), STAGE_9),
    "impact": IMPACT,
    "impact_again": SURVEY,
    "contact": CONTACT,
    "preparation": TASK,
    "topical_issues": ISSUES,
}
"""Which of a case's obligations each indicator times."""
_BY_ID = {"-c": CONTACT, "-t": TASK, "-impact-": SURVEY, ISSUES: ISSUES}


def clocks(world: World) -> list[Deadline]:
    """All clocks, in the order of their beginning."""
    log = [
        Told(position, "", one.event.type_name(), orjson.loads(one.event.model_dump_json()), one.at, one.at, "")
        for position, one in enumerate(world.log, start=1)
    ]
    return deadlines(clocks_of(SLA, log, AsOf(world.now)), world.now)


def timed(world: World) -> Counter[tuple[str, str | None]]:
    """What the running clocks say is owed, and by whom."""
    return Counter((OWED[one.indicator], one.owner) for one in clocks(world) if one.runs and one.indicator in OWED)


def obliged(world: World) -> Counter[tuple[str, str | None]]:
    """The same, read from the stage table."""
    kinds = ((_kind(what), one.owner) for what, one in owed(world.log).items())
    return Counter[tuple[str, str | None]](kinds)


def _kind(what: str) -> str:
    return next((kind for mark, kind in _BY_ID.items() if mark in what), what)
