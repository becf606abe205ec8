"""The catalogue of causes: data, which a manager adds to and retires from."""

from __future__ import annotations

from services.feedback.causes import STREAM
from services.feedback.domain import DECIDER
from shared.contracts.feedback import AssessSatisfaction, Dissatisfied
from shared.contracts.quality import AddCause, CauseAdded, CauseRetired, RetireCause
from shared.contracts.values import Solved

from .given_when_then import given, refused
from .test_feedback_domain import HELD, NOON

PARKING = AddCause(code="parking", kk="көлік тұрағы жоқ", ru="нет парковки", en="no parking")
ADDED = CauseAdded(code="parking", kk="көлік тұрағы жоқ", ru="нет парковки", en="no parking")
RETIRE = RetireCause(code="parking", reason="there is one now")
RETIRED = CauseRetired(code="parking", reason="there is one now")


def because(cause: str) -> AssessSatisfaction:
    return AssessSatisfaction(case_id="A1", process=2, result=2, satisfied=False, solved=Solved.HALF, causes=[cause])


def test_a_manager_adds_a_cause_and_it_may_be_named() -> None:
    given(DECIDER).when(PARKING).then(ADDED)
    given(DECIDER, HELD).when(because("parking"), at=NOON).then(refused("unknown_cause", "causes"))
    widened = given(DECIDER, HELD, elsewhere={STREAM: (ADDED,)})
    widened.when(because("parking"), at=NOON).then_one(Dissatisfied, causes=["parking"])


def test_an_unknown_cause_is_refused_with_the_list() -> None:
    widened = given(DECIDER, HELD, elsewhere={STREAM: (ADDED,)})
    outcome = widened.when(because("the_moon"), at=NOON).then(refused("unknown_cause", "causes"))
    assert "long_wait" in str(outcome.refusal)
    assert "parking" in str(outcome.refusal)


def test_a_code_means_one_thing_for_ever() -> None:
    given(DECIDER, (ADDED,)).when(PARKING).then(refused("cause_exists", "code"))
    given(DECIDER, (ADDED, RETIRED)).when(PARKING).then(refused("cause_was_retired", "code"))
    long_wait = PARKING.model_copy(update={"code": "long_wait"})
    given(DECIDER).when(long_wait).then(refused("cause_exists", "code"))


def test_a_retired_cause_may_be_named_no_more_and_stays_in_history() -> None:
    given(DECIDER, (ADDED,)).when(RETIRE).then(RETIRED)
    given(DECIDER, (ADDED, RETIRED)).when(RETIRE).then(refused("unknown_cause", "code"))
    narrowed = given(DECIDER, HELD, elsewhere={STREAM: (ADDED, RETIRED)})
    outcome = narrowed.when(because("parking"), at=NOON).then(refused("unknown_cause", "causes"))
    assert "retired" in str(outcome.refusal)
    named = given(DECIDER, HELD, elsewhere={STREAM: (ADDED,)}).when(because("parking"), at=NOON).events
    # What was named before it was retired loads and counts as ever.
    again = given(DECIDER, (*HELD, *named), elsewhere={STREAM: (ADDED, RETIRED)})
    again.when(because("long_wait"), at=NOON).then(refused("nothing_to_assess", "case_id", later=True))


def test_a_shipped_cause_may_be_retired_too() -> None:
    shipped = RetireCause(code="long_wait", reason="we never make anybody wait")
    given(DECIDER).when(shipped).then(CauseRetired(code="long_wait", reason="we never make anybody wait"))
