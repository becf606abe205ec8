"""What stands at the edge of what a field takes is decided like anything else: taken, or refused by a rule."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import orjson
from pydantic import ValidationError

from deploy.demo.script import write
from deploy.demo.steps import Step
from services.insight.instants import instant
from services.insight.projection import Seen
from services.insight.views import projections
from services.subscriptions.domain import decider
from shared.bus.answers import Status
from shared.centre import centre
from shared.contracts import COMMANDS, personal_fields
from shared.contracts.base import STORED, Message
from shared.decider import Refused
from shared.eventstore import encode
from tests.faults.strategies import AT_THE_EDGE, places
from tests.unit.case_world import World
from tests.unit.press_world import PressWorld

ALMATY = ZoneInfo("Asia/Almaty")
ENDS = datetime(2026, 11, 22, 10, 0, tzinfo=ALMATY)
TIMES = (datetime(1900, 1, 1, tzinfo=UTC), ENDS)
OF_EACH_TYPE = 3
KEY = b"k" * 32
VIEWS = projections(str(ALMATY))


def at_the_edge(command: Message) -> Iterator[Message]:
    """The command with one value changed, wherever the contract takes that."""
    body = orjson.loads(command.model_dump_json(exclude_unset=True))
    for which in range(len(list(places(body)))):
        for value in AT_THE_EDGE:
            changed = copy.deepcopy(body)
            holder, key = list(places(changed))[which]
            holder[key] = value
            try:
                yield type(command).model_validate(changed)
            except ValidationError:
                continue


def test_no_rule_fails_on_what_the_contract_takes() -> None:
    script = write(ends=ENDS, cases=200, seed=1)
    world, press = World(ENDS), PressWorld(ENDS, decider(centre(str(ALMATY)).calendars))
    tried: Counter[str] = Counter()
    for step in [step for _, stretch in script.ticks() for steps in stretch for step in steps]:
        if step.status in {Status.DUPLICATE, Status.CONFLICT} or step.command is None:
            continue
        of_press = step.command.context == "subscriptions"
        tried[step.type.type_name()] += 1
        if tried[step.type.type_name()] <= OF_EACH_TYPE:
            for changed in (step.command, *at_the_edge(step.command)):
                for when in (*TIMES, step.at):
                    weigh(press if of_press else world, changed, when, step)
        if step.status is not Status.ACCEPTED:
            continue
        if of_press:
            press.submit(step.command, step.id, step.at)
        else:
            world.submit(step.command, step.at.astimezone(UTC))
        (press if of_press else world).settle()
    assert COMMANDS.keys() == tried.keys()


def weigh(world: World | PressWorld, command: Message, when: datetime, step: Step) -> None:
    """Decide, store, read and view what would happen, and let nothing happen."""
    try:
        for event in world.weigh(command, when):
            keys = {event.consumer_id: KEY} if event.consumer_id else {}
            data = encode(event, keys)
            type(event).model_validate_json(data, context=STORED)
            seen = {
                name: value for name, value in orjson.loads(data).items() if name not in personal_fields(type(event))
            }
            for view in VIEWS:
                if event.type_name() in view.types:
                    list(view.rows(Seen(7, event.type_name(), instant(when), instant(ENDS), seen)))
    except Refused:
        pass
    except Exception as fault:
        raise AssertionError(f"{command!r} at {when}, before {step}") from fault
