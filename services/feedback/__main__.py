"""The feedback service as a process: the days of its deadlines are the centre's."""

from zoneinfo import ZoneInfo

from services.feedback.domain import decider
from shared.service.app import run
from shared.settings import Settings

run(decider(ZoneInfo(Settings().timezone)))
