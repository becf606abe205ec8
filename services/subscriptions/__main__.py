"""The subscriptions service as a process: the day of an acceptance is the centre's."""

from zoneinfo import ZoneInfo

from services.subscriptions.domain import decider
from shared.service.app import run
from shared.settings import Settings

run(decider(ZoneInfo(Settings().timezone)))
