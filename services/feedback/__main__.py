"""The feedback service as a process."""

from services.feedback.domain import DECIDER
from shared.service.app import run

run(DECIDER)
