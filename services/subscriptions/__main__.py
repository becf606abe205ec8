"""The subscriptions service as a process."""

from services.subscriptions.domain import DECIDER
from shared.service.app import run

run(DECIDER)
