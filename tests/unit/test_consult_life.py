"""Consultations that go otherwise than planned: costs, waiting, new times, no-shows, hand-over, cancellation."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from random import Random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from shared.contracts.consult import CaseEnded, ConsultHeld
from shared.contracts.intake import CollectDetails, ReceiveRequest
from shared.contracts.values import Channel, Form, Language

from .case_stages import CaseMachine
from .case_steps import changes, next_step

CHANNELS = (Channel.WALK_IN, Channel.EMAIL)


class ConsultLife(CaseMachine):
    """A case in a consultant's hands; what is submitted is what the rules accept, and little of it the usual."""

    @initialize(channel=st.sampled_from(CHANNELS), prepared=st.booleans(), present=st.booleans())
    def its_details_are_collected(self, channel: Channel, prepared: bool, present: bool) -> None:
        self.collect(channel, prepared=prepared, present=present)

    @rule(seed=st.integers(0, 2**32 - 1), times=st.integers(1, 6))
    def it_goes_otherwise(self, seed: int, times: int) -> None:
        chance = Random(seed)
        for _ in range(times):
            self.change(chance)

    @precondition(lambda self: self.world.under_way)
    @rule(again=st.booleans())
    def a_reaction_arrives(self, again: bool) -> None:
        self.world.deliver(0, again=again)

    @rule(content=st.booleans(), days=st.integers(1, 4))
    def the_next_step_is_taken(self, content: bool, days: int) -> None:
        self.go_on(content=content, days=days)

    def collect(self, channel: Channel, *, prepared: bool, present: bool) -> None:
        self.world.submit(
            ReceiveRequest(
                case_id="A1",
                channel=channel,
                language=Language.KK,
                office="central",
                question="көмек керек",
                responsible="manager-1",
            )
        )
        self.world.submit(
            CollectDetails(
                case_id="A1",
                expected_result="a form",
                form=Form.OFFICE,
                preparation_needed=prepared,
                consultant_has_time=True,
                presence_required=present,
                consultant="consultant-1",
                anonymous_because="asks for a neighbour",
            )
        )
        self.world.settle()

    def change(self, chance: Random) -> None:
        """Something that the rules accept now: what they refuse leaves no trace, and `CaseLife` submits that too."""
        if chance.random() < 0.7:
            self.world.settle()
        self.world.now += timedelta(minutes=chance.choice((5, 90, 600, 3000)))
        accepted = [one for one in changes(self.world) if self.world.accepts(one)]
        if accepted:
            self.world.submit(chance.choice(accepted))

    def go_on(self, *, content: bool, days: int) -> None:
        self.world.settle()
        self.world.now += timedelta(days=days)
        command = next_step(self.world, Channel.WALK_IN, True, True, content, True)
        if command is not None and self.world.accepts(command):
            self.world.submit(command)


ConsultLife.TestCase.settings = settings(max_examples=20, stateful_step_count=25, deadline=None)
TestConsultLife = ConsultLife.TestCase


def test_crooked_lives_in_which_everything_happens_leave_no_stage_out_and_nothing_owed() -> None:
    """A random walk: the machine above looks for the odd case, this one makes sure that every change is in it."""
    chance, seen = Random(4), Counter[str]()
    for _ in range(150):
        life = ConsultLife()
        life.collect(chance.choice(CHANNELS), prepared=chance.random() < 0.5, present=chance.random() < 0.5)
        for _ in range(30):
            if chance.random() < 0.4:
                life.change(chance)
            else:
                life.go_on(content=chance.random() < 0.2, days=chance.randint(1, 4))
            life.whatever_is_owed_has_an_owner_a_deadline_and_an_end()
            life.the_clocks_say_what_is_owed_and_by_whom()
            life.a_case_on_its_way_is_never_forgotten()
        life.no_stage_is_skipped()
        life.teardown()
        seen.update({type(one.event).__name__ for one in life.world.log})
        if life.world.of(CaseEnded) and life.world.of(ConsultHeld):
            seen["ended after it was held"] += 1
    often = {
        *("PlanRequired", "PlanProposed", "PlanCostsAgreed", "PlanCostsRefused", "ConsultationPlanned"),
        *("PreparationTaskDue", "PreparationTaskMoved", "PreparationTaskEnded", "ConsultHeld", "FollowUpDue"),
        *("ConsultationRescheduled", "ContactDue", "ConsultationResumed", "NoShowRecorded"),
        *("ConsultationCancelled", "CaseEnded", "ConsultationHandedOver", "ended after it was held"),
    }
    assert {name: seen[name] for name in often if seen[name] < 1} == {}
