"""The intake service as a process."""

from services.intake.domain import DECIDER
from shared.service.app import run

run(DECIDER)
