"""The feedback service as a process: the days of its deadlines, and the regimes of complaints, are the centre's."""

from zoneinfo import ZoneInfo

from services.feedback.domain import decider
from shared.centre import centre
from shared.service.app import run
from shared.settings import Settings

run(decider(ZoneInfo(Settings().timezone), centre().case_types))
