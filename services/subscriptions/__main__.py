"""The subscriptions service as a process: the day of an acceptance, the next working day, and where the facilities are,
the centre's data file says.
"""

from services.subscriptions.domain import decider
from shared.centre import centre
from shared.service.app import run

_CENTRE = centre()
run(decider(_CENTRE.calendars, _CENTRE.places))
