"""The feedback service as a process: days, the regimes of complaints and the checklists are the centre's."""

from zoneinfo import ZoneInfo

from services.feedback.domain import decider
from shared.centre import centre
from shared.service.app import run
from shared.settings import Settings

_OURS = centre()
run(decider(ZoneInfo(Settings().timezone), _OURS.case_types, _OURS.checklists))
