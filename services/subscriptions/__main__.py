"""The subscriptions service as a process: the day of an acceptance, and the next working day, are the centre's."""

from services.subscriptions.domain import decider
from shared.centre import centre
from shared.service.app import run

run(decider(centre().calendars))
