"""Whose a case is: who answers for it from the first moment on, and who manages it (DOMAIN.md §2 stages 1, 3a-b, 8)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.insight.judge import Verdict
from services.intake.domain import DECIDER
from shared.contracts.consult import (
    ConsultationPlanned,
    DecidePlanCosts,
    HandOverConsultation,
    PlanConsultation,
    PlanCostsAgreed,
)
from shared.contracts.intake import (
    CaseAssigned,
    CollectDetails,
    Consumer,
    DetailsCollected,
    EndRequest,
    HandOverCase,
    ReceiveRequest,
    RequestEnded,
    RequestReceived,
    Route,
    RoutingSet,
    SetRouting,
)
from shared.contracts.values import CancelGround, Channel, Form, Language, Role
from shared.decider import Refused

from .case_clocks import clocks
from .case_world import World
from .given_when_then import NINE, given, refused

TABLE = SetRouting(
    office="central",
    manager="m-1",
    routes=[Route(topic="pension", languages=[Language.KK], people=["k-1", "k-2"])],
)
SET = RoutingSet(office="central", manager="m-1", routes=TABLE.routes)
AT_ONCE = CollectDetails(
    case_id="A1",
    expected_result="a form",
    form=Form.OFFICE,
    preparation_needed=False,
    consultant_has_time=True,
    presence_required=False,
    consultant="k-9",
)

COSTLY = PlanConsultation(
    case_id="A1",
    planned_at=NINE + timedelta(days=1),
    place="room 4",
    form=Form.OFFICE,
    expected_result="a form",
    material_costs=500,
)


def ask(case_id: str, channel: Channel = Channel.WALK_IN) -> ReceiveRequest:
    return ReceiveRequest(
        case_id=case_id,
        channel=channel,
        language=Language.KK,
        office="central",
        topic="pension",
        question="?",
        consumer=Consumer(name="Асель", phone="+7 700 000 00 01"),
    )


@pytest.mark.parametrize(("channel", "clock"), [(Channel.WALK_IN, "details_visit"), (Channel.EMAIL, "details_email")])
@pytest.mark.parametrize("named", [None, "k-5"])
def test_the_responsible_is_told_at_once_by_a_clock_of_their_own(
    channel: Channel, clock: str, named: str | None
) -> None:
    """What they see is `tereze sla`, the board and the watch's digests: each goes by whose clock it is."""
    there = World(NINE)
    there.submit(TABLE)
    told = there.submit(ask("A1", channel).model_copy(update={"responsible": named}))
    [owed] = clocks(there)
    assert (owed.indicator, owed.verdict, owed.started_at) == (clock, Verdict.OPEN, NINE)
    assigned = [event.responsible for event in told if isinstance(event, CaseAssigned)]
    # Whom the routing chose, it tells apart from whom somebody has told already.
    assert assigned == ([] if named else [owed.owner])
    assert owed.owner in ({named} if named else {"k-1", "k-2"})


def test_the_office_s_manager_is_the_case_s_whoever_is_responsible_for_it() -> None:
    """Regression: a case that the routing gave to a consultant had that consultant for its manager, who then agreed
    the costs to himself (§2, 3a-b) and answered for its effectiveness."""
    office = given(DECIDER, elsewhere={"routing-central": (SET,)})
    named = ask("A1").model_copy(update={"responsible": "k-5"})
    for taken in (office.when(ask("A1")).events, office.when(named).events):
        assert isinstance(taken[0], RequestReceived)
        assert taken[0].responsible != "m-1"
        handed = given(DECIDER, taken).when(HandOverCase(case_id="A1", to="k-8", reason="knows the family")).events
        for so_far in (taken, (*taken, *handed)):
            case = given(DECIDER, so_far)
            case.when(AT_ONCE).then_one(DetailsCollected, consultant="k-9", manager="m-1")
            other = AT_ONCE.model_copy(update={"manager": "k-9"})
            case.when(other).then(refused("not_the_manager", "manager"))


def test_a_manager_who_comes_before_the_details_are_collected_is_the_case_s() -> None:
    """Regression: who had managed the office when the request came in stayed its manager, whoever came since, and who
    named the new one was told that the routing named the former."""
    named = ask("A1").model_copy(update={"responsible": "k-5"})
    taken = given(DECIDER, elsewhere={"routing-central": (SET,)}).when(named).events
    since = SET.model_copy(update={"manager": "m-2"})
    no_table = given(DECIDER).when(named).events
    for before in (taken, no_table):
        case = given(DECIDER, before, {"routing-central": (SET, since)})
        case.when(AT_ONCE).then_one(DetailsCollected, manager="m-2")
        case.when(AT_ONCE.model_copy(update={"manager": "m-2"})).then_one(DetailsCollected, manager="m-2")
        case.when(AT_ONCE.model_copy(update={"manager": "m-1"})).then(refused("not_the_manager", "manager"))
        ended = EndRequest(case_id="A1", ground=CancelGround.OUT_OF_REMIT, approved_by="m-1")
        case.when(ended).then(refused("approval_missing", "approved_by"))
        case.when(ended.model_copy(update={"approved_by": "m-2"})).then_one(RequestEnded, approved_by="m-2")


def test_where_no_table_names_the_manager_who_collects_the_details_does() -> None:
    taken = given(DECIDER).when(ask("A1").model_copy(update={"responsible": "k-5"})).events
    named = AT_ONCE.model_copy(update={"manager": "m-2"})
    given(DECIDER, taken).when(named).then_one(DetailsCollected, manager="m-2")
    given(DECIDER, taken).when(AT_ONCE).then_one(DetailsCollected, manager="k-5")


def test_the_costs_pass_with_their_clock_to_the_manager_who_takes_over() -> None:
    there = World(NINE)
    there.submit(TABLE)
    there.submit(ask("A1"))
    there.submit(AT_ONCE.model_copy(update={"preparation_needed": True}))
    there.settle()
    there.submit(COSTLY, role=Role.CONSULTANT)
    there.submit(HandOverConsultation(case_id="A1", consultant="k-8", reason="ill"))
    there.submit(HandOverConsultation(case_id="A1", manager="m-2", reason="on leave"))
    there.settle()
    owners = {one.indicator: one.owner for one in clocks(there) if one.runs}
    assert owners == {"costs_agreement": "m-2", "plan_visit": "k-8"}
    verdict = DecidePlanCosts(case_id="A1", manager="m-1", agreed=False, reason="too dear")
    with pytest.raises(Refused, match="m-2"):
        there.submit(verdict)
    there.submit(verdict.model_copy(update={"manager": "m-2"}))
    anew = COSTLY.model_copy(update={"agreed_by_manager": "m-2"})
    assert isinstance(there.submit(anew)[0], ConsultationPlanned)


def test_the_costs_of_a_case_that_the_routing_gave_to_a_consultant_are_its_manager_s_to_agree() -> None:
    there = World(NINE)
    there.submit(TABLE)
    there.submit(ask("A1"))
    there.submit(AT_ONCE.model_copy(update={"preparation_needed": True}))
    there.settle()
    there.submit(COSTLY.model_copy(update={"agreed_by_manager": "m-1"}), role=Role.CONSULTANT)
    assert not there.of(ConsultationPlanned)
    assert [one.owner for one in clocks(there) if one.indicator == "costs_agreement"] == ["m-1"]
    with pytest.raises(Refused, match="m-1"):
        there.submit(DecidePlanCosts(case_id="A1", manager="k-9", agreed=True))
    [stands] = there.submit(DecidePlanCosts(case_id="A1", manager="m-1", agreed=True))
    assert isinstance(stands, PlanCostsAgreed)
