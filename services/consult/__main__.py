"""The consult service as a process."""

from services.consult.domain import DECIDER
from shared.service.app import run

run(DECIDER)
