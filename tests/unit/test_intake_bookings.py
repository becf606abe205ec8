"""Bookings of in-person appointments (DOMAIN.md §4), and routing by topic, language and load (§2 stage 1)."""

from __future__ import annotations

import contextlib
from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from services.insight.judge import Verdict
from services.intake.bookings import agenda_stream
from services.intake.domain import DECIDER
from services.intake.state import Agenda
from shared.contracts.consult import (
    CancelConsultation,
    CaseEnded,
    ConsultationHandedOver,
    HandOverConsultation,
    HoldConsultation,
)
from shared.contracts.feedback import AssessmentWaived, HandOverFeedback, NotAssessed, RecordNotAssessed, Satisfied
from shared.contracts.intake import (
    AgendaOpened,
    AgendaSlot,
    AnswerWrittenRequest,
    AppointmentBegun,
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentMissed,
    AppointmentMoved,
    BeginAppointment,
    BookAppointment,
    CancelAppointment,
    CaseAssigned,
    CaseHandedOver,
    CheckCompleteness,
    CollectDetails,
    DetailsCollected,
    HandOverCase,
    LoadCounted,
    MoveOvertaken,
    OpenAgenda,
    Place,
    ReceiveRequest,
    ReceiveWrittenRequest,
    RecordMissedAppointment,
    RegisterWrittenRequest,
    RequestReceived,
    RescheduleAppointment,
    Route,
    RoutingSet,
    SetRouting,
    WrittenRequestReceived,
)
from shared.contracts.values import CancelGround, Channel, Form, Language
from shared.decider import Refused

from .case_clocks import clocks
from .case_world import World
from .given_when_then import NINE, at, given, refused

MONDAY, TUESDAY = NINE.date(), NINE.date() + timedelta(days=1)
SLOTS = [AgendaSlot(slot="10:00", minutes=30), AgendaSlot(slot="10:30", minutes=30)]
EARLY, ON_TIME = at("2026-03-02 08:00"), at("2026-03-02 10:00")


def opened(who: str = "k-1", day: date = MONDAY) -> AgendaOpened:
    return AgendaOpened(who=who, day=day, office="central", utc_offset_minutes=300, slots=SLOTS)


def book(booking_id: str = "b1", slot: str = "10:00", who: str = "k-1", day: date = MONDAY) -> BookAppointment:
    return BookAppointment(
        booking_id=booking_id, who=who, day=day, slot=slot, channel=Channel.PHONE, language=Language.KK
    )


def booked(booking_id: str = "b1", slot: str = "10:00") -> AppointmentBooked:
    [event] = given(DECIDER, (opened(),)).when(book(booking_id, slot), at=EARLY).events
    assert isinstance(event, AppointmentBooked)
    return event


# ── agendas and slots ────────────────────────────────────────────────────────────────────────────────────────


def test_an_agenda_is_opened_and_added_to_and_slots_do_not_overlap() -> None:
    first = OpenAgenda(who="k-1", day=MONDAY, office="central", slots=SLOTS)
    given(DECIDER).when(first).then(opened())
    given(DECIDER, (opened(),)).when(first).then_nothing()
    more = first.model_copy(update={"slots": [AgendaSlot(slot="11:00", minutes=20)]})
    given(DECIDER, (opened(),)).when(more).then_one(AgendaOpened, slots=more.slots)
    over = first.model_copy(update={"slots": [AgendaSlot(slot="10:15", minutes=10)]})
    given(DECIDER, (opened(),)).when(over).then(refused("slots_overlap", "slots"))
    elsewhere = more.model_copy(update={"office": "north"})
    given(DECIDER, (opened(),)).when(elsewhere).then(refused("other_office", "office"))


def test_a_slot_is_given_to_one_consumer() -> None:
    agenda = given(DECIDER, (opened(),))
    agenda.when(book(), at=EARLY).then_one(AppointmentBooked, starts_at=ON_TIME, who="k-1", booking_id="b1")
    taken = given(DECIDER, (opened(), booked()))
    no = taken.when(book("b2"), at=EARLY).then(refused("slot_taken", "slot"))
    assert "10:30" in str(no.refusal)
    taken.when(book("b2", "10:30"), at=EARLY).then_one(AppointmentBooked, slot="10:30")
    taken.when(book("b1", "10:30"), at=EARLY).then(refused("booking_exists", "booking_id"))


def test_only_a_slot_that_is_there_and_still_to_come_is_given() -> None:
    given(DECIDER).when(book(), at=EARLY).then(refused("no_agenda", "day", early=True))
    given(DECIDER, (opened(),)).when(book(slot="12:00"), at=EARLY).then(refused("no_such_slot", "slot"))
    given(DECIDER, (opened(),)).when(book(), at=ON_TIME).then(refused("slot_past", "slot"))


def test_an_appointment_is_held_missed_or_cancelled_once() -> None:
    there = given(DECIDER, (opened(), booked()))
    begin = BeginAppointment(booking_id="b1", who="k-1", day=MONDAY)
    miss = RecordMissedAppointment(booking_id="b1", who="k-1", day=MONDAY)
    cancel = CancelAppointment(booking_id="b1", who="k-1", day=MONDAY, reason="asked by phone")
    there.when(miss, at=EARLY).then(refused("too_early", "booking_id"))
    for command, kind in ((begin, AppointmentBegun), (miss, AppointmentMissed), (cancel, AppointmentCancelled)):
        ended = there.when(command, at=ON_TIME).then_one(kind, appointment_id=booked().appointment_id)
        for more in (begin, miss, cancel):
            over = given(DECIDER, (opened(), booked(), *ended.events))
            over.when(more, at=ON_TIME).then(refused("booking_ended", "booking_id"))
        given(DECIDER, (opened(),)).when(command, at=ON_TIME).then(refused("unknown_booking", "booking_id", early=True))
    freed = given(DECIDER, (opened(), booked(), *there.when(cancel, at=EARLY).events))
    freed.when(book("b2"), at=EARLY).then_one(AppointmentBooked, slot="10:00")


def test_an_appointment_begins_on_its_day() -> None:
    """Regression: it was begun days before, and its clock said that the consumer had been seen in time."""
    there = given(DECIDER, (opened(), booked()))
    begin = BeginAppointment(booking_id="b1", who="k-1", day=MONDAY)
    # Midnight is the office's, which is five hours before that of UTC.
    for wrong in (ON_TIME - timedelta(days=3), at("2026-03-01 23:59"), at("2026-03-03 00:00")):
        there.when(begin, at=wrong).then(refused("not_its_day", "time"))
    for right in (at("2026-03-02 00:00"), EARLY, at("2026-03-02 23:59")):
        there.when(begin, at=right).then_one(AppointmentBegun, booking_id="b1")
    # Who never came is missed, whenever that is written down.
    miss = RecordMissedAppointment(booking_id="b1", who="k-1", day=MONDAY)
    there.when(miss, at=at("2026-03-05 09:00")).then_one(AppointmentMissed, booking_id="b1")


def test_one_booking_s_id_on_two_agendas_makes_two_appointments_with_a_clock_each() -> None:
    """Regression: both were called b1-0, and so whoever came to the one ended the clock of the other."""
    there = World(EARLY)
    for who in ("k-1", "k-2"):
        there.submit(OpenAgenda(who=who, day=MONDAY, office="central", slots=SLOTS))
        there.submit(book(who=who))
    there.now = ON_TIME
    there.submit(BeginAppointment(booking_id="b1", who="k-1", day=MONDAY))
    there.now = at("2026-03-02 12:00")
    assert {one.owner: one.verdict for one in clocks(there)} == {"k-1": Verdict.MET, "k-2": Verdict.OVERDUE}
    there.submit(CancelAppointment(booking_id="b1", who="k-2", day=MONDAY, reason="asked by phone"))
    assert {one.owner: one.verdict for one in clocks(there)} == {"k-1": Verdict.MET, "k-2": Verdict.CANCELLED}


def test_two_who_move_one_booking_at_once_make_two_clocks_of_which_the_later_is_called_off() -> None:
    there = world()
    there.submit(reschedule(day=TUESDAY))
    there.submit(reschedule(who="k-2"))
    there.settle()
    found = Counter(one.verdict for one in clocks(there))
    assert found == {Verdict.CANCELLED: 2, Verdict.OPEN: 1}


def test_what_was_booked_under_an_id_of_the_former_kind_ends_under_it() -> None:
    before = booked().model_copy(update={"appointment_id": "b1-0"})
    begin = BeginAppointment(booking_id="b1", who="k-1", day=MONDAY)
    given(DECIDER, (opened(), before)).when(begin, at=ON_TIME).then_one(AppointmentBegun, appointment_id="b1-0")


def reschedule(slot: str = "10:30", who: str = "k-1", day: date = MONDAY, old: Place | None = None) -> Any:
    old = old or Place(who="k-1", day=MONDAY, slot="10:00")
    return RescheduleAppointment(booking_id="b1", old=old, who=who, day=day, slot=slot)


def test_an_appointment_moves_within_the_day_in_one_step() -> None:
    outcome = given(DECIDER, (opened(), booked())).when(reschedule(), at=EARLY)
    outcome.then_one(AppointmentMoved, slot="10:00", appointment_id=booked().appointment_id)
    [_, now] = outcome.then_one(AppointmentBooked, slot="10:30", moved=1).events
    assert isinstance(now, AppointmentBooked)
    assert now.appointment_id != booked().appointment_id
    moved = given(DECIDER, (opened(), booked(), *outcome.events))
    moved.when(book("b2"), at=EARLY).then_one(AppointmentBooked, slot="10:00")
    moved.when(reschedule(), at=EARLY).then(refused("moved_already", "old.slot"))
    given(DECIDER, (opened(), booked(), booked("b2", "10:30"))).when(reschedule(), at=EARLY).then(
        refused("slot_taken", "slot")
    )


def world() -> World:
    there = World(EARLY)
    for who, day in (("k-1", MONDAY), ("k-1", TUESDAY), ("k-2", MONDAY)):
        there.submit(OpenAgenda(who=who, day=day, office="central", slots=SLOTS))
    there.submit(book())
    return there


def test_an_appointment_moves_to_another_day_and_its_old_slot_is_free_again() -> None:
    there = world()
    there.submit(reschedule(day=TUESDAY))
    with pytest.raises(Refused, match="taken"):
        there.submit(book("b2"))
    there.settle()
    assert there.submit(book("b2"))


def test_of_two_who_move_one_appointment_at_once_one_prevails_and_no_slot_is_lost() -> None:
    there = world()
    there.submit(reschedule(day=TUESDAY))
    there.submit(reschedule(who="k-2"))
    there.settle()
    assert len(there.of(MoveOvertaken)) == len(there.of(AppointmentCancelled)) == 1
    assert there.submit(book("b2"))
    free = 0
    for who, day in (("k-1", TUESDAY), ("k-2", MONDAY)):
        with contextlib.suppress(Refused):
            free += len(there.submit(book("b3", "10:30", who, day)))
    assert free == 1


@drawn(
    st.lists(
        st.tuples(
            st.sampled_from(["book", "move", "cancel", "begin", "miss", "settle"]),
            st.sampled_from(["b1", "b2", "b3"]),
            st.sampled_from([("k-1", MONDAY), ("k-1", TUESDAY), ("k-2", MONDAY)]),
            st.sampled_from([("k-1", MONDAY), ("k-1", TUESDAY), ("k-2", MONDAY)]),
            st.sampled_from(["10:00", "10:30"]),
            st.sampled_from(["10:00", "10:30"]),
        ),
        max_size=25,
    )
)
@settings(max_examples=150, deadline=None)
def test_whatever_is_booked_moved_and_cancelled_no_slot_is_given_twice_and_no_booking_stands_twice(
    acts: list[Any],
) -> None:
    there = world()
    for act, booking, (who, day), (old_who, old_day), slot, old_slot in acts:
        place = {"booking_id": booking, "who": who, "day": day}
        old = Place(who=old_who, day=old_day, slot=old_slot)
        command: Any = {
            "book": book(booking, slot, who, day),
            "move": RescheduleAppointment(**place, slot=slot, old=old),
            "cancel": CancelAppointment(**place, reason="asked"),
            "begin": BeginAppointment(**place),
            "miss": RecordMissedAppointment(**place),
        }.get(act)
        if command is None:
            there.settle()
            continue
        with contextlib.suppress(Refused):
            there.submit(command)
    there.settle()
    standing: Counter[str] = Counter()
    for who, day in (("k-1", MONDAY), ("k-1", TUESDAY), ("k-2", MONDAY)):
        agenda = there.state("intake", agenda_stream(who, day))
        assert isinstance(agenda, Agenda)
        held = [one.slot for one in agenda.bookings.values() if one.holds]
        assert len(held) == len(set(held))
        standing.update(name for name, one in agenda.bookings.items() if one.live)
    # A booking's id may be given again once it is over; then two days may bear it, but never by moving.
    starts = Counter(
        one.event.booking_id
        for one in there.of(AppointmentBooked)
        if isinstance(one.event, AppointmentBooked) and not one.event.moved
    )
    assert all(standing[name] <= starts[name] for name in standing)


# ── routing ──────────────────────────────────────────────────────────────────────────────────────────────────

TABLE = SetRouting(
    office="central",
    manager="m-1",
    routes=[
        Route(topic="pension", languages=[Language.KK, Language.RU], people=["k-1", "k-2"]),
        Route(topic=None, languages=[Language.KK], people=["k-3"]),
    ],
)
SET = RoutingSet(office="central", manager="m-1", routes=TABLE.routes)


def ask(case_id: str, topic: str | None = "pension", language: Language = Language.KK) -> ReceiveRequest:
    return ReceiveRequest(
        case_id=case_id, channel=Channel.WALK_IN, language=language, office="central", topic=topic, question="?"
    )


@pytest.mark.parametrize(
    ("topic", "language", "people"),
    [
        ("pension", Language.RU, {"k-1", "k-2"}),
        ("housing", Language.KK, {"k-3"}),
        (None, Language.KK, {"k-3"}),
        ("pension", Language.EN, {"m-1"}),
        ("housing", Language.RU, {"m-1"}),
    ],
)
def test_topic_and_language_choose_and_the_manager_takes_the_rest(
    topic: str | None, language: Language, people: set[str]
) -> None:
    office = given(DECIDER, elsewhere={"routing-central": (SET,)})
    [received, assigned] = office.when(ask("A1", topic, language)).events
    assert isinstance(received, RequestReceived)
    assert isinstance(assigned, CaseAssigned)
    assert received.responsible == assigned.responsible
    assert received.responsible in people
    assert received.routed
    written = ReceiveWrittenRequest(
        case_id="W1", channel=Channel.POST, language=language, office="central", topic=topic
    )
    [letter, _] = office.when(written).events
    assert isinstance(letter, WrittenRequestReceived)
    assert letter.responsible in people


def test_without_a_table_what_comes_is_the_offices_until_it_names_somebody() -> None:
    taken = given(DECIDER).when(ask("A1")).then_one(RequestReceived, responsible="central", routed=False).events
    assert not [event for event in taken if isinstance(event, CaseAssigned)]
    given(DECIDER, taken).when(AT_ONCE).then(refused("nobody_responsible", "case_id", early=True))
    named = given(DECIDER, taken).when(HandOverCase(case_id="A1", to="m-1", reason="pensions are theirs")).events
    given(DECIDER, (*taken, *named)).when(AT_ONCE).then_one(DetailsCollected, manager="m-1")
    written = ReceiveWrittenRequest(case_id="W1", channel=Channel.POST, language=Language.KK, office="central")
    given(DECIDER).when(written).then_one(WrittenRequestReceived, responsible="central", routed=False)


def test_a_table_names_a_topic_and_language_once() -> None:
    given(DECIDER).when(TABLE).then(SET)
    twice = TABLE.model_copy(update={"routes": [*TABLE.routes, TABLE.routes[0]]})
    given(DECIDER).when(twice).then(refused("route_repeated", "routes"))


def test_whoever_holds_the_fewest_open_cases_gets_the_next_one_until_they_are_settled() -> None:
    there = World(NINE)
    there.submit(TABLE)
    who: list[str] = []
    for number in range(6):
        there.submit(ask(f"A{number}"))
        there.settle()
        who.append(there.of(RequestReceived)[-1].event.model_dump()["responsible"])
    assert Counter(who) == {"k-1": 3, "k-2": 3}
    there.submit(HandOverCase(case_id="A0", to="k-2" if who[0] == "k-1" else "k-1", reason="knows the family"))
    there.settle()
    there.submit(ask("A6"))
    assert there.of(RequestReceived)[-1].event.model_dump()["responsible"] == who[0]


def test_a_settled_letter_is_nobodys_load() -> None:
    there = World(NINE)
    there.submit(TABLE)
    there.submit(
        ReceiveWrittenRequest(
            case_id="W1",
            channel=Channel.EMAIL,
            language=Language.KK,
            office="central",
            topic="pension",
            consumer={"email": "a@b.kz"},  # pyright: ignore[reportArgumentType]
        )
    )
    there.submit(RegisterWrittenRequest(case_id="W1", topic="pension"))
    there.submit(CheckCompleteness(case_id="W1"))
    there.submit(AnswerWrittenRequest(case_id="W1", answer="a", signed_by="s", executor_contact="c"))
    # However late and in whatever order it is told.
    for index in reversed(range(len(there.under_way))):
        there.deliver(index)
    there.settle()
    assert not there.state("intake", "routing-central").held


AT_ONCE = CollectDetails(
    case_id="A1",
    expected_result="a form",
    form=Form.OFFICE,
    preparation_needed=False,
    consultant_has_time=True,
    presence_required=False,
    consultant="k-9",
    anonymous_because="asks for a neighbour",
)


def test_a_case_counts_to_its_consultant_until_it_satisfied() -> None:
    there = World(NINE)
    there.submit(TABLE)
    there.submit(ask("A1"))
    there.settle()
    there.submit(AT_ONCE)
    there.settle()
    assert dict(there.state("intake", "routing-central").held) == {"A1": "k-9"}
    counted = LoadCounted(case_id="A1", office="central", responsible="k-9")
    done = Satisfied.model_construct(case_id="A1", office="central")
    given(DECIDER, (SET, counted)).when(done).then(LoadCounted(case_id="A1", office="central", responsible=None))
    given(DECIDER, (SET,)).when(done).then_nothing()


def test_a_case_that_was_called_off_is_nobodys_load() -> None:
    counted = LoadCounted(case_id="A1", office="central", responsible="k-9")
    ended = CaseEnded.model_construct(case_id="A1", office="central")
    given(DECIDER, (SET, counted)).when(ended).then(LoadCounted(case_id="A1", office="central", responsible=None))
    given(DECIDER, (SET,)).when(ended).then_nothing()


def test_a_case_that_came_to_no_assessment_is_nobodys_load() -> None:
    there = World(NINE)
    there.submit(TABLE)
    there.submit(ask("A1"))
    there.submit(AT_ONCE)
    there.settle()
    there.submit(HoldConsultation(case_id="A1", started_at=NINE, form=Form.OFFICE, minutes_spent=20))
    there.settle()
    there.submit(RecordNotAssessed(case_id="A1", because=NotAssessed.LEFT))
    there.settle()
    assert not there.state("intake", "routing-central").held
    waived = AssessmentWaived.model_construct(case_id="A2")
    given(DECIDER).when(waived).then_nothing()


def test_a_consultation_that_is_handed_over_counts_to_who_took_it() -> None:
    there = World(NINE)
    there.submit(TABLE)
    there.submit(ask("A1"))
    there.settle()
    there.submit(AT_ONCE)
    there.settle()
    for consultant in ("k-8", "k-7"):
        there.now += timedelta(minutes=1)
        there.submit(HandOverConsultation(case_id="A1", consultant=consultant, reason="on leave"))
        # The reactions to the first hand-over come once more, after those to the second.
        for index in reversed(range(len(there.under_way))):
            there.deliver(index, again=consultant == "k-8")
    there.settle()
    assert dict(there.state("intake", "routing-central").held) == {"A1": "k-7"}
    there.submit(HandOverConsultation(case_id="A1", consultant="k-6", reason="on leave"))
    there.submit(CancelConsultation(case_id="A1", ground=CancelGround.CONSUMER_WITHDREW))
    there.settle()
    assert not there.state("intake", "routing-central").held


def test_what_feedback_hands_over_counts_to_who_took_it() -> None:
    """Regression: whoever took over what a consultation still owed was given new cases as if they had none."""
    there = World(NINE)
    there.submit(TABLE)
    there.submit(ask("A1"))
    there.submit(AT_ONCE)
    there.settle()
    there.submit(HoldConsultation(case_id="A1", started_at=NINE, form=Form.OFFICE, minutes_spent=20))
    there.settle()
    passed = HandOverFeedback(case_id="A1", consultant="k-8", reason="on leave")
    there.now += timedelta(minutes=1)
    there.submit(passed)
    there.settle()
    assert dict(there.state("intake", "routing-central").held) == {"A1": "k-8"}
    there.now += timedelta(minutes=1)
    manager_only = passed.model_copy(update={"consultant": None, "manager": "m-2"})
    there.submit(manager_only)
    there.settle()
    assert dict(there.state("intake", "routing-central").held) == {"A1": "k-8"}
    there.submit(RecordNotAssessed(case_id="A1", because=NotAssessed.LEFT))
    there.settle()
    assert not there.state("intake", "routing-central").held


def test_what_the_routing_did_not_give_counts_to_nobody_whoever_takes_it() -> None:
    handed = ConsultationHandedOver.model_construct(case_id="A1", previous_consultant="k-9", consultant="k-8")
    given(DECIDER).when(handed).then_nothing()
    unrouted = given(DECIDER).when(ask("A1").model_copy(update={"responsible": "m-1"})).events
    given(DECIDER, unrouted).when(handed).then_nothing()


def test_who_consults_holds_the_case_still_where_only_its_manager_is_another_one() -> None:
    routed = given(DECIDER, elsewhere={"routing-central": (SET,)}).when(ask("A1")).events
    handed = ConsultationHandedOver.model_construct(case_id="A1", previous_consultant="k-8", consultant="k-8")
    given(DECIDER, routed).when(handed).then_nothing()
    given(DECIDER, routed).when(handed.model_copy(update={"consultant": "k-7"})).then_one(CaseAssigned, previous="k-8")


def test_what_the_routing_did_not_give_is_not_counted() -> None:
    details = DetailsCollected.model_construct(case_id="A1", office="central", consultant="k-9")
    given(DECIDER, (SET,)).when(details).then_nothing()


def test_a_case_is_handed_over_while_it_is_intakes_and_to_somebody_else() -> None:
    received = given(DECIDER, elsewhere={"routing-central": (SET,)}).when(ask("A1")).events
    now = received[0].model_dump()["responsible"]
    hand = HandOverCase(case_id="A1", to="k-9", reason="knows the family")
    given(DECIDER, received).when(hand).then_one(CaseHandedOver, previous=now, responsible="k-9")
    given(DECIDER, received).when(hand.model_copy(update={"to": now})).then(refused("has_it_already", "to"))
    given(DECIDER).when(hand).then(refused("unknown_case", "case_id", early=True))
    details = DetailsCollected.model_construct(case_id="A1", consultant="k-9")
    given(DECIDER, (*received, details)).when(hand).then(refused("with_consult", "case_id"))
