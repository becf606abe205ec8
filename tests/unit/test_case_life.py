"""A case's whole life over intake, consult and feedback, whatever is submitted and however late reactions come."""

from __future__ import annotations

import contextlib
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from shared.contracts.base import Message
from shared.contracts.consult import ConsultHeld, HandOverConsultation
from shared.contracts.feedback import HandOverFeedback, ImpactEvaluated
from shared.contracts.values import (
    Channel,
)
from shared.decider import Refused

from .case_stages import CaseMachine, consultations
from .case_steps import BEGIN, any_other_command, next_step, opening, steps
from .case_world import World


class CaseLife(CaseMachine):
    """Channels submit what they like; a diligent centre takes the next step of the stage table."""

    @initialize(
        stages=st.sampled_from([4, 3, 5, 0, 7]),
        channel=st.sampled_from([Channel.WALK_IN, Channel.EMAIL]),
        prepare=st.booleans(),
        present=st.booleans(),
    )
    def a_case_is_under_way(self, stages: int, channel: Channel, prepare: bool, present: bool) -> None:
        """Most of what can go wrong goes wrong after a consultation: chance alone seldom comes that far."""
        for _ in range(stages):
            self.the_next_step_is_taken(channel, prepare, present, content=False, effective=False)

    # ── what the outside does ────────────────────────────────────────────────────────────────────────────────

    @rule(command=opening() | any_other_command(), minutes_ago=st.integers(-10, 24 * 60))
    def anything_is_submitted(self, command: Message, minutes_ago: int) -> None:
        with contextlib.suppress(Refused):
            self.world.submit(command, self.world.now - timedelta(minutes=minutes_ago))

    @rule(data=st.data())
    def a_well_formed_step_comes_out_of_turn(self, data: st.DataObject) -> None:
        if data.draw(st.booleans()):
            self.world.settle()
        with contextlib.suppress(Refused):
            self.world.submit(data.draw(st.sampled_from(steps(self.world.now))))

    @precondition(lambda self: self.world.of(ConsultHeld))
    @rule(
        who=st.sampled_from(["consultant-2", "consultant-3"]),
        consultation=st.booleans(),
        then=st.sampled_from([2, 1, 0]),
    )
    def another_consultant_takes_over(self, who: str, consultation: bool, then: int) -> None:
        """Between the stages: while the assessment is owed, or the further consultation. Some go on at once."""
        self.world.settle()
        passed = HandOverConsultation if consultation else HandOverFeedback
        with contextlib.suppress(Refused):
            self.world.submit(passed(case_id="A1", consultant=who, reason="on leave"))
        for _ in range(then):
            self.the_next_step_is_taken(Channel.WALK_IN, prepare=False, present=False, content=False, effective=False)
        self.world.settle()

    @rule(minutes=st.integers(1, 45 * 24 * 60))
    def time_passes(self, minutes: int) -> None:
        self.world.now += timedelta(minutes=minutes)

    @precondition(lambda self: self.world.under_way)
    @rule(data=st.data(), again=st.booleans())
    def a_reaction_arrives(self, data: st.DataObject, again: bool) -> None:
        self.world.deliver(data.draw(st.integers(0, len(self.world.under_way) - 1)), again=again)

    # ── what a diligent centre does: the next step is always open to it ──────────────────────────────────────

    @rule(
        channel=st.sampled_from([Channel.WALK_IN, Channel.PHONE, Channel.EMAIL, Channel.WEB]),
        prepare=st.booleans(),
        present=st.booleans(),
        content=st.booleans(),
        effective=st.booleans(),
    )
    def the_next_step_is_taken(
        self, channel: Channel, prepare: bool, present: bool, content: bool, effective: bool
    ) -> None:
        self.world.settle()
        # Nothing submitted so far is later than ten minutes from now; an impact shows after a month.
        self.world.now += timedelta(days=32)
        command = next_step(self.world, channel, prepare, present, content, effective)
        if command is not None:
            assert self.world.submit(command)


CaseLife.TestCase.settings = settings(max_examples=35, stateful_step_count=30, deadline=None)
TestCaseLife = CaseLife.TestCase


def test_a_case_that_satisfies_only_at_the_third_consultation_runs_through_all_eleven_stages() -> None:
    world = World(BEGIN)
    while not world.of(ImpactEvaluated):
        world.settle()
        world.now += timedelta(days=32)
        content = len(world.of(ConsultHeld)) == 3
        command = next_step(world, Channel.WALK_IN, True, False, content, False)
        assert command is not None
        assert world.submit(command)
    again = ("SatisfactionAssessed", "Dissatisfied", "FollowUpDue")
    assert [type(one.event).__name__ for one in world.log] == [
        "RequestReceived",
        "DetailsCollected",
        "ConsultationOpened",
        "ConsultationPlanned",
        *("ConsultHeld", "AssessmentDue", "TopicalIssueRecorded", *again) * 2,
        *("ConsultHeld", "AssessmentDue", "NoTopicalIssueFound", "SatisfactionAssessed", "Satisfied"),
        "EffectivenessEvaluated",
        *("ImprovementRecorded", "ActionDue", "ActionOrdered"),
        "ImpactEvaluated",
    ]
    assert [one.number for one in consultations(world)] == [1, 2, 3]
